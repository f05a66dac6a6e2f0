/**
 * A large sorted set: a dict from members to records, and a tree that keeps the same records in order. Finding a member
 * and its score takes constant time, rank and range searches O(log n).
 */
import { Dict } from './dict.ts';
import { NONE } from './heap.ts';
import type { Keyspace } from './keyspace.ts';
import { keyLengthAt, keyOffsetAt } from './record.ts';
import { type Probe, ScoreTree } from './score-tree.ts';
import { compareMember, scoreBytes, scoreOf, writeScore } from './scored-record.ts';
import { KIND, type LargeValue } from './value.ts';
import type { ByteRange, ZsetRange, ZsetReader } from './zset-reader.ts';

/** The JS objects around dict and tree, roughly. */
const OBJECT_BYTES = 400;
const RELEASED_PER_SLICE = 250;

export class ZsetValue implements LargeValue, ZsetReader {
  readonly kind = KIND.zset;
  readonly encoding = 'skiplist';
  readonly dict: Dict;
  readonly #keyspace: Keyspace;
  readonly #order: ScoreTree;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
    this.dict = new Dict(keyspace.heap, keyspace.hash);
    this.#order = new ScoreTree(keyspace.heap);
  }

  get size(): number {
    return this.#order.size;
  }

  get overheadBytes(): number {
    return OBJECT_BYTES + this.dict.tableBytes;
  }

  /** Bytes on the heap that keep the order. */
  get orderBytes(): number {
    return this.#order.blockBytes;
  }

  // -------------------------------------------------------------------------------------------------------------- read

  get first(): number {
    return this.#order.first;
  }

  get last(): number {
    return this.#order.last;
  }

  next(member: number): number {
    return this.#order.next(member);
  }

  previous(member: number): number {
    return this.#order.previous(member);
  }

  at(rank: number): number {
    return this.#order.at(rank);
  }

  find(bytes: Uint8Array, start: number, end: number): number {
    return this.dict.find(bytes, start, end);
  }

  rankOf(member: number): number {
    return this.#order.rankOf(member);
  }

  score(member: number): number {
    return scoreOf(this.dict.heap, member);
  }

  locate(member: number, range: ByteRange): void {
    const words = this.dict.heap.words[member >>> 15]!;
    const record = (member & 0x7fff) << 1;
    const at = keyOffsetAt(words, record);
    range.to(this.dict.heap.pages[member >>> 15]!, at, at + keyLengthAt(words, record));
  }

  compareMember(member: number, bytes: Uint8Array, start: number, end: number): number {
    return compareMember(this.dict.heap, member, bytes, start, end);
  }

  firstNotBelow(range: ZsetRange): number {
    const isBelow: Probe = (node) => range.isBelow(this, node);
    return this.#order.firstNot(isBelow);
  }

  lastNotAbove(range: ZsetRange): number {
    const isNotAbove: Probe = (node) => !range.isAbove(this, node);
    return this.#order.lastWhile(isNotAbove);
  }

  countFrom(first: number, range: ZsetRange): number {
    const last = this.lastNotAbove(range);
    return last === NONE ? 0 : Math.max(0, this.rankOf(last) - this.rankOf(first) + 1);
  }

  /** A member by chance, all of them about equally likely. */
  random(): number {
    return this.dict.fairRandom(this.#keyspace.random);
  }

  // ------------------------------------------------------------------------------------------------------------- write

  /** Makes room for so many members, before they are added. */
  reserve(count: number): void {
    this.dict.reserve(count);
  }

  /** Adds a member for which `find` has just found nothing. @returns it. */
  add(bytes: Uint8Array, start: number, end: number, score: number): number {
    const member = this.#newRecord(bytes, start, end);
    try {
      this.#order.insert(member, score);
    } catch (error) {
      this.dict.remove(member);
      throw error;
    }
    return member;
  }

  /** Adds a member that comes before all others and is not there yet; its place need not be looked for. */
  prepend(bytes: Uint8Array, start: number, end: number, score: number): void {
    this.dict.find(bytes, start, end);
    this.#order.prepend(this.#newRecord(bytes, start, end), score);
  }

  #newRecord(bytes: Uint8Array, start: number, end: number): number {
    return this.dict.insert(bytes, start, end, scoreBytes(end - start), 0);
  }

  /**
   * Adds a member for which `find` has just found nothing, without putting it in order: for results that are collected
   * first. Until `sort`, nothing but `find`, `score`, `rescore` and this may be called.
   */
  collect(bytes: Uint8Array, start: number, end: number, score: number): void {
    writeScore(this.dict.heap, this.#newRecord(bytes, start, end), score);
  }

  /** Gives a collected member another score. */
  rescore(member: number, score: number): void {
    writeScore(this.dict.heap, member, score);
  }

  /** Puts all collected members in order. */
  sort(): void {
    this.dict.forEach((node) => this.#order.insert(node, scoreOf(this.dict.heap, node)));
  }

  /** Gives a member another score. */
  setScore(member: number, score: number): void {
    this.#order.setScore(member, score);
  }

  remove(member: number): void {
    this.#order.remove(member);
    this.dict.remove(member);
    if (!this.#keyspace.keepsTables) this.dict.shrinkIfSparse();
  }

  /** Removes `count` members, all of them there, from one on. */
  removeRun(first: number, count: number): void {
    this.#order.removeRun(first, count, (node) => this.dict.remove(node));
    if (!this.#keyspace.keepsTables) this.dict.shrinkIfSparse();
  }

  // ------------------------------------------------------------------------------------------------------------- whole

  clone(): ZsetValue {
    const copy = new ZsetValue(this.#keyspace);
    copy.reserve(this.size);
    const { heap } = this.dict;
    for (let node = this.last; node !== NONE; node = this.previous(node)) {
      const words = heap.words[node >>> 15]!;
      const record = (node & 0x7fff) << 1;
      const at = keyOffsetAt(words, record);
      copy.prepend(heap.pages[node >>> 15]!, at, at + keyLengthAt(words, record), this.score(node));
    }
    return copy;
  }

  releaseSome(): boolean {
    this.dict.detachAll();
    return this.#order.releaseSome(RELEASED_PER_SLICE);
  }
}
