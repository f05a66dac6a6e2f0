/**
 * One numbered database: keys with their values and expire times.
 *
 * A key is given as a range of bytes, an entry is the address of its record. An address stays valid until the entry
 * is written or removed; calls that may move it return the new one.
 *
 * Lookups say by their name what else happens, as lookupKey's flags do in db.c:
 *
 * |        | counts hit or miss | counts as use | an entry whose time has passed |
 * |--------|-----|-----|---|
 * | read   | yes | yes | is removed; hidden where this server does not expire |
 * | look   | yes | no  | the same |
 * | write  | no  | yes | is removed |
 * | exists | no  | no  | is removed; hidden where this server does not expire |
 * | stored | no  | no  | is removed; found where this server does not expire |
 * | peek   | no  | no  | is hidden |
 *
 * A removal that an expiry causes is reported to the keyspace's observer, which deletes the key on replicas and
 * notifies.
 */
import { assert } from '../core/assert.ts';
import { copyRecord } from './copy-record.ts';
import { copyBytes } from '../core/copy-bytes.ts';
import { Dict } from './dict.ts';
import { Entries, NO_EXPIRY } from './entries.ts';
import { freeInSlices } from './free-in-slices.ts';
import { BLOCK_BYTES_MAX, Heap, NONE } from './heap.ts';
import type { Keyspace } from './keyspace.ts';
import {
  FLAGS_MASK,
  isRoomy,
  isVolatile,
  keyLengthAt,
  KIND_MASK,
  LENGTH,
  META,
  OBJECT,
  overheadBytes,
  RAW,
  ROOMY,
  setExpireAt,
  TEXT,
  VOLATILE,
} from './record.ts';
import { RecencyList } from './recency-list.ts';
import { SlotIndex } from './slot-index.ts';
import { KIND, type Kind, type LargeValue, releaseValue, type Removal } from './value.ts';
import { VolatileSet } from './volatile-set.ts';

/** Longest string value; what is left of the largest block is for the header and the key. */
export const STRING_BYTES_MAX = BLOCK_BYTES_MAX - 2 ** 29 - 64;
/** A block is reused for a smaller value while no more than this share of it is wasted. */
const REUSE_DIVISOR = 2;
/** A record with a value from here on is always roomy, so that an expire time never copies it. */
const ROOMY_VALUE_BYTES = 1024;
/** A growing string gets as much room again, up to this (sds.c SDS_MAX_PREALLOC). */
const SPARE_BYTES_MAX = 1 << 20;
/** Draws of a random key, where all keys may have expired and may not be removed. */
const RANDOM_ATTEMPTS = 100;

export { NO_EXPIRY };

export class Database extends Entries {
  readonly index: number;
  #dict: Dict;
  #volatile: VolatileSet;
  /** The entries in the order of their use; only while the keyspace orders them. */
  #recent: RecencyList | null = null;
  #slots: SlotIndex | null = null;
  /** Running average of the time to live of keys, as INFO shows it; set by the active expire cycle. */
  averageTtlMs = 0;
  /** Where the active expire cycle goes on. */
  expireCursor = 0;

  constructor(keyspace: Keyspace, index: number) {
    super(keyspace);
    this.index = index;
    this.#dict = new Dict(keyspace.heap, keyspace.hash, keyspace);
    this.#volatile = new VolatileSet(keyspace.heap, keyspace.random);
  }

  get dict(): Dict {
    return this.#dict;
  }

  get volatile(): VolatileSet {
    return this.#volatile;
  }

  get recent(): RecencyList | null {
    return this.#recent;
  }

  /** The entries by hash slot: of database 0 of a cluster node. */
  get slots(): SlotIndex | null {
    return this.#slots;
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
    const address = this.#dict.find(bytes, start, end);
    if (address === NONE || !this.#use(address)) return this.#miss(address, bytes, start, end);
    this.keyspace.statistics.hits++;
    return address;
  }

  /**
   * The entry, or NONE, for a command that asks about the key and does not use its value.
   * @param quiet a miss is not reported.
   */
  look(bytes: Uint8Array, start: number, end: number, quiet = false): number {
    const address = this.#dict.find(bytes, start, end);
    if (address === NONE || this.isExpired(address)) return this.#miss(address, bytes, start, end, quiet);
    this.keyspace.statistics.hits++;
    return address;
  }

  #miss(address: number, bytes: Uint8Array, start: number, end: number, quiet = false): typeof NONE {
    const { keyspace } = this;
    if (address !== NONE && keyspace.expires) this.expire(address);
    keyspace.statistics.misses++;
    if (keyspace.reportsMisses && !quiet) keyspace.observer?.missed?.(this, bytes, start, end);
    return NONE;
  }

  /** The entry, or NONE, for a command that will change it; after NONE, the key can be inserted. */
  write(bytes: Uint8Array, start: number, end: number): number {
    const address = this.#dict.find(bytes, start, end);
    if (address === NONE) return NONE;
    if (this.#dict.guard !== null) this.#dict.guard.beforeChange(address);
    if (this.#use(address)) return address;
    this.expire(address);
    // The observer may have looked for other keys; an insertion needs this one to be the last.
    return this.#dict.find(bytes, start, end);
  }

  /** Marks an entry as used now. @returns false if its time has passed. */
  #use(address: number): boolean {
    const { keyspace } = this;
    const words = keyspace.heap.wordsOf(address);
    const at = Heap.wordOffset(address) + META;
    const meta = words[at]!;
    if ((meta & VOLATILE) !== 0 && this.isExpired(address)) return false;
    const bits = keyspace.recordsUse ? this.#recordUse(address, meta) : keyspace.recency;
    words[at] = (meta & FLAGS_MASK) | (bits << 8);
    return true;
  }

  /** @returns the bits of an entry that is used now. */
  #recordUse(address: number, meta: number): number {
    const { frequency, nowMs, recency } = this.keyspace;
    if (frequency !== null) return frequency.used(meta >>> 8, nowMs);
    this.#recent?.used(address, (meta & VOLATILE) !== 0);
    return recency;
  }

  /** An entry that comes with an idle time counts as older than all that was used since uses are ordered. */
  override setUsage(address: number, bits: number): void {
    super.setUsage(address, bits);
    if (this.#recent === null || !this.#recent.has(address)) return;
    const idleSeconds = this.keyspace.idleSeconds(bits);
    if (idleSeconds > 0) this.#recent.place(address, idleSeconds);
  }

  /** The entry, or NONE if there is none or its time has passed; it is neither used nor removed. */
  peek(bytes: Uint8Array, start: number, end: number): number {
    const address = this.#dict.find(bytes, start, end);
    return address !== NONE && this.isExpired(address) ? NONE : address;
  }

  /** As `peek`, but an expired entry is removed, as any access but OBJECT's and DEBUG's does. */
  exists(bytes: Uint8Array, start: number, end: number): number {
    const address = this.#dict.find(bytes, start, end);
    if (address === NONE || !this.isExpired(address)) return address;
    if (this.keyspace.expires) this.expire(address);
    return NONE;
  }

  /** The entry, or NONE, for a command that removes it whatever it is. */
  stored(bytes: Uint8Array, start: number, end: number): number {
    const address = this.#dict.find(bytes, start, end);
    if (address === NONE || !this.keyspace.expires || !this.isExpired(address)) return address;
    this.expire(address);
    return NONE;
  }

  /** Removes an entry because its time has passed. */
  expire(address: number): void {
    const key = this.keyOf(address);
    this.remove(address, 'expire');
    this.keyspace.statistics.expired++;
    this.keyspace.observer?.expired(this, key);
  }

  // --------------------------------------------------------------------------------------------------------- changes

  /** To be said before an entry is changed that was found by another lookup than `write`. */
  willChange(address: number): void {
    this.#dict.guard?.beforeChange(address);
  }

  /**
   * Stores a string, over whatever the key held. The expire time goes unless `keepExpiry`.
   * @param roomy an expire time will be set next.
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
    roomy = false,
  ): number {
    const length = end - start;
    let address = this.write(key, keyStart, keyEnd);
    if (address === NONE) address = this.insertString(key, keyStart, keyEnd, length, roomy);
    else address = this.overwriteWithString(address, length, keepExpiry, roomy);
    copyBytes(value, start, end, this.keyspace.heap.bytesOf(address), this.valueOffset(address));
    return address;
  }

  /**
   * Adds a string of `length` bytes that the caller fills in, under a key for which `write` has just found nothing.
   * @returns the entry.
   */
  insertString(key: Uint8Array, start: number, end: number, length: number, roomy = false): number {
    const isRoomy = roomy || length >= ROOMY_VALUE_BYTES;
    return this.#insert(key, start, end, length, isRoomy ? KIND.string | ROOMY : KIND.string);
  }

  #insert(key: Uint8Array, start: number, end: number, length: number, meta: number): number {
    const { keyspace } = this;
    const address = this.#dict.insert(key, start, end, length, meta | keyspace.newUsage);
    this.#dict.guard?.added(address);
    if (this.#recent !== null) this.#recent.used(address, false);
    if (this.#slots !== null) this.#slots.added(address, key, start, end);
    if (keyspace.reportsCreations) {
      keyspace.observer?.created?.(this, (meta & KIND_MASK) as Kind, key, start, end);
    }
    return address;
  }

  /**
   * Makes an existing entry, whatever it held, a string of `length` bytes that the caller fills in.
   * @returns the entry, writable.
   */
  overwriteWithString(address: number, length: number, keepExpiry: boolean, roomy = false): number {
    this.willChange(address);
    const { heap } = this.keyspace;
    const words = heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    const meta = words[record + META]!;
    const isKept = keepExpiry && (meta & VOLATILE) !== 0;
    const clean = KIND.string | (meta & ~FLAGS_MASK) | (isKept ? VOLATILE : 0);
    const needed = overheadBytes(keyLengthAt(words, record), (meta & ROOMY) !== 0) + length;
    const capacity = heap.capacity(address);
    if (needed > capacity || needed * REUSE_DIVISOR < capacity || (roomy && (meta & ROOMY) === 0)) {
      const isRoomier = isKept || roomy || length >= ROOMY_VALUE_BYTES;
      const target = heap.allocate(overheadBytes(keyLengthAt(words, record), isRoomier) + length);
      this.#vacate(address, isKept);
      return this.#moveTo(target, address, length, isRoomier ? clean | ROOMY : clean, 0);
    }
    this.#vacate(address, isKept);
    heap.own(address);
    const writable = heap.wordsOf(address);
    writable[record + META] = clean | (meta & ROOMY);
    writable[record + LENGTH] = length;
    return address;
  }

  /** Lets go of what an entry holds besides its block. */
  #vacate(address: number, keepExpiry: boolean): void {
    if (!this.isPacked(address)) this.#releaseObject(address, 'server');
    if (!keepExpiry && isVolatile(this.keyspace.heap.wordsOf(address), Heap.wordOffset(address))) {
      this.#volatile.remove(address);
      this.#recent?.persisted(address);
    }
  }

  /**
   * Gives a string `length` bytes, for APPEND, SETRANGE, SETBIT and the like: the first min(old, new) bytes stay, new
   * ones are zero. Strings grow with room to spare, so that appending byte by byte is linear.
   * @param raw the string is from now on reported as "raw".
   * @returns the entry, writable.
   */
  resizeString(address: number, length: number, raw: boolean): number {
    const old = this.length(address);
    const result = this.resize(address, length, raw ? Math.min(length, SPARE_BYTES_MAX) : 0);
    const at = this.valueOffset(result);
    if (length > old) this.keyspace.heap.bytesOf(result).fill(0, at + old, at + length);
    if (raw) this.mark(result, RAW, TEXT);
    return result;
  }

  /**
   * Gives a value that is bytes `length` of them: the first min(old, new) stay, new ones are undefined.
   * @param spare bytes that a value gets on top where it outgrows its block.
   * @returns the entry, writable.
   */
  resize(address: number, length: number, spare: number): number {
    this.willChange(address);
    const { heap } = this.keyspace;
    const words = heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    const meta = words[record + META]!;
    const old = words[record + LENGTH]!;
    const capacity = heap.capacity(address);
    const inPlace = overheadBytes(keyLengthAt(words, record), (meta & ROOMY) !== 0) + length;
    if (inPlace <= capacity && (length >= old || inPlace * REUSE_DIVISOR >= capacity)) {
      heap.own(address);
      heap.wordsOf(address)[record + LENGTH] = length;
      return address;
    }
    const isRoomier = (meta & ROOMY) !== 0 || length >= ROOMY_VALUE_BYTES;
    const needed = overheadBytes(keyLengthAt(words, record), isRoomier) + length;
    const target = heap.allocate(needed + (length > old ? Math.max(Math.min(spare, BLOCK_BYTES_MAX - needed), 0) : 0));
    return this.#moveTo(target, address, length, isRoomier ? meta | ROOMY : meta, Math.min(old, length));
  }

  /**
   * Moves an entry to another block, which has room for it, with key, expire time and the first `keep` bytes of the
   * value. `meta` says whether the new record is roomy and whether it still has the expire time.
   */
  #moveTo(target: number, address: number, length: number, meta: number, keep: number): number {
    copyRecord(this.keyspace.heap, address, target, length, meta, keep);
    this.#dict.guard?.moved(address, target);
    this.#recent?.moved(address, target);
    this.#slots?.moved(address, target);
    this.#dict.replace(address, target);
    if ((meta & VOLATILE) !== 0) this.#volatile.moved(target);
    return target;
  }

  /** Fails if there is no room for another entry; one that is added next finds it. */
  ensureRoom(keyBytes: number, valueBytes: number): void {
    const { heap } = this.keyspace;
    heap.free(heap.allocate(overheadBytes(keyBytes, true) + valueBytes));
  }

  /**
   * Adds a small collection of `length` bytes that the caller fills in, under a key for which `write` has just found
   * nothing. @param room bytes that it may grow to without moving.
   */
  insertPacked(kind: Kind, key: Uint8Array, start: number, end: number, length: number, room = length): number {
    const isRoomy = room >= ROOMY_VALUE_BYTES;
    const address = this.#insert(key, start, end, room, isRoomy ? kind | ROOMY : kind);
    this.keyspace.heap.wordsOf(address)[Heap.wordOffset(address) + LENGTH] = length;
    return address;
  }

  /** Stores a small collection, given as its bytes, over whatever the key held; the expire time goes. */
  setPacked(kind: Kind, key: Uint8Array, start: number, end: number, value: Uint8Array): number {
    const address = this.write(key, start, end);
    if (address !== NONE) return this.replaceWithPacked(address, kind, value, false);
    const entry = this.insertPacked(kind, key, start, end, value.length);
    copyBytes(value, 0, value.length, this.bytes(entry), this.valueOffset(entry));
    return entry;
  }

  /** Makes an existing entry, whatever it held, a small collection, given as its bytes. @returns the entry. */
  replaceWithPacked(address: number, kind: Kind, value: Uint8Array, keepExpiry: boolean): number {
    const entry = this.overwriteWithString(address, value.length, keepExpiry);
    this.mark(entry, kind, KIND_MASK);
    copyBytes(value, 0, value.length, this.bytes(entry), this.valueOffset(entry));
    return entry;
  }

  /** Stores a large value over whatever the key held; the expire time goes unless `keepExpiry`. */
  setObject(key: Uint8Array, start: number, end: number, value: LargeValue, keepExpiry = false): number {
    const address = this.write(key, start, end);
    if (address !== NONE) return this.replaceWithObject(address, value, keepExpiry);
    return this.insertObject(key, start, end, value);
  }

  /** Adds a large value under a key for which `write` has just found nothing. @returns the entry. */
  insertObject(key: Uint8Array, start: number, end: number, value: LargeValue): number {
    return this.#attach(this.#insert(key, start, end, 0, value.kind | OBJECT), value);
  }

  /** Makes an existing entry, whatever it held, a large value. @returns the entry. */
  replaceWithObject(address: number, value: LargeValue, keepExpiry: boolean): number {
    const entry = this.overwriteWithString(address, 0, keepExpiry);
    this.mark(entry, value.kind | OBJECT, KIND_MASK);
    return this.#attach(entry, value);
  }

  #attach(entry: number, value: LargeValue): number {
    this.keyspace.heap.wordsOf(entry)[Heap.wordOffset(entry) + LENGTH] = this.keyspace.values.add(value);
    return entry;
  }

  /**
   * Gives another key a copy of an entry's value and its expire time, over whatever it held. The key may be in another
   * database, and is another one than the entry's. @returns the copy.
   */
  copyTo(address: number, target: Database, key: Uint8Array, start: number, end: number): number {
    return this.#transfer(address, target, key, start, end, false);
  }

  /** As `copyTo`, but the entry is gone afterwards. @returns the entry under its new key. */
  moveTo(address: number, target: Database, key: Uint8Array, start: number, end: number): number {
    this.willChange(address);
    const moved = this.#transfer(address, target, key, start, end, true);
    if (!this.isPacked(address)) this.keyspace.values.take(this.length(address));
    this.#removeRecord(address);
    return moved;
  }

  #transfer(address: number, target: Database, key: Uint8Array, start: number, end: number, move: boolean): number {
    const old = target.dict.find(key, start, end);
    assert(old !== address, 'the keys differ');
    if (old !== NONE) target.remove(old, 'server');
    target.dict.find(key, start, end);
    const meta = this.meta(address) & (FLAGS_MASK & ~VOLATILE);
    const isPacked = (meta & OBJECT) === 0;
    const length = isPacked ? this.length(address) : 0;
    const copy = target.#insert(key, start, end, length, meta);
    if (isPacked) {
      const from = this.valueOffset(address);
      copyBytes(this.bytes(address), from, from + length, target.bytes(copy), target.valueOffset(copy));
    } else {
      const value = this.object(address);
      const number = this.keyspace.values.add(move ? value : value.clone());
      target.keyspace.heap.wordsOf(copy)[Heap.wordOffset(copy) + LENGTH] = number;
    }
    if (move) target.setUsage(copy, this.usage(address));
    const expiry = this.exactExpiryOf(address);
    return expiry === NO_EXPIRY ? copy : target.setExpiry(copy, expiry);
  }

  /** Removes an entry and its value. */
  remove(address: number, removal: Removal = 'user'): void {
    this.willChange(address);
    if (!this.isPacked(address)) this.#releaseObject(address, removal);
    this.#removeRecord(address);
  }

  #removeRecord(address: number): void {
    this.#dict.guard?.removed(address);
    if (isVolatile(this.keyspace.heap.wordsOf(address), Heap.wordOffset(address))) this.#volatile.remove(address);
    this.#recent?.remove(address);
    this.#slots?.removed(address);
    this.#dict.remove(address);
  }

  #releaseObject(address: number, removal: Removal): void {
    const { values, reclaimer } = this.keyspace;
    releaseValue(values.take(this.length(address)), removal, reclaimer);
  }

  // ---------------------------------------------------------------------------------------------------------- expiry

  /**
   * @param unixMs any int64, passed times included: the caller decides what they mean; a number if it is safe.
   * @returns the entry.
   */
  setExpiry(address: number, unixMs: number | bigint): number {
    this.willChange(address);
    const { heap } = this.keyspace;
    let entry = address;
    if (!isRoomy(heap.wordsOf(address), Heap.wordOffset(address))) entry = this.#makeRoom(address);
    const words = heap.wordsOf(entry);
    const record = Heap.wordOffset(entry);
    setExpireAt(words, record, unixMs);
    if (!isVolatile(words, record)) {
      words[record + META]! |= VOLATILE;
      this.#volatile.add(entry);
      this.#recent?.used(entry, true);
    }
    this.keyspace.expirySet?.(this, entry);
    return entry;
  }

  #makeRoom(address: number): number {
    const { heap } = this.keyspace;
    const words = heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    const meta = words[record + META]!;
    const kept = (meta & OBJECT) === 0 ? words[record + LENGTH]! : 0;
    const target = heap.allocate(overheadBytes(keyLengthAt(words, record), true) + kept);
    return this.#moveTo(target, address, words[record + LENGTH]!, meta | ROOMY, kept);
  }

  /** Makes an entry persistent. @returns whether it was not. */
  clearExpiry(address: number): boolean {
    if (!isVolatile(this.keyspace.heap.wordsOf(address), Heap.wordOffset(address))) return false;
    this.willChange(address);
    this.#volatile.remove(address);
    this.#recent?.persisted(address);
    this.mark(address, 0, VOLATILE);
    return true;
  }

  // ----------------------------------------------------------------------------------------------------------- whole

  /** A random entry whose time has not passed, or NONE. */
  random(): number {
    const { keyspace } = this;
    const allVolatile = this.volatileSize === this.size;
    for (let attempts = 1; ; attempts++) {
      const address = this.#dict.fairRandom(keyspace.random);
      if (address === NONE || !this.isExpired(address)) return address;
      if (keyspace.expires) this.expire(address);
      // A replica may hold nothing but keys that its master has yet to delete: give up after a while (db.c).
      else if (allVolatile && attempts >= RANDOM_ATTEMPTS) return address;
    }
  }

  /** Exchanges the contents of two databases; sessions stay with their number. */
  swap(other: Database): void {
    [this.#dict, other.#dict] = [other.#dict, this.#dict];
    [this.#volatile, other.#volatile] = [other.#volatile, this.#volatile];
    [this.#recent, other.#recent] = [other.#recent, this.#recent];
    [this.#slots, other.#slots] = [other.#slots, this.#slots];
    [this.averageTtlMs, other.averageTtlMs] = [other.averageTtlMs, this.averageTtlMs];
    [this.expireCursor, other.expireCursor] = [other.expireCursor, this.expireCursor];
  }

  /** Starts anew on the keyspace's heap; what was here is forgotten, not freed. Returns the old contents. */
  reset(): Dict {
    const old = this.#dict;
    this.#dict = new Dict(this.keyspace.heap, this.keyspace.hash, this.keyspace);
    this.#volatile.drop();
    this.#volatile = new VolatileSet(this.keyspace.heap, this.keyspace.random);
    this.averageTtlMs = 0;
    this.expireCursor = 0;
    this.orderUses();
    if (this.#slots !== null) this.#dropSlots().indexSlots();
    return old;
  }

  /** Keeps the entries by hash slot from now on. */
  indexSlots(): void {
    if (this.#slots !== null) return;
    const slots = (this.#slots = new SlotIndex(this.keyspace.heap));
    this.#dict.forEach((address) => slots.adopt(address));
  }

  #dropSlots(): this {
    this.#slots?.drop();
    this.#slots = null;
    return this;
  }

  /** Starts or stops to keep entries in the order of their use, as the keyspace says; those of now are not in it yet. */
  orderUses(): void {
    const { heap, usesOrdered } = this.keyspace;
    this.#recent?.drop();
    this.#recent = usesOrdered === 'none' ? null : new RecencyList(heap, usesOrdered === 'volatile');
  }

  /**
   * Empties the database in constant time.
   * @returns a function that frees what was in it, some entries per call, and says true when all is free.
   */
  empty(): () => boolean {
    const { heap, values } = this.keyspace;
    const dict = this.reset();
    const free = (): (() => boolean) => freeInSlices(dict.detachAll(), heap, values);
    if (dict.guard === null) return free();
    dict.guard.detached(free);
    return () => true;
  }
}
