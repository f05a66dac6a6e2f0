/**
 * A consumer group of a stream: what was delivered last, its consumers, and the entries that were delivered to one of
 * them and not yet acknowledged ("pending").
 *
 * A pending entry is a record of the group's table: when it was delivered last and how often, and the number of its
 * consumer. Each consumer has a table of its own with nothing but IDs, which orders what is pending for it.
 */
import type { Heap } from './heap.ts';
import { IdTable } from './id-table.ts';
import type { Counter } from './stream-counter.ts';
import { StreamId } from './stream-id.ts';

/** `entriesRead` of a group for which it cannot be told. */
export const UNKNOWN_ENTRIES_READ = -1;

const WORD = 0x1_0000_0000;
const TIME_HIGH = 0;
const TIME_LOW = 1;
const COUNT_HIGH = 2;
const COUNT_LOW = 3;
const CONSUMER = 4;
const RECORD_WORDS = 6;
const OBJECT_BYTES = 200;

export class Consumer {
  /** A binary string. */
  readonly name: string;
  /** Identifies it among those of its group. */
  readonly number: number;
  /** Unix time in ms of its last command. */
  seenMs: number;
  readonly pending: IdTable;

  constructor(name: string, number: number, seenMs: number, pending: IdTable) {
    this.name = name;
    this.number = number;
    this.seenMs = seenMs;
    this.pending = pending;
  }
}

export class ConsumerGroup {
  readonly heap: Heap;
  readonly lastId = new StreamId();
  entriesRead: Counter;
  readonly pending: IdTable;
  readonly consumers = new Map<string, Consumer>();
  readonly #byNumber: (Consumer | null)[] = [];

  constructor(heap: Heap, lastId: StreamId, entriesRead: Counter, pending = new IdTable(heap, RECORD_WORDS)) {
    this.heap = heap;
    this.lastId.set(lastId);
    this.entriesRead = entriesRead;
    this.pending = pending;
  }

  get overheadBytes(): number {
    let bytes = OBJECT_BYTES + this.pending.overheadBytes;
    for (const { name, pending } of this.consumers.values())
      bytes += OBJECT_BYTES + name.length + pending.overheadBytes;
    return bytes;
  }

  /** Bytes on the heap. */
  get blockBytes(): number {
    let bytes = this.pending.blockBytes;
    for (const { pending } of this.consumers.values()) bytes += pending.blockBytes;
    return bytes;
  }

  clone(): ConsumerGroup {
    const copy = new ConsumerGroup(this.heap, this.lastId, this.entriesRead, this.pending.clone());
    for (const each of this.#byNumber) {
      const twin = each && new Consumer(each.name, each.number, each.seenMs, each.pending.clone());
      copy.#byNumber.push(twin);
    }
    for (const { name, number } of this.consumers.values()) copy.consumers.set(name, copy.#byNumber[number]!);
    return copy;
  }

  /** @returns whether nothing is left. */
  releaseSome(): boolean {
    for (const consumer of this.consumers.values()) {
      if (!consumer.pending.releaseSome()) return false;
      this.consumers.delete(consumer.name);
    }
    return this.pending.releaseSome();
  }

  // ---------------------------------------------------------------------------------------------------------- consumers

  /** In the order of their names. */
  sortedConsumers(): Consumer[] {
    return [...this.consumers.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  addConsumer(name: string, seenMs: number): Consumer {
    const hole = this.#byNumber.indexOf(null);
    const number = hole < 0 ? this.#byNumber.length : hole;
    const consumer = new Consumer(name, number, seenMs, new IdTable(this.heap, 0));
    this.#byNumber[number] = consumer;
    this.consumers.set(name, consumer);
    return consumer;
  }

  /** Removes a consumer and what is pending for it. */
  removeConsumer(consumer: Consumer): void {
    const id = new StreamId();
    const { pending } = consumer;
    for (pending.seekFirst(); pending.hasRecord; pending.next()) {
      if (this.pending.seek(pending.readId(id))) this.pending.remove();
    }
    while (!pending.releaseSome());
    this.consumers.delete(consumer.name);
    this.#byNumber[consumer.number] = null;
  }

  // ------------------------------------------------------------------------------------- the entry at the place of `pending`

  /** Whose it is; null for one that was just added. */
  get owner(): Consumer | null {
    const number = this.pending.word(CONSUMER);
    return number === 0 ? null : this.#byNumber[number - 1]!;
  }

  /** Unix time in ms of the last delivery. */
  get deliveredMs(): number {
    return this.pending.word(TIME_HIGH) * WORD + (this.pending.word(TIME_LOW) >>> 0);
  }

  set deliveredMs(ms: number) {
    this.pending.setWord(TIME_HIGH, Math.floor(ms / WORD));
    this.pending.setWord(TIME_LOW, ms >>> 0);
  }

  /** How often it was delivered. */
  get deliveries(): Counter {
    const high = this.pending.word(COUNT_HIGH);
    const low = this.pending.word(COUNT_LOW) >>> 0;
    const value = high * WORD + low;
    return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low);
  }

  set deliveries(count: Counter) {
    const high = typeof count === 'number' ? Math.floor(count / WORD) : Number(count >> 32n);
    const low = typeof count === 'number' ? count >>> 0 : Number(BigInt.asIntN(32, count));
    this.pending.setWord(COUNT_HIGH, high);
    this.pending.setWord(COUNT_LOW, low);
  }

  /** Gives it, whose ID is `id`, to a consumer. */
  assign(id: StreamId, consumer: Consumer): void {
    const { owner } = this;
    if (owner === consumer) return;
    if (owner?.pending.seek(id)) owner.pending.remove();
    if (!consumer.pending.seek(id)) consumer.pending.insert(id);
    this.pending.setWord(CONSUMER, consumer.number + 1);
  }

  /** Removes it, whose ID is `id`; the place is at the next one then. */
  acknowledge(id: StreamId): void {
    const { owner } = this;
    if (owner?.pending.seek(id)) owner.pending.remove();
    this.pending.remove();
  }
}
