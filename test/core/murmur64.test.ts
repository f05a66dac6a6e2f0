import { describe, expect, it } from 'vitest';
import { Murmur64 } from '../../src/core/murmur64.ts';

/** The definition of the hash, in BigInt. */
function reference(bytes: Uint8Array, seed: bigint): bigint {
  const m = 0xc6a4a7935bd1e995n;
  const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
  let h = seed ^ wrap(BigInt(bytes.length) * m);
  const whole = bytes.length - (bytes.length % 8);
  for (let at = 0; at < whole; at += 8) {
    let k = wrap(Buffer.from(bytes).readBigUInt64LE(at) * m);
    k = wrap((k ^ (k >> 47n)) * m);
    h = wrap((h ^ k) * m);
  }
  if (whole < bytes.length) {
    for (let at = whole; at < bytes.length; at++) h ^= BigInt(bytes[at]!) << BigInt(8 * (at - whole));
    h = wrap(h * m);
  }
  h = wrap((h ^ (h >> 47n)) * m);
  return h ^ (h >> 47n);
}

describe('MurmurHash64A', () => {
  it('is that of its definition for every length up to 40', () => {
    const hash = new Murmur64();
    for (let length = 0; length <= 40; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 151 + length * 37) & 0xff);
      const { low, high } = hash.hash(bytes, 0, length, 0xadc83b19);
      const value = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
      expect(value).toBe(reference(bytes, 0xadc83b19n));
    }
  });
});
