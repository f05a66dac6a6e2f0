/** `^` and math.pow where C and JavaScript do not agree (src/lua/power.ts): what redis-server makes of each. */
import { describe, expect, it } from 'vitest';
import { evaluate } from './evaluate.ts';

describe('powers', () => {
  it.each<[string, string]>([
    ['1 ^ (1 / 0)', '1'],
    ['1 ^ (0 / 0)', '1'],
    ['(-1) ^ (-1 / 0)', '1'],
    ['math.pow(-1, 1 / 0)', '1'],
    ['math.pow(1, 0 / 0)', '1'],
    ['(0 / 0) ^ 0', '1'],
    ['(-1) ^ (0 / 0)', '-nan'],
    ['(-8) ^ (1 / 3)', '-nan'],
    ['3 ^ 2', '9'],
  ])('%s is %s', (expression, text) => {
    expect(evaluate(`local a = ${expression} return string.format("%.17g", a)`)).toBe(text);
  });
});
