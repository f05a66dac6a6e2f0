// The comparison that `throughput` and `types` share: cells of one test at one depth, measured in turns.
//
// The main figure is CPU time per request: it is what a server costs, and unlike requests per second it does not flatten
// out where the load generator becomes the bottleneck, which at P = 64 it is. Both servers are up at the same time,
// warmed by the same load; in each cell they take turns, so that a disturbance of the machine that lasts longer than a
// turn hits both. Every few rounds both are started afresh: where memory happens to lie makes a process faster or slower
// by some percent for all its life. The fifty connects of each turn are in the bill, with less than one percent of it.

import { readCpu, type CpuReading } from './process-meter.ts';
import { formatGoal, formatNumber, formatByRound, formatTable, progress } from './report.ts';
import type { Report, Run } from './run.ts';
import { withServers, type Server } from './servers.ts';
import { median, ratioOfMedians } from './statistics.ts';

const ROUNDS_PER_PROCESS = 3;

interface Sample {
  requests: number;
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

/** What a mode measures in its cells. */
export interface Plan {
  rounds: number;
  /** Checks and warms a server that has just started. */
  warmUp(server: Server): Promise<void>;
  requests(cell: Cell, effort: number): number;
  /** Brings a server into the state that a test starts from; not measured. */
  prepare(server: Server, cell: Cell, requests: number): Promise<void>;
  /** Sends the requests. @returns requests per second. */
  load(server: Server, cell: Cell, requests: number): Promise<number>;
  /** CPU per request in relation to redis-server's that this project holds itself to. */
  goal(cell: Cell): number | undefined;
}

function perRequest(before: number | null, after: number | null, requests: number): number | null {
  return before === null || after === null ? null : (after - before) / requests;
}

async function measure(server: Server, cell: Cell, requests: number, plan: Plan): Promise<Sample> {
  await plan.prepare(server, cell, requests);
  const before: CpuReading = await readCpu(server);
  const perSecond = await plan.load(server, cell, requests);
  const after = await readCpu(server);
  return {
    requests,
    perSecond,
    infoUs: perRequest(before.infoUs, after.infoUs, requests),
    systemUs: perRequest(before.systemUs, after.systemUs, requests),
  };
}

function emptyCells({ options, contestants }: Run): Cell[] {
  const samples = (): Cell['samples'] => Object.fromEntries(contestants.map(({ name }) => [name, []]));
  return options.pipelines.flatMap((pipeline) => options.tests.map((test) => ({ test, pipeline, samples: samples() })));
}

async function runRound(
  run: Run,
  servers: readonly Server[],
  cells: readonly Cell[],
  plan: Plan,
  round: string,
): Promise<void> {
  for (const cell of cells) {
    for (const [index, server] of servers.entries()) {
      progress(`round ${round}: ${cell.test}, P=${cell.pipeline}, ${server.name}`);
      const requests = plan.requests(cell, run.contestants[index]!.effort);
      cell.samples[server.name]!.push(await measure(server, cell, requests, plan));
    }
  }
}

/** Measures every test of the run at every depth, and tells. */
export async function compareCells(run: Run, plan: Plan): Promise<Report> {
  const cells = emptyCells(run);
  const { rounds } = plan;
  for (let first = 1; first <= rounds; first += ROUNDS_PER_PROCESS) {
    await withServers(run, async (servers) => {
      for (const server of servers) {
        progress(`warming up ${server.name}`);
        await plan.warmUp(server);
      }
      for (let round = first; round < first + ROUNDS_PER_PROCESS && round <= rounds; round++) {
        await runRound(run, servers, cells, plan, `${round} of ${rounds}`);
      }
    });
  }
  const names = run.contestants.map(({ name }) => name);
  const source = cpuSource(cells, names.slice(0, 2));
  return {
    table: table(cells, names, source, plan),
    notes: [...noteSource(cells, source, names), ...noteNoise(cells, source)],
    data: { cpuSource: source, cells, ratios: ratiosOf(cells, names, source) },
  };
}

type Source = 'infoUs' | 'systemUs';

/** INFO where both of the pair have it: half of each would compare two clocks. */
function cpuSource(cells: readonly Cell[], pair: readonly string[]): Source {
  const all = cells.flatMap((cell) => pair.flatMap((name) => cell.samples[name]!));
  return all.every((sample) => sample.infoUs !== null) ? 'infoUs' : 'systemUs';
}

function cpuOf(cell: Cell, name: string, source: Source): number[] {
  return cell.samples[name]!.map((sample) => sample[source] ?? sample.systemUs ?? Number.NaN);
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

function table(cells: readonly Cell[], names: readonly string[], source: Source, plan: Plan): string {
  const [first, second, ...peers] = names;
  const header = [
    'test',
    'P',
    ...names.map((name) => `${name} µs`),
    'CPU ratio',
    'by round',
    'goal',
    ...names.map((name) => `${name} req/s`),
    'rate ratio',
    'by round',
  ];
  const rows = cells.map((cell) => {
    const cpu = ratioOfMedians(cpuOf(cell, first!, source), cpuOf(cell, second!, source));
    const rate = ratioOfMedians(ratesOf(cell, first!), ratesOf(cell, second!));
    const goal = first === 'resplica' ? plan.goal(cell) : undefined;
    return [
      cell.test,
      String(cell.pipeline),
      ...names.map((name) => formatNumber(median(cpuOf(cell, name, source)), 2)),
      cpu.value.toFixed(2),
      formatByRound(cpu),
      formatGoal(cpu.value, goal),
      ...names.map((name) => formatNumber(median(ratesOf(cell, name)))),
      rate.value.toFixed(2),
      formatByRound(rate),
    ];
  });
  const note = peers.length === 0 ? '' : `\n(ratios are ${first} to ${second})`;
  return formatTable(header, rows) + note;
}

function noteSource(cells: readonly Cell[], source: Source, names: readonly string[]): string[] {
  if (source === 'systemUs') {
    return ['CPU per request by the kernel (utime + stime): not both servers report it in INFO.'];
  }
  const checks = names.map((name) => {
    const samples = cells.flatMap((cell) => cell.samples[name]!);
    const total = (of: Source): number =>
      samples.reduce((sum, sample) => sum + (sample[of] ?? Number.NaN) * sample.requests, 0);
    return `${formatNumber((total('systemUs') / total('infoUs')) * 100, 1)} % for ${name}`;
  });
  return [
    'CPU per request by INFO used_cpu_user + used_cpu_sys.',
    `The kernel's count (utime + stime) over the whole run, in relation to that: ${checks.join(', ')}.`,
  ];
}

function noteNoise(cells: readonly Cell[], source: Source): string[] {
  const [first, second] = Object.keys(cells[0]?.samples ?? {});
  if (first === undefined || second === undefined || (cells[0]?.samples[first]?.length ?? 0) < 2) return [];
  const spans = cells.map((cell) => ratioOfMedians(cpuOf(cell, first, source), cpuOf(cell, second, source)));
  const widest = Math.max(...spans.map((span) => (span.high - span.low) / span.value));
  const typical = median(spans.map((span) => (span.high - span.low) / span.value));
  return [
    `Middle half of the rounds' CPU ratios: typically ${(typical * 100).toFixed(0)} % wide, at most ${(widest * 100).toFixed(0)} %.`,
  ];
}
