/**
 * TCP keep-alive: after `seconds` of silence a probe, then one every third of that; after three without an answer the
 * connection times out. The peer's kernel answers, so a paused process is alive; a machine that was power-cycled no
 * longer knows the connection and resets it. This is how a half-open connection is found out that nobody writes to.
 */
import { QueueEntry } from '../host/event-queue.ts';
import type { Life } from './life.ts';
import type { Entry, Owner } from './scheduler.ts';

export interface Probed {
  state(): 'alive' | 'silent' | 'unknown';
  onReset(): void;
  onTimeout(): void;
}

const PROBES = 3;

export class KeepAlive {
  readonly #life: Life;
  readonly #idleUs: number;
  readonly #probed: Probed;
  readonly #entry: Entry;
  #heardUs: number;
  #failures = 0;

  constructor(life: Life, seconds: number, probed: Probed) {
    this.#life = life;
    this.#idleUs = Math.round(seconds * 1e6);
    this.#probed = probed;
    this.#heardUs = life.scheduler.nowUs;
    this.#entry = new QueueEntry<Owner | null>(null, () => this.#check());
    this.#schedule(this.#heardUs + this.#idleUs);
  }

  /** Something came from the peer. */
  hear(): void {
    this.#heardUs = this.#life.scheduler.nowUs;
    this.#failures = 0;
  }

  stop(): void {
    this.#life.scheduler.cancel(this.#entry);
  }

  #schedule(timeUs: number): void {
    this.#life.scheduler.schedule(this.#entry, timeUs, this.#life.index);
  }

  #check(): void {
    const { nowUs } = this.#life.scheduler;
    if (nowUs - this.#heardUs < this.#idleUs) {
      this.#schedule(this.#heardUs + this.#idleUs);
      return;
    }
    const state = this.#probed.state();
    if (state === 'unknown') this.#probed.onReset();
    else if (state === 'alive') {
      this.hear();
      this.#schedule(nowUs + this.#idleUs);
    } else if (++this.#failures > PROBES) this.#probed.onTimeout();
    else this.#schedule(nowUs + Math.max(1_000_000, Math.round(this.#idleUs / PROBES)));
  }
}
