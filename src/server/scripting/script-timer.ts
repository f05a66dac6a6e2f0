/**
 * How long a script has been running, and since when it has kept everybody waiting.
 *
 * In a simulation the clock stands still while a script runs. There each look at it counts for about the time that a
 * script takes from one look to the next, so that a script without end ends there too, and after the same number of
 * turns each time.
 */
import type { Clock } from '../../host/host.ts';

/** What ten thousand turns of a loop with something in it take. */
const LOOK_US = 100;

export class ScriptTimer {
  readonly #clock: Clock;
  readonly startUs: number;
  #lastUs: number;
  /** Added to a clock that stands still. */
  #imaginedUs = 0;
  #sliceStartUs: number;
  /** Between the last two looks. */
  sinceLookUs = 0;

  constructor(clock: Clock, startUs: number) {
    this.#clock = clock;
    this.startUs = this.#lastUs = this.#sliceStartUs = startUs;
  }

  /** Looks at the clock. */
  look(): void {
    const nowUs = this.#clock.monotonicUs();
    this.sinceLookUs = nowUs - this.#lastUs;
    if (nowUs === this.#lastUs) this.#imaginedUs += LOOK_US;
    this.#lastUs = nowUs;
  }

  /** Others have been served. */
  startSlice(): void {
    this.#lastUs = this.#clock.monotonicUs();
    this.#sliceStartUs = this.#nowUs;
  }

  /** Since the start, at the last look. */
  get elapsedMs(): number {
    return (this.#nowUs - this.startUs) / 1000;
  }

  /** Since others were served. */
  get sliceMs(): number {
    return (this.#nowUs - this.#sliceStartUs) / 1000;
  }

  get #nowUs(): number {
    return this.#lastUs + this.#imaginedUs;
  }
}
