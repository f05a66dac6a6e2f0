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
import { LZF_GAIN_BYTES, NODE_PACKED, NODE_PLAIN, TYPE, UNCOMPRESSED_BYTES_MAX } from './format.ts';
import { StreamEncoder } from './stream-encoder.ts';

/** A value under way. */
export interface ValueEncoder {
  /** Writes until the sink has taken `position` bytes or more. @returns whether the value is complete. */
  writeTo(position: number): boolean;
  /** Lets go of a value that is not going to be completed. */
  close(): void;
}

/** A string from here on is written in pieces. */
const LONG_STRING_BYTES = 1 << 16;

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

class StringEncoder implements ValueEncoder {
  readonly #sink: ByteSink;
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;
  #compresses: boolean;

  constructor(sink: ByteSink, bytes: Uint8Array, start: number, end: number) {
    this.#sink = sink;
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#compresses = sink.compresses && end - start > UNCOMPRESSED_BYTES_MAX;
    if (this.#compresses) this.#startToCompress();
    else sink.length(end - start);
  }

  /** The compressor serves nobody else before the value is complete. */
  #startToCompress(): void {
    this.#sink.compressor.start(this.#bytes, this.#at, this.#end, this.#end - this.#at - LZF_GAIN_BYTES);
  }

  writeTo(position: number): boolean {
    const sink = this.#sink;
    if (this.#compresses) {
      const { compressor } = sink;
      const compressed = compressor.run(Math.max(1, position - sink.writtenBytes));
      if (compressed < 0) return false;
      const length = this.#end - this.#at;
      if (compressed > 0) sink.compressed(compressor.result, compressed, length);
      else sink.length(length);
      this.close();
      if (compressed > 0) return true;
    }
    while (this.#at < this.#end && sink.writtenBytes < position) {
      const next = Math.min(this.#at + LONG_STRING_BYTES, this.#end);
      sink.raw(this.#bytes, this.#at, next);
      this.#at = next;
    }
    return this.#at === this.#end;
  }

  close(): void {
    if (this.#compresses) this.#sink.compressor.finish();
    this.#compresses = false;
  }
}

class ListEncoder implements ValueEncoder {
  readonly #sink: ByteSink;
  readonly #list: ListValue;
  #next = 0;

  constructor(sink: ByteSink, list: ListValue) {
    this.#sink = sink;
    this.#list = list;
    sink.length(list.nodeCount);
  }

  writeTo(position: number): boolean {
    const sink = this.#sink;
    const list = this.#list;
    while (this.#next < list.nodeCount && sink.writtenBytes < position) {
      sink.length(list.isPlain(this.#next) ? NODE_PLAIN : NODE_PACKED);
      const node = list.nodeBytes(this.#next++);
      // What is one element alone is written as it is; a listpack never looks like an integer.
      sink.string(node);
    }
    return this.#next === list.nodeCount;
  }

  close(): void {}
}

abstract class DictEncoder implements ValueEncoder {
  protected readonly sink: ByteSink;
  protected readonly db: Database;
  readonly #walk: DictWalk;

  constructor(sink: ByteSink, db: Database, value: SetValue | HashValue) {
    this.sink = sink;
    this.db = db;
    sink.length(value.size);
    this.#walk = new DictWalk(value.dict);
  }

  protected abstract writeRecord(record: number): void;

  writeTo(position: number): boolean {
    const { sink } = this;
    while (sink.writtenBytes < position) {
      const record = this.#walk.next();
      if (record === NONE) return true;
      this.writeRecord(record);
    }
    return false;
  }

  close(): void {
    this.#walk.close();
  }
}

class SetEncoder extends DictEncoder {
  protected writeRecord(record: number): void {
    const at = this.db.keyOffset(record);
    this.sink.string(this.db.bytes(record), at, at + this.db.keyLength(record));
  }
}

class HashEncoder extends DictEncoder {
  protected writeRecord(record: number): void {
    const { db, sink } = this;
    const bytes = db.bytes(record);
    const value = db.valueOffset(record);
    sink.string(bytes, db.keyOffset(record), value);
    sink.string(bytes, value, value + db.length(record));
  }
}

/** The highest first: so a reader that adds each one at the head needs no search. */
class ZsetEncoder implements ValueEncoder {
  readonly #sink: ByteSink;
  readonly #set: ZsetValue;
  readonly #range = new ByteRange();
  #member: number;

  constructor(sink: ByteSink, set: ZsetValue) {
    this.#sink = sink;
    this.#set = set;
    this.#member = set.last;
    sink.length(set.size);
  }

  writeTo(position: number): boolean {
    const sink = this.#sink;
    const range = this.#range;
    while (this.#member !== NONE && sink.writtenBytes < position) {
      this.#set.locate(this.#member, range);
      sink.string(range.bytes, range.start, range.end);
      sink.double(this.#set.score(this.#member));
      this.#member = this.#set.previous(this.#member);
    }
    return this.#member === NONE;
  }

  close(): void {}
}
