import { describe, expect, it } from 'vitest';
import { KeyHash } from '../../src/data/hash.ts';

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** HalfSipHash as its authors describe it, with any number of rounds. */
function halfSipHash(key: Uint8Array, message: Uint8Array, compression: number, finalization: number): number {
  const keyWords = new DataView(key.buffer, key.byteOffset);
  const k0 = keyWords.getInt32(0, true);
  const k1 = keyWords.getInt32(4, true);
  const v = [k0, k1, 0x6c796765 ^ k0, 0x74656462 ^ k1] as [number, number, number, number];
  const rounds = (count: number): void => {
    for (let i = 0; i < count; i++) {
      v[0] = (v[0] + v[1]) | 0;
      v[1] = rotate(v[1], 5) ^ v[0];
      v[0] = rotate(v[0], 16);
      v[2] = (v[2] + v[3]) | 0;
      v[3] = rotate(v[3], 8) ^ v[2];
      v[0] = (v[0] + v[3]) | 0;
      v[3] = rotate(v[3], 7) ^ v[0];
      v[2] = (v[2] + v[1]) | 0;
      v[1] = rotate(v[1], 13) ^ v[2];
      v[2] = rotate(v[2], 16);
    }
  };
  const padded = Buffer.alloc((message.length & ~3) + 4);
  padded.set(message);
  padded[padded.length - 1] = message.length & 0xff;
  for (let at = 0; at < padded.length; at += 4) {
    const word = padded.readInt32LE(at);
    v[3] ^= word;
    rounds(compression);
    v[0] ^= word;
  }
  v[2] ^= 0xff;
  rounds(finalization);
  return v[1] ^ v[3];
}

const counting = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => i & 0xff));

describe('the hash of keys', () => {
  it('is compared with an implementation that gives the published values of HalfSipHash-2-4', () => {
    const published = [0x5b9f35a9, 0xb85a4727, 0x03a662fa, 0x04e7fe8a];
    expect(published.map((_, length) => halfSipHash(counting(8), counting(length), 2, 4) >>> 0)).toEqual(published);
  });

  it('is HalfSipHash-1-3, for keys of every length and wherever they lie', () => {
    const seed = Buffer.from('a seed..');
    const hash = new KeyHash(seed);
    for (let length = 0; length <= 300; length++) {
      const start = length % 7;
      const bytes = counting(start + length + 5);
      const expected = halfSipHash(seed, bytes.subarray(start, start + length), 1, 3);
      expect(hash.of(bytes, start, start + length), `length ${length}`).toBe(expected);
    }
  });

  it('depends on the seed', () => {
    const key = Buffer.from('key');
    const hashes = ['a seed..', 'b seed..', 'a seed.!'].map((seed) => new KeyHash(Buffer.from(seed)).of(key, 0, 3));
    expect(new Set(hashes).size).toBe(3);
  });

  it('leaves the whole words of the key behind', () => {
    const hash = new KeyHash(counting(8));
    const bytes = Buffer.from('..abcdefghij');
    hash.of(bytes, 2, 12);
    expect([...hash.words.subarray(0, 2)]).toEqual([bytes.readInt32LE(2), bytes.readInt32LE(6)]);
  });
});
