/** What clients cost together: memory for INFO and maxmemory, and the largest buffers of late. */
import { blockBytes } from './buffer-gauge.ts';
import { totalMemory } from './client-info.ts';
import { SESSION, type Session } from './session.ts';

export interface ClientMemory {
  readonly normal: number;
  readonly replicas: number;
}

/** The sum over all clients. */
export function clientMemory(sessions: Iterable<Session>): ClientMemory {
  let normal = 0;
  let replicas = 0;
  for (const session of sessions) {
    if (session.has(SESSION.replica)) replicas += totalMemory(session);
    else normal += totalMemory(session);
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
      const { gauge } = session;
      this.#input[slot] = Math.max(this.#input[slot]!, gauge.queryMemory + session.argumentBytes);
      this.#output[slot] = Math.max(this.#output[slot]!, blockBytes(gauge.blocks(session.outputBytes)));
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
