/**
 * Who waits for which key: blocking pops, blocking reads of streams (blocked.c).
 *
 * A command that finds nothing parks its session (blocking.ts) and stands in the queue of each of its keys. A key for
 * which somebody waits is ready when it comes into being, and, where a stream is awaited, with each change. When the
 * command that made it ready, or the transaction or script around that, has ended and was propagated, those who wait
 * for ready keys are tried in the order in which they came. One whose kind of value the key does not hold stays where it
 * is. Whoever is served may make other keys ready (BLMOVE pushes): these follow in the next round.
 *
 * A list that takes the place of another kind of value (SORT with STORE) does not come into being, so nobody is served
 * from it: that is how redis-server 7.0 does it.
 *
 * How a command is served is its own affair: it gives a function that is called as a handler would be, with its
 * arguments, the key's index among them and its entry. Waits that also end when the key holds no such value any more
 * (XREADGROUP) say so by `missing`.
 */
import type { Arguments } from '../core/arguments.ts';
import { doubleOfLongDouble, parseLongDouble } from '../core/long-double.ts';
import { fail } from '../core/errors.ts';
import { bytesOf, latin1Of } from '../core/latin1.ts';
import type { Database } from '../data/database.ts';
import { NONE } from '../data/heap.ts';
import { KIND, type Kind } from '../data/value.ts';
import type { WaitKind } from './blocking.ts';
import { Call } from './call.ts';
import { CONDITION } from './gates.ts';
import { OBSERVER } from './monitor.ts';
import type { Server } from './server.ts';
import type { Session } from './session.ts';

export interface KeyWait {
  readonly kind: WaitKind;
  /** What a key must hold to serve. */
  readonly value: Kind;
  /** Indexes of the key arguments: from the first to before `end`. */
  readonly firstKey: number;
  readonly end: number;
  /** Unix time in ms, 0 for never. */
  readonly deadlineMs: number;
  /** Answers from the key at an argument. An error that it throws is an answer. @returns false to go on waiting. */
  readonly serve: (c: Call, key: number, entry: number) => boolean;
  /** A key changed and holds no such value. @returns whether the wait was ended by an answer. */
  readonly missing?: (c: Call, key: number) => boolean;
  /** Answers when the time is over. */
  readonly giveUp: (session: Session) => void;
}

interface Waiter {
  readonly wait: KeyWait;
  readonly call: Call;
  /** Its keys, each with the argument where it stands first. */
  readonly keys: ReadonlyMap<string, number>;
}

interface ReadyKey {
  readonly database: Database;
  readonly key: string;
  readonly bytes: Buffer;
}

/** By key, as a binary string; those who wait in the order in which they came. */
type Queues = Map<string, Set<Waiter>>;

export class KeyWaits {
  readonly #server: Server;
  readonly #databases = new Map<Database, Queues>();
  readonly #waiters = new Set<Waiter>();
  /** Keys that changed, by database and key, in the order in which they did first. */
  #ready = new Map<string, ReadyKey>();
  /** Number of commands that wait for keys, of those that wait for streams, and of those with `missing`. */
  count = 0;
  streamCount = 0;
  #missingCount = 0;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Parks the session of a call until one of its keys serves it. The call returns without a reply. */
  block(c: Call, wait: KeyWait): void {
    const { server, session, command, db } = c;
    const args = c.args.detach();
    const waiter: Waiter = { wait, call: new Call(server, session, command, args), keys: keysOf(args, wait) };
    const queues = this.#queuesOf(db);
    for (const key of waiter.keys.keys()) {
      const queue = queues.get(key);
      if (queue === undefined) queues.set(key, new Set([waiter]));
      else queue.add(waiter);
    }
    this.#waiters.add(waiter);
    this.#count(wait, 1);
    const { kind, deadlineMs, giveUp } = wait;
    const leave = (): void => this.#leave(waiter);
    server.blocking.block(session, { kind, deadlineMs, giveUp, leave, argumentBytes: args.totalLength() });
  }

  #queuesOf(database: Database): Queues {
    let queues = this.#databases.get(database);
    if (queues === undefined) this.#databases.set(database, (queues = new Map()));
    return queues;
  }

  #count(wait: KeyWait, change: number): void {
    this.count += change;
    if (wait.value === KIND.stream) this.streamCount += change;
    if (wait.missing !== undefined) this.#missingCount += change;
    this.#server.notifications.updateReports();
  }

  /** Those who wait for keys, with the first key of each. */
  *waiting(): Generator<{ readonly call: Call; readonly key: Uint8Array }> {
    for (const { call, wait } of this.#waiters) yield { call, key: call.args.view(wait.firstKey) };
  }

  #leave(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    const queues = this.#queuesOf(waiter.call.db);
    for (const key of waiter.keys.keys()) {
      const queue = queues.get(key)!;
      queue.delete(waiter);
      if (queue.size === 0) queues.delete(key);
    }
    this.#count(waiter.wait, -1);
  }

  // ------------------------------------------------------------------------------------------------------------- ready

  /** A key came into being. */
  created(database: Database, bytes: Uint8Array, start: number, end: number): void {
    const key = latin1Of(bytes, start, end);
    if (this.#databases.get(database)?.has(key)) this.#markReady(database, key);
  }

  /** A key was changed, created or removed. To be called while anybody waits for a stream. */
  changed(database: Database, bytes: Uint8Array, start: number, end: number): void {
    const key = latin1Of(bytes, start, end);
    const queue = this.#databases.get(database)?.get(key);
    if (queue !== undefined && awaitsStream(queue)) this.#markReady(database, key);
  }

  /** A database is about to be emptied, or to get the contents of another one. */
  replaced(database: Database, replacement: Database | null): void {
    for (const [key, queue] of this.#databases.get(database) ?? []) {
      const bytes = bytesOf(key);
      const comes = replacement !== null && replacement.dict.find(bytes, 0, bytes.length) !== NONE;
      if (comes || awaitsStream(queue)) this.#markReady(database, key);
    }
  }

  #markReady(database: Database, key: string): void {
    const id = `${database.index}:${key}`;
    if (this.#ready.has(id)) return;
    this.#ready.set(id, { database, key, bytes: bytesOf(key) });
    this.#server.setObserver(OBSERVER.readyKeys, true);
  }

  /** Serves those who wait for keys that are ready. To be called when no command runs. */
  serve(): void {
    // A script that gives way has not ended.
    if ((this.#server.conditions & CONDITION.busy) !== 0) return;
    // A key that expired while a long command ran serves nobody.
    this.#server.advanceTime(this.#server.host.clock.monotonicUs());
    while (this.#ready.size > 0) {
      const round = this.#ready;
      this.#ready = new Map();
      for (const ready of round.values()) this.#serveKey(ready);
    }
    this.#server.setObserver(OBSERVER.readyKeys, false);
  }

  #serveKey({ database, key, bytes }: ReadyKey): void {
    for (const waiter of this.#databases.get(database)?.get(key) ?? []) {
      // Whoever was served before may have taken the last element, and moved the entry in any case.
      const entry = database.exists(bytes, 0, bytes.length);
      if (entry === NONE && this.#missingCount === 0) break;
      const { wait, call, keys } = waiter;
      const index = keys.get(key)!;
      if (entry !== NONE && database.kind(entry) === wait.value) {
        database.willChange(entry);
        this.#answer(call, () => wait.serve(call, index, entry));
      } else if (wait.missing !== undefined) this.#answer(call, () => wait.missing!(call, index));
    }
    // A key that expired just now is to be deleted elsewhere too.
    this.#server.propagation.flush();
  }

  #answer(call: Call, run: () => boolean): void {
    const server = this.#server;
    const { session } = call;
    call.reply = session.reply;
    call.propagation = null;
    const durationUs = server.dispatcher.answer(call, run);
    if (durationUs < 0) return;
    if (server.propagates) server.propagation.collect(call, false);
    server.propagation.flush();
    server.blocking.unblock(session);
    server.tracking.settle(session);
    server.latency.note('command-unblocking', durationUs);
    server.slowLog.note(call, durationUs);
  }
}

function awaitsStream(queue: ReadonlySet<Waiter>): boolean {
  for (const { wait } of queue) if (wait.value === KIND.stream) return true;
  return false;
}

function keysOf(args: Arguments, { firstKey, end }: KeyWait): Map<string, number> {
  const keys = new Map<string, number>();
  for (let i = firstKey; i < end; i++) {
    const key = args.binary(i);
    if (!keys.has(key)) keys.set(key, i);
  }
  return keys;
}

const INT64_LIMIT = 2 ** 63;

/** Unix time in ms at which so many seconds, given as an argument, will have passed; 0 for 0. Decimals are rounded up. */
export function deadlineOfSeconds(c: Call, index: number): number {
  const { bytes, starts, ends } = c.args;
  const seconds = parseLongDouble(bytes, starts[index]!, ends[index]!);
  if (seconds === null) return fail('ERR timeout is not a float or out of range');
  const durationMs = Math.ceil(doubleOfLongDouble(seconds) * 1000);
  // What C makes of a number that an int64 cannot hold is negative.
  if (durationMs < 0 || durationMs >= INT64_LIMIT) fail('ERR timeout is negative');
  return durationMs === 0 ? 0 : c.now + durationMs;
}
