import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatDouble17g,
  formatDoubleG,
  formatDoubleHuman,
  formatFixed,
  formatFixedPoint,
  formatStoredScore,
  parseDouble,
  parseDoubleLeniently,
  parseDoubleText,
} from '../../src/core/double.ts';

function inPlace(parse: (bytes: Uint8Array, start: number, end: number) => number, text: string): number {
  const bytes = Buffer.from(`77${text}77`, 'latin1');
  return parse(bytes, 2, bytes.length - 2);
}

/** A finite double as numerator over a power of two, exactly. */
function fractionOf(value: number): { numerator: bigint; shift: bigint } {
  let scaled = value;
  let shift = 0n;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    shift++;
  }
  return { numerator: BigInt(scaled), shift };
}

/** round(value · 10^digits), ties to even, exactly: what C's printf does for any precision. */
function scaledAndRounded(value: number, digits: number): bigint {
  const { numerator, shift } = fractionOf(Math.abs(value));
  const top = numerator * 10n ** BigInt(Math.max(0, digits));
  const bottom = (1n << shift) * 10n ** BigInt(Math.max(0, -digits));
  const floor = top / bottom;
  const twice = 2n * (top - floor * bottom);
  return twice > bottom || (twice === bottom && floor % 2n === 1n) ? floor + 1n : floor;
}

/** Doubles of every magnitude, and many that have few binary digits, where exact ties live. */
const anyFinite = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.tuple(fc.integer(), fc.integer({ min: 0, max: 60 })).map(([whole, power]) => whole / 2 ** power),
  fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 30 })).map(([whole, power]) => whole / 2 ** power),
  fc.tuple(fc.integer(), fc.integer({ min: 0, max: 9 })).map(([whole, power]) => whole / 10 ** power),
);

describe('parseDouble', () => {
  it.each<[string, number]>([
    ['0', 0],
    ['-0', -0],
    ['1', 1],
    ['+1', 1],
    ['007', 7],
    ['3.25', 3.25],
    ['5.', 5],
    ['.5', 0.5],
    ['-.5', -0.5],
    ['1e3', 1000],
    ['1E+3', 1000],
    ['1.5e-3', 0.0015],
    ['0.1', 0.1],
    ['123456789012345678901234567890', 1.2345678901234568e29],
    ['0.30000000000000004', 0.30000000000000004],
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ['5e-324', 5e-324],
    ['3e-324', 5e-324],
    ['0e-400', 0],
    ['inf', Infinity],
    ['-inf', -Infinity],
    ['+Infinity', Infinity],
    ['iNf', Infinity],
    ['0x10', 16],
    ['-0X1.8p3', -12],
    ['0x.8', 0.5],
    ['0x1.P1', 2],
    ['0x1p-1074', 5e-324],
    ['0x1.8p-1075', 5e-324],
    ['0x20000000000001', 9007199254740992],
    ['0x20000000000003', 9007199254740996],
    ['0x1.fffffffffffff7p1023', Number.MAX_VALUE],
    ['0x0p99999999999', 0],
  ])('reads %j', (text, value) => {
    expect(inPlace(parseDouble, text)).toBe(value);
    expect(parseDoubleText(text)).toBe(value);
  });

  it.each([
    '',
    ' 1',
    '1 ',
    '\t1',
    '.',
    '+',
    '-.',
    '1e',
    'e5',
    '1.2.3',
    '1,5',
    '1_000',
    '0b1',
    '0o7',
    '0x',
    '0x.',
    '0x1p',
    '0x1.8p+',
    'nan',
    '-NaN',
    'nan(1)',
    'infinit',
    'abc',
    '1e400',
    '-1e400',
    '1e-400',
    '2e-324',
    '0x1p1024',
    '0x1p-1075',
    '0x1.fffffffffffff8p1023',
    '1e999999999999999999999',
    '1\x00',
    '1\x002',
  ])('refuses %j', (text) => {
    expect(inPlace(parseDouble, text)).toBeNaN();
    expect(parseDoubleText(text)).toBeNaN();
  });

  it('gives back every number from its own spelling', () => {
    fc.assert(
      fc.property(anyFinite, (value) => {
        expect(inPlace(parseDouble, String(value))).toBe(value === 0 ? 0 : value);
        expect(inPlace(parseDouble, formatDouble17g(value))).toBe(value);
      }),
    );
  });
});

describe('parseDoubleLeniently', () => {
  it('takes what strtod takes', () => {
    expect(inPlace(parseDoubleLeniently, '')).toBe(0);
    expect(inPlace(parseDoubleLeniently, ' \n5')).toBe(5);
    expect(inPlace(parseDoubleLeniently, ' 5e1')).toBe(50);
    expect(inPlace(parseDoubleLeniently, '5\x00junk')).toBe(5);
    expect(inPlace(parseDoubleLeniently, '1e400')).toBe(Infinity);
    expect(inPlace(parseDoubleLeniently, '-1e400')).toBe(-Infinity);
    expect(inPlace(parseDoubleLeniently, '0x1p5000')).toBe(Infinity);
    expect(inPlace(parseDoubleLeniently, '1e-400')).toBe(0);
    expect(inPlace(parseDoubleLeniently, '-inf')).toBe(-Infinity);
  });

  it.each([' ', '5 ', 'x', 'nan', '--5', '(5'])('refuses %j', (text) => {
    expect(inPlace(parseDoubleLeniently, text)).toBeNaN();
  });
});

describe('formatDouble17g', () => {
  it.each<[number, string]>([
    [0, '0'],
    [-0, '-0'],
    [1, '1'],
    [-17, '-17'],
    [3.25, '3.25'],
    [0.1, '0.10000000000000001'],
    [1.1, '1.1000000000000001'],
    [0.0001, '0.0001'],
    [0.00001, '1.0000000000000001e-05'],
    [1e15, '1000000000000000'],
    [1e16, '10000000000000000'],
    [1e17, '1e+17'],
    [1.2345678901234567e19, '1.2345678901234567e+19'],
    [1e100, '1e+100'],
    [5e-324, '4.9406564584124654e-324'],
    [Number.MAX_VALUE, '1.7976931348623157e+308'],
    [1 + 2 ** -17, '1.0000076293945312'],
    [1 + 3 * 2 ** -17, '1.0000228881835938'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
    [NaN, 'nan'],
  ])('prints %d as %s', (value, text) => {
    expect(formatDouble17g(value)).toBe(text);
  });

  it('prints the 17 digits nearest to the exact value, ties to even', () => {
    fc.assert(
      fc.property(anyFinite, (value) => {
        if (value === 0) return;
        const text = formatDouble17g(value);
        const digits = text.replace(/e.*/, '').replace(/[-.]/g, '').replace(/^0+/, '');
        let exponent = Math.floor(Math.log10(Math.abs(value))) - 1;
        let expected = scaledAndRounded(value, 16 - exponent);
        while (expected >= 10n ** 17n) expected = scaledAndRounded(value, 16 - ++exponent);
        expect(digits.replace(/0+$/, '')).toBe(String(expected).replace(/0+$/, ''));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('formatDoubleG', () => {
  it('prints other precisions, as Lua does with 14 digits', () => {
    expect(formatDoubleG(0.1, 14)).toBe('0.1');
    expect(formatDoubleG(2.7321, 3)).toBe('2.73');
    expect(formatDoubleG(1e14, 14)).toBe('1e+14');
    expect(formatDoubleG(99999999999999.5, 14)).toBe('1e+14');
    expect(formatDoubleG(2.5, 1)).toBe('2');
    expect(formatDoubleG(3.5, 1)).toBe('4');
    expect(formatDoubleG(-0, 14)).toBe('-0');
  });
});

describe('formatDoubleHuman', () => {
  it.each<[number, string]>([
    [0, '0'],
    [-0, '0'],
    [-1e-30, '0'],
    [5, '5'],
    [0.1, '0.10000000000000001'],
    [13.361389338970184, '13.36138933897018433'],
    [1e22, '10000000000000000000000'],
    [123456789012345680000, '123456789012345683968'],
    [2 ** -18, '0.00000381469726562'],
    [3 * 2 ** -18, '0.00001144409179688'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
  ])('prints %d as %s', (value, text) => {
    expect(formatDoubleHuman(value)).toBe(text);
  });

  it('prints the exact value rounded to 17 decimals', () => {
    fc.assert(
      fc.property(anyFinite, (value) => {
        const rounded = String(scaledAndRounded(value, 17)).padStart(18, '0');
        const decimal = `${rounded.slice(0, -17)}.${rounded.slice(-17)}`.replace(/\.?0+$/, '');
        expect(formatDoubleHuman(value)).toBe(value < 0 && decimal !== '0' ? `-${decimal}` : decimal);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('formatFixed', () => {
  it('rounds the exact value, ties to even', () => {
    expect(formatFixed(1.125, 2)).toBe('1.12');
    expect(formatFixed(1.375, 2)).toBe('1.38');
    expect(formatFixed(-0.125, 2)).toBe('-0.12');
    expect(formatFixed(1.005, 2)).toBe('1.00');
    expect(formatFixed(0.5, 0)).toBe('0');
    expect(formatFixed(1.5, 0)).toBe('2');
    expect(formatFixed(2.5, 0)).toBe('2');
    expect(formatFixed(-0, 2)).toBe('-0.00');
    expect(formatFixed(-0.001, 2)).toBe('-0.00');
    expect(formatFixed(1e21, 2)).toBe('1000000000000000000000.00');
    expect(formatFixed(1e22, 0)).toBe('10000000000000000000000');
    expect(formatFixed(-Infinity, 2)).toBe('-inf');
  });
});

describe('formatStoredScore', () => {
  it('prints integers in full up to 2^62', () => {
    expect(formatStoredScore(1e17)).toBe('100000000000000000');
    expect(formatStoredScore(2 ** 62)).toBe('4611686018427387904');
    expect(formatStoredScore(-(2 ** 62))).toBe('-4611686018427387904');
    expect(formatStoredScore(2 ** 63)).toBe('9.2233720368547758e+18');
    expect(formatStoredScore(-0)).toBe('0');
    expect(formatStoredScore(0.5)).toBe('0.5');
    expect(formatStoredScore(-Infinity)).toBe('-inf');
  });
});

describe('formatFixedPoint', () => {
  it('keeps all digits after the point', () => {
    expect(formatFixedPoint(0, 4)).toBe('0.0000');
    expect(formatFixedPoint(166274.15156960033, 4)).toBe('166274.1516');
    expect(formatFixedPoint(0.775, 4)).toBe('0.7750');
    expect(formatFixedPoint(-0.00004, 4)).toBe('0.0000');
    expect(formatFixedPoint(-1.5, 4)).toBe('-1.5000');
    expect(formatFixedPoint(0.5, 1)).toBe('0.5');
  });

  it('rounds ties of the scaled number to even', () => {
    expect(formatFixedPoint(0.25, 1)).toBe('0.2');
    expect(formatFixedPoint(0.75, 1)).toBe('0.8');
    expect(formatFixedPoint(-0.25, 1)).toBe('-0.2');
  });
});
