/**
 * `^`, math.pow, math.exp and math.log as the C library has them. Its results are the double next to the true
 * value, nearly always; those of JavaScript are one further away now and then: `10 ^ -5` is not 0.00001 there. Scripts
 * see that, since numbers reach commands with 17 digits.
 *
 * So what JavaScript gives is mended by its distance to the true value, in logarithms that are kept as sums of two
 * doubles, some 75 bits.
 */

/** The sum of two numbers, the second far smaller than the first. */
type Sum = readonly [high: number, low: number];

/** What halves a double into two of 26 bits. */
const SPLITTER = 2 ** 27 + 1;
const LN2: Sum = [Math.LN2, 2.3190468138462996e-17];
/** Of the series: its first two factors, and the others, for which a double is enough. */
const THIRD: Sum = [1 / 3, 1.850371707708594e-17];
const FIFTH: Sum = [1 / 5, -1.1102230246251566e-17];
const LATER = [1 / 27, 1 / 25, 1 / 23, 1 / 21, 1 / 19, 1 / 17, 1 / 15, 1 / 13, 1 / 11, 1 / 9, 1 / 7];
const TINY = 2 ** -1000;
const NORMAL_MIN = 2 ** -1022;

export function power(base: number, exponent: number): number {
  if (exponent === 2) return base * base;
  // C's and JavaScript's differ where one of the two is a power of nothing: 1 to any power is 1.
  if (base === 1 || (base === -1 && (exponent === Infinity || exponent === -Infinity))) return 1;
  const raw = base ** exponent;
  if (isExact(base, exponent, raw)) return raw;
  const size = Math.abs(raw);
  const mended = mend(size, product(logarithm(Math.abs(base)), [exponent, 0]));
  return raw < 0 ? -mended : mended;
}

/** Whether a power is a whole number that a double holds, or nothing that could be mended. */
function isExact(base: number, exponent: number, raw: number): boolean {
  if (exponent >= 0 && Number.isSafeInteger(raw) && Number.isInteger(base) && Number.isInteger(exponent)) return true;
  return !isMendable(Math.abs(raw)) || exponent === 1;
}

export function exponential(value: number): number {
  const raw = Math.exp(value);
  return isMendable(raw) ? mend(raw, [value, 0]) : raw;
}

export function naturalLogarithm(value: number): number {
  return value > 0 && value < Infinity ? logarithm(value)[0] : Math.log(value);
}

/** Numbers that are nearly nothing have fewer digits. */
function isMendable(size: number): boolean {
  return size >= NORMAL_MIN && size < Infinity && size !== 1;
}

/** The number whose logarithm is given, and to which another one is close. */
function mend(close: number, wanted: Sum): number {
  const [high, low] = logarithm(close);
  return close + close * (wanted[0] - high + (wanted[1] - low));
}

/** Of a positive number, as that of a power of two and twice the inverse tangent of (m - 1) / (m + 1). */
function logarithm(value: number): Sum {
  if (value < TINY) return sum(logarithm(value * 2 ** 60), product(LN2, [-60, 0]));
  const exponent = Math.round(Math.log2(value));
  const mantissa = value * 2 ** -exponent;
  const ratio = quotient(mantissa - 1, exactSum(mantissa, 1));
  const square = product(ratio, ratio);
  let tail = 0;
  for (const term of LATER) tail = tail * square[0] + term;
  const series = sum(THIRD, product(sum(FIFTH, [tail * square[0], 0]), square));
  const inverse = sum(ratio, product(product(series, square), ratio));
  return sum(product(LN2, [exponent, 0]), [2 * inverse[0], 2 * inverse[1]]);
}

// -------------------------------------------------------------------------------------------------- sums of two doubles

function exactSum(left: number, right: number): Sum {
  const high = left + right;
  const part = high - left;
  return [high, left - (high - part) + (right - part)];
}

/** Of two that do not cancel each other out. */
function sum(left: Sum, right: Sum): Sum {
  const high = left[0] + right[0];
  const part = high - left[0];
  return settle(high, left[0] - (high - part) + (right[0] - part) + (left[1] + right[1]));
}

/** Moves into `high` what there is room for. */
function settle(high: number, low: number): Sum {
  const total = high + low;
  return [total, low - (total - high)];
}

/** What a product of two doubles loses. */
function lost(left: number, right: number, rounded: number): number {
  const leftHigh = SPLITTER * left - (SPLITTER * left - left);
  const rightHigh = SPLITTER * right - (SPLITTER * right - right);
  const leftLow = left - leftHigh;
  const rightLow = right - rightHigh;
  return leftHigh * rightHigh - rounded + leftHigh * rightLow + leftLow * rightHigh + leftLow * rightLow;
}

function product(left: Sum, right: Sum): Sum {
  const high = left[0] * right[0];
  return settle(high, lost(left[0], right[0], high) + (left[0] * right[1] + left[1] * right[0]));
}

function quotient(numerator: number, denominator: Sum): Sum {
  const high = numerator / denominator[0];
  const back = product([high, 0], denominator);
  return settle(high, (numerator - back[0] - back[1]) / denominator[0]);
}
