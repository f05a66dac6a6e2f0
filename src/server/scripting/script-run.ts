/**
 * One execution of a script or function, and the commands that it runs (script.c).
 *
 * Commands run on a session of their own, with the database, the user and the transaction state of the caller. They
 * pass other gates than those of clients: what a script must not do is refused by its header when it starts, or by the
 * command when it comes; after its first write, nothing refuses it any more.
 */
import type { Arguments } from '../../core/arguments.ts';
import { OUT_OF_MEMORY, READ_ONLY_REPLICA } from '../../core/errors.ts';
import type { Engine } from '../../lua/engine.ts';
import type { LuaValue } from '../../lua/value.ts';
import type { Call } from '../call.ts';
import { type Command, FLAG } from '../command-table.ts';
import { CONDITION } from '../gates.ts';
import type { Server } from '../server.ts';
import { SESSION, type Session } from '../session.ts';
import type { ScriptDebugger } from './debugger/script-debugger.ts';
import type { RequestBuilder } from './request-builder.ts';
import { errorTable, isTheSameAsLua, replyToLua } from './reply-to-lua.ts';
import { isShortOfMemory } from './script-gates.ts';
import { SCRIPT_FLAG } from './script-header.ts';
import { ScriptTimer } from './script-timer.ts';
import { LuaTable } from '../../lua/table.ts';

/** The conditions under which `#refuse` may refuse. */
const REFUSING =
  CONDITION.stale | CONDITION.readonlyReplica | CONDITION.diskError | CONDITION.minReplicas | CONDITION.cluster;
const TAKEN_OVER = SESSION.readonly | SESSION.asking;

/** Stands for a reply that nobody looked at. */
const PASSED: LuaValue = new LuaTable();

/** What is run. */
export interface ScriptSubject {
  /** SHA1 of the script, or the function's name. */
  readonly name: string;
  /** Bits of SCRIPT_FLAG. */
  readonly flags: number;
  /** The engine that runs it. */
  readonly engine: Engine;
  readonly isFunction: boolean;
}

export interface ScriptRunOptions {
  readonly server: Server;
  readonly caller: Call;
  /** The session of scripts. */
  readonly session: Session;
  readonly requests: RequestBuilder;
  readonly subject: ScriptSubject;
  /** By EVAL_RO, EVALSHA_RO or FCALL_RO. */
  readonly isReadOnly: boolean;
  readonly debugger: ScriptDebugger | null;
}

export class ScriptRun {
  readonly server: Server;
  readonly caller: Call;
  readonly name: string;
  readonly isFunction: boolean;
  readonly engine: Engine;
  readonly requests: RequestBuilder;
  readonly debugger: ScriptDebugger | null;
  #timer: ScriptTimer | null = null;
  readonly #startUs: number;
  /** It runs for so long that others are answered meanwhile, between its slices. */
  isSlow = false;
  /** SCRIPT KILL or FUNCTION KILL was called. */
  isKilled = false;
  /** It may not write. */
  readonly isReadOnly: boolean;
  /** It has written: it cannot be killed, and must not be stopped half way. */
  hasWritten = false;
  readonly #session: Session;
  readonly #flags: number;
  /** The slot of all its keys, or -1 while it has used none. */
  #slot: number;
  /** The text that the last command replied, or null. */
  #read: string | null = null;
  /** Where it still stands. */
  #readBytes: Buffer | null = null;
  #readStart = 0;
  /** There was no memory left when it started. */
  readonly #isShortOfMemory: boolean;

  constructor(options: ScriptRunOptions) {
    const { server, caller, session, requests, subject, isReadOnly } = options;
    const { flags } = subject;
    this.server = server;
    this.caller = caller;
    this.name = subject.name;
    this.isFunction = subject.isFunction;
    this.engine = subject.engine;
    this.requests = requests;
    this.debugger = options.debugger;
    this.#startUs = server.dispatcher.startUs;
    this.isReadOnly = isReadOnly || (flags & (SCRIPT_FLAG.noWrites | SCRIPT_FLAG.compatible)) === SCRIPT_FLAG.noWrites;
    this.#session = session;
    this.#flags = flags;
    this.#isShortOfMemory = isShortOfMemory(server);
    this.#slot = server.hooks.router?.slot ?? -1;
    session.db = caller.db;
    session.user = caller.session.user;
    session.clear(TAKEN_OVER);
    session.set(caller.session.flags & TAKEN_OVER);
    session.output.protocol = 2;
  }

  /** Most scripts have ended before anybody asks. */
  get timer(): ScriptTimer {
    return (this.#timer ??= new ScriptTimer(this.server.host.clock, this.#startUs));
  }

  /** Of the replies that the script sees. */
  get protocol(): number {
    return this.#session.output.protocol;
  }

  set protocol(protocol: 2 | 3) {
    this.#session.output.protocol = protocol;
  }

  /** `redis.call` and `redis.pcall`: the reply, or a table with `err`. */
  execute(values: LuaValue[]): LuaValue {
    return this.#perform(values) ?? this.#readReply();
  }

  /** The same where a script that is not debugged ends with it. @returns also `PASSED`, for a reply that `passOn` gives to the caller as it is. */
  executeLast(values: LuaValue[]): LuaValue {
    const refusal = this.#perform(values);
    if (refusal !== null) return refusal;
    const { output } = this.#session;
    const bytes = output.piece ?? output.contents();
    if (!isTheSameAsLua(bytes)) return this.#readReply();
    // It stays where it is until the script has ended, which is now.
    this.#readBytes = bytes;
    return PASSED;
  }

  /** Runs a command. @returns why not, or null: then its reply can be read. */
  #perform(values: LuaValue[]): LuaTable | null {
    const args = this.requests.build(values);
    if (typeof args === 'string') return this.#error(`ERR ${args}`, false);
    const { server } = this;
    this.debugger?.sawCommand(args);
    const command = server.commands.findSpelled(values[0] as string, args);
    if (command === null || !this.#isFree(command, args)) {
      const refusal = this.#refuse(command, args);
      if (refusal !== null) {
        if (command !== null) command.rejectedCalls++;
        server.countError(refusal);
        server.dispatcher.forgiveErrors();
        return this.#error(refusal, true);
      }
    }
    if (command!.has(FLAG.write)) this.hasWritten = true;
    server.dispatcher.call(this.#session, command!, args);
    return null;
  }

  #readReply(): LuaValue {
    const { output } = this.#session;
    const bytes = output.piece ?? output.contents();
    const result = replyToLua(bytes);
    if (typeof result === 'string') this.#keep(result, bytes);
    else this.#read = null;
    if (this.debugger !== null) this.debugger.sawReply(bytes, isErrorTable(result) ? errorOf(result) : null);
    output.rewind();
    return result;
  }

  #keep(text: string, bytes: Buffer): void {
    this.#read = text;
    this.#readBytes = bytes;
    // A line end follows it.
    this.#readStart = this.#session.output.pendingBytes - text.length - 2;
  }

  /** Replies with what the last command replied, where that is what the script returns. @returns whether it is. */
  passOn(value: LuaValue): boolean {
    if (value === PASSED) {
      this.caller.reply.rawPart(this.#readBytes!, 0, this.#session.output.pendingBytes);
      return true;
    }
    if (value !== this.#read) return false;
    this.caller.reply.bulk(this.#readBytes!, this.#readStart, this.#read!.length);
    return true;
  }

  #error(text: string, isCounted: boolean): LuaTable {
    this.debugger?.sawError(text);
    return errorTable(text, isCounted);
  }

  /** Whether nothing is set by which a command could be refused. */
  #isFree(command: Command, args: Arguments): boolean {
    return (
      (this.server.conditions & REFUSING) === 0 &&
      (command.flags & FLAG.noscript) === 0 &&
      !this.isReadOnly &&
      !this.#isShortOfMemory &&
      !this.caller.session.has(SESSION.restricted) &&
      command.run !== null &&
      command.acceptsArity(args.count)
    );
  }

  #refuse(command: Command | null, args: Arguments): string | null {
    if (command === null || command.run === null) return 'ERR Unknown Redis command called from script';
    if (!command.acceptsArity(args.count)) return 'ERR Wrong number of args calling Redis command from script';
    const { server } = this;
    if (command.has(FLAG.noscript) && !server.debugging.scriptsMayCallAll) {
      return 'ERR This Redis command is not allowed from script';
    }
    if ((server.conditions & CONDITION.stale) !== 0 && !command.has(FLAG.stale)) {
      return 'ERR Can not execute the command on a stale replica';
    }
    const caller = this.caller.session;
    const denial = caller.has(SESSION.restricted) ? server.acl.recheck(this.#session, command, args, 'lua') : null;
    if (denial !== null) return `ERR The user executing the script ${denial}`;
    return (
      this.#refuseWrite(command, caller) ?? this.#refuseByMemory(command, caller) ?? this.#refuseBySlot(command, args)
    );
  }

  #refuseWrite(command: Command, caller: Session): string | null {
    if (this.isReadOnly && command.has(FLAG.write | FLAG.may_replicate)) {
      return 'ERR Write commands are not allowed from read-only scripts.';
    }
    if (!command.has(FLAG.write) || this.hasWritten) return null;
    const { server } = this;
    const { conditions } = server;
    if ((conditions & CONDITION.readonlyReplica) !== 0 && !caller.has(SESSION.master)) {
      return READ_ONLY_REPLICA;
    }
    const diskError =
      (conditions & CONDITION.diskError) !== 0 ? server.persistence.refuse(command, command.flags) : null;
    return diskError ?? server.hooks.replication?.refuseForLackOfReplicas(command.flags) ?? null;
  }

  #refuseByMemory(command: Command, caller: Session): string | null {
    if ((this.#flags & (SCRIPT_FLAG.allowOom | SCRIPT_FLAG.compatible)) === SCRIPT_FLAG.allowOom) return null;
    if (!this.#isShortOfMemory || this.hasWritten || caller.has(SESSION.master)) return null;
    return command.has(FLAG.denyoom) ? OUT_OF_MEMORY : null;
  }

  #refuseBySlot(command: Command, args: Arguments): string | null {
    const { server } = this;
    if ((server.conditions & CONDITION.cluster) === 0 || this.caller.session.has(SESSION.master)) return null;
    const { router } = server.hooks;
    if (router === null) return null;
    const refusal = router.route(this.#session, command, args, command.flags);
    if (refusal !== null) return slotRefusal(refusal);
    if (router.slot < 0 || (this.#flags & (SCRIPT_FLAG.allowCrossSlotKeys | SCRIPT_FLAG.compatible)) !== 0) return null;
    if (this.#slot >= 0 && this.#slot !== router.slot) {
      return 'ERR Script attempted to access keys that do not hash to the same slot';
    }
    this.#slot = router.slot;
    return null;
  }
}

/** What a script is told where a client would be sent to another node. */
function slotRefusal(refusal: string): string {
  if (!refusal.startsWith('CLUSTERDOWN The cluster')) {
    return 'ERR Script attempted to access a non local key in a cluster node';
  }
  return refusal.includes('only accepts read commands')
    ? 'ERR Script attempted to execute a write command while the cluster is down and readonly'
    : 'ERR Script attempted to execute a command while the cluster is down';
}

function errorOf(table: LuaTable): string {
  return table.getString('err') as string;
}

/** Whether a value is an error that a command raised. */
export function isErrorTable(value: LuaValue): value is LuaTable {
  return value instanceof LuaTable && typeof value.getString('err') === 'string';
}
