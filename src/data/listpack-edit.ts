/**
 * Writing listpacks: single elements into memory that is there, and changes of a listpack in its place. listpack.ts has
 * the format and reads it. Functions that make a listpack longer need room behind it.
 */
import { INT64_MAX_LENGTH, isBigInteger, parseInt64, parseInteger } from '../core/integer.ts';
import { copyBytes } from '../core/copy-bytes.ts';
import { elementBytes, endOfListpack, listpackBytes } from './listpack.ts';
import {
  backLengthBytes,
  COUNT_UNKNOWN,
  EMPTY_LISTPACK_BYTES,
  END,
  HEADER_BYTES,
  INTEGER_13,
  INTEGER_16,
  INTEGER_64,
  LONG_TEXT,
  MEDIUM_TEXT,
  MEDIUM_TEXT_MAX,
  setBytes,
  setCount,
  SHORT_TEXT,
  SHORT_TEXT_MAX,
  WORD,
} from './listpack-format.ts';

export function writeEmptyListpack(bytes: Uint8Array, at: number): void {
  setBytes(bytes, at, EMPTY_LISTPACK_BYTES);
  setCount(bytes, at, 0);
  bytes[at + HEADER_BYTES] = END;
}

// ------------------------------------------------------------------------------------------------------------ writing

/** Bytes that the string source[start..end) takes as an element. */
export function bytesForElement(source: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length <= INT64_MAX_LENGTH) {
    const value = parseInteger(source, start, end);
    if (!Number.isNaN(value)) return bytesForInteger(value);
  }
  if (length <= SHORT_TEXT_MAX) return length + 2;
  const encoded = length + (length <= MEDIUM_TEXT_MAX ? 2 : 5);
  return encoded + backLengthBytes(encoded);
}

/** Bytes that an integer takes as an element; ±Infinity stands for all that are not safe. */
export function bytesForInteger(value: number): number {
  if (value >= 0 && value <= 127) return 2;
  if (value >= -4096 && value <= 4095) return 3;
  if (value >= -32768 && value <= 32767) return 4;
  if (value >= -8388608 && value <= 8388607) return 5;
  return value >= -2147483648 && value <= 2147483647 ? 6 : 10;
}

/** Writes the string source[start..end) as an element and returns the position after it. */
export function writeElement(target: Uint8Array, p: number, source: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length <= INT64_MAX_LENGTH) {
    const value = parseInteger(source, start, end);
    if (isBigInteger(value)) return writeBigIntegerElement(target, p, parseInt64(source, start, end)!);
    if (!Number.isNaN(value)) return writeIntegerElement(target, p, value);
  }
  let at = p;
  if (length <= SHORT_TEXT_MAX) target[at++] = SHORT_TEXT | length;
  else if (length <= MEDIUM_TEXT_MAX) {
    target[at] = MEDIUM_TEXT | (length >> 8);
    target[at + 1] = length;
    at += 2;
  } else {
    target[at] = LONG_TEXT;
    setBytes(target, at + 1, length);
    at += 5;
  }
  copyBytes(source, start, end, target, at);
  return writeBackLength(target, at + length, at + length - p);
}

/** Writes a safe integer as an element and returns the position after it. */
export function writeIntegerElement(target: Uint8Array, p: number, value: number): number {
  let length = 1;
  if (value >= 0 && value <= 127) target[p] = value;
  else if (value >= -4096 && value <= 4095) {
    target[p] = INTEGER_13 | ((value >> 8) & 0x1f);
    target[p + 1] = value;
    length = 2;
  } else if (value >= -2147483648 && value <= 2147483647) {
    const dataBytes = bytesForInteger(value) - 2;
    target[p] = INTEGER_16 + dataBytes - 2;
    for (let i = 0; i < dataBytes; i++) target[p + 1 + i] = value >> (8 * i);
    length = 1 + dataBytes;
  } else return writeInteger64(target, p, Math.floor(value / WORD), value >>> 0);
  target[p + length] = length;
  return p + length + 1;
}

/** Writes an int64 as an element and returns the position after it. */
export function writeBigIntegerElement(target: Uint8Array, p: number, value: bigint): number {
  if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) {
    return writeIntegerElement(target, p, Number(value));
  }
  return writeInteger64(target, p, Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asUintN(32, value)));
}

function writeInteger64(target: Uint8Array, p: number, high: number, low: number): number {
  target[p] = INTEGER_64;
  setBytes(target, p + 1, low);
  setBytes(target, p + 5, high);
  target[p + 9] = 9;
  return p + 10;
}

function writeBackLength(target: Uint8Array, p: number, encoded: number): number {
  const count = backLengthBytes(encoded);
  target[p] = count === 1 ? encoded : encoded >>> (7 * (count - 1));
  for (let i = 1; i < count; i++) target[p + i] = 0x80 | ((encoded >>> (7 * (count - 1 - i))) & 0x7f);
  return p + count;
}

// ------------------------------------------------------------------------------------------------------------ editing

/**
 * Replaces `removed` bytes at `p` by `inserted` ones, which the caller fills with elements, and adjusts the header.
 * @param countChange how many more elements there are afterwards.
 */
export function spliceListpack(
  bytes: Uint8Array,
  at: number,
  p: number,
  removed: number,
  inserted: number,
  countChange: number,
): void {
  const total = listpackBytes(bytes, at);
  if (removed !== inserted) {
    if (p + removed === at + total - 1) bytes[p + inserted] = END;
    else bytes.copyWithin(p + inserted, p + removed, at + total);
    setBytes(bytes, at, total - removed + inserted);
  }
  if (countChange === 0) return;
  const count = bytes[at + 4]! | (bytes[at + 5]! << 8);
  if (count !== COUNT_UNKNOWN) setCount(bytes, at, Math.min(count + countChange, COUNT_UNKNOWN));
}

/**
 * Moves the start of a listpack by so many bytes: forward over whole elements, which are removed, or backward, where the
 * caller then fills the gap behind the header with elements. @param countChange how many more elements there are.
 */
export function resizeAtStart(bytes: Uint8Array, at: number, by: number, countChange: number): void {
  const total = listpackBytes(bytes, at);
  const count = bytes[at + 4]! | (bytes[at + 5]! << 8);
  setBytes(bytes, at + by, total - by);
  setCount(bytes, at + by, count === COUNT_UNKNOWN ? count : Math.min(count + countChange, COUNT_UNKNOWN));
}

/** Inserts the string source[start..end), which lies elsewhere, before the element (or the end mark) at `p`. */
export function insertElement(
  bytes: Uint8Array,
  at: number,
  p: number,
  source: Uint8Array,
  start: number,
  end: number,
): void {
  spliceListpack(bytes, at, p, 0, bytesForElement(source, start, end), 1);
  writeElement(bytes, p, source, start, end);
}

export function appendElement(bytes: Uint8Array, at: number, source: Uint8Array, start: number, end: number): void {
  insertElement(bytes, at, endOfListpack(bytes, at), source, start, end);
}

/** Puts the string source[start..end), which lies elsewhere, in the place of the element at `p`. */
export function replaceElement(
  bytes: Uint8Array,
  at: number,
  p: number,
  source: Uint8Array,
  start: number,
  end: number,
): void {
  spliceListpack(bytes, at, p, elementBytes(bytes, p), bytesForElement(source, start, end), 0);
  writeElement(bytes, p, source, start, end);
}

/** Removes up to `count` elements from the one at `p` on. What followed stands at `p` then. */
export function removeElements(bytes: Uint8Array, at: number, p: number, count: number): void {
  let tail = p;
  let removed = 0;
  while (removed < count && bytes[tail] !== END) {
    tail += elementBytes(bytes, tail);
    removed++;
  }
  spliceListpack(bytes, at, p, tail - p, 0, -removed);
}
