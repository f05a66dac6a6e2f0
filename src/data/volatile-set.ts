/**
 * The records of a database that have an expire time, as a dense array of addresses. Each record knows its place in
 * it (record.ts VOLATILE_INDEX), so that adding, removing and drawing one at random take constant time, and the active
 * expire cycle can walk it in steps.
 *
 * The order is random: a new record takes a random place, whose owner goes to the end. So the next few records of a
 * walk are a fair sample of all, however the keys were written: the expire cycle judges a database by them.
 */
import type { Random } from '../core/random.ts';
import { Heap, NONE } from './heap.ts';
import { VOLATILE_INDEX } from './record.ts';

const INITIAL_CAPACITY = 16;

export class VolatileSet {
  readonly #heap: Heap;
  readonly #random: Random;
  #addresses: Int32Array = new Int32Array(0);
  #size = 0;

  constructor(heap: Heap, random: Random) {
    this.#heap = heap;
    this.#random = random;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#addresses.byteLength;
  }

  /** The record at a place, 0 .. size - 1. */
  at(index: number): number {
    return index < this.#size ? this.#addresses[index]! : NONE;
  }

  add(address: number): void {
    if (this.#size === this.#addresses.length) {
      const grown = new Int32Array(Math.max(INITIAL_CAPACITY, this.#size * 2));
      grown.set(this.#addresses);
      this.#use(grown);
    }
    const last = this.#size++;
    const index = this.#random.below(this.#size);
    if (index !== last) this.#place(last, this.#addresses[index]!);
    this.#place(index, address);
  }

  /** The last record takes the place of the removed one. */
  remove(address: number): void {
    const index = this.#heap.wordsOf(address)[Heap.wordOffset(address) + VOLATILE_INDEX]!;
    const last = this.#addresses[--this.#size]!;
    if (last !== address) this.#place(index, last);
    if (this.#size * 4 < this.#addresses.length && this.#addresses.length > 1024) {
      this.#use(this.#addresses.slice(0, this.#addresses.length / 2));
    }
  }

  /** Takes another array, which counts with the heap. */
  #use(addresses: Int32Array): void {
    this.#heap.tableBytes += addresses.byteLength - this.#addresses.byteLength;
    this.#addresses = addresses;
  }

  /** Forgets all. Whoever drops the set calls this, or its array counts as used for ever. */
  drop(): void {
    this.#use(new Int32Array(0));
    this.#size = 0;
  }

  /** A record moved: `address` is where it is now, its words are copied already. */
  moved(address: number): void {
    this.#addresses[this.#heap.wordsOf(address)[Heap.wordOffset(address) + VOLATILE_INDEX]!] = address;
  }

  #place(index: number, address: number): void {
    this.#addresses[index] = address;
    this.#heap.wordsOf(address)[Heap.wordOffset(address) + VOLATILE_INDEX] = index;
  }
}
