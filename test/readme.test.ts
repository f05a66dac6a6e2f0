/**
 * The documents tell the truth: every command in a shell block of README.md is run, every `ts` block there and in
 * docs/simulation.md and every file in examples/ is a program that compiles and ends well, and every npm script that a page
 * names exists.
 *
 * A command of a new kind needs a row in `KINDS`. Commands that take long or that run this very test (npm test) are
 * checked for their script and options only.
 */
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseOptions } from './conformance/options.ts';
import { eventually } from './support/eventually.ts';
import { findCodeBlocks, findInlineCode, findShellCommands } from './support/markdown.ts';
import { cacheFolder, ensureBuilt, projectRoot } from './support/project.ts';
import { findFreePort, oursCommand, startRedis, type RedisProcess } from './support/redis-process.ts';
import { itWith } from './support/requires.ts';
import { RespClient } from './support/resp-client.ts';
import { listFiles, readText } from './tidy/source-file.ts';

const readme = existsSync(join(projectRoot, 'README.md')) ? readText('README.md') : '';
const pages = ['README.md', 'CONTRIBUTING.md', ...listFiles('docs').filter((path) => path.endsWith('.md'))];
const programs = ['README.md', 'docs/simulation.md'].flatMap((page) =>
  findCodeBlocks(readText(page)).flatMap(({ language, text, line }) =>
    language === 'ts' ? [{ page, text, line }] : [],
  ),
);
const programFolder = join(cacheFolder, 'readme');
const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> };

const NPM_OWN_COMMANDS = new Set(['install', 'ci', 'pack', 'publish', 'help']);
const PROGRAM_TIMEOUT_MS = 100_000;
const TEST_TIMEOUT_MS = 120_000;

interface Kind {
  readonly pattern: RegExp;
  /** Programs that the command needs besides ours. */
  readonly needs: readonly string[];
  run(args: readonly string[]): void | Promise<void>;
}

/** A server of ours for the commands that talk to one. */
let server: RedisProcess;

const KINDS: readonly Kind[] = [
  { pattern: /^npm (?:install|i|add)\b/, needs: [], run: () => {} },
  { pattern: /^npm start\b/, needs: ['sh'], run: startsByNpm },
  { pattern: /^npm run conformance\b/, needs: [], run: (args) => void parseOptions(afterDashes(args)) },
  { pattern: /^npm (?:run|test|pack)\b/, needs: [], run: () => expectNoMissingScripts(readme) },
  { pattern: /^npx vitest run\b/, needs: [], run: (args) => expectPathsExist(args.slice(3)) },
  { pattern: /^npx resplica sim\b/, needs: [], run: simulates },
  { pattern: /^(?:npx )?resplica\b/, needs: [], run: startsOurs },
  { pattern: /^redis-cli\b/, needs: ['redis-cli'], run: runsClient },
  { pattern: /^redis-benchmark\b/, needs: ['redis-benchmark'], run: runsClient },
  { pattern: /^\.ci\/run$/, needs: [], run: () => expectPathsExist(['.ci/run']) },
  { pattern: /^(?:git clone|cd) /, needs: [], run: () => {} },
];

describe('README.md', () => {
  beforeAll(async () => {
    await ensureBuilt();
    writePrograms();
    server = await startRedis({ command: oursCommand() });
  }, TEST_TIMEOUT_MS);
  afterAll(() => server?.stop());

  it('exists and shows how to start', () => {
    expect(readme).toContain('npm install && npm start');
    expect(readme).toContain('npm install && npm test');
  });

  for (const { text, line } of findShellCommands(readme)) {
    const kind = KINDS.find(({ pattern }) => pattern.test(text));
    const title = `line ${line} works: ${text}`;
    if (kind === undefined) it(title, () => expect.fail('No row of KINDS in test/readme.test.ts knows this command.'));
    else itWith(kind.needs, title, () => kind.run(toWords(text)), TEST_TIMEOUT_MS);
  }

  for (const program of programs) {
    const title = `line ${program.line} of ${program.page} is a program that ends well`;
    it(title, () => runProgram(programFile(program)), TEST_TIMEOUT_MS);
  }

  it('shows programs that compile', () => {
    const types = runHere(process.execPath, ['node_modules/typescript/bin/tsc', '-p', programFolder]);
    expect(types.stdout + types.stderr).toBe('');
  });
});

describe('the examples', () => {
  const examples = listFiles('examples').filter((path) => path.endsWith('.ts'));

  it('are there', () => {
    expect(examples).not.toEqual([]);
  });

  for (const path of examples) {
    it(`${path} ends well`, () => runProgram(join(projectRoot, path)), TEST_TIMEOUT_MS);
  }
});

describe.each(pages)('%s', (path) => {
  it('names only npm scripts that exist', () => expectNoMissingScripts(readText(path)));

  it('links only to files that exist', () => {
    const links = [...readText(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map((match) => match[1]!);
    const missing = links.filter((link) => !existsSync(resolve(projectRoot, dirname(path), link)));
    expect(missing).toEqual([]);
  });
});

/** Writes the programs of pages to files, from which `resplica` resolves to this project. */
function writePrograms(): void {
  rmSync(programFolder, { recursive: true, force: true });
  mkdirSync(programFolder, { recursive: true });
  for (const program of programs) writeFileSync(programFile(program), `${program.text}\n`);
  const anchor = join(programFolder, 'anchor.ts');
  writeFileSync(anchor, 'export {};\n');
  writeFileSync(
    join(programFolder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.json', include: ['*.ts'] }),
  );
}

function programFile({ page, line }: (typeof programs)[number]): string {
  return join(programFolder, `${basename(page, '.md')}-${line}.ts`);
}

function runProgram(file: string): void {
  const { status, stdout, stderr } = runHere(process.execPath, ['--import', 'tsx', file]);
  expect(status, `${relative(projectRoot, file)}\n${stdout}${stderr}`).toBe(0);
}

function runHere(program: string, args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(program, args, { cwd: projectRoot, encoding: 'utf8', timeout: PROGRAM_TIMEOUT_MS });
}

/** `npm start` from a folder without anything else; a free port stands in for 6379. */
async function startsByNpm(args: readonly string[]): Promise<void> {
  const port = await findFreePort();
  const options = [...afterDashes(args), '--port', String(port)];
  const child = spawn('npm', ['start', '--', ...options], { cwd: projectRoot, stdio: 'ignore', detached: true });
  try {
    await answersPing(port);
  } finally {
    process.kill(-child.pid!, 'SIGKILL');
  }
}

async function startsOurs(args: readonly string[]): Promise<void> {
  const words = args[0] === 'npx' ? args.slice(2) : args.slice(1);
  if (words.some((word) => /^(?:-v|--version|-h|--help)$/.test(word))) {
    const [program = '', ...first] = oursCommand();
    const { status, stdout } = runHere(program, [...first, ...words]);
    expect(status).toBe(0);
    expect(stdout).not.toBe('');
    return;
  }
  const options = withoutOption(words, '--port').filter((word) => !word.endsWith('.conf'));
  await using ours = await startRedis({ command: oursCommand(), args: options });
  expect(ours.ending).toBe(null);
}

/** In the cache folder, where pages may be written. A search is a short one, and always the same. */
function simulates(args: readonly string[]): void {
  const [program = '', ...first] = oursCommand();
  const budget = args[3] === 'run' ? ['--seed', '1', '--schedules', '2'] : [];
  const words = [...withoutOption(args.slice(2), '--schedules'), ...budget];
  mkdirSync(programFolder, { recursive: true });
  const { status, stdout, stderr } = spawnSync(program, [...first, ...words], {
    cwd: programFolder,
    encoding: 'utf8',
    timeout: PROGRAM_TIMEOUT_MS,
  });
  expect(status, stdout + stderr).toBe(0);
}

/** redis-cli and redis-benchmark, against our server whatever port the page names. */
function runsClient(args: readonly string[]): void {
  const [program = '', ...words] = args;
  const { status, stdout, stderr } = runHere(program, ['-p', String(server.port), ...withoutOption(words, '-p')]);
  expect(status, stdout + stderr).toBe(0);
  expect(stdout).not.toMatch(/^(?:\(error\) )?(?:ERR|WRONGTYPE|Could not connect)/m);
}

async function answersPing(port: number): Promise<void> {
  const ping = async (): Promise<boolean> => {
    await using client = await RespClient.connect({ port, timeoutMs: 1000 });
    return (await client.call('PING')) === 'PONG';
  };
  await eventually(ping, { what: 'npm start serves', timeoutMs: PROGRAM_TIMEOUT_MS, everyMs: 50 });
}

/** `npm run x`, `npm start` and `npm test` in shell blocks and in prose. */
function expectNoMissingScripts(page: string): void {
  const commands = [...findShellCommands(page).map(({ text }) => text), ...findInlineCode(page)];
  const named = commands.flatMap((text) => /^npm (?:run )?([\w:-]+)/.exec(text)?.[1] ?? []);
  expect(named.filter((name) => scripts[name] === undefined && !NPM_OWN_COMMANDS.has(name))).toEqual([]);
}

function expectPathsExist(paths: readonly string[]): void {
  expect(paths.filter((path) => !path.startsWith('-') && !existsSync(join(projectRoot, path)))).toEqual([]);
}

/** The words without an option and its value: a test takes another port than the one that a page names. */
function withoutOption(words: readonly string[], option: string): readonly string[] {
  const at = words.indexOf(option);
  return at < 0 ? words : words.toSpliced(at, 2);
}

function afterDashes(args: readonly string[]): readonly string[] {
  const dashes = args.indexOf('--');
  return dashes < 0 ? [] : args.slice(dashes + 1);
}

/** Splits at spaces, but not within quotes. */
function toWords(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3]!);
}
