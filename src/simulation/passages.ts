/**
 * Steps that only tell together, and that chance hardly ever brings together: two administrators at once, a vote that comes
 * when the next election has begun, a handover that nothing disturbs. Each can lose single steps when it shrinks.
 */
import * as fc from 'fast-check';
import { BLOWS, forMs, gapMs, mask } from './draws.ts';
import type { Fault, FaultKind, Step, TopologyKind } from './schedule.ts';

interface Passage {
  /** Kinds of the faults in it. */
  readonly kinds: readonly FaultKind[];
  readonly steps: fc.Arbitrary<readonly Step[]>;
}

/** So long is a handover left alone. */
const UNDISTURBED_MS = 5000;

/** Some of these, in this order. */
function sequence(...steps: readonly fc.Arbitrary<Step>[]): fc.Arbitrary<Step[]> {
  const each = steps.map((step) =>
    fc.oneof({ withCrossShrink: true }, { weight: 1, arbitrary: fc.constant(null) }, { weight: 30, arbitrary: step }),
  );
  return fc.tuple(...each).map((drawn) => drawn.filter((one) => one !== null));
}

const after = (afterMs: fc.Arbitrary<number> | number, fault: fc.Arbitrary<Fault>): fc.Arbitrary<Step> =>
  fc.record({ afterMs: typeof afterMs === 'number' ? fc.constant(afterMs) : afterMs, fault });

const constant = fc.constant<Fault>;

/** Strikes a node as soon as it does one of these. */
function strikeAt(...events: readonly string[]): fc.Arbitrary<Fault> {
  return fc.record({
    kind: fc.constant('on-event' as const),
    event: fc.constantFrom(...events),
    occurrence: fc.constantFrom(1, 2),
    act: fc.constantFrom(...BLOWS),
    forMs,
  });
}

/** Longer than a failover takes. */
const killOf = (...nodes: readonly number[]): fc.Arbitrary<Fault> =>
  fc.record({
    kind: fc.constant('kill' as const),
    node: fc.constantFrom(...nodes),
    forMs: fc.constantFrom(20_000, 40_000),
  });

// --------------------------------------------------------------------------------------------------------------- clusters

/** In a cluster of three masters, a replica of each. */
const REPLICAS = [3, 4, 5] as const;

const takeover = (node: fc.Arbitrary<number>): fc.Arbitrary<Fault> =>
  fc.record({ kind: fc.constant('cluster-failover' as const), node, mode: fc.constant('takeover' as const) });

/** Two of these; where masters have two replicas each, the last three pairs are those of one master. */
const PAIRS: readonly (readonly [number, number])[] = [
  [3, 4],
  [5, 3],
  [4, 5],
  [3, 6],
  [7, 4],
  [5, 8],
];

/** Two replicas give themselves an epoch before either has heard of the other. */
const takeoversAtOnce: Passage = {
  kinds: ['cluster-failover'],
  steps: fc
    .constantFrom(...PAIRS)
    .chain(([one, other]) =>
      sequence(after(gapMs, takeover(fc.constant(one))), after(0, takeover(fc.constant(other)))),
    ),
};

/** They do so on both sides of a cut, or where one of them cannot hear the other. */
const takeoversApart: Passage = {
  kinds: ['cluster-failover', 'cut'],
  steps: sequence(
    after(gapMs, fc.record({ kind: fc.constant('cut' as const), mask, forMs: fc.constantFrom(2000, 4000, 8000) })),
    after(fc.constantFrom(100, 1000), takeover(fc.constantFrom(...REPLICAS))),
    after(fc.constantFrom(0, 100, 500), takeover(fc.constantFrom(...REPLICAS))),
  ),
};

/** A master votes, and is heard in the next election, which is twice as late as votes count. */
const lateVote: Passage = {
  kinds: ['kill', 'on-event'],
  steps: sequence(
    after(gapMs, killOf(0, 1, 2)),
    after(
      0,
      fc.record({
        kind: fc.constant('on-event' as const),
        event: fc.constant('vote'),
        occurrence: fc.constantFrom(1, 2),
        act: fc.constant('mute' as const),
        forMs: fc.constantFrom(5200, 5500, 6000),
      }),
    ),
  ),
};

/** Whoever does something in a failover is struck as it does it. */
const struckInFailover: Passage = {
  kinds: ['kill', 'on-event'],
  steps: sequence(
    after(gapMs, killOf(0, 1, 2)),
    after(0, strikeAt('election', 'vote', 'elected', 'promoted', 'follows')),
  ),
};

// -------------------------------------------------------------------------------------------------------------- sentinels

const lateVoter = (occurrence: number): fc.Arbitrary<Fault> =>
  fc.record({
    kind: fc.constant('on-event' as const),
    event: fc.constant('+vote-for-leader'),
    occurrence: fc.constant(occurrence),
    act: fc.constant('mute' as const),
    forMs: fc.constantFrom(4000, 8000, 13_000),
  });

/** A candidate votes for itself first. What the others answer arrives when it has given up, or tries again. */
const lateVotes: Passage = {
  kinds: ['kill', 'on-event'],
  steps: sequence(after(gapMs, killOf(0)), after(0, lateVoter(2)), after(0, lateVoter(3))),
};

const leaderStruck: Passage = {
  kinds: ['kill', 'on-event'],
  steps: sequence(
    after(gapMs, killOf(0)),
    after(
      0,
      strikeAt('+try-failover', '+vote-for-leader', '+elected-leader', '+selected-slave', '+promoted-slave', 'role'),
    ),
  ),
};

/** The replica that is not promoted does not reach the one that is: the failover ends when its time is up. */
const replicasApart: Passage = {
  kinds: ['kill', 'one-way'],
  steps: sequence(
    after(gapMs, constant({ kind: 'one-way', from: 1, to: 2, forMs: 40_000 })),
    after(fc.constantFrom(0, 500), killOf(0)),
  ),
};

// ------------------------------------------------------------------------------------------------------------ replication

const struckInSync: Passage = {
  kinds: ['restart', 'on-event'],
  steps: sequence(
    after(gapMs, strikeAt('sync')),
    after(0, fc.record({ kind: fc.constant('restart' as const), node: fc.nat(2) })),
  ),
};

// -------------------------------------------------------------------------------------------------------------------- all

const PASSAGES: Readonly<Record<TopologyKind, readonly Passage[]>> = {
  replication: [struckInSync],
  sentinel: [lateVotes, leaderStruck, replicasApart],
  cluster: [takeoversAtOnce, takeoversApart, lateVote, struckInFailover],
};

const HANDOVERS: Readonly<Partial<Record<TopologyKind, Passage>>> = {
  replication: { kinds: ['failover'], steps: sequence(after(gapMs, constant({ kind: 'failover', node: 0 }))) },
  cluster: {
    kinds: ['cluster-failover'],
    steps: sequence(
      after(
        gapMs,
        fc.record({
          kind: fc.constant('cluster-failover' as const),
          node: fc.constantFrom(...REPLICAS),
          mode: fc.constant('normal' as const),
        }),
      ),
    ),
  },
};

/** @param kinds those that may happen. @returns null if there are none. */
export function passagesOf(topology: TopologyKind, kinds: readonly FaultKind[]): fc.Arbitrary<readonly Step[]> | null {
  const possible = PASSAGES[topology].filter((passage) => isMadeOf(passage, kinds));
  return possible.length === 0 ? null : fc.oneof(...possible.map(({ steps }) => steps));
}

/** Puts a handover before all else, at times: at the beginning nothing disturbs it. */
export function opened(
  topology: TopologyKind,
  kinds: readonly FaultKind[],
  steps: fc.Arbitrary<readonly Step[]>,
): fc.Arbitrary<readonly Step[]> {
  const handover = HANDOVERS[topology];
  if (handover === undefined || !isMadeOf(handover, kinds)) return steps;
  const opening = fc.oneof(
    { withCrossShrink: true },
    { weight: 5, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: handover.steps },
  );
  return fc.tuple(opening, steps).map(([first, rest]) => {
    const [next, ...others] = rest;
    if (first.length === 0 || next === undefined) return [...first, ...rest];
    return [...first, { ...next, afterMs: next.afterMs + UNDISTURBED_MS }, ...others];
  });
}

function isMadeOf(passage: Passage, kinds: readonly FaultKind[]): boolean {
  return passage.kinds.every((kind) => kinds.includes(kind));
}
