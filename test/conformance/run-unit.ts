/**
 * Runs one unit of the suite in a process group of its own.
 *
 * The suite starts its servers with plain `exec … &`, so they all stand in the group of the suite. Whatever happens,
 * a time-out, Ctrl-C or a normal end that left a server behind, the group is killed as a whole: nothing stays.
 * Output goes to a file and not through a pipe, which a server left behind would hold open.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PORTS_PER_UNIT } from './ports.ts';
import { readInstancesOutput, readUnitOutput, type Failure } from './output.ts';
import type { Unit } from './suites.ts';

export interface UnitResult extends Unit {
  readonly passed: number;
  readonly failures: readonly Failure[];
  readonly seconds: number;
  /** Full output of the suite; where a test failed, the logs of the servers stand beside it, in `*.servers.log`. */
  readonly logFile: string;
}

export interface UnitRun {
  readonly unit: Unit;
  readonly folder: string;
  readonly basePort: number;
  readonly limitSeconds: number;
  readonly logFile: string;
  /** Options of `runtest` such as `--only NAME`; the sentinel and cluster suites take none. */
  readonly suiteOptions: readonly string[];
}

/** What the suites call the output of the servers that they start. */
const SERVER_LOGS = new Set(['stdout', 'stderr', 'log.txt', 'err.txt']);
const SERVER_LOG_MAX_BYTES = 1024 * 1024;

interface Ending {
  /** Exit status, or the signal's name. */
  readonly status: number | string;
  readonly timedOut: boolean;
  readonly seconds: number;
}

/** The groups that run at the moment, so that an interrupted runner can end them. */
export class ProcessGroups {
  readonly #running = new Set<number>();

  add(groupId: number): void {
    this.#running.add(groupId);
  }

  /** Kills every process of the group, stopped ones included. */
  end(groupId: number): void {
    this.#running.delete(groupId);
    try {
      process.kill(-groupId, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  endAll(): void {
    for (const groupId of this.#running) this.end(groupId);
  }
}

export async function runUnit(run: UnitRun, groups: ProcessGroups): Promise<UnitResult> {
  const ending = await runSuite(run, groups);
  const text = readFileSync(run.logFile, 'utf8');
  const { passed, failures } = run.unit.suite === 'unit' ? readUnitOutput(text) : readInstancesOutput(text);
  const seen = [...failures];
  if (ending.timedOut) seen.push({ test: '(time limit)', text: `killed after ${run.limitSeconds} s` });
  else if (ending.status !== 0 && seen.length === 0)
    seen.push({ test: '(the suite)', text: describeEnd(ending, text) });
  keepServerLogs(run, seen.length > 0);
  return { ...run.unit, passed: passed.length, failures: seen, seconds: ending.seconds, logFile: run.logFile };
}

function suiteCommand({ unit, basePort, limitSeconds, suiteOptions }: UnitRun): { program: string; args: string[] } {
  if (unit.suite !== 'unit') {
    return { program: `./runtest-${unit.suite}`, args: ['--single', unit.name, '--dont-clean'] };
  }
  const args = ['--single', unit.name, '--dont-clean', '--clients', '1', '--baseport', String(basePort)];
  // The suite's own limit is on time without progress; reaching it first names the test that hangs.
  args.push('--portcount', String(PORTS_PER_UNIT), '--timeout', String(Math.ceil(limitSeconds / 2)), ...suiteOptions);
  return { program: './runtest', args };
}

function runSuite(run: UnitRun, groups: ProcessGroups): Promise<Ending> {
  const { program, args } = suiteCommand(run);
  const output = openSync(run.logFile, 'w');
  const startedMs = Date.now();
  return new Promise((done, fail) => {
    const child = spawn(program, args, {
      cwd: run.folder,
      env: suiteEnvironment(),
      stdio: ['ignore', output, output],
      detached: true,
    });
    closeSync(output);
    if (child.pid !== undefined) groups.add(child.pid);
    let timedOut = false;
    const limit = setTimeout(() => {
      timedOut = true;
      groups.end(child.pid!);
    }, run.limitSeconds * 1000);
    child.once('error', (error) => {
      clearTimeout(limit);
      fail(error);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(limit);
      groups.end(child.pid!);
      done({ status: code ?? signal ?? 'unknown', timedOut, seconds: (Date.now() - startedMs) / 1000 });
    });
  });
}

/** Saves what the servers of a failed unit printed, before the folder goes; removes what an earlier run saved. */
function keepServerLogs({ unit, folder, logFile }: UnitRun, failed: boolean): void {
  const target = logFile.replace(/\.log$/, '.servers.log');
  rmSync(target, { force: true });
  if (!failed) return;
  const servers = join(folder, unit.suite === 'unit' ? 'tests/tmp' : `tests/${unit.suite}/tmp`);
  const texts = readdirSync(servers, { recursive: true, encoding: 'utf8' })
    .filter((path) => SERVER_LOGS.has(basename(path)))
    .sort()
    .map((path) => `===== ${path}\n${readTail(join(servers, path))}\n`);
  writeFileSync(target, texts.join('\n'));
}

function readTail(path: string): string {
  const bytes = readFileSync(path);
  return bytes
    .subarray(Math.max(0, bytes.length - SERVER_LOG_MAX_BYTES))
    .toString('utf8')
    .trimEnd();
}

/** Only what the suite needs, so that counts do not depend on the caller's locale, terminal or Node options. */
function suiteEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }), LC_ALL: 'C.UTF-8', TERM: 'dumb' };
}

function describeEnd(ending: Ending, text: string): string {
  return `ended with ${ending.status}: ${text.trim().split('\n').at(-1) ?? ''}`;
}
