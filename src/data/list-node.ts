/**
 * One node of a list: a block on the heap with a listpack of neighbouring elements, or with one long element alone
 * ("plain").
 *
 * | byte | what |
 * |---|---|
 * | 0  | int32: where the listpack begins in the block, or ~length of a plain element |
 * | .. | room, the listpack, room; or the bytes of the plain element |
 *
 * The listpack may begin anywhere in its block, so that a list grows and shrinks at its head as cheaply as at its tail:
 * six bytes of header move, and the elements stay. The bytes of the listpack are those that Redis has (listpack.ts),
 * wherever they lie.
 *
 * A node that outgrows its block, or leaves most of it empty, moves to another one: functions that change a node
 * return its address. Nodes with a page of their own may be lent to replies; `own` comes before each write.
 */
import { copyBytes } from '../core/copy-bytes.ts';
import { Heap } from './heap.ts';
import {
  bytesOfElements,
  elementBytes,
  elementCount,
  endOfListpack,
  firstElement,
  listpackBytes,
  previousElement,
  seekElement,
} from './listpack.ts';
import { bytesForElement, resizeAtStart, spliceListpack, writeElement, writeEmptyListpack } from './listpack-edit.ts';
import { EMPTY_LISTPACK_BYTES, HEADER_BYTES } from './listpack-format.ts';

/** Bytes of a block before what it holds. */
export const NODE_HEADER_BYTES = 4;
/** A block is exchanged for a smaller one when less than this share of it is used. */
const SHRINK_DIVISOR = 4;
const SMALLEST_SHRUNK_BYTES = 64;
/** A full node is of this size unless configured otherwise (list-max-listpack-size -2). */
const USUAL_NODE_BYTES = 8192;
/** Blocks up to here come in sizes a quarter apart, which is room enough for a node that grows. */
const QUARTERED_BYTES_MAX = 1024;

export function isPlainNode(heap: Heap, address: number): boolean {
  return heap.wordsOf(address)[Heap.wordOffset(address)]! < 0;
}

/** Offset in the page of the node's listpack, or of its plain element. */
export function nodeStart(heap: Heap, address: number): number {
  const start = heap.wordsOf(address)[Heap.wordOffset(address)]!;
  return Heap.byteOffset(address) + (start < 0 ? NODE_HEADER_BYTES : start);
}

/** Length in bytes of the listpack, or of the plain element. */
export function nodeLength(heap: Heap, address: number): number {
  const start = heap.wordsOf(address)[Heap.wordOffset(address)]!;
  return start < 0 ? ~start : listpackBytes(heap.bytesOf(address), Heap.byteOffset(address) + start);
}

/** Number of elements. */
export function nodeSize(heap: Heap, address: number): number {
  const start = heap.wordsOf(address)[Heap.wordOffset(address)]!;
  return start < 0 ? 1 : elementCount(heap.bytesOf(address), Heap.byteOffset(address) + start);
}

/** What the node holds, as bytes; valid until the next write. */
export function nodeView(heap: Heap, address: number): Buffer {
  const start = nodeStart(heap, address);
  return heap.bytesOf(address).subarray(start, start + nodeLength(heap, address));
}

// ------------------------------------------------------------------------------------------------------------- making

/** An empty node with room for elements of so many bytes, before it if `atHead`. */
export function emptyNode(heap: Heap, roomBytes: number, atHead: boolean): number {
  const address = heap.allocate(NODE_HEADER_BYTES + EMPTY_LISTPACK_BYTES + roomBytes);
  const start = atHead ? heap.capacity(address) - EMPTY_LISTPACK_BYTES : NODE_HEADER_BYTES;
  heap.wordsOf(address)[Heap.wordOffset(address)] = start;
  writeEmptyListpack(heap.bytesOf(address), Heap.byteOffset(address) + start);
  return address;
}

/** A node with the listpack bytes[start..end). */
export function packedNode(heap: Heap, bytes: Uint8Array, start: number, end: number): number {
  return nodeOf(heap, bytes, start, end, NODE_HEADER_BYTES);
}

/** A node with the one element bytes[start..end). */
export function plainNode(heap: Heap, bytes: Uint8Array, start: number, end: number): number {
  return nodeOf(heap, bytes, start, end, ~(end - start));
}

function nodeOf(heap: Heap, bytes: Uint8Array, start: number, end: number, header: number): number {
  const address = heap.allocate(NODE_HEADER_BYTES + end - start);
  heap.wordsOf(address)[Heap.wordOffset(address)] = header;
  copyBytes(bytes, start, end, heap.bytesOf(address), Heap.byteOffset(address) + NODE_HEADER_BYTES);
  return address;
}

export function copyNode(heap: Heap, address: number): number {
  const start = nodeStart(heap, address);
  const end = start + nodeLength(heap, address);
  const header = isPlainNode(heap, address) ? ~(end - start) : NODE_HEADER_BYTES;
  return nodeOf(heap, heap.bytesOf(address), start, end, header);
}

// ------------------------------------------------------------------------------------------------------------ changing

/** Adds the string source[start..end) at an end. */
export function addToNode(
  heap: Heap,
  address: number,
  atHead: boolean,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  const added = bytesForElement(source, start, end);
  const node = makeRoom(heap, address, added, atHead);
  const bytes = heap.bytesOf(node);
  const at = nodeStart(heap, node);
  if (!atHead) {
    const p = endOfListpack(bytes, at);
    spliceListpack(bytes, at, p, 0, added, 1);
    writeElement(bytes, p, source, start, end);
    return node;
  }
  resizeAtStart(bytes, at, -added, 1);
  heap.wordsOf(node)[Heap.wordOffset(node)]! -= added;
  writeElement(bytes, at - added + HEADER_BYTES, source, start, end);
  return node;
}

/** Inserts the string source[start..end) before the element with an index, which may be one beyond the last. */
export function insertIntoNode(
  heap: Heap,
  address: number,
  index: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  if (index === 0) return addToNode(heap, address, true, source, start, end);
  if (index === nodeSize(heap, address)) return addToNode(heap, address, false, source, start, end);
  const added = bytesForElement(source, start, end);
  const node = makeRoom(heap, address, added, false);
  const bytes = heap.bytesOf(node);
  const at = nodeStart(heap, node);
  const p = seekElement(bytes, at, index);
  spliceListpack(bytes, at, p, 0, added, 1);
  writeElement(bytes, p, source, start, end);
  return node;
}

/** Puts the string source[start..end) in the place of an element. */
export function replaceInNode(
  heap: Heap,
  address: number,
  index: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  const added = bytesForElement(source, start, end);
  const before = nodeStart(heap, address);
  const place = seekElement(heap.bytesOf(address), before, index) - before;
  const removed = elementBytes(heap.bytesOf(address), before + place);
  const node = makeRoom(heap, address, Math.max(0, added - removed), false);
  const bytes = heap.bytesOf(node);
  const at = nodeStart(heap, node);
  spliceListpack(bytes, at, at + place, removed, added, 0);
  writeElement(bytes, at + place, source, start, end);
  return added < removed ? tightened(heap, node) : node;
}

/** Removes `count` elements, but not all, from the one with an index on. */
export function removeFromNode(heap: Heap, address: number, index: number, count: number): number {
  heap.own(address);
  const bytes = heap.bytesOf(address);
  const at = nodeStart(heap, address);
  if (index === 0) {
    const removed = bytesOfElements(bytes, firstElement(bytes, at), count);
    resizeAtStart(bytes, at, removed, -count);
    heap.wordsOf(address)[Heap.wordOffset(address)]! += removed;
  } else {
    const size = elementCount(bytes, at);
    // From the end the last elements are reached by their back lengths: popping does not look at the others.
    const p =
      index + count === size && count === 1
        ? previousElement(bytes, at, endOfListpack(bytes, at))
        : seekElement(bytes, at, index);
    const removed = index + count === size ? endOfListpack(bytes, at) - p : bytesOfElements(bytes, p, count);
    spliceListpack(bytes, at, p, removed, 0, -count);
  }
  return tightened(heap, address);
}

/** Appends the elements of one node to another one. The first is left as it is. */
export function joinNodes(heap: Heap, from: number, to: number): number {
  const added = nodeLength(heap, from) - EMPTY_LISTPACK_BYTES;
  const node = makeRoom(heap, to, added, false);
  const bytes = heap.bytesOf(node);
  const at = nodeStart(heap, node);
  const p = endOfListpack(bytes, at);
  spliceListpack(bytes, at, p, 0, added, nodeSize(heap, from));
  const source = nodeStart(heap, from) + HEADER_BYTES;
  copyBytes(heap.bytesOf(from), source, source + added, bytes, p);
  return node;
}

/** Makes a node writable, with room for so many bytes more at an end. */
function makeRoom(heap: Heap, address: number, added: number, atHead: boolean): number {
  const capacity = heap.capacity(address);
  const block = Heap.byteOffset(address);
  const bytes = heap.bytesOf(address);
  const start = heap.wordsOf(address)[Heap.wordOffset(address)]!;
  const length = listpackBytes(bytes, block + start);
  const needed = NODE_HEADER_BYTES + length + added;
  if (needed > capacity) {
    return moveNode(heap, address, roomyBytes(needed), atHead);
  }
  heap.own(address);
  if (atHead ? start - NODE_HEADER_BYTES >= added : start + length + added <= capacity) return address;
  const target = atHead ? capacity - length : NODE_HEADER_BYTES;
  heap.bytesOf(address).copyWithin(block + target, block + start, block + start + length);
  heap.wordsOf(address)[Heap.wordOffset(address)] = target;
  return address;
}

/** Size of a node that grows: with room to spare, but for what makes it larger than full nodes usually are. */
function roomyBytes(needed: number): number {
  if (needed <= QUARTERED_BYTES_MAX) return needed;
  const roomy = needed + (needed >> 2);
  return needed <= USUAL_NODE_BYTES ? Math.min(roomy, USUAL_NODE_BYTES) : roomy;
}

/** Moves a packed node to a block of another size, to its end if `atHead`. */
function moveNode(heap: Heap, address: number, blockBytes: number, atHead: boolean): number {
  const target = heap.allocate(blockBytes);
  const from = nodeStart(heap, address);
  const length = nodeLength(heap, address);
  const start = atHead ? heap.capacity(target) - length : NODE_HEADER_BYTES;
  heap.wordsOf(target)[Heap.wordOffset(target)] = start;
  copyBytes(heap.bytesOf(address), from, from + length, heap.bytesOf(target), Heap.byteOffset(target) + start);
  heap.free(address);
  return target;
}

/** Gives back what a node does not need any more. */
function tightened(heap: Heap, address: number): number {
  const capacity = heap.capacity(address);
  if (capacity <= SMALLEST_SHRUNK_BYTES) return address;
  const used = NODE_HEADER_BYTES + nodeLength(heap, address);
  return used * SHRINK_DIVISOR > capacity ? address : moveNode(heap, address, used + (used >> 1), false);
}
