/**
 * The lexer of Lua 5.1 (reference manual section 2.1; llex.c).
 *
 * It reads a binary string, one character per byte, and keeps one token of look-ahead: `kind`, `text` or `value`, and
 * `line` describe the current one. Names, numbers and strings have the kinds `<name>`, `<number>` and `<string>`, the
 * end is `<eof>`, and every other token is its own kind, as it is written. Error texts quote what was read so far, as
 * Lua does, so `#raw` keeps the token with its quotes and its escapes resolved.
 */
import { cString } from '../core/latin1.ts';
import { parseNumeral } from './numeral.ts';
import { LuaSyntaxError } from './syntax-error.ts';

export const NAME = '<name>';
export const NUMBER = '<number>';
export const STRING = '<string>';
export const EOF = '<eof>';

const KEYWORDS: ReadonlySet<string> = new Set(
  'and break do else elseif end false for function if in local nil not or repeat return then true until while'.split(
    ' ',
  ),
);

const NEWLINE = 10;
const RETURN = 13;
const BACKSLASH = 92;
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** No bracket of a long string, and none with `=` between them. */
const PLAIN_BRACKET = -1;
const BROKEN_BRACKET = -2;

export class Lexer {
  readonly chunkName: string;
  /** Of the current token; see above. */
  kind: string = EOF;
  /** Of a name or string. */
  text = '';
  /** Of a number. */
  value = 0;
  /** Where the current token ends. */
  line = 1;
  /** Where the token before it ended. */
  lastLine = 1;
  readonly #source: string;
  #at = 0;
  #raw = '';
  #ahead: { kind: string; text: string; value: number; raw: string } | null = null;

  constructor(source: string, chunkName: string) {
    this.#source = source;
    this.chunkName = chunkName;
    this.next();
  }

  /** Goes on to the next token. */
  next(): void {
    this.lastLine = this.line;
    const ahead = this.#ahead;
    if (ahead === null) {
      this.kind = this.#read();
      return;
    }
    this.#ahead = null;
    this.kind = ahead.kind;
    this.text = ahead.text;
    this.value = ahead.value;
    this.#raw = ahead.raw;
  }

  /** The kind of the token after the current one, whose line counts as the current one's from now on. */
  peek(): string {
    const { kind, text, value } = this;
    const raw = this.#raw;
    const aheadKind = this.#read();
    this.#ahead = { kind: aheadKind, text: this.text, value: this.value, raw: this.#raw };
    this.kind = kind;
    this.text = text;
    this.value = value;
    this.#raw = raw;
    return aheadKind;
  }

  // --------------------------------------------------------------------------------------------------- for the parser

  check(kind: string): void {
    if (this.kind !== kind) this.fail(`'${kind}' expected`);
  }

  expect(kind: string): void {
    this.check(kind);
    this.next();
  }

  /** Goes on if the current token is of a kind. */
  accept(kind: string): boolean {
    if (this.kind !== kind) return false;
    this.next();
    return true;
  }

  /** Expects the token that ends what began with `opening` on a line. */
  expectClosing(kind: string, opening: string, line: number): void {
    if (this.accept(kind)) return;
    if (line === this.line) this.fail(`'${kind}' expected`);
    this.fail(`'${kind}' expected (to close '${opening}' at line ${line})`);
  }

  /** Expects a name. */
  name(): string {
    this.check(NAME);
    const { text } = this;
    this.next();
    return text;
  }

  /** Throws an error about the current token. */
  fail(text: string): never {
    throw new LuaSyntaxError(this.chunkName, this.line, text, this.#describe(this.kind));
  }

  /** Throws an error that quotes nothing. */
  failPlainly(text: string): never {
    throw new LuaSyntaxError(this.chunkName, this.line, text, null);
  }

  #failAt(text: string, kind: string): never {
    throw new LuaSyntaxError(this.chunkName, this.line, text, this.#describe(kind));
  }

  #describe(kind: string): string {
    if (kind === NAME || kind === NUMBER || kind === STRING) return cString(this.#raw);
    const code = kind.charCodeAt(0);
    return kind.length === 1 && (code < 32 || code === 127) ? `char(${code})` : kind;
  }

  // ------------------------------------------------------------------------------------------------------- characters

  /** The code of the current character, NaN at the end. */
  get #code(): number {
    return this.#source.charCodeAt(this.#at);
  }

  #is(character: string): boolean {
    return this.#source[this.#at] === character;
  }

  #skipIf(character: string): boolean {
    if (!this.#is(character)) return false;
    this.#at++;
    return true;
  }

  /** Skips a line end: \n, \r, \r\n or \n\r. */
  #skipLineEnd(): void {
    const first = this.#code;
    this.#at++;
    const second = this.#code;
    if ((second === NEWLINE || second === RETURN) && second !== first) this.#at++;
    this.line++;
  }

  // ----------------------------------------------------------------------------------------------------------- tokens

  #read(): string {
    for (;;) {
      const code = this.#code;
      if (Number.isNaN(code)) return EOF;
      if (code === NEWLINE || code === RETURN) this.#skipLineEnd();
      else if (isSpace(code)) this.#at++;
      else if (code === 45 && this.#source[this.#at + 1] === '-') this.#skipComment();
      else if (isLetter(code)) return this.#readWord();
      else if (isDigit(code)) return this.#readNumber();
      else return this.#readSymbol(this.#source[this.#at]!);
    }
  }

  #skipComment(): void {
    this.#at += 2;
    if (this.#is('[')) {
      const level = this.#bracketLevel();
      if (level >= 0) {
        this.#readLong(level, false);
        return;
      }
    }
    while (this.#at < this.#source.length && this.#code !== NEWLINE && this.#code !== RETURN) this.#at++;
  }

  #readWord(): string {
    const start = this.#at;
    do this.#at++;
    while (isLetter(this.#code) || isDigit(this.#code));
    const word = this.#source.slice(start, this.#at);
    if (KEYWORDS.has(word)) return word;
    this.text = this.#raw = word;
    return NAME;
  }

  /** Digits and dots, an exponent, and whatever letters stick to it: all that must be one number. */
  #readNumber(): string {
    const start = this.#at;
    while (isDigit(this.#code) || this.#is('.')) this.#at++;
    if (this.#is('e') || this.#is('E')) {
      this.#at++;
      if (this.#is('+') || this.#is('-')) this.#at++;
    }
    while (isLetter(this.#code) || isDigit(this.#code)) this.#at++;
    this.#raw = this.#source.slice(start, this.#at);
    const value = parseNumeral(this.#raw);
    if (value === null) this.#failAt('malformed number', NUMBER);
    this.value = value;
    return NUMBER;
  }

  #readSymbol(symbol: string): string {
    switch (symbol) {
      case '[': {
        const level = this.#bracketLevel();
        if (level >= 0) return this.#readLong(level, true);
        if (level === BROKEN_BRACKET) this.#failAt('invalid long string delimiter', STRING);
        return '[';
      }
      case '"':
      case "'":
        return this.#readString(symbol);
      case '.':
        return this.#readDots();
      case '=':
      case '<':
      case '>':
      case '~':
        this.#at++;
        return this.#skipIf('=') ? `${symbol}=` : symbol;
      default:
        this.#at++;
        return symbol;
    }
  }

  #readDots(): string {
    if (isDigit(this.#source.charCodeAt(this.#at + 1))) return this.#readNumber();
    this.#at++;
    if (!this.#skipIf('.')) return '.';
    return this.#skipIf('.') ? '...' : '..';
  }

  // ---------------------------------------------------------------------------------------------------------- strings

  #readString(quote: string): string {
    let text = '';
    this.#at++;
    for (;;) {
      const code = this.#code;
      this.#raw = quote + text;
      if (Number.isNaN(code)) this.#failAt('unfinished string', EOF);
      if (code === NEWLINE || code === RETURN) this.#failAt('unfinished string', STRING);
      if (code === BACKSLASH) text += this.#readEscape();
      else {
        this.#at++;
        const character = String.fromCharCode(code);
        if (character === quote) break;
        text += character;
      }
    }
    this.#raw = quote + text + quote;
    this.text = text;
    return STRING;
  }

  /** A backslash before the end of the source is nothing: the string is unfinished then. */
  #readEscape(): string {
    this.#at++;
    const code = this.#code;
    if (Number.isNaN(code)) return '';
    if (code === NEWLINE || code === RETURN) {
      this.#skipLineEnd();
      return '\n';
    }
    if (!isDigit(code)) {
      const character = this.#source[this.#at++]!;
      return SIMPLE_ESCAPES[character] ?? character;
    }
    let value = 0;
    for (let digits = 0; digits < 3 && isDigit(this.#code); digits++) {
      value = value * 10 + this.#code - 48;
      this.#at++;
    }
    if (value > 255) this.#failAt('escape sequence too large', STRING);
    return String.fromCharCode(value);
  }

  /** How many `=` stand between the brackets here; moves behind them, or behind the one bracket that there is. */
  #bracketLevel(): number {
    const bracket = this.#source[this.#at]!;
    const start = this.#at++;
    let level = 0;
    while (this.#skipIf('=')) level++;
    this.#raw = this.#source.slice(start, this.#at);
    if (this.#is(bracket)) return level;
    return level === 0 ? PLAIN_BRACKET : BROKEN_BRACKET;
  }

  /** From the second opening bracket to behind the closing ones. */
  #readLong(level: number, isString: boolean): string {
    const parts: string[] = [];
    const opening = this.#raw + this.#source[this.#at]!;
    this.#at++;
    if (this.#code === NEWLINE || this.#code === RETURN) this.#skipLineEnd();
    let start = this.#at;
    for (;;) {
      const code = this.#code;
      if (Number.isNaN(code)) this.#failAt(`unfinished long ${isString ? 'string' : 'comment'}`, EOF);
      if (code === NEWLINE || code === RETURN) {
        parts.push(this.#source.slice(start, this.#at), '\n');
        this.#skipLineEnd();
        start = this.#at;
      } else if (code === 93) {
        const end = this.#at;
        if (this.#bracketLevel() !== level) continue;
        parts.push(this.#source.slice(start, end));
        this.#at++;
        break;
      } else this.#at++;
    }
    this.text = parts.join('');
    this.#raw = `${opening}${this.text}${opening.replaceAll('[', ']')}`;
    return STRING;
  }
}

export function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Letters, and the underscore that counts as one. */
export function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
}
