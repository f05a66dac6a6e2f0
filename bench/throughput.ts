// Requests per second and server CPU per request.
//
// The main figure is CPU time per request: it is what a server costs, and unlike requests per second it does not flatten
// out where the load generator becomes the bottleneck, which at P = 64 it is. Both servers live through the whole run,
// warmed by the same load; in each cell (test and depth) they take turns, so that a disturbance of the machine that
// lasts longer than a turn hits both. The fifty connects of each turn are part of the bill, well below one percent.

import type { Contestant } from './contestants.ts';
import type { Options } from './arguments.ts';
import { readCpu, type CpuReading } from './process-meter.ts';
import { benchmarkRate, warmUp } from './redis-benchmark.ts';
import { formatGoal, formatNumber, formatRatio, formatTable, progress } from './report.ts';
import type { Report, Run } from './run.ts';
import { withServers, type Server } from './servers.ts';
import { median, ratioOfMedians } from './statistics.ts';

const CLIENTS = 50;
const VALUE_BYTES = 32;
const KEYS = 100_000;
const WARM_UP_MS = 3_000;
const ROUNDS = 5;

/** CPU per request in relation to redis-server's that this project holds itself to, by depth. */
const GOALS: ReadonlyMap<number, number> = new Map([
  [1, 1.35],
  [16, 1.5],
  [64, 1.2],
]);
const TESTS_WITH_GOAL: readonly string[] = ['ping_mbulk', 'set', 'get', 'incr'];

interface Sample {
  perSecond: number;
  infoUs: number | null;
  systemUs: number | null;
}

export interface Cell {
  test: string;
  pipeline: number;
  /** By server name, one sample a round. */
  samples: Record<string, Sample[]>;
}

/** Enough that one run takes about a second on the fast servers: shorter ones drown in the ticks of the kernel's count. */
export function requestsFor(requests: number, test: string, pipeline: number, effort: number): number {
  const byDepth = pipeline === 1 ? 1 : pipeline <= 16 ? 8 : 12;
  const byTest = test === 'mset' ? 0.2 : 1;
  return Math.max(1_000, Math.round(requests * byDepth * byTest * effort));
}

function perRequest(before: number | null, after: number | null, requests: number): number | null {
  return before === null || after === null ? null : (after - before) / requests;
}

async function measure(server: Server, test: string, pipeline: number, requests: number): Promise<Sample> {
  const before: CpuReading = await readCpu(server);
  const load = { test, pipeline, requests, clients: CLIENTS, valueBytes: VALUE_BYTES, keys: KEYS };
  const perSecond = await benchmarkRate(server.port, load);
  const after = await readCpu(server);
  return {
    perSecond,
    infoUs: perRequest(before.infoUs, after.infoUs, requests),
    systemUs: perRequest(before.systemUs, after.systemUs, requests),
  };
}

async function runCells(
  servers: readonly Server[],
  contestants: readonly Contestant[],
  options: Options,
): Promise<Cell[]> {
  const cells: Cell[] = options.pipelines.flatMap((pipeline) =>
    options.tests.map((test) => ({
      test,
      pipeline,
      samples: Object.fromEntries(servers.map(({ name }) => [name, []])),
    })),
  );
  const rounds = options.rounds ?? ROUNDS;
  for (let round = 1; round <= rounds; round++) {
    for (const { test, pipeline, samples } of cells) {
      for (const server of servers) {
        progress(`round ${round} of ${rounds}: ${test}, P=${pipeline}, ${server.name}`);
        const effort = contestants.find(({ name }) => name === server.name)?.effort ?? 1;
        samples[server.name]!.push(
          await measure(server, test, pipeline, requestsFor(options.requests, test, pipeline, effort)),
        );
      }
    }
  }
  return cells;
}

export async function throughput(run: Run): Promise<Report> {
  const { options, contestants } = run;
  const cells = await withServers(run, async (servers) => {
    for (const server of servers) {
      progress(`warming up ${server.name}`);
      await warmUp(server.port, options.tests, WARM_UP_MS);
    }
    return await runCells(servers, contestants, options);
  });
  const names = contestants.map(({ name }) => name);
  const source = cpuSource(cells);
  return {
    table: table(cells, names, source),
    notes: [...noteSource(cells, source), ...noteNoise(cells, source)],
    data: { cpuSource: source, cells, ratios: ratiosOf(cells, names, source) },
  };
}

type Source = 'infoUs' | 'systemUs';

/** INFO where every server has it; mixing it with the kernel's count would compare two clocks. */
function cpuSource(cells: readonly Cell[]): Source {
  const all = cells.flatMap((cell) => Object.values(cell.samples).flat());
  return all.every((sample) => sample.infoUs !== null) ? 'infoUs' : 'systemUs';
}

function cpuOf(cell: Cell, name: string, source: Source): number[] {
  return cell.samples[name]!.map((sample) => sample[source] ?? Number.NaN);
}

function ratesOf(cell: Cell, name: string): number[] {
  return cell.samples[name]!.map((sample) => sample.perSecond);
}

function ratiosOf(cells: readonly Cell[], names: readonly string[], source: Source): unknown[] {
  const [first, ...others] = names;
  return cells.flatMap((cell) =>
    others.map((other) => ({
      test: cell.test,
      pipeline: cell.pipeline,
      of: `${first} / ${other}`,
      cpuPerRequest: ratioOfMedians(cpuOf(cell, first!, source), cpuOf(cell, other, source)),
      requestsPerSecond: ratioOfMedians(ratesOf(cell, first!), ratesOf(cell, other)),
    })),
  );
}

function table(cells: readonly Cell[], names: readonly string[], source: Source): string {
  const [first, second, ...peers] = names;
  const header = [
    'test',
    'P',
    ...names.map((name) => `${name} µs`),
    'CPU ratio',
    'goal',
    ...names.map((name) => `${name} req/s`),
    'rate ratio',
  ];
  const rows = cells.map((cell) => {
    const cpu = ratioOfMedians(cpuOf(cell, first!, source), cpuOf(cell, second!, source));
    const goal = first === 'resplica' && TESTS_WITH_GOAL.includes(cell.test) ? GOALS.get(cell.pipeline) : undefined;
    return [
      cell.test,
      String(cell.pipeline),
      ...names.map((name) => formatNumber(median(cpuOf(cell, name, source)), 2)),
      formatRatio(cpu),
      formatGoal(cpu.value, goal),
      ...names.map((name) => formatNumber(median(ratesOf(cell, name)))),
      formatRatio(ratioOfMedians(ratesOf(cell, first!), ratesOf(cell, second!))),
    ];
  });
  const note = peers.length === 0 ? '' : `\n(ratios are ${first} to ${second})`;
  return formatTable(header, rows) + note;
}

function noteSource(cells: readonly Cell[], source: Source): string[] {
  if (source === 'systemUs')
    return ['CPU per request by the kernel (utime + stime): not every server reports it in INFO.'];
  const notes = ['CPU per request by INFO used_cpu_user + used_cpu_sys.'];
  const checks = cells.flatMap((cell) =>
    Object.keys(cell.samples).map(
      (name) => median(cpuOf(cell, name, 'infoUs')) / median(cpuOf(cell, name, 'systemUs')),
    ),
  );
  if (checks.some(Number.isNaN)) return notes;
  const furthest = Math.max(...checks.map((check) => Math.abs(check - 1)));
  return [...notes, `The kernel's count agrees with it within ${(furthest * 100).toFixed(1)} %.`];
}

function noteNoise(cells: readonly Cell[], source: Source): string[] {
  const [first, second] = Object.keys(cells[0]?.samples ?? {});
  if (first === undefined || second === undefined || (cells[0]?.samples[first]?.length ?? 0) < 2) return [];
  const spans = cells.map((cell) => ratioOfMedians(cpuOf(cell, first, source), cpuOf(cell, second, source)));
  const widest = Math.max(...spans.map((span) => (span.high - span.low) / span.value));
  const typical = median(spans.map((span) => (span.high - span.low) / span.value));
  return [
    `Span of the single rounds' CPU ratios: typically ${(typical * 100).toFixed(0)} %, at most ${(widest * 100).toFixed(0)} %.`,
  ];
}
