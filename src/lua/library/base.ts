/**
 * The basic functions (manual section 5.1; lbaselib.c), as far as Redis leaves them to scripts.
 *
 * `pcall` is Redis' own: an error that is a table with a text under `err`, as `redis.call` raises them, arrives as that
 * text (script_lua.c luaRedisPcall).
 */
import type { Engine } from '../engine.ts';
import { LuaError } from '../lua-error.ts';
import { isTrue, toNumber, toText } from '../metatables.ts';
import { currentPosition, where } from '../stack.ts';
import { settled, withoutYields } from '../suspension.ts';
import { LuaSyntaxError } from '../syntax-error.ts';
import { LuaTable } from '../table.ts';
import { type LuaFunction, type LuaValue, type Results, type Suspendable, typeName } from '../value.ts';
import { next } from '../walk.ts';
import { assertWritable, CallArguments, libraryError, register } from './arguments.ts';

/** More values than this do not fit on Lua's stack (LUAI_MAXCSTACK). */
const UNPACKED_MAX = 8000;
/** Calls of library functions in one another (LUAI_MAXCCALLS). */
const HANDLERS_MAX = 200;
const HANDLER_FAILED = 'error in error handling';
/** In the order in which Lua registers them, which `pairs` shows. Those that Redis denies take up room for a while too. */
const FUNCTIONS =
  'assert collectgarbage dofile error gcinfo getfenv getmetatable loadfile load loadstring next pcall print rawequal ' +
  'rawget rawset select setfenv setmetatable tonumber tostring type unpack xpcall';

export function registerBase(engine: Engine): void {
  const { globals, iterators } = engine;
  const functions: Readonly<Record<string, LuaFunction>> = {
    ...STATELESS,
    ...RAW_FUNCTIONS,
    tostring: (...args) => engine.toString(new CallArguments(args).any(1)),
    ...metatableFunctions(engine),
    ...callFunctions(engine),
    ...loadFunctions(engine),
  };
  globals.setString('_G', globals);
  for (const name of FUNCTIONS.split(' ')) globals.setString(name, functions[name]);
  globals.setString('_VERSION', 'Lua 5.1');
  iterators.next = globals.getString('next') as LuaFunction;
  iterators.listStep = listStep;
  register(globals, {
    ipairs: (...args) => [listStep, new CallArguments(args).table(1), 0],
    pairs: (...args) => [iterators.next!, new CallArguments(args).table(1), undefined],
  });
  globals.setString('newproxy', undefined);
}

const listStep: LuaFunction = (...args) => {
  const given = new CallArguments(args);
  const at = given.int(2) + 1;
  const value = given.table(1).getNumber(at);
  return value === undefined ? [] : [at, value];
};

// ---------------------------------------------------------------------------------------------------------------- values

/** Every engine has the same ones. */
const STATELESS: Readonly<Record<string, LuaFunction>> = {
  type: (...args) => typeName(new CallArguments(args).any(1)),
  tonumber: (...args) => toNumberInBase(args),
  next: (...args) => {
    const given = new CallArguments(args);
    return next(given.table(1), given.at(2)) ?? [undefined][0];
  },
  select: (...args) => select(args),
  unpack: (...args) => unpack(args),
  assert: (...args) => {
    const given = new CallArguments(args);
    if (isTrue(given.any(1))) return args;
    throw libraryError(given.stringOr(2, 'assertion failed!'));
  },
  error: (value?: LuaValue, level: LuaValue = 1) => {
    const number = new CallArguments([value, level]).int(2);
    const isPlaced = number > 0 && (typeof value === 'string' || typeof value === 'number');
    throw new LuaError(isPlaced ? where(number) + toText(value)! : value, currentPosition());
  },
  collectgarbage: (...args) => {
    const option = new CallArguments(args).option(1, GARBAGE_OPTIONS, 'collect');
    if (option === 'count') return STATE_KILOBYTES;
    return option === 'step' ? false : option.startsWith('set') ? GARBAGE_PERCENT : 0;
  },
  gcinfo: () => STATE_KILOBYTES,
};

/** Garbage is collected by the engine of JavaScript. These are what Lua has when nobody has set anything. */
const GARBAGE_PERCENT = 200;
/** Of an engine that is new, with Redis' library. What scripts take on top of that is not known. */
export const STATE_KILOBYTES = 48;
const GARBAGE_OPTIONS = ['stop', 'restart', 'collect', 'count', 'step', 'setpause', 'setstepmul'] as const;

function toNumberInBase(args: readonly LuaValue[]): Results {
  const given = new CallArguments(args);
  const base = given.intOr(2, 10);
  if (base === 10) return toNumber(given.any(1));
  const text = given.string(1);
  if (base < 2 || base > 36) throw given.error(2, 'base out of range');
  return parseInBase(text, base);
}

/** As C's strtoul: white space, a sign, `0x` in base 16, digits. */
function parseInBase(text: string, base: number): number | undefined {
  const match = /^[ \t-\r]*([+-]?)(0[xX](?=[0-9a-fA-F]))?([0-9a-zA-Z]+)[ \t-\r]*(?:\0|$)/.exec(text);
  if (match === null) return undefined;
  const [, sign, prefix = '', rest = ''] = match;
  const digits = base === 16 ? rest : prefix + rest;
  let value = 0n;
  for (const digit of digits) {
    const worth = parseInt(digit, 36);
    if (worth >= base) return undefined;
    value = value * BigInt(base) + BigInt(worth);
  }
  if (value >= 2n ** 64n) value = 2n ** 64n - 1n;
  return Number(sign === '-' ? BigInt.asUintN(64, -value) : value);
}

function select(args: readonly LuaValue[]): Results {
  const given = new CallArguments(args);
  if (typeof args[0] === 'string' && args[0].startsWith('#')) return args.length - 1;
  const from = given.int(1);
  const at = from < 0 ? args.length + from : from;
  if (at < 1) throw given.error(1, 'index out of range');
  return asResults(args.slice(at));
}

function unpack(args: readonly LuaValue[]): Results {
  const given = new CallArguments(args);
  const table = given.table(1);
  const from = given.intOr(2, 1);
  const to = given.has(3) ? given.int(3) : table.length;
  if (from > to) return [];
  if (to - from + 1 > UNPACKED_MAX) throw libraryError('too many results to unpack');
  return asResults(Array.from({ length: to - from + 1 }, (_, at) => table.getNumber(from + at)));
}

/** One value stands for itself. */
export function asResults(values: readonly LuaValue[]): Results {
  return values.length === 1 ? values[0] : values;
}

const RAW_FUNCTIONS: Readonly<Record<string, LuaFunction>> = {
  rawequal: (...args) => {
    const given = new CallArguments(args);
    return given.any(1) === given.any(2);
  },
  rawget: (...args) => {
    const given = new CallArguments(args);
    return given.table(1).get(given.any(2));
  },
  rawset: (...args) => {
    const given = new CallArguments(args);
    const table = given.table(1);
    const key = given.any(2);
    const value = given.any(3);
    assertWritable(table);
    if (key === undefined || Number.isNaN(key)) {
      throw new LuaError(`table index is ${key === undefined ? 'nil' : 'NaN'}`, currentPosition());
    }
    table.set(key, value);
    return table;
  },
};

function metatableFunctions(engine: Engine): Record<string, LuaFunction> {
  return {
    getmetatable: (...args) => {
      const metatable = engine.metatables.of(new CallArguments(args).any(1));
      return metatable?.getString('__metatable') ?? metatable ?? undefined;
    },
    setmetatable: (...args) => {
      const given = new CallArguments(args);
      const table = given.table(1);
      const metatable = given.at(2);
      if (args.length < 2 || !(metatable === undefined || metatable instanceof LuaTable)) {
        throw given.error(2, 'nil or table expected');
      }
      if (table.metatable?.getString('__metatable') !== undefined)
        throw libraryError('cannot change a protected metatable');
      assertWritable(table);
      table.metatable = metatable ?? null;
      return table;
    },
  };
}

// ----------------------------------------------------------------------------------------------------------------- calls

function callFunctions(engine: Engine): Record<string, LuaFunction> {
  const failed = (error: unknown): readonly LuaValue[] => [false, ...redisError(engine, engine.caught(error))];
  return {
    pcall: (...args) => {
      // Redis pushes a `true` below the arguments; without any, that is what is called.
      if (args.length === 0) return [false, 'attempt to call a boolean value'];
      return guarded(() => engine.metatables.callFromLibrary(args[0], args.slice(1)), failed);
    },
    xpcall: (...args) => {
      const given = new CallArguments(args);
      const handler = given.any(2);
      return guarded(
        () => engine.metatables.callFromLibrary(args[0], []),
        (error) => [false, handled(engine, handler, error)],
      );
    },
  };
}

/** What a handler makes of an error. One that it raises itself goes to it too, until Lua's stack is full. */
function handled(engine: Engine, handler: LuaValue, error: unknown): LuaValue {
  const { metatables } = engine;
  let value = engine.caught(error);
  if (typeof handler !== 'function') return HANDLER_FAILED;
  for (let level = 0; level < HANDLERS_MAX; level++) {
    try {
      return metatables.finishFromLibrary(handler, [value]);
    } catch (another) {
      value = engine.caught(another);
    }
  }
  return HANDLER_FAILED;
}

/** A table without a text under `err` is followed by what is there instead. */
function redisError({ metatables }: Engine, value: LuaValue): readonly LuaValue[] {
  if (!(value instanceof LuaTable)) return [value];
  const text = metatables.index(value, 'err', null);
  return typeof text === 'string' || typeof text === 'number' ? [text] : [value, text];
}

/** Calls; gives true and the results, or what `failed` makes of an error. Waits if the call waits. */
function guarded(call: () => Results, failed: (error: unknown) => readonly LuaValue[]): Results {
  let result: Results;
  try {
    result = call();
  } catch (error) {
    return failed(error);
  }
  if (!settled(result)) return waitFromLibrary(result as Suspendable, failed);
  return succeeded(result as LuaValue | readonly LuaValue[]);
}

function* waitFromLibrary(call: Suspendable, failed: (error: unknown) => readonly LuaValue[]): Suspendable {
  try {
    return succeeded(yield* withoutYields(call));
  } catch (error) {
    return failed(error);
  }
}

function succeeded(result: LuaValue | readonly LuaValue[]): readonly LuaValue[] {
  return Array.isArray(result) ? [true, ...(result as LuaValue[])] : [true, result as LuaValue];
}

// --------------------------------------------------------------------------------------------------------------- loading

function loadFunctions(engine: Engine): Record<string, LuaFunction> {
  const load = (source: string, name: string): Results => {
    try {
      return engine.load(source, displayName(name), name);
    } catch (error) {
      if (error instanceof LuaSyntaxError) return [undefined, error.message];
      throw error;
    }
  };
  return {
    loadstring: (...args) => {
      const given = new CallArguments(args);
      const source = given.string(1);
      return load(source, given.stringOr(2, source));
    },
    load: (...args) => {
      const given = new CallArguments(args);
      const reader = given.function(1);
      const name = given.stringOr(2, '=(load)');
      let source = '';
      for (;;) {
        const piece = engine.metatables.finishFromLibrary(reader, []);
        if (piece === undefined || piece === '') return load(source, name);
        if (typeof piece !== 'string') return [undefined, 'reader function must return a string'];
        source += piece;
      }
    },
  };
}

const NAME_MAX = 60;

/** How errors show the name of a chunk (lobject.c luaO_chunkid). */
export function displayName(name: string): string {
  if (name.startsWith('=')) return name.slice(1, NAME_MAX);
  if (name.startsWith('@')) {
    const path = name.slice(1);
    const room = NAME_MAX - 1 - '...'.length - 4;
    return path.length > room ? `...${path.slice(path.length - room)}` : path;
  }
  const [line = ''] = name.split(/[\r\n]/, 1);
  const room = NAME_MAX - '[string "..."]'.length - 3;
  const whole = line === name && line.length <= room;
  return whole ? `[string "${line}"]` : `[string "${line.slice(0, room)}..."]`;
}
