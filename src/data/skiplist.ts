/**
 * The order of a sorted set: its members by score, and by bytes where scores are equal, with the rank of each in
 * O(log n). It is a skiplist with spans (Pugh; t_zset.c has the same), and its nodes are the records of the set's dict:
 * one block on the heap per member, no JS object, one cache line for most of what a walk reads.
 *
 * A node is a roomy record (record.ts), made with `nodeMeta` and `levelBytes(height)`; what the room and the value hold
 * here is
 *
 *   double 2       score
 *   word 6         address of the previous node, NONE for the first
 *   word 7         address of the next node: level 0
 *   value          for each level from 1 on: address of the next node there, and how many nodes further that is,
 *                  aligned to words
 *
 * Three quarters of the nodes have level 0 only. The span of a node that is the last of its level counts to the end of
 * the list. The head is a block like a node without a member, of full height; behind its levels lies the path of the
 * last search: per level the last node before the place, and its rank.
 */
import type { Random } from '../core/random.ts';
import { Heap, NONE } from './heap.ts';
import { keyLengthAt, keyOffsetAt, LENGTH, META, ROOMY, TAG } from './record.ts';

/** A quarter of the nodes of a level is in the next one: 17 levels serve 2^32 members. */
const HEIGHT_MAX = 17;
const SCORE = 2;
const PREVIOUS = 6;
const FORWARD = 7;
const LEVELS = 8;
const PATH = LEVELS + 2 * (HEIGHT_MAX - 1);
const RANKS = PATH + HEIGHT_MAX;
const HEAD_BYTES = (RANKS + HEIGHT_MAX) * 4;
/** Room to align the levels behind a member. */
const PADDING = 3;

/** META of a node's record. */
export const nodeMeta: number = ROOMY;

/** 1 to 17, each a quarter as likely as the one before. */
export function randomHeight(random: Random): number {
  return 1 + (Math.clz32(random.u32()) >> 1);
}

/** Bytes of value that a record needs to be a node of some height. */
export function levelBytes(height: number): number {
  return height === 1 ? 0 : (height - 1) * 8 + PADDING;
}

/** Where a search in order stops; see `SkipList.firstNot`. */
export type Probe = (node: number) => boolean;

export class SkipList {
  readonly heap: Heap;
  /** NONE once the list is released. */
  #head: number;
  #height = 1;
  #last = NONE;
  #size = 0;

  constructor(heap: Heap) {
    this.heap = heap;
    this.#head = heap.allocate(HEAD_BYTES);
    const words = heap.wordsOf(this.#head);
    const at = Heap.wordOffset(this.#head);
    words.fill(0, at, at + RANKS + HEIGHT_MAX);
    words[at + META] = nodeMeta;
    words[at + TAG] = 0;
  }

  get size(): number {
    return this.#size;
  }

  get first(): number {
    return this.next(this.#head);
  }

  get last(): number {
    return this.#last;
  }

  // ------------------------------------------------------------------------------------------------------------- nodes

  score(node: number): number {
    return this.heap.doubles[node >>> 15]![(node & 0x7fff) + SCORE]!;
  }

  next(node: number): number {
    return this.heap.words[node >>> 15]![((node & 0x7fff) << 1) + FORWARD]!;
  }

  previous(node: number): number {
    return this.heap.words[node >>> 15]![((node & 0x7fff) << 1) + PREVIOUS]!;
  }

  #forward(node: number, level: number): number {
    const words = this.heap.words[node >>> 15]!;
    const record = (node & 0x7fff) << 1;
    return words[linkAt(words, record, level)]!;
  }

  #setForward(node: number, level: number, target: number): void {
    const words = this.heap.words[node >>> 15]!;
    const record = (node & 0x7fff) << 1;
    words[linkAt(words, record, level)] = target;
  }

  #span(node: number, level: number): number {
    if (level === 0) return 1;
    const words = this.heap.words[node >>> 15]!;
    return words[levelAt(words, (node & 0x7fff) << 1, level) + 1]!;
  }

  #addToSpan(node: number, level: number, change: number): void {
    if (level > 0) this.#setSpan(node, level, this.#span(node, level) + change);
  }

  #setSpan(node: number, level: number, span: number): void {
    if (level === 0) return;
    const words = this.heap.words[node >>> 15]!;
    words[levelAt(words, (node & 0x7fff) << 1, level) + 1] = span;
  }

  #heightOf(node: number): number {
    return (this.heap.words[node >>> 15]![((node & 0x7fff) << 1) + LENGTH]! >> 3) + 1;
  }

  /** Orders a node's member against bytes[start..end), as memcmp does, the shorter first. */
  compareMember(node: number, bytes: Uint8Array, start: number, end: number): number {
    const words = this.heap.words[node >>> 15]!;
    const record = (node & 0x7fff) << 1;
    const own = this.heap.pages[node >>> 15]!;
    const at = keyOffsetAt(words, record);
    return compareBytes(own, at, at + keyLengthAt(words, record), bytes, start, end);
  }

  // ------------------------------------------------------------------------------------------------------------ search

  /** Leaves the path to where a member with a score is, or would be. */
  #seek(score: number, bytes: Uint8Array, start: number, end: number): void {
    const { words, doubles } = this.heap;
    const path = this.heap.wordsOf(this.#head);
    const at = Heap.wordOffset(this.#head);
    let node = this.#head;
    let rank = 0;
    let stop = NONE;
    for (let level = this.#height - 1; level >= 0; level--) {
      let page = words[node >>> 15]!;
      let link = linkAt(page, (node & 0x7fff) << 1, level);
      let next = page[link]!;
      while (next !== stop && next !== NONE) {
        const own = doubles[next >>> 15]![(next & 0x7fff) + SCORE]!;
        if (own > score || (own === score && this.compareMember(next, bytes, start, end) >= 0)) break;
        rank += level === 0 ? 1 : page[link + 1]!;
        node = next;
        page = words[node >>> 15]!;
        link = linkAt(page, (node & 0x7fff) << 1, level);
        next = page[link]!;
      }
      stop = next;
      path[at + PATH + level] = node;
      path[at + RANKS + level] = rank;
    }
  }

  #seekNode(node: number): void {
    const words = this.heap.wordsOf(node);
    const record = Heap.wordOffset(node);
    const at = keyOffsetAt(words, record);
    this.#seek(this.score(node), this.heap.bytesOf(node), at, at + keyLengthAt(words, record));
  }

  #path(level: number): number {
    return this.heap.wordsOf(this.#head)[Heap.wordOffset(this.#head) + PATH + level]!;
  }

  #pathRank(level: number): number {
    return this.heap.wordsOf(this.#head)[Heap.wordOffset(this.#head) + RANKS + level]!;
  }

  #setPath(level: number, node: number, rank: number): void {
    const words = this.heap.wordsOf(this.#head);
    const at = Heap.wordOffset(this.#head);
    words[at + PATH + level] = node;
    words[at + RANKS + level] = rank;
  }

  /** How many nodes come before a node. */
  rankOf(node: number): number {
    this.#seekNode(node);
    return this.#pathRank(0);
  }

  /** The node with so many nodes before it, or NONE. */
  at(rank: number): number {
    if (rank < 0 || rank >= this.#size) return NONE;
    let node = this.#head;
    let left = rank + 1;
    for (let level = this.#height - 1; level >= 0; level--) {
      for (;;) {
        const next = this.#forward(node, level);
        const span = this.#span(node, level);
        if (next === NONE || span > left) break;
        left -= span;
        node = next;
        if (left === 0) return node;
      }
    }
    return NONE;
  }

  /** The last node of those at the beginning of which a probe says yes; NONE if it says so of none. */
  lastWhile(probe: Probe): number {
    let node = this.#head;
    let stop = NONE;
    for (let level = this.#height - 1; level >= 0; level--) {
      let next = this.#forward(node, level);
      while (next !== stop && next !== NONE && probe(next)) {
        node = next;
        next = this.#forward(node, level);
      }
      stop = next;
    }
    return node === this.#head ? NONE : node;
  }

  /** The first node of which a probe says no, where it says yes of those before. */
  firstNot(probe: Probe): number {
    const last = this.lastWhile(probe);
    return this.next(last === NONE ? this.#head : last);
  }

  // ------------------------------------------------------------------------------------------------------------ change

  /** Puts a record in its place. */
  insert(node: number, score: number): void {
    this.writeScore(node, score);
    this.#seekNode(node);
    this.#link(node);
  }

  /** Puts a record before all others, where the caller knows that it belongs. */
  prepend(node: number, score: number): void {
    this.writeScore(node, score);
    for (let level = 0; level < this.#height; level++) this.#setPath(level, this.#head, 0);
    this.#link(node);
  }

  /** Notes a score on a record that is not in the list, or that keeps its place with it. */
  writeScore(node: number, score: number): void {
    this.heap.doubles[node >>> 15]![(node & 0x7fff) + SCORE] = score;
  }

  #link(node: number): void {
    const height = this.#heightOf(node);
    while (this.#height < height) {
      this.#setPath(this.#height, this.#head, 0);
      this.#setSpan(this.#head, this.#height, this.#size);
      this.#setForward(this.#head, this.#height, NONE);
      this.#height++;
    }
    const rank = this.#pathRank(0);
    for (let level = 0; level < height; level++) {
      const before = this.#path(level);
      const distance = rank - this.#pathRank(level);
      this.#setForward(node, level, this.#forward(before, level));
      this.#setForward(before, level, node);
      this.#setSpan(node, level, this.#span(before, level) - distance);
      this.#setSpan(before, level, distance + 1);
    }
    for (let level = height; level < this.#height; level++) this.#addToSpan(this.#path(level), level, 1);
    const before = this.#path(0);
    this.#setPrevious(node, before === this.#head ? NONE : before);
    const next = this.next(node);
    if (next === NONE) this.#last = node;
    else this.#setPrevious(next, node);
    this.#size++;
  }

  #setPrevious(node: number, target: number): void {
    this.heap.words[node >>> 15]![((node & 0x7fff) << 1) + PREVIOUS] = target;
  }

  /** Takes a node out; its record stays. */
  remove(node: number): void {
    this.#seekNode(node);
    this.#unlink(node);
  }

  /** Takes out `count` nodes, all of them there, from one on, and hands each to `release`. */
  removeRun(first: number, count: number, release: (node: number) => void): void {
    if (count === 0) return;
    this.#seekNode(first);
    let node = first;
    for (let left = count; left > 0; left--) {
      const next = this.next(node);
      this.#unlink(node);
      release(node);
      node = next;
    }
  }

  /** Takes out the node to which the path leads. The path then leads to the next one. */
  #unlink(node: number): void {
    for (let level = 0; level < this.#height; level++) {
      const before = this.#path(level);
      if (this.#forward(before, level) === node) {
        this.#addToSpan(before, level, this.#span(node, level) - 1);
        this.#setForward(before, level, this.#forward(node, level));
      } else this.#addToSpan(before, level, -1);
    }
    const next = this.next(node);
    if (next === NONE) this.#last = this.previous(node);
    else this.#setPrevious(next, this.previous(node));
    while (this.#height > 1 && this.#forward(this.#head, this.#height - 1) === NONE) this.#height--;
    this.#size--;
  }

  /** Gives a node another score. Where it stays between its neighbours, nothing else changes. */
  setScore(node: number, score: number): void {
    const before = this.previous(node);
    const after = this.next(node);
    if ((before === NONE || this.score(before) < score) && (after === NONE || this.score(after) > score)) {
      this.writeScore(node, score);
      return;
    }
    this.remove(node);
    this.insert(node, score);
  }

  /**
   * Frees up to `count` nodes, from the first on, and says true when all are gone. From the first call on the list is
   * of no other use, nor is the dict whose records these are.
   */
  releaseSome(count: number): boolean {
    if (this.#head === NONE) return true;
    let node = this.first;
    for (let left = count; left > 0 && node !== NONE; left--) {
      const next = this.next(node);
      this.heap.free(node);
      this.#size--;
      node = next;
    }
    this.#setForward(this.#head, 0, node);
    if (node !== NONE) return false;
    this.heap.free(this.#head);
    this.#head = NONE;
    return true;
  }
}

/** Word of a node's next node at a level; from level 1 on its span follows. */
function linkAt(words: Int32Array, record: number, level: number): number {
  return level === 0 ? record + FORWARD : levelAt(words, record, level);
}

function levelAt(words: Int32Array, record: number, level: number): number {
  const value = keyOffsetAt(words, record) + keyLengthAt(words, record);
  return ((value + PADDING) >> 2) + ((level - 1) << 1);
}

/** Orders two ranges of bytes as memcmp does, the shorter first where one is the beginning of the other. */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const common = Math.min(aEnd - aStart, bEnd - bStart);
  for (let i = 0; i < common; i++) {
    const difference = a[aStart + i]! - b[bStart + i]!;
    if (difference !== 0) return difference;
  }
  return aEnd - aStart - (bEnd - bStart);
}
