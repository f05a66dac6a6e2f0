/** Writes down what nodes and clients send each other, a line for whatever is complete when bytes arrive. */
import type { Arrival } from '../sim/network.ts';
import type { History } from './history.ts';
import { type Heads, headsFor } from './message-heads.ts';

const HEADS_SHOWN = 3;

interface Stream {
  readonly heads: Heads;
  /** When the first byte left of what is not complete yet. */
  sinceMs: number | null;
  bytes: number;
}

export class MessageLog {
  readonly #history: History;
  readonly #nameOf: (id: string) => string;
  readonly #streams = new WeakMap<object, Stream>();

  /** @param nameOf the node with an id of the cluster, or the id. */
  constructor(history: History, nameOf: (id: string) => string) {
    this.#history = history;
    this.#nameOf = nameOf;
  }

  arrived({ stream, from, to, sentUs, bytes }: Arrival): void {
    if (from === to) return;
    let known = this.#streams.get(stream);
    if (known === undefined) {
      known = { heads: headsFor(bytes, this.#nameOf), sinceMs: null, bytes: 0 };
      this.#streams.set(stream, known);
    }
    known.sinceMs ??= sentUs / 1000;
    known.bytes += bytes.length;
    const heads = known.heads.feed(bytes);
    if (heads.length === 0) return;
    const head = summary(heads);
    this.#history.add(to, { kind: 'message', from, to, sentAt: known.sinceMs, head, bytes: known.bytes });
    known.sinceMs = null;
    known.bytes = 0;
  }
}

function summary(heads: readonly string[]): string {
  if (heads.length <= HEADS_SHOWN) return heads.join(' · ');
  return `${heads.slice(0, HEADS_SHOWN).join(' · ')} · and ${heads.length - HEADS_SHOWN} more`;
}
