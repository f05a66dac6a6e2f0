/**
 * The 80-bit extended floats of x86, in which INCRBYFLOAT, HINCRBYFLOAT and timeouts reckon.
 *
 * A value is mantissa · 2 ^ exponent with at most 64 bits of mantissa. Reading, adding and printing are each rounded
 * once, to nearest with ties to even, as the processor and the C library do; so 0.1 + 0.2 prints "0.3" where doubles
 * would print "0.30000000000000004". Everything between is exact integer arithmetic.
 *
 * Refusals are Redis': a literal must fill the whole string, be shorter than 5 KiB, be no NaN, and neither overflow nor
 * vanish. Infinity may be read; a sum that is infinite or no number shows in `isFiniteLongDouble`.
 */
import { layOutGeneral } from './double.ts';
import { bitLength, parseFloatLiteral, roundToBinary } from './float-literal.ts';
import { latin1Of } from './latin1.ts';

export interface LongDouble {
  readonly negative: boolean;
  /** 0 to 2^64 - 1. */
  readonly mantissa: bigint;
  /** Power of two. Infinity for infinite values and NaN for what is no number; the mantissa then means nothing. */
  readonly exponent: number;
}

const PRECISION_BITS = 64;
/** Exponents of a 64-bit mantissa in the largest numbers, and of the last bit of the smallest. */
const MAX_EXPONENT = 16320;
const MIN_EXPONENT = -16445;

/** Longest literal, as the C buffer that it is copied into holds it with its terminator. */
const MAX_LITERAL_LENGTH = 5 * 1024 - 1;

/** Decimal orders of magnitude that are certainly too large, or too small, for the format. */
const OVERFLOW_MAGNITUDE = 5000;

const HUMAN_DIGITS = 17;
const HUMAN_SCALE = 10n ** BigInt(HUMAN_DIGITS);

const NOT_A_NUMBER: LongDouble = { negative: false, mantissa: 0n, exponent: NaN };
const ZERO: LongDouble = { negative: false, mantissa: 0n, exponent: 0 };

/** The number that the whole argument spells, or null: "value is not a valid float". */
export function parseLongDouble(bytes: Uint8Array, start: number, end: number): LongDouble | null {
  return end - start > MAX_LITERAL_LENGTH ? null : parseLongDoubleText(latin1Of(bytes, start, end));
}

/** `parseLongDouble` for a binary string. */
export function parseLongDoubleText(text: string): LongDouble | null {
  if (text.length > MAX_LITERAL_LENGTH) return null;
  const literal = parseFloatLiteral(text);
  if (literal === null) return null;
  if (literal.kind === 'infinity') return { negative: literal.negative, mantissa: 1n, exponent: Infinity };
  if (literal.digits === 0n) return literal.negative ? { ...ZERO, negative: true } : ZERO;
  const { negative, digits, base, exponent } = literal;
  const magnitude = base === 10 ? fromDecimal(digits, exponent) : fromBinary(digits, exponent);
  if (magnitude === null) return null;
  return { negative, mantissa: magnitude.mantissa, exponent: magnitude.exponent };
}

type Magnitude = { readonly mantissa: bigint; readonly exponent: number };

/** Null when the number overflows or vanishes. */
function fromBinary(digits: bigint, exponent: number): Magnitude | null {
  const top = bitLength(digits) + exponent;
  if (top > MAX_EXPONENT + PRECISION_BITS || top < MIN_EXPONENT) return null;
  return inRange(roundToBinary(digits, exponent, false, PRECISION_BITS, MIN_EXPONENT));
}

function fromDecimal(digits: bigint, exponent: number): Magnitude | null {
  if (exponent > OVERFLOW_MAGNITUDE || exponent < -OVERFLOW_MAGNITUDE - MAX_LITERAL_LENGTH) return null;
  if (exponent >= 0) return fromBinary(digits * 10n ** BigInt(exponent), 0);
  const divisor = 10n ** BigInt(-exponent);
  // Enough bits in the quotient that what the division leaves over can only decide a tie.
  const shift = Math.max(0, PRECISION_BITS + 2 - bitLength(digits) + bitLength(divisor));
  const dividend = digits << BigInt(shift);
  const quotient = dividend / divisor;
  const inexact = quotient * divisor !== dividend;
  return inRange(roundToBinary(quotient, -shift, inexact, PRECISION_BITS, MIN_EXPONENT));
}

function inRange(rounded: Magnitude): Magnitude | null {
  if (rounded.mantissa === 0n) return null;
  return bitLength(rounded.mantissa) + rounded.exponent > MAX_EXPONENT + PRECISION_BITS ? null : rounded;
}

/** An integer of at most 64 bits, exactly. */
export function longDoubleOfInteger(value: number | bigint): LongDouble {
  const exact = BigInt(value);
  return exact < 0n ? { negative: true, mantissa: -exact, exponent: 0 } : { ...ZERO, mantissa: exact };
}

export function isFiniteLongDouble(value: LongDouble): boolean {
  return Number.isFinite(value.exponent);
}

/** The nearest double. */
export function doubleOfLongDouble({ negative, mantissa, exponent }: LongDouble): number {
  if (Number.isNaN(exponent)) return NaN;
  let magnitude = exponent;
  if (exponent !== Infinity) {
    const rounded = roundToBinary(mantissa, exponent, false, 53, -1074);
    // Two factors, because 2 ^ exponent alone may overflow where the product does not.
    const half = Math.trunc(rounded.exponent / 2);
    magnitude = rounded.mantissa === 0n ? 0 : Number(rounded.mantissa) * 2 ** half * 2 ** (rounded.exponent - half);
  }
  return negative ? -magnitude : magnitude;
}

export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble {
  if (!isFiniteLongDouble(a) || !isFiniteLongDouble(b)) return addNonFinite(a, b);
  if (a.mantissa === 0n) return b.mantissa === 0n ? { ...ZERO, negative: a.negative && b.negative } : b;
  if (b.mantissa === 0n) return a;
  // Further down than this a number is less than half of the larger one's last bit, whichever way that is rounded.
  if (Math.abs(topOf(a) - topOf(b)) > PRECISION_BITS + 2) return topOf(a) > topOf(b) ? a : b;
  const low = Math.min(a.exponent, b.exponent);
  const sum = alignedTo(a, low) + alignedTo(b, low);
  if (sum === 0n) return ZERO;
  const negative = sum < 0n;
  const rounded = roundToBinary(negative ? -sum : sum, low, false, PRECISION_BITS, MIN_EXPONENT);
  const overflows = bitLength(rounded.mantissa) + rounded.exponent > MAX_EXPONENT + PRECISION_BITS;
  return { negative, mantissa: rounded.mantissa, exponent: overflows ? Infinity : rounded.exponent };
}

function addNonFinite(a: LongDouble, b: LongDouble): LongDouble {
  if (Number.isNaN(a.exponent) || Number.isNaN(b.exponent)) return NOT_A_NUMBER;
  if (a.exponent !== Infinity) return b;
  if (b.exponent !== Infinity) return a;
  return a.negative === b.negative ? a : NOT_A_NUMBER;
}

/** Position of the bit above the highest one. */
function topOf(value: LongDouble): number {
  return bitLength(value.mantissa) + value.exponent;
}

/** The signed value in units of 2 ^ `low`, which is not above its own exponent. */
function alignedTo(value: LongDouble, low: number): bigint {
  const magnitude = value.mantissa << BigInt(value.exponent - low);
  return value.negative ? -magnitude : magnitude;
}

// ----------------------------------------------------------------------------------------------------------- printing

/** C's `%.17Lf` without zeros at the end, and never "-0": what INCRBYFLOAT stores and replies. */
export function formatLongDoubleHuman(value: LongDouble): string {
  if (!isFiniteLongDouble(value)) return nonFinite(value);
  const digits = scaleAndRound(value.mantissa * HUMAN_SCALE, 1n, value.exponent).toString();
  const padded = digits.padStart(HUMAN_DIGITS + 1, '0');
  const point = padded.length - HUMAN_DIGITS;
  let length = padded.length;
  while (length > point && padded.charCodeAt(length - 1) === 0x30) length--;
  const whole = padded.slice(0, point);
  const text = length === point ? whole : `${whole}.${padded.slice(point, length)}`;
  return value.negative && text !== '0' ? `-${text}` : text;
}

/** C's `%.17Lg`. */
export function formatLongDoubleAuto(value: LongDouble): string {
  if (!isFiniteLongDouble(value)) return nonFinite(value);
  if (value.mantissa === 0n) return value.negative ? '-0' : '0';
  // A floor of the decimal exponent; one step up when rounding gives a digit too many.
  let exponent = Math.floor((topOf(value) - 1) * Math.LOG10E * Math.LN2 - 1e-9);
  let digits = significantDigits(value, exponent);
  if (digits.length > HUMAN_DIGITS) digits = significantDigits(value, ++exponent);
  return layOutGeneral(value.negative, digits, exponent, HUMAN_DIGITS);
}

/** The value in units of the last of 17 digits, when the first is worth 10 ^ `exponent`. */
function significantDigits(value: LongDouble, exponent: number): string {
  const power = HUMAN_DIGITS - 1 - exponent;
  const scale = 10n ** BigInt(Math.abs(power));
  return power >= 0
    ? scaleAndRound(value.mantissa * scale, 1n, value.exponent).toString()
    : scaleAndRound(value.mantissa, scale, value.exponent).toString();
}

/** dividend / divisor · 2 ^ exponent as an integer, ties to even. */
function scaleAndRound(dividend: bigint, divisor: bigint, exponent: number): bigint {
  const top = exponent > 0 ? dividend << BigInt(exponent) : dividend;
  const bottom = exponent < 0 ? divisor << BigInt(-exponent) : divisor;
  const floor = top / bottom;
  const twice = (top - floor * bottom) << 1n;
  return twice > bottom || (twice === bottom && (floor & 1n) === 1n) ? floor + 1n : floor;
}

function nonFinite(value: LongDouble): string {
  if (Number.isNaN(value.exponent)) return 'nan';
  return value.negative ? '-inf' : 'inf';
}
