import { expect, it } from 'vitest';
import { isNegative, isPositiveNan, nanOf, negate } from '../../src/lua/nan.ts';
import { formatNumber, parseNumeral } from '../../src/lua/numeral.ts';

it('tells two NaN apart', () => {
  expect(nanOf(true)).toBeNaN();
  expect(nanOf(false)).toBeNaN();
  expect(isPositiveNan(nanOf(false))).toBe(true);
  expect(isPositiveNan(nanOf(true))).toBe(false);
});

it('takes any other NaN for the one that processors make', () => {
  expect(isPositiveNan(NaN)).toBe(false);
  expect(isPositiveNan(Infinity - Infinity)).toBe(false);
  expect(formatNumber(0 / 0)).toBe('-nan');
});

it('changes the sign', () => {
  expect(isPositiveNan(negate(NaN))).toBe(true);
  expect(isPositiveNan(negate(negate(NaN)))).toBe(false);
  expect(negate(0)).toBe(-0);
  expect(negate(-2)).toBe(2);
});

it('knows before which numbers there is a sign', () => {
  expect([-1, -0, -Infinity, NaN].map(isNegative)).toEqual([true, true, true, true]);
  expect([1, 0, Infinity, nanOf(false)].map(isNegative)).toEqual([false, false, false, false]);
});

it('reads and writes the sign', () => {
  expect(formatNumber(parseNumeral('nan')!)).toBe('nan');
  expect(formatNumber(parseNumeral('-nan')!)).toBe('-nan');
});
