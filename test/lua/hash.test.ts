import { describe, expect, it } from 'vitest';
import { hashNumber } from '../../src/lua/hash.ts';

/** As Lua has it: both halves of the double, added. */
function sumOfHalves(value: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return value === 0 ? 0 : (view.getUint32(0) + view.getUint32(4)) >>> 0;
}

describe('the hash of numbers', () => {
  it('is the sum of the halves of the double, for integers of any size and everything else', () => {
    const values = [0, -0, 0.5, 1e300, -1, -7, 2 ** 31, 2 ** 31 - 1, 2 ** 32, 2 ** 53, Infinity];
    for (let exponent = 0; exponent < 31; exponent++) {
      for (const offset of [-1, 0, 1, 5, 77, 12_345]) values.push(2 ** exponent + offset);
    }
    for (const value of values) expect(hashNumber(value), String(value)).toBe(sumOfHalves(value));
  });
});
