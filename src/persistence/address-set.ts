/**
 * A set of addresses of one heap, as bits beside its pages: adding and asking take constant time and no memory of the
 * garbage collector. A page that has members costs a 64th of its size.
 */
import { Heap } from '../data/heap.ts';

const GRANULE_SHIFT = 3;
const NO_BITS = new Int32Array(0);

export class AddressSet {
  /** By index of the page, a bit for each place where a block can begin. */
  readonly #bits: Int32Array[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Bytes of the bits. */
  get bytes(): number {
    let total = 0;
    for (const bits of this.#bits) total += bits?.byteLength ?? 0;
    return total;
  }

  has(address: number): boolean {
    const bits = this.#bits[Heap.pageIndex(address)];
    if (bits === undefined) return false;
    const granule = Heap.byteOffset(address) >> GRANULE_SHIFT;
    const word = granule >>> 5;
    return word < bits.length && (bits[word]! & (1 << (granule & 31))) !== 0;
  }

  add(heap: Heap, address: number): void {
    if (this.has(address)) return;
    const page = Heap.pageIndex(address);
    const granule = Heap.byteOffset(address) >> GRANULE_SHIFT;
    const word = granule >>> 5;
    let bits = this.#bits[page] ?? NO_BITS;
    if (word >= bits.length) {
      // A block that has a page of its own begins at its first byte.
      const needed = granule === 0 ? 1 : Math.ceil(heap.bytesOf(address).length / (32 << GRANULE_SHIFT));
      const grown = new Int32Array(needed);
      grown.set(bits);
      bits = grown;
      while (this.#bits.length < page) this.#bits.push(NO_BITS);
      this.#bits[page] = bits;
    }
    bits[word]! |= 1 << (granule & 31);
    this.#size++;
  }

  /** @returns whether it was a member. */
  delete(address: number): boolean {
    if (!this.has(address)) return false;
    const granule = Heap.byteOffset(address) >> GRANULE_SHIFT;
    this.#bits[Heap.pageIndex(address)]![granule >>> 5]! &= ~(1 << (granule & 31));
    this.#size--;
    return true;
  }
}
