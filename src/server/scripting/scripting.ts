/**
 * The scripts of a server: what EVAL has seen, the libraries of functions, the engines that run them, and the script that
 * is running.
 *
 * EVAL and functions have an engine each, made when it is first needed. A script is compiled when it is first seen and
 * kept until SCRIPT FLUSH, as in Redis: clients that know its SHA1 count on it.
 */
import type { Arguments } from '../../core/arguments.ts';
import { sha1Hex } from '../../core/sha1.ts';
import type { Propagation } from '../../commands/context.ts';
import { fail } from '../../core/errors.ts';
import { type Chunk, compile } from '../../lua/compiler/compile.ts';
import { Engine } from '../../lua/engine.ts';
import { STATE_KILOBYTES } from '../../lua/library/base.ts';
import { ScriptRandom } from '../../lua/library/math.ts';
import { LuaSyntaxError } from '../../lua/syntax-error.ts';
import { LuaTable, type Place } from '../../lua/table.ts';
import type { LuaFunction, LuaValue } from '../../lua/value.ts';
import type { Call } from '../call.ts';
import type { Command } from '../command-table.ts';
import { NOWHERE } from '../nowhere.ts';
import { PROPAGATE } from '../propagation.ts';
import type { Server } from '../server.ts';
import { SESSION, Session } from '../session.ts';
import { FunctionLibraries } from './function-libraries.ts';
import type { LibraryFunction } from './function-library.ts';
import { evaluateDebugged } from './debugger/debugged-eval.ts';
import type { ScriptDebugger } from './debugger/script-debugger.ts';
import { protect } from './protection.ts';
import { RequestBuilder } from './request-builder.ts';
import { registerRedisLibrary } from './redis-library.ts';
import { ScriptExecution } from './script-execution.ts';
import { commandFlagsOf, refuseScript } from './script-gates.ts';
import { readScriptHeader } from './script-header.ts';
import { ScriptIndex, SHA1_HEX_LENGTH } from './script-index.ts';
import { ScriptRun, type ScriptSubject } from './script-run.ts';

const CHUNK_NAME = 'user_script';
/** By which a script finds globals whose names do not stand in it. */
const WAYS_TO_GLOBALS = ['_G', 'load', 'loadstring', 'getfenv', 'setfenv', 'dofile', 'loadfile'];
/** What is no SHA1 names no script, whatever else is wrong. */
const NO_SCRIPT = 'NOSCRIPT No matching script. Please use EVAL.';
/** What a script does is propagated, not the script. */
const PROPAGATES_NOTHING: Propagation = { instead: [], also: [] };
/** Of the table of scripts and of a script, besides its source. */
const SCRIPT_OVERHEAD_BYTES = 120;
const NOT_BUSY = 'NOTBUSY No scripts in execution right now.';
const SENT_BY_MASTER =
  'UNKILLABLE The busy script was sent by a master instance in the context of replication and cannot be killed.';
const HAS_WRITTEN =
  'UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the ' +
  'script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.';
const BUSY_SCRIPT = 'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.';
const BUSY_FUNCTION = 'BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.';

export interface Script extends ScriptSubject {
  readonly sha: string;
  readonly source: string;
  readonly main: LuaFunction;
  /** Whether it could look at the globals of that name. */
  readonly seesKeys: boolean;
  readonly seesArguments: boolean;
}

export class Scripting {
  readonly #server: Server;
  readonly functions: FunctionLibraries;
  readonly #scripts = new ScriptIndex<Script>();
  /** For EVAL, which would have to hash the source to find out its SHA1. */
  readonly #bySource = new Map<string, Script>();
  #sourceBytes = 0;
  #engine: Engine | null = null;
  #session: Session | null = null;
  #execution: ScriptExecution | null = null;
  readonly #requests = new RequestBuilder();
  /** Survives SCRIPT FLUSH. */
  readonly #random = new ScriptRandom();
  readonly #keysPlace: Place = {};
  readonly #argvPlace: Place = {};

  constructor(server: Server) {
    this.#server = server;
    this.functions = new FunctionLibraries(server, () => this.newEngine());
  }

  /** The server is composed. */
  provide(): void {
    const { memory, persistence } = this.#server;
    memory.addSource('scripts', () => this.#scripts.size * SCRIPT_OVERHEAD_BYTES + this.#sourceBytes);
    memory.addSource('functions', () => this.functions.usedBytes);
    persistence.functions = this.functions;
  }

  /** The server closes. */
  stop(): void {
    this.#execution?.stop();
  }

  // ---------------------------------------------------------------------------------------------------------- engines

  /** An engine with the library of Redis; nothing in it can be changed. */
  newEngine(): Engine {
    const engine = new Engine(this.#random);
    registerRedisLibrary(engine, {
      server: this.#server,
      run: () => this.running,
      setPropagation: (mask) => (this.#server.propagation.scriptMask = mask),
    });
    protect(engine);
    return engine;
  }

  get engine(): Engine {
    if (this.#engine !== null) return this.#engine;
    const engine = this.newEngine();
    // In this order, which `pairs(_G)` shows, whichever script is the first to look at one of them.
    for (const name of ['KEYS', 'ARGV']) engine.globals.setString(name, new LuaTable());
    return (this.#engine = engine);
  }

  /** INFO used_memory_vm_eval. */
  get engineBytes(): number {
    return this.#engine === null ? 0 : STATE_KILOBYTES * 1024;
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
  find(args: Arguments, index: number): Script | null {
    return this.#scripts.find(args, index);
  }

  /** The script of a source; compiles it if it is new. Throws a ReplyError. @param source binary string. */
  load(source: string): Script {
    const known = this.#bySource.get(source);
    if (known !== undefined) return known;
    const { flags, body } = readScriptHeader(source);
    const chunk = this.#compile(body);
    const seesAll = WAYS_TO_GLOBALS.some((name) => chunk.globals.has(name));
    const sha = sha1Hex(Buffer.from(source, 'latin1'));
    const { engine } = this;
    const script = {
      name: sha,
      sha,
      flags,
      engine,
      isFunction: false,
      source,
      main: engine.bind(chunk),
      seesKeys: seesAll || chunk.globals.has('KEYS'),
      seesArguments: seesAll || chunk.globals.has('ARGV'),
    };
    this.#scripts.add(script);
    this.#bySource.set(source, script);
    this.#sourceBytes += source.length;
    return script;
  }

  #compile(body: string): Chunk {
    try {
      return this.#server.chunks.compile(body, CHUNK_NAME);
    } catch (error) {
      if (!(error instanceof LuaSyntaxError)) throw error;
      return fail(`ERR Error compiling script (new function): ${error.message}`);
    }
  }

  /** SCRIPT FLUSH. */
  flush(): void {
    this.#scripts.clear();
    this.#bySource.clear();
    this.#sourceBytes = 0;
    this.#engine = null;
  }

  /** The flags of a command that runs a script, as the gates see them. */
  flagsOf({ flags, row }: Command, args: Arguments): number {
    const scriptFlags = this.#scriptFlags(row.name, args);
    return scriptFlags === null ? flags : commandFlagsOf(flags, scriptFlags);
  }

  /** Bits of SCRIPT_FLAG, or null if there is no such script. */
  #scriptFlags(command: string, args: Arguments): number | null {
    if (command.startsWith('evalsha')) return this.find(args, 1)?.flags ?? null;
    const name = args.binary(1);
    if (command.startsWith('fcall')) return this.functions.find(name)?.flags ?? null;
    if (!name.startsWith('#!')) return null;
    try {
      return readScriptHeader(name).flags;
    } catch {
      return null;
    }
  }

  // --------------------------------------------------------------------------------------------------------- execution

  /** The script that runs, or null. */
  get running(): ScriptRun | null {
    return this.#execution?.run ?? null;
  }

  /** What others are told while a script runs for too long. */
  get busyText(): string {
    return this.running?.isFunction === true ? BUSY_FUNCTION : BUSY_SCRIPT;
  }

  /** Runs a script by its SHA1. Throws a ReplyError if there is none. */
  evaluateBySha(call: Call, isReadOnly: boolean): void {
    if (call.args.length(1) !== SHA1_HEX_LENGTH) fail(NO_SCRIPT);
    if (call.session.debugMode !== 'off') fail('ERR Please use EVAL instead of EVALSHA for debugging');
    const keys = keyCount(call, call.integer(2));
    this.#evaluate(call, this.find(call.args, 1) ?? fail(NO_SCRIPT), keys, isReadOnly);
  }

  /** Runs a script given as its source. */
  evaluate(call: Call, isReadOnly: boolean): void {
    if (call.session.debugMode !== 'off') {
      evaluateDebugged(call, isReadOnly);
      return;
    }
    const keys = keyCount(call, call.integer(2));
    this.#evaluate(call, this.load(call.args.binary(1)), keys, isReadOnly);
  }

  /** The same for a debugger. */
  evaluateTraced(call: Call, isReadOnly: boolean, tracedBy: ScriptDebugger): void {
    const keys = keyCount(call, call.integer(2));
    const script = this.load(call.args.binary(1));
    const { body } = readScriptHeader(script.source);
    const main = this.engine.bindTraced(compile(body, CHUNK_NAME, 'traced'), tracedBy.tracer);
    this.#evaluate(call, { ...script, main, seesKeys: true, seesArguments: true }, keys, isReadOnly, tracedBy);
  }

  /** Whether everybody waits for a client that debugs, or for the script to hear that it has gone. */
  get isDebugged(): boolean {
    const debugger_ = this.running?.debugger ?? null;
    return debugger_ !== null && (debugger_.isAttached || debugger_.isStopped);
  }

  #evaluate(
    call: Call,
    script: Script,
    keys: number,
    isReadOnly: boolean,
    tracedBy: ScriptDebugger | null = null,
  ): void {
    const run = this.#begin(call, script, isReadOnly, tracedBy);
    if (tracedBy !== null) tracedBy.run = run;
    const { globals } = script.engine;
    if (script.seesKeys) globals.setStringAt('KEYS', listOf(call, 3, 3 + keys), this.#keysPlace);
    if (script.seesArguments) globals.setStringAt('ARGV', listOf(call, 3 + keys, call.args.count), this.#argvPlace);
    this.#execute(run, script.main);
  }

  /** FCALL. */
  callFunction(call: Call, isReadOnly: boolean): void {
    const called = this.functions.find(call.args.binary(1)) ?? fail('ERR Function not found');
    const keys = keyCount(call, call.integer(2, 'ERR Bad number of keys provided'));
    const { name, flags, callback }: LibraryFunction = called;
    const run = this.#begin(call, { name, flags, engine: this.functions.engine, isFunction: true }, isReadOnly);
    const keyList = listOf(call, 3, 3 + keys);
    const argumentList = listOf(call, 3 + keys, call.args.count);
    this.#execute(run, () => callback(keyList, argumentList));
  }

  #begin(caller: Call, subject: ScriptSubject, isReadOnly: boolean, tracedBy: ScriptDebugger | null = null): ScriptRun {
    const server = this.#server;
    // A script that is allowed everything could call EVAL.
    if (this.#execution !== null) fail('ERR A script cannot run another one');
    const refusal = refuseScript(server, caller.session, subject.flags, isReadOnly);
    if (refusal !== null) fail(refusal);
    server.propagation.scriptMask = PROPAGATE.all;
    caller.propagation = PROPAGATES_NOTHING;
    return new ScriptRun({
      server,
      caller,
      session: this.#scriptSession,
      requests: this.#requests,
      subject,
      isReadOnly,
      debugger: tracedBy,
    });
  }

  #execute(run: ScriptRun, main: LuaFunction): void {
    this.#execution = new ScriptExecution(run, this.#onEnd);
    this.#execution.start(main);
  }

  readonly #onEnd = (): void => {
    this.#execution = null;
    this.#scriptSession.output.discard();
  };

  /** SCRIPT KILL and FUNCTION KILL. Throws a ReplyError. */
  kill(isFunction: boolean): void {
    const run = this.running ?? fail(NOT_BUSY);
    if (run.caller.session.has(SESSION.master)) fail(SENT_BY_MASTER);
    if (run.hasWritten) fail(HAS_WRITTEN);
    if (run.isFunction !== isFunction) fail(this.busyText);
    run.isKilled = true;
    run.engine.pace.exhaust();
    this.#server.log.warning('Lua script killed by user with SCRIPT KILL.');
  }
}

function keyCount({ args }: Call, count: number): number {
  if (count > args.count - 3) fail("ERR Number of keys can't be greater than number of args");
  if (count < 0) fail("ERR Number of keys can't be negative");
  return count;
}

/** Short lists are arrays of just that size. */
function listOf({ args }: Call, from: number, to: number): LuaTable {
  switch (to - from) {
    case 0:
      return new LuaTable();
    case 1:
      return LuaTable.ofList([args.binary(from)], 0);
    case 2:
      return LuaTable.ofList([args.binary(from), args.binary(from + 1)], 0);
  }
  const items: LuaValue[] = [];
  for (let index = from; index < to; index++) items.push(args.binary(index));
  return LuaTable.ofList(items, 0);
}
