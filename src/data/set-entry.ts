/**
 * Sets in the keyspace, whichever form they have: a packed one is an intset, a large one a SetValue. A set is packed
 * while it holds nothing but integers, and not too many; what is added may turn it into a large one, and nothing turns
 * it back (t_set.c).
 */
import { INT64_MAX_LENGTH, isBigInteger, parseInt64, parseInteger } from '../core/integer.ts';
import type { Database } from './database.ts';
import {
  copyMember,
  INTSET_HEADER_BYTES,
  INTSET_MEMBERS_MAX,
  intsetLength,
  searchMember,
  widthOf,
  writeEmptyIntset,
} from './intset.ts';
import { insertMemberIntoEntry, removeMemberFromEntry } from './packed-value.ts';
import { type MemberVisitor, SetValue } from './set-value.ts';
import { KIND } from './value.ts';

/**
 * The integer that bytes spell, as the functions of intset.ts take it; NaN if they spell none. Only these can be
 * members of an intset.
 */
export function integerMember(bytes: Uint8Array, start: number, end: number): number | bigint {
  const value = parseInteger(bytes, start, end);
  return isBigInteger(value) ? parseInt64(bytes, start, end)! : value;
}

/**
 * Adds an empty set that can hold a member under a key for which `write` has just found nothing. The caller adds the
 * member next.
 * @param count how many members are going to be added, to be kept from moving.
 */
export function insertSet(
  db: Database,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  count: number,
): number {
  const value = integerMember(bytes, start, end);
  if (Number.isNaN(value)) return db.setObject(key, keyStart, keyEnd, new SetValue(db.keyspace));
  const room = INTSET_HEADER_BYTES + widthOf(value) * count;
  const entry = db.insertPacked(KIND.set, key, keyStart, keyEnd, INTSET_HEADER_BYTES, room);
  writeEmptyIntset(db.bytes(entry), db.valueOffset(entry));
  return entry;
}

export function setValueOf(db: Database, entry: number): SetValue {
  return db.object(entry) as SetValue;
}

/** Number of members. */
export function setSize(db: Database, entry: number): number {
  return db.isPacked(entry) ? intsetLength(db.bytes(entry), db.valueOffset(entry)) : db.object(entry).size;
}

export function isMember(db: Database, entry: number, bytes: Uint8Array, start: number, end: number): boolean {
  if (!db.isPacked(entry)) return setValueOf(db, entry).has(bytes, start, end);
  const value = integerMember(bytes, start, end);
  return !Number.isNaN(value) && searchMember(db.bytes(entry), db.valueOffset(entry), value) >= 0;
}

/**
 * Adds a member, if it is none yet. The bytes are not on the heap.
 * @param intsetMembersMax how many members an intset may have.
 * @returns the entry.
 */
export function addMember(
  db: Database,
  entry: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  intsetMembersMax: number,
): number {
  if (!db.isPacked(entry)) {
    setValueOf(db, entry).add(bytes, start, end);
    return entry;
  }
  const value = integerMember(bytes, start, end);
  if (Number.isNaN(value)) {
    const result = unpackSet(db, entry);
    setValueOf(db, result).add(bytes, start, end);
    return result;
  }
  const at = db.valueOffset(entry);
  const index = searchMember(db.bytes(entry), at, value);
  if (index >= 0) return entry;
  const result = insertMemberIntoEntry(db, entry, -1 - index, value);
  return setSize(db, result) > Math.min(intsetMembersMax, INTSET_MEMBERS_MAX) ? unpackSet(db, result) : result;
}

/** Removes a member. @returns the entry, which may be left without members: then the caller removes it. */
export function removeMember(db: Database, entry: number, bytes: Uint8Array, start: number, end: number): number {
  if (!db.isPacked(entry)) {
    setValueOf(db, entry).remove(bytes, start, end);
    return entry;
  }
  const value = integerMember(bytes, start, end);
  if (Number.isNaN(value)) return entry;
  const index = searchMember(db.bytes(entry), db.valueOffset(entry), value);
  return index < 0 ? entry : removeMemberFromEntry(db, entry, index);
}

/** Makes a set a large one, if it is not. @returns the entry. */
export function unpackSet(db: Database, entry: number): number {
  if (!db.isPacked(entry)) return entry;
  const value = new SetValue(db.keyspace);
  value.dict.reserve(setSize(db, entry));
  eachInteger(db.bytes(entry), db.valueOffset(entry), (bytes, start, end) => void value.add(bytes, start, end));
  return db.replaceWithObject(entry, value, true);
}

/** Calls `visit` for every member, those of an intset in ascending order. It does not change the set. */
export function eachMember(db: Database, entry: number, visit: MemberVisitor): void {
  if (db.isPacked(entry)) eachInteger(db.bytes(entry), db.valueOffset(entry), visit);
  else setValueOf(db, entry).each(visit);
}

/** Calls `visit` for every member of an intset. */
export function eachInteger(bytes: Uint8Array, at: number, visit: MemberVisitor): void {
  const digits = Buffer.allocUnsafe(INT64_MAX_LENGTH);
  const length = intsetLength(bytes, at);
  for (let index = 0; index < length; index++) {
    if (visit(digits, 0, copyMember(bytes, at, index, digits, 0)) === false) return;
  }
}
