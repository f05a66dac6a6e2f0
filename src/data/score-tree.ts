/**
 * The order of a sorted set: its members by score, and by bytes where scores are equal, with the rank of each in
 * O(log n). It is a B+ tree with counts (Bayer and McCreight; redis-server has a skiplist, and so the encoding is
 * called). A search in a skiplist of a million members reads some thirty nodes, each of them somewhere else in memory;
 * here it reads three or four blocks, in which scores stand side by side. docs/decisions/sorted-sets.md has the figures.
 *
 * A member is the address of its record in the set's dict (scored-record.ts). A block of the tree is a leaf or a branch
 * (tree-block.ts). Leaves hold scores and members in order and are linked; branches hold, for each child, the score and
 * member that it begins with, and how many members are in it.
 *
 * A search leaves the path to a place: per level the branch and the index of the child, then the leaf and the index in
 * it. What changes the tree works on that path. Leaf and index also serve as a cursor: stepping from a member to its
 * neighbour needs no search where the last step ended.
 *
 * A block that is full is halved; at the ends it is left full, so that what comes in order is packed densely. One that
 * is nearly empty is joined with a neighbour under the same branch.
 */
import { Heap, NONE } from './heap.ts';
import { keyLengthAt, keyOffsetAt } from './record.ts';
import { compareMember, scoreOf, writeScore } from './scored-record.ts';
import {
  addToSize,
  BLOCK_BYTES,
  BRANCH_MAX,
  childAt,
  copyStart,
  countOf,
  LEAF_MAX,
  linkOf,
  memberAt,
  membersAt,
  moveTail,
  newBlock,
  NEXT_LEAF,
  openGap,
  PREVIOUS_LEAF,
  removeEntries,
  scoreAt,
  scoresAt,
  setBranchEntry,
  setLeafEntry,
  setLink,
  setScore,
  sizeAt,
} from './tree-block.ts';

/** Where a search in order stops; see `ScoreTree.firstNot`. */
export type Probe = (member: number) => boolean;

export class ScoreTree {
  readonly heap: Heap;
  #root: number;
  /** Levels of branches above the leaves. */
  #depth = 0;
  #size = 0;
  #firstLeaf: number;
  #lastLeaf: number;
  /** The path: branches from the root on, and the index of the child in each. */
  readonly #branches: number[] = [];
  readonly #indexes: number[] = [];
  /** Where the path ends, and the cursor; NONE once the tree has changed. */
  #leaf = NONE;
  #at = 0;
  #blocks = 0;
  readonly #spare: number[] = [];

  constructor(heap: Heap) {
    this.heap = heap;
    this.#root = this.#newBlock();
    this.#firstLeaf = this.#root;
    this.#lastLeaf = this.#root;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes that the order takes, besides the records. */
  get blockBytes(): number {
    return this.#blocks * BLOCK_BYTES;
  }

  get first(): number {
    return this.#size === 0 ? NONE : this.#place(this.#firstLeaf, 0);
  }

  get last(): number {
    return this.#size === 0 ? NONE : this.#place(this.#lastLeaf, countOf(this.heap, this.#lastLeaf) - 1);
  }

  // ------------------------------------------------------------------------------------------------------------ search

  /** Goes to where a member with a score is, or would be: behind all that are less. */
  #seek(score: number, bytes: Uint8Array, start: number, end: number): void {
    let block = this.#root;
    for (let level = 0; level < this.#depth; level++) {
      // What lies before the beginning of the second child, and is not that itself, is in the first child.
      block = this.#descend(level, block, this.#countBefore(block, BRANCH_MAX, 1, 1, score, bytes, start, end) - 1);
    }
    this.#leaf = block;
    this.#at = this.#countBefore(block, LEAF_MAX, 0, 0, score, bytes, start, end);
  }

  /**
   * The index of the first entry of a block, from `first` on, that is not less than what is sought.
   * @param orEqual 1: that is greater.
   */
  #countBefore(
    block: number,
    capacity: number,
    first: number,
    orEqual: number,
    score: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    const doubles = this.heap.doubles[block >>> 15]!;
    const words = this.heap.words[block >>> 15]!;
    const scores = scoresAt(block);
    let low = first;
    let high = words[(block & 0x7fff) << 1]!;
    while (low < high) {
      const middle = (low + high) >> 1;
      const own = doubles[scores + middle]!;
      if (own < score) low = middle + 1;
      else if (own > score) high = middle;
      else if (compareMember(this.heap, words[membersAt(block, capacity) + middle]!, bytes, start, end) < orEqual) {
        low = middle + 1;
      } else high = middle;
    }
    return low;
  }

  #descend(level: number, branch: number, index: number): number {
    this.#branches[level] = branch;
    this.#indexes[level] = index;
    return childAt(this.heap, branch, index);
  }

  #seekMember(member: number): void {
    const words = this.heap.wordsOf(member);
    const record = Heap.wordOffset(member);
    const at = keyOffsetAt(words, record);
    this.#seek(scoreOf(this.heap, member), this.heap.bytesOf(member), at, at + keyLengthAt(words, record));
  }

  /** Goes to a rank from 0 to `size`; the greatest is behind the last member. */
  #seekRank(rank: number): void {
    const { heap } = this;
    let left = rank;
    let block = this.#root;
    for (let level = 0; level < this.#depth; level++) {
      const last = countOf(heap, block) - 1;
      let index = 0;
      for (; index < last; index++) {
        const size = sizeAt(heap, block, index);
        if (left < size) break;
        left -= size;
      }
      block = this.#descend(level, block, index);
    }
    this.#leaf = block;
    this.#at = left;
  }

  /** How many members come before a member. */
  rankOf(member: number): number {
    this.#seekMember(member);
    let rank = this.#at;
    for (let level = 0; level < this.#depth; level++) {
      const branch = this.#branches[level]!;
      for (let index = this.#indexes[level]! - 1; index >= 0; index--) rank += sizeAt(this.heap, branch, index);
    }
    return rank;
  }

  /** The member with so many before it, or NONE. */
  at(rank: number): number {
    if (rank < 0 || rank >= this.#size) return NONE;
    this.#seekRank(rank);
    return memberAt(this.heap, this.#leaf, this.#at, LEAF_MAX);
  }

  /** The last member of those at the beginning of which a probe says yes; NONE if it says so of none. */
  lastWhile(probe: Probe): number {
    const { heap } = this;
    let block = this.#root;
    for (let level = 0; level < this.#depth; level++) {
      block = childAt(heap, block, this.#lastIndexWhile(block, BRANCH_MAX, 1, probe));
    }
    const index = this.#lastIndexWhile(block, LEAF_MAX, 0, probe);
    return index < 0 ? NONE : this.#place(block, index);
  }

  #lastIndexWhile(block: number, capacity: number, first: number, probe: Probe): number {
    let low = first;
    let high = countOf(this.heap, block);
    while (low < high) {
      const middle = (low + high) >> 1;
      if (probe(memberAt(this.heap, block, middle, capacity))) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** The first member of which a probe says no, where it says yes of those before. */
  firstNot(probe: Probe): number {
    const last = this.lastWhile(probe);
    return last === NONE ? this.first : this.next(last);
  }

  // ------------------------------------------------------------------------------------------------------------ cursor

  next(member: number): number {
    this.#findMember(member);
    if (this.#at + 1 < countOf(this.heap, this.#leaf)) return this.#place(this.#leaf, this.#at + 1);
    const leaf = linkOf(this.heap, this.#leaf, NEXT_LEAF);
    return leaf === NONE ? NONE : this.#place(leaf, 0);
  }

  previous(member: number): number {
    this.#findMember(member);
    if (this.#at > 0) return this.#place(this.#leaf, this.#at - 1);
    const leaf = linkOf(this.heap, this.#leaf, PREVIOUS_LEAF);
    return leaf === NONE ? NONE : this.#place(leaf, countOf(this.heap, leaf) - 1);
  }

  #place(leaf: number, index: number): number {
    this.#leaf = leaf;
    this.#at = index;
    return memberAt(this.heap, leaf, index, LEAF_MAX);
  }

  #findMember(member: number): void {
    const leaf = this.#leaf;
    if (leaf !== NONE && memberAt(this.heap, leaf, this.#at, LEAF_MAX) === member) return;
    this.#seekMember(member);
  }

  // ------------------------------------------------------------------------------------------------------------ adding

  /** Puts a record in its place. */
  insert(member: number, score: number): void {
    writeScore(this.heap, member, score);
    this.#seekMember(member);
    this.#insertHere(member, score);
  }

  /** Puts a record before all others, where the caller knows that it belongs. */
  prepend(member: number, score: number): void {
    writeScore(this.heap, member, score);
    this.#seekRank(0);
    this.#insertHere(member, score);
  }

  #insertHere(member: number, score: number): void {
    const { heap } = this;
    let target = this.#leaf;
    let at = this.#at;
    let sibling = NONE;
    const count = countOf(heap, target);
    if (count === LEAF_MAX) {
      this.#reserve();
      const isEnd = target === this.#lastLeaf && at === count;
      const kept = isEnd ? count : target === this.#firstLeaf && at === 0 ? 0 : count >> 1;
      sibling = this.#newLeafAfter(target);
      moveTail(heap, target, kept, sibling, LEAF_MAX);
      if (isEnd || at > kept) {
        target = sibling;
        at -= kept;
      }
    }
    openGap(heap, target, at, LEAF_MAX);
    setLeafEntry(heap, target, at, score, member);
    this.#size++;
    if (sibling === NONE) this.#adjust(this.#depth - 1, 1);
    else this.#addSibling(this.#depth - 1, this.#leaf, sibling);
    this.#leaf = NONE;
  }

  /** Gets the blocks for what is going to be divided on the path: memory may run out only while nothing has changed. */
  #reserve(): void {
    let level = this.#depth - 1;
    while (level >= 0 && countOf(this.heap, this.#branches[level]!) === BRANCH_MAX) level--;
    const needed = this.#depth - level + (level < 0 ? 1 : 0);
    while (this.#spare.length < needed) this.#spare.push(newBlock(this.heap));
  }

  #newBlock(): number {
    this.#blocks++;
    return this.#spare.pop() ?? newBlock(this.heap);
  }

  #freeBlock(block: number): void {
    this.#blocks--;
    this.heap.free(block);
  }

  #newLeafAfter(leaf: number): number {
    const right = this.#newBlock();
    this.#link(right, linkOf(this.heap, leaf, NEXT_LEAF));
    this.#link(leaf, right);
    return right;
  }

  /** Makes two leaves neighbours, either of which may be NONE. */
  #link(left: number, right: number): void {
    if (left === NONE) this.#firstLeaf = right;
    else setLink(this.heap, left, NEXT_LEAF, right);
    if (right === NONE) this.#lastLeaf = left;
    else setLink(this.heap, right, PREVIOUS_LEAF, left);
  }

  /** The capacity of the blocks below a level. */
  #capacityBelow(level: number): number {
    return level === this.#depth - 1 ? LEAF_MAX : BRANCH_MAX;
  }

  /** Counts a change of size from a level of the path up to the root, and notes what the blocks begin with now. */
  #adjust(from: number, change: number): void {
    for (let level = from; level >= 0; level--) {
      addToSize(this.heap, this.#branches[level]!, this.#indexes[level]!, change);
      copyStart(this.heap, this.#branches[level]!, this.#indexes[level]!, this.#capacityBelow(level));
    }
  }

  /** A block below a level of the path got a right neighbour, to which a part of it went; one member is new. */
  #addSibling(level: number, left: number, right: number): void {
    const { heap } = this;
    const isLeaf = this.#capacityBelow(level) === LEAF_MAX;
    if (level < 0) {
      this.#root = this.#newBlock();
      for (const [index, child] of [left, right].entries()) {
        openGap(heap, this.#root, index, BRANCH_MAX);
        setBranchEntry(heap, this.#root, index, child, isLeaf);
      }
      this.#depth++;
      return;
    }
    const branch = this.#branches[level]!;
    let at = this.#indexes[level]! + 1;
    setBranchEntry(heap, branch, at - 1, left, isLeaf);
    let target = branch;
    let sibling = NONE;
    const count = countOf(heap, branch);
    if (count === BRANCH_MAX) {
      const kept = at === count ? count : count >> 1;
      sibling = this.#newBlock();
      moveTail(heap, branch, kept, sibling, BRANCH_MAX);
      if (kept === count || at > kept) {
        target = sibling;
        at -= kept;
      }
    }
    openGap(heap, target, at, BRANCH_MAX);
    setBranchEntry(heap, target, at, right, isLeaf);
    if (sibling === NONE) this.#adjust(level - 1, 1);
    else this.#addSibling(level - 1, branch, sibling);
  }

  // ---------------------------------------------------------------------------------------------------------- removing

  /** Takes a member out; its record stays. */
  remove(member: number): void {
    if (member === this.first) this.#seekRank(0);
    else this.#seekMember(member);
    this.#removeHere(1);
  }

  /** Takes out `count` members, all of them there, from one on, and hands each to `release`. */
  removeRun(first: number, count: number, release: (member: number) => void): void {
    if (count === 0) return;
    const rank = this.rankOf(first);
    for (let left = count; left > 0;) {
      this.#seekRank(rank);
      const leaf = this.#leaf;
      const here = Math.min(left, countOf(this.heap, leaf) - this.#at);
      const gone: number[] = [];
      for (let i = 0; i < here; i++) gone.push(memberAt(this.heap, leaf, this.#at + i, LEAF_MAX));
      this.#removeHere(here);
      for (const member of gone) release(member);
      left -= here;
    }
  }

  /** Removes so many members of the leaf to which the path leads, from its end on. */
  #removeHere(count: number): void {
    const leaf = this.#leaf;
    removeEntries(this.heap, leaf, this.#at, count, LEAF_MAX);
    this.#leaf = NONE;
    this.#size -= count;
    if (this.#size === 0) this.#dropBranches(leaf);
    else if (countOf(this.heap, leaf) > 0) {
      this.#adjust(this.#depth - 1, -count);
      this.#joinSparse();
    } else {
      this.#link(linkOf(this.heap, leaf, PREVIOUS_LEAF), linkOf(this.heap, leaf, NEXT_LEAF));
      this.#freeBlock(leaf);
      this.#dropChild(this.#depth - 1, count);
    }
    while (this.#depth > 0 && countOf(this.heap, this.#root) === 1) {
      const root = this.#root;
      this.#root = childAt(this.heap, root, 0);
      this.#freeBlock(root);
      this.#depth--;
    }
  }

  /** Nothing is left but an empty leaf, the last one of all. */
  #dropBranches(leaf: number): void {
    for (let level = 0; level < this.#depth; level++) this.#freeBlock(this.#branches[level]!);
    this.#root = leaf;
    this.#depth = 0;
  }

  /** The child to which the path leads below a level is gone, with so many members. */
  #dropChild(level: number, count: number): void {
    const branch = this.#branches[level]!;
    removeEntries(this.heap, branch, this.#indexes[level]!, 1, BRANCH_MAX);
    if (countOf(this.heap, branch) > 0) this.#adjust(level - 1, -count);
    else {
      this.#freeBlock(branch);
      this.#dropChild(level - 1, count);
    }
  }

  /** Joins blocks of the path that are less than a quarter full with a neighbour, as long as both fill no block. */
  #joinSparse(): void {
    const { heap } = this;
    for (let level = this.#depth - 1; level >= 0; level--) {
      const branch = this.#branches[level]!;
      const index = this.#indexes[level]!;
      const capacity = this.#capacityBelow(level);
      if (countOf(heap, childAt(heap, branch, index)) * 4 >= capacity || countOf(heap, branch) === 1) return;
      const leftAt = index + 1 < countOf(heap, branch) ? index : index - 1;
      const left = childAt(heap, branch, leftAt);
      const right = childAt(heap, branch, leftAt + 1);
      if ((countOf(heap, left) + countOf(heap, right)) * 4 > capacity * 3) return;
      moveTail(heap, right, 0, left, capacity);
      if (capacity === LEAF_MAX) this.#link(left, linkOf(heap, right, NEXT_LEAF));
      this.#freeBlock(right);
      setBranchEntry(heap, branch, leftAt, left, capacity === LEAF_MAX);
      removeEntries(heap, branch, leftAt + 1, 1, BRANCH_MAX);
    }
  }

  // -------------------------------------------------------------------------------------------------------------- else

  /** Gives a member another score. Where it stays between its neighbours, nothing else changes. */
  setScore(member: number, score: number): void {
    const { heap } = this;
    this.#seekMember(member);
    const leaf = this.#leaf;
    const at = this.#at;
    const isInside = at > 0 && at + 1 < countOf(heap, leaf);
    if (isInside && scoreAt(heap, leaf, at - 1) < score && scoreAt(heap, leaf, at + 1) > score) {
      setScore(heap, leaf, at, score);
      writeScore(this.heap, member, score);
      return;
    }
    const old = scoreOf(heap, member);
    this.#removeHere(1);
    try {
      this.insert(member, score);
    } catch (error) {
      this.insert(member, old);
      throw error;
    }
  }

  /**
   * Frees some hundred members, from the first on, and says true when all are gone. From the first call on the tree is
   * of no other use, nor is the dict whose records these are.
   */
  releaseSome(count: number): boolean {
    if (this.#root !== NONE) this.#freeBranches(this.#root, this.#depth);
    this.#root = NONE;
    for (const block of this.#spare.splice(0)) this.heap.free(block);
    for (let left = count; left > 0 && this.#firstLeaf !== NONE;) {
      const leaf = this.#firstLeaf;
      const members = countOf(this.heap, leaf);
      for (let index = 0; index < members; index++) this.heap.free(memberAt(this.heap, leaf, index, LEAF_MAX));
      this.#firstLeaf = linkOf(this.heap, leaf, NEXT_LEAF);
      this.#freeBlock(leaf);
      this.#size -= members;
      left -= members;
    }
    return this.#firstLeaf === NONE;
  }

  /** Frees the branches below a block, and itself; there is one of them for some thousand members. */
  #freeBranches(block: number, depth: number): void {
    if (depth === 0) return;
    for (let index = countOf(this.heap, block) - 1; index >= 0; index--) {
      this.#freeBranches(childAt(this.heap, block, index), depth - 1);
    }
    this.#freeBlock(block);
  }
}
