/**
 * Time that passes only when told: `startServer({ clock: 'manual' })` serves real sockets on it, and a test lets an
 * hour of TTLs go by in one call. Several nodes may share one `ManualTime`; then `advance` moves all of them together.
 *
 * `advance(ms)` goes from due timer to due timer. During each call both clocks show the time at which that timer is
 * due; ties run in the order in which they were set. Sockets and files go on in real time between the calls of
 * `advance`, and so does `soon`, because "the end of this turn" has nothing to do with the clock.
 *
 * A delay counts as at least one millisecond, as with real timers; otherwise a timer that sets itself again would keep
 * `advance` from ever returning.
 *
 * A month of a server's cron is 26 million calls. Where `periodicCallsMax` is given, a long `advance` calls a periodic
 * timer that often, evenly spread and at its end, and does not make up for the rest. Other timers stay exact.
 */
import { EventQueue, QueueEntry } from './event-queue.ts';
import type { Clock, Timer, Timers } from './host.ts';
import { TurnQueue } from './turn-queue.ts';

export interface ManualTimeOptions {
  /** What the wall clock shows at first. */
  readonly wallMs: number;
  /** Calls its argument at the end of the current turn of the event loop; the real host gives `setImmediate`. */
  readonly scheduleTurn: (run: () => void) => void;
  /** Calls of one periodic timer within one `advance`, about; no limit if absent. */
  readonly periodicCallsMax?: number;
}

export class ManualTime {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly #queue = new EventQueue<null>();
  readonly #turns: TurnQueue;
  #nowUs = 0;
  #wallStartUs: number;
  #order = 0;
  #advancing = false;
  readonly #periodicCallsMax: number;
  /** While advancing: where that ends, and the least time between calls of a periodic timer. */
  #targetUs = 0;
  #leastPeriodUs = 0;

  constructor(options: ManualTimeOptions) {
    this.#wallStartUs = options.wallMs * 1000;
    this.#periodicCallsMax = options.periodicCallsMax ?? Infinity;
    this.#turns = new TurnQueue(() => options.scheduleTurn(() => this.#turns.drain()));
    this.clock = {
      wallMs: () => Math.floor((this.#wallStartUs + this.#nowUs) / 1000),
      monotonicUs: () => this.#nowUs,
    };
    this.timers = {
      after: (delayMs, run) => this.#start(toDelayUs(delayMs), run, false),
      every: (periodMs, run) => this.#start(toDelayUs(periodMs), run, true),
      soon: (run) => this.#turns.add(run),
      sleep: () => {},
    };
  }

  /** Timers that are waiting for their time. */
  get pendingTimers(): number {
    return this.#queue.size;
  }

  /** How long it is until the next timer is due; null if there is none. */
  get nextDueUs(): number | null {
    const next = this.#queue.peek();
    return next === undefined ? null : next.timeUs - this.#nowUs;
  }

  /** Moves both clocks on and runs every timer that becomes due, in order. */
  advance(durationMs: number): void {
    if (!(durationMs >= 0)) throw new RangeError(`time cannot go back: advance(${durationMs})`);
    if (this.#advancing) throw new Error('advance() was called from a timer that advance() runs');
    this.#advancing = true;
    try {
      const targetUs = (this.#targetUs = this.#nowUs + Math.round(durationMs * 1000));
      this.#leastPeriodUs = Math.floor((targetUs - this.#nowUs) / this.#periodicCallsMax);
      this.#turns.drain();
      for (;;) {
        const next = this.#queue.peek();
        if (next === undefined || next.timeUs > targetUs) break;
        this.#queue.pop();
        this.#nowUs = next.timeUs;
        next.run();
        this.#turns.drain();
      }
      this.#nowUs = targetUs;
    } finally {
      this.#advancing = false;
      this.#leastPeriodUs = 0;
    }
  }

  /** Sets the wall clock alone, forwards or back; timers and the monotonic clock do not notice. */
  setWall(wallMs: number): void {
    this.#wallStartUs = wallMs * 1000 - this.#nowUs;
  }

  /** When a periodic timer that was just called is due again. */
  #nextCallUs(periodUs: number): number {
    const spreadUs = Math.min(this.#nowUs + this.#leastPeriodUs, this.#targetUs);
    return Math.max(this.#nowUs + periodUs, spreadUs);
  }

  #start(delayUs: number, run: () => void, periodic: boolean): Timer {
    const push = (): void => this.#queue.push(entry, this.#nowUs + delayUs, this.#order++);
    const pushAgain = (): void => this.#queue.push(entry, this.#nextCallUs(delayUs), this.#order++);
    let cancelled = false;
    const entry = new QueueEntry<null>(null, () => {
      try {
        run();
      } finally {
        if (periodic && !cancelled) pushAgain();
      }
    });
    push();
    return {
      cancel: () => {
        cancelled = true;
        this.#queue.remove(entry);
      },
    };
  }
}

const LEAST_DELAY_US = 1000;

/** Whole microseconds, at least a millisecond: what every kind of timer makes of a delay. */
export function toDelayUs(delayMs: number): number {
  if (Number.isNaN(delayMs)) throw new RangeError('a timer needs a number of milliseconds');
  return Math.max(LEAST_DELAY_US, Math.ceil(delayMs * 1000));
}
