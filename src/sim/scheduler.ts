/**
 * Virtual time: a queue of future events and the loop that runs the earliest one.
 *
 * Events are keyed (time in whole microseconds, order). With `shuffleTies`, events of different nodes that fall on the
 * same microsecond run in an order drawn from the seed; events of one node always keep the order in which they were
 * scheduled, as one event loop does.
 *
 * An event either belongs to a node (`owner`: it is parked while the node is paused and dropped when it dies) or to the
 * world around the nodes: wires, kernels, disks. `current` is the node whose code runs; it is null between events, and
 * that is how a port notices a call from outside the simulation (see life.ts).
 */
import { EventQueue, QueueEntry } from '../host/event-queue.ts';
import { SimulationError } from './errors.ts';
import { Trace } from './trace.ts';

/** Decides whether and when an event of a node may run. */
export interface Owner {
  deliver(run: () => void): void;
}

export type Entry = QueueEntry<Owner | null>;

/** Events on one microsecond after which time is taken to stand still. */
const EVENTS_PER_INSTANT_LIMIT = 1_000_000;

const TIE_SPAN = 2 ** 32;

export class Scheduler {
  nowUs = 0;
  /** Whose code is running. Null between events and in events that belong to no node. */
  current: Owner | null = null;
  readonly trace = new Trace();
  /** The seed of tie shuffling, or null for first come, first served. */
  readonly #tieSeed: number | null;
  readonly #queue = new EventQueue<Owner | null>();
  #sequence = 0;
  #eventsThisInstant = 0;
  #executed = 0;

  constructor(tieSeed: number | null) {
    this.#tieSeed = tieSeed;
  }

  /** Events that have run. */
  get executed(): number {
    return this.#executed;
  }

  get pending(): number {
    return this.#queue.size;
  }

  /** When the next event is due, or Infinity. */
  get nextUs(): number {
    return this.#queue.peek()?.timeUs ?? Infinity;
  }

  /** @param lane the node on whose machine this happens: ties within a lane keep their order. */
  schedule(entry: Entry, timeUs: number, lane: number): void {
    const sequence = this.#sequence++;
    const time = timeUs > this.nowUs ? timeUs : this.nowUs;
    const order = this.#tieSeed === null ? sequence : tie(this.#tieSeed, lane, time) * TIE_SPAN + sequence;
    this.#queue.push(entry, time, order);
  }

  /** Schedules a single call and returns its entry, for `cancel`. */
  at(timeUs: number, lane: number, owner: Owner | null, run: () => void): Entry {
    const entry = new QueueEntry<Owner | null>(owner, run);
    this.schedule(entry, timeUs, lane);
    return entry;
  }

  cancel(entry: Entry): void {
    this.#queue.remove(entry);
  }

  /** Runs the earliest event. @returns false when there is none. */
  step(): boolean {
    const entry = this.#queue.pop();
    if (entry === undefined) return false;
    if (entry.timeUs > this.nowUs) {
      this.nowUs = entry.timeUs;
      this.#eventsThisInstant = 0;
    } else if (++this.#eventsThisInstant > EVENTS_PER_INSTANT_LIMIT) {
      throw new SimulationError(`time stands still: ${EVENTS_PER_INSTANT_LIMIT} events at ${this.nowUs} µs`);
    }
    this.#executed++;
    if (entry.owner === null) entry.run();
    else entry.owner.deliver(entry.run);
    return true;
  }

  /** Lets time pass up to `timeUs` without an event; none may be due before. */
  idleUntil(timeUs: number): void {
    if (timeUs > this.nowUs) this.nowUs = timeUs;
  }

  note(node: number, kind: number, subject: number, value: number): void {
    this.trace.note(this.nowUs, node, kind, subject, value);
  }
}

/** 20 bits that depend on the seed, the lane and the instant, so a lane's events of one instant stay together. */
function tie(seed: number, lane: number, timeUs: number): number {
  let hash = Math.imul(seed ^ (timeUs | 0), 0x9e3779b1) ^ Math.imul(lane + 1, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
  return (hash ^ (hash >>> 13)) >>> 12;
}
