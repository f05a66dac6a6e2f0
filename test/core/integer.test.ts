import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  INT64_MAX,
  INT64_MIN,
  UINT64_MAX,
  decimalLength,
  isCanonicalInt64,
  parseInt64,
  parseInteger,
  parseIntegerText,
  parseUint64,
  writeBigInteger,
  writeInteger,
} from '../../src/core/integer.ts';

/** Calls `parse` with the text standing in the middle of other digits, as an argument stands in a request. */
function inPlace<T>(parse: (bytes: Uint8Array, start: number, end: number) => T, text: string): T {
  const bytes = Buffer.from(`77${text}77`, 'latin1');
  return parse(bytes, 2, bytes.length - 2);
}

const INVALID = [
  '',
  '-',
  '+',
  '+1',
  '-0',
  '00',
  '01',
  '-01',
  ' 1',
  '1 ',
  '1.0',
  '1e3',
  '0x10',
  '--1',
  '1-',
  'a',
  '/',
  ':',
  '-:',
  '9223372036854775808',
  '-9223372036854775809',
  '9999999999999999999',
  '18446744073709551615',
  '10000000000000000000',
  '99999999999999999999999',
  '123\x00',
  '12\xb39',
];

const VALID = ['0', '1', '9', '-1', '-9', '10', '-10', '42', '1234567890', '9007199254740991', '-9007199254740991'];

const BEYOND_SAFE = [
  '9007199254740992',
  '9007199254740993',
  '-9007199254740992',
  '99999999999999999',
  '9223372036854775807',
  '-9223372036854775808',
  '1000000000000000000',
];

describe('parseInteger', () => {
  it.each(VALID)('reads %j as the number', (text) => {
    expect(inPlace(parseInteger, text)).toBe(Number(text));
    expect(parseIntegerText(text)).toBe(Number(text));
  });

  it.each(INVALID)('refuses %j', (text) => {
    expect(inPlace(parseInteger, text)).toBeNaN();
    expect(parseIntegerText(text)).toBeNaN();
    expect(inPlace(parseInt64, text)).toBeNull();
    expect(inPlace(isCanonicalInt64, text)).toBe(false);
  });

  it.each(BEYOND_SAFE)('tells that %j is an int64 beyond 2^53', (text) => {
    const expected = text.startsWith('-') ? -Infinity : Infinity;
    expect(inPlace(parseInteger, text)).toBe(expected);
    expect(parseIntegerText(text)).toBe(expected);
    expect(inPlace(parseInt64, text)).toBe(BigInt(text));
    expect(inPlace(isCanonicalInt64, text)).toBe(true);
  });

  it('accepts a string exactly when printing its number gives the string back', () => {
    const almostNumber = fc.oneof(
      fc.bigInt({ min: INT64_MIN - 5n, max: INT64_MAX + 5n }).map(String),
      fc.integer().map(String),
      fc.string({ unit: fc.constantFrom(...'-+0123456789 .'), maxLength: 22 }),
    );
    fc.assert(
      fc.property(almostNumber, (text) => {
        const canonical = /^-?[0-9]+$/.test(text) && String(BigInt(text)) === text;
        const expected = canonical && BigInt(text) >= INT64_MIN && BigInt(text) <= INT64_MAX ? BigInt(text) : null;
        expect(inPlace(parseInt64, text)).toBe(expected);
        const number = inPlace(parseInteger, text);
        expect(parseIntegerText(text)).toBe(number);
        if (expected === null) expect(number).toBeNaN();
        else if (Number.isSafeInteger(Number(expected))) expect(number).toBe(Number(expected));
        else expect(number).toBe(expected < 0n ? -Infinity : Infinity);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('parseUint64', () => {
  it('reads the whole unsigned range', () => {
    expect(inPlace(parseUint64, '0')).toBe(0n);
    expect(inPlace(parseUint64, '9007199254740993')).toBe(9007199254740993n);
    expect(inPlace(parseUint64, '9223372036854775808')).toBe(9223372036854775808n);
    expect(inPlace(parseUint64, '18446744073709551615')).toBe(UINT64_MAX);
    expect(inPlace(parseUint64, '10000000000000000000')).toBe(10000000000000000000n);
  });

  it('takes what strtoull takes', () => {
    expect(inPlace(parseUint64, ' \t5')).toBe(5n);
    expect(inPlace(parseUint64, '+5')).toBe(5n);
    expect(inPlace(parseUint64, '007')).toBe(7n);
    expect(inPlace(parseUint64, '-0')).toBe(0n);
    expect(inPlace(parseUint64, '-01')).toBe(UINT64_MAX);
    expect(inPlace(parseUint64, '5\x00junk')).toBe(5n);
    expect(inPlace(parseUint64, '000000000000000000000000000012')).toBe(12n);
  });

  it.each([
    '',
    ' ',
    '-',
    '+',
    '-5',
    '-9223372036854775808',
    '18446744073709551616',
    '99999999999999999999',
    '5a',
    '1.5',
  ])('refuses %j', (text) => {
    expect(inPlace(parseUint64, text)).toBeNull();
  });
});

describe('writeInteger', () => {
  function written(value: number): string {
    const target = new Uint8Array(40).fill(0x2e);
    const end = writeInteger(target, 3, value);
    expect(end - 3).toBe(decimalLength(value));
    expect(target[2]).toBe(0x2e);
    expect(target[end]).toBe(0x2e);
    return Buffer.from(target.subarray(3, end)).toString('latin1');
  }

  it('writes every power of ten and its neighbours, with either sign', () => {
    for (let power = 1; power <= 1e15; power *= 10) {
      for (const value of [power - 1, power, power + 1, 5 * power, -power + 1, -power, -power - 1]) {
        expect(written(value)).toBe(String(value));
      }
    }
  });

  it('writes any safe integer as String does', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer()), (value) => {
        expect(written(value)).toBe(String(value));
      }),
      { numRuns: 2000 },
    );
  });

  it('writes minus zero as 0', () => {
    expect(written(-0)).toBe('0');
  });
});

describe('writeBigInteger', () => {
  it('writes int64 and uint64 limits', () => {
    const target = new Uint8Array(30);
    for (const value of [INT64_MIN, INT64_MAX, UINT64_MAX, 0n]) {
      const end = writeBigInteger(target, 1, value);
      expect(Buffer.from(target.subarray(1, end)).toString('latin1')).toBe(value.toString());
    }
  });
});
