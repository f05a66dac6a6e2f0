// The longest time that a server keeps everyone waiting while its keyspace grows to millions of keys.
//
// A table that doubles in one go, a collector that stops the world, a slab that is copied to grow: each holds the event
// loop, and every client feels it. A loader keeps the server busy with SETs of new keys; beside it a prober sends a PING
// each millisecond. The stall is the longest wait less the median one, which is the price of queueing behind the loader.
// Waits are trips less the time in which the machine gave the server's core, or the prober's, to somebody else.

import { spawn } from 'node:child_process';
import path from 'node:path';
import type { Contestant } from './contestants.ts';
import { assertKeyCount, loadKeys, WARM_KEYS, warmWithKeys } from './loader.ts';
import { servedMs, type ProberReport } from './prober.ts';
import { formatGoal, formatNumber, formatTable, progress } from './report.ts';
import type { Report, Run } from './run.ts';
import { withServer, type Server } from './servers.ts';
import { median } from './statistics.ts';

const KEYS = 5_000_000;
const ROUNDS = 3;
const GOAL_MS = 25;

interface Sample extends ProberReport {
  loadSeconds: number;
  stallMs: number;
  /** Keys held when the longest wait began. */
  stallAtKeys: number;
}

export interface Prober {
  ready: Promise<void>;
  finish(): Promise<ProberReport>;
}

export function startProber({ port, pid }: Server): Prober {
  const script = path.join(import.meta.dirname, 'prober.ts');
  const child = spawn(process.execPath, [...process.execArgv, script, String(port), String(pid)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  let output = '';
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      resolve();
    });
    child.once('exit', () => reject(new Error('the prober ended early')));
  });
  const finish = (): Promise<ProberReport> =>
    new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', () => {
        const [, report] = output.split('\n');
        if (report === undefined || report === '') reject(new Error('the prober left no report'));
        else resolve(JSON.parse(report) as ProberReport);
      });
      child.stdin.end();
    });
  return { ready, finish };
}

/** How many keys were held at a time, from what the loader noted as it went. */
export function keysAt(timeline: readonly { at: number; keys: number }[], at: number): number {
  let keys = 0;
  for (const point of timeline) {
    if (point.at > at) break;
    keys = point.keys;
  }
  return keys;
}

async function measure(server: Server, keys: number): Promise<Sample> {
  await warmWithKeys(server.port);
  const prober = startProber(server);
  await prober.ready;
  const timeline: { at: number; keys: number }[] = [];
  const start = performance.now();
  const onProgress = (set: number): void => {
    const at = performance.timeOrigin + performance.now();
    if (at - (timeline.at(-1)?.at ?? 0) >= 1) timeline.push({ at, keys: set });
  };
  await loadKeys({ port: server.port, keys, first: WARM_KEYS, onProgress });
  const loadSeconds = (performance.now() - start) / 1000;
  const report = await prober.finish();
  await assertKeyCount(server, keys + WARM_KEYS);
  const worst = report.worst[0];
  if (worst === undefined) throw new Error('the prober saw no answer');
  return {
    ...report,
    loadSeconds,
    stallMs: servedMs(worst) - report.medianMs,
    stallAtKeys: keysAt(timeline, worst.sentAt),
  };
}

export async function stall(run: Run): Promise<Report> {
  const { options, contestants } = run;
  const keys = options.keys ?? KEYS;
  const rounds = options.rounds ?? ROUNDS;
  const samples: Record<string, Sample[]> = Object.fromEntries(contestants.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of contestants) {
      progress(`round ${round} of ${rounds}: ${contestant.name}, ${keys} keys`);
      const share = Math.round(keys * contestant.effort);
      samples[contestant.name]!.push(await withServer(run, contestant, (server) => measure(server, share)));
    }
  }
  return {
    table: table(contestants, samples),
    notes: [
      `Longest wait less the median one while the keyspace grows to ${formatNumber(keys)} keys; a PING each millisecond, ${rounds} rounds.`,
    ],
    data: { keys, samples },
  };
}

function table(contestants: readonly Contestant[], samples: Readonly<Record<string, Sample[]>>): string {
  const header = [
    'server',
    'stall, median ms',
    'worst ms',
    'at keys',
    'longest trip, ms',
    'median PING, ms',
    'p99.9 PING, ms',
    'load, s',
    'goal',
  ];
  const rows = contestants.map(({ name }) => {
    const own = samples[name]!;
    const worst = own.reduce((a, b) => (b.stallMs > a.stallMs ? b : a));
    const middle = median(own.map((sample) => sample.stallMs));
    return [
      name,
      formatNumber(middle, 1),
      formatNumber(worst.stallMs, 1),
      formatNumber(worst.stallAtKeys),
      formatNumber(median(own.map((sample) => sample.longestTripMs)), 1),
      formatNumber(median(own.map((sample) => sample.medianMs)), 2),
      formatNumber(median(own.map((sample) => sample.p999Ms)), 2),
      formatNumber(median(own.map((sample) => sample.loadSeconds)), 1),
      name === 'resplica' ? formatGoal(middle, GOAL_MS) : '',
    ];
  });
  return formatTable(header, rows);
}
