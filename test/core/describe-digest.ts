import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

type Digest<T> = (bytes: Uint8Array, start?: number, end?: number) => T;

/** Holds a digest against the platform's digest of the same name. */
export function describeDigest(name: string, digest: Digest<Uint8Array>, hex: Digest<string>): void {
  describe(name, () => {
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
}
