/**
 * Which key to evict next.
 *
 * - `*-lru`: the one that was not used for the longest time, exactly: each database knows its own (recency-list.ts);
 *   between databases the seconds in the entries' headers decide.
 * - `*-lfu` and `volatile-ttl`: the best of a pool. Each call draws a few keys of every database and keeps the best 16
 *   that it ever saw, by name, since entries move and go (evict.c evictionPoolPopulate). A key that was used, or given
 *   more time to live, since it came into the pool is passed over.
 * - `*-random`: any, the databases in turn.
 *
 * `allkeys-*` draw from all keys, `volatile-*` from those with an expire time.
 */
import type { Random } from '../core/random.ts';
import type { Database } from './database.ts';
import { NONE } from './heap.ts';
import type { Keyspace } from './keyspace.ts';

export type EvictionPolicy =
  | 'noeviction'
  | 'allkeys-lru'
  | 'allkeys-lfu'
  | 'allkeys-random'
  | 'volatile-lru'
  | 'volatile-lfu'
  | 'volatile-random'
  | 'volatile-ttl';

const POOL_KEYS = 16;
/** Draws from a sparse table may find nothing; after so many rounds single keys are drawn instead. */
const DRAWS_MAX = 32;
const COUNT_MAX = 255;

interface Candidate {
  readonly database: Database;
  readonly key: Buffer;
  /** The higher, the sooner it goes. */
  readonly score: number;
}

export class Victims {
  readonly #keyspace: Keyspace;
  readonly #random: Random;
  /** Worst first. */
  readonly #pool: Candidate[] = [];
  #policy: EvictionPolicy = 'noeviction';
  #nextDatabase = 0;
  /** Of the victim that was found: valid until something is written or removed. */
  entry: number = NONE;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
    this.#random = keyspace.random.fork('eviction');
  }

  /** Takes another policy. What was drawn under the old one is forgotten. */
  setPolicy(policy: EvictionPolicy): void {
    this.#policy = policy;
    this.#pool.length = 0;
  }

  /**
   * Looks for the next victim. @param samples maxmemory-samples.
   * @returns its database, and the entry in `entry`; or null where nothing may be evicted.
   */
  next(samples: number): Database | null {
    const policy = this.#policy;
    if (policy === 'noeviction') return null;
    if (policy.endsWith('-lru')) return this.#leastRecent();
    return policy.endsWith('-random') ? this.#anyOne() : this.#bestOfPool(samples);
  }

  get #onlyVolatile(): boolean {
    return this.#policy.startsWith('volatile-');
  }

  /** Number of keys of a database that may be evicted. */
  #count(database: Database): number {
    return this.#onlyVolatile ? database.volatileSize : database.size;
  }

  #leastRecent(): Database | null {
    const { databases } = this.#keyspace;
    let found: Database | null = null;
    let longestSeconds = -1;
    for (const database of databases) {
      const entry = database.recent?.oldest ?? NONE;
      if (entry === NONE) continue;
      const idleSeconds = this.#keyspace.idleSeconds(database.usage(entry));
      if (idleSeconds <= longestSeconds) continue;
      longestSeconds = idleSeconds;
      found = database;
      this.entry = entry;
    }
    return found;
  }

  #anyOne(): Database | null {
    const { databases } = this.#keyspace;
    for (let tries = databases.length; tries > 0; tries--) {
      this.#nextDatabase = (this.#nextDatabase + 1) % databases.length;
      const database = databases[this.#nextDatabase]!;
      if (this.#count(database) === 0) continue;
      this.entry = this.#drawOne(database);
      return database;
    }
    return null;
  }

  #drawOne(database: Database): number {
    const { volatile } = database;
    return this.#onlyVolatile ? volatile.at(this.#random.below(volatile.size)) : database.dict.fairRandom(this.#random);
  }

  #bestOfPool(samples: number): Database | null {
    for (let draws = 0; ; draws++) {
      let total = 0;
      for (const database of this.#keyspace.databases) {
        const count = this.#count(database);
        if (count > 0) this.#sample(database, samples, draws >= DRAWS_MAX);
        total += count;
      }
      if (total === 0) return null;
      for (let best = this.#pool.pop(); best !== undefined; best = this.#pool.pop()) {
        const { database, key, score } = best;
        const entry = database.dict.find(key, 0, key.length);
        if (entry === NONE || (this.#onlyVolatile && !database.isVolatile(entry))) continue;
        if (this.#scoreOf(database, entry) < score) continue;
        this.entry = entry;
        return database;
      }
    }
  }

  #sample(database: Database, samples: number, single: boolean): void {
    if (single) this.#offer(database, this.#drawOne(database));
    else if (!this.#onlyVolatile) {
      for (const entry of database.dict.some(samples, this.#random)) this.#offer(database, entry);
    } else {
      // These lie in random order: neighbours are a fair sample.
      const { volatile } = database;
      const first = this.#random.below(volatile.size);
      const count = Math.min(samples, volatile.size);
      for (let i = 0; i < count; i++) this.#offer(database, volatile.at((first + i) % volatile.size));
    }
  }

  /** Takes an entry into the pool if it is better than one of those in it, or there is room. */
  #offer(database: Database, entry: number): void {
    const pool = this.#pool;
    const score = this.#scoreOf(database, entry);
    let at = 0;
    while (at < pool.length && pool[at]!.score < score) at++;
    if (pool.length === POOL_KEYS) {
      if (at === 0) return;
      pool.shift();
      at--;
    }
    pool.splice(at, 0, { database, key: database.keyOf(entry), score });
  }

  #scoreOf(database: Database, entry: number): number {
    if (this.#policy === 'volatile-ttl') return -database.expiryOf(entry);
    const { frequency, nowMs } = this.#keyspace;
    return frequency === null ? 0 : COUNT_MAX - frequency.count(database.usage(entry), nowMs);
  }
}
