/**
 * Streams: entries in the order of their IDs, in nodes on the heap (stream-node.ts), and consumer groups
 * (stream-group.ts). There is no JS object per entry.
 *
 * redis-server indexes its nodes with a radix tree; here they stand in a deque, and an ID is found by binary search.
 * Appending and trimming cost O(1) per entry. Where nodes begin and end, and what stays in them as deleted, is as in
 * redis-server (t_stream.c): both are visible in DUMP payloads, RDB files and XINFO. What `firstId`, `maxDeletedId` and
 * `entriesAdded` tell is what the lag of consumer groups is reckoned from.
 */
import type { Arguments } from '../core/arguments.ts';
import { Heap } from './heap.ts';
import { NodeDeque } from './node-deque.ts';
import { plus, minus, type Counter } from './stream-counter.ts';
import { StreamCursor } from './stream-cursor.ts';
import { ConsumerGroup, UNKNOWN_ENTRIES_READ } from './stream-group.ts';
import { StreamId } from './stream-id.ts';
import {
  appendToNode,
  copyNode,
  countDeleted,
  deletedEntries,
  listpackLength,
  liveEntries,
  markDeleted,
  newNode,
  nodeOfListpack,
  readLastId,
  tightened,
} from './stream-node.ts';
import { KIND, type LargeValue } from './value.ts';

/** What a node may hold; 0: any number. */
export interface StreamLimits {
  readonly nodeBytesMax: number;
  readonly nodeEntriesMax: number;
}

/** A node's listpack is never larger than this, and neither are the fields and values of an entry together. */
export const NODE_BYTES_MAX = 1 << 30;
const FREED_PER_SLICE = 100;
const OBJECT_BYTES = 400;

export class StreamValue extends NodeDeque implements LargeValue {
  readonly kind = KIND.stream;
  readonly encoding = 'stream';
  readonly heap: Heap;
  /** Number of entries. */
  size = 0;
  /** ID of the first entry; 0-0 if there is none. */
  readonly firstId = new StreamId();
  /** The greatest ID that was ever used. */
  readonly lastId = new StreamId();
  readonly maxDeletedId = new StreamId();
  /** Entries that were ever added. */
  entriesAdded: Counter = 0;
  /** By name, a binary string. */
  readonly groups = new Map<string, ConsumerGroup>();
  /** Room for the ID of an entry that is going to be added; `append` keeps nothing of it. */
  readonly nextId = new StreamId();
  readonly #cursor = new StreamCursor();
  readonly #id = new StreamId();

  constructor(heap: Heap) {
    super();
    this.heap = heap;
  }

  get overheadBytes(): number {
    let bytes = OBJECT_BYTES + this.tableBytes;
    for (const [name, group] of this.groups) bytes += name.length + group.overheadBytes;
    return bytes;
  }

  /** Bytes on the heap of what is pending in the groups. */
  get groupBytes(): number {
    let bytes = 0;
    for (const group of this.groups.values()) bytes += group.blockBytes;
    return bytes;
  }

  clone(): StreamValue {
    const copy = new StreamValue(this.heap);
    for (let i = 0; i < this.nodeCount; i++) copy.insertNode(i, copyNode(this.heap, this.node(i)));
    copy.size = this.size;
    copy.firstId.set(this.firstId);
    copy.lastId.set(this.lastId);
    copy.maxDeletedId.set(this.maxDeletedId);
    copy.entriesAdded = this.entriesAdded;
    for (const [name, group] of this.groups) copy.groups.set(name, group.clone());
    return copy;
  }

  releaseSome(): boolean {
    for (let left = FREED_PER_SLICE; left > 0 && this.nodeCount > 0; left--) this.#dropNode(this.nodeCount - 1);
    if (this.nodeCount > 0) return false;
    for (const [name, group] of this.groups) {
      if (!group.releaseSome()) return false;
      this.groups.delete(name);
    }
    return true;
  }

  // -------------------------------------------------------------------------------------------------------------- nodes

  /** The address of a node. */
  nodeAt(index: number): number {
    return this.node(index);
  }

  nodeFor(id: StreamId): number {
    let low = 0;
    let high = this.nodeCount;
    while (low < high) {
      const middle = (low + high) >> 1;
      const node = this.node(middle);
      if (id.compareWords(this.heap.wordsOf(node), Heap.wordOffset(node)) < 0) high = middle;
      else low = middle + 1;
    }
    return low - 1;
  }

  /** Appends a whole node, given as its listpack; the caller sets the IDs and counters of the stream. */
  appendNode(masterId: StreamId, listpack: Uint8Array, start: number, end: number): void {
    const node = nodeOfListpack(this.heap, masterId, listpack, start, end);
    this.insertNode(this.nodeCount, node);
    this.size += liveEntries(this.heap, node);
  }

  #dropNode(index: number): void {
    this.heap.free(this.node(index));
    this.removeNode(index);
  }

  // -------------------------------------------------------------------------------------------------------------- adding

  /**
   * Adds an entry with an ID greater than `lastId`, and the fields and values that stand by turns from args[first] on.
   * @param bytes of fields and values together, up to NODE_BYTES_MAX.
   */
  append(id: StreamId, args: Arguments, first: number, fieldCount: number, bytes: number, limits: StreamLimits): void {
    const { heap } = this;
    const last = this.nodeCount - 1;
    if (last >= 0 && this.#takes(last, bytes, limits)) {
      const node = this.node(last);
      const changed = appendToNode(heap, node, id, args, first, fieldCount);
      if (changed !== node) this.setNode(last, changed);
    } else {
      if (last >= 0) this.setNode(last, tightened(heap, this.node(last)));
      const node = newNode(heap, id, args, first, fieldCount);
      this.insertNode(this.nodeCount, appendToNode(heap, node, id, args, first, fieldCount));
    }
    this.size++;
    this.entriesAdded = plus(this.entriesAdded, 1);
    this.lastId.set(id);
    if (this.size === 1) this.firstId.set(id);
  }

  #takes(index: number, bytes: number, { nodeBytesMax, nodeEntriesMax }: StreamLimits): boolean {
    const { heap } = this;
    const node = this.node(index);
    const limit = nodeBytesMax === 0 ? NODE_BYTES_MAX : Math.min(nodeBytesMax, NODE_BYTES_MAX);
    if (listpackLength(heap, node) + bytes >= limit) return false;
    return nodeEntriesMax === 0 || liveEntries(heap, node) + deletedEntries(heap, node) < nodeEntriesMax;
  }

  // ------------------------------------------------------------------------------------------------------------ removing

  has(id: StreamId): boolean {
    return this.#cursor.start(this, id, id).next();
  }

  /** Marks an entry as deleted. @returns whether it was there. */
  delete(id: StreamId): boolean {
    const cursor = this.#cursor.start(this, id, id);
    if (!cursor.next()) return false;
    const index = cursor.nodeIndex;
    if (liveEntries(this.heap, this.node(index)) === 1) this.#dropNode(index);
    else {
      markDeleted(cursor.bytes, cursor.entry);
      this.setNode(index, countDeleted(this.heap, this.node(index), 1));
    }
    this.size--;
    if (id.compare(this.maxDeletedId) > 0) this.maxDeletedId.set(id);
    if (this.size === 0 || id.compare(this.firstId) === 0) this.#findFirst();
    return true;
  }

  #findFirst(): void {
    if (this.size === 0) this.firstId.setWords(0, 0, 0, 0);
    else this.edge(true, false, this.firstId);
  }

  /** Sets `target` to the ID of the first or last entry; without any, to the end at which one would look further. */
  edge(first: boolean, withDeleted: boolean, target: StreamId): void {
    const cursor = this.#cursor.start(this, undefined, undefined, !first, withDeleted);
    if (cursor.next()) target.set(cursor.id);
    else if (first) target.setWords(0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff);
    else target.setWords(0, 0, 0, 0);
  }

  /**
   * Removes entries from the beginning on, until at most `length` are left.
   * @param approximately removes whole nodes only.
   * @param limit of removed entries; 0: none.
   * @returns how many were removed.
   */
  trimToLength(length: number, approximately: boolean, limit: number): number {
    return this.#trim(length, null, approximately, limit);
  }

  /** Removes the entries before an ID. */
  trimBefore(id: StreamId, approximately: boolean, limit: number): number {
    return this.#trim(0, id, approximately, limit);
  }

  #trim(length: number, minId: StreamId | null, approximately: boolean, limit: number): number {
    const enough = minId === null ? length : -1;
    let removed = 0;
    while (this.nodeCount > 0 && this.size > enough) {
      const entries = liveEntries(this.heap, this.node(0));
      if (limit > 0 && removed + entries > limit) break;
      if (this.#isWholly(entries, length, minId)) {
        this.#dropNode(0);
        this.size -= entries;
        removed += entries;
        continue;
      }
      if (!approximately) removed += this.#trimFirstNode(length, minId);
      break;
    }
    if (removed > 0) this.#findFirst();
    return removed;
  }

  /** Whether all of the first node is to go. */
  #isWholly(entries: number, length: number, minId: StreamId | null): boolean {
    if (minId === null) return this.size - entries >= length;
    readLastId(this.heap, this.node(0), this.#id);
    return this.#id.compare(minId) < 0;
  }

  #trimFirstNode(length: number, minId: StreamId | null): number {
    const cursor = this.#cursor.start(this);
    let marked = 0;
    while (cursor.next() && cursor.nodeIndex === 0) {
      if (minId === null ? this.size <= length : cursor.id.compare(minId) >= 0) break;
      markDeleted(cursor.bytes, cursor.entry);
      marked++;
      this.size--;
    }
    if (marked > 0) this.setNode(0, countDeleted(this.heap, this.node(0), marked));
    return marked;
  }

  // --------------------------------------------------------------------------------------------------------------- groups

  /** In the order of their names. */
  sortedGroups(): [string, ConsumerGroup][] {
    return [...this.groups].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Whether entries from an ID on may have been deleted. */
  hasDeletedFrom(id: StreamId): boolean {
    const { maxDeletedId } = this;
    if (this.size === 0 || maxDeletedId.isZero) return false;
    return this.firstId.compare(maxDeletedId) <= 0 && id.compare(maxDeletedId) <= 0;
  }

  /** How many entries were added up to an ID, -1 if that cannot be told. */
  entriesUpTo(id: StreamId): Counter {
    if (this.entriesAdded === 0) return 0;
    const toLast = id.compare(this.lastId);
    if (toLast === 0 || (this.size === 0 && toLast < 0)) return this.entriesAdded;
    if (toLast > 0) return UNKNOWN_ENTRIES_READ;
    if (this.maxDeletedId.isZero || this.maxDeletedId.compare(this.firstId) < 0) {
      const toFirst = id.compare(this.firstId);
      if (toFirst < 0) return minus(this.entriesAdded, this.size);
      if (toFirst === 0) return plus(minus(this.entriesAdded, this.size), 1);
    }
    return UNKNOWN_ENTRIES_READ;
  }

  /** How many entries a group has yet to read; null if that cannot be told. */
  lagOf(group: ConsumerGroup): Counter | null {
    if (this.entriesAdded === 0) return 0;
    let read = group.entriesRead;
    if (read === UNKNOWN_ENTRIES_READ || this.hasDeletedFrom(group.lastId)) read = this.entriesUpTo(group.lastId);
    return read === UNKNOWN_ENTRIES_READ ? null : minus(this.entriesAdded, read);
  }

  /** A group gets to an entry. */
  advance(group: ConsumerGroup, id: StreamId): void {
    if (group.entriesRead !== UNKNOWN_ENTRIES_READ && !this.hasDeletedFrom(id)) {
      group.entriesRead = plus(group.entriesRead, 1);
    } else if (this.entriesAdded !== 0) group.entriesRead = this.entriesUpTo(id);
    group.lastId.set(id);
  }
}
