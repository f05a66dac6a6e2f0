// What the append-only file costs: CPU time of the server per SET, with `appendfsync everysec` and without a file, in
// alternating rounds, at several depths of pipelining; and the CPU time of a start with the file.

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ask, parseInfo } from './client.ts';
import type { Contestant } from './contestants.ts';
import { readCpu } from './process-meter.ts';
import { benchmarkRate } from './redis-benchmark.ts';
import { formatGoal, formatNumber, formatTable, progress } from './report.ts';
import type { Report, Run } from './run.ts';
import { type Server, withServer } from './servers.ts';
import { median } from './statistics.ts';

const ROUNDS = 5;
const REQUESTS = 200_000;
const KEYS = 100_000;
const CLIENTS = 50;
const VALUE_BYTES = 32;
const RATIO_GOAL = 1.4;
const POLL_MS = 20;

interface Sample {
  /** Per request, by depth of pipelining. */
  readonly cpuUs: Record<number, number>;
  /** Of a start with the file; 0 without one. */
  readonly loadMs: number;
}

export async function cpuUs(server: Server): Promise<number> {
  const { infoUs, systemUs } = await readCpu(server);
  return infoUs ?? systemUs ?? Number.NaN;
}

/** CPU time of a server per SET. */
export async function measureSets(server: Server, pipeline: number): Promise<number> {
  const requests = Math.round(REQUESTS * Math.sqrt(pipeline));
  const load = { test: 'set', requests, pipeline, clients: CLIENTS, valueBytes: VALUE_BYTES, keys: KEYS };
  // The first requests make the keys and warm the server up.
  await benchmarkRate(server.port, { ...load, requests: requests / 2 });
  const before = await cpuUs(server);
  await benchmarkRate(server.port, load);
  return ((await cpuUs(server)) - before) / requests;
}

async function measureLoad(run: Run, contestant: Contestant): Promise<number> {
  return await withServer(run, contestant, async (server) => {
    while (parseInfo(await ask(server.port, 'INFO', 'persistence')).get('loading') !== '0') {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return (await cpuUs(server)) / 1000;
  });
}

async function measure(run: Run, contestant: Contestant, hasFile: boolean): Promise<Sample> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'resplica-bench-'));
  const options = `--dir '${folder}' --appendonly ${hasFile ? 'yes' : 'no'} --auto-aof-rewrite-percentage 0`;
  const inFolder = { ...contestant, command: `${contestant.command} ${options}` };
  try {
    const depths: Record<number, number> = {};
    await withServer(run, inFolder, async (server) => {
      for (const pipeline of run.options.pipelines) {
        depths[pipeline] = await measureSets(server, pipeline);
      }
    });
    return { cpuUs: depths, loadMs: hasFile ? await measureLoad(run, inFolder) : 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function appendOnly(run: Run): Promise<Report> {
  const contestants = run.contestants.slice(0, 2);
  const rounds = run.options.rounds ?? ROUNDS;
  const samples: Record<string, { with: Sample[]; without: Sample[] }> = Object.fromEntries(
    contestants.map(({ name }) => [name, { with: [], without: [] }]),
  );
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of contestants) {
      progress(`round ${round} of ${rounds}: ${contestant.name}`);
      samples[contestant.name]!.without.push(await measure(run, contestant, false));
      samples[contestant.name]!.with.push(await measure(run, contestant, true));
    }
  }
  const header = ['server', 'SET, P', 'without, µs', 'with the file, µs', 'ratio', 'goal', 'load, ms'];
  const rows = contestants.flatMap(({ name }) =>
    run.options.pipelines.map((pipeline) => {
      const of = (which: 'with' | 'without'): number =>
        median(samples[name]![which].map((sample) => sample.cpuUs[pipeline]!));
      const ratio = of('with') / of('without');
      const loadMs = median(samples[name]!.with.map((sample) => sample.loadMs));
      const figures = [formatNumber(of('without'), 2), formatNumber(of('with'), 2), ratio.toFixed(2)];
      return [name, String(pipeline), ...figures, formatGoal(ratio, RATIO_GOAL), formatNumber(loadMs)];
    }),
  );
  return {
    table: formatTable(header, rows),
    notes: [
      `CPU time of the server per request, ${CLIENTS} clients, values of ${VALUE_BYTES} bytes, ${rounds} rounds; ` +
        'the ratio is that of the same server with and without the file. Load is CPU time of a whole start.',
    ],
    data: { samples },
  };
}
