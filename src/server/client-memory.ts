/**
 * What clients cost: the memory of their requests and replies. Replies that wait are counted exactly; what a session
 * costs by itself is an estimate.
 */
import { SESSION, type Session } from './session.ts';

/** Session, decoder, reply and socket objects of an idle client. */
const SESSION_BYTES = 2048;

/** Requests that are not executed yet, and those queued by MULTI. */
export function requestBytes(session: Session): number {
  return session.decoder.heldBytes + session.argumentBytes;
}

/** Replies that have not left. */
export function replyBytes(session: Session): number {
  return session.outputBytes;
}

export function sessionBytes(session: Session): number {
  return SESSION_BYTES + requestBytes(session) + replyBytes(session);
}

export interface ClientMemory {
  readonly normal: number;
  readonly replicas: number;
}

/** The sum over all clients. */
export function clientMemory(sessions: Iterable<Session>): ClientMemory {
  let normal = 0;
  let replicas = 0;
  for (const session of sessions) {
    if (session.has(SESSION.replica)) replicas += sessionBytes(session);
    else normal += sessionBytes(session);
  }
  return { normal, replicas };
}

const PEAK_SLOTS = 8;

/** The largest buffers of any client within the last seconds: INFO client_recent_max_*_buffer. */
export class RecentClientPeaks {
  readonly #input = new Float64Array(PEAK_SLOTS);
  readonly #output = new Float64Array(PEAK_SLOTS);
  #second = 0;

  get input(): number {
    return Math.max(...this.#input);
  }

  get output(): number {
    return Math.max(...this.#output);
  }

  /** Looks at the clients; each second has a slot of its own, and the oldest one is forgotten. */
  sample(sessions: Iterable<Session>, nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    for (let passed = Math.min(PEAK_SLOTS, second - this.#second); passed > 0; passed--)
      this.#forget(second + 1 - passed);
    this.#second = second;
    const slot = slotOf(second);
    for (const session of sessions) {
      this.#input[slot] = Math.max(this.#input[slot]!, requestBytes(session));
      this.#output[slot] = Math.max(this.#output[slot]!, replyBytes(session));
    }
  }

  #forget(second: number): void {
    const slot = slotOf(second);
    this.#input[slot] = this.#output[slot] = 0;
  }
}

function slotOf(second: number): number {
  return ((second % PEAK_SLOTS) + PEAK_SLOTS) % PEAK_SLOTS;
}
