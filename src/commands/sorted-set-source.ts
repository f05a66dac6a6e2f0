/** Inputs of the operations on several sorted sets: sorted sets, sets (whose members all score 1), and missing keys. */
import { fail, WRONG_TYPE } from '../core/errors.ts';
import { isBigInteger, parseInt64, parseInteger } from '../core/integer.ts';
import { Dict } from '../data/dict.ts';
import type { DictValue } from '../data/dict-value.ts';
import { Heap, NONE } from '../data/heap.ts';
import { copyMember, intsetLength, searchMember } from '../data/intset.ts';
import { keyLengthAt, keyOffsetAt } from '../data/record.ts';
import { KIND } from '../data/value.ts';
import { zsetAt } from '../data/zset-entry.ts';
import { ByteRange, type ZsetReader } from '../data/zset-reader.ts';
import type { Context } from './context.ts';

/** @returns whether to go on. */
export type Visit = (bytes: Uint8Array, start: number, end: number, score: number) => boolean;

export interface Source {
  readonly size: number;
  /** The key that it stands for: two sources of one key are the same. */
  readonly entry: number;
  forEach(visit: Visit): void;
  /** NaN for what is no member. */
  scoreOf(bytes: Uint8Array, start: number, end: number): number;
}

const SET_SCORE = 1;
const DIGITS = 24;

/** The source under a key argument. */
export function sourceAt(c: Context, index: number): Source {
  const { db } = c;
  const entry = c.read(index);
  if (entry === NONE) return nothing;
  const kind = db.kind(entry);
  if (kind === KIND.zset) return new SortedSource(zsetAt(db, entry), entry);
  if (kind !== KIND.set) fail(WRONG_TYPE);
  if (!db.isPacked(entry)) return new SetSource((db.object(entry) as DictValue).dict, entry);
  return new IntegersSource(db.bytes(entry), db.valueOffset(entry), entry);
}

const nothing: Source = { size: 0, entry: NONE, forEach: () => {}, scoreOf: () => NaN };

class SortedSource implements Source {
  readonly #set: ZsetReader;
  readonly entry: number;

  constructor(set: ZsetReader, entry: number) {
    this.#set = set;
    this.entry = entry;
  }

  get size(): number {
    return this.#set.size;
  }

  /** From the last to the first: in this order members are cheap to add to another sorted set. */
  forEach(visit: Visit): void {
    const set = this.#set;
    const range = new ByteRange();
    for (let member = set.last; member !== NONE; member = set.previous(member)) {
      set.locate(member, range);
      if (!visit(range.bytes, range.start, range.end, set.score(member))) return;
    }
  }

  scoreOf(bytes: Uint8Array, start: number, end: number): number {
    const member = this.#set.find(bytes, start, end);
    return member === NONE ? NaN : this.#set.score(member);
  }
}

class SetSource implements Source {
  readonly #dict: Dict;
  readonly entry: number;

  constructor(dict: Dict, entry: number) {
    this.#dict = dict;
    this.entry = entry;
  }

  get size(): number {
    return this.#dict.size;
  }

  forEach(visit: Visit): void {
    const { heap } = this.#dict;
    let goesOn = true;
    this.#dict.forEach((record) => {
      if (!goesOn) return;
      const words = heap.wordsOf(record);
      const at = Heap.wordOffset(record);
      const key = keyOffsetAt(words, at);
      goesOn = visit(heap.bytesOf(record), key, key + keyLengthAt(words, at), SET_SCORE);
    });
  }

  scoreOf(bytes: Uint8Array, start: number, end: number): number {
    return this.#dict.find(bytes, start, end) === NONE ? NaN : SET_SCORE;
  }
}

class IntegersSource implements Source {
  readonly #bytes: Uint8Array;
  readonly #at: number;
  readonly entry: number;

  constructor(bytes: Uint8Array, at: number, entry: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.entry = entry;
  }

  get size(): number {
    return intsetLength(this.#bytes, this.#at);
  }

  forEach(visit: Visit): void {
    const digits = Buffer.allocUnsafe(DIGITS);
    const { size } = this;
    for (let i = 0; i < size; i++) {
      if (!visit(digits, 0, copyMember(this.#bytes, this.#at, i, digits, 0), SET_SCORE)) return;
    }
  }

  scoreOf(bytes: Uint8Array, start: number, end: number): number {
    const value = parseInteger(bytes, start, end);
    if (Number.isNaN(value)) return NaN;
    const member = isBigInteger(value) ? parseInt64(bytes, start, end)! : value;
    return searchMember(this.#bytes, this.#at, member) < 0 ? NaN : SET_SCORE;
  }
}
