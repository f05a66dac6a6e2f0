/**
 * What the commands of a cluster node ask of the machine behind them (cluster.ts). Commands check their arguments and
 * the state, change slots by themselves, and leave to the machine whatever concerns other nodes, roles or the disk.
 */
import type { Server } from '../server/server.ts';
import type { ClusterNode, ClusterState } from './state.ts';

/** How a replica takes the place of its master. */
export type FailoverKind = 'normal' | 'force' | 'takeover';

export interface ClusterControl {
  readonly server: Server;
  readonly state: ClusterState;
  /** Does now what a command has left to do before the turn ends. */
  settle(): void;
  /** Begins a handshake, unless one with that address is under way. The address is numeric and valid. */
  meet(ip: string, port: number, busPort: number): void;
  /** Removes a node and keeps gossip from bringing it back for a minute. */
  forget(node: ClusterNode): void;
  /** Becomes the replica of a master. */
  replicate(master: ClusterNode): void;
  /** Forgets nodes, slots and, on a replica, the dataset; with `hard` also epochs and its own id. */
  reset(hard: boolean): void;
  /** Takes the next epoch without asking anybody, unless this node has the highest. @returns whether it did. */
  bumpEpoch(): boolean;
  /** Starts a manual failover on this replica; its master is known. */
  failover(kind: FailoverKind): void;
  /** Saves nodes.conf now. @returns what the system says went wrong, or null. */
  saveNodes(): string | null;
  /** Tells every node what this one has. */
  broadcastPong(): void;
  /** Sends a message to all nodes, or to those of this shard. */
  publish(channel: Uint8Array, message: Uint8Array, isSharded: boolean): void;
  /** Fresh reports of other masters that a node fails. */
  failureReports(node: ClusterNode): number;
}
