/**
 * A deque of heap addresses in one circular array: both ends in O(1), any index in O(1), and in the middle the shorter
 * side moves. Addresses are small integers to the engine, so the garbage collector finds nothing to follow in it.
 *
 * A list of one node, which most lists are, has an array of one slot.
 */
import { NONE } from './heap.ts';

const SLOT_BYTES = 8;

export class NodeDeque {
  /** A power of two of slots. */
  #slots: number[] = [NONE];
  #head = 0;
  #count = 0;

  get nodeCount(): number {
    return this.#count;
  }

  protected get tableBytes(): number {
    return this.#slots.length * SLOT_BYTES;
  }

  protected node(index: number): number {
    return this.#slots[(this.#head + index) & (this.#slots.length - 1)]!;
  }

  protected setNode(index: number, address: number): void {
    this.#slots[(this.#head + index) & (this.#slots.length - 1)] = address;
  }

  /** Puts a node before the one at an index; the number of nodes puts it behind the last. */
  protected insertNode(index: number, address: number): void {
    if (this.#count === this.#slots.length) this.#resize(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    this.#count++;
    if (index < this.#count >> 1) {
      this.#head = (this.#head - 1) & mask;
      for (let i = 0; i < index; i++) this.setNode(i, this.node(i + 1));
    } else for (let i = this.#count - 1; i > index; i--) this.setNode(i, this.node(i - 1));
    this.setNode(index, address);
  }

  protected removeNode(index: number): void {
    if (index < this.#count >> 1) {
      for (let i = index; i > 0; i--) this.setNode(i, this.node(i - 1));
      this.#head = (this.#head + 1) & (this.#slots.length - 1);
    } else for (let i = index; i < this.#count - 1; i++) this.setNode(i, this.node(i + 1));
    this.#count--;
    if (this.#count * 4 <= this.#slots.length && this.#slots.length > 1) this.#resize(this.#slots.length >> 1);
  }

  #resize(length: number): void {
    const slots: number[] = [];
    for (let i = 0; i < length; i++) slots.push(i < this.#count ? this.node(i) : NONE);
    this.#slots = slots;
    this.#head = 0;
  }
}
