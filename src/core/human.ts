/**
 * Amounts of memory as people write and read them: "1.50M" in INFO, "100mb" in redis.conf.
 *
 * The two do not mirror each other. What is printed counts in 1024s and marks them with one capital; in what is read,
 * "k", "m" and "g" are decimal and only "kb", "mb" and "gb" count in 1024s.
 */
import { formatFixed } from './double.ts';
import { UINT64_MAX } from './integer.ts';

const PRINTED_UNITS = ['K', 'M', 'G', 'T', 'P'];

/** The `_human` fields of INFO. */
export function bytesToHuman(bytes: number): string {
  let limit = 1024;
  if (bytes < limit) return `${bytes}B`;
  for (const unit of PRINTED_UNITS) {
    if (bytes < limit * 1024) return formatFixed(bytes / limit, 2) + unit;
    limit *= 1024;
  }
  return `${BigInt(bytes)}B`;
}

const READ_UNITS = new Map<string, bigint>([
  ['', 1n],
  ['b', 1n],
  ['k', 1000n],
  ['kb', 1024n],
  ['m', 1000n ** 2n],
  ['mb', 1024n ** 2n],
  ['g', 1000n ** 3n],
  ['gb', 1024n ** 3n],
]);

/** Digits that Redis takes before a unit. */
const MAX_DIGITS = 127;

/**
 * An amount of memory from a configuration, or null when it is none. Digits may be missing ("kb" is 0), too many of
 * them saturate at 2^64 - 1, and the product with the unit wraps around there.
 */
export function parseMemory(text: string): bigint | null {
  const [, digits = '', unit = ''] = /^([0-9]*)([^]*)$/.exec(text)!;
  const multiplier = READ_UNITS.get(unit.toLowerCase());
  if (multiplier === undefined || digits.length > MAX_DIGITS) return null;
  const count = BigInt(digits === '' ? 0 : digits);
  return BigInt.asUintN(64, (count > UINT64_MAX ? UINT64_MAX : count) * multiplier);
}
