/**
 * One numbered database: keys with their values and expire times.
 *
 * A key is given as a range of bytes, an entry is the address of its record. An address stays valid until the entry
 * is written or removed; calls that may move it return the new one.
 *
 * Lookups say by their name what else happens: `read` and `write` remove a key whose time has passed and count as
 * use; `peek` does neither. `read` counts hits and misses. A removal that an expiry causes is reported to the
 * keyspace's observer, which deletes it on replicas and notifies.
 */
import { assert } from '../core/assert.ts';
import { copyBytes, Dict } from './dict.ts';
import { Heap, NONE } from './heap.ts';
import type { Keyspace } from './keyspace.ts';
import {
  expireAt,
  FLAGS_MASK,
  isVolatile,
  keyLengthAt,
  keyOffsetAt,
  KIND_MASK,
  LENGTH,
  META,
  OBJECT,
  overheadBytes,
  RAW,
  setExpireAt,
  setKeyLength,
  TAG,
  VOLATILE,
} from './record.ts';
import { KIND, type Kind, type LargeValue } from './value.ts';
import { VolatileSet } from './volatile-set.ts';

/** An entry without expire time. */
export const NO_EXPIRY = -1;
/** A block is reused for a smaller value while no more than this share of it is wasted. */
const REUSE_DIVISOR = 2;

export class Database {
  readonly keyspace: Keyspace;
  readonly index: number;
  #dict: Dict;
  #volatile: VolatileSet;
  /** Sum of the expire times' distances at the last estimate, for INFO's avg_ttl. */
  averageTtlMs = 0;
  /** Where the active expire cycle goes on. */
  expireCursor = 0;

  constructor(keyspace: Keyspace, index: number) {
    this.keyspace = keyspace;
    this.index = index;
    this.#dict = new Dict(keyspace.heap, keyspace.hash);
    this.#volatile = new VolatileSet(keyspace.heap);
  }

  get dict(): Dict {
    return this.#dict;
  }

  get volatile(): VolatileSet {
    return this.#volatile;
  }

  get size(): number {
    return this.#dict.size;
  }

  /** Number of keys with an expire time. */
  get volatileSize(): number {
    return this.#volatile.size;
  }

  get tableBytes(): number {
    return this.#dict.tableBytes + this.#volatile.bytes;
  }

  // --------------------------------------------------------------------------------------------------------- lookups

  /** The entry, or NONE, for a command that reads the value. */
  read(bytes: Uint8Array, start: number, end: number): number {
    const address = this.write(bytes, start, end);
    if (address === NONE) this.keyspace.statistics.misses++;
    else this.keyspace.statistics.hits++;
    return address;
  }

  /** The entry, or NONE, for a command that will change it. */
  write(bytes: Uint8Array, start: number, end: number): number {
    const address = this.#dict.find(bytes, start, end);
    if (address === NONE) return NONE;
    const { keyspace } = this;
    const words = keyspace.heap.wordsOf(address);
    const at = Heap.wordOffset(address) + META;
    const meta = words[at]!;
    if ((meta & VOLATILE) !== 0 && this.isExpired(address)) return this.#live(address);
    const bits = keyspace.lfu ? keyspace.useFrequently(meta >>> 8) : keyspace.recency;
    words[at] = (meta & FLAGS_MASK) | (bits << 8);
    return address;
  }

  /** The entry, or NONE if there is none or its time has passed; it is neither used nor removed. */
  peek(bytes: Uint8Array, start: number, end: number): number {
    const address = this.#dict.find(bytes, start, end);
    return address !== NONE && this.isExpired(address) ? NONE : address;
  }

  /** As `peek`, but an expired entry is removed, as any access but OBJECT's and DEBUG's does. */
  exists(bytes: Uint8Array, start: number, end: number): number {
    return this.#live(this.#dict.find(bytes, start, end));
  }

  #live(address: number): number {
    if (address === NONE || !this.isExpired(address)) return address;
    if (this.keyspace.expires) this.expire(address);
    return NONE;
  }

  isExpired(address: number): boolean {
    const words = this.keyspace.heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    if (!isVolatile(words, record)) return false;
    return expireAt(words, record) < this.keyspace.nowMs && !this.keyspace.frozen;
  }

  /** Removes an entry because its time has passed. */
  expire(address: number): void {
    const key = this.keyOf(address);
    this.remove(address);
    this.keyspace.statistics.expired++;
    this.keyspace.observer?.expired(this, key);
  }

  // --------------------------------------------------------------------------------------------------------- entries

  kind(address: number): Kind {
    return (this.#meta(address) & KIND_MASK) as Kind;
  }

  isString(address: number): boolean {
    return (this.#meta(address) & KIND_MASK) === KIND.string;
  }

  #meta(address: number): number {
    return this.keyspace.heap.wordsOf(address)[Heap.wordOffset(address) + META]!;
  }

  /** A copy of the key. */
  keyOf(address: number): Buffer {
    const words = this.keyspace.heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    const at = keyOffsetAt(words, record);
    return Buffer.from(this.keyspace.heap.bytesOf(address).subarray(at, at + keyLengthAt(words, record)));
  }

  /** The 24 bits of recency or frequency. */
  usage(address: number): number {
    return this.#meta(address) >>> 8;
  }

  setUsage(address: number, bits: number): void {
    const words = this.keyspace.heap.wordsOf(address);
    const at = Heap.wordOffset(address) + META;
    words[at] = (words[at]! & FLAGS_MASK) | (bits << 8);
  }

  /** Whether the value is bytes in the record (strings, small collections) and not a JS object. */
  isPacked(address: number): boolean {
    return (this.#meta(address) & OBJECT) === 0;
  }

  /** Length in bytes of a value that is bytes. */
  length(address: number): number {
    return this.keyspace.heap.wordsOf(address)[Heap.wordOffset(address) + LENGTH]!;
  }

  /** The page that holds the entry. */
  bytes(address: number): Buffer {
    return this.keyspace.heap.bytesOf(address);
  }

  /** Offset in `bytes` of the value's first byte. */
  valueOffset(address: number): number {
    const words = this.keyspace.heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    return keyOffsetAt(words, record) + keyLengthAt(words, record);
  }

  /** A view of a value that is bytes; valid until the next write. */
  view(address: number): Buffer {
    const at = this.valueOffset(address);
    return this.bytes(address).subarray(at, at + this.length(address));
  }

  isRaw(address: number): boolean {
    return (this.#meta(address) & RAW) !== 0;
  }

  object(address: number): LargeValue {
    assert(!this.isPacked(address), 'the value is a JS object');
    return this.keyspace.values.get(this.length(address));
  }

  /** Heap bytes of the record: key, header, packed value. */
  recordBytes(address: number): number {
    return this.keyspace.heap.capacity(address);
  }

  // --------------------------------------------------------------------------------------------------------- changes

  /**
   * Stores a string, over whatever the key held. The expire time goes unless `keepExpiry`.
   * @returns the entry.
   */
  setString(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    start: number,
    end: number,
    keepExpiry = false,
  ): number {
    const length = end - start;
    let address = this.write(key, keyStart, keyEnd);
    if (address === NONE) {
      address = this.#dict.insert(key, keyStart, keyEnd, length, KIND.string | this.keyspace.newUsage, false);
    } else {
      address = this.#prepareString(address, length, keepExpiry);
    }
    const at = this.valueOffset(address);
    copyBytes(value, start, end, this.keyspace.heap.bytesOf(address), at);
    return address;
  }

  /** Makes an existing entry a string of `length` undefined bytes. */
  #prepareString(address: number, length: number, keepExpiry: boolean): number {
    const { heap } = this.keyspace;
    const words = heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    const meta = words[record + META]!;
    if ((meta & OBJECT) !== 0) this.#releaseObject(address);
    const volatile = (meta & VOLATILE) !== 0;
    const clean = KIND.string | this.keyspace.newUsage;
    if (volatile && !keepExpiry) {
      this.#volatile.remove(address);
      return this.#rebuild(address, length, clean, false, 0);
    }
    const needed = overheadBytes(keyLengthAt(words, record), volatile) + length;
    const capacity = heap.capacity(address);
    if (needed > capacity || needed * REUSE_DIVISOR < capacity) {
      return this.#rebuild(address, length, clean | (meta & VOLATILE), volatile, 0);
    }
    heap.own(address);
    const writable = heap.wordsOf(address);
    writable[record + META] = clean | (meta & VOLATILE);
    writable[record + LENGTH] = length;
    return address;
  }

  /**
   * Gives a string `length` bytes, for APPEND, SETRANGE, SETBIT and INCR: the first min(old, new) bytes stay, new ones
   * are zero. Long strings grow with room to spare, so that appending byte by byte is linear.
   * @param raw the string is from now on reported as "raw".
   * @returns the entry, writable.
   */
  resizeString(address: number, length: number, raw: boolean): number {
    const { heap } = this.keyspace;
    const words = heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    const volatile = isVolatile(words, record);
    const old = words[record + LENGTH]!;
    const needed = overheadBytes(keyLengthAt(words, record), volatile) + length;
    let result = address;
    if (needed > heap.capacity(address)) {
      const spare = raw ? Math.min(length, GREEDY_GROWTH_BYTES_MAX) : 0;
      result = this.#rebuild(address, length, words[record + META]!, volatile, old, spare);
    } else {
      heap.own(address);
      heap.wordsOf(address)[record + LENGTH] = length;
    }
    const at = this.valueOffset(result);
    if (length > old) heap.bytesOf(result).fill(0, at + old, at + length);
    if (raw) heap.wordsOf(result)[Heap.wordOffset(result) + META]! |= RAW;
    return result;
  }

  /**
   * Moves an entry to a new block with room for `length` value bytes (and `spare` more), keeping key, expire time
   * and the first `keep` bytes of the value.
   */
  #rebuild(address: number, length: number, meta: number, volatile: boolean, keep: number, spare = 0): number {
    const { heap } = this.keyspace;
    const keyLength = keyLengthAt(heap.wordsOf(address), Heap.wordOffset(address));
    const target = heap.allocate(overheadBytes(keyLength, volatile) + length + spare);
    const from = heap.wordsOf(address);
    const fromRecord = Heap.wordOffset(address);
    const to = heap.wordsOf(target);
    const toRecord = Heap.wordOffset(target);
    to[toRecord + TAG] = from[fromRecord + TAG]!;
    to[toRecord + META] = volatile ? meta | VOLATILE : meta & ~VOLATILE;
    to[toRecord + LENGTH] = length;
    setKeyLength(to, toRecord, keyLength);
    const wasVolatile = isVolatile(from, fromRecord);
    if (volatile && wasVolatile) for (let i = 4; i < 8; i++) to[toRecord + i] = from[fromRecord + i]!;
    const source = keyOffsetAt(from, fromRecord);
    copyBytes(
      heap.bytesOf(address),
      source,
      source + keyLength + keep,
      heap.bytesOf(target),
      keyOffsetAt(to, toRecord),
    );
    this.#dict.replace(address, target);
    if (volatile && wasVolatile) this.#volatile.moved(target);
    return target;
  }

  /** Stores a large value over whatever the key held; the expire time goes unless `keepExpiry`. */
  setObject(key: Uint8Array, start: number, end: number, value: LargeValue, keepExpiry = false): number {
    const number = this.keyspace.values.add(value);
    let address = this.#dict.find(key, start, end);
    const meta = value.kind | OBJECT | this.keyspace.newUsage;
    if (address === NONE) address = this.#dict.insert(key, start, end, 0, meta, false);
    else {
      address = this.#prepareString(address, 0, keepExpiry);
      const words = this.keyspace.heap.wordsOf(address);
      const record = Heap.wordOffset(address);
      words[record + META] = meta | (words[record + META]! & VOLATILE);
    }
    this.keyspace.heap.wordsOf(address)[Heap.wordOffset(address) + LENGTH] = number;
    return address;
  }

  /**
   * Gives another key the value of an entry, over whatever it held, with the entry's expire time. `target` may be in
   * another database. Large values are moved if `move` (the caller removes the source with `removeShell`), else cloned.
   */
  copyTo(address: number, target: Database, key: Uint8Array, start: number, end: number, move: boolean): number {
    const expiry = this.expiryOf(address);
    const old = target.dict.find(key, start, end);
    if (old !== NONE) target.remove(old);
    let copy: number;
    if (this.isPacked(address)) {
      const meta = this.#meta(address) & ~VOLATILE;
      const length = this.length(address);
      target.dict.find(key, start, end);
      copy = target.dict.insert(key, start, end, length, meta, false);
      const from = this.valueOffset(address);
      copyBytes(this.bytes(address), from, from + length, target.bytes(copy), target.valueOffset(copy));
    } else {
      const value = this.object(address);
      copy = target.setObject(key, start, end, move ? value : value.clone());
      target.setUsage(copy, this.usage(address));
    }
    return expiry === NO_EXPIRY ? copy : target.setExpiry(copy, expiry);
  }

  /** Removes an entry and its value. */
  remove(address: number): void {
    if (!this.isPacked(address)) this.#releaseObject(address);
    this.removeShell(address);
  }

  /** Removes an entry whose large value lives on under another key. */
  removeShell(address: number): void {
    if (isVolatile(this.keyspace.heap.wordsOf(address), Heap.wordOffset(address))) this.#volatile.remove(address);
    this.#dict.remove(address);
  }

  #releaseObject(address: number): void {
    this.keyspace.values.take(this.length(address)).release();
  }

  // ---------------------------------------------------------------------------------------------------------- expiry

  /** Unix time in ms, or NO_EXPIRY. */
  expiryOf(address: number): number {
    const words = this.keyspace.heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    return isVolatile(words, record) ? expireAt(words, record) : NO_EXPIRY;
  }

  /** @param unixMs any time, passed ones included: the caller decides what they mean. @returns the entry. */
  setExpiry(address: number, unixMs: number): number {
    const words = this.keyspace.heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    if (isVolatile(words, record)) {
      this.keyspace.heap.own(address);
      setExpireAt(this.keyspace.heap.wordsOf(address), record, unixMs);
      return address;
    }
    const length = this.isPacked(address) ? this.length(address) : 0;
    const number = this.length(address);
    const moved = this.#rebuild(address, length, words[record + META]!, true, length);
    const movedWords = this.keyspace.heap.wordsOf(moved);
    movedWords[Heap.wordOffset(moved) + LENGTH] = number;
    setExpireAt(movedWords, Heap.wordOffset(moved), unixMs);
    this.#volatile.add(moved);
    return moved;
  }

  /** Makes an entry persistent. @returns the entry. */
  clearExpiry(address: number): number {
    const words = this.keyspace.heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    if (!isVolatile(words, record)) return address;
    this.#volatile.remove(address);
    const number = this.length(address);
    const length = this.isPacked(address) ? number : 0;
    const moved = this.#rebuild(address, length, words[record + META]!, false, length);
    this.keyspace.heap.wordsOf(moved)[Heap.wordOffset(moved) + LENGTH] = number;
    return moved;
  }

  // ----------------------------------------------------------------------------------------------------------- whole

  /** A random entry whose time has not passed, or NONE. */
  random(): number {
    const { keyspace } = this;
    const allVolatile = this.volatileSize === this.size;
    for (let attempts = 0; ; attempts++) {
      const address = this.#dict.random(keyspace.random);
      if (address === NONE || !this.isExpired(address)) return address;
      if (keyspace.expires) this.expire(address);
      // A replica may hold nothing but keys that its master has yet to delete: give up after a while (db.c).
      else if (allVolatile && attempts >= 100) return address;
    }
  }

  /** Exchanges the contents of two databases; sessions stay with their number. */
  swap(other: Database): void {
    [this.#dict, other.#dict] = [other.#dict, this.#dict];
    [this.#volatile, other.#volatile] = [other.#volatile, this.#volatile];
    [this.averageTtlMs, other.averageTtlMs] = [other.averageTtlMs, this.averageTtlMs];
    [this.expireCursor, other.expireCursor] = [other.expireCursor, this.expireCursor];
  }

  /** Starts anew on the keyspace's heap; what was here is forgotten, not freed. Returns the old contents. */
  reset(): Dict {
    const old = this.#dict;
    this.#dict = new Dict(this.keyspace.heap, this.keyspace.hash);
    this.#volatile = new VolatileSet(this.keyspace.heap);
    this.averageTtlMs = 0;
    this.expireCursor = 0;
    return old;
  }
}

/** A growing string gets as much room again, up to this (sds.c SDS_MAX_PREALLOC). */
const GREEDY_GROWTH_BYTES_MAX = 1 << 20;
