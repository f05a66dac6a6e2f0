/**
 * String values as Redis reports and counts them.
 *
 * Every string is bytes in its record. The encoding that OBJECT ENCODING shows is worked out when it is asked for:
 * a value that spells an int64 is "int", one of up to 44 bytes "embstr", a longer one "raw", as redis-server stores
 * them. Two flags keep the exceptions: strings that were changed in place are "raw" however short they are, and what
 * INCRBYFLOAT stores is never "int".
 */
import { parseInt64, parseInteger, writeBigInteger, writeInteger } from '../core/integer.ts';
import type { Database } from './database.ts';
import { Heap } from './heap.ts';
import { KIND_MASK, keyLengthAt, keyOffsetAt, LENGTH, META, OBJECT, RAW, TEXT } from './record.ts';
import { KIND } from './value.ts';

const EMBEDDED_BYTES_MAX = 44;

export type StringEncoding = 'int' | 'embstr' | 'raw';

export function stringEncoding(db: Database, entry: number): StringEncoding {
  if (db.isRaw(entry)) return 'raw';
  if (!db.isText(entry) && !Number.isNaN(integerOf(db, entry))) return 'int';
  return db.length(entry) <= EMBEDDED_BYTES_MAX ? 'embstr' : 'raw';
}

/** The integer that a string spells, as `parseInteger` gives it: NaN if it is none, ±Infinity if it is too big. */
export function integerOf(db: Database, entry: number): number {
  const { heap } = db.keyspace;
  const words = heap.wordsOf(entry);
  const record = Heap.wordOffset(entry);
  const at = keyOffsetAt(words, record) + keyLengthAt(words, record);
  return parseInteger(heap.bytesOf(entry), at, at + words[record + LENGTH]!);
}

/** The int64 that a string spells, or null. */
export function int64Of(db: Database, entry: number): bigint | null {
  const at = db.valueOffset(entry);
  return parseInt64(db.bytes(entry), at, at + db.length(entry));
}

/**
 * Puts an integer in the place of a string, keeping its expire time. Where the length stays the same, as it nearly
 * always does when something is counted, the digits are written over the old ones.
 * @param length how many bytes the integer takes.
 * @returns the entry.
 */
export function overwriteWithInteger(db: Database, entry: number, value: number | bigint, length: number): number {
  const { heap } = db.keyspace;
  const words = heap.wordsOf(entry);
  const record = Heap.wordOffset(entry);
  const isPlain = (words[record + META]! & (KIND_MASK | OBJECT | RAW | TEXT)) === KIND.string;
  let address = entry;
  if (isPlain && words[record + LENGTH] === length) heap.own(entry);
  else address = db.overwriteWithString(entry, length, true);
  const at = db.valueOffset(address);
  if (typeof value === 'number') writeInteger(heap.bytesOf(address), at, value);
  else writeBigInteger(heap.bytesOf(address), at, value);
  return address;
}
