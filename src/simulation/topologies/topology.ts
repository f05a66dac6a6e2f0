/** What all simulated topologies have in common: nodes that boot from their own disks, and a view of who is what. */
import type { Replication } from '../../replication/replication.ts';
import type { Server } from '../../server/server.ts';
import type { SimProcess } from '../../sim/process.ts';
import type { World } from '../../sim/world.ts';
import type { Step, TopologyKind, TopologySpec } from '../schedule.ts';

/** Hears of what happens in the nodes; of the lives that they have now. */
export interface TopologyWatcher {
  /** A server or sentinel is made, and not started yet. */
  boot(node: string): void;
  /** In the midst of a turn. */
  event(node: string, event: string, payload: string): void;
  /** A turn of a sentinel or a cluster node is over, and the node lives. */
  turn(node: string): void;
}

export interface SimTopology {
  readonly kind: TopologyKind;
  readonly spec: TopologySpec;
  readonly world: World;
  /** All nodes, servers first. */
  readonly names: readonly string[];
  /** Those that hold data. */
  readonly serverNames: readonly string[];
  /** Those of whom a majority decides. */
  readonly voterNames: readonly string[];
  /** Where servers listen. */
  readonly port: number;
  /** Boots all nodes, for the first time. */
  boot(): void;
  process(node: string): SimProcess;
  /** The server that lives there now, if one does; of a sentinel, the one that it lives in. */
  server(node: string): Server | null;
  replication(node: string): Replication | null;
  /** The node with that address, or the address itself: `10.0.0.1`, `10.0.0.1:6379`. */
  nodeAt(address: string): string;
  /** A command on a node that lives and is not held up. @returns its reply, or null if nobody answers. */
  call(node: string, ...words: (string | number)[]): unknown;
  /** Everybody has found everybody: faults may begin. */
  readonly isReady: boolean;
  /** Why it is not so that all are of one mind and every replica has its master; null if it is. */
  disagreement(): string | null;
  /** What an administrator looks after, when there are no faults. @returns an exemption, if he had to help. */
  tend(): string | null;
  /** These faults are over: within so long there must be agreement. */
  recoveryMaxMs(steps: readonly Step[]): number;
}
