/**
 * A dataset as it was at one instant, without fork and without a pause.
 *
 * The keys are walked in slices while commands run (`run`). An entry that is about to change before the walk came by is
 * handed over first: it is encoded as it still is. So each entry that existed when the snapshot began is encoded exactly
 * once, with the value that it had then; those that came later are not. What comes out is encoded by whoever takes the
 * snapshot: as an RDB file (rdb-snapshot.ts), as commands for an append-only file.
 *
 * How that is known. The walk is that of SCAN: its cursor tells of any record whether it was passed (`Dict.isBehind`),
 * however tables are resized meanwhile. Records ahead of it that are done already (handed over, or added since the
 * beginning) are kept as bits beside the pages of the heap, and taken out when the walk comes by.
 *
 * What a snapshot costs besides the bytes that it makes: those bits, at most a 64th of the heap; and what was removed
 * with a whole database (FLUSHDB), until the walk has passed it. Values are never copied: an entry is encoded where it
 * lies. Databases that are swapped keep the number that they had. A dict has one guard, so one snapshot is taken at a
 * time, as in Redis one child runs at a time.
 */
import { assert } from '../core/assert.ts';
import type { Database } from '../data/database.ts';
import type { Dict } from '../data/dict.ts';
import type { EntryGuard } from '../data/entry-guard.ts';
import { NONE } from '../data/heap.ts';
import type { Keyspace } from '../data/keyspace.ts';
import { AddressSet } from './address-set.ts';

/** Makes bytes of a dataset. What it has made is fetched with `take` in between. */
export interface SnapshotEncoder {
  /** What stands before the keys. Called when the snapshot begins, before any entry. */
  start(): void;
  /** A database that has keys, in ascending order, all before the first entry of any. */
  database(index: number, keys: number, volatileKeys: number): void;
  /** Begins with an entry of the database `index`; `writeMore` goes on until it says that the entry is complete. */
  startEntry(index: number, db: Database, entry: number): void;
  /** Goes on with the entry that was started, for about so many bytes. @returns whether it is complete. */
  writeMore(bytesMax: number): boolean;
  /** Encodes a whole entry at once; it may come while another one is incomplete. */
  handOver(index: number, db: Database, entry: number): void;
  /** What stands after the keys. */
  end(): void;
  /** Bytes that `take` would give. */
  readonly pendingBytes: number;
  /** What was made since the last call; the caller owns it. */
  take(): Buffer;
  /** Takes back what `take` gave, to write on it again. */
  reuse(bytes: Buffer): void;
  /** Lets go of an entry that is not going to be completed. */
  abandon(): void;
}

/** A long value is written in pieces of this size, so that a slice ends in time. */
const PIECE_BYTES = 1 << 14;
/** The clock, or whatever else limits a slice, is asked after as many buckets or bytes. */
const BUCKETS_PER_LOOK = 32;
const BYTES_PER_LOOK = 1 << 15;

export class Snapshot {
  /** Keys that the snapshot has when it is complete. */
  readonly keysTotal: number;
  /** Keys that are encoded. */
  keysDone = 0;
  /** What commands made it encode ahead of its time, in bytes of keys and values as they lie in memory. */
  handedOverBytes = 0;
  readonly #encoder: SnapshotEncoder;
  readonly #walks: DictWalker[];
  #current = 0;
  #error: unknown = null;
  #isOver = false;
  #isAwaited = false;
  /** Called when a command has made it encode something: bytes must not pile up where the walk waits for its sink. */
  onHandedOver: (() => void) | null = null;
  /** Called when an entry is encoded that somebody waits for, and when none will be any more. */
  onSettled: (() => void) | null = null;

  /**
   * Begins: from here on the dataset may change.
   * @param isSynchronous it may not: the walk is done before anything else happens. Then another one may be under way.
   */
  constructor(keyspace: Keyspace, encoder: SnapshotEncoder, isSynchronous = false) {
    this.#encoder = encoder;
    this.keysTotal = keyspace.size;
    const filled = keyspace.databases.filter(({ size }) => size > 0);
    encoder.start();
    for (const { index, size, volatileSize } of filled) encoder.database(index, size, volatileSize);
    this.#walks = filled.map((database) => new DictWalker(this, database, encoder));
    if (!isSynchronous) for (const walk of this.#walks) walk.guard();
  }

  /** What went wrong, in the walk or while an entry was handed over: then the snapshot is of no use. */
  get error(): unknown {
    return this.#error;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Bytes that it holds for itself. */
  get overheadBytes(): number {
    return this.#walks.reduce((sum, walk) => sum + walk.bytes, 0) + this.#encoder.pendingBytes;
  }

  /**
   * Walks on, as long as `mayGoOn` says so; it is asked now and then, after some tens of microseconds of work.
   * @param bucketsPerLook how many buckets are walked before it is asked again.
   * @returns whether all is encoded. The encoder has been told of the end then.
   */
  run(mayGoOn: () => boolean, bucketsPerLook = BUCKETS_PER_LOOK): boolean {
    if (this.#isOver) return true;
    try {
      while (this.#current < this.#walks.length) {
        if (!this.#nextWalk().run(mayGoOn, bucketsPerLook)) return false;
        while (this.#walks[this.#current]?.isOver) this.#current++;
        if (this.#current < this.#walks.length && !mayGoOn()) return false;
      }
      this.#encoder.end();
    } catch (error) {
      this.fail(error);
    }
    this.#finish();
    return true;
  }

  /** One that is in the middle of an entry, or has one that somebody waits for, comes first. */
  #nextWalk(): DictWalker {
    const urgent = this.#walks.find(({ isInEntry }) => isInEntry) ?? this.#walks.find(({ isWanted }) => isWanted);
    return urgent ?? this.#walks[this.#current]!;
  }

  /** @internal Somebody waits for an entry. */
  awaited(): void {
    this.#isAwaited = true;
  }

  /** @internal An entry is encoded. */
  settled(): void {
    if (!this.#isAwaited) return;
    this.#isAwaited = false;
    this.onSettled?.();
  }

  /** Gives up. Idempotent. */
  abort(): void {
    if (this.#isOver) return;
    this.#encoder.abandon();
    this.#finish();
  }

  /** @internal The command that runs must not suffer from what goes wrong here. */
  fail(error: unknown): void {
    this.#error ??= error ?? new Error('the snapshot failed');
    this.abort();
  }

  #finish(): void {
    this.#isOver = true;
    for (const walk of this.#walks) walk.close();
    this.settled();
  }
}

/** The walk over one dict of the keyspace, and the guard of its entries. */
class DictWalker implements EntryGuard {
  readonly #snapshot: Snapshot;
  readonly #encoder: SnapshotEncoder;
  /** Entries are read through it, whichever dict it has by now. */
  readonly #db: Database;
  readonly #dict: Dict;
  /** Number of the database when the snapshot began. */
  readonly #index: number;
  /** Records ahead of the walk that need no more attention. */
  readonly #done = new AddressSet();
  /** The records of a bucket. */
  readonly #bucket: number[] = [];
  #cursor = 0;
  /** The entry that was started and is not complete. */
  #unfinished = NONE;
  /** Entries that somebody waits for, in the order in which they were asked for. */
  readonly #wanted = new Set<number>();
  #isOver = false;
  #free: (() => () => boolean) | null = null;

  constructor(snapshot: Snapshot, database: Database, encoder: SnapshotEncoder) {
    this.#snapshot = snapshot;
    this.#encoder = encoder;
    this.#db = database;
    this.#dict = database.dict;
    this.#index = database.index;
  }

  guard(): void {
    assert(this.#dict.guard === null, 'one snapshot is taken at a time');
    this.#dict.guard = this;
    this.#db.keyspace.guardedDicts++;
  }

  get bytes(): number {
    return this.#done.bytes;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get isInEntry(): boolean {
    return this.#unfinished !== NONE;
  }

  get isWanted(): boolean {
    return this.#wanted.size > 0;
  }

  /** @returns whether the dict was walked to its end. */
  run(mayGoOn: () => boolean, bucketsPerLook: number): boolean {
    const encoder = this.#encoder;
    let look = encoder.pendingBytes + BYTES_PER_LOOK;
    for (let buckets = bucketsPerLook; ; buckets--) {
      if (this.#isOver) return true;
      const bucketIsDone = this.#step();
      if (this.#isOver) return true;
      if (!bucketIsDone || buckets <= 0 || encoder.pendingBytes >= look) {
        if (!mayGoOn()) return false;
        look = encoder.pendingBytes + BYTES_PER_LOOK;
        buckets = bucketsPerLook;
      }
    }
  }

  /** @returns whether no entry is unfinished. */
  #step(): boolean {
    if (this.#unfinished !== NONE) return this.#goOn();
    return this.#wanted.size > 0 ? this.#startWanted() : this.#walkBucket();
  }

  #goOn(): boolean {
    if (!this.#encoder.writeMore(PIECE_BYTES)) return false;
    this.#unfinished = NONE;
    this.#snapshot.settled();
    return true;
  }

  #startWanted(): boolean {
    const [address = NONE] = this.#wanted;
    this.#wanted.delete(address);
    if (this.#isSettled(address)) return true;
    this.#done.add(this.#dict.heap, address);
    this.#encoder.startEntry(this.#index, this.#db, address);
    this.#snapshot.keysDone++;
    this.#unfinished = address;
    return this.#goOn();
  }

  readonly #collect = (address: number): void => {
    this.#bucket.push(address);
  };

  /** Encodes what is in the next bucket. A bucket that was interrupted is walked again. @returns whether it is done. */
  #walkBucket(): boolean {
    const bucket = this.#bucket;
    bucket.length = 0;
    const next = this.#dict.scan(this.#cursor, this.#collect);
    for (let i = 0; i < bucket.length; i++) {
      const address = bucket[i]!;
      // Where a table has shrunk, records come by again.
      if (this.#isSettled(address)) continue;
      this.#encoder.startEntry(this.#index, this.#db, address);
      this.#snapshot.keysDone++;
      if (this.#encoder.writeMore(PIECE_BYTES)) continue;
      for (let j = 0; j <= i; j++) this.#done.add(this.#dict.heap, bucket[j]!);
      this.#unfinished = address;
      return false;
    }
    if (this.#done.size > 0) for (const address of bucket) this.#done.delete(address);
    this.#cursor = next;
    if (next === 0) this.#end();
    return true;
  }

  #isSettled(address: number): boolean {
    return (this.#done.size > 0 && this.#done.has(address)) || this.#dict.isBehind(address, this.#cursor);
  }

  // ------------------------------------------------------------------------------------------------------------- guard

  prefer(address: number): boolean {
    if (this.#isOver) return false;
    if (this.#unfinished !== address) {
      if (this.#isSettled(address)) return false;
      this.#wanted.add(address);
    }
    this.#snapshot.awaited();
    return true;
  }

  beforeChange(address: number): void {
    if (this.#wanted.size > 0) this.#wanted.delete(address);
    try {
      if (this.#unfinished === address) this.#finishEntry();
      else if (!this.#isSettled(address)) {
        this.#done.add(this.#dict.heap, address);
        this.#encoder.handOver(this.#index, this.#db, address);
        this.#snapshot.keysDone++;
        this.#snapshot.handedOverBytes += this.#db.recordBytes(address);
        if (this.#unfinished === NONE) this.#snapshot.onHandedOver?.();
      }
    } catch (error) {
      this.#snapshot.fail(error);
    }
  }

  #finishEntry(): void {
    this.#encoder.writeMore(Infinity);
    this.#unfinished = NONE;
    this.#snapshot.settled();
  }

  added(address: number): void {
    if (!this.#isOver && !this.#dict.isBehind(address, this.#cursor)) this.#done.add(this.#dict.heap, address);
  }

  moved(from: number, to: number): void {
    if (this.#done.size > 0 && this.#done.delete(from)) this.#done.add(this.#dict.heap, to);
  }

  removed(address: number): void {
    if (this.#done.size > 0) this.#done.delete(address);
  }

  detached(free: () => () => boolean): void {
    this.#free = free;
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#dict.guard === this) {
      this.#dict.guard = null;
      this.#db.keyspace.guardedDicts--;
    }
    if (this.#free !== null) this.#db.keyspace.reclaimer.freeLater(this.#free());
  }

  /** The snapshot is over, complete or not. */
  close(): void {
    this.#unfinished = NONE;
    this.#end();
  }
}
