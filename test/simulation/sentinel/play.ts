/**
 * Plays a schedule in two acts. In the first, faults happen and safety is checked at every turn. In the second all faults
 * are over, and in bounded time there must be one master that all replicas follow and all sentinels know.
 */
import { World } from '../../../src/sim/index.ts';
import { logsOf, waitForAgreement } from '../agreement.ts';
import { Checkers } from './checkers.ts';
import { Faults } from './faults.ts';
import type { Mutant } from './mutants.ts';
import type { Schedule } from './schedule.ts';
import { SentinelSet } from './sentinel-set.ts';

const DISCOVERY_MAX_MS = 60_000;

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
  /** Sentinels with a mistake, which must be found. */
  readonly mutant?: Mutant;
  /** Gets the last lines of every log if something goes wrong. */
  readonly onFailure?: (logs: string) => void;
}

export function play(schedule: Schedule, options: PlayOptions = {}): Outcome {
  const { seed, replicas, sentinels, downAfterMs, failoverTimeoutMs, parallelSyncs } = schedule;
  const quorum = Math.max(1, Math.floor(sentinels / 2) + 1 - schedule.belowMajority);
  const world = new World({ seed });
  const checkers = new Checkers(sentinels, quorum);
  let faults: Faults | null = null;
  const set = new SentinelSet(
    world,
    { replicas, sentinels, quorum, downAfterMs, failoverTimeoutMs, parallelSyncs },
    {
      event: (name, sentinel, event) => {
        checkers.event(name, sentinel, event);
        faults?.onEvent(name, event.type);
      },
      turn: (name, sentinel) => checkers.turn(name, sentinel),
    },
    options.mutant ?? null,
  );
  const failed = (): boolean => checkers.violation !== null;
  let recoveryMs = 0;
  const judge = (): string | null => {
    if (!world.run({ until: () => failed() || set.isDiscovered, maxMs: DISCOVERY_MAX_MS })) return 'no discovery';
    faults = new Faults(set);
    for (const { afterMs, fault } of schedule.steps) {
      if (world.run({ until: failed, maxMs: afterMs })) break;
      faults.cause(fault);
    }
    if (!failed()) world.run({ until: failed, maxMs: longest(schedule) });
    faults.end();
    const healedMs = world.nowMs;
    const reason = waitForAgreement(set, failed, boundMs(schedule));
    recoveryMs = world.nowMs - healedMs;
    return checkers.violation ?? reason;
  };
  const violation = judge();
  if (violation !== null) options.onFailure?.(logsOf(set));
  return { violation, simulatedMs: world.nowMs, recoveryMs, traceHash: world.traceHash, counts: checkers.counts };
}

/** Faults that were begun last run for some time yet. */
function longest({ steps }: Schedule): number {
  return Math.min(20_000, Math.max(0, ...steps.map(({ fault }) => ('forMs' in fault ? fault.forMs : 0))));
}

/**
 * A failover that has just begun may fail and be repeated after twice its timeout, TILT lasts 30 s, a replica that
 * follows somebody else is told so after the failover timeout, and what waits behind a cut comes late.
 */
function boundMs({ failoverTimeoutMs, downAfterMs }: Schedule): number {
  return 5 * failoverTimeoutMs + 4 * downAfterMs + 120_000;
}
