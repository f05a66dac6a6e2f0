/**
 * Expire times as clients give them: seconds or milliseconds, from now on or since 1970. Results are Unix times in ms;
 * a number nearly always, a bigint beyond 2^53, where Redis still counts exactly.
 */
import { fail } from '../core/errors.ts';
import { INT64_MAX, INT64_MIN } from '../core/integer.ts';
import type { Context } from './context.ts';

export type UnixMs = number | bigint;

export interface TimeUnit {
  readonly inSeconds: boolean;
  /** Counted from the time of the command. */
  readonly isRelative: boolean;
}

export const UNIT = {
  EX: { inSeconds: true, isRelative: true },
  PX: { inSeconds: false, isRelative: true },
  EXAT: { inSeconds: true, isRelative: false },
  PXAT: { inSeconds: false, isRelative: false },
} as const satisfies Record<string, TimeUnit>;

/** Up to here, seconds become milliseconds after 1970 without leaving the safe integers. */
const PLAIN_AMOUNT_MAX = 2 ** 42;

/** A time for a key that is stored now: it must be positive. */
export function positiveExpireTime(c: Context, index: number, unit: TimeUnit, command: string): UnixMs {
  const amount = c.integer(index);
  if (amount > 0 && amount <= PLAIN_AMOUNT_MAX) return plainTime(c, amount, unit);
  const time = amount > 0 ? exactTime(c, index, unit) : null;
  return time ?? fail(invalidExpireTime(command));
}

/** A time for a key that exists: any, passed ones included. */
export function anyExpireTime(c: Context, index: number, unit: TimeUnit, command: string): UnixMs {
  const amount = c.integer(index);
  if (amount >= -PLAIN_AMOUNT_MAX && amount <= PLAIN_AMOUNT_MAX) return plainTime(c, amount, unit);
  return exactTime(c, index, unit) ?? fail(invalidExpireTime(command));
}

function plainTime(c: Context, amount: number, unit: TimeUnit): number {
  const ms = unit.inSeconds ? amount * 1000 : amount;
  return unit.isRelative ? ms + c.now : ms;
}

/** Null where the time in ms is no int64. */
function exactTime(c: Context, index: number, unit: TimeUnit): UnixMs | null {
  const amount = c.int64(index);
  const ms = unit.inSeconds ? amount * 1000n : amount;
  const time = unit.isRelative ? ms + BigInt(c.now) : ms;
  if (ms < INT64_MIN || time > INT64_MAX) return null;
  const rounded = Number(time);
  return Number.isSafeInteger(rounded) ? rounded : time;
}

export function invalidExpireTime(command: string): string {
  return `ERR invalid expire time in '${command}' command`;
}

/** Whether a key with this time goes at once. On a replica it stays until the master deletes it. */
export function isPast(c: Context, time: UnixMs): boolean {
  const { expires, frozen } = c.keyspace;
  return time <= c.now && expires && !frozen;
}
