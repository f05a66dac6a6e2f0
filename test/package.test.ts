/**
 * The published package works where it is installed: packed, installed from the tarball into an empty project, used
 * from its types, its exports and its command. Only the tarball's own dependencies are fetched, from npm's cache where
 * they are in it.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from './support/project.ts';

const PAGES = ['README.md', 'CHANGELOG.md', 'LICENSE'];
const SETUP_TIMEOUT_MS = 180_000;
const COMMAND_TIMEOUT_MS = 120_000;

describe('the packed package', () => {
  let folder: string;
  let packed: string[];
  let installed: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'package-'));
    const tarball = packCopy(join(folder, 'source'), folder);
    packed = run('tar', ['-tf', tarball], folder)
      .split('\n')
      .filter((path) => path !== '')
      .map((path) => path.replace(/^package\//, ''));
    writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }');
    run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`], folder);
    installed = join(folder, 'node_modules/resplica');
  }, SETUP_TIMEOUT_MS);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('holds the build, its types, the README, the changelog and the licence, and nothing else', () => {
    for (const path of ['dist/index.js', 'dist/index.d.ts', 'dist/cli.js', ...PAGES]) {
      expect(packed).toContain(path);
    }
    const allowed = /^(?:dist\/|package\.json$|README\.md$|CHANGELOG\.md$|LICENSE$)/;
    expect(packed.filter((path) => !allowed.test(path))).toEqual([]);
  });

  it('brings nothing of an earlier build, and declarations of sources only', () => {
    expect(packed).not.toContain('dist/gone.js');
    const sources = packed.filter((path) => path.endsWith('.d.ts')).map((path) => path.replace(/^dist/, 'src'));
    expect(sources.filter((path) => !existsSync(join(projectRoot, path.replace(/\.d\.ts$/, '.ts'))))).toEqual([]);
  });

  it.each(['resplica', 'resplica-sentinel'])(
    'installs a command that tells which Redis it stands in for: %s',
    (name) => {
      const output = run(join(folder, 'node_modules/.bin', name), ['--version'], folder);
      expect(output).toMatch(/\bv=7\.0\.15\b/);
    },
  );

  it('starts a server for whoever imports it, and leaves nothing behind that keeps the program alive', () => {
    writeFileSync(
      join(folder, 'main.js'),
      `import { startServer } from 'resplica';
       const server = await startServer();
       await server.execute('SET', 'k', 'v');
       console.log(String(await server.execute('GET', 'k')), server.port > 0);
       await server.close();`,
    );
    expect(run(process.execPath, ['main.js'], folder).trim()).toBe('v true');
  });

  it('gives types to whoever compiles against it', () => {
    writeFileSync(
      join(folder, 'consumer.ts'),
      `import { startServer } from 'resplica';
       const server = await startServer();
       const port: number = server.port;
       const url: string = server.url;
       await server.close();
       // @ts-expect-error a port is a number
       const wrong: string = server.port;
       console.log(port, url, wrong);`,
    );
    // As a project of its own, with the package's declarations checked as well.
    const options = { module: 'nodenext', target: 'es2022', strict: true, noEmit: true, types: ['node'] };
    const typeRoots = [join(projectRoot, 'node_modules/@types')];
    const config = { compilerOptions: { ...options, typeRoots, skipLibCheck: false }, files: ['consumer.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    run(process.execPath, [join(projectRoot, 'node_modules/typescript/bin/tsc'), '-p', folder], folder);
  });

  it('exports the simulation under its own name, with what it needs', () => {
    writeFileSync(
      join(folder, 'simulate.js'),
      `import { play, scheduleOf } from 'resplica/simulation';
       const steps = [{ afterMs: 100, fault: { kind: 'kill', node: 0, forMs: 500 } }];
       const { violation, simulatedMs } = play(scheduleOf({ topology: { kind: 'replication' }, steps, tailMs: 1000 }));
       console.log(violation, simulatedMs > 1000);`,
    );
    expect(run(process.execPath, ['simulate.js'], folder).trim()).toBe('null true');
  });

  it('can be asked for its package.json', () => {
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Record<string, unknown>;
    expect(manifest).toMatchObject({ name: 'resplica', license: 'MIT', type: 'module' });
  });
});

/**
 * Packs a copy of this project as `npm publish` would, scripts included, and returns the tarball's name. In a copy,
 * because packing builds, and other tests use dist/ at this moment.
 */
function packCopy(copy: string, destination: string): string {
  for (const name of ['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json', ...PAGES]) {
    cpSync(join(projectRoot, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(projectRoot, 'node_modules'), join(copy, 'node_modules'), 'junction');
  mkdirSync(join(copy, 'dist'));
  writeFileSync(join(copy, 'dist/gone.js'), '// of a source that was removed');
  run('npm', ['pack', '--pack-destination', destination], copy);
  const tarballs = readdirSync(destination).filter((name) => name.endsWith('.tgz'));
  expect(tarballs).toHaveLength(1);
  return tarballs[0]!;
}

/** Runs a program to its end and returns what it printed. A failure shows all of it. */
function run(program: string, args: readonly string[], folder: string): string {
  const result = spawnSync(program, args, { cwd: folder, encoding: 'utf8', timeout: COMMAND_TIMEOUT_MS });
  if (result.status !== 0) {
    const reason = result.error?.message ?? `status ${result.status}`;
    throw new Error(`${program} ${args.join(' ')}: ${reason}\n${result.stdout}${result.stderr}`);
  }
  return result.stdout;
}
