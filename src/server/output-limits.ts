/**
 * client-output-buffer-limit: closes clients that do not read what they asked for.
 *
 * What counts is the memory of replies that wait, beyond the small buffer that every client has (networking.c
 * checkClientOutputBufferLimits). Beyond the hard limit a client is closed at once, beyond the soft one when that has
 * lasted for some seconds. The check runs while a reply grows, before anything of it is sent, so that an answer larger
 * than the limit closes the client even if it would read it; and at times for those whose replies do not grow.
 *
 * Clients that have not logged in get no more than the small buffer, whatever the limits say.
 */
import type { BufferLimit } from './config/special-types.ts';
import { blockBytes } from './buffer-gauge.ts';
import { clientInfo } from './client-info.ts';
import { SESSION, type Session } from './session.ts';
import type { Server } from './server.ts';

export class OutputLimits {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Checks a client to whom something was just written; it is closed at the end of the turn if that was too much. */
  check(session: Session): void {
    if (session.has(SESSION.closing | SESSION.closed) || !this.#isExceeded(session)) return;
    const info = clientInfo(session);
    session.closeSoon();
    this.#server.log.warning(`Client ${info} scheduled to be closed ASAP for overcoming of output buffer limits.`);
  }

  /** Checks a client that nothing happens to, and closes it. */
  checkWaiting(session: Session): void {
    if (session.has(SESSION.closing | SESSION.closed) || !this.#isExceeded(session)) return;
    const info = clientInfo(session);
    session.close();
    this.#server.log.warning(`Client ${info} closed for overcoming of output buffer limits.`);
  }

  #isExceeded(session: Session): boolean {
    if (session.has(SESSION.internal)) return false;
    const bytes = blockBytes(session.gauge.blocks(session.outputBytes)) + (session.source?.waitingBytes ?? 0);
    if (bytes === 0 && !session.has(SESSION.replica)) {
      session.softLimitSinceMs = 0;
      return false;
    }
    if (session.has(SESSION.unauthenticated)) return true;
    const limit = this.#limitOf(session);
    const isSoft = this.#isSoftlyExceeded(session, bytes, limit);
    return isSoft || (limit.hardBytes > 0 && bytes >= limit.hardBytes);
  }

  /** A replica is never closed for less than it may ask for again from the backlog. */
  #limitOf(session: Session): BufferLimit {
    const { values } = this.#server.config;
    const type = session.clientClass;
    const limit = values['client-output-buffer-limit'][type === 'master' ? 'normal' : type];
    if (type !== 'replica' || limit.hardBytes === 0) return limit;
    return { ...limit, hardBytes: Math.max(limit.hardBytes, values['repl-backlog-size']) };
  }

  /** Whole seconds are counted, as Redis' clock does. */
  #isSoftlyExceeded(session: Session, bytes: number, { softBytes, softSeconds }: BufferLimit): boolean {
    if (softBytes === 0 || bytes < softBytes) {
      session.softLimitSinceMs = 0;
      return false;
    }
    const nowMs = this.#server.keyspace.nowMs;
    if (session.softLimitSinceMs === 0) {
      session.softLimitSinceMs = nowMs;
      return false;
    }
    return Math.floor(nowMs / 1000) - Math.floor(session.softLimitSinceMs / 1000) > softSeconds;
  }
}
