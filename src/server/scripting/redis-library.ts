/**
 * The `redis` table of scripts (script_lua.c luaRegisterRedisAPI).
 *
 * Everything that needs a running script asks for it each time: while a library is loaded there is none.
 */
import { cString } from '../../core/latin1.ts';
import { sha1Hex } from '../../core/sha1.ts';
import type { Engine } from '../../lua/engine.ts';
import { register } from '../../lua/library/arguments.ts';
import { LuaError } from '../../lua/lua-error.ts';
import { toNumber, toText } from '../../lua/metatables.ts';
import { currentPosition } from '../../lua/stack.ts';
import { LuaTable } from '../../lua/table.ts';
import { type LuaFunction, type LuaValue, typeName } from '../../lua/value.ts';
import { REDIS_VERSION } from '../config/config-error.ts';
import { ALLOWED } from '../acl/selector.ts';
import type { LogLevel } from '../log.ts';
import { PROPAGATE } from '../propagation.ts';
import type { Server } from '../server.ts';
import { errorTable, single } from './reply-to-lua.ts';
import { isErrorTable, type ScriptRun } from './script-run.ts';

const VERSION_NUMBER = 0x0007000f;
const LOG_LEVELS: readonly LogLevel[] = ['debug', 'verbose', 'notice', 'warning'];

const CONSTANTS: Readonly<Record<string, number | string>> = {
  REDIS_VERSION,
  REDIS_VERSION_NUM: VERSION_NUMBER,
  LOG_DEBUG: 0,
  LOG_VERBOSE: 1,
  LOG_NOTICE: 2,
  LOG_WARNING: 3,
};

const REPLICATION_CONSTANTS: Readonly<Record<string, number>> = {
  REPL_NONE: PROPAGATE.none,
  REPL_AOF: PROPAGATE.aof,
  REPL_SLAVE: PROPAGATE.replicas,
  REPL_REPLICA: PROPAGATE.replicas,
  REPL_ALL: PROPAGATE.all,
};

/** In the order in which Redis registers them, which `pairs` shows. */
const ENTRIES =
  'call pcall log LOG_DEBUG LOG_VERBOSE LOG_NOTICE LOG_WARNING REDIS_VERSION_NUM REDIS_VERSION setresp sha1hex ' +
  'error_reply status_reply set_repl REPL_NONE REPL_AOF REPL_SLAVE REPL_REPLICA REPL_ALL acl_check_cmd breakpoint ' +
  'debug replicate_commands';

export interface RedisLibraryOptions {
  readonly server: Server;
  /** The script that runs, or null. */
  run(): ScriptRun | null;
  setPropagation(mask: number): void;
}

export function registerRedisLibrary(engine: Engine, options: RedisLibraryOptions): void {
  const commands = commandFunctions(options);
  engine.lastCall.called = commands['call']!;
  engine.lastCall.instead = redisCall(options, true);
  const entries: Readonly<Record<string, LuaValue>> = {
    ...commands,
    ...replyFunctions(),
    ...surroundings(options),
    ...REPLICATION_CONSTANTS,
    ...CONSTANTS,
  };
  const library = new LuaTable();
  for (const name of ENTRIES.split(' ')) library.setString(name, entries[name]);
  engine.globals.setString('redis', library);
  engine.globals.setString('debug', undefined);
  engine.globals.setString('__redis__err__handler', placeError);
}

/** What a library of functions has of it while it is loaded. */
export function registerLoadLibrary(library: LuaTable, server: Server): LuaTable {
  for (const [name, value] of Object.entries(CONSTANTS)) library.setString(name, value);
  return register(library, { log: logger(server) });
}

/** Ends the script with an error that has a code. */
export function raise(text: string): never {
  throw new LuaError(errorTable(`ERR ${text}`, false), currentPosition());
}

function running(options: RedisLibraryOptions, what: string): ScriptRun {
  return options.run() ?? raise(`${what} can only be called inside a script invocation`);
}

/** @param isLast nobody but the client sees what it gives. */
function redisCall(options: RedisLibraryOptions, isLast: boolean): LuaFunction {
  return (...args) => {
    const run = running(options, 'redis.call/pcall');
    const result = isLast ? run.executeLast(args) : run.execute(args);
    if (isErrorTable(result)) throw new LuaError(result, currentPosition());
    return result;
  };
}

function commandFunctions(options: RedisLibraryOptions): Record<string, LuaFunction> {
  return {
    call: redisCall(options, false),
    pcall: (...args) => running(options, 'redis.call/pcall').execute(args),
    acl_check_cmd: (...args) => {
      const run = running(options, 'redis.acl_check_cmd');
      const request = run.requests.build(args);
      if (typeof request === 'string') raise(request);
      const { server } = options;
      const command = server.commands.find(request);
      if (command === null) raise('Invalid command passed to redis.acl_check_cmd()');
      return server.acl.judge(run.caller.session.user, command, request) === ALLOWED;
    },
    setresp: (...args) => {
      const run = running(options, 'redis.setresp');
      if (args.length !== 1) raise('redis.setresp() requires one argument.');
      const protocol = Math.trunc(toNumber(args[0]) ?? 0);
      if (protocol !== 2 && protocol !== 3) raise('RESP version must be 2 or 3.');
      run.protocol = protocol;
      return [];
    },
    set_repl: (...args) => {
      running(options, 'redis.set_repl');
      if (args.length !== 1) raise('redis.set_repl() requires two arguments.');
      const mask = Math.trunc(toNumber(args[0]) ?? 0);
      if ((mask & ~PROPAGATE.all) !== 0) {
        raise('Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.');
      }
      options.setPropagation(mask);
      return [];
    },
  };
}

/** What Redis has in a global to tell where an error was raised. Nothing here needs it, but scripts can see it. */
const placeError: LuaFunction = (error?: LuaValue) => {
  const table = error instanceof LuaTable ? error : errorTable(`ERR ${toText(error) ?? typeName(error)}`, false);
  const position = currentPosition();
  if (position !== null) {
    table.setString('source', `@${position.chunkName}`);
    table.setString('line', position.line);
  }
  return table;
};

function replyFunctions(): Record<string, LuaFunction> {
  const text = (args: readonly LuaValue[]): string | null =>
    args.length === 1 && typeof args[0] === 'string' ? args[0] : null;
  const refusal = (): LuaTable => errorTable('ERR wrong number or type of arguments', false);
  return {
    status_reply: (...args) => {
      const status = text(args);
      return status === null ? refusal() : single('ok', status);
    },
    error_reply: (...args) => {
      const error = text(args);
      return error === null ? refusal() : errorTable(withCode(cString(error)), false);
    },
    sha1hex: (...args) => {
      if (args.length !== 1) raise('wrong number of arguments');
      return sha1Hex(Buffer.from(toText(args[0]) ?? '', 'latin1'));
    },
  };
}

/** The first word of an error is its code; one that has no second word gets the usual code. */
function withCode(error: string): string {
  const text = error.startsWith('-') ? error.slice(1) : error;
  const space = text.indexOf(' ');
  const [code, message] = space < 0 ? ['ERR', text] : [text.slice(0, space), text.slice(space + 1)];
  return `${code} ${message.replace(/^[\r\n]+|[\r\n]+$/g, '')}`;
}

function surroundings({ server, run }: RedisLibraryOptions): Record<string, LuaFunction> {
  return {
    log: logger(server),
    breakpoint: () => {
      const debugger_ = run()?.debugger ?? null;
      debugger_?.breakAtNextLine();
      return debugger_ !== null;
    },
    debug: (...args) => {
      run()?.debugger?.debug(args);
      return [];
    },
    /** Scripts always replicate their effects. */
    replicate_commands: () => true,
  };
}

function logger(server: Server): LuaFunction {
  return (...args: LuaValue[]) => {
    if (args.length < 2) raise('redis.log() requires two arguments or more.');
    const level = toNumber(args[0]);
    if (level === undefined) raise('First argument must be a number (log level).');
    const name = LOG_LEVELS[Math.trunc(level)];
    if (name === undefined) raise('Invalid debug level.');
    const texts = args.slice(1).map((value) => toText(value));
    server.log.write(name, texts.filter((each) => each !== undefined).join(' '));
    return [];
  };
}
