/**
 * Runs the source of a library, which registers its functions (function_lua.c luaEngineCreate).
 *
 * All libraries see the same globals, which nobody can change: those of functions, and while a library is loaded only
 * `redis.register_function` and what else is of use then. So no command can be called while a library is loaded, and
 * nothing of one library is seen by another.
 */
import { fail } from '../../core/errors.ts';
import type { Engine } from '../../lua/engine.ts';
import { ScriptKilled } from '../../lua/lua-error.ts';
import { currentPosition } from '../../lua/stack.ts';
import { type PaceWatcher, settled } from '../../lua/suspension.ts';
import { LuaSyntaxError } from '../../lua/syntax-error.ts';
import { LuaTable } from '../../lua/table.ts';
import type { LuaFunction, LuaValue, Suspendable } from '../../lua/value.ts';
import type { Server } from '../server.ts';
import { Library } from './function-library.ts';
import { protectGlobals } from './protection.ts';
import { raise, registerLoadLibrary } from './redis-library.ts';
import { readRegistration } from './registration.ts';
import { ScriptTimer } from './script-timer.ts';

const CHUNK_NAME = 'user_function';
const TIMEOUT_MS = 500;

export class LibraryLoader {
  readonly engine: Engine;
  readonly #server: Server;
  /** What libraries have for globals: empty, everything comes from behind. */
  readonly #globals = new LuaTable();
  readonly #metatable = new LuaTable();
  readonly #loadGlobals: LuaTable;
  /** The library that is loaded. */
  #library: Library | null = null;

  constructor(server: Server, engine: Engine) {
    this.#server = server;
    this.engine = engine;
    this.#loadGlobals = this.#createLoadGlobals();
    this.#metatable.setString('__index', engine.globals);
    this.#globals.metatable = this.#metatable;
    this.#globals.isReadOnly = this.#metatable.isReadOnly = true;
  }

  #createLoadGlobals(): LuaTable {
    const globals = new LuaTable();
    const library = registerLoadLibrary(new LuaTable(), this.#server);
    library.setString('register_function', (...args: LuaValue[]) => this.#register(args));
    globals.setString('redis', library);
    for (const table of [library, globals]) {
      protectGlobals(table);
      table.isReadOnly = true;
      table.metatable!.isReadOnly = true;
    }
    return globals;
  }

  #register(args: readonly LuaValue[]): LuaValue[] {
    if (this.#library === null) raise('redis.register_function can only be called on FUNCTION LOAD command');
    const problem = this.#library.add(readRegistration(args));
    if (problem !== null) raise(problem);
    return [];
  }

  /** Throws a ReplyError. @param isLimited it may not take long. */
  load(name: string, source: string, body: string, isLimited: boolean): Library {
    const library = new Library(name, source);
    const main = this.#compile(body);
    this.#library = library;
    this.#expose(this.#loadGlobals);
    const { pace } = this.engine;
    pace.start(isLimited ? this.#limit() : null);
    try {
      const result = main();
      if (!settled(result)) pace.drain(result as Suspendable);
    } catch (error) {
      fail(`ERR Error registering functions: ${this.#explain(error)}`);
    } finally {
      this.#library = null;
      this.#expose(this.engine.globals);
    }
    if (library.functions.size === 0) fail('ERR No functions registered');
    return library;
  }

  #expose(globals: LuaTable): void {
    this.#metatable.setString('__index', globals);
  }

  #compile(body: string): LuaFunction {
    try {
      return this.engine.bind(this.#server.chunks.compile(body, CHUNK_NAME), this.#globals);
    } catch (error) {
      if (!(error instanceof LuaSyntaxError)) throw error;
      return fail(`ERR Error compiling function: ${error.message}`);
    }
  }

  #limit(): PaceWatcher {
    const { clock } = this.#server.host;
    const timer = new ScriptTimer(clock, clock.monotonicUs());
    const onExhausted = (): boolean => {
      timer.look();
      if (timer.elapsedMs > TIMEOUT_MS) throw new ScriptKilled('ERR FUNCTION LOAD timeout', currentPosition());
      return false;
    };
    return {
      onExhausted,
      get fuelUs() {
        return timer.sinceLookUs;
      },
    };
  }

  #explain(error: unknown): string {
    if (error instanceof ScriptKilled) return error.reason;
    const { value } = this.engine.asLuaError(error);
    const text = value instanceof LuaTable ? value.getString('err') : value;
    if (value instanceof LuaTable) return String(text);
    return `ERR ${text === undefined ? '' : String(text)}`;
  }
}
