/**
 * Clients that wait for a key whose slot has gone to another node, or is served by none: nothing would ever come for
 * them here. They are told so, as they would be if they asked now.
 */
import type { Server } from '../server/server.ts';
import type { Router } from './router.ts';

/** So few are looked at each time, more once per second. */
const FEW_WAITING = 100;
const PERIOD_MS = 1000;

export class WaitingClients {
  readonly #server: Server;
  readonly #router: Router;
  #lookedMs = -Infinity;

  constructor(server: Server, router: Router) {
    this.#server = server;
    this.#router = router;
  }

  /** @param nowMs Unix time; to be called by the cron. */
  redirect(nowMs: number): void {
    const { keyWaits } = this.#server;
    if (keyWaits.count === 0) return;
    const isDue = nowMs - this.#lookedMs >= PERIOD_MS || nowMs < this.#lookedMs;
    if (keyWaits.count > FEW_WAITING && !isDue) return;
    this.#lookedMs = nowMs;
    for (const { call, key } of keyWaits.waiting()) {
      const { session, command } = call;
      const text = this.#router.routeWaiting(session, command, key);
      if (text === null) continue;
      session.reply.error(text);
      this.#server.blocking.unblock(session);
    }
  }
}
