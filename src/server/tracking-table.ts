/**
 * Which clients may hold which keys in their caches: for each key the ids of those who have read it.
 *
 * A server may be asked to remember millions of keys, so the table lies outside the JS heap, as values do: one record
 * per key (see data/dict.ts), with the ids as its value, in ascending order. Ids are given out in ascending order too,
 * so a client that is new to a key is mostly appended. The records have a heap of their own: emptying the databases
 * replaces the heap of the keyspace, and dropping this one is how the table is cleared.
 *
 * A client that goes leaves its ids behind, since nobody knows where they are. They are dropped when the record that
 * holds them has to grow, so a key that is read by ever new connections and never changes takes no more room than twice
 * that of its living readers.
 */
import { copyRecord } from '../data/copy-record.ts';
import { Dict } from '../data/dict.ts';
import { Heap, NONE } from '../data/heap.ts';
import type { Keyspace } from '../data/keyspace.ts';
import { keyLengthAt, keyOffsetAt, LENGTH, META, overheadBytes } from '../data/record.ts';

const ID_BYTES = 8;
/** Records of tracked keys have no kind, no flags and no usage. */
const PLAIN = 0;

export class TrackingTable {
  readonly #keyspace: Keyspace;
  readonly #isConnected: (id: number) => boolean;
  #heap = new Heap();
  #dict: Dict;
  /** Ids in all records together. */
  items = 0;

  /** @param isConnected whether an id still belongs to a client. */
  constructor(keyspace: Keyspace, isConnected: (id: number) => boolean) {
    this.#keyspace = keyspace;
    this.#isConnected = isConnected;
    this.#dict = new Dict(this.#heap, keyspace.hash);
  }

  /** Number of keys. */
  get size(): number {
    return this.#dict.size;
  }

  get usedBytes(): number {
    return this.#heap.usedBytes + this.#heap.tableBytes;
  }

  /** A client has read the key bytes[start..end). */
  add(bytes: Uint8Array, start: number, end: number, id: number): void {
    const record = this.#dict.find(bytes, start, end);
    if (record === NONE) {
      const added = this.#dict.insert(bytes, start, end, ID_BYTES, PLAIN);
      this.#pageOf(added).writeDoubleLE(id, this.#idsOffset(added));
      this.items++;
      return;
    }
    const count = this.#count(record);
    const place = this.#placeOf(record, count, id);
    if (place < count && this.#idAt(record, place) === id) return;
    this.#insert(record, count, place, id);
  }

  /** Forgets a key. @returns the ids of its readers, or null if there are none. */
  take(bytes: Uint8Array, start: number, end: number): number[] | null {
    const record = this.#dict.find(bytes, start, end);
    return record === NONE ? null : this.#takeRecord(record);
  }

  /** Forgets a random key. The table is not empty. */
  takeAny(): { key: Buffer; ids: number[] } {
    const record = this.#dict.random(this.#keyspace.random);
    const words = this.#heap.wordsOf(record);
    const at = Heap.wordOffset(record);
    const start = keyOffsetAt(words, at);
    const key = Buffer.from(this.#pageOf(record).subarray(start, start + keyLengthAt(words, at)));
    return { key, ids: this.#takeRecord(record) };
  }

  /** Forgets everything. */
  clear(): void {
    this.items = 0;
    this.#heap = new Heap();
    this.#dict = new Dict(this.#heap, this.#keyspace.hash);
  }

  #takeRecord(record: number): number[] {
    const ids: number[] = [];
    for (let i = 0, count = this.#count(record); i < count; i++) ids.push(this.#idAt(record, i));
    this.items -= ids.length;
    this.#dict.remove(record);
    this.#dict.shrinkIfSparse();
    return ids;
  }

  // ----------------------------------------------------------------------------------------------------- one record

  #pageOf(record: number): Buffer {
    return this.#heap.bytesOf(record);
  }

  /** Where in the page the ids begin. */
  #idsOffset(record: number): number {
    const words = this.#heap.wordsOf(record);
    const at = Heap.wordOffset(record);
    return keyOffsetAt(words, at) + keyLengthAt(words, at);
  }

  #count(record: number): number {
    return this.#heap.wordsOf(record)[Heap.wordOffset(record) + LENGTH]! / ID_BYTES;
  }

  #setCount(record: number, count: number): void {
    this.#heap.wordsOf(record)[Heap.wordOffset(record) + LENGTH] = count * ID_BYTES;
  }

  #idAt(record: number, index: number): number {
    return this.#pageOf(record).readDoubleLE(this.#idsOffset(record) + index * ID_BYTES);
  }

  /** Index of an id, or of the first one above it. */
  #placeOf(record: number, count: number, id: number): number {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#idAt(record, middle) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(record: number, count: number, place: number, id: number): void {
    if (!this.#hasRoomFor(record, count + 1)) {
      const left = this.#dropDisconnected(record, count);
      const target = left + 1 > count / 2 ? this.#moveToLarger(record, left) : record;
      this.#insert(target, left, this.#placeOf(target, left, id), id);
      return;
    }
    const page = this.#pageOf(record);
    const at = this.#idsOffset(record);
    page.copyWithin(at + (place + 1) * ID_BYTES, at + place * ID_BYTES, at + count * ID_BYTES);
    page.writeDoubleLE(id, at + place * ID_BYTES);
    this.#setCount(record, count + 1);
    this.items++;
  }

  #hasRoomFor(record: number, count: number): boolean {
    return this.#overhead(record) + count * ID_BYTES <= this.#heap.capacity(record);
  }

  #overhead(record: number): number {
    return overheadBytes(keyLengthAt(this.#heap.wordsOf(record), Heap.wordOffset(record)), false);
  }

  /** @returns how many ids are left. */
  #dropDisconnected(record: number, count: number): number {
    const page = this.#pageOf(record);
    const at = this.#idsOffset(record);
    let left = 0;
    for (let i = 0; i < count; i++) {
      const id = this.#idAt(record, i);
      if (this.#isConnected(id)) page.writeDoubleLE(id, at + left++ * ID_BYTES);
    }
    this.items -= count - left;
    this.#setCount(record, left);
    return left;
  }

  /** Gives a record room for twice as many ids. @returns the new record. */
  #moveToLarger(record: number, count: number): number {
    const heap = this.#heap;
    const target = heap.allocate(this.#overhead(record) + Math.max(2, count * 2) * ID_BYTES);
    const meta = heap.wordsOf(record)[Heap.wordOffset(record) + META]!;
    copyRecord(heap, record, target, count * ID_BYTES, meta, count * ID_BYTES);
    this.#dict.replace(record, target);
    return target;
  }
}
