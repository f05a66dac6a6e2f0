/**
 * Reads what Redis' own test suite prints.
 *
 * Two formats exist. The unit suite (`runtest`) prints one line per test, `[ok]: name (3 ms)` or
 * `[err]: name in tests/unit/x.tcl` followed by the reason, and `[exception]: …` when a script error ends the whole
 * unit. The sentinel and cluster suites print `hh:mm:ss> name: OK` or `hh:mm:ss> name: FAILED: reason`.
 *
 * A test counts as passed only where the suite says so in a line of its own, so noise between the parts of a line
 * can hide a passed test but never invent one. The counts in expected.json were taken by the same rule.
 */
import { stripVTControlCharacters } from 'node:util';

/** One thing that went wrong. `test` is the name that the suite gives it, or a phrase in parentheses if it has none. */
export interface Failure {
  readonly test: string;
  readonly text: string;
}

export interface Outcome {
  /** Names of the passed tests in the order in which they ran; a name may occur twice. */
  readonly passed: readonly string[];
  readonly failures: readonly Failure[];
}

const REASON_MAX_LINES = 4;
const STATUS_LINE = /^\[(?:ok|err|exception|skip|ignore|ready|TIMEOUT|\d+\/\d+ done)\]/;

/** Reads the output of `runtest`. */
export function readUnitOutput(text: string): Outcome {
  const lines = splitLines(text);
  const passed: string[] = [];
  const failures: Failure[] = [];
  for (const [at, line] of lines.entries()) {
    const status = /^\[(ok|err|exception|TIMEOUT)\]: ?(.*)$/.exec(line);
    if (status === null) continue;
    const [, kind, rest = ''] = status;
    if (kind === 'ok') passed.push(rest.replace(/ \(\d+ ms\)$/, ''));
    else if (kind === 'err') failures.push(readError(rest, reasonAfter(lines, at)));
    else if (kind === 'exception') failures.push({ test: endedEarly(passed), text: readException(rest) });
    else failures.push({ test: testInProgress(lines, at), text: 'no progress within the time limit' });
  }
  return { passed, failures };
}

/** Reads the output of `runtest-sentinel` and `runtest-cluster`. */
export function readInstancesOutput(text: string): Outcome {
  const passed: string[] = [];
  const failures: Failure[] = [];
  for (const line of splitLines(text)) {
    const ok = /^\d\d:\d\d:\d\d> (.*): OK$/.exec(line);
    const failed = /^(?:\d\d:\d\d:\d\d> (.*): )?FAILED: (.*)$/.exec(line);
    const aborted = /^>{8} (.*)$/.exec(line);
    if (ok !== null) passed.push(ok[1]!);
    else if (failed !== null) failures.push({ test: failed[1] ?? endedEarly(passed), text: failed[2]! });
    else if (aborted !== null) failures.push({ test: '(the suite gave up)', text: aborted[1]! });
    else if (/REDIS BUG REPORT START|leaked fds/.test(line)) failures.push({ test: '(a server)', text: line.trim() });
  }
  return { passed, failures };
}

function readError(heading: string, reason: readonly string[]): Failure {
  const inFile = heading.lastIndexOf(' in tests/');
  const test = inFile < 0 ? heading : heading.slice(0, inFile);
  const serverError = reason.findIndex((line) => line.startsWith('ERROR:'));
  const text = serverError < 0 ? reason.slice(0, REASON_MAX_LINES) : reason.slice(serverError);
  return { test, text: text.join(' ').trim() };
}

/** The lines between a failed test's name and the next status line, without blank ones. */
function reasonAfter(lines: readonly string[], at: number): string[] {
  const reason: string[] = [];
  for (const line of lines.slice(at + 1)) {
    if (STATUS_LINE.test(line) || line.trim() === 'The End' || /^=+ Start of server/.test(line)) break;
    if (line.trim() !== '') reason.push(line.trim());
  }
  return reason;
}

function readException(rest: string): string {
  return rest.replace(/^Executing test client: /, '').replace(/\.$/, '');
}

function testInProgress(lines: readonly string[], at: number): string {
  for (const line of lines.slice(at + 1)) {
    const running = /^\S+ => \(([A-Z ]+)\) (.*)$/.exec(line);
    if (running !== null) return running[1] === 'IN PROGRESS' ? running[2]! : `(${running[1]!.toLowerCase()})`;
  }
  return '(no test in progress)';
}

function endedEarly(passed: readonly string[]): string {
  const last = passed.at(-1);
  return last === undefined ? '(ended before any test passed)' : `(ended early, after "${last}")`;
}

function splitLines(text: string): string[] {
  return stripVTControlCharacters(text).split(/\r?\n/);
}
