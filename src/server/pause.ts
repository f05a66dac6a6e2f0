/**
 * CLIENT PAUSE, and pauses that the server makes itself: for some time clients' commands are held back, all of them or
 * those that may change the dataset (networking.c pauseClients).
 *
 * A held request goes back into the decoder of its session, which is parked until the pause is over. A stricter pause
 * or a later end always wins; several purposes can pause at once, and the strictest counts. Meanwhile the dataset
 * stands still: keys whose time has passed are hidden but not deleted, and nothing is evicted. Replicas and monitors
 * are not held.
 */
import type { Timer } from '../host/host.ts';
import { FLAG } from './command-table.ts';
import { CONDITION } from './gates.ts';
import type { Server } from './server.ts';
import { SESSION, type Session } from './session.ts';

export type PausePurpose = 'client' | 'shutdown' | 'failover';

/** What is held back, the stricter the higher. */
export const PAUSE = { none: 0, writes: 1, all: 2 } as const;
export type PauseMode = (typeof PAUSE)[keyof typeof PAUSE];

interface Request {
  readonly untilMs: number;
  readonly mode: PauseMode;
}

/** Beyond this, timers are not set: nobody waits for 24 days. */
const DELAY_MAX_MS = 2 ** 31 - 1;

export class Pause {
  readonly #server: Server;
  readonly #requests = new Map<PausePurpose, Request>();
  #mode: PauseMode = PAUSE.none;
  #untilMs = 0;
  #timer: Timer | null = null;

  constructor(server: Server) {
    this.#server = server;
  }

  get mode(): PauseMode {
    return this.#mode;
  }

  /** Unix time in ms when the pause ends; 0 without one. */
  get untilMs(): number {
    return this.#untilMs;
  }

  get isActive(): boolean {
    return this.#mode !== PAUSE.none;
  }

  begin(purpose: PausePurpose, untilMs: number, mode: PauseMode): void {
    const before = this.#requests.get(purpose);
    this.#requests.set(purpose, {
      untilMs: Math.max(untilMs, before?.untilMs ?? 0),
      mode: Math.max(mode, before?.mode ?? 0) as PauseMode,
    });
    this.#update();
  }

  end(purpose: PausePurpose): void {
    if (this.#requests.delete(purpose)) this.#update();
  }

  /** Whether a request has to wait. @param flags of its command; EXEC has those of the queued ones. */
  holds(session: Session, flags: number): boolean {
    if (session.has(SESSION.replica | SESSION.monitor)) return false;
    return this.#mode === PAUSE.all || (flags & (FLAG.write | FLAG.may_replicate)) !== 0;
  }

  /** Parks a session whose request was held. */
  hold(session: Session): void {
    this.#server.blocking.block(session, { kind: 'paused', deadlineMs: 0, giveUp: null });
  }

  /** Stops the clock of the pause: the server goes down. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #update(): void {
    const server = this.#server;
    const now = server.host.clock.wallMs();
    const modeBefore = this.#mode;
    this.#mode = PAUSE.none;
    this.#untilMs = 0;
    for (const [purpose, { untilMs, mode }] of this.#requests) {
      if (untilMs <= now) this.#requests.delete(purpose);
      else if (mode > this.#mode) this.#mode = mode;
    }
    for (const { untilMs, mode } of this.#requests.values()) {
      if (mode === this.#mode) this.#untilMs = Math.max(this.#untilMs, untilMs);
    }
    server.setCondition(CONDITION.paused, this.isActive);
    this.#arm(now);
    if (this.#mode < modeBefore) server.blocking.unblockAll('paused');
  }

  #arm(now: number): void {
    this.stop();
    if (!this.isActive) return;
    const delayMs = Math.min(this.#untilMs - now, DELAY_MAX_MS);
    this.#timer = this.#server.host.timers.after(delayMs, () => {
      this.#server.enter(() => this.#update());
    });
  }
}
