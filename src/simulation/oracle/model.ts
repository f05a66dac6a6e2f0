/**
 * A dataset as somebody would keep it who knows nothing of how servers do: what a replication stream says, done to plain
 * maps and lists. It understands what the workload writes, and what a server makes of that.
 *
 * Its digest is that of DEBUG DIGEST, so that it can be held against a server without asking it anything.
 */
import { bytesOf } from '../../core/latin1.ts';
import { sha1 } from '../../core/sha1.ts';
import type { Database } from '../../data/database.ts';
import { KIND } from '../../data/value.ts';
import { Digest, digestDatabases } from '../../server/debug/dataset-digest.ts';
import type { Server } from '../../server/server.ts';

type Value =
  | { readonly kind: 'string'; text: string }
  | { readonly kind: 'list'; readonly elements: string[] }
  | { readonly kind: 'set'; readonly members: Set<string> };

interface Held {
  readonly value: Value;
  readonly expires: boolean;
  /** What it adds to the digest; null since it was written. */
  share: Uint8Array | null;
}

const TYPE_NUMBERS = { string: KIND.string, list: KIND.list, set: KIND.set } as const;
const EXPIRE_MARK = bytesOf('!!expire!!');
/** They say nothing about data. */
const SILENT = new Set(['ping', 'multi', 'exec', 'replconf', 'publish', 'spublish']);

export class Model {
  readonly #databases = new Map<number, Map<string, Held>>();
  #selected = 0;
  /** The first command that is not understood, from which on nothing is known for sure. */
  unknown: string | null = null;

  apply(words: readonly string[]): void {
    const name = words[0]!.toLowerCase();
    if (name === 'select') this.#selected = Number(words[1]);
    else if (!SILENT.has(name)) this.#write(name, words);
  }

  get(key: string, database = 0): Value | null {
    return this.#databases.get(database)?.get(key)?.value ?? null;
  }

  keys(database = 0): string[] {
    return [...(this.#databases.get(database)?.keys() ?? [])];
  }

  get size(): number {
    let size = 0;
    for (const keys of this.#databases.values()) size += keys.size;
    return size;
  }

  get #keys(): Map<string, Held> {
    let keys = this.#databases.get(this.#selected);
    if (keys === undefined) this.#databases.set(this.#selected, (keys = new Map()));
    return keys;
  }

  #write(name: string, words: readonly string[]): void {
    const key = words[1] ?? '';
    switch (name) {
      case 'set':
        this.#keys.set(key, { value: { kind: 'string', text: words[2]! }, expires: hasExpiry(words), share: null });
        return;
      case 'incr':
      case 'incrby':
        this.#increment(key, name === 'incr' ? 1 : Number(words[2]));
        return;
      case 'rpush':
        this.#list(key).push(...words.slice(2));
        return;
      case 'sadd':
        for (const member of words.slice(2)) this.#set(key).add(member);
        return;
      case 'del':
      case 'unlink':
        for (const word of words.slice(1)) this.#keys.delete(word);
        return;
      case 'flushall':
        this.#databases.clear();
        return;
      case 'flushdb':
        this.#keys.clear();
        return;
      default:
        this.unknown ??= words.join(' ').slice(0, 80);
    }
  }

  #increment(key: string, by: number): void {
    const held = this.#keys.get(key);
    const before = held?.value.kind === 'string' ? Number(held.value.text) : 0;
    const text = String(before + by);
    this.#keys.set(key, { value: { kind: 'string', text }, expires: held?.expires ?? false, share: null });
  }

  #list(key: string): string[] {
    const held = this.#keys.get(key);
    if (held?.value.kind === 'list') {
      held.share = null;
      return held.value.elements;
    }
    const elements: string[] = [];
    this.#keys.set(key, { value: { kind: 'list', elements }, expires: false, share: null });
    return elements;
  }

  #set(key: string): Set<string> {
    const held = this.#keys.get(key);
    if (held?.value.kind === 'set') {
      held.share = null;
      return held.value.members;
    }
    const members = new Set<string>();
    this.#keys.set(key, { value: { kind: 'set', members }, expires: false, share: null });
    return members;
  }

  /** What a key of the first database adds to the digest, as it stands now; null if there is none. */
  shareOf(key: string): Uint8Array | null {
    const held = this.#databases.get(0)?.get(key);
    return held === undefined ? null : shareOf(key, held);
  }

  /** As DEBUG DIGEST shows it. */
  get digest(): string {
    const total = new Digest();
    for (const [index, keys] of this.#databases) {
      if (keys.size === 0) continue;
      total.mixInteger(index);
      for (const [key, held] of keys) total.xorHash(shareOf(key, held));
    }
    return total.hex;
  }
}

function hasExpiry(words: readonly string[]): boolean {
  return words.slice(3).some((word) => /^(?:ex|px|exat|pxat)$/i.test(word));
}

function shareOf(key: string, held: Held): Uint8Array {
  return (held.share ??= sha1(digestOf(key, held).bytes));
}

function digestOf(key: string, { value, expires }: Held): Digest {
  const digest = new Digest();
  digest.mix(bytesOf(key));
  digest.mixInteger(TYPE_NUMBERS[value.kind]);
  if (value.kind === 'string') digest.mix(bytesOf(value.text));
  else if (value.kind === 'list') for (const element of value.elements) digest.mix(bytesOf(element));
  else for (const member of value.members) digest.xor(bytesOf(member));
  if (expires) digest.xor(EXPIRE_MARK);
  return digest;
}

/** The digest of what a server has, taken without asking it: nothing about it changes. */
export function digestOfServer(server: Server): string {
  return digestDatabases(server.keyspace.databases).hex;
}

/** How many keys a server has in all. */
export function sizeOfServer(server: Server): number {
  return server.keyspace.databases.reduce((size, { size: count }: Database) => size + count, 0);
}
