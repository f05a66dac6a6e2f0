/**
 * Runs Lua without a server. A value comes as the reply that EVAL makes of it: numbers without their fraction, true as 1,
 * nil and false as null, tables as arrays up to their first nil. An error comes as its text behind a dash.
 */
import { compile } from '../../src/lua/compiler/compile.ts';
import { Engine } from '../../src/lua/engine.ts';
import { LuaSyntaxError } from '../../src/lua/syntax-error.ts';
import { settled } from '../../src/lua/suspension.ts';
import { LuaTable } from '../../src/lua/table.ts';
import type { LuaValue, Suspendable } from '../../src/lua/value.ts';

export type Evaluated = string | number | null | Evaluated[];

export function evaluate(source: string, engine: Engine = new Engine()): Evaluated {
  try {
    const result = engine.bind(compile(source, 'user_script'))();
    const end = settled(result) ? result : engine.pace.drain(result as Suspendable);
    return asReply((Array.isArray(end) ? end[0] : end) as LuaValue);
  } catch (error) {
    if (error instanceof LuaSyntaxError) return `-${error.message}`;
    const { value } = engine.asLuaError(error);
    const text = value instanceof LuaTable ? value.getString('err') : value;
    return `-${text === undefined ? 'nil' : String(text)}`;
  }
}

function asReply(value: LuaValue): Evaluated {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Math.trunc(value);
  if (value === true) return 1;
  if (!(value instanceof LuaTable)) return null;
  const items: Evaluated[] = [];
  for (let at = 1; value.getNumber(at) !== undefined; at++) items.push(asReply(value.getNumber(at)));
  return items;
}
