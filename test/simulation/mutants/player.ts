/**
 * What runs in a process of its own, over whichever sources it was bundled with, on whichever Node: plays schedules of a
 * profile until one fails, or one schedule, or tells the hashes of some. The order comes as JSON in the first argument, the
 * report leaves as JSON on standard output.
 */
import * as fc from 'fast-check';
import type { Violation } from '../../../src/simulation/checker.ts';
import { knobs, schedules, topologies } from '../../../src/simulation/arbitraries.ts';
import { play } from '../../../src/simulation/play.ts';
import { profileOf } from '../../../src/simulation/profiles.ts';
import type { Schedule, TopologySpec } from '../../../src/simulation/schedule.ts';
import { CRASH, type Focus } from './mutant.ts';

export interface Order {
  readonly kind: 'search' | 'replay' | 'hashes';
  readonly profile: string;
  readonly seed: number;
  readonly schedules: number;
  /** A search begins behind so many of them. */
  readonly from?: number;
  /** A search ends after so much time of the processor, whatever came of it. */
  readonly budgetMs?: number;
  readonly focus?: Focus;
  /** To be replayed. */
  readonly schedule?: unknown;
}

export interface Report {
  readonly played: number;
  readonly simulatedMs: number;
  readonly failure: (Violation & { readonly schedule: unknown }) | null;
  /** Of each schedule, the hash of its trace. */
  readonly hashes: readonly number[];
}

const STEPS = 8;

interface Played {
  readonly violation: Violation | null;
  readonly simulatedMs: number;
  readonly traceHash: number;
}

function playOne(schedule: Schedule): Played {
  try {
    return play(schedule);
  } catch (error) {
    const text = (error as Error).stack ?? String(error);
    return { violation: { checker: CRASH, text }, simulatedMs: 0, traceHash: 0 };
  }
}

function drawn({ profile, focus }: Order): fc.Arbitrary<Schedule> {
  const found = profileOf(profile);
  if (found === null) throw new Error(`there is no profile ${profile}`);
  if (focus === undefined) return found.schedules('wide');
  const { kinds } = focus;
  return schedules(found.name, {
    extent: 'narrow',
    steps: STEPS,
    knobs: knobs.map((each) => ({ ...each, ...focus.knobs })),
    topology: topologies(found.name, 'narrow').map((spec) => ({ ...spec, ...focus.topology }) as TopologySpec),
    ...(kinds === undefined ? {} : { kinds, leastKinds: Math.ceil(kinds.length / 2) }),
  });
}

function search(what: Order): Report {
  const { seed, schedules: count, from = 0, budgetMs = Infinity } = what;
  const all = fc.sample(drawn(what), { numRuns: count, seed });
  let played = from;
  let simulatedMs = 0;
  while (played < count && cpuMs() < budgetMs) {
    const schedule = all[played++]!;
    const outcome = playOne(schedule);
    simulatedMs += outcome.simulatedMs;
    if (outcome.violation === null) continue;
    return { played, simulatedMs, failure: { ...outcome.violation, schedule }, hashes: [] };
  }
  return { played, simulatedMs, failure: null, hashes: [] };
}

/** What this process has taken so far: on a machine that does other things too, a clock says little. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function replay(schedule: Schedule): Report {
  const { violation, simulatedMs, traceHash } = playOne(schedule);
  const failure = violation === null ? null : { ...violation, schedule };
  return { played: 1, simulatedMs, failure, hashes: [traceHash] };
}

function hashes(what: Order): Report {
  const outcomes = fc
    .sample(drawn(what), { numRuns: what.schedules, seed: what.seed })
    .map((schedule) => play(schedule));
  const simulatedMs = outcomes.reduce((sum, outcome) => sum + outcome.simulatedMs, 0);
  return { played: what.schedules, simulatedMs, failure: null, hashes: outcomes.map(({ traceHash }) => traceHash) };
}

function perform(order: Order): Report {
  if (order.kind === 'hashes') return hashes(order);
  return order.kind === 'search' ? search(order) : replay(order.schedule as Schedule);
}

process.stdout.write(`${JSON.stringify(perform(JSON.parse(process.argv[2]!) as Order))}\n`);
