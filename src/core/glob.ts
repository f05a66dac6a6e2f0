/**
 * Glob patterns as KEYS, SCAN MATCH, PSUBSCRIBE, CONFIG GET and ACL rules match them.
 *
 *   *        any run of bytes        ?       any one byte
 *   [a-c]    one of a class          [^a-c]  one outside of it        \x   the byte x itself
 *
 * The language has corners, and clients meet them, so they are kept as redis-server 7.0.15 has them:
 * - The empty string matches only the empty pattern; not even "*" matches it.
 * - A class that is not closed ends with the pattern. "]" closes a class also as its first member, so "[]" matches
 *   nothing and "[^]" any byte.
 * - A range may be written backwards. Its ends are compared as signed bytes: "[a-\xff]" is the range from 0xff, which
 *   counts as -1, up to "a".
 * - An escaped member of a class is compared case-sensitively even where case is ignored.
 * - A backslash at the end of the pattern stands for itself.
 *
 * Two limits keep hostile patterns cheap. When what follows a star has been tried at every remaining place in vain,
 * no longer run for an earlier star can help, and the whole search ends: time stays polynomial. And stars nest at most
 * a thousand deep, beyond which nothing matches.
 */
import { latin1Of, lowerCaseByte } from './latin1.ts';

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BACKSLASH = 0x5c;
const CARET = 0x5e;
const DASH = 0x2d;

const MAX_STAR_NESTING = 1000;

/** Longest binary string that is taken apart without a fresh array. */
const SCRATCH_BYTES = 128;

/** A pattern ready to be matched many times. Keeps its own copy of the bytes. */
export class Glob {
  /** The pattern as a binary string. */
  readonly source: string;
  readonly #pattern: Uint8Array;
  readonly #ignoreCase: boolean;
  readonly #scratch: Uint8Array = new Uint8Array(SCRATCH_BYTES);
  /** The text being matched. Fields, because the recursion through stars would have to hand them down unchanged. */
  #text: Uint8Array = this.#scratch;
  #textEnd = 0;
  /** What follows some star matches nowhere in the rest of the text. */
  #hopeless = false;

  constructor(pattern: string | Uint8Array, options?: { readonly ignoreCase?: boolean }) {
    this.source = typeof pattern === 'string' ? pattern : latin1Of(pattern, 0, pattern.length);
    this.#pattern = typeof pattern === 'string' ? Buffer.from(pattern, 'latin1') : Uint8Array.from(pattern);
    this.#ignoreCase = options?.ignoreCase ?? false;
  }

  /** Whether this is the lone "*", which commands treat as "no pattern": it then admits the empty string too. */
  get isMatchAll(): boolean {
    return this.source === '*';
  }

  matches(bytes: Uint8Array, start: number, end: number): boolean {
    if (start === end) return this.#pattern.length === 0;
    this.#text = bytes;
    this.#textEnd = end;
    this.#hopeless = false;
    const matched = this.#matchFrom(0, start, 0);
    this.#text = this.#scratch;
    return matched;
  }

  /** Whether a binary string matches. */
  matchesBinary(text: string): boolean {
    const length = text.length;
    const bytes = length <= SCRATCH_BYTES ? this.#scratch : new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = text.charCodeAt(i);
    return this.matches(bytes, 0, length);
  }

  /** Matches the pattern from `p` against the text from `t`, of which at least one byte is left. */
  #matchFrom(p: number, t: number, nesting: number): boolean {
    if (nesting > MAX_STAR_NESTING) return false;
    const pattern = this.#pattern;
    const patternEnd = pattern.length;
    const text = this.#text;
    const textEnd = this.#textEnd;
    while (p < patternEnd && t < textEnd) {
      const token = pattern[p]!;
      if (token === STAR) return this.#matchStar(p, t, nesting);
      if (token === OPEN) {
        p = this.#matchClass(p, text[t]!);
        if (p < 0) return false;
      } else if (token !== QUESTION) {
        if (token === BACKSLASH && p + 1 < patternEnd) p++;
        if (!this.#isSameByte(pattern[p]!, text[t]!)) return false;
      }
      p++;
      t++;
    }
    if (t < textEnd) return false;
    while (p < patternEnd && pattern[p] === STAR) p++;
    return p === patternEnd;
  }

  /** Lets the star at `p` take ever more bytes until what follows it matches. */
  #matchStar(p: number, t: number, nesting: number): boolean {
    const pattern = this.#pattern;
    while (pattern[p + 1] === STAR) p++;
    if (p + 1 === pattern.length) return true;
    for (; t < this.#textEnd; t++) {
      if (this.#matchFrom(p + 1, t, nesting + 1)) return true;
      if (this.#hopeless) return false;
    }
    this.#hopeless = true;
    return false;
  }

  /** Position of the last pattern byte of the class that opens at `p`, or -1 when the class does not admit `byte`. */
  #matchClass(p: number, byte: number): number {
    const pattern = this.#pattern;
    const end = pattern.length;
    const negated = pattern[++p] === CARET;
    if (negated) p++;
    let found = false;
    for (; p < end; p++) {
      const member = pattern[p]!;
      if (member === BACKSLASH && p + 1 < end) {
        if (pattern[++p] === byte) found = true;
      } else if (member === CLOSE) {
        break;
      } else if (p + 2 < end && pattern[p + 1] === DASH) {
        if (this.#isInRange(member, pattern[p + 2]!, byte)) found = true;
        p += 2;
      } else if (this.#isSameByte(member, byte)) {
        found = true;
      }
    }
    return found === negated ? -1 : Math.min(p, end - 1);
  }

  #isSameByte(a: number, b: number): boolean {
    return a === b || (this.#ignoreCase && lowerCaseByte(a) === lowerCaseByte(b));
  }

  #isInRange(first: number, last: number, byte: number): boolean {
    let low = Math.min(signed(first), signed(last));
    let high = Math.max(signed(first), signed(last));
    let value = signed(byte);
    // Ends are put in order before case is dropped: "[Z-a]" without case is the empty range from z to a.
    if (this.#ignoreCase) {
      low = lowerCaseByte(low);
      high = lowerCaseByte(high);
      value = lowerCaseByte(value);
    }
    return value >= low && value <= high;
  }
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}

/** Matches two binary strings once. To match one pattern often, make a `Glob`. */
export function globMatches(pattern: string, text: string, ignoreCase = false): boolean {
  return new Glob(pattern, { ignoreCase }).matchesBinary(text);
}
