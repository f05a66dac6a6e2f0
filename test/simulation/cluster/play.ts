/**
 * Plays a schedule in two acts. In the first, faults happen and safety is checked at every turn. In the second all faults
 * are over, and in bounded time all nodes must be well and of one mind, and nothing may be missing that was promised.
 */
import { World, type WorldOptions } from '../../../src/sim/index.ts';
import { logsOf, waitForAgreement } from '../agreement.ts';
import { Checkers } from './checkers.ts';
import { ClusterSet } from './cluster-set.ts';
import { Faults } from './faults.ts';
import { closeOpenSlots } from './reshard.ts';
import type { Schedule } from './schedule.ts';
import { Writes } from './writes.ts';

const START_MAX_MS = 30_000;
const WRITE_EVERY_MS = 200;

export interface Outcome {
  /** What went wrong, or null. */
  readonly violation: string | null;
  readonly simulatedMs: number;
  /** Time from the end of all faults until all agreed. */
  readonly recoveryMs: number;
  readonly traceHash: number;
  /** How often which event happened. */
  readonly counts: ReadonlyMap<string, number>;
}

export interface PlayOptions {
  /** Lets a look at the cluster before it starts; for mutants. */
  readonly prepare?: (set: ClusterSet) => void;
  /** Gets the last lines of every log if something goes wrong. */
  readonly onFailure?: (logs: string) => void;
}

export function play(schedule: Schedule, options: PlayOptions = {}): Outcome {
  const world = new World({ seed: schedule.seed, ...mannersOf(schedule.seed) });
  const checkers = new Checkers();
  let faults: Faults | null = null;
  const set = new ClusterSet(world, schedule, {
    event: (name, cluster, event) => {
      checkers.event(name, cluster, event);
      faults?.onEvent(name, event.kind);
      if (!set.process(name).alive) checkers.died();
    },
    turn: (name, cluster) => checkers.turn(name, cluster),
  });
  options.prepare?.(set);
  const writes = schedule.isMild && schedule.replicas > 0 ? new Writes(set) : null;
  const failed = (): boolean => checkers.violation !== null;
  let recoveryMs = 0;
  const judge = (): string | null => {
    const noStart = waitForAgreement(set, failed, START_MAX_MS, () => closeOpenSlots(set));
    if (noStart !== null) return `no start: ${noStart}`;
    faults = new Faults(set, (what) => checkers.count(what));
    for (const { afterMs, fault } of schedule.steps) {
      pass(world, afterMs, failed, writes);
      if (failed()) break;
      faults.cause(fault);
    }
    pass(world, longest(schedule), failed, writes);
    faults.end();
    const healedMs = world.nowMs;
    const reason = waitForAgreement(set, failed, boundMs(schedule), () => closeOpenSlots(set));
    recoveryMs = world.nowMs - healedMs;
    return checkers.violation ?? reason ?? writes?.missing() ?? null;
  };
  const violation = judge();
  if (writes !== null) checkers.counts.set('writes waited for', writes.safeCount);
  if (violation !== null) options.onFailure?.(logsOf(set));
  return { violation, simulatedMs: world.nowMs, recoveryMs, traceHash: world.traceHash, counts: checkers.counts };
}

/** Streams that fall apart, and bytes that are looked after, are for the fourth part of all worlds: they cost time. */
function mannersOf(seed: number): Pick<WorldOptions, 'paranoid' | 'network'> {
  return seed % 4 === 0 ? {} : { paranoid: false, network: { chunking: 'whole' } };
}

function pass(world: World, durationMs: number, failed: () => boolean, writes: Writes | null): void {
  const endMs = world.nowMs + durationMs;
  while (world.nowMs < endMs && !failed()) {
    writes?.round();
    world.run({ until: failed, maxMs: Math.min(writes === null ? durationMs : WRITE_EVERY_MS, endMs - world.nowMs) });
  }
}

/** Faults that were begun last run for some time yet. */
function longest({ steps }: Schedule): number {
  return Math.min(8000, Math.max(0, ...steps.map(({ fault }) => ('forMs' in fault ? fault.forMs : 0))));
}

/**
 * A failed master is forgiven after two node timeouts, an election is repeated after four, a node that was forgotten is
 * heard of again after a minute, and what waits behind a cut comes late.
 */
function boundMs({ nodeTimeoutMs }: Schedule): number {
  return 20 * nodeTimeoutMs + 180_000;
}
