/** client-output-buffer-limit: closes clients that do not read what they asked for. */
import { SESSION, type Session } from './session.ts';
import type { Server } from './server.ts';

export class OutputLimits {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  check(session: Session): void {
    const limits = this.#server.config.values['client-output-buffer-limit'];
    const limit = session.has(SESSION.replica)
      ? limits.replica
      : session.subscriptions > 0
        ? limits.pubsub
        : limits.normal;
    const bytes = session.outputBytes;
    const hard = limit.hardBytes > 0 && bytes >= limit.hardBytes;
    if (hard) session.close();
  }
}
