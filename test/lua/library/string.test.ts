/** The string library (src/lua/library/string.ts): what redis-server makes of each. */
import { describe, expect, it } from 'vitest';
import { evaluate, type Evaluated } from '../evaluate.ts';

describe('functions', () => {
  it.each<[string, Evaluated]>([
    [
      'return {("hello"):sub(2, 3), ("hello"):sub(-3), ("hello"):sub(2, -2), ("hello"):sub(10)}',
      ['el', 'llo', 'ell', ''],
    ],
    ['return {("abc"):byte(1, -1)}', [97, 98, 99]],
    ['return string.char(72, 105)', 'Hi'],
    ['return string.char(256)', "-user_script:1: bad argument #1 to 'char' (invalid value)"],
    ['return {("aB"):upper(), ("aB"):lower(), ("abc"):reverse(), ("abc"):len()}', ['AB', 'ab', 'cba', 3]],
    ['return {("ab"):rep(3), ("ab"):rep(0), ("ab"):rep(-1)}', ['ababab', '', '']],
    ['return ("x"):rep("y")', "-user_script:1: bad argument #1 to 'rep' (number expected, got string)"],
    ['return string.rep()', "-user_script:1: bad argument #1 to 'rep' (string expected, got no value)"],
    ['return ("x").len()', "-user_script:1: bad argument #1 to 'len' (string expected, got no value)"],
    ['return #string.rep("x", 1000)', 1000],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});
