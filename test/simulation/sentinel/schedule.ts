/**
 * A schedule of faults is data: what is there, and what befalls it when. Everything in it can be left out or made smaller and
 * it still is a schedule, so a failing one shrinks by itself: nodes are numbers modulo how many there are, a fault that
 * cannot happen does not, times are gaps to the step before.
 *
 * Each schedule has kinds of faults that it knows and kinds that it does not: with all of them at once, many a state is
 * never reached.
 */
import * as fc from 'fast-check';

/** How long a fault lasts. */
interface Lasting {
  readonly forMs: number;
}

export type Fault =
  | ({ readonly kind: 'kill' | 'power-loss' | 'pause' | 'isolate'; readonly node: number } & Lasting)
  /** Bit n of `mask` says on which side node n is. */
  | ({ readonly kind: 'cut'; readonly mask: number } & Lasting)
  | ({ readonly kind: 'one-way'; readonly from: number; readonly to: number } & Lasting)
  /** What `from` sends comes that late. */
  | ({ readonly kind: 'slow'; readonly from: number; readonly to: number; readonly delayMs: number } & Lasting)
  | { readonly kind: 'clock-jump'; readonly node: number; readonly byMs: number }
  /** At the next event of that type, of whichever sentinel. */
  | ({ readonly kind: 'on-event'; readonly event: string; readonly act: 'kill' | 'power-loss' | 'isolate' } & Lasting)
  /** Power loss of a sentinel while it writes its file, after so many writes. */
  | ({ readonly kind: 'while-saving'; readonly node: number; readonly writes: number } & Lasting);

export type FaultKind = Fault['kind'];

export interface Step {
  /** Time since the step before. */
  readonly afterMs: number;
  readonly fault: Fault;
}

export interface Schedule {
  readonly seed: number;
  readonly replicas: number;
  readonly sentinels: number;
  /** More than half of the sentinels, less this: so it may be less than a majority. */
  readonly belowMajority: number;
  readonly downAfterMs: number;
  readonly failoverTimeoutMs: number;
  readonly parallelSyncs: number;
  readonly steps: readonly Step[];
}

const KINDS: readonly FaultKind[] = [
  'kill',
  'isolate',
  'cut',
  'one-way',
  'pause',
  'power-loss',
  'slow',
  'clock-jump',
  'on-event',
  'while-saving',
];

const TARGET_EVENTS = [
  '+try-failover',
  '+vote-for-leader',
  '+elected-leader',
  '+selected-slave',
  '+failover-state-wait-promotion',
  '+promoted-slave',
  '+failover-end',
  '+switch-master',
  '+odown',
  '+convert-to-slave',
];

const STEPS_MAX = 14;

const gapMs = fc.integer({ min: 0, max: 80 }).map((tenths) => tenths * 100);
/** Long enough to outlast every timeout of an election, at times. */
const forMs = fc.oneof(
  { withCrossShrink: true },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 8 }).map((halves) => halves * 500) },
  { weight: 2, arbitrary: fc.integer({ min: 5, max: 40 }).map((seconds) => seconds * 1000) },
);
/** The first node is the master at the start: often it is the one that is struck. */
const node = fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(15) });

const FAULTS: Readonly<Record<FaultKind, fc.Arbitrary<Fault>>> = {
  kill: fc.record({ kind: fc.constant('kill' as const), node, forMs }),
  'power-loss': fc.record({ kind: fc.constant('power-loss' as const), node, forMs }),
  pause: fc.record({ kind: fc.constant('pause' as const), node, forMs }),
  isolate: fc.record({ kind: fc.constant('isolate' as const), node, forMs }),
  cut: fc.record({ kind: fc.constant('cut' as const), mask: fc.nat(511), forMs }),
  'one-way': fc.record({ kind: fc.constant('one-way' as const), from: node, to: node, forMs }),
  slow: fc.record({
    kind: fc.constant('slow' as const),
    from: node,
    to: node,
    delayMs: fc.constantFrom(50, 500, 3000, 15_000),
    forMs,
  }),
  'clock-jump': fc.record({
    kind: fc.constant('clock-jump' as const),
    node,
    byMs: fc.constantFrom(-3_600_000, -20_000, -500, 1500, 5000, 60_000),
  }),
  'on-event': fc.record({
    kind: fc.constant('on-event' as const),
    event: fc.constantFrom(...TARGET_EVENTS),
    act: fc.constantFrom('kill' as const, 'power-loss' as const, 'isolate' as const),
    forMs,
  }),
  'while-saving': fc.record({
    kind: fc.constant('while-saving' as const),
    node,
    writes: fc.integer({ min: 1, max: 6 }),
    forMs,
  }),
};

/** @param least how many kinds of faults a schedule knows at least. */
export function schedulesOf(all: readonly FaultKind[], least: number): fc.Arbitrary<Schedule> {
  return fc.subarray([...all], { minLength: least }).chain((kinds) =>
    fc.record({
      seed: fc.noShrink(fc.nat()),
      replicas: fc.integer({ min: 1, max: 3 }),
      sentinels: fc.integer({ min: 3, max: 5 }),
      belowMajority: fc.constantFrom(0, 0, 1),
      downAfterMs: fc.constantFrom(1000, 500, 3000, 10_000),
      failoverTimeoutMs: fc.constantFrom(6000, 12_000, 3000, 20_000),
      parallelSyncs: fc.constantFrom(1, 2),
      steps: fc.array(fc.record({ afterMs: gapMs, fault: fc.oneof(...kinds.map((kind) => FAULTS[kind])) }), {
        minLength: 1,
        maxLength: STEPS_MAX,
        size: 'max',
      }),
    }),
  );
}

export const schedules = schedulesOf(KINDS, 1);
