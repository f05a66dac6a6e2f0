/**
 * Strings that count. An integer is kept as its digits, and counting parses and rewrites them where they stand, which
 * costs less than a second representation would. Numbers beyond 2^53 take a slower road through bigints, so that all
 * 64 bits are exact.
 */
import { fail, NOT_A_FLOAT, NOT_AN_INTEGER } from '../core/errors.ts';
import { decimalLength, INT64_MAX, INT64_MIN, isBigInteger, parseInteger } from '../core/integer.ts';
import {
  addLongDoubles,
  formatLongDoubleHuman,
  isFiniteLongDouble,
  type LongDouble,
  longDoubleOfInteger,
  parseLongDouble,
} from '../core/long-double.ts';
import { NONE } from '../data/heap.ts';
import { int64Of, integerOf, overwriteWithInteger } from '../data/string-value.ts';
import type { Context } from './context.ts';
import { NOTIFY } from './notify-class.ts';

const WOULD_OVERFLOW = 'ERR increment or decrement would overflow';

export function incr(c: Context): void {
  increment(c, 1);
}

export function decr(c: Context): void {
  increment(c, -1);
}

export function incrby(c: Context): void {
  const step = stepAt(c);
  if (isBigInteger(step)) incrementExactly(c, c.writeString(1), c.int64(2));
  else increment(c, step);
}

export function decrby(c: Context): void {
  const step = stepAt(c);
  if (!isBigInteger(step)) {
    increment(c, -step);
    return;
  }
  const exact = c.int64(2);
  if (exact === INT64_MIN) fail('ERR decrement would overflow');
  incrementExactly(c, c.writeString(1), -exact);
}

/** The argument as `parseInteger` gives it. */
function stepAt(c: Context): number {
  const step = parseInteger(c.args.bytes, c.args.starts[2]!, c.args.ends[2]!);
  return Number.isNaN(step) ? fail(NOT_AN_INTEGER) : step;
}

/** @param step a safe integer. */
function increment(c: Context, step: number): void {
  const entry = c.writeString(1);
  const value = entry === NONE ? 0 : integerOf(c.db, entry);
  const sum = value + step;
  if (!Number.isSafeInteger(sum)) {
    if (Number.isNaN(sum)) fail(NOT_AN_INTEGER);
    incrementExactly(c, entry, BigInt(step));
    return;
  }
  if (entry === NONE) storeText(c, String(sum));
  else overwriteWithInteger(c.db, entry, sum, decimalLength(sum));
  c.changed(1, NOTIFY.string, 'incrby');
  c.reply.integer(sum);
}

function incrementExactly(c: Context, entry: number, step: bigint): void {
  const value = entry === NONE ? 0n : int64Of(c.db, entry);
  if (value === null) fail(NOT_AN_INTEGER);
  const sum = value + step;
  if (sum > INT64_MAX || sum < INT64_MIN) fail(WOULD_OVERFLOW);
  if (entry === NONE) storeText(c, String(sum));
  else overwriteWithInteger(c.db, entry, sum, String(sum).length);
  c.changed(1, NOTIFY.string, 'incrby');
  c.reply.bigInteger(sum);
}

/** Stores an ASCII text under the key, which keeps its expire time. */
function storeText(c: Context, text: string): number {
  const { bytes, starts, ends } = c.args;
  const value = Buffer.from(text, 'latin1');
  return c.db.setString(bytes, starts[1]!, ends[1]!, value, 0, value.length, true);
}

export function incrbyfloat(c: Context): void {
  const { args, db } = c;
  const entry = c.writeString(1);
  const value =
    entry === NONE ? longDoubleOfInteger(0) : floatOf(db.bytes(entry), db.valueOffset(entry), db.length(entry));
  const step = floatOf(args.bytes, args.starts[2]!, args.length(2));
  const sum = addLongDoubles(value, step);
  if (!isFiniteLongDouble(sum)) fail('ERR increment would produce NaN or Infinity');
  const text = formatLongDoubleHuman(sum);
  db.markAsText(storeText(c, text));
  c.changed(1, NOTIFY.string, 'incrbyfloat');
  c.reply.bulkBinary(text);
  if (c.services.propagates) c.propagateInstead(['SET', args.view(1), text, 'KEEPTTL']);
}

function floatOf(bytes: Uint8Array, start: number, length: number): LongDouble {
  return parseLongDouble(bytes, start, start + length) ?? fail(NOT_A_FLOAT);
}
