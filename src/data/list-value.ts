/**
 * Lists: a deque of nodes on the heap, each a listpack of neighbouring elements (list-node.ts). Redis calls this a
 * quicklist, and the nodes here begin and end where its nodes do (quicklist.c): what a node takes, when it is split and
 * merged, is visible in DUMP payloads, RDB files and DEBUG OBJECT.
 *
 * How much a node takes is list-max-listpack-size as it was when the list was made. Negative, it selects a size in
 * bytes; positive, a number of elements, of at most 8 KiB together. An element from the packed threshold on has a plain
 * node of its own.
 *
 * Both ends are reached in O(1); an index in O(nodes) from the nearer end, and within its node.
 */
import type { Heap } from './heap.ts';
import { bytesForElement } from './listpack-edit.ts';
import { EMPTY_LISTPACK_BYTES } from './listpack-format.ts';
import {
  addToNode,
  copyNode,
  emptyNode,
  insertIntoNode,
  isPlainNode,
  joinNodes,
  NODE_HEADER_BYTES,
  nodeLength,
  nodeSize,
  nodeView,
  packedNode,
  plainNode,
  removeFromNode,
  replaceInNode,
} from './list-node.ts';
import { NodeDeque } from './node-deque.ts';
import { KIND, type LargeValue } from './value.ts';

/** What -1 to -5 stand for. */
const NODE_BYTES_MAX: readonly number[] = [4096, 8192, 16384, 32768, 65536];
/** A node whose number of elements is limited does not grow beyond this. */
const COUNTED_NODE_BYTES_MAX = 8192;
const NODE_SIZE_MAX = (1 << 15) - 1;
/** What Redis takes a new element's encoding for, before it knows better. */
const ELEMENT_OVERHEAD_ESTIMATE = 8;
/** What Redis takes two listpacks to have too much when they are merged. */
const MERGED_OVERHEAD_ESTIMATE = 11;
const FREED_PER_SLICE = 100;
const OBJECT_BYTES = 96;

/** Where an element is. */
export interface ListPlace {
  /** Index of its node. */
  readonly node: number;
  /** Its index in the node. */
  readonly offset: number;
}

export class ListValue extends NodeDeque implements LargeValue {
  readonly kind = KIND.list;
  readonly encoding = 'quicklist';
  readonly heap: Heap;
  /** list-max-listpack-size, within Redis' limits. */
  readonly fill: number;
  size = 0;

  constructor(heap: Heap, fill: number) {
    super();
    this.heap = heap;
    this.fill = Math.min(Math.max(fill, -5), NODE_SIZE_MAX);
  }

  get overheadBytes(): number {
    return OBJECT_BYTES + this.tableBytes;
  }

  clone(): ListValue {
    const copy = new ListValue(this.heap, this.fill);
    for (let i = 0; i < this.nodeCount; i++) copy.insertNode(i, copyNode(this.heap, this.node(i)));
    copy.size = this.size;
    return copy;
  }

  releaseSome(): boolean {
    for (let left = FREED_PER_SLICE; left > 0 && this.nodeCount > 0; left--) this.#dropNode(this.nodeCount - 1);
    return this.nodeCount === 0;
  }

  // ------------------------------------------------------------------------------------------------------------- nodes

  /** The address of a node. */
  nodeAt(index: number): number {
    return this.node(index);
  }

  isPlain(index: number): boolean {
    return isPlainNode(this.heap, this.node(index));
  }

  /** The listpack of a node, or its plain element; valid until the next write. */
  nodeBytes(index: number): Buffer {
    return nodeView(this.heap, this.node(index));
  }

  /** Appends a whole node: the listpack, or the plain element, bytes[start..end). It holds at least one element. */
  appendNode(bytes: Uint8Array, start: number, end: number, plain: boolean): void {
    const make = plain ? plainNode : packedNode;
    const address = make(this.heap, bytes, start, end);
    this.insertNode(this.nodeCount, address);
    this.size += nodeSize(this.heap, address);
  }

  #dropNode(index: number): void {
    this.heap.free(this.node(index));
    this.removeNode(index);
  }

  #isWithinSize(bytes: number): boolean {
    return this.fill < 0 && bytes <= NODE_BYTES_MAX[-this.fill - 1]!;
  }

  /** Whether a node takes an element of so many bytes; there need be no such node. */
  #takes(index: number, elementBytes: number): boolean {
    if (index < 0 || index >= this.nodeCount) return false;
    const node = this.node(index);
    if (isPlainNode(this.heap, node)) return false;
    const bytes = nodeLength(this.heap, node) + elementBytes + ELEMENT_OVERHEAD_ESTIMATE;
    if (this.#isWithinSize(bytes)) return true;
    return bytes <= COUNTED_NODE_BYTES_MAX && nodeSize(this.heap, node) < this.fill;
  }

  /** Joins a node and the next one, if both are there and fit into one. */
  #merge(index: number): boolean {
    if (index < 0 || index + 1 >= this.nodeCount) return false;
    const { heap } = this;
    const left = this.node(index);
    const right = this.node(index + 1);
    if (isPlainNode(heap, left) || isPlainNode(heap, right)) return false;
    const bytes = nodeLength(heap, left) + nodeLength(heap, right) - MERGED_OVERHEAD_ESTIMATE;
    const fits =
      this.#isWithinSize(bytes) ||
      (bytes <= COUNTED_NODE_BYTES_MAX && nodeSize(heap, left) + nodeSize(heap, right) <= this.fill);
    if (!fits) return false;
    this.setNode(index, joinNodes(heap, right, left));
    this.#dropNode(index + 1);
    return true;
  }

  /** Merges what a split has left too small: the neighbours on either side, then the node with its neighbours. */
  #mergeAround(index: number): void {
    let center = index;
    if (this.#merge(center - 2)) center--;
    this.#merge(center + 1);
    if (this.#merge(center - 1)) center--;
    this.#merge(center);
  }

  /** Divides a node: its elements from `offset` on go to a node behind it. */
  #split(index: number, offset: number): void {
    const { heap } = this;
    const node = this.node(index);
    const count = nodeSize(heap, node);
    this.insertNode(index + 1, removeFromNode(heap, copyNode(heap, node), 0, offset));
    this.setNode(index, removeFromNode(heap, node, offset, count - offset));
  }

  // -------------------------------------------------------------------------------------------------------------- ends

  /** Adds the string source[start..end) at an end. */
  push(atHead: boolean, source: Uint8Array, start: number, end: number, packedThreshold: number): void {
    const { heap } = this;
    const length = end - start;
    const index = atHead ? 0 : this.nodeCount - 1;
    if (length >= packedThreshold) this.insertNode(atHead ? 0 : this.nodeCount, plainNode(heap, source, start, end));
    else if (this.#takes(index, length)) {
      const node = this.node(index);
      const changed = addToNode(heap, node, atHead, source, start, end);
      if (changed !== node) this.setNode(index, changed);
    } else this.#addNode(atHead ? 0 : this.nodeCount, atHead, source, start, end);
    this.size++;
  }

  /** A long list goes on growing: its new nodes have their full size from the start. */
  #addNode(index: number, atHead: boolean, source: Uint8Array, start: number, end: number): void {
    const isEnd = index === 0 || index === this.nodeCount;
    const full = isEnd && this.nodeCount > 1 && this.fill < 0 ? NODE_BYTES_MAX[-this.fill - 1]! : 0;
    const room = Math.max(bytesForElement(source, start, end), full - EMPTY_LISTPACK_BYTES - NODE_HEADER_BYTES);
    this.insertNode(index, addToNode(this.heap, emptyNode(this.heap, room, atHead), atHead, source, start, end));
  }

  /** Removes an element from an end. */
  drop(atHead: boolean): void {
    const index = atHead ? 0 : this.nodeCount - 1;
    const node = this.node(index);
    const count = nodeSize(this.heap, node);
    if (count === 1) this.#dropNode(index);
    else {
      const changed = removeFromNode(this.heap, node, atHead ? 0 : count - 1, 1);
      if (changed !== node) this.setNode(index, changed);
    }
    this.size--;
  }

  // --------------------------------------------------------------------------------------------------------- anywhere

  /** Where the element with an index is; it must be there. */
  placeOf(index: number): ListPlace {
    const { heap } = this;
    if (index < this.size >> 1) {
      let node = 0;
      let offset = index;
      for (let count = 0; offset >= (count = nodeSize(heap, this.node(node))); node++) offset -= count;
      return { node, offset };
    }
    let node = this.nodeCount - 1;
    let back = this.size - index;
    let count = nodeSize(heap, this.node(node));
    while (back > count) {
      back -= count;
      count = nodeSize(heap, this.node(--node));
    }
    return { node, offset: count - back };
  }

  /** Puts the string source[start..end) in the place of an element. */
  replace({ node, offset }: ListPlace, source: Uint8Array, start: number, end: number, packedThreshold: number): void {
    const { heap } = this;
    const address = this.node(node);
    const isLong = end - start >= packedThreshold;
    if (!isPlainNode(heap, address)) {
      if (isLong) this.#replaceByPlain(node, offset, source, start, end, packedThreshold);
      else this.setNode(node, replaceInNode(heap, address, offset, source, start, end));
    } else if (isLong) {
      this.setNode(node, plainNode(heap, source, start, end));
      heap.free(address);
    } else {
      this.insert({ node, offset: 0 }, true, source, start, end, packedThreshold);
      this.#dropNode(node);
      this.size--;
    }
  }

  #replaceByPlain(
    node: number,
    offset: number,
    source: Uint8Array,
    start: number,
    end: number,
    packedThreshold: number,
  ): void {
    this.insert({ node, offset }, true, source, start, end, packedThreshold);
    // The element is the last of its node now.
    this.removeAt({ node, offset });
  }

  /** Inserts the string source[start..end) behind an element, or before it. */
  insert(
    { node, offset }: ListPlace,
    after: boolean,
    source: Uint8Array,
    start: number,
    end: number,
    packedThreshold: number,
  ): void {
    const { heap } = this;
    const length = end - start;
    const isAtEdge = offset === (after ? nodeSize(heap, this.node(node)) - 1 : 0);
    const neighbour = after ? node + 1 : node - 1;
    const behind = after ? node + 1 : node;
    const cut = after ? offset + 1 : offset;
    if (length >= packedThreshold) {
      if (!isAtEdge && !isPlainNode(heap, this.node(node))) this.#split(node, cut);
      this.insertNode(isAtEdge || after ? behind : node + 1, plainNode(heap, source, start, end));
    } else if (this.#takes(node, length)) {
      this.setNode(node, insertIntoNode(heap, this.node(node), cut, source, start, end));
    } else if (isAtEdge && this.#takes(neighbour, length)) {
      this.setNode(neighbour, addToNode(heap, this.node(neighbour), after, source, start, end));
    } else if (isAtEdge) this.#addNode(behind, false, source, start, end);
    else {
      this.#split(node, cut);
      const target = after ? node + 1 : node;
      this.setNode(target, addToNode(heap, this.node(target), after, source, start, end));
      this.#mergeAround(after ? node : node + 1);
    }
    this.size++;
  }

  /** Removes an element. @returns whether its node is gone with it. */
  removeAt({ node, offset }: ListPlace): boolean {
    const address = this.node(node);
    const isLast = nodeSize(this.heap, address) === 1;
    if (isLast) this.#dropNode(node);
    else this.setNode(node, removeFromNode(this.heap, address, offset, 1));
    this.size--;
    return isLast;
  }

  /** Removes `count` elements, all of them there, from an index on. */
  removeRange(index: number, count: number): void {
    if (count === 0) return;
    let { node, offset } = this.placeOf(index);
    for (let left = count; left > 0;) {
      const address = this.node(node);
      const present = nodeSize(this.heap, address);
      const removed = Math.min(left, present - offset);
      if (removed === present) this.#dropNode(node);
      else this.setNode(node++, removeFromNode(this.heap, address, offset, removed));
      left -= removed;
      offset = 0;
    }
    this.size -= count;
  }
}
