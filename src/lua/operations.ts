/**
 * The operations that compiled scripts are made of, with their fast ways.
 *
 * Each is small enough that the engine inlines it; what is rare goes to metatables.ts. `createOperations` makes them
 * for one set of globals: the scripts of EVAL have one, each function library while it is loaded has another.
 */
import { errorAt, isTrue, join, type Metatables, toNumber } from './metatables.ts';
import { negate } from './nan.ts';
import { formatNumber } from './numeral.ts';
import { power } from './power.ts';
import type { Site } from './site.ts';
import { plain, settled, type Pace, waitInTail } from './suspension.ts';
import { LuaTable } from './table.ts';
import type { LuaFunction, LuaValue, Results, Suspendable } from './value.ts';
import { type KnownIterators, walker, type Walk } from './walk.ts';

/** What `return` without values gives. */
export const NONE: readonly LuaValue[] = Object.freeze([]);

export type Operations = ReturnType<typeof createOperations>;

/** Their names, in the order in which a chunk takes them. */
export const OPERATIONS = (
  'fn last one many settle tail plain settled none same results truthy pace add sub mul div mod pow neg cat len eq lt le gt ge ' +
  'idx fld setidx setfld glb setglb tab lst fill put pack bounds walker'
).split(' ');

export interface World {
  readonly globals: LuaTable;
  readonly metatables: Metatables;
  readonly pace: Pace;
  readonly iterators: KnownIterators;
  readonly lastCall: LastCall;
}

/**
 * A function of a library that may give whoever runs the script something else than a value, where nobody else sees it: where
 * the script ends with `return f(…)`.
 */
export interface LastCall {
  called: LuaFunction | null;
  /** What is called in its place. */
  instead: LuaFunction | null;
}

/** The sign of the result is the divisor's. */
const modulo = (left: number, right: number): number => left - Math.floor(left / right) * right;

export function createOperations(world: World) {
  const { metatables, pace } = world;
  return {
    ...callOperations(world),
    ...arithmeticOperations(metatables),
    ...comparisonOperations(metatables),
    ...tableOperations(metatables),
    ...globalOperations(world),
    pace,
    walker: (iterator: LuaValue, state: LuaValue, control: LuaValue): Walk | null =>
      walker(world.iterators, iterator, state, control),
    bounds: (start: LuaValue, limit: LuaValue, step: LuaValue, site: Site): number[] => [
      bound(start, 'initial value', site),
      bound(limit, 'limit', site),
      bound(step, 'step', site),
    ],
  };
}

function bound(value: LuaValue, what: string, site: Site): number {
  const number = toNumber(value);
  if (number === undefined) throw errorAt(site, `'for' ${what} must be a number`);
  return number;
}

// --------------------------------------------------------------------------------------------------------------- calls

function callOperations({ metatables, lastCall }: World) {
  return {
    none: NONE,
    /** What no script calls before a value is other than the optimizer was told. */
    same: (value: LuaValue): LuaValue => value,
    plain,
    settled,
    truthy: isTrue,
    fn: (value: LuaValue, site: Site): LuaFunction =>
      typeof value === 'function' ? value : metatables.callable(value, site),
    last: (callee: LuaFunction): LuaFunction => (callee === lastCall.called ? lastCall.instead! : callee),
    one: (result: Results): LuaValue =>
      typeof result !== 'object' || result instanceof LuaTable ? result : metatables.one(result),
    many: (result: Results): readonly LuaValue[] => metatables.many(result),
    settle: (result: Results): LuaValue | readonly LuaValue[] =>
      typeof result !== 'object' ? result : metatables.settle(result),
    tail: (result: Results): Results => (plain(result) || settled(result) ? result : waitInTail(result as Suspendable)),
    results: (values: readonly LuaValue[]): Results => (values.length === 1 ? values[0] : values),
  };
}

// ---------------------------------------------------------------------------------------------------------- arithmetic

function arithmeticOperations(metatables: Metatables) {
  const slow = metatables.arithmetic.bind(metatables);
  return {
    add: (left: LuaValue, right: LuaValue, site: Site): LuaValue =>
      typeof left === 'number' && typeof right === 'number'
        ? left + right
        : slow(left, right, '__add', (a, b) => a + b, site),
    sub: (left: LuaValue, right: LuaValue, site: Site): LuaValue =>
      typeof left === 'number' && typeof right === 'number'
        ? left - right
        : slow(left, right, '__sub', (a, b) => a - b, site),
    mul: (left: LuaValue, right: LuaValue, site: Site): LuaValue =>
      typeof left === 'number' && typeof right === 'number'
        ? left * right
        : slow(left, right, '__mul', (a, b) => a * b, site),
    div: (left: LuaValue, right: LuaValue, site: Site): LuaValue =>
      typeof left === 'number' && typeof right === 'number'
        ? left / right
        : slow(left, right, '__div', (a, b) => a / b, site),
    mod: (left: LuaValue, right: LuaValue, site: Site): LuaValue =>
      typeof left === 'number' && typeof right === 'number'
        ? modulo(left, right)
        : slow(left, right, '__mod', modulo, site),
    pow: (left: LuaValue, right: LuaValue, site: Site): LuaValue =>
      typeof left === 'number' && typeof right === 'number'
        ? power(left, right)
        : slow(left, right, '__pow', power, site),
    neg: (value: LuaValue, site: Site): LuaValue =>
      typeof value === 'number' && value === value ? -value : slow(value, value, '__unm', negate, site),
    cat: (left: LuaValue, right: LuaValue, site: Site): LuaValue => {
      if (typeof left === 'string') {
        if (typeof right === 'string') return join(left, right, site);
        if (typeof right === 'number') return join(left, formatNumber(right), site);
      }
      return metatables.concatenate(left, right, site);
    },
    len: (value: LuaValue, site: Site): LuaValue =>
      value instanceof LuaTable || typeof value === 'string' ? value.length : metatables.lengthOf(value, site),
  };
}

// --------------------------------------------------------------------------------------------------------- comparisons

function comparisonOperations(metatables: Metatables) {
  const less = (left: LuaValue, right: LuaValue, site: Site): boolean =>
    (typeof left === 'number' && typeof right === 'number') || (typeof left === 'string' && typeof right === 'string')
      ? left < right
      : metatables.less(left, right, site);
  const lessOrEqual = (left: LuaValue, right: LuaValue, site: Site): boolean =>
    (typeof left === 'number' && typeof right === 'number') || (typeof left === 'string' && typeof right === 'string')
      ? left <= right
      : metatables.lessOrEqual(left, right, site);
  return {
    lt: less,
    le: lessOrEqual,
    gt: (left: LuaValue, right: LuaValue, site: Site): boolean => less(right, left, site),
    ge: (left: LuaValue, right: LuaValue, site: Site): boolean => lessOrEqual(right, left, site),
    eq: (left: LuaValue, right: LuaValue): boolean =>
      left === right || (left instanceof LuaTable && right instanceof LuaTable && metatables.tablesEqual(left, right)),
  };
}

// -------------------------------------------------------------------------------------------------------------- tables

function tableOperations(metatables: Metatables) {
  return {
    idx: (object: LuaValue, key: LuaValue, site: Site): LuaValue => {
      if (object instanceof LuaTable) {
        const value = object.get(key);
        if (value !== undefined || object.metatable === null) return value;
      }
      return metatables.index(object, key, site);
    },
    fld: (object: LuaValue, key: string, site: Site): LuaValue => {
      if (object instanceof LuaTable) {
        const value = object.getStringAt(key, site);
        if (value !== undefined || object.metatable === null) return value;
      }
      return metatables.index(object, key, site);
    },
    setidx: (object: LuaValue, key: LuaValue, value: LuaValue, site: Site): void => {
      if (object instanceof LuaTable && object.isPlain && key !== undefined && key === key) object.set(key, value);
      else metatables.setIndex(object, key, value, site);
    },
    setfld: (object: LuaValue, key: string, value: LuaValue, site: Site): void => {
      if (object instanceof LuaTable && object.isPlain) object.setString(key, value);
      else metatables.setIndex(object, key, value, site);
    },
    tab: (arraySize: number, nodes: number): LuaTable => new LuaTable(arraySize, nodes),
    lst: (reserved: number, items: LuaValue[]): LuaTable => LuaTable.ofList(items, reserved),
    fill: (table: LuaTable, items: readonly LuaValue[]): LuaTable => {
      table.growArray(items.length);
      for (const [at, item] of items.entries()) table.setNumber(at + 1, item);
      return table;
    },
    put: (table: LuaTable, key: LuaValue, value: LuaValue, site: Site): void => {
      metatables.checkKey(key, site);
      table.set(key, value);
    },
    /** The local `arg` of old vararg functions. */
    pack: (items: readonly LuaValue[]): LuaTable => {
      const table = LuaTable.ofList([...items], 0);
      table.setString('n', items.length);
      return table;
    },
  };
}

function globalOperations({ globals, metatables }: World) {
  return {
    glb: (name: string, site: Site): LuaValue => {
      const value = globals.getStringAt(name, site);
      return value !== undefined ? value : metatables.index(globals, name, site);
    },
    setglb: (name: string, value: LuaValue, site: Site): void => metatables.setIndex(globals, name, value, site),
  };
}
