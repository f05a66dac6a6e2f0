/**
 * Decimal integers as Redis reads and writes them.
 *
 * Only the canonical spelling is an integer: no sign but '-', no leading zero, no space, no "-0". So a string is an
 * integer exactly when printing the number gives the string back, which is what lets a value be kept as a number
 * without losing how it was written.
 *
 * Redis counts in int64, JavaScript in doubles. `parseInteger` serves nearly all calls with a plain number and tells
 * the rest apart by values that no int64 can take:
 *
 *   -(2^53 - 1) .. 2^53 - 1   the number itself
 *   ±Infinity                 a valid int64 beyond that range: `parseInt64` gives it as a bigint
 *   NaN                       not an int64
 *
 * A caller that needs a small number anyway may test one range (`!(n >= 0 && n <= limit)`) and refuse all three.
 */

export const INT64_MAX = 9223372036854775807n;
export const INT64_MIN = -9223372036854775808n;
export const UINT64_MAX = 18446744073709551615n;

/** Bytes that the longest int64 takes: "-9223372036854775808". */
export const INT64_MAX_LENGTH = 20;

const ZERO = 0x30;
const MINUS = 0x2d;
const PLUS = 0x2b;

/** Digits that always fit in a safe integer, and digits of the largest int64. */
const SAFE_DIGITS = 15;
const INT64_DIGITS = 19;

/** The digits of 2^63. A 19-digit number below it is an int64; equal to it, only the negative one is. */
const INT64_LIMIT = Uint8Array.from('9223372036854775808', (digit) => digit.charCodeAt(0));

/** "00" to "99", so that digits are written two at a time. */
const DIGIT_PAIRS = Uint8Array.from({ length: 200 }, (_, i) => {
  const pair = i >> 1;
  return ZERO + ((i & 1) === 0 ? Math.floor(pair / 10) : pair % 10);
});

/** The integer spelled by the bytes; see the top of this module for NaN and ±Infinity. */
export function parseInteger(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const negative = end - start > 1 && bytes[start] === MINUS;
  if (negative) at++;
  const digits = end - at;
  if (digits === 1) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    if (!negative) return digit;
    return digit === 0 ? NaN : -digit;
  }
  if (digits < 1 || digits > INT64_DIGITS || bytes[at] === ZERO) return NaN;
  let value = 0;
  for (let i = at; i < end; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  if (digits > SAFE_DIGITS && value > Number.MAX_SAFE_INTEGER) {
    if (digits === INT64_DIGITS && !fitsInt64(bytes, at, negative)) return NaN;
    value = Infinity;
  }
  return negative ? -value : value;
}

/** Whether `parseInteger` found a valid int64 that a JS number cannot hold exactly. */
export function isBigInteger(value: number): boolean {
  return value === Infinity || value === -Infinity;
}

/** Whether the 19 digits at `at`, taken with their sign, lie within int64. */
function fitsInt64(bytes: Uint8Array, at: number, negative: boolean): boolean {
  for (let i = 0; i < INT64_DIGITS; i++) {
    const difference = bytes[at + i]! - INT64_LIMIT[i]!;
    if (difference !== 0) return difference < 0;
  }
  return negative;
}

/** Every int64, exactly; null for anything else. For callers whom `parseInteger` told ±Infinity. */
export function parseInt64(bytes: Uint8Array, start: number, end: number): bigint | null {
  const value = parseInteger(bytes, start, end);
  if (Number.isNaN(value)) return null;
  if (Number.isFinite(value)) return BigInt(value);
  const digits = unsignedDigits(bytes, value < 0 ? start + 1 : start, end);
  return value < 0 ? -digits : digits;
}

/** The number that 1 to 20 digits spell. Two halves, each a safe integer, so that one bigint operation joins them. */
function unsignedDigits(bytes: Uint8Array, start: number, end: number): bigint {
  const middle = Math.max(start, end - 10);
  let high = 0;
  for (let i = start; i < middle; i++) high = high * 10 + (bytes[i]! - ZERO);
  let low = 0;
  for (let i = middle; i < end; i++) low = low * 10 + (bytes[i]! - ZERO);
  return BigInt(high) * 10_000_000_000n + BigInt(low);
}

/** Whether a string value would be kept as an integer: OBJECT ENCODING "int". */
export function isCanonicalInt64(bytes: Uint8Array, start: number, end: number): boolean {
  return !Number.isNaN(parseInteger(bytes, start, end));
}

/** `parseInteger` for a string. */
export function parseIntegerText(text: string): number {
  if (text.length === 0 || text.length > INT64_MAX_LENGTH) return NaN;
  const value = Number(text);
  if (Number.isSafeInteger(value)) return String(value) === text ? value : NaN;
  if (!/^-?[1-9][0-9]*$/.test(text)) return NaN;
  const exact = BigInt(text);
  if (exact < INT64_MIN || exact > INT64_MAX) return NaN;
  return exact < 0n ? -Infinity : Infinity;
}

/**
 * An unsigned 64-bit number as the C library's `strtoull` takes it, which is how Redis reads the halves of stream IDs:
 * leading white space, '+', zeros in front and even a '-' that wraps around (but no canonical negative number) pass.
 * The text ends at a NUL. Null when it is no such number or too large.
 */
export function parseUint64(bytes: Uint8Array, start: number, end: number): bigint | null {
  const nul = bytes.indexOf(0, start);
  const stop = nul >= 0 && nul < end ? nul : end;
  const value = parseInteger(bytes, start, stop);
  if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) return BigInt(value);
  if (value < 0) return null;
  let at = start;
  while (at < stop && isSpace(bytes[at]!)) at++;
  const negative = at < stop && bytes[at] === MINUS;
  if (negative || (at < stop && bytes[at] === PLUS)) at++;
  if (at === stop) return null;
  while (at < stop - 1 && bytes[at] === ZERO) at++;
  if (stop - at > 20) return null;
  for (let i = at; i < stop; i++) if (bytes[i]! < ZERO || bytes[i]! > ZERO + 9) return null;
  const magnitude = unsignedDigits(bytes, at, stop);
  if (magnitude > UINT64_MAX) return null;
  return negative ? BigInt.asUintN(64, -magnitude) : magnitude;
}

/** White space as the C library's `isspace` knows it: space, \t, \n, \v, \f, \r. */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

/** How many bytes `writeInteger` will write. */
export function decimalLength(value: number): number {
  if (value < 0) return 1 + decimalLength(-value);
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1_000) return 3;
  if (value < 10_000) return 4;
  if (value < 100_000) return 5;
  if (value < 1_000_000) return 6;
  if (value < 10_000_000) return 7;
  if (value < 100_000_000) return 8;
  return 8 + decimalLength(Math.floor(value / 100_000_000));
}

/** Writes the decimal digits of a safe integer and returns the offset after them. */
export function writeInteger(target: Uint8Array, offset: number, value: number): number {
  if (value >= 0 && value < 10) {
    target[offset] = ZERO + value;
    return offset + 1;
  }
  let rest = value;
  let at = offset;
  if (value < 0) {
    target[at++] = MINUS;
    rest = -value;
  }
  const end = at + decimalLength(rest);
  if (rest >= 100_000_000) {
    const high = Math.floor(rest / 100_000_000);
    writeEightDigits(target, end - 8, (rest - high * 100_000_000) | 0);
    writeDigitsBefore(target, end - 8, high | 0);
  } else {
    writeDigitsBefore(target, end, rest | 0);
  }
  return end;
}

/** Writes `value`, below 10^9, so that its last digit stands just before `end`. */
function writeDigitsBefore(target: Uint8Array, end: number, value: number): void {
  let rest = value;
  let at = end;
  while (rest >= 100) {
    const quotient = (rest / 100) | 0;
    const pair = (rest - quotient * 100) << 1;
    rest = quotient;
    target[--at] = DIGIT_PAIRS[pair + 1]!;
    target[--at] = DIGIT_PAIRS[pair]!;
  }
  if (rest >= 10) {
    target[--at] = DIGIT_PAIRS[(rest << 1) + 1]!;
    target[--at] = DIGIT_PAIRS[rest << 1]!;
  } else {
    target[--at] = ZERO + rest;
  }
}

function writeEightDigits(target: Uint8Array, offset: number, value: number): void {
  let rest = value;
  for (let at = offset + 6; at >= offset; at -= 2) {
    const quotient = (rest / 100) | 0;
    const pair = (rest - quotient * 100) << 1;
    rest = quotient;
    target[at] = DIGIT_PAIRS[pair]!;
    target[at + 1] = DIGIT_PAIRS[pair + 1]!;
  }
}

/** As `writeInteger`, for integers of any size. */
export function writeBigInteger(target: Uint8Array, offset: number, value: bigint): number {
  const text = value.toString();
  for (let i = 0; i < text.length; i++) target[offset + i] = text.charCodeAt(i);
  return offset + text.length;
}
