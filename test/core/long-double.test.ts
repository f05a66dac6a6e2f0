import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addLongDoubles,
  doubleOfLongDouble,
  formatLongDoubleAuto,
  formatLongDoubleHuman,
  isFiniteLongDouble,
  longDoubleOfInteger,
  parseLongDouble,
  parseLongDoubleText,
  type LongDouble,
} from '../../src/core/long-double.ts';

function read(text: string): LongDouble {
  const value = parseLongDoubleText(text);
  if (value === null) throw new Error(`no number: ${text}`);
  return value;
}

function sum(a: string, b: string): string {
  return formatLongDoubleHuman(addLongDoubles(read(a), read(b)));
}

describe('adding extended floats', () => {
  it.each([
    ['0.1', '0.2', '0.3'],
    ['10.5', '0.1', '10.6'],
    ['3', '1.000000000000000005', '4.00000000000000001'],
    ['5000', '2.0e2', '5200'],
    ['100000', '0.1', '100000.10000000000000142'],
    ['1', '-1', '0'],
    ['-0', '-0', '0'],
    ['-5', '0', '-5'],
    ['-4e-18', '0', '0'],
    ['1e-17', '0', '0.00000000000000001'],
    ['9223372036854775807', '1', '9223372036854775808'],
    ['1e18', '0.5', '1000000000000000000.5'],
    ['0x1p3', '0x.8', '8.5'],
    ['1e30', '1', '1000000000000000000024696061952'],
  ])('%s + %s prints %s', (a, b, expected) => {
    expect(sum(a, b)).toBe(expected);
  });

  it('rounds ties to even', () => {
    expect(sum('18446744073709551615', '1')).toBe('18446744073709551616');
    expect(sum('18446744073709551616', '1')).toBe('18446744073709551616');
    expect(sum('18446744073709551616', '3')).toBe('18446744073709551620');
    expect(sum('18446744073709551616', '1.0000000000000000001')).toBe('18446744073709551618');
    expect(sum('18446744073709551616', '-0.5')).toBe('18446744073709551616');
  });

  it('leaves a number alone when the other is far below it', () => {
    for (const tiny of ['0x1p36', '-0x1p35', '0x1p-3', '-0x1p-3', '0x1p-16000', '-0x1p-16445']) {
      expect(sum('0x1p100', tiny)).toBe(String(2n ** 100n));
      expect(sum(tiny, '-0x1.0000000000000004p100')).toBe(String(-(2n ** 100n) - 2n ** 38n));
    }
    expect(sum('0x1p100', '-0x1.8p35')).toBe(String(2n ** 100n - 2n ** 36n));
  });

  it('matches exact integer arithmetic for every pair of 64-bit integers', () => {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(int64, int64, (a, b) => {
        const exact = a + b;
        const total = addLongDoubles(longDoubleOfInteger(a), longDoubleOfInteger(b));
        // Two int64 make at most 65 bits: the sum is exact, or it is -2^64, which is exact too.
        expect(formatLongDoubleHuman(total)).toBe(exact.toString());
      }),
    );
  });

  it('tells infinite sums and sums that are no number', () => {
    expect(isFiniteLongDouble(read('inf'))).toBe(false);
    expect(isFiniteLongDouble(addLongDoubles(read('1'), read('inf')))).toBe(false);
    expect(formatLongDoubleHuman(addLongDoubles(read('1'), read('-inf')))).toBe('-inf');
    expect(formatLongDoubleHuman(addLongDoubles(read('inf'), read('-inf')))).toBe('nan');
    expect(formatLongDoubleHuman(addLongDoubles(read('1.1e4932'), read('1.1e4932')))).toBe('inf');
    expect(isFiniteLongDouble(addLongDoubles(read('1.1e4932'), read('-1.1e4932')))).toBe(true);
  });
});

describe('reading an extended float', () => {
  it('keeps 64 bits of mantissa', () => {
    expect(read('18446744073709551615')).toEqual({ negative: false, mantissa: 2n ** 64n - 1n, exponent: 0 });
    expect(read('-9223372036854775808')).toMatchObject({ negative: true });
    expect(read('0.1')).toEqual({ negative: false, mantissa: 0xcccccccccccccccdn, exponent: -67 });
    expect(read('123456.789')).toEqual({ negative: false, mantissa: 0xf12064fdf3b645a2n, exponent: -47 });
  });

  it('underflows gradually and refuses what vanishes', () => {
    expect(read('1e-4950')).toEqual({ negative: false, mantissa: 3n, exponent: -16445 });
    expect(read('1.9e-4951').mantissa).toBe(1n);
    expect(parseLongDoubleText('1.8e-4951')).toBeNull();
    expect(parseLongDoubleText('0x1p-16446')).toBeNull();
    expect(parseLongDoubleText('1e-999999999999999999')).toBeNull();
    expect(read('0e-999999999999999999').mantissa).toBe(0n);
  });

  it('refuses what overflows', () => {
    expect(isFiniteLongDouble(read('1.18973149535723176502e4932'))).toBe(true);
    expect(parseLongDoubleText('1.18973149535723176509e4932')).toBeNull();
    expect(parseLongDoubleText('1e5000')).toBeNull();
    expect(parseLongDoubleText('0x1p16384')).toBeNull();
  });

  it.each(['', ' 1', '1 ', 'nan', 'NaN(1)', 'abc', '1e', '0x', '--1', '1\x00', '.'])('refuses %j', (text) => {
    expect(parseLongDoubleText(text)).toBeNull();
  });

  it('takes at most 5 KiB less a terminator, whatever they spell', () => {
    const longest = `0.${'1'.repeat(5 * 1024 - 3)}`;
    expect(formatLongDoubleHuman(read(longest))).toBe('0.11111111111111111');
    expect(parseLongDoubleText(`${longest}1`)).toBeNull();
    const bytes = Buffer.from(`[${longest}1]`);
    expect(parseLongDouble(bytes, 1, bytes.length - 2)).not.toBeNull();
    expect(parseLongDouble(bytes, 1, bytes.length - 1)).toBeNull();
  });
});

describe('printing an extended float', () => {
  it.each([
    ['0', '0', '0'],
    ['-0', '0', '-0'],
    ['0.1', '0.1', '0.1'],
    ['0.00001', '0.00001', '1e-05'],
    ['1e17', '100000000000000000', '1e+17'],
    ['100000.10000000000000142', '100000.10000000000000142', '100000.1'],
    ['123456789.123456789', '123456789.12345678899873747', '123456789.12345679'],
    ['123456789012345678901', '123456789012345678904', '1.2345678901234568e+20'],
    ['1e-4950', '0', '1.0935598595647424e-4950'],
    ['99999999999999999.5', '99999999999999999.5', '1e+17'],
    ['inf', 'inf', 'inf'],
    ['-inf', '-inf', '-inf'],
  ])('%s: human %s, general %s', (text, human, general) => {
    expect(formatLongDoubleHuman(read(text))).toBe(human);
    expect(formatLongDoubleAuto(read(text))).toBe(general);
  });

  it('keeps the leading digits of the largest number', () => {
    const text = formatLongDoubleHuman(read('1e4000'));
    expect(text).toHaveLength(4000);
    expect(text.startsWith('99999999999999999999654638730996237849')).toBe(true);
  });
});

describe('doubleOfLongDouble', () => {
  it('gives back every double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        const text = Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf';
        expect(doubleOfLongDouble(read(text)) === value).toBe(true);
      }),
    );
  });

  it('rounds what a double cannot hold', () => {
    expect(doubleOfLongDouble(read('9007199254740993'))).toBe(9007199254740992);
    expect(doubleOfLongDouble(read('1e400'))).toBe(Infinity);
    expect(doubleOfLongDouble(read('-1e-400'))).toBe(-0);
  });
});
