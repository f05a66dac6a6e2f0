import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Glob, globMatches } from '../../src/core/glob.ts';

function matchesWithCase(pattern: string, text: string): boolean {
  return globMatches(pattern, text);
}

function matchesIgnoringCase(pattern: string, text: string): boolean {
  return globMatches(pattern, text, true);
}

describe('a glob pattern', () => {
  it.each([
    ['a', 'a', true],
    ['a', 'b', false],
    ['a', 'ab', false],
    ['ab', 'a', false],
    ['h?llo', 'hello', true],
    ['h?llo', 'hllo', false],
    ['h*llo', 'hllo', true],
    ['h*llo', 'heeeello', true],
    ['h*llo', 'heeeell', false],
    ['*', 'anything', true],
    ['**', 'anything', true],
    ['a*', 'a', true],
    ['a***', 'a', true],
    ['*a*b*c*', 'xxaxxbxxcxx', true],
    ['*a*b*c*', 'xxaxxcxxbxx', false],
    ['a*c*e', 'abcde', true],
    ['*?', 'x', true],
    ['*??', 'x', false],
    ['\x00*\xff', '\x00\x01\xff', true],
  ])('%j on %j: %j', (pattern, text, expected) => {
    expect(matchesWithCase(pattern, text)).toBe(expected);
  });

  it('matches the empty string only when it is empty itself', () => {
    expect(matchesWithCase('', '')).toBe(true);
    expect(matchesWithCase('*', '')).toBe(false);
    expect(matchesWithCase('', 'a')).toBe(false);
    expect(new Glob('*').isMatchAll).toBe(true);
    expect(new Glob('**').isMatchAll).toBe(false);
  });

  it('reads escapes', () => {
    expect(matchesWithCase('\\*', '*')).toBe(true);
    expect(matchesWithCase('\\*', 'x')).toBe(false);
    expect(matchesWithCase('a\\?', 'a?')).toBe(true);
    expect(matchesWithCase('a\\\\', 'a\\')).toBe(true);
    expect(matchesWithCase('a\\', 'a\\')).toBe(true);
    expect(matchesWithCase('\\a', 'a')).toBe(true);
  });

  it('ignores case of ASCII letters on request', () => {
    expect(matchesIgnoringCase('MaxMem*', 'maxmemory')).toBe(true);
    expect(matchesWithCase('MaxMem*', 'maxmemory')).toBe(false);
    expect(matchesIgnoringCase('\xc9', '\xe9')).toBe(false);
    expect(matchesIgnoringCase('\\A', 'a')).toBe(true);
  });
});

describe('a class', () => {
  it.each([
    ['[abc]', 'b', true],
    ['[abc]', 'd', false],
    ['[^abc]', 'd', true],
    ['[^abc]', 'a', false],
    ['[a-c]', 'b', true],
    ['[c-a]', 'b', true],
    ['[a-]', '-', false],
    ['[a-]', '_', true],
    ['[-a]', '-', true],
    ['[a-c', 'b', true],
    ['[abc', 'c', true],
    ['[', 'a', false],
    ['[^', 'a', true],
    ['[]', 'a', false],
    ['[]a]', 'a', false],
    ['[^]', 'a', true],
    ['[^]a]', 'xa]', true],
    ['[\\]]', ']', true],
    ['[\\', '\\', true],
    ['[a\\-z]', '-', true],
    ['[a\\-z]', 'm', false],
    ['[a-\\]', '\\', true],
    ['x[a-c]y*', 'xbyz', true],
    ['[0-9][0-9]', '42', true],
    ['[a-\xff]', 'A', true],
    ['[a-\xff]', 'z', false],
    ['[a-\xff]', '\xff', true],
    ['[a-\xff]', '\xfe', false],
    ['[\x80-\x90]', '\x88', true],
  ])('%j on %j: %j', (pattern, text, expected) => {
    expect(matchesWithCase(pattern, text)).toBe(expected);
  });

  it('without case takes ranges and members in either case, but not escaped members', () => {
    expect(matchesIgnoringCase('[A-C]', 'b')).toBe(true);
    expect(matchesIgnoringCase('[abc]', 'B')).toBe(true);
    expect(matchesIgnoringCase('[\\A]', 'a')).toBe(false);
    expect(matchesIgnoringCase('[Z-a]', 'z')).toBe(false);
  });
});

describe('matching', () => {
  it('agrees with a regular expression on patterns without corners', () => {
    const token = fc.constantFrom('a', 'b', 'c', '?', '*', '[ab]', '[^a]', '[a-c]');
    const pattern = fc.array(token, { maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(pattern, text, (tokens, subject) => {
        const regexp = tokens.map((part) => (part === '?' ? '[^]' : part === '*' ? '[^]*' : part)).join('');
        expect(matchesWithCase(tokens.join(''), subject)).toBe(new RegExp(`^${regexp}$`).test(subject));
      }),
      { numRuns: 2000 },
    );
  });

  it('reads bytes in place and binary strings of any length alike', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), fc.uint8Array({ maxLength: 200 }), (pattern, text) => {
        const glob = new Glob(Buffer.concat([Buffer.from('*'), pattern]), { ignoreCase: true });
        const request = Buffer.concat([Buffer.from('ab'), text, Buffer.from('cd')]);
        const inPlace = glob.matches(request, 2, request.length - 2);
        expect(glob.matchesBinary(Buffer.from(text).toString('latin1'))).toBe(inPlace);
      }),
    );
  });

  it('ends soon on a pattern with many stars that almost matches', () => {
    const glob = new Glob(`${'a*'.repeat(20)}b`);
    let steps = 0;
    const counted = new Proxy(Buffer.from('a'.repeat(1000)), {
      get(target, key) {
        steps++;
        return Reflect.get(target, key) as unknown;
      },
    });
    expect(glob.matches(counted, 0, 1000)).toBe(false);
    expect(steps).toBeLessThan(100_000);
  });

  it('gives up where stars nest more than a thousand deep', () => {
    const text = 'a'.repeat(1100);
    expect(matchesWithCase('*a'.repeat(1000), text)).toBe(true);
    expect(matchesWithCase('*a'.repeat(1001), text)).toBe(false);
    expect(matchesWithCase(`${'*a'.repeat(1000)}*`, text)).toBe(true);
  });

  it('can be used again after a match that failed', () => {
    const glob = new Glob('*b*c');
    expect(glob.matchesBinary('aaaa')).toBe(false);
    expect(glob.matchesBinary('abac')).toBe(true);
  });
});
