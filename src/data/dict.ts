/**
 * A hash table of records on a heap, for the keyspace, hashes, sets and sorted sets.
 *
 * What it promises, and a JS Map does not: any number of entries, lookup by bytes without making a string, a random
 * element in O(1), a SCAN cursor that survives resizing, and growth in small steps. The scheme is that of Redis' dict
 * (dict.c): two tables of powers of two with chained buckets; while the dict resizes, each operation moves one bucket
 * of the old table, and lookups try both. The buckets are int32 addresses, so a table is one typed array.
 *
 * Records (see record.ts) carry 24 bits of their hash, and a bucket's number is made of those bits first: what a table
 * of up to 2^24 buckets needs stands in the record. Beyond, the key is hashed again when it moves.
 *
 * A typed array takes a JS engine longer to make than a few records take to be compared, and weighs more than they do. So
 * up to eight records are one chain without a table, until somebody wants them by buckets.
 */
import { copyBytes } from '../core/copy-bytes.ts';
import type { Random } from '../core/random.ts';
import type { EntryGuard } from './entry-guard.ts';
import { anyRandom, fairRandom, someNeighbours } from './dict-random.ts';
import { Heap, NONE } from './heap.ts';
import type { KeyHash } from './hash.ts';
import {
  keyLengthAt,
  keyOffsetAt,
  LENGTH,
  LONG_KEY,
  META,
  NEXT,
  overheadBytes,
  ROOMY,
  setKeyLength,
  TAG,
  tagOf,
} from './record.ts';

const INITIAL_BUCKETS = 4;
/** So many records do without a table. */
const CHAINED_MAX = 8;
/** Tables of so many buckets are moved at once. */
const SMALL_BUCKETS = 32;
const TAG_BUCKETS_MAX = 1 << 24;
/** Largest table: 2^30 buckets are 4 GiB, what one typed array may hold. */
const BUCKETS_MAX = 2 ** 30;
const EMPTY_TABLE = new Int32Array(0);
/** A resize step gives up after this many empty buckets in a row, so that one operation stays short. */
const EMPTY_VISITS_PER_STEP = 10;

/** A table may be filled beyond one record per bucket, up to here, while a larger one is not wanted. */
const FILL_MAX = 1.618;

/** Asked before a table grows. */
export interface TableLimit {
  /** While true, growth is put off. */
  readonly keepsTables: boolean;
  readonly memoryAllows: ((bytes: number) => boolean) | null;
}

export class Dict {
  readonly heap: Heap;
  /** A snapshot that is being taken of it. The dict does not tell it anything: whoever writes to the dict does. */
  guard: EntryGuard | null = null;
  readonly #hash: KeyHash;
  readonly #limit: TableLimit | null;
  /** All records, while there is no table. */
  #chain = NONE;
  /** The table in use, and the one that it grows or shrinks into, empty when not resizing. */
  #table: Int32Array = EMPTY_TABLE;
  #next: Int32Array = EMPTY_TABLE;
  /** Next bucket of #table to move, or -1. */
  #moving = -1;
  #size = 0;
  /** While positive, buckets are not moved: somebody walks them. */
  #held = 0;
  /** Set by `find`: the hash of the key that it looked for, for the `insert` that follows a miss. */
  #lastHash = 0;

  /** @param limit may put off the growth of the table. */
  constructor(heap: Heap, hash: KeyHash, limit: TableLimit | null = null) {
    this.heap = heap;
    this.#hash = hash;
    this.#limit = limit;
  }

  get size(): number {
    return this.#size;
  }

  get buckets(): number {
    return this.#table.length + this.#next.length;
  }

  get isResizing(): boolean {
    return this.#moving >= 0;
  }

  /** Bytes of the bucket tables; the records are counted by the heap. */
  get tableBytes(): number {
    return this.buckets * 4;
  }

  /** Address of the record with the key bytes[start..end), or NONE. */
  find(bytes: Uint8Array, start: number, end: number): number {
    if (this.#moving >= 0) this.resizeStep();
    const hash = this.#hash.of(bytes, start, end);
    this.#lastHash = hash;
    const table = this.#table;
    const head = table.length === 0 ? this.#chain : table[bucketOf(hash, table.length)]!;
    const found = this.#findIn(head, hash, bytes, start, end);
    if (found !== NONE || this.#moving < 0) return found;
    return this.#findIn(this.#next[bucketOf(hash, this.#next.length)]!, hash, bytes, start, end);
  }

  #findIn(head: number, hash: number, bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const tag = tagOf(hash, length);
    const { words, pages } = this.heap;
    let address = head;
    while (address !== NONE) {
      const page = address >>> 15;
      const pageWords = words[page]!;
      const record = (address & 0x7fff) << 1;
      if (pageWords[record + TAG] === tag && this.#hasKey(pageWords, pages[page]!, record, bytes, start, end)) {
        return address;
      }
      address = pageWords[record + NEXT]!;
    }
    return NONE;
  }

  /** Whether a record has the key that was just hashed; their tags are equal. */
  #hasKey(words: Int32Array, page: Uint8Array, record: number, bytes: Uint8Array, start: number, end: number): boolean {
    const key = keyOffsetAt(words, record);
    const length = end - start;
    let i = 0;
    if (length < LONG_KEY) {
      // Keys begin at whole words, and hashing left the sought one as words.
      const sought = this.#hash.words;
      const keyWord = key >> 2;
      const wholeWords = length >> 2;
      while (i < wholeWords && words[keyWord + i] === sought[i]) i++;
      if (i < wholeWords) return false;
      i <<= 2;
    } else if (keyLengthAt(words, record) !== length) return false;
    while (i < length && page[key + i] === bytes[start + i]) i++;
    return i === length;
  }

  /**
   * Adds a record with room for `valueBytes` bytes of value and returns its address. The caller has just seen `find`
   * miss for the same key, with no other `find` since, and fills in the value.
   * @param meta the META word; its ROOMY flag decides the layout.
   */
  insert(bytes: Uint8Array, start: number, end: number, valueBytes: number, meta: number): number {
    const hash = this.#lastHash;
    this.#growIfFull();
    const keyLength = end - start;
    const address = this.heap.allocate(overheadBytes(keyLength, (meta & ROOMY) !== 0) + valueBytes);
    const words = this.heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    words[record + TAG] = tagOf(hash, keyLength);
    words[record + META] = meta;
    words[record + LENGTH] = valueBytes;
    setKeyLength(words, record, keyLength);
    copyBytes(bytes, start, end, this.heap.bytesOf(address), keyOffsetAt(words, record));
    const table = this.#moving >= 0 ? this.#next : this.#table;
    if (table.length === 0) {
      words[record + NEXT] = this.#chain;
      this.#chain = address;
    } else {
      const bucket = bucketOf(hash, table.length);
      words[record + NEXT] = table[bucket]!;
      table[bucket] = address;
    }
    this.#size++;
    return address;
  }

  /** Takes a record out of the table without freeing it. */
  unlink(address: number): void {
    this.#replaceLink(address, this.heap.wordsOf(address)[Heap.wordOffset(address) + NEXT]!);
    this.#size--;
    if (this.#moving >= 0) this.resizeStep();
  }

  /** Takes a record out of the table and frees its block. */
  remove(address: number): void {
    this.unlink(address);
    this.heap.free(address);
  }

  /** Puts `replacement`, a complete record with the same key and tag, in the place of `address`, which is freed. */
  replace(address: number, replacement: number): void {
    const next = this.heap.wordsOf(address)[Heap.wordOffset(address) + NEXT]!;
    this.heap.wordsOf(replacement)[Heap.wordOffset(replacement) + NEXT] = next;
    this.#replaceLink(address, replacement);
    this.heap.free(address);
  }

  #replaceLink(address: number, target: number): void {
    if (this.#table.length === 0) {
      if (this.#chain === address) this.#chain = target;
      else if (!this.#relinkBehind(this.#chain, address, target)) throw new Error('the record is not in this dict');
      return;
    }
    const hash = this.#hashOf(address);
    if (this.#moving >= 0 && this.#relink(this.#next, hash, address, target)) return;
    if (!this.#relink(this.#table, hash, address, target)) throw new Error('the record is not in this dict');
  }

  #relink(table: Int32Array, hash: number, address: number, target: number): boolean {
    const bucket = bucketOf(hash, table.length);
    const head = table[bucket]!;
    if (head !== address) return this.#relinkBehind(head, address, target);
    table[bucket] = target;
    return true;
  }

  #relinkBehind(head: number, address: number, target: number): boolean {
    let at = head;
    while (at !== NONE) {
      const words = this.heap.wordsOf(at);
      const link = Heap.wordOffset(at) + NEXT;
      at = words[link]!;
      if (at === address) {
        words[link] = target;
        return true;
      }
    }
    return false;
  }

  /** The hash of a record, or enough of it to find its bucket. */
  #hashOf(address: number): number {
    const words = this.heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    if (this.#table.length <= TAG_BUCKETS_MAX && this.#next.length <= TAG_BUCKETS_MAX) return words[record + TAG]!;
    return this.#keyHash(address);
  }

  #keyHash(address: number): number {
    const words = this.heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    const key = keyOffsetAt(words, record);
    return this.#hash.of(this.heap.bytesOf(address), key, key + keyLengthAt(words, record));
  }

  // ------------------------------------------------------------------------------------------------------- resizing

  #growIfFull(): void {
    if (this.#moving >= 0) return;
    if (this.#table.length === 0) {
      if (this.#size >= CHAINED_MAX) this.#makeTable(this.#size + 1);
    } else if (this.#size >= this.#table.length && this.#table.length < BUCKETS_MAX && this.#mayGrow()) {
      this.#resizeTo(this.#size + 1);
    }
  }

  /** Leads the chain into the buckets of a table. */
  #makeTable(count: number): void {
    const target = this.#newTable(powerOfTwo(count));
    this.#rehashChain(this.#chain, target);
    this.#chain = NONE;
    this.#table = target;
  }

  /** Makes a table of what is a chain, for those who look at buckets. */
  #demandTable(): void {
    if (this.#table.length === 0 && this.#size > 0) this.#makeTable(this.#size);
  }

  /** Growth can be put off, but not for long: beyond, lookups would be slow (server.c dictExpandAllowed). */
  #mayGrow(): boolean {
    const limit = this.#limit;
    if (limit === null || this.#size > this.#table.length * FILL_MAX) return true;
    if (limit.keepsTables) return false;
    return limit.memoryAllows === null || limit.memoryAllows(powerOfTwo(this.#size + 1) * 4);
  }

  /** Makes room for `count` entries in one go, before a load of known size. */
  reserve(count: number): void {
    if (this.#size === 0 && this.#moving < 0 && count > CHAINED_MAX && count > this.#table.length) {
      this.heap.tableBytes -= this.#table.byteLength;
      this.#table = this.#newTable(Math.min(BUCKETS_MAX, powerOfTwo(count)));
    }
  }

  /** Starts to shrink a table that is less than a tenth full; called from the cron. */
  shrinkIfSparse(): void {
    if (this.#moving >= 0 || this.#held > 0) return;
    if (this.#table.length > INITIAL_BUCKETS && this.#size * 10 < this.#table.length) this.#resizeTo(this.#size);
  }

  #resizeTo(count: number): void {
    const buckets = Math.min(BUCKETS_MAX, Math.max(INITIAL_BUCKETS, powerOfTwo(count)));
    if (buckets === this.#table.length) return;
    this.#next = this.#newTable(buckets);
    this.#moving = 0;
    // Two tables would cost a small collection more than the move does.
    while (this.#table.length <= SMALL_BUCKETS && this.#moving >= 0 && this.#held === 0) this.resizeStep();
  }

  /** Moves the next non-empty bucket of a dict that resizes. */
  resizeStep(): void {
    if (this.#moving < 0 || this.#held > 0) return;
    const table = this.#table;
    let visits = EMPTY_VISITS_PER_STEP;
    while (this.#moving < table.length && table[this.#moving] === NONE && visits-- > 0) this.#moving++;
    if (this.#moving < table.length && table[this.#moving] !== NONE) {
      this.#moveBucket(this.#moving);
      this.#moving++;
    }
    if (this.#moving >= table.length) {
      this.heap.tableBytes -= table.byteLength;
      this.#table = this.#next;
      this.#next = EMPTY_TABLE;
      this.#moving = -1;
    }
  }

  #moveBucket(bucket: number): void {
    const head = this.#table[bucket]!;
    this.#table[bucket] = NONE;
    this.#rehashChain(head, this.#next);
  }

  #rehashChain(head: number, target: Int32Array): void {
    let address = head;
    while (address !== NONE) {
      const words = this.heap.wordsOf(address);
      const record = Heap.wordOffset(address);
      const following = words[record + NEXT]!;
      const to = bucketOf(this.#hashOf(address), target.length);
      words[record + NEXT] = target[to]!;
      target[to] = address;
      address = following;
    }
  }

  /** Stops resizing until `release`, so that a walk over buckets sees a fixed table. */
  hold(): void {
    this.#held++;
  }

  release(): void {
    this.#held--;
  }

  // ------------------------------------------------------------------------------------------------ walking and dice

  /**
   * One step of SCAN: visits every record of one bucket (of each table, while resizing) and returns the next cursor,
   * 0 at the end. A record that is there from start to end is visited at least once, however the dict is resized
   * meanwhile: the cursor counts with its bits reversed (dict.c dictScan).
   */
  scan(cursor: number, visit: (address: number) => void): number {
    if (this.#size === 0) return 0;
    this.#demandTable();
    this.hold();
    try {
      if (this.#moving < 0) {
        this.#visitBucket(this.#table, cursor & (this.#table.length - 1), visit);
        return nextCursor(cursor, this.#table.length);
      }
      const small = this.#table.length <= this.#next.length ? this.#table : this.#next;
      const large = small === this.#table ? this.#next : this.#table;
      this.#visitBucket(small, cursor & (small.length - 1), visit);
      const onlyInLarge = (small.length - 1) ^ (large.length - 1);
      let at = cursor;
      do {
        this.#visitBucket(large, at & (large.length - 1), visit);
        at = nextCursor(at, large.length);
      } while ((at & onlyInLarge) !== 0);
      return at;
    } finally {
      this.release();
    }
  }

  /** Whether a walk with `scan` that stands at `cursor`, and has not ended, is past a record: it will not come by again. */
  isBehind(address: number, cursor: number): boolean {
    // Only a table that needs more bits of the hash than the tag keeps makes such a cursor.
    const hash =
      cursor >>> 24 === 0 ? this.heap.wordsOf(address)[Heap.wordOffset(address) + TAG]! : this.#keyHash(address);
    return reverseBits(hashBits(hash)) >>> 0 < reverseBits(cursor) >>> 0;
  }

  #visitBucket(table: Int32Array, bucket: number, visit: (address: number) => void): void {
    this.#visitChain(table[bucket]!, visit);
  }

  #visitChain(head: number, visit: (address: number) => void): void {
    let address = head;
    while (address !== NONE) {
      // Read on first: `visit` may remove the record.
      const following = this.heap.wordsOf(address)[Heap.wordOffset(address) + NEXT]!;
      visit(address);
      address = following;
    }
  }

  /** Visits every record. `visit` may remove the record that it is given, and no other. */
  forEach(visit: (address: number) => void): void {
    this.hold();
    try {
      this.#visitChain(this.#chain, visit);
      for (const table of [this.#table, this.#next]) {
        for (let bucket = 0; bucket < table.length; bucket++) {
          if (table[bucket] !== NONE) this.#visitBucket(table, bucket, visit);
        }
      }
    } finally {
      this.release();
    }
  }

  /** Visits records until `visit` says false. It changes nothing. @returns whether all were visited. */
  every(visit: (address: number) => boolean): boolean {
    this.hold();
    try {
      for (let at = this.#chain; at !== NONE; at = this.#following(at)) if (!visit(at)) return false;
      for (const table of [this.#table, this.#next]) {
        for (let bucket = 0; bucket < table.length; bucket++) {
          for (let at = table[bucket]!; at !== NONE; at = this.#following(at)) if (!visit(at)) return false;
        }
      }
      return true;
    } finally {
      this.release();
    }
  }

  /** A random record, NONE when there is none; each is as likely as any other. */
  fairRandom(random: Random): number {
    return fairRandom(this, random);
  }

  /** A random record, NONE when there is none. Uniform over buckets, then over the bucket's chain. */
  random(random: Random): number {
    return anyRandom(this, random);
  }

  /** Up to `count` distinct records to sample from, not to report; see `someNeighbours`. */
  some(count: number, random: Random): number[] {
    return someNeighbours(this, count, random);
  }

  /** Lengths of the chains of both tables, for DEBUG HTSTATS. */
  chainLengths(): { table: number[]; next: number[] } {
    const lengths = (table: Int32Array): number[] =>
      Array.from(table, (head) => {
        let length = 0;
        for (let at = head; at !== NONE; at = this.#following(at)) length++;
        return length;
      });
    this.#demandTable();
    return { table: lengths(this.#table), next: lengths(this.#next) };
  }

  /** The table in use. */
  get table(): Int32Array {
    this.#demandTable();
    return this.#table;
  }

  /** The table that it moves to, empty when not resizing. */
  get nextTable(): Int32Array {
    return this.#next;
  }

  /** The first bucket of `table` that has not been moved. */
  get firstBucket(): number {
    return Math.max(0, this.#moving);
  }

  /** Both tables, for a walk that holds the dict (dict-walk.ts). */
  get tables(): readonly [Int32Array, Int32Array] {
    this.#demandTable();
    return [this.#table, this.#next];
  }

  #following(address: number): number {
    return this.heap.wordsOf(address)[Heap.wordOffset(address) + NEXT]!;
  }

  /** A table of empty buckets, counted with the heap until it is replaced or detached. */
  #newTable(buckets: number): Int32Array {
    this.heap.tableBytes += buckets * 4;
    return new Int32Array(buckets);
  }

  /**
   * Forgets all records without freeing them and hands out their tables, for a release in slices. Whoever drops a dict
   * calls this, or its tables count as used for ever.
   */
  detachAll(): Int32Array[] {
    const tables = [this.#chain === NONE ? this.#table : Int32Array.of(this.#chain), this.#next];
    this.heap.tableBytes -= this.tableBytes;
    this.#chain = NONE;
    this.#table = EMPTY_TABLE;
    this.#next = EMPTY_TABLE;
    this.#moving = -1;
    this.#size = 0;
    return tables;
  }
}

/**
 * The lowest bits of a bucket's number are the upper 24 bits of the hash, which the record's tag keeps; huge tables use
 * the others on top of those. So a bucket of a small table is split into known buckets of any larger one, which is
 * what SCAN's cursor relies on.
 */
function bucketOf(hash: number, buckets: number): number {
  return hashBits(hash) & (buckets - 1);
}

function hashBits(hash: number): number {
  return (hash >>> 8) | (hash << 24);
}

function powerOfTwo(atLeast: number): number {
  let size = INITIAL_BUCKETS;
  while (size < atLeast) size *= 2;
  return size;
}

/** Increments the cursor's bits under the mask, most significant bit of the mask first. */
function nextCursor(cursor: number, buckets: number): number {
  const reversed = (reverseBits(cursor | ~(buckets - 1)) + 1) | 0;
  return reverseBits(reversed) >>> 0;
}

function reverseBits(value: number): number {
  let v = value;
  v = ((v >>> 1) & 0x55555555) | ((v & 0x55555555) << 1);
  v = ((v >>> 2) & 0x33333333) | ((v & 0x33333333) << 2);
  v = ((v >>> 4) & 0x0f0f0f0f) | ((v & 0x0f0f0f0f) << 4);
  v = ((v >>> 8) & 0x00ff00ff) | ((v & 0x00ff00ff) << 8);
  return (v >>> 16) | (v << 16);
}
