/**
 * What stands in the entries of a keyspace: kinds, keys, values, expire times. An entry is the address of its record
 * (record.ts); which database holds it does not matter here. `Database` adds what finds, makes and removes entries.
 */
import { assert } from '../core/assert.ts';
import { Heap } from './heap.ts';
import type { Keyspace } from './keyspace.ts';
import {
  exactExpireAt,
  expireAt,
  FLAGS_MASK,
  isVolatile,
  keyLengthAt,
  keyOffsetAt,
  KIND_MASK,
  LENGTH,
  META,
  OBJECT,
  RAW,
  TEXT,
} from './record.ts';
import { KIND, type Kind, type LargeValue } from './value.ts';

/** An entry without expire time. */
export const NO_EXPIRY = -1;

export class Entries {
  readonly keyspace: Keyspace;

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
  }

  kind(address: number): Kind {
    return (this.meta(address) & KIND_MASK) as Kind;
  }

  isString(address: number): boolean {
    return (this.meta(address) & KIND_MASK) === KIND.string;
  }

  protected meta(address: number): number {
    return this.keyspace.heap.wordsOf(address)[Heap.wordOffset(address) + META]!;
  }

  /** Sets bits of META and clears others. */
  protected mark(address: number, set: number, clear = 0): void {
    const words = this.keyspace.heap.wordsOf(address);
    const at = Heap.wordOffset(address) + META;
    words[at] = (words[at]! & ~clear) | set;
  }

  /** A copy of the key. */
  keyOf(address: number): Buffer {
    const words = this.keyspace.heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    const at = keyOffsetAt(words, record);
    return Buffer.from(this.keyspace.heap.bytesOf(address).subarray(at, at + keyLengthAt(words, record)));
  }

  /** Offset in `bytes` of the key's first byte. */
  keyOffset(address: number): number {
    return keyOffsetAt(this.keyspace.heap.wordsOf(address), Heap.wordOffset(address));
  }

  keyLength(address: number): number {
    return keyLengthAt(this.keyspace.heap.wordsOf(address), Heap.wordOffset(address));
  }

  /** The 24 bits of recency or frequency. */
  usage(address: number): number {
    return this.meta(address) >>> 8;
  }

  setUsage(address: number, bits: number): void {
    this.mark(address, bits << 8, ~FLAGS_MASK);
  }

  /** Whether the value is bytes in the record (strings, small collections) and not a JS object. */
  isPacked(address: number): boolean {
    return (this.meta(address) & OBJECT) === 0;
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

  /** Whether a string is reported as "raw" whatever its length. */
  isRaw(address: number): boolean {
    return (this.meta(address) & RAW) !== 0;
  }

  /** Whether a string is not reported as "int" even if it spells one. */
  isText(address: number): boolean {
    return (this.meta(address) & TEXT) !== 0;
  }

  markAsText(address: number): void {
    this.mark(address, TEXT);
  }

  object(address: number): LargeValue {
    assert(!this.isPacked(address), 'the value is a JS object');
    return this.keyspace.values.get(this.length(address));
  }

  /** Heap bytes of the record: key, header, packed value. */
  recordBytes(address: number): number {
    return this.keyspace.heap.capacity(address);
  }

  /** Unix time in ms, or NO_EXPIRY. Beyond 2^53 it is rounded. */
  expiryOf(address: number): number {
    const words = this.keyspace.heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    return isVolatile(words, record) ? expireAt(words, record) : NO_EXPIRY;
  }

  /** As `expiryOf`, but a bigint beyond 2^53. */
  exactExpiryOf(address: number): number | bigint {
    const words = this.keyspace.heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    return isVolatile(words, record) ? exactExpireAt(words, record) : NO_EXPIRY;
  }

  isVolatile(address: number): boolean {
    return isVolatile(this.keyspace.heap.wordsOf(address), Heap.wordOffset(address));
  }

  isExpired(address: number): boolean {
    const words = this.keyspace.heap.wordsOf(address);
    const record = Heap.wordOffset(address);
    if (!isVolatile(words, record)) return false;
    return expireAt(words, record) < this.keyspace.nowMs && !this.keyspace.frozen;
  }
}
