/**
 * What a script returns, as a reply (script_lua.c luaReplyToRedisReply).
 *
 * Numbers lose their fraction. A table is an error, a status, one of the types that only RESP3 has, or else an array up
 * to its first nil.
 */
import { toInteger } from '../../lua/library/arguments.ts';
import { LuaTable } from '../../lua/table.ts';
import type { LuaValue } from '../../lua/value.ts';
import type { Reply } from '../../protocol/reply.ts';

/** Tables in tables, as deep as Lua's stack allows it. */
const DEPTH_MAX = 7993;
const TOO_DEEP = 'ERR reached lua stack limit';

/** @param scriptProtocol as the script chose it with `redis.setresp`. */
export function luaToReply(value: LuaValue, reply: Reply, scriptProtocol: number): void {
  new ReplyWriter(reply, scriptProtocol).write(value, 0);
}

class ReplyWriter {
  readonly #reply: Reply;
  readonly #scriptProtocol: number;

  constructor(reply: Reply, scriptProtocol: number) {
    this.#reply = reply;
    this.#scriptProtocol = scriptProtocol;
  }

  write(value: LuaValue, depth: number): void {
    const reply = this.#reply;
    if (depth > DEPTH_MAX) {
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
        if (value instanceof LuaTable) this.#writeTable(value, depth);
        else reply.nil();
    }
  }

  #writeBoolean(value: boolean): void {
    if (this.#scriptProtocol === 3) this.#reply.boolean(value);
    else if (value) this.#reply.integer(1);
    else this.#reply.nil();
  }

  #writeTable(table: LuaTable, depth: number): void {
    const error = table.getString('err');
    if (typeof error === 'string') {
      writeError(this.#reply, error, table.getString('ignore_error_stats_update') === true);
      return;
    }
    const status = table.getString('ok');
    if (typeof status === 'string') this.#reply.simple(withoutLineEnds(status));
    else if (!this.#writeExtended(table, depth)) this.#writeArray(table, depth);
  }

  /** @returns false if the table is none of the types that only RESP3 has. */
  #writeExtended(table: LuaTable, depth: number): boolean {
    const reply = this.#reply;
    const double = table.getString('double');
    const bigNumber = table.getString('big_number');
    const verbatim = table.getString('verbatim_string');
    if (typeof double === 'number') reply.double(double);
    else if (typeof bigNumber === 'string') reply.bigNumber(withoutLineEnds(bigNumber));
    else if (verbatim instanceof LuaTable && isVerbatim(verbatim)) {
      reply.verbatimBytes(Buffer.from(verbatim.getString('string') as string, 'latin1'), formatOf(verbatim));
    } else return this.#writeWalked(table, depth);
    return true;
  }

  #writeWalked(table: LuaTable, depth: number): boolean {
    const map = table.getString('map');
    const set = table.getString('set');
    const walked = map instanceof LuaTable ? map : set;
    if (!(walked instanceof LuaTable)) return false;
    const mark = this.#reply.mark();
    let count = 0;
    for (let at = walked.positionFrom(0); at >= 0; at = walked.positionFrom(at + 1)) {
      this.write(walked.keyAt(at), depth + 1);
      if (walked === map) this.write(walked.valueAt(at), depth + 1);
      count++;
    }
    if (walked === map) this.#reply.mapAt(mark, count);
    else this.#reply.setAt(mark, count);
    return true;
  }

  #writeArray(table: LuaTable, depth: number): void {
    let count = 0;
    while (table.getNumber(count + 1) !== undefined) count++;
    this.#reply.array(count);
    for (let at = 1; at <= count; at++) this.write(table.getNumber(at), depth + 1);
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

/** @param isCounted it was counted when it was raised. */
export function writeError(reply: Reply, text: string, isCounted: boolean): void {
  if (isCounted) reply.raw(Buffer.from(`-${withoutLineEnds(text)}\r\n`, 'latin1'));
  else reply.error(text);
}
