/**
 * Intsets: sorted sets of integers in one piece of memory, with the very bytes that Redis keeps and writes to RDB
 * files and DUMP payloads. They are the packed form of sets that hold nothing but integers.
 *
 *   uint32 width in bytes: 2, 4 or 8 | uint32 number of members | members, ascending
 *
 * All numbers are little-endian, members are signed. The width is that of the widest integer that was ever added: it
 * grows and never shrinks (intset.c).
 *
 * As in listpack.ts nothing here allocates, an intset is (bytes, at), and what makes it longer needs room behind it. A
 * member is given as a safe integer, or as a bigint beyond; it is read by the convention of core/integer.ts, as a
 * number while it is safe, else as ±Infinity, and as a bigint on request.
 */
import { isBigInteger, writeBigInteger, writeInteger } from '../core/integer.ts';

export const INTSET_HEADER_BYTES = 8;
/** How many members Redis lets an intset have at most, whatever is configured (t_set.c setTypeAdd). */
export const INTSET_MEMBERS_MAX = 2 ** 30;

const WORD = 0x1_0000_0000;

export type IntsetWidth = 2 | 4 | 8;

export function writeEmptyIntset(bytes: Uint8Array, at: number, width: IntsetWidth = 2): void {
  setUint32(bytes, at, width);
  setUint32(bytes, at + 4, 0);
}

/** Bytes of a member. */
export function intsetWidth(bytes: Uint8Array, at: number): number {
  return bytes[at]!;
}

export function intsetLength(bytes: Uint8Array, at: number): number {
  return uint32(bytes, at + 4);
}

/** Total length in bytes. */
export function intsetBytes(bytes: Uint8Array, at: number): number {
  return INTSET_HEADER_BYTES + intsetWidth(bytes, at) * intsetLength(bytes, at);
}

/** Bytes that an integer needs as a member. */
export function widthOf(value: number | bigint): IntsetWidth {
  if (value >= -32768 && value <= 32767) return 2;
  return value >= -2147483648 && value <= 2147483647 ? 4 : 8;
}

// ------------------------------------------------------------------------------------------------------------ reading

/** The member at an index, ±Infinity beyond the safe integers. */
export function memberAt(bytes: Uint8Array, at: number, index: number): number {
  const width = bytes[at]!;
  const p = at + INTSET_HEADER_BYTES + index * width;
  if (width === 2) return ((bytes[p]! << 16) | (bytes[p + 1]! << 24)) >> 16;
  if (width === 4) return int32(bytes, p);
  const value = int32(bytes, p + 4) * WORD + uint32(bytes, p);
  if (Number.isSafeInteger(value)) return value;
  return value < 0 ? -Infinity : Infinity;
}

/** The member at an index, exactly. */
export function bigMemberAt(bytes: Uint8Array, at: number, index: number): bigint {
  const width = bytes[at]!;
  if (width < 8) return BigInt(memberAt(bytes, at, index));
  const p = at + INTSET_HEADER_BYTES + index * width;
  return (BigInt(int32(bytes, p + 4)) << 32n) | BigInt(uint32(bytes, p));
}

/** Writes the decimal digits of a member to `target` and returns the offset after them. */
export function copyMember(bytes: Uint8Array, at: number, index: number, target: Uint8Array, offset: number): number {
  const value = memberAt(bytes, at, index);
  if (isBigInteger(value)) return writeBigInteger(target, offset, bigMemberAt(bytes, at, index));
  return writeInteger(target, offset, value);
}

/** The index of a member; of another integer -1 - the index at which it belongs. */
export function searchMember(bytes: Uint8Array, at: number, value: number | bigint): number {
  const length = intsetLength(bytes, at);
  if (length === 0) return -1;
  const needed = widthOf(value);
  if (needed > bytes[at]!) return value < 0 ? -1 : -1 - length;
  return bytes[at] === 8 ? searchWide(bytes, at, value, length) : searchNarrow(bytes, at, value as number, length);
}

/** In an intset of two or four bytes per member, whose members and needles are small numbers. */
function searchNarrow(bytes: Uint8Array, at: number, value: number, length: number): number {
  // Members often come in ascending order: look at the end first.
  if (value > memberAt(bytes, at, length - 1)) return -1 - length;
  let low = 0;
  let high = length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const member = memberAt(bytes, at, middle);
    if (member === value) return middle;
    if (member < value) low = middle + 1;
    else high = middle - 1;
  }
  return -1 - low;
}

/** In an intset of eight bytes per member, by the upper and the lower half. */
function searchWide(bytes: Uint8Array, at: number, value: number | bigint, length: number): number {
  const wantedHigh = highWord(value);
  const wantedLow = lowWord(value);
  let low = 0;
  let high = length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const p = at + INTSET_HEADER_BYTES + middle * 8;
    const difference = int32(bytes, p + 4) - wantedHigh || uint32(bytes, p) - wantedLow;
    if (difference === 0) return middle;
    if (difference < 0) low = middle + 1;
    else high = middle - 1;
  }
  return -1 - low;
}

// ------------------------------------------------------------------------------------------------------------ editing

/** Length in bytes of the intset with one more member. */
export function intsetBytesWith(bytes: Uint8Array, at: number, value: number | bigint): number {
  const width = Math.max(widthOf(value), bytes[at]!);
  return INTSET_HEADER_BYTES + width * (intsetLength(bytes, at) + 1);
}

/** Adds an integer that is no member yet, at the index at which it belongs. */
export function insertMember(bytes: Uint8Array, at: number, index: number, value: number | bigint): void {
  const length = intsetLength(bytes, at);
  const needed = widthOf(value);
  if (needed > bytes[at]!) widen(bytes, at, length, needed);
  const width = bytes[at]!;
  const p = at + INTSET_HEADER_BYTES + index * width;
  if (index < length) bytes.copyWithin(p + width, p, at + INTSET_HEADER_BYTES + length * width);
  writeMember(bytes, p, width, value);
  setUint32(bytes, at + 4, length + 1);
}

export function removeMember(bytes: Uint8Array, at: number, index: number): void {
  const width = bytes[at]!;
  const length = intsetLength(bytes, at);
  const p = at + INTSET_HEADER_BYTES + index * width;
  if (index < length - 1) bytes.copyWithin(p, p + width, at + INTSET_HEADER_BYTES + length * width);
  setUint32(bytes, at + 4, length - 1);
}

/** Gives every member more bytes: the last one first, so that none is overwritten before it has moved. */
function widen(bytes: Uint8Array, at: number, length: number, width: IntsetWidth): void {
  for (let index = length - 1; index >= 0; index--) {
    writeMember(bytes, at + INTSET_HEADER_BYTES + index * width, width, memberAt(bytes, at, index));
  }
  setUint32(bytes, at, width);
}

function writeMember(bytes: Uint8Array, p: number, width: number, value: number | bigint): void {
  if (width === 8) {
    setUint32(bytes, p, lowWord(value));
    setUint32(bytes, p + 4, highWord(value));
  } else if (width === 4) setUint32(bytes, p, value as number);
  else {
    bytes[p] = value as number;
    bytes[p + 1] = (value as number) >> 8;
  }
}

// ----------------------------------------------------------------------------------------------------------- checking

/**
 * Whether `length` bytes that came from outside are an intset with members.
 * @param deep looks at the order of the members, not just at the frame.
 */
export function isValidIntset(bytes: Uint8Array, at: number, length: number, deep: boolean): boolean {
  if (length < INTSET_HEADER_BYTES) return false;
  const width = uint32(bytes, at);
  if (width !== 2 && width !== 4 && width !== 8) return false;
  const count = intsetLength(bytes, at);
  if (count === 0 || INTSET_HEADER_BYTES + count * width !== length) return false;
  if (!deep) return true;
  if (width < 8) {
    for (let index = 1; index < count; index++) {
      if (memberAt(bytes, at, index) <= memberAt(bytes, at, index - 1)) return false;
    }
    return true;
  }
  for (let index = 1; index < count; index++) {
    if (bigMemberAt(bytes, at, index) <= bigMemberAt(bytes, at, index - 1)) return false;
  }
  return true;
}

// -------------------------------------------------------------------------------------------------------------- words

function uint32(bytes: Uint8Array, at: number): number {
  return int32(bytes, at) >>> 0;
}

function int32(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function setUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** The upper half of an int64, as an int32. */
function highWord(value: number | bigint): number {
  return typeof value === 'number' ? Math.floor(value / WORD) : Number(value >> 32n);
}

/** The lower half of an int64, as a uint32. */
function lowWord(value: number | bigint): number {
  return typeof value === 'number' ? value >>> 0 : Number(value & 0xffff_ffffn);
}
