/**
 * The history of a run as one number: a rolling hash over everything that happens, with a checkpoint every 1024 events.
 * Two runs from one seed must agree at every checkpoint; where they do not, the differing block is found by comparing
 * checkpoints, and the first differing event by recording that block (see determinism.ts).
 *
 * An event is five numbers: time, node, kind, subject (a connection, timer or file) and value (a hash of bytes, a size).
 * Observers and recordings see them with names; without any, an event costs a few multiplications and no memory.
 */

/** Kinds of events. A new kind goes to the end: the numbers are part of the hash. */
export const KIND = {
  boot: 1,
  kill: 2,
  powerLoss: 3,
  pause: 4,
  resume: 5,
  enter: 6,
  timer: 7,
  log: 8,
  connect: 9,
  open: 10,
  accept: 11,
  write: 12,
  data: 13,
  drain: 14,
  end: 15,
  close: 16,
  listen: 17,
  resolve: 18,
  append: 19,
  appended: 20,
  sync: 21,
  synced: 22,
  fault: 23,
  directory: 24,
} as const;

export type Kind = keyof typeof KIND;

const KIND_NAMES: readonly string[] = Object.keys(KIND);

export interface TraceEvent {
  readonly number: number;
  readonly timeUs: number;
  /** Name of the node, or '' for what belongs to none. */
  readonly node: string;
  readonly kind: Kind;
  /** Which connection, timer or file, by number. */
  readonly subject: number;
  /** A hash of bytes, a size or an error, by kind. */
  readonly value: number;
}

interface Observer {
  readonly observer: (event: TraceEvent) => void;
  /** Kinds that it wants, by bit: there are fewer than 31. */
  readonly bits: number;
}

export const EVENTS_PER_CHECKPOINT = 1024;

export class Trace {
  readonly checkpoints: number[] = [];
  readonly #observers: Observer[] = [];
  /** Kinds that somebody observes, by bit. */
  #observed = 0;
  readonly #names: string[] = [];
  #hash = 0x811c9dc5;
  #count = 0;

  get hash(): number {
    return this.#hash >>> 0;
  }

  get count(): number {
    return this.#count;
  }

  /** Gives the node of this index its name. */
  nameNode(index: number, name: string): void {
    this.#names[index] = name;
  }

  /** @param kinds by default all */
  observe(observer: (event: TraceEvent) => void, kinds: readonly Kind[] = KIND_NAMES as readonly Kind[]): void {
    const bits = kinds.reduce((all, kind) => all | (1 << KIND[kind]), 0);
    this.#observers.push({ observer, bits });
    this.#observed |= bits;
  }

  /** @param node index of the node, -1 for what belongs to none. */
  note(timeUs: number, node: number, kind: number, subject: number, value: number): void {
    let hash = Math.imul(this.#hash ^ (timeUs | 0), 0x9e3779b1);
    hash = Math.imul((hash ^ (hash >>> 15)) + node * 64 + kind, 0x85ebca6b);
    hash = Math.imul((hash ^ (hash >>> 13)) + subject, 0xc2b2ae35);
    hash = Math.imul((hash ^ (hash >>> 16)) + value, 0x27d4eb2f);
    this.#hash = hash ^ (hash >>> 15);
    if (++this.#count % EVENTS_PER_CHECKPOINT === 0) this.checkpoints.push(this.#hash >>> 0);
    if ((this.#observed & (1 << kind)) !== 0) this.#tell(timeUs, node, kind, subject, value);
  }

  #tell(timeUs: number, node: number, kind: number, subject: number, value: number): void {
    const event: TraceEvent = {
      number: this.#count,
      timeUs,
      node: this.#names[node] ?? '',
      kind: KIND_NAMES[kind - 1] as Kind,
      subject,
      value,
    };
    for (const { observer, bits } of this.#observers) if ((bits & (1 << kind)) !== 0) observer(event);
  }
}

/** One line for people: `12.004583 s  n1  data  #7 a91c00ff`. */
export function formatEvent(event: TraceEvent): string {
  const seconds = (event.timeUs / 1e6).toFixed(6);
  const node = event.node === '' ? '-' : event.node;
  return `${seconds} s  ${node}  ${event.kind}  #${event.subject} ${(event.value >>> 0).toString(16)}`;
}

/** FNV-like, four bytes at a time: every byte counts, and a full sync of a megabyte still costs only some 0.4 ms. */
export function hashBytes(bytes: Uint8Array): number {
  const length = bytes.length;
  let hash = 0x811c9dc5 ^ length;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    hash = Math.imul(hash ^ word, 0x01000193);
    hash ^= hash >>> 15;
  }
  for (; i < length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash;
}

export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
