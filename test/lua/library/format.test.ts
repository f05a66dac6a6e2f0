/** string.format (src/lua/library/format.ts): what redis-server makes of each. */
import { describe, expect, it } from 'vitest';
import { evaluate, type Evaluated } from '../evaluate.ts';

describe('numbers', () => {
  it.each<[string, Evaluated]>([
    ['return ("%d|%5d|%-5d|%05d|%+d|% d"):format(42, 42, 42, 42, 42, 42)', '42|   42|42   |00042|+42| 42'],
    ['return ("%d"):format(3.7)', '3'],
    ['return ("%d"):format(-3.7)', '-3'],
    ['return ("%x|%X|%#x|%o"):format(255, 255, 255, 8)', 'ff|FF|0xff|10'],
    [
      'return ("%f|%.2f|%10.3f|%-10.1f|"):format(3.14159, 3.14159, 3.14159, 3.14159)',
      '3.141590|3.14|     3.142|3.1       |',
    ],
    ['return ("%e|%.3E|%g|%G"):format(12345.678, 12345.678, 1e20, 1e-10)', '1.234568e+04|1.235E+04|1e+20|1E-10'],
    ['return ("%g|%g|%g"):format(1/0, -1/0, 100000)', 'inf|-inf|100000'],
    ['return ("%.14g|%.17g|%.3g"):format(0.1, 0.1, 1234567)', '0.1|0.10000000000000001|1.23e+06'],
    ['return ("%c%c"):format(72, 105)', 'Hi'],
    ['return ("%c%c%c"):format(-191, 256 + 66, 2 ^ 31 - 189)', 'ABC'],
    ['return {("%c"):format(2 ^ 32 + 65), ("%3c|"):format(123456789012)}', ['', '  |']],
    ['return ("%u"):format(3)', '3'],
    ['return ("%i"):format("7")', '7'],
    ['return ("%.0f|%.0f|%.0f"):format(0.5, 1.5, 2.5)', '0|2|2'],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('texts', () => {
  it.each<[string, Evaluated]>([
    ['return ("%s|%10s|%-10s|%.2s"):format("abc", "abc", "abc", "abc")', 'abc|       abc|abc       |ab'],
    ['return ("%q"):format("a\\"b\\\\c\\nd\\0e\\r")', '"a\\"b\\\\c\\\nd\\000e\\r"'],
    ['return ("%%"):format()', '%'],
    ['return ("%5s"):format(("x"):rep(10))', 'xxxxxxxxxx'],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});

describe('errors', () => {
  it.each<[string, Evaluated]>([
    ['return ("%d"):format("x")', "-user_script:1: bad argument #1 to 'format' (number expected, got string)"],
    ['return ("%d"):format()', "-user_script:1: bad argument #1 to 'format' (no value)"],
    ['return ("%y"):format(1)', "-user_script:1: invalid option '%y' to 'format'"],
    ['return ("%123d"):format(1)', '-user_script:1: invalid format (width or precision too long)'],
    ['return ("%s"):format()', "-user_script:1: bad argument #1 to 'format' (no value)"],
    ['return ("%s"):format(nil)', "-user_script:1: bad argument #1 to 'format' (string expected, got nil)"],
    ['return ("%"):format()', "-user_script:1: bad argument #1 to 'format' (no value)"],
    ['return ("%-+ #00d"):format(1)', '-user_script:1: invalid format (repeated flags)'],
  ])('%j', (source, reply) => {
    expect(evaluate(source)).toEqual(reply);
  });
});
