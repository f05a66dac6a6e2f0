/**
 * Removes keys whose time has passed and that nobody asks for.
 *
 * A slow cycle runs from the cron, a fast one before the loop sleeps. Both walk the keys with an expire time, a few of
 * one database at a time, and go on with a database as long as more than an acceptable share of what they saw was
 * stale. So the work follows the need: little where few keys expire, up to a quarter of the processor where many do.
 * What is left then is at most that share of the volatile keys. The numbers, and when a fast cycle runs at all, are
 * those of expire.c activeExpireCycle; `active-expire-effort` moves them.
 *
 * Redis walks the buckets of a hash table. Here the volatile keys are an array in random order (volatile-set.ts): a
 * removed key's place is taken by the last one, which is looked at next.
 *
 * Nothing is removed where the keyspace does not expire: on a replica, while writes are paused, while it is loaded.
 */
import type { Database } from './database.ts';
import { NONE } from './heap.ts';
import type { Keyspace } from './keyspace.ts';

/** As the host's clock; time for a cycle is measured on it. */
export interface CycleClock {
  monotonicUs(): number;
}

export interface ExpiryOptions {
  /** active-expire-effort, 1 to 10. */
  readonly effort: number;
  /** Slow cycles per second. */
  readonly hz: number;
}

const KEYS_PER_LOOP = 20;
const FAST_DURATION_US = 1000;
const SLOW_TIME_PERCENT = 25;
/** However much of the processor cycles may take, none may keep clients waiting for longer: fast ones go on. */
const SLOW_DURATION_MAX_US = 10_000;
const ACCEPTABLE_STALE_PERCENT = 10;
const DATABASES_PER_CYCLE = 16;
/** The clock is read once per so many loops. */
const LOOPS_PER_CLOCK_READING = 16;
/** Weight of the newest sample in the estimate of stale keys. */
const STALE_SAMPLE_WEIGHT = 0.05;

export class ActiveExpiry {
  /** Estimate of the share of volatile keys that are stale, 0 to 1. INFO shows it in percent. */
  staleShare = 0;
  /** Cycles that ended because their time was up. */
  timeCapReachedCount = 0;
  /** Time spent in cycles, in microseconds. */
  timeUsedUs = 0;
  readonly #keyspace: Keyspace;
  readonly #clock: CycleClock;
  readonly #options: ExpiryOptions;
  #database = 0;
  #timeIsUp = false;
  #lastFastCycleUs = -Infinity;
  #loops = 0;
  #sampled = 0;
  #expired = 0;

  /** @param options read at each cycle, so that they may change. */
  constructor(keyspace: Keyspace, clock: CycleClock, options: ExpiryOptions) {
    this.#keyspace = keyspace;
    this.#clock = clock;
    this.#options = options;
  }

  /** From the cron, `hz` times per second. */
  slowCycle(): void {
    const { hz } = this.#options;
    const percent = SLOW_TIME_PERCENT + 2 * this.#extraEffort;
    const limitUs = Math.min(SLOW_DURATION_MAX_US, Math.floor((percent * 1_000_000) / hz / 100));
    this.#cycle(this.#clock.monotonicUs(), Math.max(1, limitUs));
  }

  /** Before the loop sleeps. Does something only where the last cycle ran out of time, and not too often. */
  fastCycle(): void {
    const durationUs = FAST_DURATION_US + (FAST_DURATION_US / 4) * this.#extraEffort;
    // The share is compared with a percentage, as Redis does it: only the time limit counts in practice.
    if (!this.#timeIsUp && this.staleShare < this.#acceptablePercent) return;
    const startUs = this.#clock.monotonicUs();
    if (startUs < this.#lastFastCycleUs + durationUs * 2) return;
    this.#lastFastCycleUs = startUs;
    this.#cycle(startUs, durationUs);
  }

  /** The last cycle ran out of time: a fast one would do something. */
  get isBehind(): boolean {
    return this.#timeIsUp;
  }

  get #extraEffort(): number {
    return this.#options.effort - 1;
  }

  get #acceptablePercent(): number {
    return ACCEPTABLE_STALE_PERCENT - this.#extraEffort;
  }

  #cycle(startUs: number, limitUs: number): void {
    const { databases, expires, frozen } = this.#keyspace;
    if (!expires || frozen) return;
    const count = this.#timeIsUp ? databases.length : Math.min(DATABASES_PER_CYCLE, databases.length);
    this.#timeIsUp = false;
    this.#loops = 0;
    this.#sampled = 0;
    this.#expired = 0;
    for (let i = 0; i < count && !this.#timeIsUp; i++) {
      const database = databases[this.#database % databases.length]!;
      // Moved on before the work, so that a database that takes all the time does not get all the cycles.
      this.#database = (this.#database + 1) % databases.length;
      this.#cleanUp(database, startUs + limitUs);
    }
    this.timeUsedUs += this.#clock.monotonicUs() - startUs;
    const share = this.#sampled === 0 ? 0 : this.#expired / this.#sampled;
    this.staleShare = share * STALE_SAMPLE_WEIGHT + this.staleShare * (1 - STALE_SAMPLE_WEIGHT);
  }

  /** Goes through a database until few enough of its keys are stale, or time is up. */
  #cleanUp(database: Database, untilUs: number): void {
    const keysPerLoop = KEYS_PER_LOOP + (KEYS_PER_LOOP / 4) * this.#extraEffort;
    for (;;) {
      this.#loops++;
      const count = Math.min(database.volatileSize, keysPerLoop);
      if (count === 0) {
        database.averageTtlMs = 0;
        return;
      }
      const expired = this.#sample(database, count);
      this.#sampled += count;
      this.#expired += expired;
      if (this.#loops % LOOPS_PER_CLOCK_READING === 0 && this.#clock.monotonicUs() > untilUs) {
        this.#timeIsUp = true;
        this.timeCapReachedCount++;
        return;
      }
      if (Math.floor((expired * 100) / count) <= this.#acceptablePercent) return;
    }
  }

  /** Looks at the next `count` keys. @returns how many of them were stale. */
  #sample(database: Database, count: number): number {
    const { volatile } = database;
    const { nowMs } = this.#keyspace;
    let expired = 0;
    let ttlSum = 0;
    let ttlCount = 0;
    for (let i = 0; i < count; i++) {
      if (database.expireCursor >= volatile.size) database.expireCursor = 0;
      const entry = volatile.at(database.expireCursor);
      if (entry === NONE) break;
      const ttl = database.expiryOf(entry) - nowMs;
      if (ttl < 0) {
        database.expire(entry);
        expired++;
        continue;
      }
      if (ttl > 0) {
        ttlSum += ttl;
        ttlCount++;
      }
      database.expireCursor++;
    }
    if (ttlCount > 0) noteTtl(database, Math.floor(ttlSum / ttlCount));
    return expired;
  }
}

/** A running average in which the newest sample counts 2 %, in whole milliseconds. */
function noteTtl(database: Database, ttlMs: number): void {
  const before = database.averageTtlMs === 0 ? ttlMs : database.averageTtlMs;
  database.averageTtlMs = Math.floor(before / 50) * 49 + Math.floor(ttlMs / 50);
}
