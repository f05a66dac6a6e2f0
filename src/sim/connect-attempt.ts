/**
 * The handshake of one `connect`: a packet there, an answer back, and the waiting in between.
 *
 * - Nobody listens: the machine's kernel answers at once, ECONNREFUSED after one round trip.
 * - Somebody listens: the kernel completes the handshake, even for a paused process. That is the classic half-open peer:
 *   connected, and silent.
 * - A cut, a machine without power, a full accept queue: nothing comes back. The packet is sent again after 1, 2, 4 ...
 *   seconds; after 127 seconds the kernel gives up with ETIMEDOUT. Callers that need to know earlier set `timeoutMs`.
 * - No machine has the address: EHOSTUNREACH after three seconds, when nobody answered the local lookup.
 */
import { QueueEntry } from '../host/event-queue.ts';
import type { Random } from '../host/host.ts';
import type { SimConnection } from './connection.ts';
import type { Link } from './link.ts';
import type { Entry, Owner, Scheduler } from './scheduler.ts';

/** What the peer's kernel says to a first packet: the pipes' set-up, a refusal, or nothing. */
export type Greeting = 'refused' | 'ignored' | { readonly complete: () => void; readonly abandon: () => void };

const FIRST_RETRY_US = 1_000_000;
const RETRIES = 6;
const UNREACHABLE_AFTER_US = 3_000_000;

export class ConnectAttempt {
  readonly #scheduler: Scheduler;
  readonly #connection: SimConnection;
  readonly #there: Link;
  readonly #back: Link;
  readonly #random: Random;
  readonly #greet: () => Greeting;
  readonly #retryEntry: Entry;
  #tries = 0;
  #over = false;
  #pending: Greeting | null = null;

  /** @param greet asks the peer's kernel, at the moment when the packet arrives there. */
  constructor(
    scheduler: Scheduler,
    connection: SimConnection,
    links: { readonly there: Link; readonly back: Link },
    random: Random,
    greet: () => Greeting,
  ) {
    this.#scheduler = scheduler;
    this.#connection = connection;
    this.#there = links.there;
    this.#back = links.back;
    this.#random = random;
    this.#greet = greet;
    this.#retryEntry = new QueueEntry<Owner | null>(null, () => this.#try());
    this.#try();
  }

  cancel(): void {
    this.#over = true;
    this.#scheduler.cancel(this.#retryEntry);
    if (this.#pending !== null && typeof this.#pending === 'object') this.#pending.abandon();
    this.#pending = null;
  }

  #try(): void {
    if (this.#over) return;
    if (this.#tries > RETRIES) {
      this.#over = true;
      this.#connection.fail('ETIMEDOUT');
      return;
    }
    const { nowUs } = this.#scheduler;
    this.#scheduler.schedule(this.#retryEntry, nowUs + FIRST_RETRY_US * 2 ** this.#tries++, this.#there.from.index);
    this.#scheduler.at(nowUs + this.#there.answerUs(this.#random), this.#there.to.index, null, () => this.#onArrival());
  }

  #onArrival(): void {
    if (this.#over || this.#pending !== null || !this.#there.open) return;
    const greeting = this.#greet();
    if (greeting === 'ignored') return;
    this.#pending = greeting;
    const answeredUs = this.#scheduler.nowUs + this.#back.answerUs(this.#random);
    this.#scheduler.at(answeredUs, this.#back.to.index, null, () => this.#onAnswer(greeting));
  }

  #onAnswer(greeting: Greeting): void {
    if (this.#over) return;
    if (!this.#back.open) {
      if (typeof greeting === 'object') greeting.abandon();
      this.#pending = null;
      return;
    }
    this.#over = true;
    this.#scheduler.cancel(this.#retryEntry);
    if (typeof greeting === 'object') greeting.complete();
    else this.#connection.fail('ECONNREFUSED');
  }
}

/** For an address that no machine has. @returns a function that stops the attempt. */
export function failUnreachable(scheduler: Scheduler, lane: number, connection: SimConnection): () => void {
  const entry = scheduler.at(scheduler.nowUs + UNREACHABLE_AFTER_US, lane, null, () => {
    connection.fail('EHOSTUNREACH');
  });
  return () => scheduler.cancel(entry);
}
