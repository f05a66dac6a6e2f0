/**
 * Who judges a run. A checker stands for one promise and has an id that never changes; it is made anew for each run, hears
 * what happens and looks at the nodes when their turns are over. The first violation ends the run.
 *
 * An exemption is a case in which a promise does not hold and Redis says so. Each has a name and is counted, so that none
 * can swallow what it was not meant for. Coverage counts what is worth reaching: a run in which it never happens tells
 * nothing about it.
 */
import type { HistoryEntry } from './history.ts';
import type { Run } from './run.ts';

export interface Checker {
  /** R1, S2, C3, H4: stable, since people name it in what they keep. */
  readonly id: string;
  /** One sentence, with where Redis promises it. */
  readonly promise: string;
  /** A node has been made, and is about to start: for whoever wants to observe its parts. */
  onBoot?(node: string): void;
  /** In the midst of things; what a node does in a turn counts when the turn is over. */
  onEntry?(entry: HistoryEntry): void;
  /** A turn of a sentinel or a cluster node is over: everything is saved and sent, and it lives. */
  onTurn?(node: string): void;
  /** After each event of the world. Costs time: for what can be seen in no other way. */
  onEvent?(): void;
  /** Faults are over, and all nodes have come to agree. */
  atEnd?(): void;
}

export type MakeChecker = (run: Run) => Checker;

export interface Violation {
  readonly checker: string;
  readonly text: string;
}

/** Counts by name. */
export class Counts extends Map<string, number> {
  add(name: string, count = 1): void {
    this.set(name, (this.get(name) ?? 0) + count);
  }

  addAll(others: ReadonlyMap<string, number>): void {
    for (const [name, count] of others) this.add(name, count);
  }
}
