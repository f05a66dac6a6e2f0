/**
 * What a run prints, and the table in README.md.
 *
 * "Passed" always counts tests of Redis' own suite; "expected" is what redis-server 7.0.15 passes under this runner.
 * "Failed" in the closing line counts tests that were lost against the ratchet: a test that never passed is reported
 * above it by name, and does not fail the run.
 */
import type { Ratchet, Regression } from './ratchet.ts';
import type { UnitResult } from './run-unit.ts';
import { SUITES, type Counts, type Unit } from './suites.ts';

const BEGIN = '<!-- conformance:begin -->';
const END = '<!-- conformance:end -->';
const TEXT_MAX = 150;
const FAILURES_MAX = 30;

export function tableHeading(): string {
  return `${'unit'.padEnd(44)} passed/expected  failures  seconds`;
}

/** One line for the table, and one more for each failure. */
export function describeResult(result: UnitResult, expected: number | undefined): string {
  const count = `${String(result.passed).padStart(6)}/${String(expected ?? '?').padEnd(8)}`;
  const failures = String(result.failures.length).padStart(9);
  const lines = [`${unitLabel(result).padEnd(44)} ${count} ${failures} ${result.seconds.toFixed(1).padStart(8)}`];
  for (const { test, text } of result.failures.slice(0, FAILURES_MAX)) lines.push(`    ${test}: ${shorten(text)}`);
  const more = result.failures.length - FAILURES_MAX;
  if (more > 0) lines.push(`    and ${more} more in ${result.logFile}`);
  return lines.join('\n');
}

export function describeRegression({ suite, name, passed, held }: Regression): string {
  return `REGRESSION ${unitLabel({ suite, name })}: ${passed} passed, the ratchet holds ${held}`;
}

/** The last line of a run. `regressions` is null where the ratchet does not apply. */
export function closingLine(
  results: readonly UnitResult[],
  expected: Counts,
  regressions: Regression[] | null,
): string {
  const passed = sum(results.map((result) => result.passed));
  const lost = sum((regressions ?? []).map((regression) => regression.held - regression.passed));
  const missing = sum(
    results.map((result) => Math.max(0, (expected[result.suite][result.name] ?? result.passed) - result.passed)),
  );
  const judged = regressions === null ? 'not judged by the ratchet' : 'failed: lost against the ratchet';
  return `${passed} passed, ${lost} failed (tests of Redis' own suite; ${judged}; ${missing} do not pass yet)`;
}

/** The JSON form of a run, for other programs. */
export function toJson(results: readonly UnitResult[], expected: Counts, server: string): string {
  const units = results.map(({ suite, name, passed, failures, seconds }) => ({
    suite,
    name,
    passed,
    expected: expected[suite][name] ?? null,
    failures,
    seconds,
  }));
  return `${JSON.stringify({ server, units }, null, 2)}\n`;
}

/** The table of README.md: what the ratchet holds beside what redis-server passes. A dash: not run so far. */
export function readmeTable(ratchet: Ratchet, expected: Counts): string {
  const totals: string[] = [];
  const rows: string[] = [];
  for (const suite of SUITES) {
    const names = Object.keys(expected[suite]).sort();
    const held = names.map((name) => ratchet[suite][name]?.passed);
    const wanted = names.map((name) => expected[suite][name]!);
    totals.push(`| ${suiteTitle(suite)} | ${sum(held.map((count) => count ?? 0))} | ${sum(wanted)} |`);
    names.forEach((name, at) => rows.push(`| ${unitLabel({ suite, name })} | ${held[at] ?? '–'} | ${wanted[at]} |`));
  }
  const heading = (title: string): string[] => [`| ${title} | passed | redis-server 7.0.15 |`, '|---|---:|---:|'];
  return [
    ...heading('suite'),
    ...totals,
    '',
    '<details><summary>Every unit</summary>',
    '',
    ...heading('unit'),
    ...rows,
    '',
    '</details>',
  ].join('\n');
}

/** Puts the table between the markers. Throws if `readme` has none. */
export function replaceTable(readme: string, table: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`README.md needs the lines ${BEGIN} and ${END}, in that order.`);
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${readme.slice(end)}`;
}

function suiteTitle(suite: string): string {
  return suite === 'unit' ? 'unit and integration' : suite;
}

export function unitLabel({ suite, name }: Unit): string {
  return suite === 'unit' ? name : `${suite}/${name}`;
}

function shorten(text: string): string {
  const line = text.replaceAll(/\p{Cc}+/gu, ' ');
  return line.length <= TEXT_MAX ? line : `${line.slice(0, TEXT_MAX)} ...`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
