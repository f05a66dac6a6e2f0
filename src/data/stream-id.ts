/**
 * IDs of stream entries: a time in ms and a sequence number, 64 bits each without sign.
 *
 * A JS number holds 53 of these bits, a bigint is an object per number. So an ID is four words of 32 bits, which compare
 * and add exactly; the objects here are reused, not made per entry. Text is made and read with plain numbers where
 * these do, and with bigints beyond.
 */
import { parseInteger, parseUint64 } from '../core/integer.ts';

const WORD = 0x1_0000_0000;
const WORD_MAX = 0xffff_ffff;
/** High words up to here make a safe integer with any low word. */
const SAFE_HIGH_MAX = 0x1f_ffff;
const ID_BYTES_MAX = 127;
const MINUS = 0x2d;
const PLUS = 0x2b;
const STAR = 0x2a;

/** What the text of an ID leaves open: nothing, the sequence ("5-*"), or it is no ID. */
export type ParsedId = 'whole' | 'open' | 'invalid';

/** What the text of an ID may be. */
export const ID_TEXT = {
  /** "5-1" or "5". */
  strict: 0,
  /** Also "-" and "+". */
  bounds: 1,
  /** Also "5-*". */
  open: 2,
} as const;

export class StreamId {
  msHigh = 0;
  msLow = 0;
  seqHigh = 0;
  seqLow = 0;

  static of(other: StreamId): StreamId {
    return new StreamId().set(other);
  }

  static max(): StreamId {
    return new StreamId().setWords(WORD_MAX, WORD_MAX, WORD_MAX, WORD_MAX);
  }

  set(other: StreamId): this {
    return this.setWords(other.msHigh, other.msLow, other.seqHigh, other.seqLow);
  }

  setWords(msHigh: number, msLow: number, seqHigh: number, seqLow: number): this {
    this.msHigh = msHigh;
    this.msLow = msLow;
    this.seqHigh = seqHigh;
    this.seqLow = seqLow;
    return this;
  }

  /** The ID that lies in four words. */
  read(words: Int32Array, at: number): this {
    return this.setWords(words[at]! >>> 0, words[at + 1]! >>> 0, words[at + 2]! >>> 0, words[at + 3]! >>> 0);
  }

  write(words: Int32Array, at: number): void {
    words[at] = this.msHigh;
    words[at + 1] = this.msLow;
    words[at + 2] = this.seqHigh;
    words[at + 3] = this.seqLow;
  }

  get isZero(): boolean {
    return this.msHigh === 0 && this.msLow === 0 && this.seqHigh === 0 && this.seqLow === 0;
  }

  get isMax(): boolean {
    return this.msHigh === WORD_MAX && this.msLow === WORD_MAX && this.hasLastSequence;
  }

  /** Whether both halves are safe integers: `ms` and `seq` are exact then. */
  get isSafe(): boolean {
    return this.msHigh <= SAFE_HIGH_MAX && this.seqHigh <= SAFE_HIGH_MAX;
  }

  get ms(): number {
    return this.msHigh * WORD + this.msLow;
  }

  get seq(): number {
    return this.seqHigh * WORD + this.seqLow;
  }

  get hasLastSequence(): boolean {
    return this.seqHigh === WORD_MAX && this.seqLow === WORD_MAX;
  }

  hasTimeOf(other: StreamId): boolean {
    return this.msHigh === other.msHigh && this.msLow === other.msLow;
  }

  /** Negative, zero or positive. */
  compare(other: StreamId): number {
    return (
      this.msHigh - other.msHigh ||
      this.msLow - other.msLow ||
      this.seqHigh - other.seqHigh ||
      this.seqLow - other.seqLow
    );
  }

  /** As `compare`, with an ID that lies in four words. */
  compareWords(words: Int32Array, at: number): number {
    return (
      this.msHigh - (words[at]! >>> 0) ||
      this.msLow - (words[at + 1]! >>> 0) ||
      this.seqHigh - (words[at + 2]! >>> 0) ||
      this.seqLow - (words[at + 3]! >>> 0)
    );
  }

  /** Goes to the next ID. @returns false for the last one, which becomes the first. */
  increment(): boolean {
    if (!this.hasLastSequence) {
      if (this.seqLow === WORD_MAX) this.seqHigh++;
      this.seqLow = (this.seqLow + 1) >>> 0;
      return true;
    }
    const wraps = this.isMax;
    const msLow = (this.msLow + 1) >>> 0;
    this.setWords(msLow === 0 ? (this.msHigh + 1) >>> 0 : this.msHigh, msLow, 0, 0);
    return !wraps;
  }

  /** Goes to the ID before. @returns false for the first one, which becomes the last. */
  decrement(): boolean {
    if (this.seqLow !== 0 || this.seqHigh !== 0) {
      if (this.seqLow === 0) this.seqHigh--;
      this.seqLow = (this.seqLow - 1) >>> 0;
      return true;
    }
    const wraps = this.isZero;
    const msHigh = this.msLow === 0 ? (this.msHigh - 1) >>> 0 : this.msHigh;
    this.setWords(msHigh, (this.msLow - 1) >>> 0, WORD_MAX, WORD_MAX);
    return !wraps;
  }

  /** The first ID of a time, given as a safe integer. */
  setTime(ms: number): this {
    return this.setWords(Math.floor(ms / WORD), ms >>> 0, 0, 0);
  }

  /**
   * Takes the value of `source[start..end)`. What C takes for the end of a string, a zero byte, ends it here too.
   * @param lastSequence a time without sequence stands for its last ID, not for its first.
   */
  parse(source: Uint8Array, start: number, end: number, allowed: number, lastSequence = false): ParsedId {
    if (end - start > ID_BYTES_MAX) return 'invalid';
    let dash = -1;
    let stop = start;
    for (; stop < end && source[stop] !== 0; stop++) if (dash < 0 && source[stop] === MINUS) dash = stop;
    if (stop - start === 1 && (source[start] === MINUS || source[start] === PLUS)) {
      if (allowed !== ID_TEXT.bounds) return 'invalid';
      const word = source[start] === MINUS ? 0 : WORD_MAX;
      this.setWords(word, word, word, word);
      return 'whole';
    }
    if (!this.#parseHalf(source, start, dash < 0 ? stop : dash, true)) return 'invalid';
    if (dash < 0) {
      this.seqHigh = this.seqLow = lastSequence ? WORD_MAX : 0;
      return 'whole';
    }
    if (allowed === ID_TEXT.open && stop === dash + 2 && source[dash + 1] === STAR) {
      this.seqHigh = this.seqLow = 0;
      return 'open';
    }
    return this.#parseHalf(source, dash + 1, stop, false) ? 'whole' : 'invalid';
  }

  #parseHalf(source: Uint8Array, start: number, end: number, isTime: boolean): boolean {
    let high: number;
    let low: number;
    const value = parseInteger(source, start, end);
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) {
      high = Math.floor(value / WORD);
      low = value >>> 0;
    } else {
      const exact = parseUint64(source, start, end);
      if (exact === null) return false;
      high = Number(exact >> 32n);
      low = Number(exact & 0xffff_ffffn);
    }
    if (isTime) {
      this.msHigh = high;
      this.msLow = low;
    } else {
      this.seqHigh = high;
      this.seqLow = low;
    }
    return true;
  }

  get text(): string {
    return `${half(this.msHigh, this.msLow)}-${half(this.seqHigh, this.seqLow)}`;
  }

  /** As DEBUG DIGEST mixes it. */
  get digestText(): string {
    return `${half(this.msHigh, this.msLow)}.${half(this.seqHigh, this.seqLow)}`;
  }
}

function half(high: number, low: number): string {
  return String(high <= SAFE_HIGH_MAX ? high * WORD + low : (BigInt(high) << 32n) | BigInt(low));
}
