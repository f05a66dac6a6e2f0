/** Streams as RDB files and DUMP payloads have them: nodes, counters, and consumer groups with what is pending. */
import { Heap } from '../../data/heap.ts';
import type { IdTable } from '../../data/id-table.ts';
import type { Consumer, ConsumerGroup } from '../../data/stream-group.ts';
import { StreamId } from '../../data/stream-id.ts';
import { listpackAt, listpackLength } from '../../data/stream-node.ts';
import type { StreamValue } from '../../data/stream-value.ts';
import { bytesOf } from '../../core/latin1.ts';
import type { ByteSink } from './byte-sink.ts';
import { PieceEncoder } from './piece-encoder.ts';

/** Bytes of an ID. */
const ID_BYTES = 16;

export class StreamEncoder extends PieceEncoder {
  readonly #stream: StreamValue;
  readonly #groups: [string, ConsumerGroup][];
  readonly #id = new StreamId();
  #nextNode = 0;
  #group = -1;
  #consumers: Consumer[] = [];
  /** Of the group whose pending entries are being written: the group's own come first, then those of consumers. */
  #consumer = -1;
  /** The table that is under way, and how many of its IDs are left. */
  #pending: IdTable | null = null;
  #left = 0;

  constructor(sink: ByteSink, stream: StreamValue) {
    super(sink);
    this.#stream = stream;
    this.#groups = stream.sortedGroups();
    sink.length(stream.nodeCount);
  }

  override writeTo(position: number): boolean {
    this.#resume();
    return super.writeTo(position);
  }

  protected step(): boolean {
    if (this.#nextNode < this.#stream.nodeCount) this.#writeNode(this.#nextNode++);
    else if (this.#group < 0) {
      this.#writeCounters();
      this.#group = 0;
      if (this.#groups.length > 0) this.#startGroup();
    } else if (this.#left > 0) this.#writePending();
    else return this.#advance();
    return true;
  }

  #writeNode(index: number): void {
    const { heap } = this.#stream;
    const node = this.#stream.nodeAt(index);
    const { sink } = this;
    sink.length(ID_BYTES);
    this.#writeId(this.#id.read(heap.wordsOf(node), Heap.wordOffset(node)));
    const at = listpackAt(node);
    this.string(heap.bytesOf(node), at, at + listpackLength(heap, node));
  }

  #writeCounters(): void {
    const { sink } = this;
    const stream = this.#stream;
    sink.length(stream.size);
    for (const id of [stream.lastId, stream.firstId, stream.maxDeletedId]) this.#writeIdAsLengths(id);
    sink.length64(stream.entriesAdded);
    sink.length(this.#groups.length);
  }

  #startGroup(): void {
    const [name, group] = this.#groups[this.#group]!;
    const { sink } = this;
    sink.string(bytesOf(name));
    this.#writeIdAsLengths(group.lastId);
    sink.length64(group.entriesRead);
    this.#consumers = group.sortedConsumers();
    this.#consumer = -1;
    this.#startPending(group.pending);
  }

  /** Goes on to the next consumer, or to the next group. @returns false at the end. */
  #advance(): boolean {
    if (this.#group >= this.#groups.length) return false;
    const { sink } = this;
    if (this.#consumer < 0) sink.length(this.#consumers.length);
    if (++this.#consumer < this.#consumers.length) {
      const consumer = this.#consumers[this.#consumer]!;
      sink.string(bytesOf(consumer.name));
      sink.int64(consumer.seenMs);
      this.#startPending(consumer.pending);
      return true;
    }
    if (++this.#group >= this.#groups.length) return false;
    this.#startGroup();
    return true;
  }

  #startPending(pending: IdTable): void {
    this.#pending = pending;
    this.#left = pending.size;
    this.sink.length(pending.size);
    pending.seekFirst();
    if (pending.hasRecord) pending.readId(this.#id);
  }

  /** Somebody may have looked for other entries since the last piece. */
  #resume(): void {
    if (this.#left > 0) this.#pending!.seek(this.#id);
  }

  #writePending(): void {
    const pending = this.#pending!;
    this.#writeId(pending.readId(this.#id));
    if (this.#consumer < 0) {
      const [, group] = this.#groups[this.#group]!;
      this.sink.int64(group.deliveredMs);
      this.sink.length64(group.deliveries);
    }
    pending.next();
    if (--this.#left > 0) pending.readId(this.#id);
  }

  /** An ID as it is: 16 bytes. */
  #writeId(id: StreamId): void {
    this.sink.words(id.msHigh, id.msLow);
    this.sink.words(id.seqHigh, id.seqLow);
  }

  #writeIdAsLengths(id: StreamId): void {
    this.#writeHalf(id.msHigh, id.msLow);
    this.#writeHalf(id.seqHigh, id.seqLow);
  }

  #writeHalf(high: number, low: number): void {
    const value = high * 0x1_0000_0000 + low;
    this.sink.length64(Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low));
  }
}
