// What a run leaves behind: a table for the reader and a JSON file for whoever wants to compare later.
//
// A figure without its machine means little, so each file carries processor, versions, pinning and the load average at
// the start. bench/results is not under version control.

import { execFileSync, type ExecFileSyncOptionsWithStringEncoding } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Pinning } from './pinning.ts';
import type { Report, Run } from './run.ts';
import type { Ratio } from './statistics.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '..');

/** Above this share of all cores used by others, figures are good for a first look only. */
const NOISY_SHARE = 0.05;

export type Align = 'left' | 'right';

/** Lines of a plain-text table; Markdown reads it too. Numbers stand right, the first column left. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => pad(cells[column] ?? '', width, column === 0 ? 'left' : 'right')).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}

function pad(text: string, width: number, align: Align): string {
  return align === 'left' ? text.padEnd(width) : text.padStart(width);
}

export function formatNumber(value: number | null, digits = 0): string {
  if (value === null || !Number.isFinite(value)) return '-';
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** "1.22 (1.19-1.27)": the median of the rounds' ratios, then their middle half. */
export function formatByRound(ratio: Ratio): string {
  return `${ratio.byRound.toFixed(2)} (${ratio.low.toFixed(2)}-${ratio.high.toFixed(2)})`;
}

/** "yes" or "no" beside a goal, nothing where there is none. */
export function formatGoal(value: number, goal: number | undefined): string {
  if (goal === undefined) return '';
  return `<= ${goal} ${value <= goal ? 'yes' : 'NO'}`;
}

export function describeMachine(pinning: Pinning | null): Record<string, unknown> {
  return {
    date: new Date().toISOString(),
    processor: os.cpus()[0]?.model ?? 'unknown',
    cores: os.cpus().length,
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    redisServer: versionOf('redis-server'),
    redisBenchmark: versionOf('redis-benchmark'),
    commit: commitOf(),
    loadAverage: os.loadavg(),
    pinning,
  };
}

function versionOf(binary: string): string | null {
  try {
    return execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

function commitOf(): string | null {
  try {
    const options: ExecFileSyncOptionsWithStringEncoding = {
      cwd: REPOSITORY,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    };
    const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], options).trim();
    const changed = execFileSync('git', ['status', '--porcelain', '--', 'src'], options).trim() !== '';
    return changed ? `${commit} with uncommitted changes in src` : commit;
  } catch {
    return null;
  }
}

/** bench/results/2026-01-31T12-00-00-throughput.json */
export function resultFileName(what: string, date: Date): string {
  return `${date.toISOString().slice(0, 19).replaceAll(':', '-')}-${what}.json`;
}

/** Prints the table and its notes, and writes the file. */
export function publish(what: string, report: Report, machine: Record<string, unknown>, run: Run): void {
  const folder = path.join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, resultFileName(what, new Date()));
  const { table, notes, data } = report;
  const content = { what, machine, options: run.options, contestants: run.contestants, notes, ...data };
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
  process.stdout.write(`\n${table}\n\n${notes.join('\n')}\nwritten: ${path.relative(process.cwd(), file)}\n`);
}

/** What every reader should know about the circumstances of a run. */
export function circumstances(pinning: Pinning | null, foreignShare: number | null): string[] {
  const notes = [
    pinning === null
      ? 'Processes were not pinned to cores.'
      : `Servers ran on core ${pinning.serverCore}, load on core ${pinning.clientCore}.`,
  ];
  if (foreignShare !== null) {
    const verdict = foreignShare > NOISY_SHARE ? ': too many for figures to keep' : '';
    notes.push(
      `Processes that are none of this run used ${(foreignShare * 100).toFixed(0)} % of the machine${verdict}.`,
    );
  }
  return notes;
}

/** A line of progress that the next one overwrites; nothing where output is not a terminal. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
}

export function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
}
