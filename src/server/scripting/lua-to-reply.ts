/**
 * What a script returns, as a reply (script_lua.c luaReplyToRedisReply).
 *
 * Numbers lose their fraction. A table is an error, a status, one of the types that only RESP3 has, or else an array up
 * to its first nil.
 */
import { cString } from '../../core/latin1.ts';
import { toInteger } from '../../lua/library/arguments.ts';
import { LuaTable } from '../../lua/table.ts';
import type { LuaValue } from '../../lua/value.ts';
import type { Reply } from '../../protocol/reply.ts';
import type { Call } from '../call.ts';

/** Tables in tables, as deep as Lua's stack allows it. */
const DEPTH_MAX = 7993;
const TOO_DEEP = 'ERR reached lua stack limit';

/** @param scriptProtocol as the script chose it with `redis.setresp`. */
export function luaToReply(value: LuaValue, call: Call, scriptProtocol: number): void {
  if (typeof value === 'string') call.reply.bulkBinary(value);
  else if (typeof value === 'number') writeInteger(call.reply, value);
  else new ReplyWriter(call, scriptProtocol).write(value);
}

/** A table of which some elements are written. */
interface Cursor {
  readonly table: LuaTable;
  /** Of an array, the elements from 1 to `count`; of a map, keys and values; of a set, keys. */
  readonly kind: 'array' | 'map' | 'set';
  readonly count: number;
  /** Of an array the last element, else the last position, that was written. */
  at: number;
}

/** Tables lie in tables deeper than calls of JavaScript can be nested. */
class ReplyWriter {
  readonly #call: Call;
  readonly #reply: Reply;
  readonly #scriptProtocol: number;
  readonly #open: Cursor[] = [];

  constructor(call: Call, scriptProtocol: number) {
    this.#call = call;
    this.#reply = call.reply;
    this.#scriptProtocol = scriptProtocol;
  }

  write(value: LuaValue): void {
    this.#begin(value);
    for (let cursor = this.#open.at(-1); cursor !== undefined; cursor = this.#open.at(-1)) this.#goOn(cursor);
  }

  #goOn(cursor: Cursor): void {
    const { table } = cursor;
    if (cursor.kind === 'array') {
      if (cursor.at === cursor.count) this.#open.pop();
      else this.#begin(table.getNumber(++cursor.at));
      return;
    }
    const position = table.positionFrom(cursor.at + 1);
    if (position < 0) {
      this.#open.pop();
      return;
    }
    cursor.at = position;
    // Keys are no tables, as a rule; one that is does not wait for its value.
    const isMap = cursor.kind === 'map';
    const key = table.keyAt(position);
    const depth = this.#open.length;
    this.#begin(key);
    while (this.#open.length > depth) this.#goOn(this.#open.at(-1)!);
    if (isMap) this.#begin(table.valueAt(position));
  }

  /** Writes a value; of a table with elements only how many there are. */
  #begin(value: LuaValue): void {
    const reply = this.#reply;
    if (this.#open.length > DEPTH_MAX) {
      reply.error(TOO_DEEP);
      return;
    }
    switch (typeof value) {
      case 'string':
        reply.bulkBinary(value);
        break;
      case 'number':
        writeInteger(reply, value);
        break;
      case 'boolean':
        this.#writeBoolean(value);
        break;
      default:
        if (value instanceof LuaTable) this.#beginTable(value);
        else reply.nil();
    }
  }

  #writeBoolean(value: boolean): void {
    if (this.#scriptProtocol === 3) this.#reply.boolean(value);
    else if (value) this.#reply.integer(1);
    else this.#reply.nil();
  }

  #beginTable(table: LuaTable): void {
    const error = table.getString('err');
    if (typeof error === 'string') {
      writeError(this.#call, cString(error), table.getString('ignore_error_stats_update') === true);
      return;
    }
    const status = table.getString('ok');
    if (typeof status === 'string') this.#reply.simple(withoutLineEnds(cString(status)));
    else if (!this.#writeExtended(table)) this.#beginArray(table);
  }

  /** @returns false if the table is none of the types that only RESP3 has. */
  #writeExtended(table: LuaTable): boolean {
    const reply = this.#reply;
    const double = table.getString('double');
    const bigNumber = table.getString('big_number');
    const verbatim = table.getString('verbatim_string');
    if (typeof double === 'number') reply.double(double);
    else if (typeof bigNumber === 'string') reply.bigNumber(withoutLineEnds(bigNumber));
    else if (verbatim instanceof LuaTable && isVerbatim(verbatim)) {
      reply.verbatimBytes(Buffer.from(verbatim.getString('string') as string, 'latin1'), formatOf(verbatim));
    } else return this.#beginWalked(table);
    return true;
  }

  #beginWalked(table: LuaTable): boolean {
    const map = table.getString('map');
    const walked = map instanceof LuaTable ? map : table.getString('set');
    if (!(walked instanceof LuaTable)) return false;
    let count = 0;
    for (let at = walked.positionFrom(0); at >= 0; at = walked.positionFrom(at + 1)) count++;
    if (walked === map) this.#reply.map(count);
    else this.#reply.set(count);
    this.#open.push({ table: walked, kind: walked === map ? 'map' : 'set', count, at: -1 });
    return true;
  }

  #beginArray(table: LuaTable): void {
    let count = 0;
    while (table.getNumber(count + 1) !== undefined) count++;
    this.#reply.array(count);
    this.#open.push({ table, kind: 'array', count, at: 0 });
  }
}

function writeInteger(reply: Reply, value: number): void {
  if (Number.isSafeInteger(value)) reply.integer(value);
  else reply.bigInteger(BigInt(toInteger(value)));
}

function isVerbatim(table: LuaTable): boolean {
  return typeof table.getString('format') === 'string' && typeof table.getString('string') === 'string';
}

/** Three bytes, whatever the script says. */
function formatOf(table: LuaTable): string {
  return (table.getString('format') as string).slice(0, 3).padEnd(3);
}

function withoutLineEnds(text: string): string {
  return text.replace(/[\r\n]/g, ' ');
}

/** @param isCounted it was counted when it was raised; the script's command has failed all the same. */
export function writeError({ reply, command }: Call, text: string, isCounted: boolean): void {
  if (!isCounted) reply.error(text);
  else {
    reply.raw(Buffer.from(`-${withoutLineEnds(text)}\r\n`, 'latin1'));
    command.failedCalls++;
  }
}
