/** The words of rules. */
import { describe, expect, it } from 'vitest';
import { hasSpaces, mergeSelectors } from '../../../src/server/acl/rules.ts';

describe('A selector in several words', () => {
  it('becomes one rule', () => {
    expect(mergeSelectors(['on', '(+get', '~a', '&b)', 'off'])).toEqual({ rules: ['on', '(+get ~a &b)', 'off'] });
    expect(mergeSelectors(['(+get)', '(', ')'])).toEqual({ rules: ['(+get)', '( )'] });
  });

  it('starts anew at another open parenthesis', () => {
    expect(mergeSelectors(['(+get', '(+set', '~a)'])).toEqual({ rules: ['(+set ~a)'] });
  });

  it('must be closed', () => {
    expect(mergeSelectors(['on', '(+get', '~a'])).toEqual({ unmatched: 1 });
  });
});

describe('A name', () => {
  it('may hold anything but blanks and NUL', () => {
    for (const name of ['a b', '\t', 'a\n', '\v', '\f', '\r', 'x\0']) expect(hasSpaces(name)).toBe(true);
    for (const name of ['', 'a', '\x01\xff', '(', '\xa0']) expect(hasSpaces(name)).toBe(false);
  });
});
