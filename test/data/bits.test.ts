import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countBits, findBit, readField, writeField } from '../../src/data/bits.ts';

/** Bytes in an aligned page, from a place on, and the same as a string of zeros and ones. */
const strings = fc.record({
  start: fc.integer({ min: 0, max: 9 }),
  content: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 60 }),
    fc.integer({ min: 1, max: 60 }).map((length) => new Uint8Array(length).fill(0xff)),
    fc.integer({ min: 1, max: 60 }).map((length) => new Uint8Array(length)),
  ),
});

function place(start: number, content: Uint8Array): { bytes: Uint8Array; words: Int32Array; bits: string } {
  const bytes = new Uint8Array(80).fill(0x55);
  bytes.set(content, start);
  const bits = Array.from(content, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return { bytes, words: new Int32Array(bytes.buffer), bits };
}

describe('bits', () => {
  it('are counted as in the spelled-out string, wherever it lies', () => {
    fc.assert(
      fc.property(strings, ({ start, content }) => {
        const { bytes, words, bits } = place(start, content);
        expect(countBits(bytes, words, start, start + content.length)).toBe(bits.replaceAll('0', '').length);
      }),
    );
  });

  it('are found as in the spelled-out string, within any range', () => {
    fc.assert(
      fc.property(strings, fc.nat(), fc.nat(), fc.constantFrom(0, 1), ({ start, content }, a, b, bit) => {
        const { bytes, words, bits } = place(start, content);
        const first = Math.min(a % bits.length, b % bits.length);
        const last = Math.max(a % bits.length, b % bits.length);
        const found = findBit(bytes, words, bit, {
          start: start + Math.floor(first / 8),
          end: start + Math.floor(last / 8) + 1,
          firstBit: first % 8,
          lastBit: last % 8,
        });
        const expected = bits.slice(0, last + 1).indexOf(String(bit), first);
        expect(found).toBe(expected < 0 ? -1 : expected - (first - (first % 8)));
      }),
    );
  });

  it('written as a field are read back, and the bits around it stay', () => {
    fc.assert(
      fc.property(
        strings,
        fc.nat(200),
        fc.integer({ min: 1, max: 64 }),
        fc.bigInt(),
        (string, offset, width, value) => {
          const content = new Uint8Array(40);
          content.set(string.content.subarray(0, 40));
          const { bytes, bits } = place(string.start, content);
          const expected = BigInt.asUintN(width, value);
          writeField(bytes, string.start, offset, width, value);
          expect(readField(bytes, string.start, 40, offset, width)).toBe(expected);
          const after = place(string.start, bytes.slice(string.start, string.start + 40)).bits;
          const field = expected.toString(2).padStart(width, '0');
          expect(after).toBe(bits.slice(0, offset) + field + bits.slice(offset + width));
        },
      ),
    );
  });

  it('beyond the end of the string are zero', () => {
    const { bytes } = place(0, Uint8Array.of(0xff));
    expect(readField(bytes, 0, 1, 4, 8)).toBe(0xf0n);
  });
});
