/**
 * Hashes in the keyspace, whichever form they have: a packed one is a listpack of fields, each followed by its value,
 * in the order in which they were added; a large one is a HashValue. What is set may turn the first into the second,
 * never back (t_hash.c).
 *
 * A field's value is found at a *place*: in a packed hash the position of its element in `db.bytes(entry)`, in a large
 * one the address of its record. NONE is no place. Places are void after a change.
 */
import { decimalLength, INT64_MAX_LENGTH, writeInteger } from '../core/integer.ts';
import type { Database } from './database.ts';
import { HashValue } from './hash-value.ts';
import { NONE } from './heap.ts';
import {
  copyElement,
  elementCount,
  elementLength,
  findElement,
  firstElement,
  isIntegerElement,
  nextElement,
  textLength,
  textOffset,
} from './listpack.ts';
import { writeEmptyListpack } from './listpack-edit.ts';
import { EMPTY_LISTPACK_BYTES, LISTPACK_BYTES_MAX, NO_ELEMENT } from './listpack-format.ts';
import { appendPairToEntry, removeFromEntry, replaceInEntry, replaceWithIntegerInEntry } from './packed-value.ts';
import { KIND } from './value.ts';

/** What a packed hash may hold. */
export interface PackedHashLimits {
  readonly packedHashFieldsMax: number;
  readonly packedHashBytesMax: number;
}

/** Called with a field and its value, as ranges of bytes that are valid until it returns. */
export type FieldVisitor = (
  fieldBytes: Uint8Array,
  fieldStart: number,
  fieldEnd: number,
  valueBytes: Uint8Array,
  valueStart: number,
  valueEnd: number,
) => void;

/**
 * Adds an empty hash under a key for which `write` has just found nothing. The caller sets a field next.
 * @param room bytes that the fields and values will take, to be kept from moving.
 */
export function insertHash(db: Database, key: Uint8Array, start: number, end: number, room: number): number {
  const entry = db.insertPacked(KIND.hash, key, start, end, EMPTY_LISTPACK_BYTES, EMPTY_LISTPACK_BYTES + room);
  writeEmptyListpack(db.bytes(entry), db.valueOffset(entry));
  return entry;
}

export function hashValueOf(db: Database, entry: number): HashValue {
  return db.object(entry) as HashValue;
}

/** Number of fields. */
export function hashSize(db: Database, entry: number): number {
  return db.isPacked(entry) ? elementCount(db.bytes(entry), db.valueOffset(entry)) >> 1 : db.object(entry).size;
}

/** The place of the value of the field source[start..end), or NONE. */
export function findField(db: Database, entry: number, source: Uint8Array, start: number, end: number): number {
  if (!db.isPacked(entry)) return hashValueOf(db, entry).find(source, start, end);
  const bytes = db.bytes(entry);
  const p = findElement(bytes, firstElement(bytes, db.valueOffset(entry)), 2, source, start, end);
  return p === NO_ELEMENT ? NONE : nextElement(bytes, p);
}

/** Length in bytes of the value at a place. */
export function lengthAtPlace(db: Database, entry: number, place: number): number {
  return db.isPacked(entry) ? elementLength(db.bytes(entry), place) : db.length(place);
}

/** Sets the field source[start..end) to the value valueSource[valueStart..valueEnd). @returns the entry. */
export function setField(
  db: Database,
  entry: number,
  source: Uint8Array,
  start: number,
  end: number,
  valueSource: Uint8Array,
  valueStart: number,
  valueEnd: number,
  limits: PackedHashLimits,
): number {
  if (db.isPacked(entry)) {
    const bytesMax = limits.packedHashBytesMax;
    if (
      end - start <= bytesMax &&
      valueEnd - valueStart <= bytesMax &&
      fits(db, entry, end - start, valueEnd - valueStart)
    ) {
      const result = setPacked(db, entry, source, start, end, valueSource, valueStart, valueEnd);
      return hashSize(db, result) > limits.packedHashFieldsMax ? unpackHash(db, result) : result;
    }
  }
  const result = unpackHash(db, entry);
  hashValueOf(db, result).set(source, start, end, valueSource, valueStart, valueEnd);
  return result;
}

/** Whether a listpack stays within what its header can count. */
function fits(db: Database, entry: number, fieldBytes: number, valueBytes: number): boolean {
  return db.length(entry) + fieldBytes + valueBytes <= LISTPACK_BYTES_MAX;
}

function setPacked(
  db: Database,
  entry: number,
  source: Uint8Array,
  start: number,
  end: number,
  valueSource: Uint8Array,
  valueStart: number,
  valueEnd: number,
): number {
  const place = findField(db, entry, source, start, end);
  if (place === NONE) return appendPairToEntry(db, entry, source, start, end, valueSource, valueStart, valueEnd);
  return replaceInEntry(db, entry, place - db.valueOffset(entry), valueSource, valueStart, valueEnd);
}

/**
 * Puts a safe integer in the place of a value that is there. Counters are changed all the time: this spares the second
 * search for the field and the digits of what is stored as a number.
 * @param fieldBytes length of the field.
 */
export function setIntegerAtPlace(
  db: Database,
  entry: number,
  place: number,
  fieldBytes: number,
  value: number,
  limits: PackedHashLimits,
): void {
  const length = decimalLength(value);
  if (!db.isPacked(entry)) {
    const record = hashValueOf(db, entry).resize(place, length);
    writeInteger(db.bytes(record), db.valueOffset(record), value);
    return;
  }
  const result = replaceWithIntegerInEntry(db, entry, place - db.valueOffset(entry), value);
  const longest = Math.max(fieldBytes, length);
  if (longest > limits.packedHashBytesMax || hashSize(db, result) > limits.packedHashFieldsMax) unpackHash(db, result);
}

/** Removes a field. @returns the entry, which may be left without fields: then the caller removes it. */
export function removeField(db: Database, entry: number, source: Uint8Array, start: number, end: number): number {
  if (!db.isPacked(entry)) {
    hashValueOf(db, entry).remove(source, start, end);
    return entry;
  }
  const bytes = db.bytes(entry);
  const at = db.valueOffset(entry);
  const p = findElement(bytes, firstElement(bytes, at), 2, source, start, end);
  return p === NO_ELEMENT ? entry : removeFromEntry(db, entry, p - at, 2);
}

/** Makes a hash a large one, if it is not. @returns the entry. */
export function unpackHash(db: Database, entry: number): number {
  if (!db.isPacked(entry)) return entry;
  const value = new HashValue(db.keyspace);
  value.dict.reserve(hashSize(db, entry));
  eachField(db, entry, (field, fieldStart, fieldEnd, bytes, start, end) => {
    value.set(field, fieldStart, fieldEnd, bytes, start, end);
  });
  return db.replaceWithObject(entry, value, true);
}

/** Calls `visit` for every field. It does not change the hash. */
export function eachField(db: Database, entry: number, visit: FieldVisitor): void {
  if (db.isPacked(entry)) {
    eachPair(db.bytes(entry), db.valueOffset(entry), visit);
    return;
  }
  hashValueOf(db, entry).dict.forEach((record) => {
    const bytes = db.bytes(record);
    const value = db.valueOffset(record);
    visit(bytes, db.keyOffset(record), value, bytes, value, value + db.length(record));
  });
}

/** Calls `visit` for every pair of a listpack. */
export function eachPair(bytes: Uint8Array, at: number, visit: FieldVisitor): void {
  const digits = Buffer.allocUnsafe(2 * INT64_MAX_LENGTH);
  let p = firstElement(bytes, at);
  while (p !== NO_ELEMENT) {
    const second = nextElement(bytes, p);
    const isDigits = isIntegerElement(bytes, p);
    const start = isDigits ? 0 : textOffset(bytes, p);
    const end = isDigits ? copyElement(bytes, p, digits, 0) : start + textLength(bytes, p);
    const isSecondDigits = isIntegerElement(bytes, second);
    const secondStart = isSecondDigits ? INT64_MAX_LENGTH : textOffset(bytes, second);
    const secondEnd = isSecondDigits
      ? copyElement(bytes, second, digits, INT64_MAX_LENGTH)
      : secondStart + textLength(bytes, second);
    visit(isDigits ? digits : bytes, start, end, isSecondDigits ? digits : bytes, secondStart, secondEnd);
    p = nextElement(bytes, second);
  }
}
