/** A listpack in the making, in a buffer that grows. */
import { elementCount, listpackBytes } from '../../data/listpack.ts';
import { appendElement, bytesForElement, writeEmptyListpack } from '../../data/listpack-edit.ts';
import { EMPTY_LISTPACK_BYTES, LISTPACK_BYTES_MAX } from '../../data/listpack-format.ts';

export class ListpackBuilder {
  #bytes: Buffer;

  /** @param roomBytes that it will take, roughly. */
  constructor(roomBytes: number) {
    this.#bytes = Buffer.allocUnsafe(Math.max(roomBytes, EMPTY_LISTPACK_BYTES));
    writeEmptyListpack(this.#bytes, 0);
  }

  get length(): number {
    return listpackBytes(this.#bytes, 0);
  }

  /** Number of elements. */
  get count(): number {
    return elementCount(this.#bytes, 0);
  }

  /** The listpack; it begins at 0 and ends at `length`. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Whether so many bytes more keep it within what commands allow. */
  takes(bytes: number): boolean {
    return this.length + bytes <= LISTPACK_BYTES_MAX;
  }

  append(source: Uint8Array, start: number, end: number): void {
    const needed = this.length + bytesForElement(source, start, end);
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(needed + (needed >> 1));
      this.#bytes.copy(grown, 0, 0, this.length);
      this.#bytes = grown;
    }
    appendElement(this.#bytes, 0, source, start, end);
  }
}
