/**
 * One block of the tree that keeps a sorted set in order (score-tree.ts), on the heap.
 *
 * | word | leaf | branch |
 * |---|---|---|
 * | 0 | number of entries | number of entries |
 * | 2 | address of the next leaf | |
 * | 3 | address of the previous leaf | |
 * | 4.. | scores, as doubles | score that the child begins with |
 * | then | members | member that the child begins with |
 * | then | | address of the child |
 * | then | | how many members the child has, its own children's included |
 *
 * Each column has room for LEAF_MAX or BRANCH_MAX entries, which fill a block of one size either way. Functions that serve
 * both are told which by that number, `capacity`.
 */
import { Heap } from './heap.ts';

export const BLOCK_BYTES = 1024;
const HEADER_WORDS = 4;
const SCORES = HEADER_WORDS / 2;
/** 12 and 20 bytes an entry. */
export const LEAF_MAX = 84;
export const BRANCH_MAX = 50;

export const NEXT_LEAF = 2;
export const PREVIOUS_LEAF = 3;
const CHILDREN = HEADER_WORDS + 3 * BRANCH_MAX;
const SIZES = CHILDREN + BRANCH_MAX;

export function newBlock(heap: Heap): number {
  const block = heap.allocate(BLOCK_BYTES);
  const words = heap.wordsOf(block);
  const at = Heap.wordOffset(block);
  for (let i = 0; i < HEADER_WORDS; i++) words[at + i] = 0;
  return block;
}

export function countOf(heap: Heap, block: number): number {
  return heap.words[block >>> 15]![(block & 0x7fff) << 1]!;
}

/** Where the scores are among the doubles of the block's page. */
export function scoresAt(block: number): number {
  return (block & 0x7fff) + SCORES;
}

/** Where the members are among the words of the block's page. */
export function membersAt(block: number, capacity: number): number {
  return ((block & 0x7fff) << 1) + HEADER_WORDS + 2 * capacity;
}

export function scoreAt(heap: Heap, block: number, index: number): number {
  return heap.doubles[block >>> 15]![scoresAt(block) + index]!;
}

export function memberAt(heap: Heap, block: number, index: number, capacity: number): number {
  return heap.words[block >>> 15]![membersAt(block, capacity) + index]!;
}

export function childAt(heap: Heap, branch: number, index: number): number {
  return heap.words[branch >>> 15]![((branch & 0x7fff) << 1) + CHILDREN + index]!;
}

/** Members below an entry of a branch. */
export function sizeAt(heap: Heap, branch: number, index: number): number {
  return heap.words[branch >>> 15]![((branch & 0x7fff) << 1) + SIZES + index]!;
}

export function addToSize(heap: Heap, branch: number, index: number, change: number): void {
  heap.words[branch >>> 15]![((branch & 0x7fff) << 1) + SIZES + index]! += change;
}

/** @param which NEXT_LEAF or PREVIOUS_LEAF. */
export function linkOf(heap: Heap, leaf: number, which: number): number {
  return heap.words[leaf >>> 15]![((leaf & 0x7fff) << 1) + which]!;
}

export function setLink(heap: Heap, leaf: number, which: number, target: number): void {
  heap.words[leaf >>> 15]![((leaf & 0x7fff) << 1) + which] = target;
}

export function setScore(heap: Heap, leaf: number, index: number, score: number): void {
  heap.doubles[leaf >>> 15]![scoresAt(leaf) + index] = score;
}

export function setLeafEntry(heap: Heap, leaf: number, index: number, score: number, member: number): void {
  setScore(heap, leaf, index, score);
  heap.words[leaf >>> 15]![membersAt(leaf, LEAF_MAX) + index] = member;
}

/** Makes an entry of a branch say all about a child. */
export function setBranchEntry(heap: Heap, branch: number, index: number, child: number, isLeaf: boolean): void {
  const words = heap.wordsOf(branch);
  const at = Heap.wordOffset(branch);
  words[at + CHILDREN + index] = child;
  words[at + SIZES + index] = isLeaf ? countOf(heap, child) : totalOf(heap, child);
  copyStart(heap, branch, index, isLeaf ? LEAF_MAX : BRANCH_MAX);
}

/** Notes what the child at an entry of a branch begins with. @param capacity of the child. */
export function copyStart(heap: Heap, branch: number, index: number, capacity: number): void {
  const child = childAt(heap, branch, index);
  heap.doubles[branch >>> 15]![scoresAt(branch) + index] = scoreAt(heap, child, 0);
  heap.words[branch >>> 15]![membersAt(branch, BRANCH_MAX) + index] = memberAt(heap, child, 0, capacity);
}

function totalOf(heap: Heap, branch: number): number {
  let total = 0;
  for (let index = countOf(heap, branch) - 1; index >= 0; index--) total += sizeAt(heap, branch, index);
  return total;
}

/** Makes room for an entry, which the caller writes; there is one more then. */
export function openGap(heap: Heap, block: number, at: number, capacity: number): void {
  const words = heap.wordsOf(block);
  const count = words[Heap.wordOffset(block)]!;
  shift(heap, block, at, at + 1, count, capacity);
  words[Heap.wordOffset(block)] = count + 1;
}

/** Takes entries out. */
export function removeEntries(heap: Heap, block: number, at: number, removed: number, capacity: number): void {
  const words = heap.wordsOf(block);
  const count = words[Heap.wordOffset(block)]!;
  shift(heap, block, at + removed, at, count, capacity);
  words[Heap.wordOffset(block)] = count - removed;
}

/** Moves the entries from one on to another place in their block. */
function shift(heap: Heap, block: number, from: number, to: number, count: number, capacity: number): void {
  if (from >= count) return;
  const scores = scoresAt(block);
  heap.doubles[block >>> 15]!.copyWithin(scores + to, scores + from, scores + count);
  const words = heap.wordsOf(block);
  const members = membersAt(block, capacity);
  words.copyWithin(members + to, members + from, members + count);
  if (capacity !== BRANCH_MAX) return;
  const at = Heap.wordOffset(block);
  words.copyWithin(at + CHILDREN + to, at + CHILDREN + from, at + CHILDREN + count);
  words.copyWithin(at + SIZES + to, at + SIZES + from, at + SIZES + count);
}

/** Moves the entries of a block from one on to the end of another one, which has room. */
export function moveTail(heap: Heap, block: number, from: number, target: number, capacity: number): void {
  const words = heap.wordsOf(block);
  const targetWords = heap.wordsOf(target);
  const at = Heap.wordOffset(block);
  const targetAt = Heap.wordOffset(target);
  const moved = words[at]! - from;
  const to = targetWords[targetAt]!;
  const doubles = heap.doubles[block >>> 15]!;
  const targetDoubles = heap.doubles[target >>> 15]!;
  for (let i = 0; i < moved; i++) {
    targetDoubles[scoresAt(target) + to + i] = doubles[scoresAt(block) + from + i]!;
    targetWords[membersAt(target, capacity) + to + i] = words[membersAt(block, capacity) + from + i]!;
  }
  if (capacity === BRANCH_MAX) {
    for (let i = 0; i < moved; i++) {
      targetWords[targetAt + CHILDREN + to + i] = words[at + CHILDREN + from + i]!;
      targetWords[targetAt + SIZES + to + i] = words[at + SIZES + from + i]!;
    }
  }
  words[at] = from;
  targetWords[targetAt] = to + moved;
}
