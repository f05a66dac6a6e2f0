import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  equalsIgnoreCase,
  latin1Of,
  lowerCaseAscii,
  lowerCaseOf,
  writeLatin1,
} from '../../src/core/latin1.ts';

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, i) => i);

describe('latin1Of', () => {
  it('gives one character per byte at every length', () => {
    for (let length = 0; length <= 40; length++) {
      const text = latin1Of(ALL_BYTES, 200, 200 + length);
      expect(text.length).toBe(length);
      for (let i = 0; i < length; i++) expect(text.charCodeAt(i)).toBe(200 + i);
    }
  });

  it('reads a plain Uint8Array and a view into a larger buffer alike', () => {
    const view = Buffer.from(ALL_BYTES).subarray(100, 200);
    expect(latin1Of(view, 5, 60)).toBe(latin1Of(ALL_BYTES, 105, 160));
    expect(latin1Of(view, 5, 9)).toBe(latin1Of(ALL_BYTES, 105, 109));
  });

  it('is undone by bytesOf', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(new Uint8Array(bytesOf(latin1Of(bytes, 0, bytes.length)))).toEqual(bytes);
      }),
    );
  });
});

describe('writeLatin1', () => {
  it('writes short and long strings in place and returns the offset after them', () => {
    for (const length of [0, 1, 23, 24, 25, 200]) {
      const text = latin1Of(ALL_BYTES, 256 - length, 256);
      const target = new Uint8Array(300);
      expect(writeLatin1(target, 7, text)).toBe(7 + length);
      expect(target.subarray(7, 7 + length)).toEqual(ALL_BYTES.subarray(256 - length));
      expect(target[6]! + target[7 + length]!).toBe(0);
    }
  });
});

describe('equalsIgnoreCase', () => {
  function matches(text: string, name: string): boolean {
    const bytes = bytesOf(`x${text}x`);
    return equalsIgnoreCase(bytes, 1, bytes.length - 1, name);
  }

  it('takes any mixture of cases', () => {
    expect(matches('GET', 'get')).toBe(true);
    expect(matches('gEt', 'get')).toBe(true);
    expect(matches('', '')).toBe(true);
    expect(matches('A1-b', 'a1-b')).toBe(true);
  });

  it('tells apart bytes that differ only in the bit that letters differ in', () => {
    expect(matches('\x10', '0')).toBe(false);
    expect(matches('@', '`')).toBe(false);
    expect(matches('[', '{')).toBe(false);
    expect(matches('\xc9', '\xe9')).toBe(false);
  });

  it('tells apart prefixes', () => {
    expect(matches('GE', 'get')).toBe(false);
    expect(matches('GETX', 'get')).toBe(false);
  });
});

describe('lowerCaseOf', () => {
  it('changes ASCII capitals and nothing else', () => {
    const lower = lowerCaseOf(ALL_BYTES, 0, 256);
    for (let i = 0; i < 256; i++) {
      expect(lower.charCodeAt(i)).toBe(i >= 0x41 && i <= 0x5a ? i + 32 : i);
    }
    expect(lowerCaseAscii('MaxMemory-Policy')).toBe('maxmemory-policy');
    expect(lowerCaseAscii('')).toBe('');
  });
});
