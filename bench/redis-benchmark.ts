// Runs redis-benchmark and reads what it prints.
//
// The CSV form is enough for throughput. It stops at p99, so latency reads the long form, whose percentile table is fine
// enough for p99.9 once `--precision 3` has given its histogram three significant digits.

import { execFile } from 'node:child_process';
import { ask } from './client.ts';

export interface Load {
  test: string;
  requests: number;
  pipeline: number;
  clients: number;
  valueBytes: number;
  keys: number;
  /** Instead of redis-benchmark's own test; __rand_int__ in it stands for a number below `keys`. */
  command?: readonly string[];
}

export interface Latency {
  p50Ms: number;
  p99Ms: number;
  p999Ms: number;
  maxMs: number;
}

function run(port: number, load: Load, extra: readonly string[]): Promise<string> {
  const args = ['-h', '127.0.0.1', '-p', String(port), '-n', String(load.requests)];
  args.push(
    '-P',
    String(load.pipeline),
    '-c',
    String(load.clients),
    '-d',
    String(load.valueBytes),
    '-r',
    String(load.keys),
  );
  return new Promise((resolve, reject) => {
    const what = load.command ?? ['-t', load.test];
    execFile('redis-benchmark', [...args, ...extra, ...what], { maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`redis-benchmark ${args.join(' ')}: ${stderr.trim() || error.message}`));
    });
  });
}

/** Requests per second, one for each test that the CSV names. */
export function parseCsv(text: string): number[] {
  const rates: number[] = [];
  for (const line of text.split('\n')) {
    const match = /^"[^"]*","([\d.]+)"/.exec(line);
    if (match !== null) rates.push(Number(match[1]));
  }
  return rates;
}

/** The long form of one test: from its percentile table, the first line that covers each share. */
export function parseLatency(text: string): Latency {
  const steps: { count: number; ms: number }[] = [];
  const table = text.slice(text.indexOf('Latency by percentile distribution:'));
  for (const line of table.slice(0, table.indexOf('Cumulative distribution')).split('\n')) {
    const match = /^[\d.]+% <= ([\d.]+) milliseconds \(cumulative count (\d+)\)/.exec(line);
    if (match !== null) steps.push({ ms: Number(match[1]), count: Number(match[2]) });
  }
  const last = steps.at(-1);
  if (last === undefined) throw new Error('redis-benchmark printed no latency table');
  const at = (share: number): number => steps.find((step) => step.count >= share * last.count)!.ms;
  // The table halves the rest at every line, so p99 itself has none; the summary names it.
  const summary = /avg\s+min\s+p50\s+p95\s+p99\s+max\s+([\d. ]+)/.exec(text)?.[1]?.trim().split(/ +/) ?? [];
  return { p50Ms: at(0.5), p99Ms: Number(summary[4] ?? at(0.99)), p999Ms: at(0.999), maxMs: last.ms };
}

export async function benchmarkRate(port: number, load: Load): Promise<number> {
  const rate = parseCsv(await run(port, load, ['--csv']))[0];
  if (rate === undefined) throw new Error(`redis-benchmark measured nothing for ${load.test}`);
  return rate;
}

export async function benchmarkLatency(port: number, load: Load): Promise<Latency> {
  return parseLatency(await run(port, load, ['--precision', '3']));
}

const VALUE = 'x'.repeat(32);

/** One request of each kind with the answer that it must have; GET reads what was set before. */
const CHECKS: readonly { test: string; request: readonly string[]; answer: unknown }[] = [
  { test: 'ping_mbulk', request: ['PING'], answer: 'PONG' },
  { test: 'set', request: ['SET', 'bench:check', VALUE], answer: 'OK' },
  { test: 'get', request: ['GET', 'bench:check'], answer: VALUE },
  { test: 'incr', request: ['INCR', 'bench:counter'], answer: 1 },
  { test: 'mset', request: ['MSET', 'bench:check', VALUE, 'bench:other', VALUE], answer: 'OK' },
];

/** redis-benchmark counts whatever comes back; a server that answers wrongly would look fast. */
export async function checkAnswers(server: { name: string; port: number }, tests: readonly string[]): Promise<void> {
  if (tests.includes('get')) await ask(server.port, 'SET', 'bench:check', VALUE);
  for (const { test, request, answer } of CHECKS.filter((check) => tests.includes(check.test))) {
    const given = await ask(server.port, ...request).catch((error: unknown) => error);
    if (given !== answer)
      throw new Error(`${server.name} answers ${test} with ${String(given)}; leave it out with --tests`);
  }
}

/** Load of a few kinds until `untilMs` have passed: V8 compiles hot code only after it has seen it run hot. */
export async function warmUp(port: number, tests: readonly string[], untilMs: number): Promise<void> {
  const start = performance.now();
  const load = { clients: 50, valueBytes: 32, keys: 100_000 };
  for (let round = 0; round === 0 || performance.now() - start < untilMs; round++) {
    for (const test of tests) {
      const pipeline = round % 2 === 0 ? 16 : 1;
      await run(port, { ...load, test, pipeline, requests: pipeline === 1 ? 5_000 : 30_000 }, ['--csv']);
    }
  }
}
