// What snapshots cost: SAVE and a start with the file, each as CPU time of the server, and how long clients wait while a
// BGSAVE runs beside a client that overwrites the keys.
//
// redis-server forks for BGSAVE, so its clients wait for the fork and for the pages that are copied; this server walks
// the keys in slices. The stall is the longest wait of a PING less the median one, as in the mode `stall`. What a
// snapshot takes in memory is read from INFO: current_cow_size is what redis-server's child has had copied, and what
// commands made this server write ahead of its time.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ask, parseInfo } from './client.ts';
import type { Contestant } from './contestants.ts';
import { assertKeyCount, loadKeys } from './loader.ts';
import { servedMs } from './prober.ts';
import { readCpu } from './process-meter.ts';
import { formatGoal, formatNumber, formatTable, progress } from './report.ts';
import type { Report, Run } from './run.ts';
import { type Server, withServer } from './servers.ts';
import { startProber } from './stall.ts';
import { median } from './statistics.ts';

const KEYS = 1_000_000;
const ROUNDS = 3;
const RATIO_GOAL = 3;
const STALL_GOAL_MS = 15;
const POLL_MS = 20;
/** Keys that are overwritten between two looks at the save. */
const OVERWRITTEN = 20_000;

interface Sample {
  saveMs: number;
  loadMs: number;
  fileBytes: number;
  stallMs: number;
  longestTripMs: number;
  /** How long the BGSAVE took beside the writes, and how many there were. */
  backgroundMs: number;
  writes: number;
  peakCowBytes: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function cpuMs(server: Server): Promise<number> {
  const { infoUs, systemUs } = await readCpu(server);
  return (infoUs ?? systemUs ?? Number.NaN) / 1000;
}

async function persistenceOf(port: number): Promise<Map<string, string>> {
  return parseInfo(await ask(port, 'INFO', 'persistence'));
}

async function measureSave(server: Server): Promise<number> {
  const before = await cpuMs(server);
  await ask(server.port, 'SAVE');
  return (await cpuMs(server)) - before;
}

async function measureBackground(
  server: Server,
  keys: number,
): Promise<Omit<Sample, 'saveMs' | 'loadMs' | 'fileBytes'>> {
  const prober = startProber(server);
  await prober.ready;
  const start = performance.now();
  await ask(server.port, 'BGSAVE');
  let writes = 0;
  let peakCowBytes = 0;
  for (;;) {
    const info = await persistenceOf(server.port);
    peakCowBytes = Math.max(peakCowBytes, Number(info.get('current_cow_size')), Number(info.get('rdb_last_cow_size')));
    if (info.get('rdb_bgsave_in_progress') === '0') break;
    const first = (writes * 7) % (keys - OVERWRITTEN);
    await loadKeys({ port: server.port, keys: OVERWRITTEN, first });
    writes += OVERWRITTEN;
  }
  const backgroundMs = performance.now() - start;
  const { worst, medianMs, longestTripMs } = await prober.finish();
  if (worst[0] === undefined) throw new Error('the prober saw no answer');
  return { stallMs: servedMs(worst[0]) - medianMs, longestTripMs, backgroundMs, writes, peakCowBytes };
}

/** CPU time from the start of the process until the dataset is there. */
async function measureLoad(run: Run, contestant: Contestant, keys: number): Promise<number> {
  return await withServer(run, contestant, async (server) => {
    while ((await persistenceOf(server.port)).get('loading') !== '0') await pause(POLL_MS);
    const used = await cpuMs(server);
    await assertKeyCount(server, keys);
    return used;
  });
}

async function measure(run: Run, contestant: Contestant, keys: number): Promise<Sample> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'resplica-bench-'));
  const inFolder = { ...contestant, command: `${contestant.command} --dir '${folder}'` };
  try {
    const saved = await withServer(run, inFolder, async (server) => {
      await loadKeys({ port: server.port, keys, first: 0 });
      const saveMs = await measureSave(server);
      return { saveMs, ...(await measureBackground(server, keys)) };
    });
    const fileBytes = statSync(path.join(folder, 'dump.rdb')).size;
    return { ...saved, fileBytes, loadMs: await measureLoad(run, inFolder, keys) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function persistence(run: Run): Promise<Report> {
  const { options } = run;
  const contestants = run.contestants.slice(0, 2);
  const keys = options.keys ?? KEYS;
  const rounds = options.rounds ?? ROUNDS;
  const samples: Record<string, Sample[]> = Object.fromEntries(contestants.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of contestants) {
      progress(`round ${round} of ${rounds}: ${contestant.name}, ${keys} keys`);
      samples[contestant.name]!.push(await measure(run, contestant, keys));
    }
  }
  return {
    table: table(contestants, samples),
    notes: [
      `${formatNumber(keys)} keys of 16 + 32 bytes, ${rounds} rounds; save and load are CPU time of the server, load that of a whole start.`,
      'Ratios are to the second server. The stall is the longest wait of a PING less the median one, while keys are overwritten.',
    ],
    data: { keys, samples },
  };
}

function table(contestants: readonly Contestant[], samples: Readonly<Record<string, Sample[]>>): string {
  const middle = (name: string, figure: keyof Sample): number => median(samples[name]!.map((sample) => sample[figure]));
  const other = contestants[1]!.name;
  const header = [
    'server',
    'SAVE, ms',
    'ratio',
    'load, ms',
    'ratio',
    'stall, ms',
    'worst trip, ms',
    'BGSAVE, ms',
    'writes meanwhile',
    'ahead of time, MB',
    'file, MB',
    'goals: ratios, stall',
  ];
  const rows = contestants.map(({ name }) => {
    const saveRatio = middle(name, 'saveMs') / middle(other, 'saveMs');
    const loadRatio = middle(name, 'loadMs') / middle(other, 'loadMs');
    const isOurs = name !== other;
    const goals = [
      formatGoal(Math.max(saveRatio, loadRatio), RATIO_GOAL),
      formatGoal(middle(name, 'stallMs'), STALL_GOAL_MS),
    ];
    return [
      name,
      formatNumber(middle(name, 'saveMs')),
      isOurs ? saveRatio.toFixed(2) : '',
      formatNumber(middle(name, 'loadMs')),
      isOurs ? loadRatio.toFixed(2) : '',
      formatNumber(middle(name, 'stallMs'), 1),
      formatNumber(middle(name, 'longestTripMs'), 1),
      formatNumber(middle(name, 'backgroundMs')),
      formatNumber(middle(name, 'writes')),
      formatNumber(middle(name, 'peakCowBytes') / 1e6, 1),
      formatNumber(middle(name, 'fileBytes') / 1e6, 1),
      isOurs ? goals.join(', ') : '',
    ];
  });
  return formatTable(header, rows);
}
