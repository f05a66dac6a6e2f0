import { describe, expect, it } from 'vitest';
import { repr } from '../../src/core/repr.ts';

describe('repr', () => {
  it.each([
    ['', '""'],
    ['plain text', '"plain text"'],
    ['a"b\\c', String.raw`"a\"b\\c"`],
    ['\n\r\t\x07\b', String.raw`"\n\r\t\a\b"`],
    ['\0\x1b\x7f\x80\xff', String.raw`"\x00\x1b\x7f\x80\xff"`],
    ["~it's", `"~it's"`],
  ])('quotes %j', (text, quoted) => {
    expect(repr(text)).toBe(quoted);
  });
});
