/**
 * The stream of changes: what commands did, for the AOF and the replicas (server.c alsoPropagate, propagateNow).
 *
 * While a command runs, its effects collect here; when the outermost one has ended they are fed to the sinks. More
 * than one effect (those of a transaction, of a script, a key that expired on the way) are wrapped in MULTI and EXEC,
 * so that they apply as a whole. EXEC itself is never propagated: it follows from the commands in it. Published
 * messages go to replicas only.
 *
 * Without sinks nothing is collected.
 */
import { Arguments } from '../core/arguments.ts';
import type { Call } from './call.ts';
import { FLAG } from './command-table.ts';
import { CONDITION } from './gates.ts';
import { OBSERVER } from './monitor.ts';
import type { Server } from './server.ts';

interface Effect {
  readonly database: number;
  readonly args: Arguments;
  /** Bits of PROPAGATE. */
  readonly to: number;
}

/** Where effects go; a script chooses with `redis.set_repl`. */
export const PROPAGATE = { none: 0, aof: 1, replicas: 2, all: 3 } as const;

const MULTI = Arguments.from(['MULTI']);
const EXEC = Arguments.from(['EXEC']);

export class Propagation {
  readonly #server: Server;
  /** For the commands of the script that runs. */
  scriptMask: number = PROPAGATE.all;
  #effects: Effect[] = [];

  constructor(server: Server) {
    this.#server = server;
  }

  /** Takes what a call did. @param changed whether it changed the dataset. */
  collect(call: Call, changed: boolean): void {
    const { propagation, args, command } = call;
    const database = call.db.index;
    if (propagation === null && this.#effects.length === 0 && this.#server.dispatcher.depth === 0) {
      // One change, and that is all: nothing has to be kept.
      if (changed && !command.has(FLAG.aborts_transaction)) this.#feed(database, args);
      return;
    }
    if (propagation !== null && propagation.instead !== null) {
      for (const effect of propagation.instead) this.#add(database, Arguments.from(effect), PROPAGATE.all);
    } else if (changed && !command.has(FLAG.aborts_transaction)) this.#add(database, args.detach(), PROPAGATE.all);
    for (const effect of propagation?.also ?? []) this.#add(database, Arguments.from(effect), PROPAGATE.all);
  }

  #feed(database: number, args: Arguments): void {
    const { changeSinks } = this.#server.hooks;
    for (let at = 0; at < changeSinks.length; at++) changeSinks[at]!.feed(database, args);
  }

  /** Takes a command that published a message. */
  message(call: Call): void {
    if (this.#server.propagates) this.#add(call.db.index, call.args.detach(), PROPAGATE.replicas);
  }

  /** Takes the removal of a key that no command asked for. */
  deletion(database: number, key: Uint8Array, lazily: boolean): void {
    if (this.#server.propagates) this.#add(database, Arguments.from([lazily ? 'UNLINK' : 'DEL', key]), PROPAGATE.all);
  }

  #add(database: number, args: Arguments, to: number): void {
    const mask = this.#server.scripting.running === null ? to : to & this.scriptMask;
    if (mask === PROPAGATE.none) return;
    this.#effects.push({ database, args, to: mask });
    this.#server.setObserver(OBSERVER.propagation, true);
  }

  /** Hands everything to the sinks, each effect for itself: keys that were evicted have nothing to do with each other. */
  flushOneByOne(): void {
    this.flush(false);
  }

  /** Hands everything to the sinks. To be called when no command runs. */
  flush(asOne = true): void {
    const effects = this.#effects;
    // A script that gives way has not ended: what it did stays together.
    if (effects.length === 0 || (this.#server.conditions & CONDITION.busy) !== 0) return;
    this.#effects = [];
    this.#server.setObserver(OBSERVER.propagation, false);
    for (const sink of this.#server.hooks.changeSinks) {
      const bit = sink.takesMessages ? PROPAGATE.replicas : PROPAGATE.aof;
      const taken = effects.filter(({ to }) => (to & bit) !== 0);
      const first = taken[0];
      if (first === undefined) continue;
      const isWrapped = asOne && taken.length > 1;
      if (isWrapped) sink.feed(first.database, MULTI);
      for (const { database, args } of taken) sink.feed(database, args);
      if (isWrapped) sink.feed(taken.at(-1)!.database, EXEC);
    }
  }
}
