/** Whether bytes that came from outside are a node of a stream; stream-node.ts says what that is. */
import { integerOfElement, isIntegerElement, isValidListpack, nextElement } from '../../data/listpack.ts';
import { HEADER_BYTES, NO_ELEMENT } from '../../data/listpack-format.ts';
import { DELETED, SAME_FIELDS } from '../../data/stream-node.ts';

/** Flags, the two distances of the ID. */
const FIXED_ELEMENTS = 3;

export function isStreamNode(bytes: Uint8Array, at: number, length: number): boolean {
  if (!isValidListpack(bytes, at, length, true)) return false;
  return new NodeCheck(bytes, at).passes();
}

/** The flags of the entry behind the one whose flags are at `p`, or NO_ELEMENT. Only in a node that is valid. */
export function entryBehind(bytes: Uint8Array, at: number, p: number): number {
  let rest = nextElement(bytes, nextElement(bytes, nextElement(bytes, p)));
  let left: number;
  if ((integerOfElement(bytes, p) & SAME_FIELDS) === 0) {
    left = integerOfElement(bytes, rest) * 2;
    rest = nextElement(bytes, rest);
  } else left = integerOfElement(bytes, fieldCountElement(bytes, at));
  for (; left > 0; left--) rest = nextElement(bytes, rest);
  return nextElement(bytes, rest);
}

function fieldCountElement(bytes: Uint8Array, at: number): number {
  return nextElement(bytes, nextElement(bytes, at + HEADER_BYTES));
}

/** Walks from element to element; `#at` is NO_ELEMENT behind the last one. */
class NodeCheck {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at + HEADER_BYTES;
  }

  passes(): boolean {
    const live = this.#count();
    const deleted = this.#count();
    const fields = this.#count();
    if (live < 0 || deleted < 0 || fields < 0 || !this.#skip(fields) || this.#count() !== 0) return false;
    let present = 0;
    for (let left = live + deleted; left > 0; left--) {
      const flags = this.#entry(fields);
      if (flags < 0) return false;
      if ((flags & DELETED) === 0) present++;
    }
    return this.#at === NO_ELEMENT && present === live && live + deleted > 0;
  }

  /** Takes an element that is not negative; -1 if there is none. */
  #count(): number {
    const value = this.#integer();
    return value >= 0 && Number.isSafeInteger(value) ? value : -1;
  }

  /** Takes an integer; NaN if there is none. */
  #integer(): number {
    const p = this.#at;
    if (p === NO_ELEMENT || !isIntegerElement(this.#bytes, p)) return NaN;
    this.#at = nextElement(this.#bytes, p);
    return integerOfElement(this.#bytes, p);
  }

  #skip(count: number): boolean {
    for (let left = count; left > 0; left--) {
      if (this.#at === NO_ELEMENT) return false;
      this.#at = nextElement(this.#bytes, this.#at);
    }
    return true;
  }

  /** Takes an entry. @returns its flags; -1 if there is none. */
  #entry(masterFields: number): number {
    const flags = this.#count();
    if (flags < 0 || Number.isNaN(this.#integer()) || Number.isNaN(this.#integer())) return -1;
    let elements = FIXED_ELEMENTS + masterFields;
    if ((flags & SAME_FIELDS) === 0) {
      const fields = this.#count();
      if (fields < 0) return -1;
      elements = FIXED_ELEMENTS + 1 + 2 * fields;
      if (!this.#skip(2 * fields)) return -1;
    } else if (!this.#skip(masterFields)) return -1;
    return this.#count() === elements ? flags : -1;
  }
}
