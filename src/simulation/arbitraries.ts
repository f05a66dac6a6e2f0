/**
 * Schedules, drawn at random and made to shrink: gaps and durations are coarse, the seed does not shrink, faults become
 * milder ones, knobs become the usual ones. Each schedule has kinds of faults that it knows and kinds that it does not: with
 * all of them at once, many a state is never reached.
 */
import * as fc from 'fast-check';
import { CHUNK_MODES } from '../sim/chunking.ts';
import { BLOWS, forMs, gapMs, mask, node } from './draws.ts';
import { opened, passagesOf } from './passages.ts';
import {
  type Blow,
  type ClusterSpec,
  type Fault,
  type FaultKind,
  type Knobs,
  type ReplicationSpec,
  type Schedule,
  type SentinelSpec,
  type Step,
  type TopologyKind,
  type TopologySpec,
  USUAL_KNOBS,
} from './schedule.ts';

/** How large schedules are, at most. */
export type Extent = 'wide' | 'narrow';

export interface ScheduleOptions {
  /** By default drawn, too. */
  readonly topology?: fc.Arbitrary<TopologySpec>;
  readonly knobs?: fc.Arbitrary<Knobs>;
  /** Kinds of faults that may happen; by default all that do something in the topology. From mild to harsh. */
  readonly kinds?: readonly FaultKind[];
  /** How many of these kinds a schedule knows at least; by default one. */
  readonly leastKinds?: number;
  readonly steps?: number;
  readonly extent?: Extent;
}

const EVERYWHERE: readonly FaultKind[] = [
  'pause',
  'slow',
  'client-cut',
  'isolate',
  'mute',
  'cut',
  'one-way',
  'stall',
  'bridge',
  'loss',
  'flap',
  'rate',
  'restart',
  'kill',
  'rolling',
  'kill-majority',
  'power-loss',
  'disk-stall',
  'sync-eio',
  'enospc',
  'drift',
  'clock-jump',
  'on-event',
  'while-saving',
];

const OF_TOPOLOGY: Readonly<Record<TopologyKind, readonly FaultKind[]>> = {
  replication: ['promote', 'replicaof', 'failover'],
  sentinel: ['sentinel-failover', 'sentinel-reset', 'replicaof'],
  cluster: ['cluster-failover', 'reshard', 'forget'],
};

const TARGET_EVENTS: Readonly<Record<TopologyKind, readonly string[]>> = {
  replication: ['sync', 'role'],
  sentinel: [
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
    'sync',
    'role',
  ],
  cluster: ['unreachable', 'failed', 'election', 'vote', 'elected', 'promoted', 'follows', 'state', 'sync'],
};

export function kindsOf(topology: TopologyKind): readonly FaultKind[] {
  return [...EVERYWHERE, ...OF_TOPOLOGY[topology]];
}

// ------------------------------------------------------------------------------------------------------------- topologies

const replicationSpecs: fc.Arbitrary<ReplicationSpec> = fc.record({
  kind: fc.constant('replication' as const),
  replicas: fc.constantFrom(1, 2, 3),
  chained: fc.boolean(),
});

const sentinelSpecs: fc.Arbitrary<SentinelSpec> = fc.record({
  kind: fc.constant('sentinel' as const),
  replicas: fc.integer({ min: 1, max: 3 }),
  sentinels: fc.integer({ min: 3, max: 5 }),
  belowMajority: fc.constantFrom(0, 0, 1),
  downAfterMs: fc.constantFrom(1000, 500, 3000, 10_000),
  failoverTimeoutMs: fc.constantFrom(6000, 12_000, 3000, 20_000),
  parallelSyncs: fc.constantFrom(1, 2),
});

/**
 * Everybody talks to everybody: large clusters are played, but not often. Below a second there is no keep-alive on the bus, so
 * what was sent on a connection that is given up can come late.
 */
const wideClusterSpecs: fc.Arbitrary<ClusterSpec> = fc.record({
  kind: fc.constant('cluster' as const),
  masters: fc.constantFrom(3, 3, 3, 3, 3, 3, 3, 3, 4, 5),
  replicas: fc.constantFrom(1, 1, 1, 1, 1, 1, 2, 2, 0),
  nodeTimeoutMs: fc.constantFrom(2000, 1000, 5000, 900, 500),
  migration: fc.boolean(),
});

const narrowClusterSpecs: fc.Arbitrary<ClusterSpec> = fc.record({
  kind: fc.constant('cluster' as const),
  masters: fc.constant(3),
  replicas: fc.constantFrom(1, 1, 1, 2),
  nodeTimeoutMs: fc.constantFrom(1000, 500, 900),
  migration: fc.boolean(),
});

export function topologies(kind: TopologyKind, extent: Extent = 'wide'): fc.Arbitrary<TopologySpec> {
  switch (kind) {
    case 'replication':
      return replicationSpecs;
    case 'sentinel':
      return sentinelSpecs;
    case 'cluster':
      return extent === 'wide' ? wideClusterSpecs : narrowClusterSpecs;
  }
}

// ------------------------------------------------------------------------------------------------------------------ knobs

/** The first of each is the usual one, which it shrinks to. Streams that fall apart are for some worlds: they cost time. */
export const knobs: fc.Arbitrary<Knobs> = fc.record({
  chunking: fc.constantFrom('whole', 'whole', 'whole', 'drawn', ...CHUNK_MODES),
  paranoid: fc.constantFrom(false, false, false, true),
  backlogBytes: fc.constantFrom(USUAL_KNOBS.backlogBytes, 16_384, 65_536),
  replTimeoutSeconds: fc.constantFrom(10, 5, 30),
  diskless: fc.constantFrom(true, false),
  appendOnly: fc.constantFrom('off', 'off', 'everysec', 'always'),
  minReplicas: fc.constantFrom(0, 0, 0, 1),
  minReplicasMaxLagSeconds: fc.constantFrom(10, 2),
  clients: fc.constantFrom(2, 1, 4),
  opsPerSecond: fc.constantFrom(10, 0, 30),
});

// ----------------------------------------------------------------------------------------------------------------- faults

function faultsOf(kind: FaultKind, topology: TopologyKind): fc.Arbitrary<Fault> {
  switch (kind) {
    case 'kill':
    case 'power-loss':
    case 'isolate':
    case 'mute':
    case 'pause':
      return fc.record({ kind: fc.constant(kind), node, forMs });
    case 'cut':
      return fc.record({ kind: fc.constant(kind), mask, forMs });
    case 'bridge':
      return fc.record({ kind: fc.constant(kind), node, mask, forMs });
    case 'one-way':
    case 'stall':
      return fc.record({ kind: fc.constant(kind), from: node, to: node, forMs });
    case 'client-cut':
      return fc.record({ kind: fc.constant(kind), client: fc.nat(3), node, forMs });
    case 'slow': {
      const delayMs = fc.constantFrom(50, 500, 3000, 15_000);
      return fc.record({ kind: fc.constant(kind), from: node, to: node, delayMs, forMs });
    }
    case 'rate': {
      const bytesPerSecond = fc.constantFrom(20_000, 2000, 200);
      return fc.record({ kind: fc.constant(kind), from: node, to: node, bytesPerSecond, forMs });
    }
    case 'loss':
      return fc.record({ kind: fc.constant(kind), node, percent: fc.constantFrom(10, 30, 60), forMs });
    case 'flap':
      return fc.record({ kind: fc.constant(kind), node, periodMs: fc.constantFrom(500, 1500, 4000), forMs });
    default:
      return rarerFaultsOf(kind, topology);
  }
}

type RarerKind = Exclude<
  FaultKind,
  Blow | 'cut' | 'bridge' | 'one-way' | 'stall' | 'client-cut' | 'slow' | 'rate' | 'loss' | 'flap'
>;

function rarerFaultsOf(kind: RarerKind, topology: TopologyKind): fc.Arbitrary<Fault> {
  switch (kind) {
    case 'restart':
    case 'sentinel-failover':
    case 'sentinel-reset':
    case 'promote':
    case 'failover':
      return fc.record({ kind: fc.constant(kind), node });
    case 'rolling': {
      const gapMs = fc.constantFrom(2000, 500, 0);
      return fc.record({ kind: fc.constant(kind), node, count: fc.integer({ min: 2, max: 4 }), gapMs, forMs });
    }
    case 'kill-majority':
      return fc.record({ kind: fc.constant(kind), forMs });
    case 'clock-jump':
      return fc.record({
        kind: fc.constant(kind),
        node,
        byMs: fc.constantFrom(-500, 1500, 5000, -20_000, 60_000, -3_600_000),
      });
    case 'drift':
      return fc.record({
        kind: fc.constant(kind),
        node,
        partsPerMillion: fc.constantFrom(200, -200, 50_000, -50_000),
        forMs,
      });
    case 'disk-stall':
      return fc.record({ kind: fc.constant(kind), node, delayMs: fc.constantFrom(20, 200, 2000), forMs });
    case 'sync-eio':
      return fc.record({ kind: fc.constant(kind), node, count: fc.integer({ min: 1, max: 3 }) });
    case 'enospc':
      return fc.record({ kind: fc.constant(kind), node, forMs });
    case 'while-saving':
      return fc.record({ kind: fc.constant(kind), node, writes: fc.integer({ min: 1, max: 6 }), forMs });
    case 'on-event':
      return fc.record({
        kind: fc.constant(kind),
        event: fc.constantFrom(...TARGET_EVENTS[topology]),
        occurrence: fc.constantFrom(1, 1, 2, 3),
        act: fc.constantFrom(...BLOWS),
        forMs,
      });
    case 'cluster-failover': {
      const mode = fc.constantFrom('normal' as const, 'force' as const, 'takeover' as const);
      return fc.record({ kind: fc.constant(kind), node, mode });
    }
    case 'reshard':
      return fc.record({ kind: fc.constant(kind), from: node, to: node, slots: fc.integer({ min: 1, max: 40 }) });
    case 'forget':
      return fc.record({ kind: fc.constant(kind), node, other: node });
    case 'replicaof':
      return fc.record({ kind: fc.constant(kind), node, master: node });
  }
}

// -------------------------------------------------------------------------------------------------------------- schedules

const STEPS: Readonly<Record<Extent, number>> = { wide: 12, narrow: 5 };

/** fast-check never drops the last element of an array; so each may shrink to nothing by itself, and nothing is left out. */
function stepsOf(
  step: fc.Arbitrary<Step>,
  passages: fc.Arbitrary<readonly Step[]> | null,
  maxLength: number,
): fc.Arbitrary<readonly Step[]> {
  const some = fc.oneof(
    { withCrossShrink: true },
    { weight: 1, arbitrary: fc.constant([]) },
    { weight: 30, arbitrary: step.map((one) => [one]) },
    ...(passages === null ? [] : [{ weight: 2, arbitrary: passages }]),
  );
  return fc.array(some, { minLength: 1, maxLength, size: 'max' }).map((steps) => steps.flat());
}

export function schedules(topology: TopologyKind, options: ScheduleOptions = {}): fc.Arbitrary<Schedule> {
  const { extent = 'wide', kinds = kindsOf(topology), leastKinds = 1 } = options;
  const known = fc.subarray([...kinds], { minLength: Math.min(leastKinds, kinds.length), maxLength: kinds.length });
  return known.chain((chosen) => {
    const fault = fc.oneof({ withCrossShrink: true }, ...chosen.map((kind) => faultsOf(kind, topology)));
    const step = fc.record({ afterMs: gapMs, fault });
    return fc.record({
      topology: options.topology ?? topologies(topology, extent),
      knobs: options.knobs ?? knobs,
      seed: fc.noShrink(fc.nat()),
      steps: opened(topology, chosen, stepsOf(step, passagesOf(topology, chosen), options.steps ?? STEPS[extent])),
      ops: fc.constant([]),
      tailMs: fc.constantFrom(5000, 0, 10_000, 20_000),
    });
  });
}
