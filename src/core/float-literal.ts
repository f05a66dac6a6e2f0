/**
 * Floating-point literals as the C library's `strtod` and `strtold` take them, before any precision is chosen.
 *
 *   decimal   [sign] digits [. digits] [e [sign] digits]
 *   hex       [sign] 0x hexdigits [. hexdigits] [p [sign] digits], the exponent a power of two
 *   infinity  [sign] inf | infinity, in any case
 *
 * NaN is a literal for the C library too, but Redis refuses it wherever it reads a number, so it is none here. White
 * space is never part of a literal; callers that Redis lets be lenient skip it themselves.
 *
 * A finite literal is an integer times a power of ten or of two. `roundToBinary` brings such a number, once it is a
 * binary one, to the precision of a format: nearest, ties to even, with gradual underflow at the format's end.
 */

export type FloatLiteral =
  | { readonly kind: 'infinity'; readonly negative: boolean }
  | {
      readonly kind: 'finite';
      readonly negative: boolean;
      /** The value is `digits` · `base` ^ `exponent`. */
      readonly digits: bigint;
      readonly base: 2 | 10;
      readonly exponent: number;
    };

const DECIMAL = /^([+-]?)(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(?:e([+-]?[0-9]+))?$/i;
const HEX = /^([+-]?)0x(?:([0-9a-f]+)(?:\.([0-9a-f]*))?|\.([0-9a-f]+))(?:p([+-]?[0-9]+))?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/** Exponents beyond this are the same as this to every format, and stay exact in sums with a literal's length. */
const EXPONENT_LIMIT = 1e12;

/** Whether the text is a finite decimal literal, so that `Number(text)` reads it as `strtod` does. */
export function isDecimalLiteral(text: string): boolean {
  return DECIMAL.test(text);
}

/** The literal that the whole text spells, or null. */
export function parseFloatLiteral(text: string): FloatLiteral | null {
  const decimal = DECIMAL.exec(text);
  if (decimal) return finite(decimal, 10);
  const hex = HEX.exec(text);
  if (hex) return finite(hex, 2);
  const infinite = INFINITE.exec(text);
  return infinite && { kind: 'infinity', negative: infinite[1] === '-' };
}

function finite(match: RegExpExecArray, base: 2 | 10): FloatLiteral {
  const [, sign, whole = '', fractionAfterWhole = '', fractionAlone = '', exponentText = '0'] = match;
  const fraction = fractionAfterWhole + fractionAlone;
  const written = Math.max(-EXPONENT_LIMIT, Math.min(EXPONENT_LIMIT, Number(exponentText)));
  const digits = (whole + fraction).replace(/^0+/, '');
  // Zeros at the end would only make the integer long: 0.1 is often sent as 0.10000000.
  const significant = digits.replace(/0+$/, '');
  const shift = digits.length - significant.length - fraction.length;
  return {
    kind: 'finite',
    negative: sign === '-',
    digits: BigInt(significant === '' ? 0 : base === 2 ? `0x${significant}` : significant),
    base,
    exponent: written + (base === 2 ? 4 * shift : shift),
  };
}

/** `mantissa` · 2 ^ `exponent`, with the mantissa within the precision of some format. */
export interface BinaryFloat {
  readonly mantissa: bigint;
  readonly exponent: number;
}

/**
 * Rounds a non-negative number to `precision` bits, fewer where the exponent would fall below `minExponent`. `inexact`
 * tells that the true number is a little larger, by less than one unit of the mantissa's last bit.
 */
export function roundToBinary(
  mantissa: bigint,
  exponent: number,
  inexact: boolean,
  precision: number,
  minExponent: number,
): BinaryFloat {
  const drop = Math.max(bitLength(mantissa) - precision, minExponent - exponent);
  if (drop <= 0) return { mantissa, exponent };
  const shift = BigInt(drop);
  let kept = mantissa >> shift;
  const rest = mantissa - (kept << shift);
  const half = 1n << (shift - 1n);
  if (rest > half || (rest === half && (inexact || (kept & 1n) === 1n))) kept += 1n;
  return bitLength(kept) > precision
    ? { mantissa: kept >> 1n, exponent: exponent + drop + 1 }
    : { mantissa: kept, exponent: exponent + drop };
}

/** Bits of a non-negative integer; 0 has none. */
export function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  if (value <= 0xffffffffn) return 32 - Math.clz32(Number(value));
  const hex = value.toString(16);
  return (hex.length - 1) * 4 + 32 - Math.clz32(Number.parseInt(hex[0]!, 16));
}
