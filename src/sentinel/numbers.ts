/** Numbers in what others send: whatever stands there, a number comes out, as with C's atoi and strtoull. */
const UINT64_MAX = 2n ** 64n - 1n;
const LEADING_DIGITS = /^\s*([+-]?\d{1,20})/;

/** An unsigned 64-bit number; 0 if there is none. */
export function parseEpoch(text: string): bigint {
  const digits = LEADING_DIGITS.exec(text)?.[1];
  if (digits === undefined) return 0n;
  const value = BigInt(digits);
  if (value < 0n) return BigInt.asUintN(64, value);
  return value > UINT64_MAX ? UINT64_MAX : value;
}

/** A 32-bit number; 0 if there is none. */
export function parsePort(text: string): number {
  const digits = LEADING_DIGITS.exec(text)?.[1];
  return digits === undefined ? 0 : Number(BigInt.asIntN(32, BigInt(digits)));
}
