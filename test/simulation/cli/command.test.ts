/** The built command: `resplica sim` in a process of its own, and what a plain server loads. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, projectRoot } from '../../support/project.ts';

const BUILD_TIMEOUT_MS = 180_000;
const TIMEOUT_MS = 120_000;
const SCHEDULE = '{"topology":{"kind":"replication","replicas":1},"seed":5,"tailMs":500}';

describe('the command', { timeout: TIMEOUT_MS }, () => {
  let folder: string;

  beforeAll(async () => {
    await ensureBuilt();
    folder = mkdtempSync(join(tmpdir(), 'sim-command-'));
  }, BUILD_TIMEOUT_MS);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function run(args: readonly string[], options: { input?: string; env?: object } = {}): SpawnSyncReturns<string> {
    return spawnSync(process.execPath, [join(projectRoot, 'dist/cli.js'), ...args], {
      cwd: folder,
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
      input: options.input ?? '',
      env: { ...process.env, ...options.env },
    });
  }

  /** What a process loaded, by the report of what it covered. */
  function loadedBy(args: readonly string[]): string {
    const reports = mkdtempSync(join(folder, 'coverage-'));
    run(args, { env: { NODE_V8_COVERAGE: reports } });
    return readdirSync(reports)
      .map((name) => readFileSync(join(reports, name), 'utf8'))
      .join('');
  }

  it('loads the simulation only where it is asked for', () => {
    expect(loadedBy(['sim', '--help'])).toContain('/fast-check/');
    const plain = loadedBy(['--version']);
    expect(plain).toContain('dist/cli.js');
    expect(plain).not.toContain('/fast-check/');
  });

  it('plays from standard input, and ends with a status', () => {
    const { status, stdout, stderr } = run(['sim', 'replay', '-', '--quiet'], { input: SCHEDULE });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^every promise was kept; /);
    expect(status).toBe(0);
    expect(run(['sim', 'replay', 'nothing.json'])).toMatchObject({ status: 2, stdout: '' });
  });

  it('writes all of a long history through a pipe', () => {
    const { stdout } = run(['sim', 'replay', SCHEDULE, '--all']);
    expect(stdout.length).toBeGreaterThan(5000);
    expect(stdout).toMatch(/trace [0-9a-f]{8}\n$/);
  });

  it('makes a page with the program that the build left', () => {
    expect(run(['sim', 'view', SCHEDULE, '--out', 'page.html'])).toMatchObject({ status: 0, stdout: 'page.html\n' });
    const html = readFileSync(join(folder, 'page.html'), 'utf8');
    expect(html).toContain(readFileSync(join(projectRoot, 'dist/viewer.js'), 'utf8').slice(0, 200));
  });
});
