/**
 * A schedule of faults is data: what is there, and what befalls it when. Everything in it can be left out or made smaller and
 * it still is a schedule, so a failing one shrinks by itself: nodes are numbers modulo how many there are, a fault that
 * cannot happen does not, times are gaps to the step before.
 *
 * Each schedule has kinds of faults that it knows and kinds that it does not. In a `mild` one nobody forgets anything: there
 * are only those faults from which Redis promises to save what a client has waited for.
 */
import * as fc from 'fast-check';
import type { ClusterEvent } from '../../../src/cluster/events.ts';

/** How long a fault lasts. */
interface Lasting {
  readonly forMs: number;
}

export type FailoverMode = 'normal' | 'force' | 'takeover';

export type Fault =
  | ({ readonly kind: 'kill' | 'power-loss' | 'pause' | 'isolate'; readonly node: number } & Lasting)
  /** Bit n of `mask` says on which side node n is. */
  | ({ readonly kind: 'cut'; readonly mask: number } & Lasting)
  | ({ readonly kind: 'one-way'; readonly from: number; readonly to: number } & Lasting)
  /** What `from` sends comes that late. */
  | ({ readonly kind: 'slow'; readonly from: number; readonly to: number; readonly delayMs: number } & Lasting)
  /** At the next event of that kind, of whichever node. */
  | ({
      readonly kind: 'on-event';
      readonly event: ClusterEvent['kind'];
      readonly act: 'kill' | 'power-loss' | 'isolate' | 'pause';
    } & Lasting)
  /** Power loss of a node while it writes its file, after so many writes. */
  | ({ readonly kind: 'while-saving'; readonly node: number; readonly writes: number } & Lasting)
  /** CLUSTER FAILOVER, of a node that is a replica then. */
  | { readonly kind: 'failover' | 'takeover'; readonly node: number; readonly force: boolean }
  /** Some slots without keys go from one master to another one. */
  | { readonly kind: 'reshard'; readonly from: number; readonly to: number; readonly slots: number }
  /** One node forgets another one. */
  | { readonly kind: 'forget'; readonly node: number; readonly other: number };

export type FaultKind = Fault['kind'];

export interface Step {
  /** Time since the step before. */
  readonly afterMs: number;
  readonly fault: Fault;
}

export interface Schedule {
  readonly seed: number;
  readonly masters: number;
  /** Of each master. */
  readonly replicas: number;
  readonly nodeTimeoutMs: number;
  readonly isMild: boolean;
  readonly migration: boolean;
  readonly steps: readonly Step[];
}

const MILD: readonly FaultKind[] = ['isolate', 'cut', 'one-way', 'pause', 'slow', 'failover', 'on-event'];
const WILD: readonly FaultKind[] = [...MILD, 'kill', 'power-loss', 'while-saving', 'takeover', 'reshard', 'forget'];
const TARGET_EVENTS: readonly ClusterEvent['kind'][] = [
  'unreachable',
  'failed',
  'election',
  'vote',
  'elected',
  'promoted',
  'follows',
  'state',
];

/** How large schedules are, at most. */
interface Extent {
  readonly masters: readonly number[];
  readonly replicas: readonly number[];
  readonly nodeTimeoutsMs: readonly number[];
  readonly steps: number;
}

/** Everybody talks to everybody: large clusters are played, but not often. */
const WIDE: Extent = {
  masters: [3, 3, 3, 3, 3, 3, 4, 4, 5, 7],
  replicas: [1, 1, 1, 1, 1, 2, 2, 0, 3],
  nodeTimeoutsMs: [2000, 1000, 5000, 2000, 500],
  steps: 10,
};

/** What can be played a hundred times while somebody waits. */
const NARROW: Extent = { masters: [3], replicas: [1, 1, 1, 2], nodeTimeoutsMs: [1000, 500], steps: 5 };

const gapMs = fc.integer({ min: 0, max: 35 }).map((tenths) => tenths * 100);
const forMs = fc.oneof(
  { withCrossShrink: true },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 8 }).map((halves) => halves * 500) },
  { weight: 3, arbitrary: fc.integer({ min: 3, max: 15 }).map((seconds) => seconds * 1000) },
);
/** The first nodes are the masters at the start: often it is one of them that is struck. */
const node = fc.oneof({ weight: 2, arbitrary: fc.nat(2) }, { weight: 3, arbitrary: fc.nat(27) });

function faultOf(kind: FaultKind, isMild: boolean): fc.Arbitrary<Fault> {
  switch (kind) {
    case 'kill':
    case 'power-loss':
    case 'pause':
    case 'isolate':
      return fc.record({ kind: fc.constant(kind), node, forMs });
    case 'cut':
      return fc.record({ kind: fc.constant(kind), mask: fc.nat(2 ** 28 - 1), forMs });
    case 'one-way':
      return fc.record({ kind: fc.constant(kind), from: node, to: node, forMs });
    case 'slow':
      return fc.record({
        kind: fc.constant(kind),
        from: node,
        to: node,
        delayMs: fc.constantFrom(50, 500, 3000),
        forMs,
      });
    case 'on-event':
      return fc.record({
        kind: fc.constant(kind),
        event: fc.constantFrom(...TARGET_EVENTS),
        act: isMild
          ? fc.constantFrom('isolate' as const, 'pause' as const)
          : fc.constantFrom('kill' as const, 'power-loss' as const, 'isolate' as const, 'pause' as const),
        forMs,
      });
    case 'while-saving':
      return fc.record({ kind: fc.constant(kind), node, writes: fc.integer({ min: 1, max: 6 }), forMs });
    case 'failover':
      return fc.record({ kind: fc.constant(kind), node, force: isMild ? fc.constant(false) : fc.boolean() });
    case 'takeover':
      return fc.record({ kind: fc.constant(kind), node, force: fc.constant(true) });
    case 'reshard':
      return fc.record({ kind: fc.constant(kind), from: node, to: node, slots: fc.integer({ min: 1, max: 40 }) });
    case 'forget':
      return fc.record({ kind: fc.constant(kind), node, other: node });
  }
}

function schedulesOf(extent: Extent): fc.Arbitrary<Schedule> {
  return fc.boolean().chain((isMild) =>
    fc.subarray([...(isMild ? MILD : WILD)], { minLength: 1 }).chain((kinds) =>
      fc.record({
        seed: fc.noShrink(fc.nat()),
        masters: fc.constantFrom(...extent.masters),
        replicas: fc.constantFrom(...extent.replicas),
        nodeTimeoutMs: fc.constantFrom(...extent.nodeTimeoutsMs),
        isMild: fc.constant(isMild),
        migration: isMild ? fc.constant(false) : fc.boolean(),
        steps: fc.array(fc.record({ afterMs: gapMs, fault: fc.oneof(...kinds.map((kind) => faultOf(kind, isMild))) }), {
          minLength: 1,
          maxLength: extent.steps,
          size: 'max',
        }),
      }),
    ),
  );
}

export const schedules = schedulesOf(WIDE);
export const narrowSchedules = schedulesOf(NARROW);
