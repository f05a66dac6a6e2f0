/**
 * What the parts of the cluster machine work on: the state, the time of this turn, the settings, and the services of the
 * server around it. The machine itself opens nothing and waits for nothing; frames that it wants to send go to the
 * outbox, and leave when the turn is over and the state is saved.
 */
import type { Random } from '../host/host.ts';
import type { Outbox } from './bus/outbox.ts';
import type { ClusterEvent } from './events.ts';
import type { ClusterPace } from './pace.ts';
import type { ClusterNode, ClusterState } from './state.ts';

/** The parameters `cluster-*`, as they are now. */
export interface ClusterSettings {
  readonly nodeTimeoutMs: number;
  readonly replicaValidityFactor: number;
  readonly migrationBarrier: number;
  readonly replicaNoFailover: boolean;
  readonly allowReplicaMigration: boolean;
  readonly requireFullCoverage: boolean;
  readonly linkBufferLimitBytes: number;
  readonly announceIp: string;
  readonly announceHostname: string;
  /** What other nodes are told. */
  readonly announcedPort: number;
  readonly announcedBusPort: number;
  readonly replicationPingPeriodMs: number;
  /** May be set by whoever runs the node. */
  pace: ClusterPace;
}

export interface ClusterLog {
  /** Whether `debug` writes anything: worth asking where it is called often. */
  readonly isDebugging: boolean;
  debug(message: string): void;
  verbose(message: string): void;
  notice(message: string): void;
  warning(message: string): void;
}

/** What the machine asks of the server that it is part of. Everything is done when the call returns. */
export interface NodeServices {
  /** Of a master, the length of its replication stream; of a replica, how much of it is processed. */
  readonly replicationOffset: number;
  /** Whether replication is on: somebody is followed. */
  readonly isFollowing: boolean;
  /** Since when a replica has not heard from its master, in ms, counted in whole seconds. */
  readonly dataAgeMs: number;
  follow(host: string, port: number): void;
  promote(): void;
  emptyDataset(): void;
  countKeysInSlot(slot: number): number;
  deleteKeysInSlot(slot: number): void;
  pauseWrites(untilMs: number): void;
  resumeWrites(): void;
  /** A message that was published on another node. */
  deliver(channel: Buffer, message: Buffer, isSharded: boolean): void;
  /** Opens the link to a node; it is the node's at once, and may fail later. */
  connect(node: ClusterNode): void;
}

export interface Core {
  state: ClusterState;
  /** Unix time in ms; stands still during a turn. */
  nowMs: number;
  readonly settings: ClusterSettings;
  readonly random: Random;
  readonly log: ClusterLog;
  readonly outbox: Outbox;
  readonly services: NodeServices;
  /** Type of frames to be ignored (DEBUG DROP-CLUSTER-PACKET-FILTER); -1 for none. */
  droppedType: number;
  /** Tells those who watch. */
  note(event: ClusterEvent): void;
}
