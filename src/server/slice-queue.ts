/**
 * Work that would take too long at once, done a little at a time: freeing large values and emptied databases, which
 * redis-server leaves to a background thread, and putting old entries in the order of their use. Each turn of the loop
 * gives it about a millisecond, as long as there is something to do.
 */
import type { Clock, Timers } from '../host/host.ts';

const TURN_BUDGET_US = 1000;
/** Ends a turn where the clock stands still: under simulation, or on a manual clock. */
const SLICES_PER_TURN_MAX = 100;

/** Does a slice of work, in well under a millisecond, and says true when nothing is left. */
export type Slice = () => boolean;

export class SliceQueue {
  readonly #timers: Timers;
  readonly #clock: Clock;
  readonly #waiting: Slice[] = [];
  #isScheduled = false;

  constructor(timers: Timers, clock: Clock) {
    this.#timers = timers;
    this.#clock = clock;
  }

  /** How many things are still to be done. */
  get pending(): number {
    return this.#waiting.length;
  }

  add(slice: Slice): void {
    this.#waiting.push(slice);
    this.#schedule();
  }

  /** Forgets what is still to be done. */
  stop(): void {
    this.#waiting.length = 0;
  }

  /** Does a slice now. */
  runSlice(): void {
    if (this.#waiting[0]?.() === true) this.#waiting.shift();
  }

  /** Works now, until a monotonic time, or until everything or enough is done. */
  runUntil(untilUs: number, isEnough: () => boolean): void {
    while (this.#waiting.length > 0 && !isEnough()) {
      this.runSlice();
      if (this.#clock.monotonicUs() > untilUs) return;
    }
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    this.#timers.soon(this.#run);
  }

  readonly #run = (): void => {
    this.#isScheduled = false;
    const untilUs = this.#clock.monotonicUs() + TURN_BUDGET_US;
    for (let slices = SLICES_PER_TURN_MAX; slices > 0 && this.#waiting.length > 0; slices--) {
      this.runSlice();
      if (this.#clock.monotonicUs() >= untilUs) break;
    }
    this.#schedule();
  };
}
