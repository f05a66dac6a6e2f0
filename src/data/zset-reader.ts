/**
 * What can be asked of a sorted set, packed (packed-zset.ts) or large (zset-value.ts), and ranges of members by score or
 * by bytes.
 *
 * A member is a number, its position: the place of its element in a listpack, or the address of its record. Positions are
 * valid until the set or another value of the keyspace is written. NONE is no member.
 */
import { compareBytes } from '../core/compare-bytes.ts';
import { NONE } from './heap.ts';

const EMPTY = new Uint8Array(0);

/** Where the bytes of a member are. */
export class ByteRange {
  bytes: Uint8Array = EMPTY;
  start = 0;
  end = 0;

  get length(): number {
    return this.end - this.start;
  }

  to(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  compare(bytes: Uint8Array, start: number, end: number): number {
    return compareBytes(this.bytes, this.start, this.end, bytes, start, end);
  }
}

export interface ZsetReader {
  readonly size: number;
  readonly first: number;
  readonly last: number;
  next(member: number): number;
  previous(member: number): number;
  /** The member with so many before it. */
  at(rank: number): number;
  find(bytes: Uint8Array, start: number, end: number): number;
  /** How many members come before a member. */
  rankOf(member: number): number;
  score(member: number): number;
  /** Tells where a member's bytes are; they are valid until the next call. */
  locate(member: number, range: ByteRange): void;
  compareMember(member: number, bytes: Uint8Array, start: number, end: number): number;
  /** The first member that is not below the minimum of a range, whatever its maximum. */
  firstNotBelow(range: ZsetRange): number;
  /** The last member that is not above the maximum of a range, whatever its minimum. */
  lastNotAbove(range: ZsetRange): number;
  /** How many members there are from a member, the first in a range, to the last in it. */
  countFrom(first: number, range: ZsetRange): number;
}

export interface ZsetRange {
  /** Whether nothing can be in it. */
  readonly isEmpty: boolean;
  isBelow(set: ZsetReader, member: number): boolean;
  isAbove(set: ZsetReader, member: number): boolean;
}

export class ScoreRange implements ZsetRange {
  readonly min: number;
  readonly max: number;
  readonly excludesMin: boolean;
  readonly excludesMax: boolean;

  constructor(min: number, excludesMin: boolean, max: number, excludesMax: boolean) {
    this.min = min;
    this.max = max;
    this.excludesMin = excludesMin;
    this.excludesMax = excludesMax;
  }

  get isEmpty(): boolean {
    return this.min > this.max || (this.min === this.max && (this.excludesMin || this.excludesMax));
  }

  isBelow(set: ZsetReader, member: number): boolean {
    const score = set.score(member);
    return this.excludesMin ? score <= this.min : score < this.min;
  }

  isAbove(set: ZsetReader, member: number): boolean {
    const score = set.score(member);
    return this.excludesMax ? score >= this.max : score > this.max;
  }
}

/** An end of a range by bytes: a string, or one before or behind all strings. */
export interface LexBound {
  /** -1: before all strings; 1: behind all; 0: bytes[start..end). */
  readonly side: -1 | 0 | 1;
  readonly excluded: boolean;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Means something only where all scores are equal. */
export class LexRange implements ZsetRange {
  readonly #min: LexBound;
  readonly #max: LexBound;

  constructor(min: LexBound, max: LexBound) {
    this.#min = min;
    this.#max = max;
  }

  get isEmpty(): boolean {
    const min = this.#min;
    const max = this.#max;
    const order =
      min.side !== max.side || min.side !== 0
        ? min.side - max.side
        : compareBytes(min.bytes, min.start, min.end, max.bytes, max.start, max.end);
    return order > 0 || (order === 0 && (min.excluded || max.excluded));
  }

  isBelow(set: ZsetReader, member: number): boolean {
    const { side, excluded, bytes, start, end } = this.#min;
    if (side !== 0) return side > 0;
    const order = set.compareMember(member, bytes, start, end);
    return excluded ? order <= 0 : order < 0;
  }

  isAbove(set: ZsetReader, member: number): boolean {
    const { side, excluded, bytes, start, end } = this.#max;
    if (side !== 0) return side < 0;
    const order = set.compareMember(member, bytes, start, end);
    return excluded ? order >= 0 : order > 0;
  }
}

/** Whether a set reaches into a range. */
function overlaps(set: ZsetReader, range: ZsetRange): boolean {
  const { first, last } = set;
  return !range.isEmpty && last !== NONE && !range.isBelow(set, last) && !range.isAbove(set, first);
}

export function firstInRange(set: ZsetReader, range: ZsetRange): number {
  if (!overlaps(set, range)) return NONE;
  const first = set.firstNotBelow(range);
  return first === NONE || range.isAbove(set, first) ? NONE : first;
}

export function lastInRange(set: ZsetReader, range: ZsetRange): number {
  if (!overlaps(set, range)) return NONE;
  const last = set.lastNotAbove(range);
  return last === NONE || range.isBelow(set, last) ? NONE : last;
}

export function countInRange(set: ZsetReader, range: ZsetRange): number {
  const first = firstInRange(set, range);
  return first === NONE ? 0 : set.countFrom(first, range);
}
