/** What faults have to take back: each when its time is up, or all at the end, whichever comes first. */
import type { World } from '../../sim/world.ts';

export class Ledger {
  readonly #world: World;
  readonly #open = new Set<() => void>();
  /** No fault does anything any more. */
  isOver = false;

  constructor(world: World) {
    this.#world = world;
  }

  /** Takes something back later. */
  later(forMs: number, undo: () => void): void {
    this.#open.add(undo);
    this.#world.at(this.#world.nowMs + forMs, () => {
      if (this.#open.delete(undo)) undo();
    });
  }

  /** Goes on with something later, unless all is over by then. */
  goOn(afterMs: number, next: () => void): void {
    this.#world.at(this.#world.nowMs + afterMs, () => {
      if (!this.isOver) next();
    });
  }

  close(): void {
    this.isOver = true;
    // In the order in which they were begun.
    for (const undo of this.#open) undo();
    this.#open.clear();
  }
}
