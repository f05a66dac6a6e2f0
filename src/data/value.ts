/**
 * What a key can hold. Strings and small collections are bytes inside the key's record; a large collection is a JS
 * object that the record refers to by number (see record.ts). A module that adds a type implements `LargeValue` and
 * registers nothing: generic commands (TYPE, COPY, RENAME, OBJECT, MEMORY USAGE) go through this interface.
 */
export const KIND = { string: 0, list: 1, set: 2, zset: 3, hash: 4, stream: 5 } as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

/** Names as TYPE replies them, by Kind. */
export const KIND_NAMES = ['string', 'list', 'set', 'zset', 'hash', 'stream'] as const;

export interface LargeValue {
  readonly kind: Kind;
  /** Number of elements, fields or members. */
  readonly size: number;
  /** As OBJECT ENCODING names it. */
  readonly encoding: string;
  /** Bytes that are not on the heap: tables, JS objects, estimated. */
  readonly overheadBytes: number;
  /** A deep copy, for COPY. */
  clone(): LargeValue;
  /**
   * Frees some of what it holds on the heap, in less than a millisecond; true when nothing is left. Once this was
   * called, the object is not used for anything else.
   */
  releaseSome(): boolean;
}

/** Why a value goes. Each reason has its lazyfree-lazy-* option; `unlink` is always lazy. */
export type Removal = 'unlink' | 'user' | 'server' | 'expire' | 'evict';

/** Decides when large values are freed, which may take a while. The server attaches its own. */
export interface Reclaimer {
  isLazy(removal: Removal): boolean;
  /** Calls `free` again and again, now and then, until it says true. */
  freeLater(free: () => boolean): void;
  /** The same for the rest of a value that was to be freed at once, and is too large for it. */
  freeRest(free: () => boolean): void;
}

/** Frees everything at once. */
export const eagerReclaimer: Reclaimer = {
  isLazy: () => false,
  freeLater: freeNow,
  freeRest: freeNow,
};

function freeNow(free: () => boolean): void {
  while (!free());
}

/** Below this, freeing at once is cheaper than doing it later (lazyfree.c LAZYFREE_THRESHOLD). */
const LAZY_ELEMENTS = 64;
/** Slices that are freed at once where nobody asked for laziness: a few milliseconds. The rest waits its turn. */
const EAGER_SLICES = 32;

export function releaseValue(value: LargeValue, removal: Removal, reclaimer: Reclaimer): void {
  if (value.size > LAZY_ELEMENTS && reclaimer.isLazy(removal)) {
    reclaimer.freeLater(() => value.releaseSome());
    return;
  }
  freeSoon(() => value.releaseSome(), reclaimer);
}

/** Frees at once what is small. @param free frees a slice and says true when nothing is left. */
export function freeSoon(free: () => boolean, reclaimer: Reclaimer): void {
  for (let slices = EAGER_SLICES; slices > 0; slices--) if (free()) return;
  reclaimer.freeRest(free);
}

/** Large values by number; numbers are reused. */
export class ValueTable {
  readonly #values: (LargeValue | null)[] = [];
  readonly #free: number[] = [];

  get count(): number {
    return this.#values.length - this.#free.length;
  }

  add(value: LargeValue): number {
    const reused = this.#free.pop();
    if (reused === undefined) return this.#values.push(value) - 1;
    this.#values[reused] = value;
    return reused;
  }

  get(number: number): LargeValue {
    return this.#values[number]!;
  }

  set(number: number, value: LargeValue): void {
    this.#values[number] = value;
  }

  /** Takes a value out of the table and returns it. */
  take(number: number): LargeValue {
    const value = this.#values[number]!;
    this.#values[number] = null;
    this.#free.push(number);
    return value;
  }
}
