import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/host/prng.ts';
import { CHUNK_MODES, Chunker, LARGEST_CHUNK_BYTES } from '../../src/sim/chunking.ts';
import { connectedPair } from '../host/peer.ts';
import { simulatedPair } from '../host/stage.ts';

const cut = (chunker: Chunker, content: string): string[] => {
  const pieces: Buffer[] = [];
  chunker.cut(Buffer.from(content, 'latin1'), pieces);
  return pieces.map((piece) => piece.toString('latin1'));
};

describe('Chunker', () => {
  it('never loses, repeats or reorders bytes, and makes no empty or oversized piece', () => {
    const mode = fc.constantFrom(...CHUNK_MODES);
    const writes = fc.array(fc.uint8Array({ minLength: 1, maxLength: 5000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(mode, fc.integer(), writes, (manner, seed, content) => {
        const chunker = new Chunker(manner, new Prng(seed));
        for (const bytes of content) {
          const pieces: Buffer[] = [];
          chunker.cut(Buffer.from(bytes), pieces);
          expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
          expect(pieces.every((piece) => piece.length > 0 && piece.length <= LARGEST_CHUNK_BYTES)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('cuts between CR and LF, inside lengths and inside headers when it is adversarial', () => {
    const seen = { crlf: false, length: false, header: false, mark: false };
    for (let seed = 0; seed < 50; seed++) {
      const chunker = new Chunker('adversarial', new Prng(seed));
      const pieces = cut(chunker, 'RCmb....*3\r\n$10\r\n0123456789\r\n$EOF:abcdefghij\r\n');
      for (const [index, piece] of pieces.slice(1).entries()) {
        const before = pieces.slice(0, index + 1).join('');
        if (before.endsWith('\r') && piece.startsWith('\n')) seen.crlf = true;
        if (before.endsWith('$1') && piece.startsWith('0')) seen.length = true;
        if (before.length < 8) seen.header = true;
        if (/\$E?O?F?:?$/.test(before) && /^O?F?:?abc|^E?OF/.test(piece)) seen.mark = true;
      }
    }
    expect(seen).toEqual({ crlf: true, length: true, header: true, mark: true });
  });

  it('gives single bytes for some kilobytes, then stops', () => {
    const chunker = new Chunker('bytewise', new Prng(1));
    const pieces = cut(chunker, 'x'.repeat(20_000));
    const singles = pieces.filter((piece) => piece.length === 1).length;
    expect(singles).toBeGreaterThanOrEqual(256);
    expect(singles).toBeLessThan(4096);
    expect(cut(chunker, 'whole again')).toEqual(['whole again']);
  });

  it('makes a bounded number of pieces of a megabyte of pain', () => {
    const chunker = new Chunker('adversarial', new Prng(1));
    expect(cut(chunker, '$1\r\n'.repeat(1 << 18)).length).toBeLessThan(40);
  });
});

describe('coalesced delivery', () => {
  it('brings writes that are under way together in one chunk', async () => {
    const { stage, world } = simulatedPair({ seed: 1, network: { chunking: 'coalesced' } });
    const { client, server } = await connectedPair(stage);
    for (let i = 0; i < 10; i++) client.write(`${i};`);
    world.runFor(100);
    expect(server.received.map((chunk) => chunk.toString())).toEqual(['0;1;2;3;4;5;6;7;8;9;']);
  });
});
