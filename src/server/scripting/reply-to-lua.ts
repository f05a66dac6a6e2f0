/**
 * Replies of commands as Lua values (script_lua.c redisProtocolToLuaType).
 *
 * A status is a table with `ok`, an error one with `err`, an absent value is false in RESP2 and nil in RESP3. What only
 * RESP3 has comes as a table with one field: `double`, `map`, `set`, `big_number`, `verbatim_string`.
 */
import { LuaTable } from '../../lua/table.ts';
import type { LuaValue } from '../../lua/value.ts';

const CR = 13;

export function replyToLua(bytes: Buffer): LuaValue {
  return new ReplyReader(bytes).read();
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
    switch (String.fromCharCode(type)) {
      case ':':
        return Number(this.#line());
      case '$':
        return this.#bulk() ?? false;
      case '+':
        return single('ok', this.#line());
      case '-':
        return errorTable(this.#line(), true);
      case '*': {
        const count = Number(this.#line());
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
        return single('map', this.#pairs(Number(this.#line())));
      case '~':
        return single('set', this.#members(Number(this.#line())));
      case '|':
        // Attributes say something about the reply that follows.
        this.#pairs(Number(this.#line()));
        return this.read();
      default:
        return this.#array(Number(this.#line()));
    }
  }

  #line(): string {
    const end = this.#bytes.indexOf(CR, this.#at);
    const line = this.#bytes.toString('latin1', this.#at, end);
    this.#at = end + 2;
    return line;
  }

  #bulk(): string | undefined {
    const length = Number(this.#line());
    if (length < 0) return undefined;
    const text = this.#bytes.toString('latin1', this.#at, this.#at + length);
    this.#at += length + 2;
    return text;
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
