/**
 * What stands between a node and everything that happens to it: lets events in while the node runs, holds them while it is
 * paused, and drops them when it is dead.
 */
import type { Pulse } from './topology-time.ts';

export class Gate {
  /** Counts what gets through. */
  readonly pulse: Pulse;
  #state: 'open' | 'held' | 'shut' = 'open';
  #held: (() => void)[] = [];

  constructor(pulse: Pulse) {
    this.pulse = pulse;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get isShut(): boolean {
    return this.#state === 'shut';
  }

  run(event: () => void): void {
    this.pulse.beats++;
    if (this.#state === 'open') event();
    else if (this.#state === 'held') this.#held.push(event);
  }

  hold(): void {
    if (this.#state === 'open') this.#state = 'held';
  }

  open(): void {
    if (this.#state !== 'held') return;
    this.#state = 'open';
    while (this.isOpen) {
      const event = this.#held.shift();
      if (event === undefined) return;
      event();
    }
  }

  shut(): void {
    this.#state = 'shut';
    this.#held = [];
  }
}
