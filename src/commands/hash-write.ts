/** Commands that change hashes. */
import { fail, NOT_A_FLOAT, NOT_AN_INTEGER, wrongArity } from '../core/errors.ts';
import { INT64_MAX, INT64_MIN, isBigInteger, parseInt64, parseInteger } from '../core/integer.ts';
import {
  addLongDoubles,
  formatLongDoubleHuman,
  isFiniteLongDouble,
  type LongDouble,
  longDoubleOfInteger,
  parseLongDouble,
} from '../core/long-double.ts';
import { findField, hashSize, insertHash, removeField, setField, setIntegerAtPlace } from '../data/hash-entry.ts';
import { HashValue } from '../data/hash-value.ts';
import { NONE } from '../data/heap.ts';
import { bigIntegerOfElement, integerOfElement, isIntegerElement, textLength, textOffset } from '../data/listpack.ts';
import { bytesForElement } from '../data/listpack-edit.ts';
import { KIND } from '../data/value.ts';
import type { Context } from './context.ts';
import { removeEmpty } from './remove-empty.ts';
import { NOTIFY } from './notify-class.ts';

const NOT_A_HASH_INTEGER = 'ERR hash value is not an integer';
const NOT_A_HASH_FLOAT = 'ERR hash value is not a float';

export function hset(c: Context): void {
  checkPairs(c, 'hset');
  c.reply.integer(setFields(c, c.writeKind(1, KIND.hash)));
}

export function hmset(c: Context): void {
  checkPairs(c, 'hmset');
  setFields(c, c.writeKind(1, KIND.hash));
  c.reply.ok();
}

function checkPairs(c: Context, name: string): void {
  if ((c.args.count & 1) === 1) fail(wrongArity(name));
}

/**
 * Sets fields to values, the arguments from 2 on.
 * @param entry the hash, or NONE.
 * @returns how many of the fields are new.
 */
function setFields(c: Context, entry: number): number {
  const { db } = c;
  const before = entry === NONE ? 0 : hashSize(db, entry);
  const hash = entry === NONE ? fillNew(c) : fill(c, entry);
  const created = hashSize(db, hash) - before;
  c.changed(1, NOTIFY.hash, 'hset', (c.args.count - 2) >> 1);
  return created;
}

function fill(c: Context, entry: number): number {
  const { args, db } = c;
  const { bytes, starts, ends, count } = args;
  const limits = c.services.settings;
  let hash = entry;
  for (let i = 2; i < count; i += 2) {
    hash = setField(db, hash, bytes, starts[i]!, ends[i]!, bytes, starts[i + 1]!, ends[i + 1]!, limits);
  }
  return hash;
}

/** Where memory runs out, no hash without fields stays behind. */
function fillNew(c: Context): number {
  if (hasLongArgument(c)) return insertLarge(c);
  const entry = insertNew(c);
  try {
    return fill(c, entry);
  } catch (error) {
    removeEmpty(c, 1, hashSize);
    throw error;
  }
}

/** Whether a field or a value is too long for a packed hash. */
function hasLongArgument({ args, services }: Context): boolean {
  const { starts, ends, count } = args;
  const { packedHashBytesMax } = services.settings;
  for (let i = 2; i < count; i++) if (ends[i]! - starts[i]! > packedHashBytesMax) return true;
  return false;
}

/** A large hash at argument 1, where there is nothing, of the arguments behind the key. */
function insertLarge(c: Context): number {
  const { args, db } = c;
  const { bytes, starts, ends, count } = args;
  const value = new HashValue(db.keyspace);
  try {
    value.dict.reserve((count - 2) >> 1);
    for (let i = 2; i < count; i += 2) value.set(bytes, starts[i]!, ends[i]!, bytes, starts[i + 1]!, ends[i + 1]!);
    return db.insertObject(bytes, starts[1]!, ends[1]!, value);
  } catch (error) {
    // There is no memory for all of it.
    while (!value.releaseSome());
    throw error;
  }
}

/** A hash at argument 1, where there is nothing, with room for the arguments behind the key. */
function insertNew(c: Context): number {
  const { bytes, starts, ends, count } = c.args;
  const { packedHashFieldsMax, packedHashBytesMax } = c.services.settings;
  let room = 0;
  // What will not stay packed needs no room.
  const last = count - 2 <= 2 * packedHashFieldsMax ? count : 0;
  for (let i = 2; i < last && ends[i]! - starts[i]! <= packedHashBytesMax; i++) {
    room += bytesForElement(bytes, starts[i]!, ends[i]!);
  }
  return insertHash(c.db, bytes, starts[1]!, ends[1]!, room);
}

export function hsetnx(c: Context): void {
  const { bytes, starts, ends } = c.args;
  const entry = c.writeKind(1, KIND.hash);
  if (entry !== NONE && findField(c.db, entry, bytes, starts[2]!, ends[2]!) !== NONE) {
    c.reply.integer(0);
    return;
  }
  c.reply.integer(setFields(c, entry));
}

export function hdel(c: Context): void {
  const { args, db } = c;
  const { bytes, starts, ends } = args;
  let entry = c.writeKind(1, KIND.hash);
  if (entry === NONE) {
    c.reply.integer(0);
    return;
  }
  const before = hashSize(db, entry);
  let left = before;
  for (let i = 2; i < args.count && left > 0; i++) {
    entry = removeField(db, entry, bytes, starts[i]!, ends[i]!);
    left = hashSize(db, entry);
  }
  if (left === 0) db.remove(entry);
  if (left < before) c.changed(1, NOTIFY.hash, 'hdel', before - left);
  if (left === 0) c.notify(1, NOTIFY.generic, 'del');
  c.reply.integer(before - left);
}

// ----------------------------------------------------------------------------------------------------------- counting

export function hincrby(c: Context): void {
  const { bytes, starts, ends } = c.args;
  const step = parseInteger(bytes, starts[3]!, ends[3]!);
  if (Number.isNaN(step)) fail(NOT_AN_INTEGER);
  const entry = c.writeKind(1, KIND.hash);
  const place = entry === NONE ? NONE : findField(c.db, entry, bytes, starts[2]!, ends[2]!);
  const value = place === NONE ? 0 : integerAtPlace(c, entry, place);
  const sum = value + step;
  if (Number.isSafeInteger(sum)) {
    if (place === NONE) storeText(c, entry, String(sum));
    else setIntegerAtPlace(c.db, entry, place, c.args.length(2), sum, c.services.settings);
    c.changed(1, NOTIFY.hash, 'hincrby');
    c.reply.integer(sum);
    return;
  }
  if (Number.isNaN(value)) fail(NOT_A_HASH_INTEGER);
  const exact = (place === NONE ? 0n : int64AtPlace(c, entry, place)) + c.int64(3);
  if (exact > INT64_MAX || exact < INT64_MIN) fail('ERR increment or decrement would overflow');
  storeText(c, entry, String(exact));
  c.changed(1, NOTIFY.hash, 'hincrby');
  c.reply.bigInteger(exact);
}

/** The integer that a value spells, as `parseInteger` gives it. */
function integerAtPlace(c: Context, entry: number, place: number): number {
  const { db } = c;
  if (db.isPacked(entry)) {
    const bytes = db.bytes(entry);
    return isIntegerElement(bytes, place) ? integerOfElement(bytes, place) : NaN;
  }
  const at = db.valueOffset(place);
  return parseInteger(db.bytes(place), at, at + db.length(place));
}

/** The same, exactly, of a value that spells an integer. */
function int64AtPlace(c: Context, entry: number, place: number): bigint {
  const { db } = c;
  if (db.isPacked(entry)) return bigIntegerOfElement(db.bytes(entry), place);
  const at = db.valueOffset(place);
  return parseInt64(db.bytes(place), at, at + db.length(place))!;
}

export function hincrbyfloat(c: Context): void {
  const { args } = c;
  const step = parseLongDouble(args.bytes, args.starts[3]!, args.ends[3]!) ?? fail(NOT_A_FLOAT);
  if (!isFiniteLongDouble(step)) fail('ERR value is NaN or Infinity');
  const entry = c.writeKind(1, KIND.hash);
  const place = entry === NONE ? NONE : findField(c.db, entry, args.bytes, args.starts[2]!, args.ends[2]!);
  const value = place === NONE ? longDoubleOfInteger(0) : floatAtPlace(c, entry, place);
  const sum = addLongDoubles(value, step);
  if (!isFiniteLongDouble(sum)) fail('ERR increment would produce NaN or Infinity');
  const text = formatLongDoubleHuman(sum);
  storeText(c, entry, text);
  c.changed(1, NOTIFY.hash, 'hincrbyfloat');
  c.reply.bulkBinary(text);
  // Replicas that reckon differently would end with another number.
  if (c.services.propagates) c.propagateInstead(['HSET', args.view(1), args.view(2), text]);
}

function floatAtPlace(c: Context, entry: number, place: number): LongDouble {
  const { db } = c;
  if (!db.isPacked(entry)) return parseFloatOrFail(db.bytes(place), db.valueOffset(place), db.length(place));
  const bytes = db.bytes(entry);
  if (!isIntegerElement(bytes, place))
    return parseFloatOrFail(bytes, textOffset(bytes, place), textLength(bytes, place));
  const value = integerOfElement(bytes, place);
  return longDoubleOfInteger(isBigInteger(value) ? bigIntegerOfElement(bytes, place) : value);
}

function parseFloatOrFail(bytes: Uint8Array, start: number, length: number): LongDouble {
  return parseLongDouble(bytes, start, start + length) ?? fail(NOT_A_HASH_FLOAT);
}

/** Sets the field at argument 2 to an ASCII text. @param entry the hash at argument 1, or NONE. */
function storeText(c: Context, entry: number, text: string): void {
  const { bytes, starts, ends } = c.args;
  const value = Buffer.from(text, 'latin1');
  const hash = entry === NONE ? insertNew(c) : entry;
  setField(c.db, hash, bytes, starts[2]!, ends[2]!, value, 0, value.length, c.services.settings);
}
