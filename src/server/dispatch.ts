/**
 * From a request to its handler: look the command up, check its arity, send it through the gates, then queue it
 * (inside MULTI) or call it. `call` is the one place where handlers run, with everything that surrounds an execution:
 * time, statistics, slow log, MONITOR, the stream of changes, and the containment of faults.
 */
import type { Arguments } from '../core/arguments.ts';
import type { Mark, Reply } from '../protocol/reply.ts';
import { ReplyError, unknownSubcommand, wrongArity } from '../core/errors.ts';
import { Call } from './call.ts';
import { type Command, FLAG, sameWord } from './command-table.ts';
import { CONDITION, flagsOf, GONE, passGates, POSTPONE, Redirection } from './gates.ts';
import type { Server } from './server.ts';
import { SESSION, type Session } from './session.ts';
import { discardTransaction, queueCommand } from './transactions.ts';

/** Nested calls: EXEC, a script inside EXEC, a command of the script. */
const CALL_DEPTH_MAX = 16;
const RUN_CALLS_MAX = 64;
const RUN_REQUEST_BYTES_MAX = 1024;
const UNKNOWN_COMMAND_ARGUMENTS_BYTES = 128;

/** A call that has begun and not ended. */
interface HaltedCall {
  readonly call: Call;
  readonly depth: number;
  readonly startUs: number;
  /** `Server.changes` when it began. */
  readonly changesBefore: number;
  /** What its handler has left to do. */
  readonly rest: (() => void) | null;
}

/** Calls that are nested, innermost first. */
export type HaltedCalls = readonly HaltedCall[];

export class Dispatcher {
  readonly #server: Server;
  /** One per nesting level, reused. */
  #calls: Call[] = [];
  #depth = 0;
  /** Monotonic time when the run below, or the next execution, started. */
  #clockUs = 0;
  /** A run of calls of one fast command that share one reading of the clock. */
  #run: Command | null = null;
  #runCalls = 0;
  #last: Command | null = null;
  /** Calls of fast commands within one that is timed by itself: they share a reading of the clock too. */
  readonly #nested: Command[] = [];
  #nestedCalls = 0;
  /** Error replies that have been put down to a command, or came before the one that runs. */
  #errorsSeen = 0;
  /** The client that is answered after it has been waiting. */
  #answered: Session | null = null;
  /** The calls that return unfinished, innermost first; null while none does. */
  #halting: HaltedCall[] | null = null;
  #rest: (() => void) | null = null;
  /** Where pushes stand among the replies of this turn. */
  #pushes: { readonly from: Mark; readonly to: Mark }[] = [];

  constructor(server: Server) {
    this.#server = server;
  }

  get depth(): number {
    return this.#depth;
  }

  /** Starts a turn. */
  startTurn(nowUs: number): void {
    this.#clockUs = nowUs;
  }

  /** Monotonic time at which the outermost call started, or a little before. */
  get startUs(): number {
    return this.#clockUs;
  }

  /** Ends a turn: whatever ran is accounted for. */
  endTurn(): void {
    if (this.#runCalls > 0) this.#endRun();
    if (this.#pushes.length > 0) this.#pushes = [];
  }

  /** @returns false if the request was postponed: the session must offer it again. */
  execute(session: Session, args: Arguments): boolean {
    const server = this.#server;
    const command = this.#find(args);
    if (session.lastCommand !== command) session.lastCommand = command;
    if (command === null || command.run === null || !command.acceptsArity(args.count)) {
      return this.#refuse(session, command, args);
    }
    if (command.has(FLAG.protected)) {
      const refusal = server.refuseProtected(session, command);
      if (refusal !== null) return this.#reject(session, command, args, refusal);
    }
    if ((server.conditions | session.gated) !== 0 && !this.#isPlainlyOurs(session, command, args)) {
      const verdict = passGates(server, session, command, args);
      if (verdict === POSTPONE) return false;
      if (verdict === GONE) return true;
      if (verdict instanceof Redirection) return this.#redirect(session, command, verdict.text);
      if (verdict !== null) return this.#reject(session, command, args, verdict);
      if (session.transaction !== null && !command.has(FLAG.immediate)) {
        queueCommand(session, command, args, flagsOf(server, command, args));
        return true;
      }
    }
    this.call(session, command, args);
    return true;
  }

  /** On a node of a cluster, nearly every request has no other gate to pass than the router, and passes that. */
  #isPlainlyOurs(session: Session, command: Command, args: Arguments): boolean {
    const { conditions, hooks } = this.#server;
    return conditions === CONDITION.cluster && session.gated === 0 && hooks.router!.isSurelyOurs(command, args);
  }

  /** Clients tend to repeat themselves: the last command is tried first. */
  #find(args: Arguments): Command | null {
    const last = this.#last;
    if (last !== null && sameWord(last.word, args.bytes, args.starts[0]!, args.ends[0]!)) return last;
    const found = this.#server.commands.find(args);
    this.#last = found !== null && found.parent === null && found.subcommands.length === 0 ? found : null;
    return found;
  }

  /** The commands were renamed. */
  forgetLast(): void {
    this.#last = null;
  }

  /** Says what is wrong with a request that names no command, or gives it too few or too many arguments. */
  #refuse(session: Session, command: Command | null, args: Arguments): true {
    if (command === null) {
      if (isHttp(args)) {
        this.#server.clients.abortHttp(session);
        return true;
      }
      return this.#reject(session, null, args, unknownCommand(args));
    }
    // A container that got here has a subcommand that it does not know, or none and none is not enough.
    if (command.subcommands.length > 0 && args.count >= 2) {
      session.lastCommand = null;
      return this.#reject(session, null, args, unknownSubcommand(args.cString(1), args.binary(0)));
    }
    return this.#reject(session, command, args, wrongArity(command.fullName));
  }

  /** Refuses a request that was not executed; a transaction that it was for is spoilt. */
  #reject(session: Session, command: Command | null, args: Arguments, text: string): true {
    if (command !== null) command.rejectedCalls++;
    session.transaction?.spoil();
    this.#server.statistics.rejectedByDispatch++;
    if (command?.has(FLAG.aborts_transaction)) this.#server.abortExec(session, args, text);
    else session.reply.error(text);
    return true;
  }

  /** Sends the client to another node. A transaction that was to be executed is over. */
  #redirect(session: Session, command: Command, text: string): true {
    command.rejectedCalls++;
    this.#server.statistics.rejectedByDispatch++;
    if (command.has(FLAG.aborts_transaction)) discardTransaction(this.#server, session);
    else session.transaction?.spoil();
    session.reply.error(text);
    return true;
  }

  /** Runs a command that may run. */
  call(session: Session, command: Command, args: Arguments): void {
    const server = this.#server;
    const { reply } = session;
    const { statistics } = server;
    const depth = this.#depth;
    const changesBefore = server.changes;
    this.#errorsSeen = statistics.errorReplies;
    const markChunks = reply.markChunks;
    const markAt = reply.markAt;
    const isRun = depth === 0 ? this.#joinRun(command, args) : this.#joinNested(command, args);
    const startUs = this.#clockUs;
    if (!isRun && depth === 0) server.advanceTime(startUs);
    const call = this.#takeCall(depth, session, command, args);
    this.#depth = depth + 1;
    try {
      command.run!(call);
    } catch (error) {
      this.#rollBack(reply, markChunks, markAt);
      reply.error(error instanceof ReplyError ? error.text : server.reportFault(session, command, error));
    }
    this.#depth = depth;
    if (this.#halting !== null) this.#leaveUnfinished(this.#halting, call, startUs, changesBefore);
    else this.#conclude(call, isRun, startUs, changesBefore);
  }

  /** Everything that follows a command once it has ended. */
  #conclude(call: Call, isRun: boolean, startUs: number, changesBefore: number): void {
    const server = this.#server;
    const { command } = call;
    const { statistics } = server;
    command.calls++;
    statistics.commands++;
    if (!isRun) this.#account(call, startUs);
    // An error of a nested call is put down to that one only.
    if (statistics.errorReplies > this.#errorsSeen) command.failedCalls++;
    this.#errorsSeen = statistics.errorReplies;
    if (server.changes !== changesBefore || call.propagation !== null) server.propagate(call, changesBefore);
    if (server.observers !== 0) server.observe(call);
  }

  // -------------------------------------------------------------------------------------------- calls that take their time

  /** Whether the call that runs has halted: who called it must return too, and say with `goOnWith` what it leaves undone. */
  get isHalting(): boolean {
    return this.#halting !== null;
  }

  /**
   * The call that runs cannot end now, but must not hold up the event loop. It returns, and so does everything around it,
   * without being accounted for; `goOn` takes up again what is returned here. Until then the session has to be parked.
   */
  halt(): HaltedCalls {
    return (this.#halting = []);
  }

  /** @param rest what the handler that runs does when the call within it, which has halted, has ended. */
  goOnWith(rest: () => void): void {
    this.#rest = rest;
  }

  #leaveUnfinished(halted: HaltedCall[], call: Call, startUs: number, changesBefore: number): void {
    const depth = this.#depth;
    if (this.#nestedCalls > 0) this.#endNested();
    call.args = call.args.detach();
    halted.push({ call, depth, startUs, changesBefore, rest: this.#rest });
    this.#rest = null;
    if (depth > 0) return;
    // Others are served meanwhile, with other calls.
    this.#halting = null;
    this.#calls = [];
  }

  /**
   * Goes on with calls that have halted.
   * @param run goes on with the innermost one; says whether it has ended.
   * @returns whether all have ended; false also if another call within them has halted.
   */
  goOn(halted: HaltedCalls, run: () => boolean): boolean {
    const server = this.#server;
    for (const { call, depth } of halted) {
      call.reply = call.session.reply;
      this.#calls[depth] = call;
    }
    const { session } = halted.at(-1)!.call;
    session.clear(SESSION.blocked);
    this.#errorsSeen = server.statistics.errorReplies;
    this.#depth = halted.length;
    const haveEnded = run() && this.#concludeAll(halted);
    this.#depth = 0;
    this.#calls = [];
    session.set(SESSION.blocked);
    return haveEnded;
  }

  /** Ends the innermost of the calls, goes on with the one around it, and so on. */
  #concludeAll(halted: HaltedCalls): boolean {
    const server = this.#server;
    for (const [at, { call, depth, startUs, changesBefore, rest }] of halted.entries()) {
      if (at > 0) {
        this.#depth = depth + 1;
        try {
          rest?.();
        } catch (error) {
          call.reply.error(server.reportFault(call.session, call.command, error));
        }
        if (this.#halting !== null) {
          this.#halting.push({ ...halted[at]!, rest: this.#rest }, ...halted.slice(at + 1));
          this.#halting = this.#rest = null;
          return false;
        }
      }
      this.#depth = depth;
      this.#conclude(call, false, startUs, changesBefore);
    }
    return true;
  }

  /**
   * Lets a command that has been waiting answer, outside of any call.
   * @param run says whether there was an answer.
   * @returns how many microseconds it took, or -1 if there was none.
   */
  answer(call: Call, run: () => boolean): number {
    if (this.#runCalls > 0) this.#endRun();
    const server = this.#server;
    const { command, reply, session } = call;
    const { statistics } = server;
    const startUs = server.host.clock.monotonicUs();
    const { markChunks, markAt } = reply;
    this.#answered = session;
    try {
      if (!run()) return -1;
    } catch (error) {
      this.#rollBack(reply, markChunks, markAt);
      reply.error(error instanceof ReplyError ? error.text : server.reportFault(session, command, error));
    } finally {
      this.#answered = null;
    }
    const duration = (this.#clockUs = server.host.clock.monotonicUs()) - startUs;
    command.microseconds += duration;
    if (server.latencyTracking) command.durations.record(duration, 1);
    if (statistics.errorReplies > this.#errorsSeen) command.failedCalls++;
    this.#errorsSeen = statistics.errorReplies;
    return duration;
  }

  /** The errors that were counted so far are not put down to the command that runs. */
  forgiveErrors(): void {
    this.#errorsSeen = this.#server.statistics.errorReplies;
  }

  /** Whether a command of the session runs right now. */
  isServing(session: Session): boolean {
    return this.served === session;
  }

  /** The client whose command runs, with what is nested in it, or is answered; null between commands. */
  get served(): Session | null {
    return this.#depth > 0 ? this.#calls[0]!.session : this.#answered;
  }

  /** The call that runs, the innermost of those that are nested; seen by who observes a call, the one around that. */
  get innermost(): Call | null {
    return this.#depth > 0 ? this.#calls[this.#depth - 1]! : null;
  }

  /** A push was written among the replies of the session that is served: a failing command takes it not back. */
  notePush(from: Mark, to: Mark): void {
    this.#pushes.push({ from, to });
  }

  /** Takes back what a failing command has replied so far, but not what was pushed to its client meanwhile. */
  #rollBack(reply: Reply, markChunks: number, markAt: number): void {
    const kept: Buffer[] = [];
    while (this.#pushes.length > 0) {
      const { from, to } = this.#pushes.at(-1)!;
      if (from.chunks < markChunks || (from.chunks === markChunks && from.at < markAt)) break;
      kept.unshift(reply.copyBetween(from, to));
      this.#pushes.pop();
    }
    reply.rollbackTo(markChunks, markAt);
    for (const bytes of kept) reply.raw(bytes);
  }

  /**
   * Reading the clock costs as much as a GET. Short calls of one command flagged fast, one after the other, are
   * therefore timed together, and each is taken to have lasted the average. Everything that could be slow (long
   * requests, other commands), and everything while the slow log looks at single microseconds, is timed by itself.
   */
  #joinRun(command: Command, args: Arguments): boolean {
    const eligible = this.#isBrief(command, args);
    if (this.#runCalls > 0 && (!eligible || this.#run !== command || this.#runCalls === RUN_CALLS_MAX)) this.#endRun();
    if (!eligible) return false;
    if (this.#runCalls === 0) this.#server.advanceTime(this.#clockUs);
    if (this.#run !== command) this.#run = command;
    this.#runCalls++;
    return true;
  }

  #endRun(): void {
    const command = this.#run!;
    const startUs = this.#clockUs;
    const endUs = (this.#clockUs = this.#server.host.clock.monotonicUs());
    command.microseconds += endUs - startUs;
    if (this.#server.latencyTracking) command.durations.record((endUs - startUs) / this.#runCalls, this.#runCalls);
    this.#runCalls = 0;
  }

  #isBrief(command: Command, args: Arguments): boolean {
    return (
      command.has(FLAG.fast) &&
      !this.#server.exactTiming &&
      args.ends[args.count - 1]! - args.starts[0]! <= RUN_REQUEST_BYTES_MAX
    );
  }

  /** The same for what EXEC or a script calls, whatever the commands are. */
  #joinNested(command: Command, args: Arguments): boolean {
    const eligible = this.#isBrief(command, args);
    if (this.#nestedCalls > 0 && (!eligible || this.#nestedCalls === RUN_CALLS_MAX)) this.#endNested();
    if (eligible) this.#nested[this.#nestedCalls++] = command;
    return eligible;
  }

  #endNested(): void {
    const startUs = this.#clockUs;
    const endUs = (this.#clockUs = this.#server.host.clock.monotonicUs());
    this.#shareNested(endUs - startUs);
  }

  #shareNested(duration: number): void {
    const share = duration / this.#nestedCalls;
    const tracks = this.#server.latencyTracking;
    for (let at = 0; at < this.#nestedCalls; at++) {
      const command = this.#nested[at]!;
      command.microseconds += share;
      if (tracks) command.durations.record(share, 1);
    }
    this.#nestedCalls = 0;
  }

  /** Times one call by itself. The calls within an EXEC or a script count for themselves and for what they are in. */
  #account(call: Call, startUs: number): void {
    const { command } = call;
    const server = this.#server;
    const beforeUs = this.#clockUs;
    const endUs = (this.#clockUs = server.host.clock.monotonicUs());
    if (this.#nestedCalls > 0) this.#shareNested(endUs - beforeUs);
    const duration = endUs - startUs;
    command.microseconds += duration;
    // What waits has not ended: it counts when it is answered.
    const isOver = !call.session.has(SESSION.blocked);
    if (server.latencyTracking && isOver) command.durations.record(duration, 1);
    if (duration >= server.slowThresholdUs) server.noteSlow(call, duration);
  }

  #takeCall(depth: number, session: Session, command: Command, args: Arguments): Call {
    const existing = this.#calls[depth];
    if (existing === undefined) {
      if (depth >= CALL_DEPTH_MAX) throw new Error('commands are nested too deeply');
      return (this.#calls[depth] = new Call(this.#server, session, command, args));
    }
    // Most requests of a turn differ in nothing of this, and a pointer that is stored costs more than one that is compared.
    if (existing.session !== session) existing.session = session;
    if (existing.command !== command) existing.command = command;
    if (existing.args !== args) existing.args = args;
    if (existing.reply !== session.reply) existing.reply = session.reply;
    if (existing.db !== session.db) existing.db = session.db;
    if (existing.propagation !== null) existing.propagation = null;
    return existing;
  }
}

/** Redis shows the first arguments, up to 128 bytes of them (server.c commandCheckExistence). */
function unknownCommand(args: Arguments): string {
  let shown = '';
  for (let i = 1; i < args.count && shown.length < UNKNOWN_COMMAND_ARGUMENTS_BYTES; i++) {
    shown += `'${args.cString(i).slice(0, UNKNOWN_COMMAND_ARGUMENTS_BYTES - shown.length)}' `;
  }
  return `ERR unknown command '${args.cString(0).slice(0, 128)}', with args beginning with: ${shown}`;
}

/** A browser that was tricked into talking to a Redis server begins like this. */
function isHttp(args: Arguments): boolean {
  return args.is(0, 'post') || args.is(0, 'host:');
}
