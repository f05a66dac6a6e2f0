/**
 * Clients in broadcasting mode: who wants to hear of every changed key that begins with one of its prefixes.
 *
 * What changes during a turn collects per prefix, each key once, with the client that changed it last; at the end of
 * the turn each prefix makes one message of it. A key is compared with no more prefixes than there are lengths of
 * prefixes. Prefixes and keys are binary strings.
 */
import { latin1Of } from '../core/latin1.ts';
import type { Session } from './session.ts';

export interface PrefixState {
  readonly prefix: string;
  readonly clients: Set<Session>;
  /** Changed keys, and who changed them last; null for the server itself. */
  changed: Map<string, Session | null>;
}

export class TrackingPrefixes {
  readonly #states = new Map<string, PrefixState>();
  /** How many prefixes there are of each length. */
  readonly #lengths = new Map<number, number>();

  /** Number of prefixes. */
  get size(): number {
    return this.#states.size;
  }

  add(session: Session, prefix: string): void {
    const state = this.#states.get(prefix);
    if (state !== undefined) {
      state.clients.add(session);
      return;
    }
    this.#states.set(prefix, { prefix, clients: new Set([session]), changed: new Map() });
    this.#lengths.set(prefix.length, (this.#lengths.get(prefix.length) ?? 0) + 1);
  }

  remove(session: Session, prefix: string): void {
    const state = this.#states.get(prefix);
    if (state === undefined || !state.clients.delete(session) || state.clients.size > 0) return;
    this.#states.delete(prefix);
    const others = this.#lengths.get(prefix.length)! - 1;
    if (others === 0) this.#lengths.delete(prefix.length);
    else this.#lengths.set(prefix.length, others);
  }

  /** Notes a change of the key bytes[start..end). @returns whether anybody wants to hear of it. */
  note(bytes: Uint8Array, start: number, end: number, by: Session | null): boolean {
    let key: string | null = null;
    for (const length of this.#lengths.keys()) {
      if (length > end - start) continue;
      const state = this.#states.get(latin1Of(bytes, start, start + length));
      if (state !== undefined) state.changed.set((key ??= latin1Of(bytes, start, end)), by);
    }
    return key !== null;
  }

  /** The prefixes under which something changed, in the order of their bytes; they start anew. */
  takeChanged(): PrefixState[] {
    const taken: PrefixState[] = [];
    for (const state of this.#states.values()) {
      if (state.changed.size === 0) continue;
      taken.push({ ...state });
      state.changed = new Map();
    }
    return taken.sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
  }
}

/** What redis-server counts for each node of its radix tree of prefixes. */
const TREE_NODE_BYTES = 32;

interface TreeNode {
  readonly depth: number;
  children: number;
  /** Children more than one byte away: if there are others, the bytes between are a node of their own. */
  distant: number;
}

/**
 * Bytes that redis-server counts for the prefixes of a client: it keeps them in a radix tree, which has a node where
 * words part, one at the end of each, and one for each stretch between. @param words in ascending order.
 */
export function prefixTreeBytes(words: readonly string[]): number {
  const path: TreeNode[] = [{ depth: 0, children: 0, distant: 0 }];
  let nodes = 0;
  const close = (parent: TreeNode): void => {
    const node = path.pop()!;
    nodes += 1 + stretchesBelow(node);
    parent.children++;
    if (node.depth - parent.depth > 1) parent.distant++;
  };
  for (const [i, word] of words.entries()) {
    const shared = commonLength(words[i - 1] ?? '', word);
    while (path.at(-1)!.depth > shared) {
      const above = path.at(-2)!;
      if (above.depth >= shared) close(above);
      else {
        const fork = { depth: shared, children: 0, distant: 0 };
        close(fork);
        path.push(fork);
      }
    }
    if (word.length > shared) path.push({ depth: word.length, children: 0, distant: 0 });
  }
  while (path.length > 1) close(path.at(-2)!);
  return (nodes + 1 + stretchesBelow(path[0]!)) * TREE_NODE_BYTES;
}

function stretchesBelow({ children, distant }: TreeNode): number {
  return children > 1 ? distant : 0;
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
