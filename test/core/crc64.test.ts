import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Crc64, crc64 } from '../../src/core/crc64.ts';

/** The definition, bit by bit. */
function bitwise(bytes: Uint8Array): bigint {
  let remainder = 0n;
  for (const byte of bytes) {
    remainder ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) {
      remainder = remainder & 1n ? (remainder >> 1n) ^ 0x95ac9329ac4bc9b5n : remainder >> 1n;
    }
  }
  return remainder;
}

describe('crc64', () => {
  it('gives the check value of the Jones polynomial', () => {
    expect(crc64(Buffer.from('123456789'))).toBe(0xe9c6d914c4b8d9can);
    expect(crc64(new Uint8Array())).toBe(0n);
  });

  it('agrees with the definition on any bytes in place', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const file = Buffer.concat([Buffer.from('abc'), bytes, Buffer.from('de')]);
        expect(crc64(file, 3, file.length - 2)).toBe(bitwise(bytes));
      }),
    );
  });

  it('does not depend on how the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 8 }), (pieces) => {
        const sum = new Crc64();
        for (const piece of pieces) sum.update(piece);
        expect(sum.value()).toBe(bitwise(Buffer.concat(pieces)));
      }),
    );
  });

  it('is written least significant byte first and recognised again', () => {
    const sum = new Crc64().update(Buffer.from('123456789'));
    const target = Buffer.alloc(12, 0xee);
    expect(sum.writeTo(target, 2)).toBe(10);
    expect(target.toString('hex')).toBe('eeeecad9b8c414d9c6e9eeee');
    expect(sum.matches(target, 2)).toBe(true);
    for (let i = 2; i < 10; i++) {
      target[i] = target[i]! ^ 1;
      expect(sum.matches(target, 2)).toBe(false);
      target[i] = target[i]! ^ 1;
    }
    expect(sum.matches(target, 3)).toBe(false);
  });

  it('starts anew after a reset', () => {
    const sum = new Crc64().update(Buffer.from('something else'));
    sum.reset();
    expect(sum.update(Buffer.from('123456789')).value()).toBe(0xe9c6d914c4b8d9can);
  });
});
