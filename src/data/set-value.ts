/** A large set: members are keys of a dict, records have no value. Sets of few integers: set-entry.ts. */
import { DictValue } from './dict-value.ts';
import { keyOffsetAt, keyLengthAt } from './record.ts';
import { Heap, NONE } from './heap.ts';
import { KIND } from './value.ts';

/** Called with a member as a range of bytes that is valid until it returns; false ends the walk. */
export type MemberVisitor = (bytes: Uint8Array, start: number, end: number) => boolean | void;

export class SetValue extends DictValue {
  get kind(): typeof KIND.set {
    return KIND.set;
  }

  has(bytes: Uint8Array, start: number, end: number): boolean {
    return this.dict.find(bytes, start, end) !== NONE;
  }

  /** Adds the member bytes[start..end). @returns whether it is new. */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.dict.find(bytes, start, end) !== NONE) return false;
    this.dict.insert(bytes, start, end, 0, 0);
    return true;
  }

  /** Calls `visit` for every member, until it says false. */
  each(visit: MemberVisitor): void {
    const { heap } = this.dict;
    this.dict.every((record) => {
      const words = heap.wordsOf(record);
      const at = Heap.wordOffset(record);
      const start = keyOffsetAt(words, at);
      return visit(heap.bytesOf(record), start, start + keyLengthAt(words, at)) !== false;
    });
  }

  clone(): SetValue {
    const copy = new SetValue(this.keyspace);
    copy.dict.reserve(this.size);
    this.each((bytes, start, end) => void copy.add(bytes, start, end));
    return copy;
  }
}
