/**
 * Lua's patterns (manual section 5.4.1; lstrlib.c): a matcher that goes back where it has to.
 *
 * `Matcher` runs one pattern over one subject. `match(at)` gives the end of the match that starts there, or -1, and
 * leaves the captures. Text and pattern are binary strings; classes are those of the C locale.
 */
import type { LuaValue } from '../value.ts';
import { libraryError } from './arguments.ts';

const CAPTURES_MAX = 32;
const UNFINISHED = -1;
const POSITION = -2;
const NO_MATCH = -1;

const PERCENT = 37;
const OPEN = 40;
const CLOSE = 41;
const STAR = 42;
const PLUS = 43;
const MINUS = 45;
const DOT = 46;
const QUESTION = 63;
const BRACKET = 91;
const CLOSING_BRACKET = 93;
const CARET = 94;
const DOLLAR = 36;

export class Matcher {
  readonly #subject: string;
  readonly #pattern: string;
  readonly #starts: number[] = [];
  readonly #lengths: number[] = [];

  constructor(subject: string, pattern: string) {
    this.#subject = subject;
    this.#pattern = pattern;
  }

  /** @param patternFrom where the pattern starts: behind a `^`. @returns the end of the match, or -1. */
  match(at: number, patternFrom = 0): number {
    this.#starts.length = 0;
    this.#lengths.length = 0;
    return this.#match(at, patternFrom);
  }

  // --------------------------------------------------------------------------------------------------------- captures

  get captureCount(): number {
    return this.#starts.length;
  }

  /** A capture of the last match, which went from `start` to `end`; number 0 is the whole if there are none. */
  capture(number: number, start: number, end: number): LuaValue {
    if (number >= this.#starts.length) {
      if (number === 0) return this.#subject.slice(start, end);
      throw libraryError('invalid capture index');
    }
    const from = this.#starts[number]!;
    const length = this.#lengths[number]!;
    if (length === UNFINISHED) throw libraryError('unfinished capture');
    return length === POSITION ? from + 1 : this.#subject.slice(from, from + length);
  }

  whole(start: number, end: number): string {
    return this.#subject.slice(start, end);
  }

  /** All captures, or the whole match where the pattern has none. */
  captures(start: number, end: number): LuaValue[] {
    const count = Math.max(1, this.#starts.length);
    return Array.from({ length: count }, (_, number) => this.capture(number, start, end));
  }

  // --------------------------------------------------------------------------------------------------------- matching

  #match(from: number, patternFrom: number): number {
    const pattern = this.#pattern;
    let at = from;
    let p = patternFrom;
    for (;;) {
      if (p === pattern.length) return at;
      switch (pattern.charCodeAt(p)) {
        case OPEN:
          if (pattern.charCodeAt(p + 1) === CLOSE) return this.#startCapture(at, p + 2, POSITION);
          return this.#startCapture(at, p + 1, UNFINISHED);
        case CLOSE:
          return this.#endCapture(at, p + 1);
        case DOLLAR:
          if (p + 1 === pattern.length) return at === this.#subject.length ? at : NO_MATCH;
          break;
        case PERCENT: {
          const next = this.#matchSpecial(at, p);
          if (next === undefined) break;
          if (next === NO_MATCH) return NO_MATCH;
          at = next;
          p = this.#specialEnd(p);
          continue;
        }
        default:
      }
      const end = this.#classEnd(p);
      const suffix = pattern.charCodeAt(end);
      if (suffix === STAR) return this.#matchMost(at, p, end, 0);
      if (suffix === PLUS) return this.#matchMost(at, p, end, 1);
      if (suffix === MINUS) return this.#matchLeast(at, p, end);
      const matches = this.#matchesOne(at, p, end);
      if (suffix === QUESTION) {
        if (matches) {
          const result = this.#match(at + 1, end + 1);
          if (result !== NO_MATCH) return result;
        }
        p = end + 1;
        continue;
      }
      if (!matches) return NO_MATCH;
      at++;
      p = end;
    }
  }

  /** `%b`, `%f` and `%1`: where the subject goes on. @returns undefined if it is none of them. */
  #matchSpecial(at: number, p: number): number | undefined {
    const code = this.#pattern.charCodeAt(p + 1);
    if (code === 98) return this.#matchBalanced(at, p + 2);
    if (code === 102) return this.#matchFrontier(at, p + 2);
    return code >= 48 && code <= 57 ? this.#matchBackReference(at, code) : undefined;
  }

  #specialEnd(p: number): number {
    const code = this.#pattern.charCodeAt(p + 1);
    if (code === 98) return p + 4;
    return code === 102 ? this.#classEnd(p + 2) : p + 2;
  }

  #matchBalanced(at: number, p: number): number {
    if (p + 1 >= this.#pattern.length) throw libraryError('unbalanced pattern');
    const subject = this.#subject;
    const opening = this.#pattern[p];
    const closing = this.#pattern[p + 1];
    if (subject[at] !== opening) return NO_MATCH;
    for (let depth = 1, end = at + 1; end < subject.length; end++) {
      if (subject[end] === closing) {
        if (--depth === 0) return end + 1;
      } else if (subject[end] === opening) depth++;
    }
    return NO_MATCH;
  }

  /** Before the subject and behind it stands a NUL. */
  #matchFrontier(at: number, p: number): number {
    if (this.#pattern.charCodeAt(p) !== BRACKET) throw libraryError("missing '[' after '%f' in pattern");
    const end = this.#classEnd(p);
    const before = at === 0 ? 0 : this.#subject.charCodeAt(at - 1);
    const after = at === this.#subject.length ? 0 : this.#subject.charCodeAt(at);
    return !this.#inSet(before, p, end - 1) && this.#inSet(after, p, end - 1) ? at : NO_MATCH;
  }

  #matchBackReference(at: number, digit: number): number {
    const number = digit - 49;
    const length = this.#lengths[number];
    if (number < 0 || length === undefined || length === UNFINISHED) throw libraryError('invalid capture index');
    const start = this.#starts[number]!;
    const text = this.#subject.slice(start, start + Math.max(length, 0));
    return this.#subject.startsWith(text, at) ? at + text.length : NO_MATCH;
  }

  #startCapture(at: number, p: number, length: number): number {
    if (this.#starts.length >= CAPTURES_MAX) throw libraryError('too many captures');
    this.#starts.push(at);
    this.#lengths.push(length);
    const result = this.#match(at, p);
    if (result === NO_MATCH) {
      this.#starts.pop();
      this.#lengths.pop();
    }
    return result;
  }

  #endCapture(at: number, p: number): number {
    const number = this.#lengths.lastIndexOf(UNFINISHED);
    if (number < 0) throw libraryError('invalid pattern capture');
    this.#lengths[number] = at - this.#starts[number]!;
    const result = this.#match(at, p);
    if (result === NO_MATCH) this.#lengths[number] = UNFINISHED;
    return result;
  }

  #matchMost(at: number, p: number, end: number, least: number): number {
    let count = 0;
    while (this.#matchesOne(at + count, p, end)) count++;
    for (; count >= least; count--) {
      const result = this.#match(at + count, end + 1);
      if (result !== NO_MATCH) return result;
    }
    return NO_MATCH;
  }

  #matchLeast(from: number, p: number, end: number): number {
    for (let at = from; ; at++) {
      const result = this.#match(at, end + 1);
      if (result !== NO_MATCH) return result;
      if (!this.#matchesOne(at, p, end)) return NO_MATCH;
    }
  }

  // ---------------------------------------------------------------------------------------------------------- classes

  /** Where the item of the pattern that starts here ends: before its suffix. */
  #classEnd(from: number): number {
    const pattern = this.#pattern;
    const code = pattern.charCodeAt(from);
    if (code === PERCENT) {
      if (from + 1 >= pattern.length) throw libraryError("malformed pattern (ends with '%')");
      return from + 2;
    }
    if (code !== BRACKET) return from + 1;
    let p = from + 1;
    if (pattern.charCodeAt(p) === CARET) p++;
    // A bracket that comes first is a member.
    do {
      if (p >= pattern.length) throw libraryError("malformed pattern (missing ']')");
      const isEscape = pattern.charCodeAt(p++) === PERCENT;
      if (isEscape && p < pattern.length) p++;
    } while (pattern.charCodeAt(p) !== CLOSING_BRACKET);
    return p + 1;
  }

  #matchesOne(at: number, p: number, end: number): boolean {
    if (at >= this.#subject.length) return false;
    const code = this.#subject.charCodeAt(at);
    const item = this.#pattern.charCodeAt(p);
    if (item === DOT) return true;
    if (item === PERCENT) return isInClass(code, this.#pattern.charCodeAt(p + 1));
    return item === BRACKET ? this.#inSet(code, p, end - 1) : item === code;
  }

  /** @param from, last the brackets. */
  #inSet(code: number, from: number, last: number): boolean {
    const pattern = this.#pattern;
    let p = from + 1;
    const found = pattern.charCodeAt(p) !== CARET;
    if (!found) p++;
    for (; p < last; p++) {
      const member = pattern.charCodeAt(p);
      if (member === PERCENT) {
        if (isInClass(code, pattern.charCodeAt(++p))) return found;
      } else if (pattern.charCodeAt(p + 1) === MINUS && p + 2 < last) {
        if (member <= code && code <= pattern.charCodeAt(p + 2)) return found;
        p += 2;
      } else if (member === code) return found;
    }
    return !found;
  }
}

/** A class by its letter; the capital letter is its complement, and what is no letter of a class is itself. */
function isInClass(code: number, letter: number): boolean {
  const lower = letter | 32;
  const isLetter = lower >= 97 && lower <= 122;
  const member = isLetter ? classOf(code, lower) : undefined;
  if (member === undefined) return letter === code;
  return letter === lower ? member : !member;
}

function classOf(code: number, letter: number): boolean | undefined {
  const lower = code | 32;
  const isAlpha = lower >= 97 && lower <= 122 && code < 128;
  const isDigit = code >= 48 && code <= 57;
  switch (String.fromCharCode(letter)) {
    case 'a':
      return isAlpha;
    case 'c':
      return code < 32 || code === 127;
    case 'd':
      return isDigit;
    case 'l':
      return code >= 97 && code <= 122;
    case 'p':
      return code > 32 && code < 127 && !isAlpha && !isDigit;
    case 's':
      return code === 32 || (code >= 9 && code <= 13);
    case 'u':
      return code >= 65 && code <= 90;
    case 'w':
      return isAlpha || isDigit;
    case 'x':
      return isDigit || (code < 128 && lower >= 97 && lower <= 102);
    case 'z':
      return code === 0;
    default:
      return undefined;
  }
}

/** Whether a pattern is plain text. */
export function isPlainPattern(pattern: string): boolean {
  return !/[\^$*+?.([%-]/.test(pattern);
}
