import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha1, sha1Hex } from '../../src/core/sha1.ts';
import { sha256, sha256Hex } from '../../src/core/sha256.ts';

describe.each([
  ['sha1', sha1, sha1Hex, 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ['sha256', sha256, sha256Hex, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
] as const)('%s', (name, digest, hex, ofAbc) => {
  it('gives the standard example', () => {
    expect(hex(Buffer.from('abc'))).toBe(ofAbc);
  });

  it('agrees with the platform at every length around the block size', () => {
    const bytes = Uint8Array.from({ length: 200 }, (_, i) => i);
    for (let length = 0; length <= 200; length++) {
      expect(hex(bytes, 0, length)).toBe(createHash(name).update(bytes.subarray(0, length)).digest('hex'));
    }
  });

  it('agrees with the platform on bytes in place', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        const request = Buffer.concat([Buffer.from('abc'), bytes, Buffer.from('de')]);
        const expected = createHash(name).update(bytes).digest();
        expect(Buffer.from(digest(request, 3, request.length - 2)).equals(expected)).toBe(true);
      }),
    );
  });

  it('agrees with the platform on a megabyte', () => {
    const bytes = new Uint8Array(1 << 20).map((_, i) => (i * 31) >> 3);
    expect(hex(bytes)).toBe(createHash(name).update(bytes).digest('hex'));
  });
});
