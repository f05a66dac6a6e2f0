// What simulations cost: simulated seconds per second of the processor, with all judges, of a sentinel topology and of a
// cluster of six nodes each; at rest, under load, and drawn schedules of each profile, which are what a search plays.
//
// Each figure is from processes of their own, over sources that are bundled as they are published. What a schedule costs as
// the first of its process, with cold code, stands beside what those after it cost.

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { buildSync } from 'esbuild';
import type { ScheduleInput, Step } from '../src/simulation/schedule.ts';
import { pinned } from './pinning.ts';
import { formatNumber, formatTable, progress } from './report.ts';
import type { Report, Run } from './run.ts';
import type { Played, PlayOrder } from './simulation-player.ts';
import { median } from './statistics.ts';

const ROUNDS = 5;
const PLAYS = 4;
const DRAWN = 24;
const LOAD = 200;
const SECONDS = 120;
/** There is little to do at rest. */
const REST_SECONDS = 600;
const GOALS = { load: 100, rest: 500, firstSeconds: 1.5 } as const;
const PLAYER = path.join(import.meta.dirname, 'results', 'simulation-player.mjs');

interface Case {
  readonly name: string;
  readonly order: PlayOrder;
  /** Simulated seconds per second. */
  readonly goal?: number;
  /** Of the first schedule, in seconds. */
  readonly firstGoal?: number;
}

/** Faults such as are drawn, and the most load that is drawn. */
const FAULTS: readonly Step[] = [
  { afterMs: 5000, fault: { kind: 'kill', node: 0, forMs: 10_000 } },
  { afterMs: 30_000, fault: { kind: 'isolate', node: 1, forMs: 8000 } },
  { afterMs: 30_000, fault: { kind: 'pause', node: 2, forMs: 5000 } },
];

function cases(): Case[] {
  const kinds = [
    ['sentinel', '3 servers, 3 sentinels'],
    ['cluster', '6 nodes'],
  ] as const;
  const of = (
    kind: (typeof kinds)[number][0],
    schedule: Partial<ScheduleInput>,
    hasJudges = true,
    count = PLAYS,
  ): PlayOrder => ({
    schedule: { topology: { kind }, seed: 5, tailMs: SECONDS * 1000, ...schedule },
    profile: kind,
    count,
    hasJudges,
  });
  const fixed = kinds.flatMap(([kind, name]): Case[] => [
    { name: `${name}, at rest`, order: of(kind, { tailMs: REST_SECONDS * 1000 }), goal: GOALS.rest },
    { name: `${name}, ${LOAD} ops/s`, order: of(kind, { knobs: { opsPerSecond: LOAD } }), goal: GOALS.load },
    { name: `${name}, ${LOAD} ops/s, no judges`, order: of(kind, { knobs: { opsPerSecond: LOAD } }, false) },
    {
      name: `${name}, three faults, 30 ops/s`,
      order: of(kind, { steps: FAULTS, knobs: { opsPerSecond: 30 }, tailMs: 40_000 }),
      firstGoal: GOALS.firstSeconds,
    },
  ]);
  const drawn = ['replication', 'sentinel', 'cluster'].map((profile): Case => {
    return { name: `drawn, ${profile}`, order: { schedule: null, profile, count: DRAWN, hasJudges: true } };
  });
  return [...fixed, ...drawn];
}

export async function simulation(run: Run): Promise<Report> {
  bundlePlayer();
  const all = cases();
  const rounds = run.options.rounds ?? ROUNDS;
  const core = run.pinning?.serverCore ?? null;
  const samples: Record<string, Played[][]> = Object.fromEntries(all.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const { name, order } of all) {
      progress(`round ${round} of ${rounds}: ${name}`);
      samples[name]!.push(playInProcess(order, core));
    }
  }
  const header = [
    'simulation',
    'simulated s per CPU s',
    'goal',
    'events per CPU s',
    'schedules per CPU s',
    'the first, CPU s',
    'goal',
  ];
  const notes = [
    `Each schedule lasts ${SECONDS} simulated seconds (${REST_SECONDS} at rest) and its start; median of ${rounds} processes, which play ${PLAYS}, or ${DRAWN} drawn ones.`,
    'The first columns leave out the first schedule of a process; drawn ones are another each, and none is left out.',
  ];
  return {
    table: formatTable(
      header,
      all.map((one) => rowOf(one, samples[one.name]!)),
    ),
    notes,
    data: { samples },
  };
}

/** What runs TypeScript as it is wraps functions, which costs more than simulations do. */
function bundlePlayer(): void {
  buildSync({
    entryPoints: [path.join(import.meta.dirname, 'simulation-player.ts')],
    outfile: PLAYER,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'warning',
  });
}

function playInProcess(order: PlayOrder, core: number | null): Played[] {
  const [command, ...words] = pinned([process.execPath, PLAYER, JSON.stringify(order)], core);
  return JSON.parse(execFileSync(command!, words, { encoding: 'utf8', maxBuffer: 1 << 24 })) as Played[];
}

function rowOf({ name, order, goal, firstGoal }: Case, processes: readonly Played[][]): string[] {
  const warm = processes.map((plays) => (order.schedule === null ? plays : plays.slice(1)));
  const rate = (amount: (played: Played) => number): number =>
    median(warm.map((plays) => sumOf(plays, amount) / sumOf(plays, ({ cpuSeconds }) => cpuSeconds)));
  const speed = rate(({ simulatedSeconds }) => simulatedSeconds);
  const first = median(processes.map((plays) => plays[0]!.cpuSeconds));
  return [
    name,
    formatNumber(speed),
    goal === undefined ? '' : `>= ${goal} ${speed >= goal ? 'yes' : 'NO'}`,
    formatNumber(rate(({ events }) => events)),
    formatNumber(
      rate(() => 1),
      2,
    ),
    order.schedule === null ? '' : formatNumber(first, 2),
    firstGoal === undefined ? '' : `<= ${firstGoal} ${first <= firstGoal ? 'yes' : 'NO'}`,
  ];
}

function sumOf(plays: readonly Played[], amount: (played: Played) => number): number {
  return plays.reduce((sum, played) => sum + amount(played), 0);
}
