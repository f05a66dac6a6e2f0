/**
 * Sorted sets as entries of a database: made, changed, and turned from packed to large when they outgrow their limits.
 * They never turn back, except that a result that is stored anew starts packed if it fits (t_zset.c).
 *
 * Functions that change an entry return it, because it may have moved. What the caller knew about positions is void.
 */
import type { Database } from './database.ts';
import { NONE } from './heap.ts';
import type { Keyspace } from './keyspace.ts';
import { endOfListpack } from './listpack.ts';
import { bytesForElement, spliceListpack, writeElement, writeEmptyListpack } from './listpack-edit.ts';
import { EMPTY_LISTPACK_BYTES, HEADER_BYTES, LISTPACK_BYTES_MAX } from './listpack-format.ts';
import { removeFromEntry, spliceEntry } from './packed-value.ts';
import { PackedZset, ScoreElement } from './packed-zset.ts';
import { KIND } from './value.ts';
import { ByteRange, type ZsetReader } from './zset-reader.ts';
import { ZsetValue } from './zset-value.ts';

/** What a packed sorted set may hold. */
export interface ZsetLimits {
  readonly packedMembersMax: number;
  readonly packedBytesMax: number;
}

/** A view of an entry that is a sorted set. */
export function zsetAt(db: Database, entry: number): PackedZset | ZsetValue {
  if (!db.isPacked(entry)) return db.object(entry) as ZsetValue;
  return new PackedZset(db.bytes(entry), db.valueOffset(entry));
}

/** Adds an empty sorted set, which must not stay so, under a key for which `write` has just found nothing. */
export function createZset(
  db: Database,
  key: Uint8Array,
  start: number,
  end: number,
  firstMemberBytes: number,
  limits: ZsetLimits,
): number {
  if (limits.packedMembersMax === 0 || firstMemberBytes > limits.packedBytesMax) {
    return db.setObject(key, start, end, new ZsetValue(db.keyspace));
  }
  const entry = db.insertPacked(KIND.zset, key, start, end, EMPTY_LISTPACK_BYTES);
  writeEmptyListpack(db.bytes(entry), db.valueOffset(entry));
  return entry;
}

/** Adds a member that is not there yet. */
export function addMember(
  db: Database,
  entry: number,
  score: number,
  source: Uint8Array,
  start: number,
  end: number,
  limits: ZsetLimits,
): number {
  let result = entry;
  const set = zsetAt(db, entry);
  if (set instanceof PackedZset) {
    if (fits(set.size + 1, end - start, db.length(entry) + end - start, limits)) {
      return insertPair(db, entry, set, score, source, start, end);
    }
    result = makeLarge(db, entry, set);
  }
  const large = db.object(result) as ZsetValue;
  large.find(source, start, end);
  large.add(source, start, end, score);
  return result;
}

function fits(members: number, longest: number, bytes: number, limits: ZsetLimits): boolean {
  return members <= limits.packedMembersMax && longest <= limits.packedBytesMax && bytes <= LISTPACK_BYTES_MAX;
}

function insertPair(
  db: Database,
  entry: number,
  set: PackedZset,
  score: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  const element = new ScoreElement(score);
  const offset = set.placeFor(score, source, start, end) - set.start;
  const result = spliceEntry(db, entry, offset, 0, bytesForElement(source, start, end) + element.length, 2);
  const bytes = db.bytes(result);
  element.write(bytes, writeElement(bytes, db.valueOffset(result) + offset, source, start, end));
  return result;
}

function makeLarge(db: Database, entry: number, set: PackedZset): number {
  return db.replaceWithObject(entry, largeZsetFrom(db.keyspace, set), true);
}

/** Makes a packed sorted set a large one. @returns the entry. */
export function unpackZset(db: Database, entry: number): number {
  const set = zsetAt(db, entry);
  return set instanceof PackedZset ? makeLarge(db, entry, set) : entry;
}

/** A large sorted set with the members of a packed one. */
export function largeZsetFrom(keyspace: Keyspace, set: PackedZset): ZsetValue {
  const large = new ZsetValue(keyspace);
  large.reserve(set.size + 1);
  const range = new ByteRange();
  for (let p = set.last; p !== NONE; p = set.previous(p)) {
    set.locate(p, range);
    large.prepend(range.bytes, range.start, range.end, set.score(p));
  }
  return large;
}

/** Gives a member, whose bytes are source[start..end), another score. */
export function setMemberScore(
  db: Database,
  entry: number,
  member: number,
  score: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  const set = zsetAt(db, entry);
  if (set instanceof ZsetValue) {
    set.setScore(member, score);
    return entry;
  }
  const shorter = removeFromEntry(db, entry, member - set.start, 2);
  return insertPair(db, shorter, zsetAt(db, shorter) as PackedZset, score, source, start, end);
}

/** Removes `count` members, all of them there, from one on. The entry stays, even if it is empty then. */
export function removeMembers(db: Database, entry: number, first: number, count: number): number {
  const set = zsetAt(db, entry);
  if (set instanceof PackedZset) return removeFromEntry(db, entry, first - set.start, count * 2);
  if (count === 1) set.remove(first);
  else set.removeRun(first, count);
  return entry;
}

/** Stores a set that belongs to no key yet over whatever a key held, packed if it fits. @returns the entry. */
export function storeZset(
  db: Database,
  key: Uint8Array,
  start: number,
  end: number,
  value: ZsetValue,
  limits: ZsetLimits,
): number {
  const packed = value.size <= limits.packedMembersMax ? packedZsetFrom(value, limits) : null;
  if (packed === null) return db.setObject(key, start, end, value);
  while (!value.releaseSome());
  return db.setPacked(KIND.zset, key, start, end, packed);
}

/** The listpack of a set, or null if a member is too long for it. */
export function packedZsetFrom(set: ZsetReader, limits: ZsetLimits): Buffer | null {
  const range = new ByteRange();
  let total = EMPTY_LISTPACK_BYTES;
  let membersBytes = 0;
  const scores: ScoreElement[] = [];
  for (let p = set.first; p !== NONE; p = set.next(p)) {
    set.locate(p, range);
    if (range.length > limits.packedBytesMax) return null;
    membersBytes += range.length;
    const score = new ScoreElement(set.score(p));
    scores.push(score);
    total += bytesForElement(range.bytes, range.start, range.end) + score.length;
  }
  if (membersBytes > LISTPACK_BYTES_MAX) return null;
  const bytes = Buffer.allocUnsafe(total);
  writeEmptyListpack(bytes, 0);
  spliceListpack(bytes, 0, endOfListpack(bytes, 0), 0, total - EMPTY_LISTPACK_BYTES, scores.length * 2);
  let at = HEADER_BYTES;
  let member = set.first;
  for (const score of scores) {
    set.locate(member, range);
    at = score.write(bytes, writeElement(bytes, at, range.bytes, range.start, range.end));
    member = set.next(member);
  }
  return bytes;
}
