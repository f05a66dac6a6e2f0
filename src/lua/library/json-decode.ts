/**
 * `cjson.decode` (lua_cjson.c): a recursive descent that says what it expected, what it found and where.
 *
 * The text is a binary string; it stays what it is, and escapes become UTF-8. As in C, a NUL ends the text. Null becomes
 * `cjson.null`.
 */
import { parseNumeral } from '../numeral.ts';
import { LuaTable } from '../table.ts';
import type { LuaValue } from '../value.ts';
import { libraryError } from './arguments.ts';
import { JSON_NULL, type JsonSettings } from './json-settings.ts';

/** What C's strtod reads: it takes the longest text that is a number. */
const NUMBER =
  /[+-]?(?:0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?\d+)?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?|nan(?:\([0-9a-z_]*\))?)/iy;
const SPACE = /[ \t\n\r]*/y;
const PLAIN_TEXT = /[^"\\\0]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
};
const SYMBOLS = new Map([
  ['{', 'T_OBJ_BEGIN'],
  ['}', 'T_OBJ_END'],
  ['[', 'T_ARR_BEGIN'],
  [']', 'T_ARR_END'],
  [',', 'T_COMMA'],
  [':', 'T_COLON'],
]);

/** As errors name them: an error's type is its text. */
interface Token {
  readonly type: string;
  readonly value?: LuaValue;
  readonly at: number;
}

export function decodeJson(text: string, settings: JsonSettings): LuaValue {
  if (text.length >= 2 && (text[0] === '\0' || text[1] === '\0')) {
    throw libraryError('JSON parser does not support UTF-16 or UTF-32');
  }
  return new Decoder(text, settings).decode();
}

class Decoder {
  readonly #text: string;
  readonly #settings: JsonSettings;
  #at = 0;
  #depth = 0;

  constructor(text: string, settings: JsonSettings) {
    this.#text = text;
    this.#settings = settings;
  }

  decode(): LuaValue {
    const value = this.#value(this.#next());
    const end = this.#next();
    if (end.type !== 'T_END') this.#unexpected('the end', end);
    return value;
  }

  #unexpected(expected: string, { type, at }: Token): never {
    throw libraryError(`Expected ${expected} but found ${type} at character ${at + 1}`);
  }

  #value(token: Token): LuaValue {
    switch (token.type) {
      case 'T_STRING':
      case 'T_NUMBER':
      case 'T_BOOLEAN':
      case 'T_NULL':
        return token.value;
      case 'T_OBJ_BEGIN':
        return this.#object();
      case 'T_ARR_BEGIN':
        return this.#array();
      default:
        return this.#unexpected('value', token);
    }
  }

  #descend(): void {
    if (++this.#depth <= this.#settings.decodeMaxDepth) return;
    throw libraryError(`Found too many nested data structures (${this.#depth}) at character ${this.#at}`);
  }

  #object(): LuaTable {
    this.#descend();
    const table = new LuaTable();
    let token = this.#next();
    while (token.type !== 'T_OBJ_END') {
      if (token.type !== 'T_STRING') this.#unexpected('object key string', token);
      const key = token.value as string;
      const colon = this.#next();
      if (colon.type !== 'T_COLON') this.#unexpected('colon', colon);
      table.setString(key, this.#value(this.#next()));
      const separator = this.#next();
      if (separator.type === 'T_OBJ_END') break;
      if (separator.type !== 'T_COMMA') this.#unexpected('comma or object end', separator);
      token = this.#next();
      if (token.type === 'T_OBJ_END') this.#unexpected('object key string', token);
    }
    this.#depth--;
    return table;
  }

  #array(): LuaTable {
    this.#descend();
    const table = new LuaTable();
    let token = this.#next();
    for (let at = 1; token.type !== 'T_ARR_END' || at > 1; at++) {
      table.setNumber(at, this.#value(token));
      const separator = this.#next();
      if (separator.type === 'T_ARR_END') break;
      if (separator.type !== 'T_COMMA') this.#unexpected('comma or array end', separator);
      token = this.#next();
    }
    this.#depth--;
    return table;
  }

  // ----------------------------------------------------------------------------------------------------------- tokens

  #next(): Token {
    const text = this.#text;
    SPACE.lastIndex = this.#at;
    SPACE.test(text);
    this.#at = SPACE.lastIndex;
    const at = this.#at;
    const character = text[at];
    if (character === undefined || character === '\0') return { type: 'T_END', at };
    const symbol = SYMBOLS.get(character);
    if (symbol !== undefined) {
      this.#at++;
      return { type: symbol, at };
    }
    if (character === '"') return this.#string(at);
    if (character === '-' || (character >= '0' && character <= '9')) return this.#number(at);
    return this.#word(at);
  }

  #word(at: number): Token {
    const words: readonly (readonly [string, string, LuaValue])[] = [
      ['true', 'T_BOOLEAN', true],
      ['false', 'T_BOOLEAN', false],
      ['null', 'T_NULL', JSON_NULL],
    ];
    for (const [word, type, value] of words) {
      if (!this.#text.startsWith(word, at)) continue;
      this.#at += word.length;
      return { type, value, at };
    }
    const mayBeNumber = /^[+iInN]/.test(this.#text.slice(at, at + 1)) && this.#isInvalidNumber(at);
    return this.#settings.decodeInvalidNumbers && mayBeNumber ? this.#number(at) : { type: 'invalid token', at };
  }

  #number(at: number): Token {
    if (!this.#settings.decodeInvalidNumbers && this.#isInvalidNumber(at)) return { type: 'invalid number', at };
    NUMBER.lastIndex = at;
    const match = NUMBER.exec(this.#text);
    const value = match === null ? null : parseNumeral(match[0]);
    if (value === null) return { type: 'invalid number', at };
    this.#at = NUMBER.lastIndex;
    return { type: 'T_NUMBER', value, at };
  }

  /** What strtod takes and JSON does not. */
  #isInvalidNumber(at: number): boolean {
    return /^(?:\+|-?(?:0[xX0-9]|inf|nan))/i.test(this.#text.slice(at, at + 4));
  }

  #string(at: number): Token {
    const text = this.#text;
    let value = '';
    this.#at = at + 1;
    for (;;) {
      PLAIN_TEXT.lastIndex = this.#at;
      value += PLAIN_TEXT.exec(text)![0];
      this.#at = PLAIN_TEXT.lastIndex;
      const character = text[this.#at];
      if (character === '"') break;
      if (character !== '\\') return { type: 'unexpected end of string', at: this.#at };
      const escape = text[this.#at + 1] ?? '';
      if (escape === 'u') {
        const decoded = this.#unicode();
        if (decoded === null) return { type: 'invalid unicode escape code', at: this.#at };
        value += decoded;
      } else {
        const decoded = ESCAPES[escape];
        if (decoded === undefined) return { type: 'invalid escape code', at: this.#at };
        value += decoded;
        this.#at += 2;
      }
    }
    this.#at++;
    return { type: 'T_STRING', value, at };
  }

  /** An escape, or two that are a surrogate pair, as UTF-8. */
  #unicode(): string | null {
    const text = this.#text;
    const first = hexadecimal(text, this.#at + 2);
    if (first === null) return null;
    let code = first;
    let length = 6;
    if ((first & 0xf800) === 0xd800) {
      if ((first & 0x400) !== 0 || !text.startsWith('\\u', this.#at + 6)) return null;
      const second = hexadecimal(text, this.#at + 8);
      if (second === null || (second & 0xfc00) !== 0xdc00) return null;
      code = (((first & 0x3ff) << 10) | (second & 0x3ff)) + 0x10000;
      length = 12;
    }
    this.#at += length;
    return Buffer.from(String.fromCodePoint(code)).toString('latin1');
  }
}

function hexadecimal(text: string, at: number): number | null {
  const digits = text.slice(at, at + 4);
  return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : null;
}
