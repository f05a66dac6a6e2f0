/**
 * Replies of commands as Lua values (script_lua.c redisProtocolToLuaType).
 *
 * A status is a table with `ok`, an error one with `err`, an absent value is false in RESP2 and nil in RESP3. What only
 * RESP3 has comes as a table with one field: `double`, `map`, `set`, `big_number`, `verbatim_string`.
 */
import { latin1Of } from '../../core/latin1.ts';
import { LuaTable } from '../../lua/table.ts';
import type { LuaValue } from '../../lua/value.ts';

const CR = 13;
const MINUS = 0x2d;
const ZERO = 0x30;
const INTEGER = 0x3a;
const BULK = 0x24;
const STATUS = 0x2b;
const ARRAY = 0x2a;
/** Integers of so many characters are exact. */
const EXACT_DIGITS = 15;

/** @param bytes begin with the reply; what follows it is not looked at. */
export function replyToLua(bytes: Buffer): LuaValue {
  if (bytes[0] !== BULK || bytes[1] === MINUS) return new ReplyReader(bytes).read();
  let length = 0;
  let at = 1;
  for (; bytes[at] !== CR; at++) length = length * 10 + (bytes[at]! - ZERO);
  return latin1Of(bytes, at + 2, at + 2 + length);
}

/**
 * Whether a reply comes out as it goes in, where a script returns what it has got: strings, a status, integers that Lua has
 * exactly, and arrays of strings and integers. What is nil to a script, or an error, is something else to a client.
 * @param bytes begin with the reply; what follows it is not looked at.
 */
export function isTheSameAsLua(bytes: Buffer): boolean {
  if (bytes[0] === STATUS) return true;
  let elements = 1;
  for (let at = 0; elements > 0; elements--) {
    const type = bytes[at]!;
    const from = ++at;
    let number = 0;
    for (; bytes[at] !== CR; at++) number = number * 10 + (bytes[at]! - ZERO);
    if (bytes[from] === MINUS) return false;
    const digits = at - from;
    at += 2;
    if (type === BULK) at += number + 2;
    else if (type === ARRAY && from === 1) elements += number;
    else if (type !== INTEGER || digits > EXACT_DIGITS) return false;
  }
  return true;
}

/** A table with one field. */
export function single(field: string, value: LuaValue): LuaTable {
  const table = new LuaTable(0, 1);
  table.setString(field, value);
  return table;
}

/** What a command or `redis.error_reply` raises. @param text with its code. */
export function errorTable(text: string, isCounted: boolean): LuaTable {
  const table = single('err', text);
  if (isCounted) table.setString('ignore_error_stats_update', true);
  return table;
}

class ReplyReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(): LuaValue {
    const type = this.#bytes[this.#at++]!;
    switch (type) {
      case INTEGER:
        return this.#integer();
      case BULK:
        return this.#bulk() ?? false;
      case STATUS:
        return single('ok', this.#line());
      case MINUS:
        return errorTable(this.#line(), true);
      case ARRAY: {
        const count = this.#integer();
        return count < 0 ? false : this.#array(count);
      }
      default:
        return this.#readExtended(type);
    }
  }

  #readExtended(type: number): LuaValue {
    switch (String.fromCharCode(type)) {
      case '_':
        this.#line();
        return undefined;
      case '#':
        return this.#line() === 't';
      case ',':
        return single('double', doubleOf(this.#line()));
      case '(':
        return single('big_number', this.#line());
      case '=':
        return this.#verbatim();
      case '%':
        return single('map', this.#pairs(this.#integer()));
      case '~':
        return single('set', this.#members(this.#integer()));
      case '|':
        // Attributes say something about the reply that follows.
        this.#pairs(this.#integer());
        return this.read();
      default:
        return this.#array(this.#integer());
    }
  }

  #line(): string {
    const bytes = this.#bytes;
    const start = this.#at;
    let end = start;
    while (bytes[end] !== CR) end++;
    this.#at = end + 2;
    return latin1Of(bytes, start, end);
  }

  #integer(): number {
    const bytes = this.#bytes;
    const start = this.#at;
    const isNegative = bytes[start] === MINUS;
    let value = 0;
    let at = isNegative ? start + 1 : start;
    for (; bytes[at] !== CR; at++) value = value * 10 + (bytes[at]! - ZERO);
    this.#at = at + 2;
    if (at - start > EXACT_DIGITS) return Number(latin1Of(bytes, start, at));
    return isNegative ? -value : value;
  }

  #bulk(): string | undefined {
    const length = this.#integer();
    if (length < 0) return undefined;
    const start = this.#at;
    this.#at = start + length + 2;
    return latin1Of(this.#bytes, start, start + length);
  }

  #verbatim(): LuaTable {
    const text = this.#bulk()!;
    const table = new LuaTable(0, 2);
    table.setString('string', text.slice(4));
    table.setString('format', text.slice(0, 3));
    return single('verbatim_string', table);
  }

  #array(count: number): LuaTable {
    const items: LuaValue[] = [];
    for (let at = 0; at < count; at++) items.push(this.read());
    return LuaTable.ofList(items, 0);
  }

  #pairs(count: number): LuaTable {
    const table = new LuaTable(0, count);
    for (let at = 0; at < count; at++) {
      const key = this.read();
      const value = this.read();
      if (key !== undefined) table.set(key, value);
    }
    return table;
  }

  #members(count: number): LuaTable {
    const table = new LuaTable(0, count);
    for (let at = 0; at < count; at++) {
      const member = this.read();
      if (member !== undefined) table.set(member, true);
    }
    return table;
  }
}

function doubleOf(text: string): number {
  if (text === 'inf') return Infinity;
  return text === '-inf' ? -Infinity : Number(text);
}
