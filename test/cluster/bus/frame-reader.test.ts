import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader } from '../../../src/cluster/bus/frame-reader.ts';
import { FIXED_SEED } from '../../support/fixed-seed.ts';

function frameOf(length: number, fill = 0): Buffer {
  const frame = Buffer.alloc(length, fill);
  frame.write('RCmb');
  frame.writeUInt32BE(length, 4);
  return frame;
}

function readAll(chunks: readonly Buffer[]): { frames: string[]; isBroken: boolean } {
  const reader = new FrameReader();
  const frames: string[] = [];
  for (const chunk of chunks) {
    const isGood = reader.feed(chunk, (frame) => {
      frames.push(frame.toString('latin1'));
      return true;
    });
    if (!isGood) return { frames, isBroken: true };
  }
  return { frames, isBroken: false };
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map((place) => place % bytes.length), bytes.length].toSorted((a, b) => a - b);
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
}

describe('the bytes of a link', () => {
  it('are the same frames however they come', () => {
    const sizes = fc.array(fc.integer({ min: 2256, max: 6000 }), { minLength: 1, maxLength: 6 });
    const property = fc.property(sizes, fc.array(fc.nat(), { maxLength: 20 }), (lengths, places) => {
      const frames = lengths.map((length, i) => frameOf(length, i));
      const { frames: read, isBroken } = readAll(cut(Buffer.concat(frames), places));
      expect(isBroken).toBe(false);
      expect(read).toEqual(frames.map((frame) => frame.toString('latin1')));
    });
    fc.assert(property, { seed: FIXED_SEED, numRuns: 100 });
  });

  it('come to an end where no frame begins', () => {
    const wrongSignature = frameOf(2256);
    wrongSignature.write('RCmx');
    const tooShort = frameOf(2256);
    tooShort.writeUInt32BE(2255, 4);
    const tooLong = frameOf(2256);
    tooLong.writeUInt32BE(0xffffffff, 4);
    for (const bad of [wrongSignature, tooShort, tooLong]) {
      expect(readAll([Buffer.concat([frameOf(2300), bad])])).toEqual({
        frames: [frameOf(2300).toString('latin1')],
        isBroken: true,
      });
      expect(readAll(cut(bad, [3, 7])).isBroken).toBe(true);
    }
    expect(readAll([Buffer.from('GET / HTTP/1.1\r\n\r\n')]).isBroken).toBe(true);
  });

  it('cost no memory before they are here', () => {
    const reader = new FrameReader();
    const start = frameOf(2256);
    start.writeUInt32BE(1024 ** 3, 4);
    expect(reader.feed(start, () => true)).toBe(true);
    expect(reader.heldBytes).toBeLessThan(10_000);
  });

  it('are not read on after a frame that ends the link', () => {
    const reader = new FrameReader();
    let count = 0;
    reader.feed(Buffer.concat([frameOf(2256), frameOf(2256)]), () => {
      count++;
      return false;
    });
    expect(count).toBe(1);
  });
});
