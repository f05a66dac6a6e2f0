/**
 * The history of a run: what happened, in order, as plain data that can be written to a file, looked at and judged. It has
 * the same form whether the nodes are simulated or real.
 *
 * While schedules are only played, the history is a ring that keeps the newest entries, without messages. A run that is to
 * be looked at keeps everything.
 */
import type { Fault } from './schedule.ts';

/** A reply as JSON: bulk and simple strings are strings, an error is an object. */
export type Reply = string | number | null | { readonly error: string } | readonly Reply[];

/** What became of an operation: `fail` had no effect for sure, `info` may have had one or may have it yet. */
export type OpPhase = 'invoke' | 'ok' | 'fail' | 'info';

export type Fact =
  /** `exited`: by itself. */
  | {
      readonly kind: 'process';
      readonly state: 'up' | 'killed' | 'lost-power' | 'paused' | 'resumed' | 'exited';
    }
  /** What a server is now; `of` is the node that it follows, or an address where there is no node. */
  | { readonly kind: 'role'; readonly role: 'master' | 'replica'; readonly of: string | null }
  | { readonly kind: 'epoch'; readonly current: number; readonly config: number }
  | { readonly kind: 'vote'; readonly epoch: number; readonly for: string }
  /** What this node thinks of another one: sdown, odown, pfail, fail; about itself: tilt, cluster-down. */
  | { readonly kind: 'flags'; readonly about: string; readonly flags: readonly string[] }
  /** The slots of this node, first and last of each range, as it sees it itself. */
  | { readonly kind: 'slots'; readonly slots: readonly (readonly [number, number])[] }
  /** This replica is in sync with its master again. */
  | {
      readonly kind: 'sync';
      readonly how: 'full' | 'partial';
      readonly with: string;
      readonly replid: string;
      readonly offset: number;
    }
  /** An event of a sentinel by its own name (+sdown), or of a cluster node by its kind (elected). */
  | { readonly kind: 'event'; readonly event: string; readonly payload: string }
  /** `untilMs` is null for what does not last. `did` is false if it could not happen. */
  | {
      readonly kind: 'fault';
      readonly fault: Fault;
      readonly text: string;
      readonly nodes: readonly string[];
      readonly untilMs: number | null;
      readonly did: boolean;
    }
  | { readonly kind: 'heal'; readonly text: string; readonly nodes: readonly string[] }
  /** Bytes that arrived at `node`; `head` is what they say in a line. Only when everything is kept. */
  | {
      readonly kind: 'message';
      readonly from: string;
      readonly to: string;
      readonly sentAt: number;
      readonly head: string;
      readonly bytes: number;
    }
  /** Of a client. `at` is the node that answered or was asked last. */
  | {
      readonly kind: 'op';
      readonly id: number;
      readonly phase: OpPhase;
      readonly words: readonly string[];
      readonly at?: string;
      readonly reply?: Reply;
    }
  | { readonly kind: 'log'; readonly line: string }
  /** A new part of the run: all nodes are up; faults begin; they are over; it ends. */
  | { readonly kind: 'phase'; readonly phase: RunPhase }
  /** A promise was broken. */
  | { readonly kind: 'check'; readonly checker: string; readonly text: string };

export type RunPhase = 'start' | 'faults' | 'healed' | 'end';

export type FactKind = Fact['kind'];

export type HistoryEntry = {
  /** Milliseconds since the run began, to the microsecond. */
  readonly t: number;
  readonly seq: number;
  /** Name of a node or client; '' for the world around them. */
  readonly node: string;
} & Fact;

/** An entry of one kind. */
export type EntryOf<Kind extends FactKind> = Extract<HistoryEntry, { readonly kind: Kind }>;

const RING_ENTRIES = 50_000;

export class History {
  /** Whether everything is kept, messages too. */
  readonly keepsAll: boolean;
  readonly #now: () => number;
  readonly #listeners: ((entry: HistoryEntry) => void)[] = [];
  #entries: HistoryEntry[] = [];
  #count = 0;

  /** @param now milliseconds since the run began */
  constructor(now: () => number, keep: 'ring' | 'all' = 'ring') {
    this.#now = now;
    this.keepsAll = keep === 'all';
  }

  /** Entries that were ever added. */
  get count(): number {
    return this.#count;
  }

  /** What is kept, oldest first. */
  get entries(): readonly HistoryEntry[] {
    return this.#entries;
  }

  /** Calls `listener` with each entry, as it is added. */
  listen(listener: (entry: HistoryEntry) => void): void {
    this.#listeners.push(listener);
  }

  add(node: string, fact: Fact): void {
    const entry = { t: this.#now(), seq: this.#count++, node, ...fact } as HistoryEntry;
    this.#entries.push(entry);
    if (!this.keepsAll && this.#entries.length >= 2 * RING_ENTRIES) this.#entries = this.#entries.slice(-RING_ENTRIES);
    for (const listener of this.#listeners) listener(entry);
  }

  /** One line of JSON for each entry. */
  toJsonLines(): string {
    return this.#entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  }
}
