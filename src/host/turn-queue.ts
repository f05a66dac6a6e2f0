/**
 * What `Timers.soon` collects: calls for the end of this turn. A drain runs what was queued when it began; calls that
 * those add belong to the next turn, so work that keeps asking for one more turn does not lock out sockets and timers.
 */
export class TurnQueue {
  #waiting: (() => void)[] = [];
  readonly #onFirst: () => void;

  /** @param onFirst called when a call enters the empty queue: the moment to arrange for a drain. */
  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
  }

  get size(): number {
    return this.#waiting.length;
  }

  add(run: () => void): void {
    this.#waiting.push(run);
    if (this.#waiting.length === 1) this.#onFirst();
  }

  drain(): void {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    let done = 0;
    try {
      while (done < batch.length) batch[done++]!();
    } finally {
      // A call that throws takes only itself down: the rest of the batch goes first in the next turn.
      if (done < batch.length) {
        const added = this.#waiting;
        this.#waiting = batch.slice(done).concat(added);
        if (added.length === 0) this.#onFirst();
      }
    }
  }

  clear(): void {
    this.#waiting = [];
  }
}
