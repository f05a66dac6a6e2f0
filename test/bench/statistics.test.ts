import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, quantile, ratioOfMedians } from '../../bench/statistics.ts';

describe('median', () => {
  it('is the middle of an odd number of values, whatever their order', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([100, 20, 3])).toBe(20);
  });

  it('is the mean of the two middle ones of an even number', () => {
    expect(median([4, 1, 3, 100])).toBe(3.5);
  });

  it('leaves its input as it was', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('refuses an empty series', () => {
    expect(() => median([])).toThrow('median of nothing');
  });

  it('is not moved by one wild value', () => {
    expect(median([1, 1, 1, 1, 1e9])).toBe(1);
  });
});

describe('quantile', () => {
  const thousand = Array.from({ length: 1000 }, (_, index) => 1000 - index);

  it('is the smallest value that the share does not exceed', () => {
    expect(quantile(thousand, 0.5)).toBe(500);
    expect(quantile(thousand, 0.99)).toBe(990);
    expect(quantile(thousand, 0.999)).toBe(999);
  });

  it('reaches from the smallest to the largest', () => {
    expect(quantile(thousand, 0)).toBe(1);
    expect(quantile(thousand, 1)).toBe(1000);
  });

  it('is always one of the values', () => {
    const series = fc.array(fc.double({ noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(series, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) =>
        values.includes(quantile(values, share)),
      ),
    );
  });
});

describe('ratioOfMedians', () => {
  it('divides the medians', () => {
    expect(ratioOfMedians([10, 12, 30], [10, 20, 5]).value).toBe(1.2);
  });

  it('tells the median and the quartiles of the ratios of single rounds', () => {
    const ratio = ratioOfMedians([10, 11, 12, 13, 99], [10, 10, 10, 10, 10]);
    expect(ratio).toEqual({ value: 1.2, byRound: 1.2, low: 1.1, high: 1.3 });
  });

  it('pairs the values of one round, so that drift common to both cancels', () => {
    expect(ratioOfMedians([1, 2, 4], [2, 4, 8])).toEqual({ value: 0.5, byRound: 0.5, low: 0.5, high: 0.5 });
  });
});
