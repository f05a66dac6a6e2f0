/**
 * Looks through a list for one string, from either end: `next` moves on to the next element that equals it. What was
 * found may be removed, if the search is told.
 */
import { isBigInteger, parseInteger } from '../core/integer.ts';
import { isPlainNode, nodeSize, nodeStart } from './list-node.ts';
import type { ListPlace, ListValue } from './list-value.ts';
import {
  elementBytes,
  elementCount,
  integerOfElement,
  isElement,
  isIntegerElement,
  previousElement,
  seekElement,
} from './listpack.ts';
import { NO_ELEMENT } from './listpack-format.ts';

export class ListSearch implements ListPlace {
  /** Place of the element that was found. */
  node = 0;
  offset = 0;
  /** Number of elements that were looked at, the one that was found included. */
  seen = 0;
  readonly #list: ListValue;
  readonly #step: 1 | -1;
  readonly #source: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  /** What is searched, if it is an integer that a number can hold. */
  readonly #value: number;
  /** The element to look at next: its index in the node, and its position if that is known. */
  #next = 0;
  #p = NO_ELEMENT;

  constructor(list: ListValue, fromTail: boolean, source: Uint8Array, start: number, end: number) {
    this.#list = list;
    this.#step = fromTail ? -1 : 1;
    this.#source = source;
    this.#start = start;
    this.#end = end;
    const value = parseInteger(source, start, end);
    this.#value = isBigInteger(value) ? NaN : value;
    this.#enter(fromTail ? list.nodeCount - 1 : 0);
  }

  #enter(node: number): void {
    const list = this.#list;
    this.node = node;
    this.#p = NO_ELEMENT;
    this.#next = this.#step === 1 || node < 0 ? 0 : nodeSize(list.heap, list.nodeAt(node)) - 1;
  }

  /** Finds the next one. @param limit elements to look at, from the beginning of the search. */
  next(limit = Infinity): boolean {
    const list = this.#list;
    while (this.node >= 0 && this.node < list.nodeCount) {
      const isPlain = isPlainNode(list.heap, list.nodeAt(this.node));
      if (isPlain ? this.#searchPlain(limit) : this.#searchPacked(limit)) return true;
      if (this.seen >= limit) return false;
      this.#enter(this.node + this.#step);
    }
    return false;
  }

  #searchPlain(limit: number): boolean {
    if (this.#next !== 0 || this.seen >= limit) return false;
    this.#next = this.#step;
    this.seen++;
    this.offset = 0;
    const element = this.#list.nodeBytes(this.node);
    return element.equals(this.#source.subarray(this.#start, this.#end));
  }

  #searchPacked(limit: number): boolean {
    const list = this.#list;
    const address = list.nodeAt(this.node);
    const bytes = list.heap.bytesOf(address);
    const at = nodeStart(list.heap, address);
    const count = elementCount(bytes, at);
    let offset = this.#next;
    let p = this.#p === NO_ELEMENT ? seekElement(bytes, at, offset) : this.#p;
    for (; offset >= 0 && offset < count && this.seen < limit; offset += this.#step) {
      const isMatch = this.#isMatch(bytes, p);
      p = this.#step === 1 ? p + elementBytes(bytes, p) : previousElement(bytes, at, p);
      this.seen++;
      if (!isMatch) continue;
      this.offset = offset;
      this.#next = offset + this.#step;
      this.#p = p;
      return true;
    }
    this.#next = offset;
    this.#p = p;
    return false;
  }

  #isMatch(bytes: Uint8Array, p: number): boolean {
    if (isIntegerElement(bytes, p) && integerOfElement(bytes, p) === this.#value) return true;
    return isElement(bytes, p, this.#source, this.#start, this.#end);
  }

  /** What was found was removed. @param nodeGone and its node with it. */
  removed(nodeGone: boolean): void {
    this.#p = NO_ELEMENT;
    if (nodeGone) this.#enter(this.#step === 1 ? this.node : this.node - 1);
    else if (this.#step === 1) this.#next = this.offset;
  }
}
