/**
 * Writes while faults happen, each of a key of its own, to whoever takes itself for the one to ask. A write that all replicas
 * of the shard have acknowledged is one that its client has waited for.
 */
import { keySlot } from '../../../src/core/key-slot.ts';
import type { Server } from '../../../src/server/server.ts';
import type { ClusterSet } from './cluster-set.ts';

interface Write {
  readonly key: string;
  readonly name: string;
  readonly server: Server;
  readonly offset: number;
}

const KEYS_PER_ROUND = 4;
/** Newer writes tell as much as those that nobody has acknowledged for long. */
const PENDING_MAX = 200;

export class Writes {
  readonly #set: ClusterSet;
  #pending: Write[] = [];
  readonly #safe: string[] = [];
  #count = 0;

  constructor(set: ClusterSet) {
    this.#set = set;
  }

  get safeCount(): number {
    return this.#safe.length;
  }

  round(): void {
    this.#look();
    for (let i = 0; i < KEYS_PER_ROUND; i++) this.#write(`key:${++this.#count}`);
    this.#pending = this.#pending.slice(-PENDING_MAX);
  }

  #write(key: string): void {
    const set = this.#set;
    for (const name of set.names) {
      const state = set.state(name);
      if (state === null || state.owners[slotOf(key)] !== state.myself) continue;
      if (set.call(name, 'SET', key, key) !== 'OK') continue;
      this.#pending.push({ key, name, server: set.server(name)!, offset: set.replication(name)!.state.offset });
      return;
    }
  }

  /** What WAIT would answer now. */
  #look(): void {
    const set = this.#set;
    this.#pending = this.#pending.filter(({ key, name, server, offset }) => {
      if (set.server(name) !== server) return false;
      const replication = set.replication(name)!;
      if (replication.isReplica) return false;
      if (replication.links.acknowledging(offset) < set.options.replicas) return true;
      this.#safe.push(key);
      return false;
    });
  }

  /** @returns null, or which write is missing that must not be. */
  missing(): string | null {
    const set = this.#set;
    for (const key of this.#safe) {
      const owner = set.state(set.names[0]!)!.owners[slotOf(key)]!;
      const name = set.nameOfId(owner.name);
      const value = set.call(name, 'GET', key);
      if (value !== key) return `${key}, which all replicas had acknowledged, is ${String(value)} at ${name}`;
    }
    return null;
  }
}

function slotOf(key: string): number {
  const bytes = Buffer.from(key);
  return keySlot(bytes, 0, bytes.length);
}
