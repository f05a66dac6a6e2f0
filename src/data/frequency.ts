/**
 * How often a key is used, in 24 bits: the upper 16 hold the minute of the last use, the lower 8 a counter that grows
 * with the logarithm of the number of uses and decays with time (evict.c). The policies `*-lfu` evict by it.
 *
 * | minutes, modulo 2^16 | counter |
 * |---|---|
 * | 16 bits | 8 bits |
 */
import type { Random } from '../core/random.ts';

/** New keys start above zero, so that they are not evicted before they can be used. */
const INITIAL_COUNT = 5;
const COUNT_MAX = 255;
const MINUTE_MASK = 0xffff;
const PROBABILITY_STEPS = 0x1_0000_0000;

export interface FrequencyOptions {
  /** lfu-log-factor */
  readonly logFactor: number;
  /** lfu-decay-time: minutes until the counter drops by one, 0 for never. */
  readonly decayMinutes: number;
}

export class Frequency {
  readonly #random: Random;
  readonly #options: FrequencyOptions;

  constructor(random: Random, options: FrequencyOptions) {
    this.#random = random;
    this.#options = options;
  }

  /** The bits of a key that was just made. */
  initial(nowMs: number): number {
    return (minuteOf(nowMs) << 8) | INITIAL_COUNT;
  }

  /** The bits of a key after another use. */
  used(bits: number, nowMs: number): number {
    let count = this.count(bits, nowMs);
    const above = Math.max(0, count - INITIAL_COUNT);
    const probability = 1 / (above * this.#options.logFactor + 1);
    if (count < COUNT_MAX && this.#random.u32() < probability * PROBABILITY_STEPS) count++;
    return (minuteOf(nowMs) << 8) | count;
  }

  /** The counter, less what it lost since the last use. */
  count(bits: number, nowMs: number): number {
    const { decayMinutes } = this.#options;
    const count = bits & COUNT_MAX;
    if (decayMinutes === 0) return count;
    const idleMinutes = (minuteOf(nowMs) - (bits >>> 8)) & MINUTE_MASK;
    return Math.max(0, count - Math.floor(idleMinutes / decayMinutes));
  }
}

function minuteOf(nowMs: number): number {
  return Math.floor(nowMs / 60_000) & MINUTE_MASK;
}
