/**
 * The arguments of a library function, checked as lauxlib.c does: what each function takes, and what it says when it
 * does not get it.
 *
 *   (...args) => { const a = new CallArguments(args); const text = a.string(1); ... }
 *
 * Arguments count from 1. Numbers are taken for strings and texts of numbers for numbers, as everywhere in Lua.
 */
import { cString } from '../../core/latin1.ts';
import { LuaError } from '../lua-error.ts';
import { toNumber, toText } from '../metatables.ts';
import { currentPosition, luaLevels, where } from '../stack.ts';
import { LuaTable } from '../table.ts';
import { type LuaFunction, type LuaValue, typeName } from '../value.ts';

/** An error of a library function, with the position of its caller. */
export function libraryError(text: string): LuaError {
  return new LuaError(where(1) + text, currentPosition());
}

/** Protected tables refuse, without saying where: called right before a table is written to, after all other checks. */
export function assertWritable(table: LuaTable): LuaTable {
  if (table.isReadOnly) throw new LuaError('Attempt to modify a readonly table', currentPosition());
  return table;
}

export class CallArguments {
  readonly #values: readonly LuaValue[];

  constructor(values: readonly LuaValue[]) {
    this.#values = values;
  }

  get count(): number {
    return this.#values.length;
  }

  /** Nil if it is not there. */
  at(index: number): LuaValue {
    return this.#values[index - 1];
  }

  /** Neither nil nor absent. */
  has(index: number): boolean {
    return this.#values[index - 1] !== undefined;
  }

  /** The function is called what its caller calls it, if it is no handler, and a method does not count its object. */
  error(index: number, text: string): LuaError {
    const level = luaLevels()[0];
    if (level === undefined || level === null) {
      return new LuaError(`bad argument #${index} to '?' (${text})`, currentPosition());
    }
    const { chunkName, line, callee } = level;
    const name = callee?.name ?? '?';
    const prefix = `${chunkName}:${line}: `;
    if (callee?.isMethod !== true) return new LuaError(`${prefix}bad argument #${index} to '${name}' (${text})`, level);
    if (index === 1) return new LuaError(`${prefix}calling '${name}' on bad self (${text})`, level);
    return new LuaError(`${prefix}bad argument #${index - 1} to '${name}' (${text})`, level);
  }

  typeError(index: number, expected: string): LuaError {
    const got = index > this.#values.length ? 'no value' : typeName(this.at(index));
    return this.error(index, `${expected} expected, got ${got}`);
  }

  any(index: number): LuaValue {
    if (index > this.#values.length) throw this.error(index, 'value expected');
    return this.at(index);
  }

  number(index: number): number {
    const number = toNumber(this.at(index));
    if (number === undefined) throw this.typeError(index, 'number');
    return number;
  }

  numberOr(index: number, otherwise: number): number {
    return this.has(index) ? this.number(index) : otherwise;
  }

  /** As C converts a double: towards zero; what no 64-bit integer holds becomes the least one. */
  integer(index: number): number {
    return toInteger(this.number(index));
  }

  /** As C makes an `int` of that: its lower 32 bits. */
  int(index: number): number {
    return this.integer(index) | 0;
  }

  intOr(index: number, otherwise: number): number {
    return this.has(index) ? this.int(index) : otherwise;
  }

  integerOr(index: number, otherwise: number): number {
    return this.has(index) ? this.integer(index) : otherwise;
  }

  string(index: number): string {
    const text = toText(this.at(index));
    if (text === undefined) throw this.typeError(index, 'string');
    return text;
  }

  stringOr(index: number, otherwise: string): string {
    return this.has(index) ? this.string(index) : otherwise;
  }

  table(index: number): LuaTable {
    const value = this.at(index);
    if (!(value instanceof LuaTable)) throw this.typeError(index, 'table');
    return value;
  }

  function(index: number): LuaFunction {
    const value = this.at(index);
    if (typeof value !== 'function') throw this.typeError(index, 'function');
    return value;
  }

  option<T extends string>(index: number, options: readonly T[], otherwise?: T): T {
    const text = cString(otherwise === undefined ? this.string(index) : this.stringOr(index, otherwise));
    if (!options.includes(text as T)) throw this.error(index, `invalid option '${text}'`);
    return text as T;
  }
}

const INTEGER_LIMIT = 2 ** 63;

export function toInteger(value: number): number {
  if (value >= -INTEGER_LIMIT && value < INTEGER_LIMIT) return Math.trunc(value) + 0;
  return -INTEGER_LIMIT;
}

/** Fills a table with functions under their names. */
export function register(table: LuaTable, functions: Readonly<Record<string, LuaFunction>>): LuaTable {
  for (const [name, run] of Object.entries(functions)) table.setString(name, run);
  return table;
}

/** A table that was made for functions and filled in an order that `pairs` shows. @param names with spaces in between. */
export function registerAs(names: string, functions: Readonly<Record<string, LuaFunction>>): LuaTable {
  const list = names.split(' ');
  return register(new LuaTable(0, list.length), Object.fromEntries(list.map((name) => [name, functions[name]!])));
}

/** A table that was made for functions and filled in the order of their names: so `pairs` finds them as in Lua. */
export function registerInOrder(functions: Readonly<Record<string, LuaFunction>>): LuaTable {
  const entries = Object.entries(functions).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return register(new LuaTable(0, entries.length), Object.fromEntries(entries));
}
