/** Inputs of the operations on several sorted sets: sorted sets, sets (whose members all score 1), and missing keys. */
import { fail, WRONG_TYPE } from '../core/errors.ts';
import type { Database } from '../data/database.ts';
import { NONE } from '../data/heap.ts';
import { eachMember, isMember, setSize } from '../data/set-entry.ts';
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

/** The source under a key argument. */
export function sourceAt(c: Context, index: number): Source {
  const { db } = c;
  const entry = c.read(index);
  if (entry === NONE) return nothing;
  const kind = db.kind(entry);
  if (kind === KIND.zset) return new SortedSource(zsetAt(db, entry), entry);
  return kind === KIND.set ? new SetSource(db, entry) : fail(WRONG_TYPE);
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
  readonly #db: Database;
  readonly entry: number;

  constructor(db: Database, entry: number) {
    this.#db = db;
    this.entry = entry;
  }

  get size(): number {
    return setSize(this.#db, this.entry);
  }

  forEach(visit: Visit): void {
    eachMember(this.#db, this.entry, (bytes, start, end) => visit(bytes, start, end, SET_SCORE));
  }

  scoreOf(bytes: Uint8Array, start: number, end: number): number {
    return isMember(this.#db, this.entry, bytes, start, end) ? SET_SCORE : NaN;
  }
}
