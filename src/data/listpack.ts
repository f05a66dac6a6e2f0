/**
 * Listpacks: sequences of strings and integers in one piece of memory, with the very bytes that Redis 7 keeps and
 * writes to RDB files and DUMP payloads. They are the packed form of hashes, lists and sorted sets, and the entries
 * of streams.
 *
 *   uint32 total bytes | uint16 number of elements, 65535: unknown | element ... | 0xff
 *
 * All numbers are little-endian. An element is its encoding, its data, and its length once more ("back length"), which
 * is how one walks backwards. The first byte tells the encoding:
 *
 *   0xxxxxxx            integer 0..127
 *   10llllll            text of up to 63 bytes
 *   110xxxxx +1         integer of 13 bits
 *   1110llll +1         text of up to 4095 bytes
 *   11110000 +4         longer text
 *   11110001 .. 0100    integer of 16, 24, 32, 64 bits
 *
 * What spells an int64 is stored as the shortest integer, everything else as text (listpack.c lpEncodeGetType). The back
 * length counts encoding and data, 7 bits per byte, the most significant first; all bytes but the first have the top
 * bit set.
 *
 * Nothing here allocates: a listpack is (bytes, at), an element is its position in `bytes`, and NO_ELEMENT is none.
 * Functions that make a listpack longer need room behind it. Integers follow the convention of core/integer.ts: a
 * number while it is safe, else ±Infinity, and a bigint on request.
 */
import {
  decimalLength,
  isBigInteger,
  parseInt64,
  parseInteger,
  writeBigInteger,
  writeInteger,
} from '../core/integer.ts';
import { latin1Of } from '../core/latin1.ts';
import { copyBytes } from '../core/copy-bytes.ts';
import {
  BACK_LENGTH_BYTES_MAX,
  backLengthBytes,
  COUNT_UNKNOWN,
  EMPTY_LISTPACK_BYTES,
  END,
  HEADER_BYTES,
  INTEGER_13,
  INTEGER_16,
  INTEGER_24,
  INTEGER_32,
  INTEGER_64,
  LONG_TEXT,
  MEDIUM_TEXT,
  NO_ELEMENT,
  setCount,
  SHORT_TEXT,
  SHORT_TEXT_MAX,
  uint32,
  WORD,
} from './listpack-format.ts';

// ---------------------------------------------------------------------------------------------------------- the whole

/** Total length in bytes, header and end included. */
export function listpackBytes(bytes: Uint8Array, at: number): number {
  return uint32(bytes, at);
}

/**
 * Number of elements. Beyond 65534 the header does not know it and they are counted; where there are fewer again, the
 * header is corrected.
 */
export function elementCount(bytes: Uint8Array, at: number): number {
  const known = bytes[at + 4]! | (bytes[at + 5]! << 8);
  if (known !== COUNT_UNKNOWN) return known;
  let count = 0;
  for (let p = at + HEADER_BYTES; bytes[p] !== END; p += elementBytes(bytes, p)) count++;
  if (count < COUNT_UNKNOWN) setCount(bytes, at, count);
  return count;
}

/** Position of the end mark: where an element is appended. */
export function endOfListpack(bytes: Uint8Array, at: number): number {
  return at + listpackBytes(bytes, at) - 1;
}

// ------------------------------------------------------------------------------------------------------------ walking

export function firstElement(bytes: Uint8Array, at: number): number {
  const p = at + HEADER_BYTES;
  return bytes[p] === END ? NO_ELEMENT : p;
}

export function lastElement(bytes: Uint8Array, at: number): number {
  return previousElement(bytes, at, endOfListpack(bytes, at));
}

export function nextElement(bytes: Uint8Array, p: number): number {
  const next = p + elementBytes(bytes, p);
  return bytes[next] === END ? NO_ELEMENT : next;
}

/** The element before an element, or before the end mark. */
export function previousElement(bytes: Uint8Array, at: number, p: number): number {
  if (p === at + HEADER_BYTES) return NO_ELEMENT;
  let byte = bytes[p - 1]!;
  let length = byte & 0x7f;
  let lengthBytes = 1;
  while ((byte & 0x80) !== 0 && lengthBytes < BACK_LENGTH_BYTES_MAX) {
    byte = bytes[p - 1 - lengthBytes]!;
    length += (byte & 0x7f) * 2 ** (7 * lengthBytes);
    lengthBytes++;
  }
  return p - lengthBytes - length;
}

/** The element at an index; a negative one counts from the end, -1 being the last element. */
export function seekElement(bytes: Uint8Array, at: number, index: number): number {
  const known = bytes[at + 4]! | (bytes[at + 5]! << 8);
  let fromStart = index;
  if (known !== COUNT_UNKNOWN) {
    if (index < 0) fromStart = known + index;
    if (fromStart < 0 || fromStart >= known) return NO_ELEMENT;
    if (fromStart > known >> 1) fromStart -= known;
  }
  if (fromStart >= 0) {
    let p = firstElement(bytes, at);
    for (let skip = fromStart; skip > 0 && p !== NO_ELEMENT; skip--) p = nextElement(bytes, p);
    return p;
  }
  let p = lastElement(bytes, at);
  for (let skip = fromStart; skip < -1 && p !== NO_ELEMENT; skip++) p = previousElement(bytes, at, p);
  return p;
}

// -------------------------------------------------------------------------------------------------------- one element

/** Bytes of an element, its back length included. */
export function elementBytes(bytes: Uint8Array, p: number): number {
  const head = bytes[p]!;
  if (head < SHORT_TEXT) return 2;
  if (head < INTEGER_13) return 2 + (head & SHORT_TEXT_MAX);
  if (head < MEDIUM_TEXT) return 3;
  const encoded = encodedBytes(bytes, p, head);
  return encoded + backLengthBytes(encoded);
}

/** Bytes of the encoding and data of an element with a head of 0xe0 or more. */
function encodedBytes(bytes: Uint8Array, p: number, head: number): number {
  if (head < LONG_TEXT) return 2 + (((head & 0x0f) << 8) | bytes[p + 1]!);
  if (head === LONG_TEXT) return 5 + uint32(bytes, p + 1);
  if (head === INTEGER_64) return 9;
  return head - INTEGER_16 + 3;
}

export function isIntegerElement(bytes: Uint8Array, p: number): boolean {
  const head = bytes[p]!;
  return head < SHORT_TEXT || (head >= INTEGER_13 && head < MEDIUM_TEXT) || head > LONG_TEXT;
}

/** Position of the first byte of a text element's data. */
export function textOffset(bytes: Uint8Array, p: number): number {
  const head = bytes[p]!;
  if (head < INTEGER_13) return p + 1;
  return head === LONG_TEXT ? p + 5 : p + 2;
}

/** Length in bytes of a text element. */
export function textLength(bytes: Uint8Array, p: number): number {
  const head = bytes[p]!;
  if (head < INTEGER_13) return head & SHORT_TEXT_MAX;
  return head === LONG_TEXT ? uint32(bytes, p + 1) : ((head & 0x0f) << 8) | bytes[p + 1]!;
}

/** The value of an integer element, ±Infinity beyond the safe integers. */
export function integerOfElement(bytes: Uint8Array, p: number): number {
  const head = bytes[p]!;
  if (head < SHORT_TEXT) return head;
  if (head < MEDIUM_TEXT) return (((head & 0x1f) << 27) | (bytes[p + 1]! << 19)) >> 19;
  if (head === INTEGER_16) return ((bytes[p + 1]! << 16) | (bytes[p + 2]! << 24)) >> 16;
  if (head === INTEGER_24) return ((bytes[p + 1]! << 8) | (bytes[p + 2]! << 16) | (bytes[p + 3]! << 24)) >> 8;
  if (head === INTEGER_32) return uint32(bytes, p + 1) | 0;
  const value = (uint32(bytes, p + 5) | 0) * WORD + uint32(bytes, p + 1);
  if (Number.isSafeInteger(value)) return value;
  return value < 0 ? -Infinity : Infinity;
}

/** The value of an integer element, exactly. */
export function bigIntegerOfElement(bytes: Uint8Array, p: number): bigint {
  if (bytes[p] !== INTEGER_64) return BigInt(integerOfElement(bytes, p));
  return (BigInt(uint32(bytes, p + 5) | 0) << 32n) | BigInt(uint32(bytes, p + 1));
}

/** Length in bytes of an element as a string: what HSTRLEN tells. */
export function elementLength(bytes: Uint8Array, p: number): number {
  if (!isIntegerElement(bytes, p)) return textLength(bytes, p);
  const value = integerOfElement(bytes, p);
  return isBigInteger(value) ? String(bigIntegerOfElement(bytes, p)).length : decimalLength(value);
}

/** Writes an element as a string to `target` and returns the offset after it. The two do not overlap. */
export function copyElement(bytes: Uint8Array, p: number, target: Uint8Array, offset: number): number {
  if (isIntegerElement(bytes, p)) {
    const value = integerOfElement(bytes, p);
    if (isBigInteger(value)) return writeBigInteger(target, offset, bigIntegerOfElement(bytes, p));
    return writeInteger(target, offset, value);
  }
  const from = textOffset(bytes, p);
  const length = textLength(bytes, p);
  copyBytes(bytes, from, from + length, target, offset);
  return offset + length;
}

/** An element as a binary string. */
export function binaryOfElement(bytes: Uint8Array, p: number): string {
  if (isIntegerElement(bytes, p)) {
    const value = integerOfElement(bytes, p);
    return isBigInteger(value) ? String(bigIntegerOfElement(bytes, p)) : String(value);
  }
  const from = textOffset(bytes, p);
  return latin1Of(bytes, from, from + textLength(bytes, p));
}

/** Bytes of up to `count` elements from the one at `p` on. */
export function bytesOfElements(bytes: Uint8Array, p: number, count: number): number {
  let tail = p;
  for (let left = count; left > 0 && bytes[tail] !== END; left--) tail += elementBytes(bytes, tail);
  return tail - p;
}

// ---------------------------------------------------------------------------------------------------------- searching

/** Whether an element is the string source[start..end). */
export function isElement(bytes: Uint8Array, p: number, source: Uint8Array, start: number, end: number): boolean {
  if (isIntegerElement(bytes, p)) return isInteger(bytes, p, parseInteger(source, start, end), source, start, end);
  return textLength(bytes, p) === end - start && isText(bytes, textOffset(bytes, p), source, start, end);
}

/**
 * The first element that is the string source[start..end), from the element `from` (or NO_ELEMENT) on, looking at every
 * `stride`th: 2 searches only the fields of a hash.
 */
export function findElement(
  bytes: Uint8Array,
  from: number,
  stride: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  if (from === NO_ELEMENT) return NO_ELEMENT;
  const value = parseInteger(source, start, end);
  const length = end - start;
  if (Number.isNaN(value) && length > 0 && length <= SHORT_TEXT_MAX) {
    return findShortText(bytes, from, stride, source, start, end);
  }
  let p = from;
  for (;;) {
    if (bytes[p] === END) return NO_ELEMENT;
    if (isIntegerElement(bytes, p)) {
      if (isInteger(bytes, p, value, source, start, end)) return p;
    } else if (textLength(bytes, p) === length && isText(bytes, textOffset(bytes, p), source, start, end)) return p;
    p += elementBytes(bytes, p);
    for (let skip = stride; skip > 1 && bytes[p] !== END; skip--) p += elementBytes(bytes, p);
  }
}

/** The common case, names of fields and members: what is passed over is told by its head and its last byte. */
function findShortText(
  bytes: Uint8Array,
  from: number,
  stride: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  const length = end - start;
  const wanted = SHORT_TEXT | length;
  const last = source[end - 1]!;
  let p = from;
  for (;;) {
    const head = bytes[p]!;
    if (head === wanted) {
      if (bytes[p + length] === last && isText(bytes, p + 1, source, start, end)) return p;
      p += 2 + length;
    } else if (head < SHORT_TEXT) p += 2;
    else if (head < INTEGER_13) p += 2 + (head & SHORT_TEXT_MAX);
    else if (head === END) return NO_ELEMENT;
    else if (!isIntegerElement(bytes, p) && isElement(bytes, p, source, start, end)) return p;
    else p += elementBytes(bytes, p);
    for (let skip = stride; skip > 1; skip--) {
      const passed = bytes[p]!;
      if (passed < SHORT_TEXT) p += 2;
      else if (passed < INTEGER_13) p += 2 + (passed & SHORT_TEXT_MAX);
      else if (passed === END) return NO_ELEMENT;
      else p += elementBytes(bytes, p);
    }
  }
}

/** @param value what source[start..end) spells, as `parseInteger` gives it. */
function isInteger(
  bytes: Uint8Array,
  p: number,
  value: number,
  source: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (integerOfElement(bytes, p) !== value) return false;
  return !isBigInteger(value) || bigIntegerOfElement(bytes, p) === parseInt64(source, start, end);
}

function isText(bytes: Uint8Array, at: number, source: Uint8Array, start: number, end: number): boolean {
  let p = at;
  for (let i = start; i < end; i++) if (bytes[p++] !== source[i]) return false;
  return true;
}

// ----------------------------------------------------------------------------------------------------------- checking

/**
 * Whether `length` bytes that came from outside are a listpack that the functions here can walk.
 * @param deep looks at every element, not just at the frame.
 */
export function isValidListpack(bytes: Uint8Array, at: number, length: number, deep: boolean): boolean {
  if (length < EMPTY_LISTPACK_BYTES || listpackBytes(bytes, at) !== length) return false;
  const last = at + length - 1;
  if (bytes[last] !== END) return false;
  if (!deep) return true;
  let count = 0;
  let p = at + HEADER_BYTES;
  while (p < last && bytes[p] !== END) {
    const next = validEnd(bytes, p, last);
    if (next < 0) return false;
    p = next;
    count++;
  }
  if (p !== last) return false;
  const known = bytes[at + 4]! | (bytes[at + 5]! << 8);
  return known === COUNT_UNKNOWN || known === count;
}

/** The position after the element at `p`, or -1 if it is none that ends before `last`. */
function validEnd(bytes: Uint8Array, p: number, last: number): number {
  const head = bytes[p]!;
  if (head > INTEGER_64) return -1;
  const headBytes = head === LONG_TEXT ? 5 : head >= MEDIUM_TEXT && head < LONG_TEXT ? 2 : 1;
  if (p + headBytes > last) return -1;
  const next = p + elementBytes(bytes, p);
  if (next > last) return -1;
  return previousElement(bytes, p - HEADER_BYTES - 1, next) === p ? next : -1;
}
