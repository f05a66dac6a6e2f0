/** Counts of random elements, as HRANDFIELD, SRANDMEMBER and ZRANDMEMBER take them, and draws without repetition. */
import { fail, OUT_OF_RANGE } from '../core/errors.ts';
import { INT64_MAX, isBigInteger } from '../core/integer.ts';
import type { Random } from '../host/host.ts';
import type { Context } from './context.ts';

/** A negative count repeats elements, so nothing but memory would end it: more than this fits in none. */
const REPETITIONS_MAX = 2 ** 30;
/** With values behind the elements, counts are halved so that the length of the reply is an int64. */
const PAIRS_MAX = INT64_MAX / 2n;

/**
 * The count at an argument; a negative one asks for elements that may repeat.
 */
export function parseRandomCount(c: Context, index: number): number {
  const count = c.integer(index);
  if (isSmall(count)) return count;
  if (c.int64(index) < -INT64_MAX) fail(`ERR value is out of range, value must between -${INT64_MAX} and ${INT64_MAX}`);
  return count;
}

/** Checks a count that asks for pairs. */
export function checkPairCount(c: Context, index: number): void {
  if (isSmall(c.integer(index))) return;
  const count = c.int64(index);
  if (count < -PAIRS_MAX || count > PAIRS_MAX) fail(OUT_OF_RANGE);
}

function isSmall(count: number): boolean {
  return !isBigInteger(count) && Number.isSafeInteger(count);
}

/** How many elements to draw when they may repeat. */
export function repetitions(count: number): number {
  return -count > REPETITIONS_MAX ? fail(OUT_OF_RANGE) : Math.abs(count);
}

/** Moves `count` random items to the front of a list, each set of them as probable as any other. */
export function drawToFront(items: number[], count: number, random: Random): void {
  for (let i = 0; i < count; i++) {
    const chosen = i + random.below(items.length - i);
    const item = items[chosen]!;
    items[chosen] = items[i]!;
    items[i] = item;
  }
}
