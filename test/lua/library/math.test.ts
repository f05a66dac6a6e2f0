/** The math library (src/lua/library/math.ts): what redis-server makes of each. */
import { describe, expect, it } from 'vitest';
import { evaluate, type Evaluated } from '../evaluate.ts';

describe('functions', () => {
  it.each<[string, Evaluated]>([
    ['return {math.floor(1.5), math.ceil(1.5), math.abs(-3), math.max(1, 5, 3), math.min(4, 2)}', [1, 2, 3, 5, 2]],
    [
      'return {tostring(math.huge), tostring(math.pi), tostring(math.sqrt(2))}',
      ['inf', '3.1415926535898', '1.4142135623731'],
    ],
    ['return {math.fmod(7, 3), tostring(math.fmod(-7, 3)), math.modf(3.7)}', [1, '-1', 3, 0]],
    ['return {math.frexp(8)}', [0, 4]],
    ['return math.ldexp(0.5, 4)', 8],
    ['return math.max()', "-user_script:1: bad argument #1 to 'max' (number expected, got no value)"],
    ['return math.floor("x")', "-user_script:1: bad argument #1 to 'floor' (number expected, got string)"],
    [
      'return {math.log10(1000), tostring(math.exp(1)), tostring(math.log(10))}',
      [3, '2.718281828459', '2.302585092994'],
    ],
    ['return tostring(math.pow(2, 0.5))', '1.4142135623731'],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});
