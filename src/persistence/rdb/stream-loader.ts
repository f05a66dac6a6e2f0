/**
 * Streams: nodes, counters, and consumer groups, piece by piece.
 *
 * Nodes are searched by halves and entries are counted, so a stream whose IDs do not ascend, or whose counters do not
 * tell what is there, is refused.
 */
import { type Consumer, ConsumerGroup } from '../../data/stream-group.ts';
import { StreamId } from '../../data/stream-id.ts';
import { firstEntry, listpackAt, readEntryId } from '../../data/stream-node.ts';
import { StreamValue } from '../../data/stream-value.ts';
import { eagerReclaimer, releaseValue } from '../../data/value.ts';
import type { LoadedValue } from './loaded-value.ts';
import { corrupt } from './rdb-error.ts';
import { type RdbInput, RdbString } from './rdb-input.ts';
import { entryBehind, isStreamNode } from './stream-check.ts';
import type { LoadContext, ValueLoader } from './load-context.ts';

const ID_BYTES = 16;
const WORD = 0x1_0000_0000;

type Phase = 'nodes' | 'counters' | 'group' | 'pending' | 'consumers' | 'consumer' | 'owned' | 'done';

export class StreamLoader implements ValueLoader {
  readonly #hasCounters: boolean;
  readonly #string = new RdbString();
  readonly #listpack = new RdbString();
  readonly #id = new StreamId();
  /** The last entry, or the ID before a node's first one. */
  readonly #last = new StreamId();
  readonly #context: LoadContext;
  #stream: StreamValue | null;
  #phase: Phase;
  #nodesLeft: number;
  #groupsLeft = 0;
  #consumersLeft = 0;
  /** Of the table of pending entries that is being read. */
  #pendingLeft = 0;
  #group: ConsumerGroup | null = null;
  #consumer: Consumer | null = null;

  /** @param hasCounters as version 10 has them. */
  constructor(nodes: number, hasCounters: boolean, context: LoadContext) {
    this.#context = context;
    this.#hasCounters = hasCounters;
    this.#nodesLeft = nodes;
    this.#phase = nodes > 0 ? 'nodes' : 'counters';
    this.#stream = new StreamValue(context.keyspace.heap);
  }

  next(input: RdbInput): boolean {
    switch (this.#phase) {
      case 'nodes':
        this.#readNode(input);
        break;
      case 'counters':
        this.#readCounters(input);
        break;
      case 'group':
        this.#readGroup(input);
        break;
      case 'pending':
        this.#readPending(input);
        break;
      case 'consumers':
        this.#readConsumerCount(input);
        break;
      case 'consumer':
        this.#readConsumer(input);
        break;
      default:
        this.#readOwned(input);
    }
    return this.#phase === 'done';
  }

  finish(value: LoadedValue): void {
    value.setObject(this.#stream!);
    this.#stream = null;
  }

  release(): void {
    if (this.#stream !== null) releaseValue(this.#stream, 'server', eagerReclaimer);
    this.#stream = null;
  }

  // --------------------------------------------------------------------------------------------------------------- nodes

  #readNode(input: RdbInput): void {
    const stream = this.#stream!;
    const id = this.#string;
    const listpack = this.#listpack;
    input.string(id);
    input.string(listpack);
    if (id.length !== ID_BYTES) corrupt('Stream node key entry is not the size of a stream ID');
    readId(id, this.#id);
    this.#context.packedPieces++;
    if (!isStreamNode(listpack.bytes, listpack.start, listpack.length))
      corrupt('Stream listpack integrity check failed.');
    if (stream.nodeCount > 0 && this.#id.compare(this.#last) <= 0) corrupt('Listpack re-added with existing key');
    stream.appendNode(this.#id, listpack.bytes, listpack.start, listpack.end);
    this.#checkOrder(stream.nodeAt(stream.nodeCount - 1));
    if (--this.#nodesLeft === 0) this.#phase = 'counters';
  }

  /** Looks at the IDs of a node's entries. */
  #checkOrder(node: number): void {
    const { heap } = this.#context.keyspace;
    const bytes = heap.bytesOf(node);
    const at = listpackAt(node);
    const id = this.#id;
    const last = this.#last;
    // The first entry has the node's own ID.
    let isFirst = true;
    for (let p = firstEntry(bytes, at); p !== 0; p = entryBehind(bytes, at, p)) {
      readEntryId(heap, node, p, id);
      const order = isFirst ? 1 : id.compare(last);
      if (order <= 0) corrupt('Stream listpack integrity check failed.');
      if (isFirst) this.#checkFirst(node, id);
      last.set(id);
      isFirst = false;
    }
  }

  #checkFirst(node: number, first: StreamId): void {
    const words = this.#context.keyspace.heap.wordsOf(node);
    if (first.compareWords(words, (node & 0x7fff) << 1) < 0) corrupt('Stream listpack integrity check failed.');
  }

  #readCounters(input: RdbInput): void {
    const stream = this.#stream!;
    const length = input.length();
    readIdAsLengths(input, stream.lastId);
    if (this.#hasCounters) {
      readIdAsLengths(input, stream.firstId);
      readIdAsLengths(input, stream.maxDeletedId);
      stream.entriesAdded = input.length64();
    } else {
      stream.entriesAdded = length;
      stream.edge(true, false, stream.firstId);
    }
    this.#groupsLeft = input.length();
    if (length !== stream.size) corrupt('Stream length inconsistent with rax entries');
    if (stream.nodeCount > 0 && stream.lastId.compare(this.#last) < 0) {
      corrupt('Stream length inconsistent with rax entries');
    }
    this.#phase = this.#groupsLeft > 0 ? 'group' : 'done';
  }

  // -------------------------------------------------------------------------------------------------------------- groups

  #readGroup(input: RdbInput): void {
    const stream = this.#stream!;
    const id = this.#id;
    input.string(this.#string);
    readIdAsLengths(input, id);
    const entriesRead = this.#hasCounters ? input.length64() : stream.entriesUpTo(id);
    const pending = input.length();
    const name = this.#string.text;
    if (stream.groups.has(name)) corrupt(`Duplicated consumer group name ${name}`);
    this.#group = new ConsumerGroup(stream.heap, id, entriesRead);
    stream.groups.set(name, this.#group);
    this.#pendingLeft = pending;
    this.#phase = pending > 0 ? 'pending' : 'consumers';
  }

  #readPending(input: RdbInput): void {
    const group = this.#group!;
    input.raw(ID_BYTES, this.#string);
    const deliveredMs = input.int64();
    const deliveries = input.length64();
    readId(this.#string, this.#id);
    if (group.pending.seek(this.#id)) corrupt('Duplicated global PEL entry loading stream consumer group');
    group.pending.insert(this.#id);
    group.deliveredMs = Number(deliveredMs);
    group.deliveries = deliveries;
    if (--this.#pendingLeft === 0) this.#phase = 'consumers';
  }

  #readConsumerCount(input: RdbInput): void {
    this.#consumersLeft = input.length();
    if (this.#consumersLeft > 0) this.#phase = 'consumer';
    else this.#finishGroup();
  }

  #readConsumer(input: RdbInput): void {
    const group = this.#group!;
    input.string(this.#string);
    const seenMs = input.int64();
    const pending = input.length();
    const name = this.#string.text;
    if (group.consumers.has(name)) corrupt('Duplicate stream consumer detected.');
    this.#consumer = group.addConsumer(name, Number(seenMs));
    this.#pendingLeft = pending;
    if (pending > 0) this.#phase = 'owned';
    else this.#finishConsumer();
  }

  #readOwned(input: RdbInput): void {
    const group = this.#group!;
    const id = this.#id;
    input.raw(ID_BYTES, this.#string);
    readId(this.#string, id);
    if (!group.pending.seek(id)) corrupt('Consumer entry not found in group global PEL');
    if (group.owner !== null) corrupt('Duplicated consumer PEL entry  loading a stream consumer group');
    group.assign(id, this.#consumer!);
    if (--this.#pendingLeft === 0) this.#finishConsumer();
  }

  #finishConsumer(): void {
    this.#consumer = null;
    if (--this.#consumersLeft > 0) this.#phase = 'consumer';
    else this.#finishGroup();
  }

  #finishGroup(): void {
    const group = this.#group!;
    let owned = 0;
    for (const consumer of group.consumers.values()) owned += consumer.pending.size;
    if (owned !== group.pending.size) corrupt('Stream CG PEL entry without consumer');
    this.#group = null;
    this.#phase = --this.#groupsLeft > 0 ? 'group' : 'done';
  }
}

function readId({ bytes, start }: RdbString, id: StreamId): void {
  id.setWords(word(bytes, start), word(bytes, start + 4), word(bytes, start + 8), word(bytes, start + 12));
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function readIdAsLengths(input: RdbInput, id: StreamId): void {
  const ms = input.length64();
  const seq = input.length64();
  id.setWords(highWord(ms), lowWord(ms), highWord(seq), lowWord(seq));
}

function highWord(value: number | bigint): number {
  return typeof value === 'number' ? Math.floor(value / WORD) >>> 0 : Number(BigInt.asUintN(32, value >> 32n));
}

function lowWord(value: number | bigint): number {
  return typeof value === 'number' ? value >>> 0 : Number(BigInt.asUintN(32, value));
}
