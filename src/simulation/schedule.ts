/**
 * A schedule is all that a run follows from: which nodes there are, what befalls them when, what clients do meanwhile, and
 * the seed of everything else. It is data, so that it can be drawn, made smaller, kept in a file and played again.
 *
 * Everything in it can be left out or made smaller, and it still is a schedule. Times are gaps to the step before; nodes and
 * clients are numbers modulo how many there are; a fault that cannot happen does nothing but leave a line in the history.
 * Whatever takes dice forks them from the seed by a label of its own, so that a step less does not change the rest.
 */
import type { ChunkMode } from '../sim/chunking.ts';

export type TopologyKind = 'replication' | 'sentinel' | 'cluster';

/** A master and its replicas, whom nobody looks after but an administrator. Nodes: redis0 (the master), redis1, … */
export interface ReplicationSpec {
  readonly kind: 'replication';
  readonly replicas: number;
  /** Each replica follows the one before it instead of the master. */
  readonly chained: boolean;
}

/** A master, replicas and sentinels. Nodes: redis0 (the master at first), redis1, …, sentinel0, … */
export interface SentinelSpec {
  readonly kind: 'sentinel';
  readonly replicas: number;
  readonly sentinels: number;
  /** The quorum is more than half of the sentinels, less this. */
  readonly belowMajority: number;
  readonly downAfterMs: number;
  readonly failoverTimeoutMs: number;
  readonly parallelSyncs: number;
}

/** Nodes: node0, …; first the masters, then the replicas, in turn for each master. */
export interface ClusterSpec {
  readonly kind: 'cluster';
  readonly masters: number;
  /** Of each master. */
  readonly replicas: number;
  readonly nodeTimeoutMs: number;
  /** cluster-allow-replica-migration. */
  readonly migration: boolean;
}

export type TopologySpec = ReplicationSpec | SentinelSpec | ClusterSpec;

/** How servers are configured and how the world around them behaves. */
export interface Knobs {
  /** How streams of bytes fall apart; `drawn` gives each direction of each connection a manner of its own. */
  readonly chunking: ChunkMode | 'drawn';
  /** The host looks after the ownership of bytes, which costs time. */
  readonly paranoid: boolean;
  readonly backlogBytes: number;
  readonly replTimeoutSeconds: number;
  /** Snapshots go from master to replica without a file; on the replica's side `swapdb`. */
  readonly diskless: boolean;
  /** appendfsync, or `off`: without an append-only file. */
  readonly appendOnly: 'off' | 'everysec' | 'always';
  readonly minReplicas: number;
  readonly minReplicasMaxLagSeconds: number;
  /** Clients that do what `ops` says, and the load below. */
  readonly clients: number;
  /** Operations per second of all clients together, beside `ops`; drawn from the seed. */
  readonly opsPerSecond: number;
}

/** How long a fault lasts. */
interface Lasting {
  readonly forMs: number;
}

/** What can strike a single node. `mute`: what it sends meanwhile comes when it is over, and later; it hears everything. */
export type Blow = 'kill' | 'power-loss' | 'isolate' | 'mute' | 'pause';

export type NodeFault =
  | ({ readonly kind: Blow; readonly node: number } & Lasting)
  /** One after the other, until it is over for the last. */
  | ({ readonly kind: 'rolling'; readonly node: number; readonly count: number; readonly gapMs: number } & Lasting)
  /** More than half of those that vote: sentinels, masters of a cluster, or servers. */
  | ({ readonly kind: 'kill-majority' } & Lasting)
  /** A kill, and a start at once. */
  | { readonly kind: 'restart'; readonly node: number }
  | { readonly kind: 'clock-jump'; readonly node: number; readonly byMs: number }
  | ({ readonly kind: 'drift'; readonly node: number; readonly partsPerMillion: number } & Lasting);

export type NetworkFault =
  /** Bit n of `mask` says on which side node n is. */
  | ({ readonly kind: 'cut'; readonly mask: number } & Lasting)
  /** A cut, but `node` reaches both sides. */
  | ({ readonly kind: 'bridge'; readonly node: number; readonly mask: number } & Lasting)
  /** What `from` sends does not reach `to`. */
  | ({ readonly kind: 'one-way'; readonly from: number; readonly to: number } & Lasting)
  | ({ readonly kind: 'client-cut'; readonly client: number; readonly node: number } & Lasting)
  /** What `from` sends comes that late, more or less. */
  | ({ readonly kind: 'slow'; readonly from: number; readonly to: number; readonly delayMs: number } & Lasting)
  /** What `from` sends meanwhile comes when it is over, and later. */
  | ({ readonly kind: 'stall'; readonly from: number; readonly to: number } & Lasting)
  | ({ readonly kind: 'rate'; readonly from: number; readonly to: number; readonly bytesPerSecond: number } & Lasting)
  /** Between a node and all others, both ways. */
  | ({ readonly kind: 'loss'; readonly node: number; readonly percent: number } & Lasting)
  /** Cut off, and back, and cut off. */
  | ({ readonly kind: 'flap'; readonly node: number; readonly periodMs: number } & Lasting);

export type DiskFault =
  /** Each write and each sync takes that long. */
  | ({ readonly kind: 'disk-stall'; readonly node: number; readonly delayMs: number } & Lasting)
  /** The next syncs fail with EIO. */
  | { readonly kind: 'sync-eio'; readonly node: number; readonly count: number }
  | ({ readonly kind: 'enospc'; readonly node: number } & Lasting)
  /** Power loss at the moment of the n-th sync from now. */
  | ({ readonly kind: 'while-saving'; readonly node: number; readonly writes: number } & Lasting);

/**
 * Strikes the node that makes the n-th event of a type from now on. Types are those of `event` entries (history.ts), and
 * `sync` and `role` for what servers do.
 */
export type TargetedFault = {
  readonly kind: 'on-event';
  readonly event: string;
  readonly occurrence: number;
  readonly act: Blow;
} & Lasting;

/** What an administrator does. */
export type AdminFault =
  | { readonly kind: 'sentinel-failover' | 'sentinel-reset'; readonly node: number }
  | { readonly kind: 'cluster-failover'; readonly node: number; readonly mode: 'normal' | 'force' | 'takeover' }
  /** Some slots go from one master to another one, as redis-cli --cluster reshard moves them. Numbers are those of masters. */
  | { readonly kind: 'reshard'; readonly from: number; readonly to: number; readonly slots: number }
  | { readonly kind: 'forget'; readonly node: number; readonly other: number }
  /** REPLICAOF, of one server. */
  | { readonly kind: 'replicaof'; readonly node: number; readonly master: number }
  /** REPLICAOF NO ONE, and all others that can be reached follow. Where nobody else looks after them. */
  | { readonly kind: 'promote'; readonly node: number }
  /** FAILOVER of a master: writes wait, a replica takes over. */
  | { readonly kind: 'failover'; readonly node: number };

export type Fault = NodeFault | NetworkFault | DiskFault | TargetedFault | AdminFault;
export type FaultKind = Fault['kind'];

export interface Step {
  /** Time since the step before. */
  readonly afterMs: number;
  readonly fault: Fault;
}

/** What a client does; the workload makes commands of it, with values of which there are no two alike. */
export type ClientOp =
  | {
      readonly kind: 'get' | 'set' | 'incr' | 'del' | 'rpush' | 'lrange' | 'sadd' | 'smembers';
      readonly key: number;
    }
  /** Writes of all these keys in one transaction. In a cluster the keys share a slot. */
  | { readonly kind: 'multi'; readonly keys: readonly number[] }
  | { readonly kind: 'wait'; readonly replicas: number; readonly timeoutMs: number };

export interface Op {
  /** Time since the op before. */
  readonly afterMs: number;
  readonly client: number;
  readonly op: ClientOp;
}

export interface Schedule {
  readonly topology: TopologySpec;
  readonly knobs: Knobs;
  readonly seed: number;
  readonly steps: readonly Step[];
  readonly ops: readonly Op[];
  /** How long faults, and the load, go on after the last step. */
  readonly tailMs: number;
}

/** A schedule as people write it: what is left out is usual. */
export type ScheduleInput = Partial<Omit<Schedule, 'knobs' | 'topology'>> & {
  readonly topology: TopologyInput;
  readonly knobs?: Partial<Knobs>;
};

export type TopologyInput =
  | (Partial<ReplicationSpec> & { readonly kind: 'replication' })
  | (Partial<SentinelSpec> & { readonly kind: 'sentinel' })
  | (Partial<ClusterSpec> & { readonly kind: 'cluster' });

export const USUAL_KNOBS: Knobs = {
  chunking: 'whole',
  paranoid: false,
  backlogBytes: 1 << 20,
  replTimeoutSeconds: 10,
  diskless: true,
  appendOnly: 'off',
  minReplicas: 0,
  minReplicasMaxLagSeconds: 10,
  clients: 2,
  opsPerSecond: 0,
};

const USUAL_REPLICATION: ReplicationSpec = { kind: 'replication', replicas: 2, chained: false };

const USUAL_SENTINEL: SentinelSpec = {
  kind: 'sentinel',
  replicas: 2,
  sentinels: 3,
  belowMajority: 0,
  downAfterMs: 1000,
  failoverTimeoutMs: 6000,
  parallelSyncs: 1,
};

const USUAL_CLUSTER: ClusterSpec = { kind: 'cluster', masters: 3, replicas: 1, nodeTimeoutMs: 1000, migration: true };

export function topologyOf(input: TopologyInput): TopologySpec {
  switch (input.kind) {
    case 'replication':
      return { ...USUAL_REPLICATION, ...input };
    case 'sentinel':
      return { ...USUAL_SENTINEL, ...input };
    case 'cluster':
      return { ...USUAL_CLUSTER, ...input };
  }
}

export function scheduleOf({ topology, knobs, seed, steps, ops, tailMs }: ScheduleInput): Schedule {
  return {
    topology: topologyOf(topology),
    knobs: { ...USUAL_KNOBS, ...knobs },
    seed: seed ?? 1,
    steps: steps ?? [],
    ops: ops ?? [],
    tailMs: tailMs ?? 0,
  };
}

/** Takes a schedule from its one line of JSON. @throws TypeError if it is none. */
export function parseSchedule(json: string): Schedule {
  const input = JSON.parse(json) as Partial<ScheduleInput> | null;
  const kind = input?.topology?.kind;
  if (kind !== 'replication' && kind !== 'sentinel' && kind !== 'cluster') {
    throw new TypeError('This is no schedule: it has no topology of a known kind.');
  }
  const schedule = scheduleOf(input as ScheduleInput);
  for (const { afterMs, fault } of schedule.steps) {
    if (!(afterMs >= 0)) throw new TypeError(`This is no schedule: a step comes ${afterMs} ms after the one before.`);
    if (!FAULT_KINDS.has(fault?.kind))
      throw new TypeError(`This is no schedule: nobody knows the fault ${fault?.kind}.`);
  }
  return schedule;
}

/** Every kind of fault, so that a misspelt one is found. */
const KNOWN_FAULTS: Readonly<Record<FaultKind, true>> = {
  kill: true,
  'power-loss': true,
  isolate: true,
  mute: true,
  pause: true,
  rolling: true,
  'kill-majority': true,
  restart: true,
  'clock-jump': true,
  drift: true,
  cut: true,
  bridge: true,
  'one-way': true,
  'client-cut': true,
  slow: true,
  stall: true,
  rate: true,
  loss: true,
  flap: true,
  'disk-stall': true,
  'sync-eio': true,
  enospc: true,
  'while-saving': true,
  'on-event': true,
  'sentinel-failover': true,
  'sentinel-reset': true,
  'cluster-failover': true,
  reshard: true,
  forget: true,
  replicaof: true,
  promote: true,
  failover: true,
};

const FAULT_KINDS: ReadonlySet<string | undefined> = new Set(Object.keys(KNOWN_FAULTS));
