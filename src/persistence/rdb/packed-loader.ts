/**
 * Small collections: one string in the file, and bytes in the keyspace. What Redis 7.0 writes is taken as it is, once
 * every element was looked at; what older versions wrote is turned into it. A collection that is larger than the
 * configured limits gets the form of a large one.
 */
import { eachPair } from '../../data/hash-entry.ts';
import { HashValue } from '../../data/hash-value.ts';
import { intsetLength, isValidIntset } from '../../data/intset.ts';
import type { Keyspace } from '../../data/keyspace.ts';
import { binaryOfElement, elementCount, firstElement, isValidListpack, nextElement } from '../../data/listpack.ts';
import { NO_ELEMENT } from '../../data/listpack-format.ts';
import { NONE } from '../../data/heap.ts';
import { PackedZset } from '../../data/packed-zset.ts';
import { eachInteger } from '../../data/set-entry.ts';
import { SetValue } from '../../data/set-value.ts';
import { KIND } from '../../data/value.ts';
import { largeZsetFrom } from '../../data/zset-entry.ts';
import { ByteRange } from '../../data/zset-reader.ts';
import { TYPE } from './format.ts';
import { ListpackBuilder } from './listpack-builder.ts';
import type { LoadedValue } from './loaded-value.ts';
import { corrupt } from './rdb-error.ts';
import type { LoadContext } from './load-context.ts';
import { walkZiplist } from './ziplist.ts';
import { walkZipmap } from './zipmap.ts';

/** Makes a value of the string that was read last. */
export function loadPacked(type: number, value: LoadedValue, context: LoadContext): void {
  const { bytes, start, end } = context.string;
  context.packedPieces++;
  switch (type) {
    case TYPE.setIntset:
      return loadIntset(value, bytes, start, end, context);
    case TYPE.hashListpack:
      if (!isPairs(bytes, start, end)) corrupt('Hash listpack integrity check failed.');
      return loadHash(value, bytes, start, end, context);
    case TYPE.zsetListpack:
      if (!isSortedPairs(bytes, start, end)) corrupt('Zset listpack integrity check failed.');
      return loadZset(value, bytes, start, end, context);
    case TYPE.hashZiplist: {
      const listpack = listpackOfZiplist(bytes, start, end);
      if (listpack === null || !isPairs(listpack.bytes, 0, listpack.length)) {
        return corrupt('Hash ziplist integrity check failed.');
      }
      return loadHash(value, listpack.bytes, 0, listpack.length, context);
    }
    case TYPE.zsetZiplist: {
      const listpack = listpackOfZiplist(bytes, start, end);
      if (listpack === null || !isSortedPairs(listpack.bytes, 0, listpack.length)) {
        return corrupt('Zset ziplist integrity check failed.');
      }
      return loadZset(value, listpack.bytes, 0, listpack.length, context);
    }
    default:
      return loadZipmap(value, bytes, start, end, context);
  }
}

function loadIntset(value: LoadedValue, bytes: Uint8Array, start: number, end: number, context: LoadContext): void {
  if (!isValidIntset(bytes, start, end - start, true)) corrupt('Intset integrity check failed.');
  const count = intsetLength(bytes, start);
  if (count <= context.limits.intsetMembersMax) {
    value.setBytes(KIND.set, bytes, start, end);
    return;
  }
  const set = new SetValue(context.keyspace);
  set.dict.reserve(count);
  eachInteger(bytes, start, (digits, from, to) => void set.add(digits, from, to));
  value.setObject(set);
}

function loadHash(value: LoadedValue, bytes: Uint8Array, start: number, end: number, context: LoadContext): void {
  const fields = elementCount(bytes, start) >> 1;
  if (fields === 0) value.setEmpty(KIND.hash);
  else if (fields <= context.limits.packedHashFieldsMax) value.setBytes(KIND.hash, bytes, start, end);
  else value.setObject(largeHashFrom(context.keyspace, bytes, start));
}

/** A large hash with the pairs of a listpack. */
export function largeHashFrom(keyspace: Keyspace, listpack: Uint8Array, at: number): HashValue {
  const hash = new HashValue(keyspace);
  hash.dict.reserve(elementCount(listpack, at) >> 1);
  eachPair(listpack, at, (field, fieldStart, fieldEnd, bytes, start, end) => {
    hash.set(field, fieldStart, fieldEnd, bytes, start, end);
  });
  return hash;
}

function loadZset(value: LoadedValue, bytes: Uint8Array, start: number, end: number, context: LoadContext): void {
  const members = elementCount(bytes, start) >> 1;
  if (members === 0) value.setEmpty(KIND.zset);
  else if (members <= context.limits.zsetLimits.packedMembersMax) value.setBytes(KIND.zset, bytes, start, end);
  else value.setObject(largeZsetFrom(context.keyspace, new PackedZset(bytes, start)));
}

function loadZipmap(value: LoadedValue, bytes: Uint8Array, start: number, end: number, context: LoadContext): void {
  const listpack = new ListpackBuilder(end - start);
  let longest = 0;
  const isZipmap = walkZipmap(bytes, start, end, (field, fieldEnd, from, to) => {
    longest = Math.max(longest, fieldEnd - field, to - from);
    if (!listpack.takes(fieldEnd - field + to - from)) return false;
    listpack.append(bytes, field, fieldEnd);
    listpack.append(bytes, from, to);
    return true;
  });
  if (!isZipmap) corrupt('Zipmap integrity check failed.');
  if (!hasDistinctKeys(listpack.bytes, 0)) corrupt(`Hash zipmap with dup elements, or big length (${longest})`);
  const { packedHashBytesMax } = context.limits;
  if (longest > packedHashBytesMax) value.setObject(largeHashFrom(context.keyspace, listpack.bytes, 0));
  else loadHash(value, listpack.bytes, 0, listpack.length, context);
}

/** The elements of a ziplist as a listpack; null if it is none. */
export function listpackOfZiplist(bytes: Uint8Array, start: number, end: number): ListpackBuilder | null {
  const listpack = new ListpackBuilder(end - start);
  const isZiplist = walkZiplist(bytes, start, end, (element, from, to) => {
    if (!listpack.takes(to - from)) return false;
    listpack.append(element, from, to);
    return true;
  });
  return isZiplist ? listpack : null;
}

// ----------------------------------------------------------------------------------------------------------- checking

/** Whether it is a listpack of pairs whose first halves differ. */
function isPairs(bytes: Uint8Array, start: number, end: number): boolean {
  if (!isValidListpack(bytes, start, end - start, true)) return false;
  return elementCount(bytes, start) % 2 === 0 && hasDistinctKeys(bytes, start);
}

function hasDistinctKeys(bytes: Uint8Array, start: number): boolean {
  const seen = new Set<string>();
  let count = 0;
  for (let p = firstElement(bytes, start); p !== NO_ELEMENT; p = nextElement(bytes, nextElement(bytes, p))) {
    seen.add(binaryOfElement(bytes, p));
    count++;
  }
  return seen.size === count;
}

/** Whether it is a listpack of members with scores, in order. */
function isSortedPairs(bytes: Uint8Array, start: number, end: number): boolean {
  if (!isPairs(bytes, start, end)) return false;
  // Two, for each keeps the text of a member that is an integer.
  let set = new PackedZset(bytes, start);
  let other = new PackedZset(bytes, start);
  let before = new ByteRange();
  let range = new ByteRange();
  let last = -Infinity;
  for (let p = set.first; p !== NONE; p = set.next(p)) {
    const score = set.score(p);
    set.locate(p, range);
    // Not for NaN either.
    if (!(score >= last)) return false;
    if (score === last && p !== set.first && before.compare(range.bytes, range.start, range.end) >= 0) return false;
    [set, other] = [other, set];
    [before, range] = [range, before];
    last = score;
  }
  return true;
}
