import { expect, it } from 'vitest';
import { evaluate } from '../evaluate.ts';

/** What redis-server 7.0.15 gives. */
it.each([
  ['return tostring(-0)', '-0'],
  ['local a, b = 0, -0 return tostring(b)', '0'],
  ['local a, b = -0, 0 return tostring(b)', '-0'],
  ['local a = 1 - 1 return tostring(-0)', '0'],
  ['local function f() return 0 end return tostring(-0)', '-0'],
  ['local a = 0 return tostring(-a)', '-0'],
  ['local a = -0/0 return tostring(1/0)', 'inf'],
  ['local a = 0/-0 return tostring(1/0)', '-inf'],
  ['local a = 1/-0 return tostring(0)', '-0'],
  ['local t = {} t[-0] = 1 return tostring(next(t))', '-0'],
])('%s', (source, text) => {
  expect(evaluate(source)).toBe(text);
});
