/**
 * One entry of a `Dict`: a block on the heap that holds a key and its value.
 *
 * | byte | what |
 * |---|---|
 * | 0  | int32 address of the next record in the same bucket |
 * | 4  | int32 tag: the upper 24 bits of the key's hash, and min(key length, 255) |
 * | 8  | int32: low 8 bits the kind and the flags below, upper 24 bits recency or frequency of use |
 * | 12 | int32 length of the value in bytes, or for a value that is a JS object its number |
 * | 16 | only if ROOMY: the expire time in Unix ms as int64 (high word, low word), its position among the volatile keys, and 4 unused bytes |
 * | .. | only if the key has 255 bytes or more: int32 key length |
 * | .. | the key's bytes, then the value's bytes |
 *
 * A record has room for an expire time (ROOMY) when it was made with one, and then keeps it: setting and clearing the
 * time again moves nothing. Whether it has an expire time now is VOLATILE.
 *
 * One comparison of the tag settles almost every lookup that meets another key. Functions here take the page's words
 * and the record's word offset in them, so that a caller pays for the address arithmetic once.
 */
export const NEXT = 0;
export const TAG = 1;
export const META = 2;
export const LENGTH = 3;
const HEADER_WORDS = 4;
const ROOM_WORDS = 4;
const EXPIRE_HIGH = 4;
const EXPIRE_LOW = 5;
export const VOLATILE_INDEX = 6;

/** Low 8 bits of META. */
export const KIND_MASK = 0x07;
/** The value is a JS object (a large collection), not bytes in the record. */
export const OBJECT = 0x08;
/** A string that APPEND, SETRANGE and the like made: reported as "raw" however short it is. */
export const RAW = 0x10;
/** The record has an expire time; then it is ROOMY too. */
export const VOLATILE = 0x20;
/** The header has the words of an expire time. */
export const ROOMY = 0x40;
/** A string that INCRBYFLOAT made: never reported as "int", even if it spells one. */
export const TEXT = 0x80;
export const FLAGS_MASK = 0xff;

/** Keys of at least this length have it in a word of their own. */
export const LONG_KEY = 255;

/** The tag of a key, from its hash and its length in bytes. */
export function tagOf(hash: number, keyLength: number): number {
  return (hash & ~0xff) | (keyLength < LONG_KEY ? keyLength : LONG_KEY);
}

/** Length of the key in bytes. */
export function keyLengthAt(words: Int32Array, record: number): number {
  const short = words[record + TAG]! & 0xff;
  if (short !== LONG_KEY) return short;
  return words[record + HEADER_WORDS + (isRoomy(words, record) ? ROOM_WORDS : 0)]!;
}

/** Byte offset in the page of the key's first byte. */
export function keyOffsetAt(words: Int32Array, record: number): number {
  let word = record + HEADER_WORDS;
  if ((words[record + META]! & ROOMY) !== 0) word += ROOM_WORDS;
  if ((words[record + TAG]! & 0xff) === LONG_KEY) word++;
  return word << 2;
}

export function isVolatile(words: Int32Array, record: number): boolean {
  return (words[record + META]! & VOLATILE) !== 0;
}

export function isRoomy(words: Int32Array, record: number): boolean {
  return (words[record + META]! & ROOMY) !== 0;
}

/** Unix time in ms, to the nearest double beyond 2^53. Only for volatile records. */
export function expireAt(words: Int32Array, record: number): number {
  return words[record + EXPIRE_HIGH]! * 0x1_0000_0000 + (words[record + EXPIRE_LOW]! >>> 0);
}

/** Unix time in ms, exactly: a bigint where a number would not do. */
export function exactExpireAt(words: Int32Array, record: number): number | bigint {
  const nearest = expireAt(words, record);
  if (Number.isSafeInteger(nearest)) return nearest;
  return (BigInt(words[record + EXPIRE_HIGH]!) << 32n) | BigInt(words[record + EXPIRE_LOW]! >>> 0);
}

/** @param unixMs a safe integer, or an int64. */
export function setExpireAt(words: Int32Array, record: number, unixMs: number | bigint): void {
  if (typeof unixMs === 'bigint') {
    words[record + EXPIRE_HIGH] = Number(BigInt.asIntN(32, unixMs >> 32n));
    words[record + EXPIRE_LOW] = Number(BigInt.asIntN(32, unixMs));
    return;
  }
  words[record + EXPIRE_HIGH] = Math.floor(unixMs / 0x1_0000_0000);
  words[record + EXPIRE_LOW] = unixMs % 0x1_0000_0000;
}

/** Copies the words of an expire time to another roomy record. */
export function copyRoom(from: Int32Array, fromRecord: number, to: Int32Array, toRecord: number): void {
  for (let i = HEADER_WORDS; i < HEADER_WORDS + ROOM_WORDS; i++) to[toRecord + i] = from[fromRecord + i]!;
}

/** Bytes of a record without its value. */
export function overheadBytes(keyLength: number, roomy: boolean): number {
  return (HEADER_WORDS + (roomy ? ROOM_WORDS : 0) + (keyLength >= LONG_KEY ? 1 : 0)) * 4 + keyLength;
}

/** Fills the length word of a long key; the tag and the flags are set already. */
export function setKeyLength(words: Int32Array, record: number, keyLength: number): void {
  if (keyLength < LONG_KEY) return;
  words[record + HEADER_WORDS + (isRoomy(words, record) ? ROOM_WORDS : 0)] = keyLength;
}
