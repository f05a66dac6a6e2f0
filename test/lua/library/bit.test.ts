/** bit (src/lua/library/bit.ts): what redis-server makes of each. */
import { describe, expect, it } from 'vitest';
import { evaluate, type Evaluated } from '../evaluate.ts';

describe('operations', () => {
  it.each<[string, Evaluated]>([
    ['return {bit.band(12, 10), bit.bor(12, 10), bit.bxor(12, 10), bit.bnot(0)}', [8, 14, 6, -1]],
    ['return {bit.lshift(1, 31), bit.rshift(-1, 28), bit.arshift(-256, 4)}', [-2147483648, 15, -16]],
    [
      'return {bit.rol(0x12345678, 8), bit.ror(0x12345678, 8), bit.bswap(0x12345678)}',
      [878082066, 2014458966, 2018915346],
    ],
    ['return {bit.tobit(2^32 + 5), bit.tobit(-1.5), bit.tobit(0xffffffff)}', [5, -2, -1]],
    [
      'return {bit.tohex(255), bit.tohex(255, 4), bit.tohex(255, -4), bit.tohex(-1)}',
      ['000000ff', '00ff', '00FF', 'ffffffff'],
    ],
    ['return bit.lshift(1, 33)', 2],
    ['return bit.band()', "-user_script:1: bad argument #1 to 'band' (number expected, got no value)"],
    ['return bit.band("x")', "-user_script:1: bad argument #1 to 'band' (number expected, got string)"],
    ['return bit.band("3", 1)', 1],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});
