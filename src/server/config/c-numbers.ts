/**
 * Numbers as configuration spells them.
 *
 * Each function reads one spelling that the C library or Redis reads, with its leniency: `save` and the buffer limits
 * go through strtoll and so take leading blanks and a plus sign, integer parameters take nothing but the canonical
 * form, memory sizes take a unit and wrap at 64 bits. Values are bigint where 64 bits matter; what the rest of the
 * server computes with is made a number elsewhere.
 */
import { INT64_MAX, INT64_MIN, UINT64_MAX, parseInt64 } from '../../core/integer.ts';
import { bytesOf, cString, lowerCaseAscii } from '../../core/latin1.ts';

/** A memory size has fewer digits than this; more are refused. */
const MEMORY_DIGITS_LIMIT = 128;

const memoryUnits = new Map([
  ['', 1n],
  ['b', 1n],
  ['k', 1000n],
  ['kb', 1024n],
  ['m', 1000n ** 2n],
  ['mb', 1024n ** 2n],
  ['g', 1000n ** 3n],
  ['gb', 1024n ** 3n],
]);

/** The canonical spelling of a signed 64-bit integer; null for any other. */
export function parseCanonicalInteger(text: string): bigint | null {
  return parseInt64(bytesOf(text), 0, text.length);
}

export interface LeadingInteger {
  /** Saturated at the limits of a signed 64-bit integer; 0 when there is no digit. */
  readonly value: bigint;
  readonly overflow: boolean;
  /** Every character was used. An empty text counts as used, and so as 0. */
  readonly whole: boolean;
}

/** As strtoll reads: blanks, a sign, digits of the base. */
export function parseLeadingInteger(text: string, base: 8 | 10): LeadingInteger {
  const input = cString(text);
  const match = (base === 10 ? /^[\t-\r ]*([+-]?)([0-9]+)/ : /^[\t-\r ]*([+-]?)([0-7]+)/).exec(input);
  if (!match) return { value: 0n, overflow: false, whole: input === '' };
  const magnitude = BigInt((base === 8 ? '0o' : '') + match[2]!);
  const value = match[1] === '-' ? -magnitude : magnitude;
  const whole = match[0].length === input.length;
  if (value > INT64_MAX) return { value: INT64_MAX, overflow: true, whole };
  if (value < INT64_MIN) return { value: INT64_MIN, overflow: true, whole };
  return { value, overflow: false, whole };
}

/** Bytes with an optional unit, as an unsigned 64-bit value that wraps; null when it is none. No digits mean 0. */
export function parseMemory(text: string): bigint | null {
  const match = /^([0-9]*)([a-z]*)$/i.exec(cString(text));
  if (!match || match[1]!.length >= MEMORY_DIGITS_LIMIT) return null;
  const unit = memoryUnits.get(lowerCaseAscii(match[2]!));
  if (unit === undefined) return null;
  const digits = BigInt(match[1]!);
  return BigInt.asUintN(64, (digits > UINT64_MAX ? UINT64_MAX : digits) * unit);
}

/** The shortest exact spelling that redis.conf reads back: in gb, mb or kb when nothing is left over. */
export function formatMemory(bytes: bigint): string {
  if (bytes === 0n) return '0';
  for (const unit of ['gb', 'mb', 'kb']) {
    const size = memoryUnits.get(unit)!;
    if (bytes % size === 0n) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}

/** Six decimals as `%f` prints them, trailing zeros cut. Exact halves go to the even digit, unlike `toFixed`. */
export function formatDecimal(value: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const magnitude = Math.abs(value);
  let fixed = magnitude.toFixed(6);
  // The only numbers halfway between two of six decimals are odd multiples of 1/128.
  if ((magnitude * 128) % 2 === 1) {
    const millionths = Math.floor(magnitude * 1e6);
    fixed = ((millionths + (millionths % 2)) / 1e6).toFixed(6);
  }
  return sign + fixed.replace(/\.?0+$/, '');
}
