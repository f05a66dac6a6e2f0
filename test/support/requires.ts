/**
 * Tests that need a real program: `describeWith('redis-server', 'a replica of real Redis', () => { … })`. A name that
 * starts with a slash is a file or device of the system, such as `/dev/full`.
 *
 * Where the program is missing, the tests are skipped and the skipped title says what is missing. With CI=true a
 * missing program is a failure, so that a skip can never pass for a success there. This file is the only place from
 * which a test may be skipped; test/tidy.test.ts sees to that.
 *
 * What a test needs besides programs is the right to do something: `describeInNamespaces`. Whoever may not, does not
 * lack anything that could be installed, so there the tests are skipped, with CI=true as well.
 *
 * `redis-server` means 7.0, the version whose replies are the measure here.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'vitest';

interface Program {
  /** Debian's package, for the message. */
  readonly package: string;
  /** What `--version` has to print. */
  readonly version?: RegExp;
}

const PROGRAMS: Readonly<Record<string, Program>> = {
  'redis-server': { package: 'redis-server', version: /\bv=7\.0\.\d+/ },
  'redis-cli': { package: 'redis-tools' },
  'redis-benchmark': { package: 'redis-tools' },
  'redis-check-aof': { package: 'redis-tools' },
  'redis-check-rdb': { package: 'redis-tools' },
  'redis-sentinel': { package: 'redis-sentinel' },
  chromium: { package: 'chromium' },
  haproxy: { package: 'haproxy' },
  keepalived: { package: 'keepalived' },
  ip: { package: 'iproute2' },
  unshare: { package: 'util-linux' },
  nsenter: { package: 'util-linux' },
  pidof: { package: 'sysvinit-utils' },
  tclsh: { package: 'tcl' },
  perl: { package: 'perl-base' },
  sh: { package: 'dash' },
  stdbuf: { package: 'coreutils' },
};

const VERSION_TIMEOUT_MS = 10_000;

/** As `describe`, for tests that need one or several programs. */
export function describeWith(programs: string | readonly string[], title: string, body: () => void): void {
  const problem = findProblem(typeof programs === 'string' ? [programs] : programs);
  if (problem === null) describe(title, body);
  else if (isContinuousIntegration()) describe(title, () => it('has the programs that it needs', () => fail(problem)));
  else describe.skip(`${title} [skipped: ${problem}]`, body);
}

/** As `describeWith`, for tests that make networks of their own. */
export function describeInNamespaces(programs: readonly string[], title: string, body: () => void): void {
  const all = [...programs, 'unshare', 'nsenter', 'ip'];
  const problem = findProblem(all) === null ? findNamespaceProblem() : null;
  if (problem === null) describeWith(all, title, body);
  else describe.skip(`${title} [skipped: ${problem}]`, body);
}

/** Makes a namespace of each kind that is needed, with a device in it. @returns what went wrong, or null. */
function findNamespaceProblem(): string | null {
  const kinds = ['--net', '--pid', '--fork', '--mount-proc'];
  const device = ['ip', 'link', 'add', 'probe', 'type', 'bridge'];
  const { status, stderr } = spawnSync('unshare', [...kinds, ...device], {
    encoding: 'utf8',
    timeout: VERSION_TIMEOUT_MS,
  });
  if (status === 0) return null;
  return `this user may not make network namespaces here (${(stderr ?? '').trim()})`;
}

/** As `it`, for a test that needs one or several programs. */
export function itWith(
  programs: string | readonly string[],
  title: string,
  body: () => void | Promise<void>,
  timeoutMs?: number,
): void {
  const problem = findProblem(typeof programs === 'string' ? [programs] : programs);
  if (problem === null) it(title, body, timeoutMs);
  else if (isContinuousIntegration()) it(title, () => fail(problem));
  else it.skip(`${title} [skipped: ${problem}]`, body);
}

/** Says what is missing and how to get it, or null. Exported for the tests of this file. */
export function findProblem(names: readonly string[], path: string = process.env['PATH'] ?? ''): string | null {
  for (const name of names) {
    if (name.startsWith('/') && existsSync(name)) continue;
    if (name.startsWith('/')) return `this system has no ${name}`;
    const program = PROGRAMS[name];
    if (program === undefined) throw new Error(`test/support/requires.ts does not know the program ${name}; add it.`);
    const file = findExecutable(name, path);
    if (file === null) return `${name} is not installed (Debian: apt-get install ${program.package})`;
    const problem = program.version === undefined ? null : findVersionProblem(name, file, program.version);
    if (problem !== null) return problem;
  }
  return null;
}

function findVersionProblem(name: string, file: string, wanted: RegExp): string | null {
  const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: VERSION_TIMEOUT_MS });
  return wanted.test(stdout ?? '') ? null : `${name} is of another version: ${(stdout ?? '').trim()}`;
}

function findExecutable(name: string, path: string): string | null {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', ''] : [''];
  for (const folder of path.split(delimiter).filter((entry) => entry !== '')) {
    for (const ending of endings) {
      const file = join(folder, name + ending);
      if (isExecutable(file)) return file;
    }
  }
  return null;
}

function isExecutable(file: string): boolean {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false;
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isContinuousIntegration(): boolean {
  return process.env['CI'] === 'true' || process.env['CI'] === '1';
}

function fail(problem: string): never {
  throw new Error(`${problem}; with CI=true nothing is skipped`);
}
