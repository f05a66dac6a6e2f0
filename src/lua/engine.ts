/**
 * One Lua state: globals, metatables and libraries that scripts of one server share.
 *
 * It knows nothing of Redis: src/server/scripting gives it the `redis` table, and calls what it compiles. An engine is
 * cheap (some tens of microseconds); compiled chunks are shared among all engines of the process by who keeps them.
 */
import { compile, type Chunk } from './compiler/compile.ts';
import { registerBase } from './library/base.ts';
import { registerBit } from './library/bit.ts';
import { registerCjson } from './library/cjson.ts';
import { registerCmsgpack } from './library/cmsgpack.ts';
import { registerCoroutine } from './library/coroutine.ts';
import { JSON_NULL } from './library/json-settings.ts';
import { registerMath, ScriptRandom } from './library/math.ts';
import { registerString } from './library/string.ts';
import { registerStruct } from './library/struct.ts';
import { registerTable } from './library/table.ts';
import { LuaError, ScriptKilled } from './lua-error.ts';
import { Metatables } from './metatables.ts';
import { formatNumber } from './numeral.ts';
import { createOperations, type LastCall, type Operations } from './operations.ts';
import { luaLevels } from './stack.ts';
import { Pace } from './suspension.ts';
import { LuaTable } from './table.ts';
import type { Tracer } from './tracer.ts';
import { type LuaFunction, type LuaValue, typeName } from './value.ts';
import type { KnownIterators } from './walk.ts';

const NAMES_MAX = 64;

export class Engine {
  readonly globals = new LuaTable(0, 2);
  readonly pace = new Pace();
  readonly metatables = new Metatables(this.pace);
  readonly iterators: KnownIterators = { next: null, listStep: null };
  /** Set by whoever runs scripts. */
  readonly lastCall: LastCall = { called: null, instead: null };
  /** Of `math.random`. */
  readonly random: ScriptRandom;
  readonly #operations: Operations;
  readonly #addresses = new WeakMap<object, number>();
  #objects = 0;
  /** Full names of chunks that scripts have loaded, by those in errors. */
  readonly #names = new Map<string, string>();

  /** @param random goes on where another engine has left it. */
  constructor(random = new ScriptRandom()) {
    this.random = random;
    this.#operations = createOperations(this);
    // In the order of luaLoadLibraries: `pairs(_G)` shows it.
    registerBase(this);
    registerCoroutine(this);
    registerTable(this);
    registerString(this);
    registerMath(this);
    // Empty, and taken away again by who adds more.
    this.globals.setString('debug', new LuaTable());
    registerCjson(this);
    registerStruct(this);
    registerCmsgpack(this);
    registerBit(this);
  }

  /** The main function of a compiled chunk, in this engine. */
  bind(chunk: Chunk, globals: LuaTable = this.globals): LuaFunction {
    return chunk.bind(globals === this.globals ? this.#operations : createOperations({ ...this.#world, globals }));
  }

  /** The same of a chunk that was compiled for a debugger. */
  bindTraced(chunk: Chunk, tracer: Tracer): LuaFunction {
    return chunk.bind({ ...this.#operations, dbg: tracer });
  }

  get #world() {
    const { globals, pace, metatables, iterators, lastCall } = this;
    return { globals, pace, metatables, iterators, lastCall };
  }

  /** `loadstring`. Throws `LuaSyntaxError`. @param name what it is called in full, if errors shorten it. */
  load(source: string, chunkName: string, name = `@${chunkName}`): LuaFunction {
    const main = this.bind(compile(source, chunkName, 'loaded'));
    if (this.#names.size === NAMES_MAX) this.#names.clear();
    this.#names.set(chunkName, name);
    return main;
  }

  /** What a chunk is called in full. */
  fullName(chunkName: string): string {
    return this.#names.get(chunkName) ?? `@${chunkName}`;
  }

  /** `tostring`, with `__tostring`. */
  toString(value: LuaValue): LuaValue {
    const handler = this.metatables.handler(value, '__tostring');
    if (handler !== undefined) return this.metatables.finishFromLibrary(handler, [value]);
    switch (typeof value) {
      case 'number':
        return formatNumber(value);
      case 'string':
        return value;
      case 'undefined':
        return 'nil';
      case 'boolean':
        return String(value);
      default:
        if (value === JSON_NULL) return 'userdata: (nil)';
        return `${typeName(value)}: 0x${this.#address(value).toString(16).padStart(12, '0')}`;
    }
  }

  /** Tables and functions show an address: distinct, and the same each time. */
  #address(value: object): number {
    let address = this.#addresses.get(value);
    if (address === undefined) this.#addresses.set(value, (address = 0x5500_0000_0000 + 32 * ++this.#objects));
    return address;
  }

  /** The Lua value of something that was thrown. Throws again what Lua must not catch. */
  caught(error: unknown): LuaValue {
    return this.asLuaError(error).value;
  }

  /** Too deep a recursion is Lua's error; other errors of JavaScript are faults, and not for scripts to catch. */
  asLuaError(error: unknown): LuaError {
    if (error instanceof LuaError) return error;
    if (error instanceof ScriptKilled || !(error instanceof RangeError)) throw error;
    const position = luaLevels(error).find((level) => level !== null) ?? null;
    const prefix = position === null ? '' : `${position.chunkName}:${position.line}: `;
    return new LuaError(`${prefix}stack overflow`, position);
  }
}
