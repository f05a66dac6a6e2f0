// Bytes per key.
//
// The figure is the growth of resident memory between a warm server without the keys and the same server with them: what
// the operator pays, garbage and spare room included. used_memory is what the server believes. A fresh process each
// round, because memory once taken is seldom given back.

import type { Contestant } from './contestants.ts';
import { assertKeyCount, loadKeys, WARM_KEYS, warmWithKeys } from './loader.ts';
import { peakResidentBytes, residentBytes, usedMemoryBytes } from './process-meter.ts';
import { formatGoal, formatNumber, formatTable, progress } from './report.ts';
import type { Report, Run } from './run.ts';
import { withServer, type Server } from './servers.ts';
import { median } from './statistics.ts';

const KEYS = 1_000_000;
const ROUNDS = 3;
const GOAL = 1.6;

const SETTLE_INTERVAL_MS = 500;
const SETTLE_LIMIT_MS = 10_000;
const SETTLED_SHARE = 0.002;

interface Sample {
  residentBefore: number;
  residentAfter: number;
  residentPeak: number | null;
  usedBefore: number | null;
  usedAfter: number | null;
}

/** Resident memory once it has stopped moving: a collector may run a little after the load. */
export async function settledResidentBytes(pid: number): Promise<number> {
  let last = residentBytes(pid);
  for (let waited = 0; waited < SETTLE_LIMIT_MS; waited += SETTLE_INTERVAL_MS) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_INTERVAL_MS));
    const now = residentBytes(pid);
    if (Math.abs(now - last) <= last * SETTLED_SHARE) return now;
    last = now;
  }
  return last;
}

async function measure(server: Server, keys: number): Promise<Sample> {
  await warmWithKeys(server.port);
  const residentBefore = await settledResidentBytes(server.pid);
  const usedBefore = await usedMemoryBytes(server.port);
  await loadKeys({ port: server.port, keys, first: WARM_KEYS });
  const residentAfter = await settledResidentBytes(server.pid);
  const usedAfter = await usedMemoryBytes(server.port);
  await assertKeyCount(server, keys + WARM_KEYS);
  return { residentBefore, residentAfter, residentPeak: peakResidentBytes(server.pid), usedBefore, usedAfter };
}

export async function memory(run: Run): Promise<Report> {
  const { options, contestants } = run;
  const keys = options.keys ?? KEYS;
  const rounds = options.rounds ?? ROUNDS;
  const samples: Record<string, Sample[]> = Object.fromEntries(contestants.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of contestants) {
      progress(`round ${round} of ${rounds}: ${contestant.name}, ${keys} keys`);
      samples[contestant.name]!.push(await withServer(run, contestant, (server) => measure(server, keys)));
    }
  }
  return {
    table: table(contestants, samples, keys),
    notes: [
      `Growth over ${formatNumber(keys)} keys of 16 bytes with values of 32 bytes, in bytes per key; median of ${rounds} rounds.`,
    ],
    data: { keys, samples },
  };
}

function grown(samples: readonly Sample[], keys: number, of: 'resident' | 'used'): number {
  const growth = samples.map((sample) => {
    const before = of === 'resident' ? sample.residentBefore : sample.usedBefore;
    const after = of === 'resident' ? sample.residentAfter : sample.usedAfter;
    return before === null || after === null ? Number.NaN : (after - before) / keys;
  });
  return median(growth);
}

function table(contestants: readonly Contestant[], samples: Readonly<Record<string, Sample[]>>, keys: number): string {
  const reference = grown(samples[contestants[1]!.name]!, keys, 'resident');
  const header = [
    'server',
    'RSS per key',
    'ratio',
    'goal',
    'used_memory per key',
    'RSS before, MB',
    'after, MB',
    'peak, MB',
  ];
  const rows = contestants.map(({ name }, index) => {
    const own = samples[name]!;
    const perKey = grown(own, keys, 'resident');
    const ratio = perKey / reference;
    const megabytes = (pick: (sample: Sample) => number | null): string =>
      formatNumber(median(own.map((sample) => pick(sample) ?? Number.NaN)) / 1e6);
    return [
      name,
      formatNumber(perKey, 1),
      ratio.toFixed(2),
      index === 0 && name === 'resplica' ? formatGoal(ratio, GOAL) : '',
      formatNumber(grown(own, keys, 'used'), 1),
      megabytes((sample) => sample.residentBefore),
      megabytes((sample) => sample.residentAfter),
      megabytes((sample) => sample.residentPeak),
    ];
  });
  return formatTable(header, rows);
}
