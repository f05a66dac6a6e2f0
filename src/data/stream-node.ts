/**
 * One node of a stream: a block on the heap with the ID of its first entry ("master ID") and a listpack of neighbouring
 * entries, byte for byte the one that redis-server has (t_stream.c), so that DUMP and RDB files need only copy it.
 *
 * | byte | what |
 * |---|---|
 * | 0  | the master ID as four 32-bit words |
 * | 16 | the listpack |
 *
 * The listpack begins with the number of entries that are there, the number of those that are marked as deleted, the
 * number of the first entry's fields, these fields, and 0. Then, per entry: flags, the distance of the ID's halves from
 * those of the master ID; unless the entry has the very fields of the first one (SAME_FIELDS), the number of its fields;
 * then fields and values in turn, or only values; and last the number of elements so far, by which one walks
 * backwards.
 *
 * A node that outgrows its block moves to another one: functions that change a node return its address.
 */
import type { Arguments } from '../core/arguments.ts';
import { isBigInteger } from '../core/integer.ts';
import { copyBytes } from '../core/copy-bytes.ts';
import { Heap } from './heap.ts';
import {
  bigIntegerOfElement,
  elementBytes,
  endOfListpack,
  integerOfElement,
  isElement,
  lastElement,
  listpackBytes,
  nextElement,
  previousElement,
} from './listpack.ts';
import {
  bytesForElement,
  bytesForInteger,
  spliceListpack,
  writeBigIntegerElement,
  writeElement,
  writeEmptyListpack,
  writeIntegerElement,
} from './listpack-edit.ts';
import { EMPTY_LISTPACK_BYTES, HEADER_BYTES } from './listpack-format.ts';
import { StreamId } from './stream-id.ts';

export const DELETED = 1;
export const SAME_FIELDS = 2;

/** Bytes of a block before the listpack. */
export const NODE_HEADER_BYTES = 16;
/** Elements of an entry besides fields and values: flags, two distances; and the number of fields. */
const FIXED_ELEMENTS = 3;
const WORD = 0x1_0000_0000;
/** A node that grows gets half of its size on top; when it is full it gives back what it does not need. */
const SPARE_DIVISOR = 2;

/** Where the listpack of a node begins in its page. */
export function listpackAt(address: number): number {
  return Heap.byteOffset(address) + NODE_HEADER_BYTES;
}

/** Entries that are not marked as deleted. */
export function liveEntries(heap: Heap, address: number): number {
  return integerOfElement(heap.bytesOf(address), listpackAt(address) + HEADER_BYTES);
}

/** Entries that are marked as deleted. */
export function deletedEntries(heap: Heap, address: number): number {
  const bytes = heap.bytesOf(address);
  return integerOfElement(bytes, nextElement(bytes, listpackAt(address) + HEADER_BYTES));
}

export function listpackLength(heap: Heap, address: number): number {
  return listpackBytes(heap.bytesOf(address), listpackAt(address));
}

/** The element with the number of the first entry's fields; the fields follow it. */
export function masterFields(bytes: Uint8Array, at: number): number {
  return nextElement(bytes, nextElement(bytes, at + HEADER_BYTES));
}

/** The first entry's flags, deleted or not. */
export function firstEntry(bytes: Uint8Array, at: number): number {
  const fields = masterFields(bytes, at);
  let p = nextElement(bytes, fields);
  for (let left = integerOfElement(bytes, fields); left > 0; left--) p = nextElement(bytes, p);
  return nextElement(bytes, p);
}

/** The flags of the entry that ends with an element. */
export function startOfEntry(bytes: Uint8Array, at: number, last: number): number {
  let p = last;
  for (let left = integerOfElement(bytes, last); left > 0; left--) p = previousElement(bytes, at, p);
  return p;
}

/** Sets `id` to the ID of the entry whose flags are at `p`. @returns the element behind it. */
export function readEntryId(heap: Heap, address: number, p: number, id: StreamId): number {
  const bytes = heap.bytesOf(address);
  const words = heap.wordsOf(address);
  const master = Heap.wordOffset(address);
  const ms = nextElement(bytes, p);
  const seq = nextElement(bytes, ms);
  const msDelta = integerOfElement(bytes, ms);
  const seqDelta = integerOfElement(bytes, seq);
  if (isBigInteger(msDelta) || isBigInteger(seqDelta)) {
    id.read(words, master);
    addExactly(id, bigIntegerOfElement(bytes, ms), bigIntegerOfElement(bytes, seq));
    return nextElement(bytes, seq);
  }
  const msLow = (words[master + 1]! >>> 0) + (msDelta >>> 0);
  const seqLow = (words[master + 3]! >>> 0) + (seqDelta >>> 0);
  id.msHigh = (words[master]! + Math.floor(msDelta / WORD) + (msLow >= WORD ? 1 : 0)) >>> 0;
  id.msLow = msLow >>> 0;
  id.seqHigh = (words[master + 2]! + Math.floor(seqDelta / WORD) + (seqLow >= WORD ? 1 : 0)) >>> 0;
  id.seqLow = seqLow >>> 0;
  return nextElement(bytes, seq);
}

function addExactly(id: StreamId, msDelta: bigint, seqDelta: bigint): void {
  const ms = BigInt.asUintN(64, join(id.msHigh, id.msLow) + msDelta);
  const seq = BigInt.asUintN(64, join(id.seqHigh, id.seqLow) + seqDelta);
  id.setWords(Number(ms >> 32n), Number(ms & 0xffff_ffffn), Number(seq >> 32n), Number(seq & 0xffff_ffffn));
}

function join(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

/** Sets `id` to the ID of the last entry, deleted or not. */
export function readLastId(heap: Heap, address: number, id: StreamId): void {
  const bytes = heap.bytesOf(address);
  const at = listpackAt(address);
  readEntryId(heap, address, startOfEntry(bytes, at, lastElement(bytes, at)), id);
}

// -------------------------------------------------------------------------------------------------------------- making

/** A node without entries whose first one will have the ID and the fields args[first], args[first + 2], ... */
export function newNode(heap: Heap, id: StreamId, args: Arguments, first: number, fieldCount: number): number {
  const { bytes: source, starts, ends } = args;
  const counts = [0, 0, fieldCount];
  let added = bytesForInteger(0);
  for (const count of counts) added += bytesForInteger(count);
  for (let i = 0; i < fieldCount; i++) added += bytesForElement(source, starts[first + i * 2]!, ends[first + i * 2]!);
  const address = heap.allocate(NODE_HEADER_BYTES + EMPTY_LISTPACK_BYTES + added);
  id.write(heap.wordsOf(address), Heap.wordOffset(address));
  const bytes = heap.bytesOf(address);
  const at = listpackAt(address);
  writeEmptyListpack(bytes, at);
  let p = endOfListpack(bytes, at);
  spliceListpack(bytes, at, p, 0, added, fieldCount + counts.length + 1);
  for (const count of counts) p = writeIntegerElement(bytes, p, count);
  for (let i = 0; i < fieldCount; i++) {
    p = writeElement(bytes, p, source, starts[first + i * 2]!, ends[first + i * 2]!);
  }
  writeIntegerElement(bytes, p, 0);
  return address;
}

/** A node from the bytes of its listpack. */
export function nodeOfListpack(heap: Heap, id: StreamId, listpack: Uint8Array, start: number, end: number): number {
  const address = heap.allocate(NODE_HEADER_BYTES + end - start);
  id.write(heap.wordsOf(address), Heap.wordOffset(address));
  copyBytes(listpack, start, end, heap.bytesOf(address), listpackAt(address));
  return address;
}

export function copyNode(heap: Heap, address: number): number {
  return moved(heap, address, 0);
}

/** A copy with room for so many bytes more. */
function moved(heap: Heap, address: number, spare: number): number {
  const used = NODE_HEADER_BYTES + listpackLength(heap, address);
  const target = heap.allocate(used + spare);
  const from = Heap.byteOffset(address);
  copyBytes(heap.bytesOf(address), from, from + used, heap.bytesOf(target), Heap.byteOffset(target));
  return target;
}

/** Gives back the room that a full node does not need. */
export function tightened(heap: Heap, address: number): number {
  if (heap.capacity(address) === Heap.capacityFor(NODE_HEADER_BYTES + listpackLength(heap, address))) return address;
  const target = moved(heap, address, 0);
  heap.free(address);
  return target;
}

function withRoom(heap: Heap, address: number, added: number): number {
  const needed = NODE_HEADER_BYTES + listpackLength(heap, address) + added;
  if (needed <= heap.capacity(address)) return address;
  const target = moved(heap, address, added + Math.floor(needed / SPARE_DIVISOR));
  heap.free(address);
  return target;
}

// ------------------------------------------------------------------------------------------------------------ changing

/** Adds an entry with the fields and values from args[first] on. */
export function appendToNode(
  heap: Heap,
  address: number,
  id: StreamId,
  args: Arguments,
  first: number,
  fieldCount: number,
): number {
  const { bytes: source, starts, ends } = args;
  const isSame = hasFields(heap, address, args, first, fieldCount);
  const words = heap.wordsOf(address);
  const master = Heap.wordOffset(address);
  const msHigh = difference(id.msHigh, id.msLow, words[master]! >>> 0, words[master + 1]! >>> 0);
  const msLow = (id.msLow - words[master + 1]!) >>> 0;
  const seqHigh = difference(id.seqHigh, id.seqLow, words[master + 2]! >>> 0, words[master + 3]! >>> 0);
  const seqLow = (id.seqLow - words[master + 3]!) >>> 0;
  const elements = FIXED_ELEMENTS + (isSame ? fieldCount : 2 * fieldCount + 1);
  let added = bytesForInteger(isSame ? SAME_FIELDS : 0) + bytesForInteger(elements);
  added += bytesForInteger(msHigh * WORD + msLow) + bytesForInteger(seqHigh * WORD + seqLow);
  if (!isSame) added += bytesForInteger(fieldCount);
  const step = isSame ? 2 : 1;
  for (let i = isSame ? 1 : 0; i < 2 * fieldCount; i += step) {
    added += bytesForElement(source, starts[first + i]!, ends[first + i]!);
  }
  const node = addToCounts(heap, address, 1, 0, added);
  const bytes = heap.bytesOf(node);
  const at = listpackAt(node);
  let p = endOfListpack(bytes, at);
  spliceListpack(bytes, at, p, 0, added, elements + 1);
  p = writeIntegerElement(bytes, p, isSame ? SAME_FIELDS : 0);
  p = writeDifference(bytes, p, msHigh, msLow);
  p = writeDifference(bytes, p, seqHigh, seqLow);
  if (!isSame) p = writeIntegerElement(bytes, p, fieldCount);
  for (let i = isSame ? 1 : 0; i < 2 * fieldCount; i += step) {
    p = writeElement(bytes, p, source, starts[first + i]!, ends[first + i]!);
  }
  writeIntegerElement(bytes, p, elements);
  return node;
}

/** High word, with sign, of the difference of two numbers of 64 bits. */
function difference(high: number, low: number, otherHigh: number, otherLow: number): number {
  return (high - otherHigh - (low < otherLow ? 1 : 0)) | 0;
}

function writeDifference(bytes: Uint8Array, p: number, high: number, low: number): number {
  const value = high * WORD + low;
  if (Number.isSafeInteger(value)) return writeIntegerElement(bytes, p, value);
  return writeBigIntegerElement(bytes, p, BigInt.asIntN(64, join(high, low)));
}

/** Whether an entry would have the fields of the node's first one. */
function hasFields(heap: Heap, address: number, args: Arguments, first: number, fieldCount: number): boolean {
  const bytes = heap.bytesOf(address);
  let p = masterFields(bytes, listpackAt(address));
  if (integerOfElement(bytes, p) !== fieldCount) return false;
  for (let i = 0; i < fieldCount; i++) {
    p = nextElement(bytes, p);
    if (!isElement(bytes, p, args.bytes, args.starts[first + i * 2]!, args.ends[first + i * 2]!)) return false;
  }
  return true;
}

/** Changes the counts of entries, and makes room for so many bytes more. */
function addToCounts(heap: Heap, address: number, live: number, deleted: number, added: number): number {
  const liveNow = liveEntries(heap, address) + live;
  const deletedNow = deletedEntries(heap, address) + deleted;
  const grown = bytesForInteger(liveNow) + bytesForInteger(deletedNow);
  const node = withRoom(heap, address, added + grown);
  const bytes = heap.bytesOf(node);
  const at = listpackAt(node);
  const p = at + HEADER_BYTES;
  const next = nextElement(bytes, p);
  spliceListpack(bytes, at, p, next - p + elementBytes(bytes, next), grown, 0);
  writeIntegerElement(bytes, writeIntegerElement(bytes, p, liveNow), deletedNow);
  return node;
}

/** Marks the entry whose flags are at `p` as deleted; the counts are changed with `countDeleted`. */
export function markDeleted(bytes: Uint8Array, p: number): void {
  writeIntegerElement(bytes, p, integerOfElement(bytes, p) | DELETED);
}

/** So many entries were marked as deleted. */
export function countDeleted(heap: Heap, address: number, count: number): number {
  return addToCounts(heap, address, -count, count, 0);
}
