/**
 * Lua values as JavaScript has them: nil is `undefined`, strings are binary strings (one character per byte), and
 * functions are functions.
 *
 * A function returns one value as it is; none or several as an array, which no Lua value is. A function that can be
 * suspended returns a generator (see suspension.ts), which is no Lua value either.
 */
import { LuaTable } from './table.ts';

export type LuaValue = undefined | boolean | number | string | LuaTable | LuaFunction | Opaque;

/** What a call gives: see above. */
export type Results = LuaValue | readonly LuaValue[] | Suspendable;

// oxlint-disable-next-line typescript/no-explicit-any -- of any number of arguments
export type LuaFunction = (...args: any[]) => Results;

/** The rest of a call: yields when it has to wait, and returns its results. */
export type Suspendable = Generator<unknown, LuaValue | readonly LuaValue[], unknown>;

/** Values that scripts can only hand on: coroutines, and the null of JSON. */
export interface Opaque {
  readonly luaType: 'thread' | 'userdata';
}

/** As `type()` names it. */
export function typeName(value: LuaValue): string {
  switch (typeof value) {
    case 'undefined':
      return 'nil';
    case 'boolean':
    case 'number':
    case 'string':
    case 'function':
      return typeof value;
    default:
      return value instanceof LuaTable ? 'table' : value.luaType;
  }
}
