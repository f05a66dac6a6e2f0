/**
 * The scripts of a server: what EVAL has seen, the engine that runs them, and the script that is running.
 *
 * The engine is made when it is first needed. A script is compiled when it is first seen and kept until SCRIPT FLUSH,
 * as in Redis: clients that know its SHA1 count on it.
 */
import { sha1Hex } from '../../core/sha1.ts';
import { compile } from '../../lua/compiler/compile.ts';
import { Engine } from '../../lua/engine.ts';
import { LuaSyntaxError } from '../../lua/syntax-error.ts';
import { LuaTable } from '../../lua/table.ts';
import type { LuaFunction, LuaValue, Suspendable } from '../../lua/value.ts';
import { fail } from '../../core/errors.ts';
import { settled } from '../../lua/suspension.ts';
import type { Call } from '../call.ts';
import { NOWHERE } from '../nowhere.ts';
import { PROPAGATE } from '../propagation.ts';
import type { Server } from '../server.ts';
import { SESSION, Session } from '../session.ts';
import { luaToReply, writeError } from './lua-to-reply.ts';
import { protect } from './protection.ts';
import { registerRedisLibrary } from './redis-library.ts';
import { readScriptHeader } from './script-header.ts';
import { ScriptRun } from './script-run.ts';

const CHUNK_NAME = 'user_script';
const NO_SCRIPT = 'NOSCRIPT No matching script. Please use EVAL.';
const SHA_LENGTH = 40;

export interface Script {
  readonly sha: string;
  /** Bits of SCRIPT_FLAG. */
  readonly flags: number;
  readonly source: string;
  readonly main: LuaFunction;
}

export class Scripting {
  readonly #server: Server;
  readonly #scripts = new Map<string, Script>();
  #engine: Engine | null = null;
  #session: Session | null = null;
  #run: ScriptRun | null = null;

  constructor(server: Server) {
    this.#server = server;
  }

  /** The script that runs, or null. */
  get running(): ScriptRun | null {
    return this.#run;
  }

  get engine(): Engine {
    if (this.#engine !== null) return this.#engine;
    const engine = new Engine();
    registerRedisLibrary(engine, {
      server: this.#server,
      run: () => this.#run,
      setPropagation: (mask) => (this.#server.propagation.scriptMask = mask),
    });
    engine.globals.setString('KEYS', undefined);
    protect(engine);
    return (this.#engine = engine);
  }

  get #scriptSession(): Session {
    if (this.#session !== null) return this.#session;
    const session = new Session(this.#server, 0, NOWHERE);
    session.set(SESSION.internal | SESSION.inScript);
    return (this.#session = session);
  }

  // ---------------------------------------------------------------------------------------------------------- scripts

  get count(): number {
    return this.#scripts.size;
  }

  /** By its SHA1 in any case, or null. */
  find(sha: string): Script | null {
    return sha.length === SHA_LENGTH ? (this.#scripts.get(sha.toLowerCase()) ?? null) : null;
  }

  /** The script of a source; compiles it if it is new. Throws a ReplyError. @param source binary string. */
  load(source: string): Script {
    const sha = sha1Hex(Buffer.from(source, 'latin1'));
    const known = this.#scripts.get(sha);
    if (known !== undefined) return known;
    const { flags, body } = readScriptHeader(source);
    const script = { sha, flags, source, main: this.#compile(body) };
    this.#scripts.set(sha, script);
    return script;
  }

  #compile(body: string): LuaFunction {
    try {
      return this.engine.bind(compile(body, CHUNK_NAME));
    } catch (error) {
      if (!(error instanceof LuaSyntaxError)) throw error;
      return fail(`ERR Error compiling script (new function): ${error.message}`);
    }
  }

  /** SCRIPT FLUSH. */
  flush(): void {
    this.#scripts.clear();
    this.#engine = null;
  }

  // --------------------------------------------------------------------------------------------------------- execution

  /** Runs a script by its SHA1. Throws a ReplyError if there is none. */
  evaluateBySha(call: Call, sha: string, isReadOnly: boolean): void {
    this.evaluate(call, this.find(sha) ?? fail(NO_SCRIPT), isReadOnly);
  }

  /** Runs a script with the arguments of the call: SHA1 or source, number of keys, keys, other arguments. */
  evaluate(call: Call, script: Script, isReadOnly: boolean): void {
    const { args } = call;
    const keys = args.integer(2);
    if (keys > args.count - 3) fail("ERR Number of keys can't be greater than number of args");
    if (keys < 0) fail("ERR Number of keys can't be negative");
    const { globals } = this.engine;
    const run = this.#begin(call, script, isReadOnly);
    globals.setString('KEYS', listOf(call, 3, 3 + keys));
    globals.setString('ARGV', listOf(call, 3 + keys, args.count));
    this.#execute(run, script.main);
  }

  #begin(caller: Call, { sha, flags }: Script, isReadOnly: boolean): ScriptRun {
    const server = this.#server;
    server.propagation.scriptMask = PROPAGATE.all;
    caller.propagateInstead();
    return new ScriptRun({
      server,
      caller,
      session: this.#scriptSession,
      name: sha,
      flags,
      isReadOnly,
      isFunction: false,
    });
  }

  #execute(run: ScriptRun, main: LuaFunction): void {
    const { reply } = run.caller;
    this.#run = run;
    try {
      luaToReply(this.#complete(main), reply, run.protocol);
    } catch (error) {
      const { value, position } = this.engine.asLuaError(error);
      const text = errorText(value);
      const where = position === null ? '' : ` script: ${run.name}, on @${position.chunkName}:${position.line}.`;
      writeError(
        reply,
        text + where,
        value instanceof LuaTable && value.getString('ignore_error_stats_update') === true,
      );
    } finally {
      this.#run = null;
    }
  }

  #complete(main: LuaFunction): LuaValue {
    const result = main();
    const end = settled(result) ? result : this.engine.pace.drain(result as Suspendable);
    return (Array.isArray(end) ? end[0] : end) as LuaValue;
  }
}

function listOf(call: Call, from: number, to: number): LuaTable {
  const items: LuaValue[] = [];
  for (let index = from; index < to; index++) items.push(call.args.binary(index));
  return LuaTable.ofList(items, 0);
}

function errorText(value: LuaValue): string {
  if (!(value instanceof LuaTable)) return `ERR ${value === undefined ? 'nil' : String(value)}`;
  const text = value.getString('err');
  return typeof text === 'string' || typeof text === 'number' ? String(text) : 'ERR unknown error';
}
