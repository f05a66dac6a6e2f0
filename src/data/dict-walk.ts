/**
 * Visits the records of a dict one by one, at the pace of whoever asks. The dict is held meanwhile: it may be read, but
 * it must not be changed until the walk is closed.
 */
import type { Dict } from './dict.ts';
import { Heap, NONE } from './heap.ts';
import { NEXT } from './record.ts';

export class DictWalk {
  readonly #dict: Dict;
  #table: Int32Array;
  #isSecond = false;
  #bucket = 0;
  #address = NONE;
  #isOpen = true;

  constructor(dict: Dict) {
    this.#dict = dict;
    dict.hold();
    this.#table = dict.tables[0];
  }

  /** The next record, or NONE after the last one; then the walk is closed. */
  next(): number {
    if (this.#address !== NONE) {
      this.#address = this.#dict.heap.wordsOf(this.#address)[Heap.wordOffset(this.#address) + NEXT]!;
    }
    while (this.#address === NONE) {
      if (this.#bucket < this.#table.length) this.#address = this.#table[this.#bucket++]!;
      else if (this.#isSecond || !this.#isOpen) {
        this.close();
        return NONE;
      } else {
        this.#table = this.#dict.tables[1];
        this.#isSecond = true;
        this.#bucket = 0;
      }
    }
    return this.#address;
  }

  close(): void {
    if (this.#isOpen) this.#dict.release();
    this.#isOpen = false;
    this.#address = NONE;
    this.#bucket = this.#table.length;
  }
}
