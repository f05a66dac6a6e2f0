/** The `table` library (manual section 5.5; ltablib.c). It never looks at metatables. */
import type { Engine } from '../engine.ts';
import { LuaError } from '../lua-error.ts';
import { isTrue, toText } from '../metatables.ts';
import { currentPosition } from '../stack.ts';
import { type LuaFunction, type LuaValue, type Results, typeName } from '../value.ts';
import { next } from '../walk.ts';
import { assertWritable, CallArguments, libraryError, registerInOrder } from './arguments.ts';
import { sort } from './sort.ts';

export function registerTable(engine: Engine): void {
  const library = registerInOrder({ ...STATELESS, sort: sorter(engine), ...walkFunctions(engine) });
  engine.globals.setString('table', library);
}

/** Every engine has the same ones. */
const STATELESS: Readonly<Record<string, LuaFunction>> = {
  insert: (...args) => insert(new CallArguments(args)),
  remove: (...args) => remove(new CallArguments(args)),
  concat: (...args) => concat(new CallArguments(args)),
  getn: (...args) => new CallArguments(args).table(1).length,
  setn: (...args) => {
    new CallArguments(args).table(1);
    throw libraryError("'setn' is obsolete");
  },
  maxn: (...args) => {
    const table = new CallArguments(args).table(1);
    let largest = 0;
    for (let at = table.positionFrom(0); at >= 0; at = table.positionFrom(at + 1)) {
      const key = table.keyAt(at);
      if (typeof key === 'number' && key > largest) largest = key;
    }
    return largest;
  },
};

function sorter({ metatables }: Engine): LuaFunction {
  return (...args) => {
    const given = new CallArguments(args);
    const table = given.table(1);
    const order = given.has(2) ? given.function(2) : null;
    sort(table, (left, right) => {
      if (order !== null) return isTrue(metatables.finishFromLibrary(order, [left, right]));
      const isPlain = typeof left === typeof right && (typeof left === 'number' || typeof left === 'string');
      return isPlain ? left! < right! : metatables.less(left, right, null);
    });
    return [];
  };
}

function insert(given: CallArguments): Results {
  const table = given.table(1);
  const end = table.length + 1;
  if (given.count !== 2 && given.count !== 3) throw libraryError("wrong number of arguments to 'insert'");
  if (given.count === 2) {
    assertWritable(table).setNumber(end, given.at(2));
    return [];
  }
  const position = given.int(2);
  assertWritable(table);
  for (let at = Math.max(end, position); at > position; at--) table.setNumber(at, table.getNumber(at - 1));
  table.setNumber(position, given.at(3));
  return [];
}

function remove(given: CallArguments): Results {
  const table = given.table(1);
  const end = table.length;
  const position = given.intOr(2, end);
  if (position < 1 || position > end) return [];
  assertWritable(table);
  const removed = table.getNumber(position);
  for (let at = position; at < end; at++) table.setNumber(at, table.getNumber(at + 1));
  table.setNumber(end, undefined);
  return removed;
}

function concat(given: CallArguments): Results {
  const separator = given.stringOr(2, '');
  const table = given.table(1);
  const from = given.intOr(3, 1);
  const to = given.has(4) ? given.int(4) : table.length;
  const parts: string[] = [];
  for (let at = from; at <= to; at++) {
    const value = table.getNumber(at);
    const text = toText(value);
    if (text === undefined) {
      throw libraryError(`invalid value (${typeName(value)}) at index ${at} in table for 'concat'`);
    }
    parts.push(text);
  }
  return joinParts(parts, separator);
}

function joinParts(parts: readonly string[], separator: string): string {
  try {
    return parts.join(separator);
  } catch (error) {
    if (error instanceof RangeError) throw new LuaError('not enough memory', currentPosition());
    throw error;
  }
}

function walkFunctions(engine: Engine): Record<string, LuaFunction> {
  const call = (run: LuaFunction, key: LuaValue, value: LuaValue): LuaValue =>
    engine.metatables.finishFromLibrary(run, [key, value]);
  return {
    foreach: (...args) => {
      const given = new CallArguments(args);
      const table = given.table(1);
      const run = given.function(2);
      for (let pair = next(table, undefined); pair !== undefined; pair = next(table, pair[0])) {
        const result = call(run, pair[0], pair[1]);
        if (result !== undefined) return result;
      }
      return [];
    },
    foreachi: (...args) => {
      const given = new CallArguments(args);
      const table = given.table(1);
      const run = given.function(2);
      const { length } = table;
      for (let at = 1; at <= length; at++) {
        const result = call(run, at, table.getNumber(at));
        if (result !== undefined) return result;
      }
      return [];
    },
  };
}
