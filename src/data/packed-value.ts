/**
 * Small collections where they live: a listpack or an intset as the value bytes of an entry. The functions here change
 * the bytes and the room for them together.
 *
 * A place in a value is given as an offset from the value's first byte (`p - db.valueOffset(entry)`), because an entry
 * that grows or shrinks may move: every function returns the entry as it is then, and what the caller knew about it
 * (bytes, positions) is void. What is written comes from elsewhere: from the request or from a copy, never from the
 * heap that is being changed.
 *
 * A value that becomes too large for its packed form is taken over by `db.replaceWithObject(entry, large, true)`, which
 * keeps key, expire time and usage.
 */
import type { Database } from './database.ts';
import { insertMember, intsetBytesWith, intsetBytes, removeMember } from './intset.ts';
import { bytesOfElements, elementBytes, listpackBytes } from './listpack.ts';
import {
  bytesForElement,
  bytesForInteger,
  spliceListpack,
  writeElement,
  writeIntegerElement,
} from './listpack-edit.ts';

const SPARE_BYTES_MAX = 1 << 20;
const QUARTERED_BYTES_MAX = 1024;

/** Small blocks come in sizes a quarter apart, which is room enough; of the others, values that grow get an eighth more. */
function spareBytes(length: number): number {
  return length > QUARTERED_BYTES_MAX ? Math.min(length >> 3, SPARE_BYTES_MAX) : 0;
}

/**
 * Replaces `removed` bytes of a listpack by `inserted` ones, which the caller fills with elements at the same offset.
 * @param countChange how many more elements there are afterwards.
 */
export function spliceEntry(
  db: Database,
  entry: number,
  offset: number,
  removed: number,
  inserted: number,
  countChange: number,
): number {
  if (inserted === removed && countChange === 0) {
    db.keyspace.heap.own(entry);
    return entry;
  }
  const length = db.length(entry) - removed + inserted;
  let result = entry;
  if (inserted < removed) db.keyspace.heap.own(entry);
  else result = db.resize(entry, length, spareBytes(length));
  const at = db.valueOffset(result);
  spliceListpack(db.bytes(result), at, at + offset, removed, inserted, countChange);
  return inserted < removed ? db.resize(result, length, 0) : result;
}

/** Inserts the string source[start..end) before the element (or the end mark) at an offset. */
export function insertIntoEntry(
  db: Database,
  entry: number,
  offset: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  const result = spliceEntry(db, entry, offset, 0, bytesForElement(source, start, end), 1);
  writeElement(db.bytes(result), db.valueOffset(result) + offset, source, start, end);
  return result;
}

export function appendToEntry(db: Database, entry: number, source: Uint8Array, start: number, end: number): number {
  return insertIntoEntry(db, entry, db.length(entry) - 1, source, start, end);
}

/** Appends two strings of the same source, such as a field and its value. */
export function appendPairToEntry(
  db: Database,
  entry: number,
  source: Uint8Array,
  start: number,
  end: number,
  secondSource: Uint8Array,
  secondStart: number,
  secondEnd: number,
): number {
  const offset = db.length(entry) - 1;
  const added = bytesForElement(source, start, end) + bytesForElement(secondSource, secondStart, secondEnd);
  const result = spliceEntry(db, entry, offset, 0, added, 2);
  const bytes = db.bytes(result);
  const p = writeElement(bytes, db.valueOffset(result) + offset, source, start, end);
  writeElement(bytes, p, secondSource, secondStart, secondEnd);
  return result;
}

/** Puts the string source[start..end) in the place of the element at an offset. */
export function replaceInEntry(
  db: Database,
  entry: number,
  offset: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  const removed = elementBytes(db.bytes(entry), db.valueOffset(entry) + offset);
  const result = spliceEntry(db, entry, offset, removed, bytesForElement(source, start, end), 0);
  writeElement(db.bytes(result), db.valueOffset(result) + offset, source, start, end);
  return result;
}

/** Puts a safe integer in the place of the element at an offset. */
export function replaceWithIntegerInEntry(db: Database, entry: number, offset: number, value: number): number {
  const removed = elementBytes(db.bytes(entry), db.valueOffset(entry) + offset);
  const result = spliceEntry(db, entry, offset, removed, bytesForInteger(value), 0);
  writeIntegerElement(db.bytes(result), db.valueOffset(result) + offset, value);
  return result;
}

/** Removes `count` elements, all of them there, from the one at an offset on. */
export function removeFromEntry(db: Database, entry: number, offset: number, count: number): number {
  const removed = bytesOfElements(db.bytes(entry), db.valueOffset(entry) + offset, count);
  return spliceEntry(db, entry, offset, removed, 0, -count);
}

/** Brings an entry's length in line with its listpack, after the caller has shortened that in place. */
export function shrinkEntry(db: Database, entry: number): number {
  return db.resize(entry, listpackBytes(db.bytes(entry), db.valueOffset(entry)), 0);
}

/** Adds an integer that is no member yet to an intset, at the index at which it belongs. */
export function insertMemberIntoEntry(db: Database, entry: number, index: number, value: number | bigint): number {
  const length = intsetBytesWith(db.bytes(entry), db.valueOffset(entry), value);
  const result = db.resize(entry, length, spareBytes(length));
  insertMember(db.bytes(result), db.valueOffset(result), index, value);
  return result;
}

export function removeMemberFromEntry(db: Database, entry: number, index: number): number {
  db.keyspace.heap.own(entry);
  const bytes = db.bytes(entry);
  const at = db.valueOffset(entry);
  removeMember(bytes, at, index);
  return db.resize(entry, intsetBytes(bytes, at), 0);
}
