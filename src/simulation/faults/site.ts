/** Where faults happen: what they can reach, and how they say when they are to be taken back. */
import type { SimProcess } from '../../sim/process.ts';
import type { World } from '../../sim/world.ts';
import type { SimTopology } from '../topologies/topology.ts';

export interface FaultSite {
  readonly world: World;
  readonly topology: SimTopology;
  readonly nodeCount: number;
  readonly clientNames: readonly string[];
  /** Any number is a node. */
  nodeOf(index: number): string;
  process(index: number): SimProcess;
  /** Takes a fault back after that time, or when all are over. */
  later(forMs: number, text: string, nodes: readonly string[], undo: () => void): void;
  /** Goes on after that time, unless all are over by then. */
  goOn(afterMs: number, next: () => void): void;
  /** Lets a node lose power at the n-th sync from now. */
  doom(node: string, writes: number, forMs: number): void;
}
