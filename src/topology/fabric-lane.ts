/**
 * One direction of a connection between two nodes: a queue that lets everything pass at once while nothing is wrong.
 *
 * A direction that is cut loses nothing, as TCP does not: what was sent meanwhile arrives, in order, when the cut heals.
 */
import type { Clock, Timer, Timers } from '../host/host.ts';

/** What is wrong with one direction between two nodes. */
export interface LaneFault {
  readonly isCut: boolean;
  readonly delayMs: number;
}

interface Item {
  readonly dueUs: number;
  readonly bytes: number;
  readonly deliver: () => void;
}

export class Lane {
  readonly #timers: Timers;
  readonly #clock: Clock;
  readonly #fault: () => LaneFault | undefined;
  #items: Item[] = [];
  #alarm: Timer | null = null;
  /** Closed for another reason than a fault: there is nothing yet to deliver to. */
  #isShut = false;
  bytes = 0;

  constructor(timers: Timers, clock: Clock, fault: () => LaneFault | undefined) {
    this.#timers = timers;
    this.#clock = clock;
    this.#fault = fault;
  }

  get isCut(): boolean {
    return this.#isShut || this.#fault()?.isCut === true;
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** Whether what is pushed now passes at once. */
  get isFree(): boolean {
    return this.isEmpty && !this.#isShut && this.#fault() === undefined;
  }

  push(bytes: number, deliver: () => void): void {
    if (this.isFree) {
      deliver();
      return;
    }
    this.#items.push({ dueUs: this.#clock.monotonicUs() + (this.#fault()?.delayMs ?? 0) * 1000, bytes, deliver });
    this.bytes += bytes;
    this.pump();
  }

  /** Delivers what is due, if anything may pass. To be called when a fault comes or goes. */
  pump(): void {
    this.#alarm?.cancel();
    this.#alarm = null;
    while (!this.isCut && this.#items.length > 0) {
      const [item] = this.#items as [Item];
      const restUs = item.dueUs - this.#clock.monotonicUs();
      if (restUs > 0) {
        this.#alarm = this.#timers.after(restUs / 1000, () => this.pump());
        return;
      }
      this.#items.shift();
      this.bytes -= item.bytes;
      item.deliver();
    }
  }

  shut(): void {
    this.#isShut = true;
  }

  open(): void {
    this.#isShut = false;
    this.pump();
  }

  /** Drops what is on its way. */
  clear(): void {
    this.#alarm?.cancel();
    this.#alarm = null;
    this.#items = [];
    this.bytes = 0;
  }
}
