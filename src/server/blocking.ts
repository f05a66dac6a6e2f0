/**
 * The parking place: sessions that wait before they go on.
 *
 * A command that cannot be answered yet (BLPOP on an empty list, WAIT) parks its session with a `Wait`: how long it
 * waits, how it is answered in vain, and what to undo when it ends. Whoever has the answer writes it to
 * `session.reply` and calls `unblock`. Meanwhile what the client sends is kept in its decoder; when the wait is over,
 * the session is served again at the end of the turn, in the order in which sessions were unblocked.
 *
 * A request that may not run yet (CLIENT PAUSE) is parked too: it was put back into the decoder, nothing was executed,
 * and the session is not waiting for an answer but for its turn. Such a wait has no `giveUp`.
 *
 * Who waits for which key is not known here: the registry of keys plugs in through `Wait.leave`.
 */
import { fail } from '../core/errors.ts';
import type { Timer } from '../host/host.ts';
import type { Call } from './call.ts';
import type { Server } from './server.ts';
import { PASSING, SESSION, type Session } from './session.ts';

export type WaitKind =
  'list' | 'sorted-set' | 'stream' | 'replicas' | 'shutdown' | 'paused' | 'configuration' | 'migration' | 'script';

export interface Wait {
  readonly kind: WaitKind;
  /** Unix time in ms when the wait is over; 0: never. */
  readonly deadlineMs: number;
  /** Answers a command whose time is over. Null: the wait cannot be cut short. */
  readonly giveUp: ((session: Session) => void) | null;
  /** The wait has ended, whatever the reason: takes the session off the lists on which it stands. */
  readonly leave?: (session: Session) => void;
  /** Bytes of the arguments that wait with the session. */
  readonly argumentBytes?: number;
}

interface Parked {
  readonly wait: Wait;
  timer: Timer | null;
}

const UNBLOCKED_BY_CLIENT = 'UNBLOCKED client unblocked via CLIENT UNBLOCK';
const UNBLOCKED_BY_ROLE =
  'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)';

export class Blocking {
  readonly #server: Server;
  /** In the order in which they were parked. */
  readonly #parked = new Map<Session, Parked>();
  #unblocked: Session[] = [];
  #timers = 0;

  constructor(server: Server) {
    this.#server = server;
  }

  /** INFO blocked_clients. */
  get count(): number {
    return this.#parked.size;
  }

  /** INFO clients_in_timeout_table. */
  get withDeadline(): number {
    return this.#timers;
  }

  countOf(kind: WaitKind): number {
    let count = 0;
    for (const { wait } of this.#parked.values()) if (wait.kind === kind) count++;
    return count;
  }

  waitOf(session: Session): Wait | null {
    return this.#parked.get(session)?.wait ?? null;
  }

  /** Parks a session. Its command returns without a reply. */
  block(session: Session, wait: Wait): void {
    const parked: Parked = { wait, timer: null };
    session.set(SESSION.blocked);
    this.#parked.set(session, parked);
    if (wait.deadlineMs > 0) this.#arm(session, parked);
  }

  #arm(session: Session, parked: Parked): void {
    const delayMs = Math.max(0, parked.wait.deadlineMs - this.#server.host.clock.wallMs());
    this.#timers++;
    parked.timer = this.#server.host.timers.after(delayMs, () => {
      this.#server.enter(() => this.#timeOut(session));
    });
  }

  #timeOut(session: Session): void {
    this.waitOf(session)?.giveUp?.(session);
    this.unblock(session);
  }

  /** Whether clients that were served have requests that came meanwhile and run at the end of this turn. */
  get hasUnblocked(): boolean {
    return this.#unblocked.length > 0;
  }

  /** Ends a wait; the answer, if there is one, was written. */
  unblock(session: Session): void {
    const wait = this.#leave(session);
    if (wait === null) return;
    if (wait.kind !== 'paused' && session.has(PASSING)) session.finishCommand();
    session.set(SESSION.unblocked);
    if (this.#unblocked.push(session) === 1) this.#server.host.timers.soon(this.#serveUnblocked);
  }

  /** The session was closed. */
  forget(session: Session): void {
    this.#leave(session);
  }

  #leave(session: Session): Wait | null {
    const parked = this.#parked.get(session);
    if (parked === undefined) return null;
    this.#parked.delete(session);
    session.clear(SESSION.blocked);
    if (parked.timer !== null) {
      parked.timer.cancel();
      this.#timers--;
    }
    parked.wait.leave?.(session);
    return parked.wait;
  }

  readonly #serveUnblocked = (): void => {
    const sessions = this.#unblocked;
    this.#unblocked = [];
    for (const session of sessions) {
      session.clear(SESSION.unblocked);
      if (!session.has(SESSION.closed | SESSION.blocked)) this.#server.resume(session);
    }
  };

  /** CLIENT UNBLOCK. @returns whether the client was waiting for something that can be cut short. */
  cutShort(session: Session, asError: boolean): boolean {
    const wait = this.waitOf(session);
    if (wait === null || wait.giveUp === null) return false;
    if (asError) {
      session.reply.error(UNBLOCKED_BY_CLIENT);
      if (session.lastCommand !== null) session.lastCommand.failedCalls++;
    } else wait.giveUp(session);
    this.unblock(session);
    return true;
  }

  /** The server became a replica: nobody may go on waiting for a change that it would make itself. */
  disconnectAll(): void {
    for (const [session, { wait }] of this.#parked) {
      if (wait.kind === 'paused' || wait.kind === 'script') continue;
      session.reply.error(UNBLOCKED_BY_ROLE);
      this.unblock(session);
      session.closeAfterReply();
    }
  }

  /** Ends all waits of a kind, in the order in which they began. */
  unblockAll(kind: WaitKind): void {
    for (const [session, { wait }] of this.#parked) if (wait.kind === kind) this.unblock(session);
  }
}

/** Whether a command may park its session: transactions and scripts expect an answer at once. */
export function mayBlock(session: Session): boolean {
  return !session.has(SESSION.inExec | SESSION.inScript | SESSION.multi);
}

/** Unix time in ms at which so many milliseconds, given as an argument, will have passed; 0 for 0. */
export function deadlineOf(c: Call, index: number): number {
  const durationMs = c.integer(index, 'ERR timeout is not an integer or out of range');
  if (durationMs < 0) fail('ERR timeout is negative');
  if (durationMs === 0) return 0;
  // In C the sum wraps around: such a deadline has passed.
  return c.now + durationMs >= INT64_LIMIT ? PASSED : c.now + durationMs;
}

const INT64_LIMIT = 2 ** 63;
const PASSED = 1;
