/**
 * Runs a script to its end, in one go if it is quick.
 *
 * After `busy-reply-threshold` it gives way: the caller is parked, its calls halt (dispatch.ts), and the script goes on in
 * slices with pauses in which other clients are told that the server is busy, and can kill it. Meanwhile the dataset and
 * its clock stand still: the script has to look as if it took no time. Where the script cannot give way, because it is in
 * a comparator, a metamethod or the like (suspension.ts), nobody is served; a loop there is ended after some time.
 */
import { cString } from '../../core/latin1.ts';
import type { Engine } from '../../lua/engine.ts';
import { ScriptKilled } from '../../lua/lua-error.ts';
import { currentPosition } from '../../lua/stack.ts';
import { settled, withoutYields } from '../../lua/suspension.ts';
import { LuaTable } from '../../lua/table.ts';
import type { LuaValue, Results, Suspendable } from '../../lua/value.ts';
import type { Timer } from '../../host/host.ts';
import type { HaltedCalls } from '../dispatch.ts';
import { CONDITION } from '../gates.ts';
import type { Server } from '../server.ts';
import { SESSION } from '../session.ts';
import { luaToReply, writeError } from './lua-to-reply.ts';
import type { ScriptRun } from './script-run.ts';

const SLICE_MS = 4;
const PAUSE_MS = 1;
/** A loop that cannot give way has so long from the time on when it should. */
const STUCK_MS = 5000;
const KILLED = 'Script killed by user with SCRIPT KILL...';
const STUCK = 'Script ended: it runs for too long where it cannot be interrupted';

export class ScriptExecution {
  readonly run: ScriptRun;
  readonly #server: Server;
  /** Called when it has ended. */
  readonly #onEnd: () => void;
  /** Null before the script waits for the first time. */
  #rest: Suspendable | null = null;
  #halted: HaltedCalls = [];
  #timer: Timer | null = null;
  readonly #canHalt: boolean;

  constructor(run: ScriptRun, onEnd: () => void) {
    this.run = run;
    this.#server = run.server;
    this.#onEnd = onEnd;
    this.#canHalt = !run.caller.session.has(SESSION.inOneGo);
  }

  /** Starts the script. It may not have ended when this returns: then its call has halted. */
  start(main: () => Results): void {
    this.run.engine.pace.start(this);
    if (this.#attempt(main)) this.#end();
    else this.#halt();
  }

  /** The server closes: it does not go on. */
  stop(): void {
    this.#timer?.cancel();
  }

  #begin(main: () => Results): boolean {
    const result = main();
    if (settled(result)) return this.#succeed(result as LuaValue | readonly LuaValue[]);
    const call = result as Suspendable;
    // Most scripts end here.
    const step = call.next();
    if (step.done === true) return this.#succeed(step.value);
    this.#rest = withoutYields(call, step);
    return this.#advance();
  }

  #goOnFromStop(): boolean {
    return this.run.debugger?.serve() !== false && this.#advance();
  }

  #advance(): boolean {
    const step = this.#rest!.next();
    return step.done === true && this.#succeed(step.value);
  }

  #succeed(results: LuaValue | readonly LuaValue[]): true {
    const value = (Array.isArray(results) ? results[0] : results) as LuaValue;
    this.run.debugger?.end();
    if (!this.run.passOn(value)) luaToReply(value, this.run.caller, this.run.protocol);
    return true;
  }

  /** @param main null to go on. @returns whether the script has ended, in whatever way. */
  #attempt(main: (() => Results) | null): boolean {
    const { reply, session, command } = this.run.caller;
    const { markChunks, markAt } = reply;
    try {
      return main === null ? this.#goOnFromStop() : this.#begin(main);
    } catch (error) {
      reply.rollbackTo(markChunks, markAt);
      try {
        this.#fail(error);
      } catch (fault) {
        reply.error(this.#server.reportFault(session, command, fault));
      }
      return true;
    }
  }

  /** Throws again what is a fault of ours. */
  #fail(thrown: unknown): void {
    const { caller, engine, name } = this.run;
    const { value, position } =
      thrown instanceof ScriptKilled ? { value: thrown.reason, position: thrown.position } : engine.asLuaError(thrown);
    const where =
      position === null ? '' : ` script: ${name}, on ${engine.fullName(position.chunkName)}:${position.line}.`;
    const isCounted = value instanceof LuaTable && value.getString('ignore_error_stats_update') === true;
    this.run.debugger?.end();
    writeError(caller, cString(errorText(value, engine)) + where, isCounted);
  }

  // --------------------------------------------------------------------------------------------------------- giving way

  get fuelUs(): number {
    return this.#canHalt ? this.run.timer.sinceLookUs : 0;
  }

  /** Called by the engine's pace. */
  onExhausted(canGiveWay: boolean): boolean {
    const { run } = this;
    const { timer } = run;
    run.debugger?.onExhausted();
    if (run.isKilled) throw new ScriptKilled(KILLED, currentPosition());
    const thresholdMs = this.#server.config.values['busy-reply-threshold'];
    if (thresholdMs === 0 || !this.#canHalt) return false;
    timer.look();
    const limitMs = run.isSlow ? SLICE_MS : thresholdMs;
    const sinceMs = run.isSlow ? timer.sliceMs : timer.elapsedMs;
    if (!canGiveWay && sinceMs >= limitMs + STUCK_MS) {
      this.#server.log.warning(`Script ${run.name} was ended: it could not be interrupted.`);
      throw new ScriptKilled(STUCK, currentPosition());
    }
    return sinceMs >= limitMs;
  }

  /** The script waits: the caller is parked until it has ended. */
  #halt(): void {
    const server = this.#server;
    const { run } = this;
    const { session } = run.caller;
    this.#halted = server.dispatcher.halt();
    if (!session.has(SESSION.closed)) {
      server.blocking.block(session, { kind: 'script', deadlineMs: 0, giveUp: null });
    }
    server.setCondition(CONDITION.busy, true);
    run.isSlow = true;
    if (run.debugger === null) this.#warn();
    this.#goOnLater();
  }

  #warn(): void {
    const { run } = this;
    this.#server.log.warning(
      `Slow script detected: still in execution after ${Math.floor(run.timer.elapsedMs)} milliseconds. ` +
        `You can try killing the script using the ${run.isFunction ? 'FUNCTION' : 'SCRIPT'} KILL command. ` +
        `Script name is: ${run.name}.`,
    );
  }

  #goOnLater(): void {
    const server = this.#server;
    const { debugger: debugger_ } = this.run;
    const goOn = (): void => server.enter(() => this.#goOn());
    if (debugger_?.isStopped !== true) this.#timer = server.host.timers.after(PAUSE_MS, goOn);
    else debugger_.wait(() => server.host.timers.soon(goOn));
  }

  #goOn(): void {
    const server = this.#server;
    const { caller, timer } = this.run;
    const { session } = caller;
    // Its server has closed.
    if (server.scripting.running !== this.run) return;
    timer.startSlice();
    const haveAllEnded = server.dispatcher.goOn(this.#halted, () => {
      if (!this.#attempt(null)) return false;
      this.#end();
      return true;
    });
    if (haveAllEnded) {
      if (session.has(SESSION.closed)) session.output.discard();
      server.blocking.unblock(session);
    } else if (server.scripting.running === this.run) this.#goOnLater();
  }

  #end(): void {
    const server = this.#server;
    if (this.run.isSlow) {
      server.setCondition(CONDITION.busy, false);
      // Our master had to wait too.
      server.blocking.unblockAll('paused');
    }
    this.#onEnd();
    this.run.debugger?.leave();
  }
}

/** Errors that are no tables have no code yet. */
function errorText(value: LuaValue, engine: Engine): string {
  if (!(value instanceof LuaTable)) return `ERR ${String(engine.toString(value))}`;
  const text = value.getString('err');
  return typeof text === 'string' || typeof text === 'number' ? String(text) : 'ERR unknown error';
}
