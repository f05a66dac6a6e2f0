/**
 * Frees large values and emptied databases a little at a time: what redis-server leaves to a background thread. Each
 * turn of the loop gives it about a millisecond, as long as there is something to free.
 */
import type { Clock, Timers } from '../host/host.ts';

const TURN_BUDGET_US = 1000;
/** Ends a turn where the clock stands still: under simulation, or on a manual clock. */
const SLICES_PER_TURN_MAX = 100;

export class LazyFree {
  readonly #timers: Timers;
  readonly #clock: Clock;
  readonly #waiting: (() => boolean)[] = [];

  constructor(timers: Timers, clock: Clock) {
    this.#timers = timers;
    this.#clock = clock;
  }

  /** Values and databases that are still to be freed. */
  get pending(): number {
    return this.#waiting.length;
  }

  /** @param free frees a slice, in well under a millisecond, and says true when nothing is left. */
  add(free: () => boolean): void {
    this.#waiting.push(free);
    if (this.#waiting.length === 1) this.#timers.soon(this.#run);
  }

  /** Forgets what is still to be freed: the whole heap goes. */
  stop(): void {
    this.#waiting.length = 0;
  }

  readonly #run = (): void => {
    const untilUs = this.#clock.monotonicUs() + TURN_BUDGET_US;
    for (let slices = SLICES_PER_TURN_MAX; slices > 0 && this.#waiting.length > 0; slices--) {
      if (this.#waiting[0]!()) this.#waiting.shift();
      if (this.#clock.monotonicUs() >= untilUs) break;
    }
    if (this.#waiting.length > 0) this.#timers.soon(this.#run);
  };
}
