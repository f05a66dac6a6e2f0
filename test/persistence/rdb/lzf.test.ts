import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decompressLzf, LzfCompressor } from '../../../src/persistence/rdb/lzf.ts';

/** Null where the result would not be shorter by four bytes. */
function compress(compressor: LzfCompressor, bytes: Buffer, stepBytes = Infinity): Buffer | null {
  compressor.start(bytes, 0, bytes.length, bytes.length - 4);
  let length = -1;
  while (length < 0) length = compressor.run(stepBytes);
  const result = length === 0 ? null : Buffer.from(compressor.result.subarray(0, length));
  compressor.finish();
  return result;
}

function decompress(bytes: Buffer, length: number): Buffer | null {
  const target = Buffer.alloc(length);
  return decompressLzf(bytes, 0, bytes.length, target, 0, length) ? target : null;
}

/** Text with repetitions near and far. */
const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: fc.constantFrom(...'ab c'), maxLength: 40 }),
      fc.constantFrom('lorem ipsum dolor sit amet', 'x'.repeat(300), '0123456789', '\n'),
      fc.string({ unit: 'binary-ascii', maxLength: 60 }),
    ),
    { minLength: 1, maxLength: 60, size: 'max' },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'))
  .filter((bytes) => bytes.length > 20);

describe('LZF', () => {
  it('writes what liblzf writes', () => {
    const compressor = new LzfCompressor();
    expect(compress(compressor, Buffer.from('a'.repeat(30)))!.toString('hex')).toBe('016161e01100016161');
    expect(compress(compressor, Buffer.from('ab'.repeat(30)))!.toString('hex')).toBe('02616261e02e01016162');
    expect(compress(compressor, Buffer.from('abcdefghijklmnopqrstuvwxyz'))).toBe(null);
  });

  it('gives back what it took, and stops and goes on anywhere', () => {
    const compressor = new LzfCompressor();
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 50 }), (bytes, stepBytes) => {
        const compressed = compress(new LzfCompressor(), bytes);
        // A compressor that has seen other strings chooses the same.
        expect(compress(compressor, bytes, stepBytes)).toEqual(compressed);
        if (compressed !== null) expect(decompress(compressed, bytes.length)).toEqual(bytes);
      }),
      { numRuns: 300 },
    );
  });

  it('finds repetitions up to 8 KiB away and no further', () => {
    let state = 1;
    const noise = Buffer.from(Array.from({ length: 8400 }, () => (state = (state * 48_271) % 0x7fff_ffff) & 0xff));
    const repeated = (distance: number): Buffer | null =>
      compress(new LzfCompressor(), Buffer.concat([noise.subarray(0, distance), noise.subarray(0, 1000)]));
    expect(repeated(8000)).not.toBe(null);
    expect(repeated(8400)).toBe(null);
  });

  it('refuses what is not compressed data of the length that is told', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat({ max: 300 }), (bytes, length) => {
        const target = Buffer.alloc(length + 2, 0xaa);
        decompressLzf(bytes, 0, bytes.length, target, 1, length);
        expect([target[0], target[length + 1]]).toEqual([0xaa, 0xaa]);
      }),
      { numRuns: 500 },
    );
    const sound = Buffer.from('016161e01100016161', 'hex');
    expect(decompress(sound, 30)).not.toBe(null);
    expect(decompress(sound, 29)).toBe(null);
    expect(decompress(sound, 31)).toBe(null);
    for (let end = 0; end < sound.length; end++) expect(decompress(sound.subarray(0, end), 30)).toBe(null);
    // A reference to before the beginning.
    expect(decompress(Buffer.from('00612005', 'hex'), 4)).toBe(null);
  });
});
