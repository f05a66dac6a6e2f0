/**
 * Timers over Node's, held to the port's promises.
 *
 * - They run in the order in which they are due, and never early. Node's own may be up to a millisecond early, since it
 *   rounds to the loop's clock, and those of different delays overtake each other by as much. So all timers of a host
 *   wait in one queue, by the precise clock, and a single timer of Node's wakes it. That one also sleeps long delays in
 *   stages: Node turns anything over 2^31 - 1 ms into 1 ms.
 * - `soon` runs in the check phase, after all sockets of this loop iteration have been read, like Redis' beforeSleep:
 *   the replies of many connections leave together. A timer that comes first drains the queue before it runs.
 */
import { EventQueue, QueueEntry } from '../event-queue.ts';
import type { Timer, Timers } from '../host.ts';
import { toDelayUs } from '../manual-time.ts';
import { TurnQueue } from '../turn-queue.ts';

const LONGEST_SLEEP_MS = 2 ** 31 - 1;

export class NodeTimers implements Timers {
  readonly #queue = new EventQueue<null>();
  #order = 0;
  #alarm: NodeJS.Timeout | null = null;
  /** When the alarm is meant to ring. */
  #alarmUs = Infinity;
  readonly #ring = (): void => this.#runDue();
  /** The end of this turn is arranged for. It stays so where a timer drains the queue before. */
  #isTurnEnding = false;
  readonly #turns = new TurnQueue(() => {
    if (this.#isTurnEnding) return;
    this.#isTurnEnding = true;
    setImmediate(this.#endTurn);
  });
  readonly #endTurn = (): void => {
    this.#isTurnEnding = false;
    this.#turns.drain();
  };

  after(delayMs: number, run: () => void): Timer {
    return this.#start(toDelayUs(delayMs), run, false);
  }

  every(periodMs: number, run: () => void): Timer {
    return this.#start(toDelayUs(periodMs), run, true);
  }

  soon(run: () => void): void {
    this.#turns.add(run);
  }

  sleep(durationMs: number): void {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
  }

  #start(delayUs: number, run: () => void, periodic: boolean): Timer {
    const push = (): void => this.#queue.push(entry, nowUs() + delayUs, this.#order++);
    let cancelled = false;
    const entry = new QueueEntry<null>(null, () => {
      this.#turns.drain();
      // The turn that just ended may have cancelled this timer.
      if (cancelled) return;
      try {
        run();
      } finally {
        if (periodic && !cancelled) push();
      }
    });
    push();
    this.#setAlarm();
    return {
      cancel: () => {
        cancelled = true;
        this.#queue.remove(entry);
        if (this.#queue.size === 0) this.#setAlarm();
      },
    };
  }

  #runDue(): void {
    this.#alarm = null;
    this.#alarmUs = Infinity;
    try {
      // What becomes due while these run waits for the next ring, so that sockets get their turn.
      const untilUs = nowUs();
      for (let next = this.#queue.peek(); next !== undefined && next.timeUs <= untilUs; next = this.#queue.peek()) {
        this.#queue.pop();
        next.run();
      }
    } finally {
      this.#setAlarm();
    }
  }

  /** Sees to it that the alarm rings for the earliest timer, and that none is set when there is no timer. */
  #setAlarm(): void {
    const next = this.#queue.peek();
    if (next !== undefined && this.#alarm !== null && this.#alarmUs <= next.timeUs) return;
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    this.#alarm = null;
    this.#alarmUs = Infinity;
    if (next === undefined) return;
    const sleepMs = Math.min(Math.ceil((next.timeUs - nowUs()) / 1000), LONGEST_SLEEP_MS);
    this.#alarmUs = next.timeUs;
    this.#alarm = setTimeout(this.#ring, sleepMs);
  }
}

function nowUs(): number {
  return performance.now() * 1000;
}
