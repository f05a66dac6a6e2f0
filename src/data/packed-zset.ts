/**
 * A small sorted set: a listpack of members and scores in turn, in order. This reads it and says where a member belongs;
 * zset-entry.ts writes it.
 *
 * A score that is an integer is kept as one, any other as its 17 digits; so minus zero loses its sign here.
 */
import { formatStoredScore, parseDouble, parseDoubleLeniently } from '../core/double.ts';
import { isBigInteger } from '../core/integer.ts';
import { bytesOf } from '../core/latin1.ts';
import { NONE } from './heap.ts';
import {
  bigIntegerOfElement,
  copyElement,
  elementCount,
  endOfListpack,
  findElement,
  firstElement,
  integerOfElement,
  isIntegerElement,
  lastElement,
  nextElement,
  previousElement,
  seekElement,
  textLength,
  textOffset,
} from './listpack.ts';
import { bytesForElement, bytesForInteger, writeElement, writeIntegerElement } from './listpack-edit.ts';
import { NO_ELEMENT } from './listpack-format.ts';
import { ByteRange, type ZsetRange, type ZsetReader } from './zset-reader.ts';

export class PackedZset implements ZsetReader {
  readonly bytes: Uint8Array;
  /** Position of the listpack. */
  readonly start: number;
  readonly #own = new ByteRange();
  /** Holds members that are integers, as text. */
  #digits: Buffer | null = null;

  constructor(bytes: Uint8Array, start: number) {
    this.bytes = bytes;
    this.start = start;
  }

  get size(): number {
    return elementCount(this.bytes, this.start) >> 1;
  }

  get first(): number {
    return firstElement(this.bytes, this.start);
  }

  get last(): number {
    const score = lastElement(this.bytes, this.start);
    return score === NO_ELEMENT ? NONE : previousElement(this.bytes, this.start, score);
  }

  next(member: number): number {
    return nextElement(this.bytes, nextElement(this.bytes, member));
  }

  previous(member: number): number {
    const score = previousElement(this.bytes, this.start, member);
    return score === NO_ELEMENT ? NONE : previousElement(this.bytes, this.start, score);
  }

  at(rank: number): number {
    return rank < 0 ? NONE : seekElement(this.bytes, this.start, rank * 2);
  }

  find(bytes: Uint8Array, start: number, end: number): number {
    return findElement(this.bytes, this.first, 2, bytes, start, end);
  }

  rankOf(member: number): number {
    let rank = 0;
    for (let p = this.first; p !== member; p = this.next(p)) rank++;
    return rank;
  }

  score(member: number): number {
    return scoreOfElement(this.bytes, nextElement(this.bytes, member));
  }

  locate(member: number, range: ByteRange): void {
    const { bytes } = this;
    if (isIntegerElement(bytes, member)) {
      this.#digits ??= Buffer.allocUnsafe(24);
      range.to(this.#digits, 0, copyElement(bytes, member, this.#digits, 0));
      return;
    }
    const from = textOffset(bytes, member);
    range.to(bytes, from, from + textLength(bytes, member));
  }

  compareMember(member: number, bytes: Uint8Array, start: number, end: number): number {
    this.locate(member, this.#own);
    return this.#own.compare(bytes, start, end);
  }

  firstNotBelow(range: ZsetRange): number {
    let p = this.first;
    while (p !== NONE && range.isBelow(this, p)) p = this.next(p);
    return p;
  }

  lastNotAbove(range: ZsetRange): number {
    let p = this.last;
    while (p !== NONE && range.isAbove(this, p)) p = this.previous(p);
    return p;
  }

  countFrom(first: number, range: ZsetRange): number {
    let count = 0;
    for (let p = first; p !== NONE && !range.isAbove(this, p); p = this.next(p)) count++;
    return count;
  }

  /** Where a member with a score belongs: a member, or the end mark. */
  placeFor(score: number, bytes: Uint8Array, start: number, end: number): number {
    for (let p = this.first; p !== NONE; p = this.next(p)) {
      const other = this.score(p);
      if (other > score || (other === score && this.compareMember(p, bytes, start, end) > 0)) return p;
    }
    return endOfListpack(this.bytes, this.start);
  }
}

/** The score that an element holds. */
export function scoreOfElement(bytes: Uint8Array, p: number): number {
  if (isIntegerElement(bytes, p)) {
    const value = integerOfElement(bytes, p);
    return isBigInteger(value) ? Number(bigIntegerOfElement(bytes, p)) : value;
  }
  const start = textOffset(bytes, p);
  const end = start + textLength(bytes, p);
  const score = parseDouble(bytes, start, end);
  // Only what came from a file can be no plain double.
  return Number.isNaN(score) ? parseDoubleLeniently(bytes.subarray(0, end), start, end) : score;
}

/** A score as an element. Writing and measuring share the text. */
export class ScoreElement {
  readonly length: number;
  readonly #integer: number;
  readonly #text: Buffer | null;

  constructor(score: number) {
    this.#integer = score;
    if (Number.isSafeInteger(score)) {
      this.#text = null;
      this.length = bytesForInteger(score);
    } else {
      this.#text = bytesOf(formatStoredScore(score));
      this.length = bytesForElement(this.#text, 0, this.#text.length);
    }
  }

  /** @returns the position after it. */
  write(target: Uint8Array, p: number): number {
    if (this.#text === null) return writeIntegerElement(target, p, this.#integer);
    return writeElement(target, p, this.#text, 0, this.#text.length);
  }
}
