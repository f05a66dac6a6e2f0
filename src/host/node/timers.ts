/**
 * Node's timers, held to the port's promises.
 *
 * - A timer never fires early. Node rounds delays to the loop's millisecond clock and may be up to one early; such a
 *   call goes back to sleep. It also turns delays over 2^31 - 1 ms into 1 ms; here they are slept in stages.
 * - `soon` runs in the check phase, after all sockets of this loop iteration have been read, like Redis' beforeSleep:
 *   the replies of many connections leave together. A timer that comes first drains the queue before it runs.
 */
import type { Timer, Timers } from '../host.ts';
import { toDelayUs } from '../manual-time.ts';
import { TurnQueue } from '../turn-queue.ts';

const LONGEST_SLEEP_MS = 2 ** 31 - 1;

export class NodeTimers implements Timers {
  readonly #turns = new TurnQueue(() => {
    setImmediate(this.#drain);
  });
  readonly #drain = (): void => this.#turns.drain();

  after(delayMs: number, run: () => void): Timer {
    return new NodeTimer(this.#drain, delayMs, run, false);
  }

  every(periodMs: number, run: () => void): Timer {
    return new NodeTimer(this.#drain, periodMs, run, true);
  }

  soon(run: () => void): void {
    this.#turns.add(run);
  }
}

class NodeTimer implements Timer {
  readonly #endTurn: () => void;
  readonly #run: () => void;
  readonly #delayMs: number;
  readonly #periodic: boolean;
  #dueMs = 0;
  #cancelled = false;
  #handle: NodeJS.Timeout | undefined;
  readonly #wake = (): void => this.#onWake();

  constructor(endTurn: () => void, delayMs: number, run: () => void, periodic: boolean) {
    this.#endTurn = endTurn;
    this.#run = run;
    this.#delayMs = toDelayUs(delayMs) / 1000;
    this.#periodic = periodic;
    this.#start();
  }

  cancel(): void {
    this.#cancelled = true;
    clearTimeout(this.#handle);
  }

  #start(): void {
    this.#dueMs = performance.now() + this.#delayMs;
    this.#sleep(this.#delayMs);
  }

  #sleep(remainingMs: number): void {
    this.#handle = setTimeout(this.#wake, Math.min(Math.ceil(remainingMs), LONGEST_SLEEP_MS));
  }

  #onWake(): void {
    const remainingMs = this.#dueMs - performance.now();
    if (remainingMs > 0) {
      this.#sleep(remainingMs);
      return;
    }
    this.#endTurn();
    // The turn that just ended may have cancelled this timer.
    if (this.#cancelled) return;
    try {
      this.#run();
    } finally {
      if (this.#periodic && !this.#cancelled) this.#start();
    }
  }
}
