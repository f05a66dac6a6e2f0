/**
 * Where higher floors plug in. The server calls these; replication and cluster implement them. Without them the server
 * is a standalone master.
 *
 * What they have to tell goes other ways: sections of INFO to `server.info.provide`, subcommands of DEBUG to
 * `server.debugging.provide`, memory to `server.memory.addSource`, periodic work to `server.cronDuties`.
 */
import type { Arguments } from '../core/arguments.ts';
import type { Call } from './call.ts';
import type { Command } from './command-table.ts';
import type { Session } from './session.ts';

/** Takes part in the stream of changes: the AOF, the replication backlog. */
export interface ChangeSink {
  /** Whether published messages are forwarded too: to replicas, not into files. */
  readonly takesMessages: boolean;
  /**
   * One command that changed the dataset, or must reach replicas; `database` is the one that it ran in. The arguments are
   * valid until this returns.
   */
  feed(database: number, args: Arguments): void;
}

/** A place in the history of the dataset, as a snapshot notes it. */
export interface ReplicationPosition {
  readonly id: string;
  readonly offset: number;
  /** The database that is selected in the stream there. */
  readonly database: number;
}

export interface ReplicationHook {
  readonly isReplica: boolean;
  /** Length of the stream: what a client's writes so far have come to. */
  readonly offset: number;
  /** Where the dataset stands, or null if nobody could go on from there. */
  readonly position: ReplicationPosition | null;
  /** Keys that clients of a writable replica gave an expire time. */
  readonly localExpiries: number;
  /** Answers ROLE. */
  replyRole(c: Call): void;
  /** Whether all replicas have acknowledged everything, and nobody has to wait for them. */
  readonly isInSync: boolean;
  /** Asks replicas for their offsets. */
  requestAcks(): void;
  /** The server is going down: tells the log which replicas lag behind. */
  logLag(): void;
  /** The dataset is about to be replaced: a snapshot of it that is on its way to replicas is of no use to them. */
  abandonSnapshot(): void;
  /** The server closes: nothing of the link to a master may be left. */
  stop(): void;
  /** Sends replicas what there is, now. */
  flush(): void;
  /** NOREPLICAS, if a command with these flags writes and there are too few. */
  refuseForLackOfReplicas(flags: number): string | null;
}

/** Which node serves a request. */
export interface ClusterRouter {
  /** The slot of the keys of the request that was looked at last, or -1. */
  readonly slot: number;
  /** Whether a request is plainly served here. If not, `route` finds out. */
  isSurelyOurs(command: Command, args: Arguments): boolean;
  /** @returns null to serve it here, or the error: MOVED, ASK, CROSSSLOT, TRYAGAIN, CLUSTERDOWN. */
  route(session: Session, command: Command, args: Arguments, flags: number): string | null;
}

/** Cluster mode. */
export interface ClusterHook {
  /** Loads what is known of the cluster and opens the bus. `done` gets null, or the text that is logged before giving up. */
  start(anyPort: boolean, done: (error: string | null) => void): void;
  /** The dataset is there. @returns null, or why the server cannot go on with it. */
  datasetLoaded(): string | null;
  /** The server closes: nothing of the bus may be left. */
  stop(done: () => void): void;
  /** A message was published here: tells the nodes that may have subscribers. */
  publish(channel: Uint8Array, message: Uint8Array, isSharded: boolean): void;
}

/** Sentinel mode. */
export interface SentinelHook {
  /** How often its timer runs in a second, at least: 10, as redis-sentinel's. */
  hz: number;
  /** Takes the configuration's `sentinel` lines in. `done` gets a ConfigError, or null. */
  load(done: (error: Error | null) => void): void;
  /** The server listens. */
  start(): void;
  /** The server closes. */
  stop(): void;
  /** Hears every event, as subscribers do. @returns ends that. */
  observe(
    observer: (event: { readonly type: string; readonly payload: string; readonly timeMs: number }) => void,
  ): () => void;
}

export interface Hooks {
  readonly changeSinks: ChangeSink[];
  replication: ReplicationHook | null;
  router: ClusterRouter | null;
  cluster: ClusterHook | null;
  sentinel: SentinelHook | null;
}

export function noHooks(): Hooks {
  return { changeSinks: [], replication: null, router: null, cluster: null, sentinel: null };
}
