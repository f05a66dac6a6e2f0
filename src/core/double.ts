/**
 * Doubles as Redis reads and prints them: scores, coordinates, timeouts, replies.
 *
 * Reading is `strtod` with Redis' conditions: the whole string must be one literal (decimal, hex or infinity), NaN is
 * refused, and so is a number too large for a double or so small that it becomes zero.
 *
 * Printing is mostly C's `%.17g`: 17 significant digits of the exact binary value, so 0.1 is "0.10000000000000001". A
 * JS engine can give those digits (`toExponential`) but rounds exact ties up, while C rounds them to even; ties are
 * rare and can be told cheaply, because only multiples of 2^-26 can be ties in at most 17 digits.
 */
import { isDecimalLiteral, parseFloatLiteral, roundToBinary } from './float-literal.ts';
import { isSpace } from './integer.ts';
import { latin1Of } from './latin1.ts';

const ZERO = 0x30;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;

const DOUBLE_PRECISION_BITS = 53;
const DOUBLE_MIN_EXPONENT = -1074;

const HUMAN_FRACTION_DIGITS = 17;

/** Enough digits to show any tie in full, and to tell it from every double that only comes near one. */
const TIE_DIGITS = 60;

/** Powers of ten that a double holds exactly. An integer below 2^53 divided by one of them is rounded only once. */
const EXACT_POWERS_OF_TEN = Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

/** The double that the whole argument spells, or NaN: "value is not a valid float". */
export function parseDouble(bytes: Uint8Array, start: number, end: number): number {
  const simple = parseSimpleDecimal(bytes, start, end);
  return Number.isNaN(simple) ? parseDoubleText(latin1Of(bytes, start, end)) : simple;
}

/** `parseDouble` for a binary string. */
export function parseDoubleText(text: string): number {
  const value = strtod(text);
  if (!Number.isFinite(value)) return parseFloatLiteral(text)?.kind === 'infinity' ? value : NaN;
  return value === 0 && !isZeroLiteral(text) ? NaN : value;
}

/**
 * `parseDouble` as the bounds of score ranges use it. There Redis takes what `strtod` takes: white space in front,
 * numbers out of range as infinity or zero, nothing at all as zero, and the text ends at a NUL.
 */
export function parseDoubleLeniently(bytes: Uint8Array, start: number, end: number): number {
  const nul = bytes.indexOf(0, start);
  const stop = nul >= 0 && nul < end ? nul : end;
  if (start === stop) return 0;
  let at = start;
  while (at < stop && isSpace(bytes[at]!)) at++;
  const simple = parseSimpleDecimal(bytes, at, stop);
  return Number.isNaN(simple) ? strtod(latin1Of(bytes, at, stop)) : simple;
}

/** [sign] digits [. digits] with so few digits that the result is exact before its one rounding; else NaN. */
function parseSimpleDecimal(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const first = bytes[at];
  if (first === MINUS || first === PLUS) at++;
  const digitsStart = at;
  if (end - at < 1 || end - at > 16) return NaN;
  let value = 0;
  let dot = -1;
  for (; at < end; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit >= 0 && digit <= 9) value = value * 10 + digit;
    else if (digit === DOT - ZERO && dot < 0) dot = at;
    else return NaN;
  }
  if (dot >= 0) {
    if (end - digitsStart === 1) return NaN;
    value /= EXACT_POWERS_OF_TEN[end - dot - 1]!;
  } else if (end - digitsStart > 15) {
    return NaN;
  }
  return first === MINUS ? -value : value;
}

/** `strtod` over a whole text without white space: ±Infinity where it overflows, NaN where it is no literal. */
function strtod(text: string): number {
  if (isDecimalLiteral(text)) return Number(text);
  const literal = parseFloatLiteral(text);
  if (literal === null) return NaN;
  const magnitude = literal.kind === 'infinity' ? Infinity : doubleOfHex(literal.digits, literal.exponent);
  return literal.negative ? -magnitude : magnitude;
}

function doubleOfHex(digits: bigint, exponent: number): number {
  if (digits === 0n || exponent < -1e6 - digits.toString(16).length * 4) return 0;
  if (exponent > 1024) return Infinity;
  const { mantissa, exponent: power } = roundToBinary(
    digits,
    exponent,
    false,
    DOUBLE_PRECISION_BITS,
    DOUBLE_MIN_EXPONENT,
  );
  if (mantissa === 0n) return 0;
  return power > 1023 ? Infinity : Number(mantissa) * 2 ** power;
}

/** Whether a literal whose value is zero says zero, and did not become it by underflow. */
function isZeroLiteral(text: string): boolean {
  const literal = parseFloatLiteral(text);
  return literal?.kind === 'finite' && literal.digits === 0n;
}

// ----------------------------------------------------------------------------------------------------------- printing

/** C's `%.17g`, and "inf", "-inf", "nan": the form of a double in replies, RESP2 and RESP3. */
export function formatDouble17g(value: number): string {
  // With 15 digits at most, the shortest spelling is the exact one.
  if (Number.isInteger(value) ? value < 1e15 && value > -1e15 : Number.isInteger(value * 1024) && isBelow1e5(value)) {
    return value === 0 && 1 / value < 0 ? '-0' : String(value);
  }
  return formatDoubleG(value, 17);
}

/** Whether `formatDouble17g` spells a double just as an integer is spelled; not minus zero. */
export function isPlainInteger(value: number): boolean {
  return Number.isInteger(value) && value < 1e15 && value > -1e15 && (value !== 0 || 1 / value > 0);
}

function isBelow1e5(value: number): boolean {
  return value < 1e5 && value > -1e5;
}

/** C's `%.<precision>g`, for 1 to 17 digits. */
export function formatDoubleG(value: number, precision: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  const negative = value < 0 || Object.is(value, -0);
  const scientific = Math.abs(value).toExponential(precision - 1);
  const mark = scientific.indexOf('e');
  let digits = precision === 1 ? scientific.slice(0, mark) : scientific[0] + scientific.slice(2, mark);
  const last = digits.charCodeAt(precision - 1);
  if ((last & 1) === 1 && isTie(value, precision)) {
    digits = digits.slice(0, precision - 1) + String.fromCharCode(last - 1);
  }
  return layOutGeneral(negative, digits, Number(scientific.slice(mark + 1)), precision);
}

/** Whether the exact value lies in the middle between two numbers of `precision` digits. */
function isTie(value: number, precision: number): boolean {
  if (!Number.isInteger(value * 0x4000000)) return false;
  const scientific = Math.abs(value).toExponential(TIE_DIGITS);
  return /^50*$/.test(scientific.slice(precision + 1, scientific.indexOf('e')));
}

/** Lays out `digits`, the first of them worth 10 ^ `exponent`, as `%g` does: without zeros at the end. */
export function layOutGeneral(negative: boolean, digits: string, exponent: number, precision: number): string {
  let length = digits.length;
  while (length > 1 && digits.charCodeAt(length - 1) === ZERO) length--;
  const significant = digits.slice(0, length);
  const sign = negative ? '-' : '';
  if (exponent < -4 || exponent >= precision) {
    const fraction = length > 1 ? `.${significant.slice(1)}` : '';
    const power = Math.abs(exponent);
    return `${sign}${significant[0]}${fraction}e${exponent < 0 ? '-' : '+'}${power < 10 ? '0' : ''}${power}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${significant}`;
  if (length <= exponent + 1) return sign + significant.padEnd(exponent + 1, '0');
  return `${sign}${significant.slice(0, exponent + 1)}.${significant.slice(exponent + 1)}`;
}

function nonFinite(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  return value > 0 ? 'inf' : '-inf';
}

/**
 * The form in which listpacks and the oldest RDB sorted sets hold a score: every integer up to 2^62 in full, the rest
 * as `%.17g`. Minus zero is an integer there and loses its sign.
 */
export function formatStoredScore(value: number): string {
  if (!Number.isInteger(value) || Math.abs(value) > 2 ** 62) return formatDouble17g(value);
  return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString();
}

/** C's `%.17f` without zeros at the end, and never "-0": coordinates in replies. */
export function formatDoubleHuman(value: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  if (Number.isInteger(value)) return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString();
  const fixed = formatFixed(value, HUMAN_FRACTION_DIGITS);
  let length = fixed.length;
  while (fixed.charCodeAt(length - 1) === ZERO) length--;
  if (fixed.charCodeAt(length - 1) === DOT) length--;
  const text = fixed.slice(0, length);
  return text === '-0' ? '0' : text;
}

/**
 * C's `%.<fractionDigits>f`. Only an odd multiple of 2 ^ -(fractionDigits + 1) is a tie; `toFixed` rounds it up, C to
 * even.
 */
export function formatFixed(value: number, fractionDigits: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}${fractionDigits > 0 ? `.${'0'.repeat(fractionDigits)}` : ''}`;
  const fixed = value === 0 && 1 / value < 0 ? `-${value.toFixed(fractionDigits)}` : value.toFixed(fractionDigits);
  const last = fixed.charCodeAt(fixed.length - 1);
  const scaled = value * 2 ** (fractionDigits + 1);
  const isTie = Number.isInteger(scaled) && scaled % 2 !== 0;
  return isTie && (last & 1) === 1 ? fixed.slice(0, -1) + String.fromCharCode(last - 1) : fixed;
}

/** A number with exactly `fractionDigits` digits after the point, the scaled double rounded to even: distances. */
export function formatFixedPoint(value: number, fractionDigits: number): string {
  const scaled = roundHalfEven(value * EXACT_POWERS_OF_TEN[fractionDigits]!);
  const digits = BigInt(Math.abs(scaled))
    .toString()
    .padStart(fractionDigits + 1, '0');
  const point = digits.length - fractionDigits;
  return `${scaled < 0 ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
