/**
 * All databases of a server, on one heap, with what they share: the hash key, the large values, the recency clock,
 * the statistics, and the observers that the server attaches.
 *
 * Time is a field: the server sets `nowMs` before each command, EXEC and cron step, so that everything a command does
 * happens at one instant (Redis caches time in the same way, server.c call()).
 */
import type { Random } from '../core/random.ts';
import { Database } from './database.ts';
import type { Frequency } from './frequency.ts';
import { KeyHash } from './hash.ts';
import { Heap } from './heap.ts';
import { eagerReclaimer, type Kind, type Reclaimer, ValueTable } from './value.ts';

/** What the server wants to know. All of it happens after the fact. */
export interface KeyspaceObserver {
  /** A key's expire time passed and it was removed, by an access or by the active cycle. */
  expired(database: Database, key: Buffer): void;
  /** A command that reads found no key. Only while `reportsMisses`. */
  missed?(database: Database, bytes: Uint8Array, start: number, end: number): void;
  /** A key came into being; its value may not be complete yet. Only while `reportsCreations`. */
  created?(database: Database, kind: Kind, bytes: Uint8Array, start: number, end: number): void;
}

/** Entries that are kept in the order of their use. */
export type UsesOrdered = 'none' | 'all' | 'volatile';

const RECENCY_MASK = 0xff_ffff;

export interface KeyspaceStatistics {
  hits: number;
  misses: number;
  expired: number;
}

export class Keyspace {
  heap = new Heap();
  readonly hash: KeyHash;
  readonly random: Random;
  values = new ValueTable();
  readonly databases: Database[] = [];
  readonly statistics: KeyspaceStatistics = { hits: 0, misses: 0, expired: 0 };
  observer: KeyspaceObserver | null = null;
  reportsMisses = false;
  reportsCreations = false;
  reclaimer: Reclaimer = eagerReclaimer;
  /** Dicts of this heap that a snapshot walks, those included that no database has any more. */
  guardedDicts = 0;
  /** Unix time in ms of the command that runs. */
  nowMs = 0;
  /** While false (a replica, paused writes), keys whose time has passed are hidden from reads but stay. */
  expires = true;
  /** While true, no key counts as expired: the dataset is being loaded, or the master's commands are executed. */
  frozen = false;
  /** 24-bit recency clock, in seconds: the upper bits of META of keys that are used. */
  recency = 0;
  #frequency: Frequency | null = null;
  /** Which entries each database keeps in the order of their use: only under an LRU policy. */
  #usesOrdered: UsesOrdered = 'none';
  /** What a use changes besides the recency of the entry. */
  recordsUse = false;
  /** Told of every entry that is given an expire time. */
  expirySet: ((database: Database, entry: number) => void) | null = null;
  /** While true (a snapshot is taken), tables stay as they are if they can: no time and memory goes into new ones. */
  keepsTables = false;
  /** Says whether a table of so many bytes more is within the memory limit; absent without a limit. */
  memoryAllows: ((bytes: number) => boolean) | null = null;

  constructor(databaseCount: number, random: Random) {
    this.random = random.fork('keyspace');
    this.hash = new KeyHash(random.fork('hash').bytes(8));
    for (let index = 0; index < databaseCount; index++) this.databases.push(new Database(this, index));
  }

  /** Set under an LFU policy: the upper bits of META then hold how often a key is used instead of when. */
  get frequency(): Frequency | null {
    return this.#frequency;
  }

  set frequency(frequency: Frequency | null) {
    this.#frequency = frequency;
    this.#updateRecording();
  }

  get usesOrdered(): UsesOrdered {
    return this.#usesOrdered;
  }

  /** Lets each database keep these entries in the order of their use; see order-uses.ts for those of now. */
  orderUses(which: UsesOrdered): void {
    this.#usesOrdered = which;
    this.#updateRecording();
    for (const database of this.databases) database.orderUses();
  }

  #updateRecording(): void {
    this.recordsUse = this.#frequency !== null || this.#usesOrdered !== 'none';
  }

  get size(): number {
    let total = 0;
    for (const database of this.databases) total += database.size;
    return total;
  }

  /** Bytes of keys, values and tables. */
  get usedBytes(): number {
    return this.heap.usedBytes + this.heap.tableBytes;
  }

  /** Usage bits of a new key, in their place in META. */
  get newUsage(): number {
    return (this.frequency === null ? this.recency : this.frequency.initial(this.nowMs)) << 8;
  }

  /** For how many seconds an entry with these usage bits was not used. */
  idleSeconds(usage: number): number {
    return (this.recency - usage) & RECENCY_MASK;
  }

  setTime(nowMs: number): void {
    this.nowMs = nowMs;
    this.recency = Math.floor(nowMs / 1000) & RECENCY_MASK;
  }

  /** Takes the contents of another keyspace with as many databases, and leaves it one's own. */
  exchange(other: Keyspace): void {
    [this.heap, other.heap] = [other.heap, this.heap];
    [this.values, other.values] = [other.values, this.values];
    for (const [index, database] of this.databases.entries()) database.swap(other.databases[index]!);
    if (this.#usesOrdered !== 'none') for (const database of this.databases) database.orderUses();
  }

  /**
   * Empties every database in constant time: the heap as a whole is left to the garbage collector, unless a snapshot is
   * being taken of what is on it.
   */
  clear(): void {
    if (this.guardedDicts > 0) {
      for (const database of this.databases) this.reclaimer.freeLater(database.empty());
      return;
    }
    this.heap = new Heap();
    this.values = new ValueTable();
    for (const database of this.databases) database.reset();
  }
}
