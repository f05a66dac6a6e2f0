/**
 * Values as RDB files and DUMP payloads have them (rdb.c rdbSaveObject). What is packed goes out as it lies in memory.
 * Anything that can be long is written in pieces: an encoder takes up where it stopped. The value must not change in
 * between, nor be freed.
 *
 * When you add a type, add its number here and its loader in value-loader.ts.
 */
import type { Database } from '../../data/database.ts';
import { DictWalk } from '../../data/dict-walk.ts';
import type { HashValue } from '../../data/hash-value.ts';
import { NONE } from '../../data/heap.ts';
import type { ListValue } from '../../data/list-value.ts';
import type { SetValue } from '../../data/set-value.ts';
import type { StreamValue } from '../../data/stream-value.ts';
import { KIND, type Kind } from '../../data/value.ts';
import { ByteRange } from '../../data/zset-reader.ts';
import type { ZsetValue } from '../../data/zset-value.ts';
import type { ByteSink } from './byte-sink.ts';
import { NODE_PACKED, NODE_PLAIN, TYPE } from './format.ts';
import { LONG_STRING_BYTES, PieceEncoder, StringEncoder, type ValueEncoder } from './piece-encoder.ts';
import { StreamEncoder } from './stream-encoder.ts';

const LARGE_TYPES: Record<Kind, number> = {
  [KIND.string]: TYPE.string,
  [KIND.list]: TYPE.listQuicklist2,
  [KIND.set]: TYPE.set,
  [KIND.zset]: TYPE.zsetBinary,
  [KIND.hash]: TYPE.hash,
  [KIND.stream]: TYPE.streamListpacks2,
};

const PACKED_TYPES: Record<Kind, number> = {
  ...LARGE_TYPES,
  [KIND.set]: TYPE.setIntset,
  [KIND.zset]: TYPE.zsetListpack,
  [KIND.hash]: TYPE.hashListpack,
};

/** The number by which a value's form is known. */
export function typeOfValue(db: Database, entry: number): number {
  return (db.isPacked(entry) ? PACKED_TYPES : LARGE_TYPES)[db.kind(entry)];
}

/**
 * Starts to write a value.
 * @returns what writes the rest of it; null if it was short and is complete.
 */
export function startValue(sink: ByteSink, db: Database, entry: number): ValueEncoder | null {
  if (!db.isPacked(entry)) return encoderOf(sink, db, entry);
  const at = db.valueOffset(entry);
  const length = db.length(entry);
  if (length >= LONG_STRING_BYTES) return new StringEncoder(sink, db.bytes(entry), at, at + length);
  sink.string(db.bytes(entry), at, at + length);
  return null;
}

function encoderOf(sink: ByteSink, db: Database, entry: number): ValueEncoder {
  const value = db.object(entry);
  switch (value.kind) {
    case KIND.list:
      return new ListEncoder(sink, value as ListValue);
    case KIND.set:
      return new SetEncoder(sink, db, value as SetValue);
    case KIND.hash:
      return new HashEncoder(sink, db, value as HashValue);
    case KIND.zset:
      return new ZsetEncoder(sink, value as ZsetValue);
    default:
      return new StreamEncoder(sink, value as StreamValue);
  }
}

class ListEncoder extends PieceEncoder {
  readonly #list: ListValue;
  #next = 0;

  constructor(sink: ByteSink, list: ListValue) {
    super(sink);
    this.#list = list;
    sink.length(list.nodeCount);
  }

  protected step(): boolean {
    const list = this.#list;
    if (this.#next === list.nodeCount) return false;
    this.sink.length(list.isPlain(this.#next) ? NODE_PLAIN : NODE_PACKED);
    // What is one element alone is written as it is; a listpack never looks like an integer.
    this.string(list.nodeBytes(this.#next++));
    return true;
  }
}

abstract class DictEncoder extends PieceEncoder {
  protected readonly db: Database;
  readonly #walk: DictWalk;

  constructor(sink: ByteSink, db: Database, value: SetValue | HashValue) {
    super(sink);
    this.db = db;
    sink.length(value.size);
    this.#walk = new DictWalk(value.dict);
  }

  protected step(): boolean {
    const record = this.#walk.next();
    if (record === NONE) return false;
    this.writeRecord(record);
    return true;
  }

  protected abstract writeRecord(record: number): void;

  override close(): void {
    super.close();
    this.#walk.close();
  }
}

class SetEncoder extends DictEncoder {
  protected writeRecord(record: number): void {
    const at = this.db.keyOffset(record);
    this.string(this.db.bytes(record), at, at + this.db.keyLength(record));
  }
}

class HashEncoder extends DictEncoder {
  /** The record of which the value is still to be written. */
  #open = NONE;

  protected override step(): boolean {
    if (this.#open === NONE) return super.step();
    this.#writeValue(this.#open);
    this.#open = NONE;
    return true;
  }

  protected writeRecord(record: number): void {
    const { db } = this;
    if (this.string(db.bytes(record), db.keyOffset(record), db.valueOffset(record))) this.#writeValue(record);
    else this.#open = record;
  }

  #writeValue(record: number): void {
    const { db } = this;
    const value = db.valueOffset(record);
    this.string(db.bytes(record), value, value + db.length(record));
  }
}

/** The highest first: so a reader that adds each one at the head needs no search. */
class ZsetEncoder extends PieceEncoder {
  readonly #set: ZsetValue;
  readonly #range = new ByteRange();
  #member: number;
  /** The member of which the score is still to be written. */
  #open = NONE;

  constructor(sink: ByteSink, set: ZsetValue) {
    super(sink);
    this.#set = set;
    this.#member = set.last;
    sink.length(set.size);
  }

  protected step(): boolean {
    if (this.#open !== NONE) {
      this.sink.double(this.#set.score(this.#open));
      this.#open = NONE;
      return true;
    }
    const member = this.#member;
    if (member === NONE) return false;
    const range = this.#range;
    this.#set.locate(member, range);
    this.#member = this.#set.previous(member);
    if (this.string(range.bytes, range.start, range.end)) this.sink.double(this.#set.score(member));
    else this.#open = member;
    return true;
  }
}
