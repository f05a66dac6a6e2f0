/**
 * Keeps replies back until what they acknowledge is safe: written to the append-only file, or synced. While nothing has
 * to be kept back, the server has no hold, and a session that sends tests for null.
 */
import type { Session } from './session.ts';

export interface ReplyHold {
  /** Whether a session that is about to send has to wait; it is flushed again when it may send. */
  holds(session: Session): boolean;
}
