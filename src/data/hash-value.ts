/** A large hash: fields are keys of a dict, values stand behind them in the records. Small ones: hash-entry.ts. */
import { copyRecord } from './copy-record.ts';
import { copyBytes } from '../core/copy-bytes.ts';
import { DictValue } from './dict-value.ts';
import { Heap, NONE } from './heap.ts';
import { keyLengthAt, keyOffsetAt, LENGTH, overheadBytes } from './record.ts';
import { KIND } from './value.ts';

/** A block is reused for a smaller value while no more than this share of it is wasted. */
const REUSE_DIVISOR = 2;

export class HashValue extends DictValue {
  get kind(): typeof KIND.hash {
    return KIND.hash;
  }

  /** The record of the field bytes[start..end), or NONE. */
  find(bytes: Uint8Array, start: number, end: number): number {
    return this.dict.find(bytes, start, end);
  }

  /** Sets the field source[start..end) to the value valueSource[valueStart..valueEnd). */
  set(
    source: Uint8Array,
    start: number,
    end: number,
    valueSource: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const { dict } = this;
    const length = valueEnd - valueStart;
    const found = dict.find(source, start, end);
    const record = found === NONE ? dict.insert(source, start, end, length, 0) : this.resize(found, length);
    const words = dict.heap.wordsOf(record);
    const at = Heap.wordOffset(record);
    const target = keyOffsetAt(words, at) + keyLengthAt(words, at);
    copyBytes(valueSource, valueStart, valueEnd, dict.heap.bytesOf(record), target);
  }

  /** Gives a field a value of another length, whose bytes the caller fills in. @returns the record. */
  resize(record: number, length: number): number {
    const { heap } = this.dict;
    const words = heap.wordsOf(record);
    const at = Heap.wordOffset(record);
    const needed = overheadBytes(keyLengthAt(words, at), false) + length;
    const capacity = heap.capacity(record);
    if (needed <= capacity && needed * REUSE_DIVISOR >= capacity) {
      // A long value may have been lent to a reply.
      heap.own(record);
      heap.wordsOf(record)[at + LENGTH] = length;
      return record;
    }
    const target = heap.allocate(needed);
    copyRecord(heap, record, target, length, 0, 0);
    this.dict.replace(record, target);
    return target;
  }

  clone(): HashValue {
    const copy = new HashValue(this.keyspace);
    const { heap } = this.dict;
    copy.dict.reserve(this.size);
    this.dict.forEach((record) => {
      const words = heap.wordsOf(record);
      const at = Heap.wordOffset(record);
      const key = keyOffsetAt(words, at);
      const value = key + keyLengthAt(words, at);
      const bytes = heap.bytesOf(record);
      copy.set(bytes, key, value, bytes, value, value + words[at + LENGTH]!);
    });
    return copy;
  }
}
