import { describe, expect, it } from 'vitest';
import { fromHex, isLowerHex, toHex } from '../../src/core/hex.ts';
import { ID_LENGTH, randomId } from '../../src/core/ids.ts';

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, i) => i);

describe('hex digits', () => {
  it('spell every byte, also of a view into other bytes', () => {
    expect(toHex(ALL_BYTES.subarray(0x0e, 0x12))).toBe('0e0f1011');
    expect(fromHex(toHex(ALL_BYTES))).toEqual(ALL_BYTES);
    expect(fromHex('0aFf')).toEqual(Uint8Array.of(0x0a, 0xff));
    expect(fromHex('')).toEqual(new Uint8Array());
  });

  it.each(['0', '0g', ' 00', '0x00', '00\n'])('are not %j', (text) => {
    expect(fromHex(text)).toBeNull();
  });

  it('are checked for length and case where they stand for ids', () => {
    expect(isLowerHex('0af9', 4)).toBe(true);
    expect(isLowerHex('0AF9', 4)).toBe(false);
    expect(isLowerHex('0af9', 40)).toBe(false);
    expect(isLowerHex('0af\n', 4)).toBe(false);
  });
});

describe('randomId', () => {
  it('is forty small hex digits of the random bytes', () => {
    const random = { bytes: (length: number) => ALL_BYTES.slice(0xf0 - length, 0xf0) };
    const id = randomId(random);
    expect(isLowerHex(id, ID_LENGTH)).toBe(true);
    expect(id).toBe('dcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef');
  });
});
