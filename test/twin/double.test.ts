import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatDouble17g, parseDoubleText } from '../../src/core/double.ts';
import { startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { RespError } from '../support/resp-client.ts';

const RUNS = 40;
const SCORES_PER_RUN = 100;

const literal = fc.oneof(
  fc.double().map((value) => String(value).replace('Infinity', 'inf')),
  fc.tuple(fc.integer(), fc.integer({ min: 0, max: 40 })).map(([whole, power]) => String(whole / 2 ** power)),
  fc.tuple(fc.maxSafeInteger(), fc.integer({ min: -340, max: 320 })).map(([whole, power]) => `${whole}e${power}`),
  fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 12 })).map(([whole, power]) => String(whole / 10 ** power)),
  fc
    .tuple(fc.bigInt(0n, 2n ** 70n), fc.integer({ min: -1150, max: 1000 }))
    .map(([whole, power]) => `-0x${whole.toString(16)}p${power}`),
  fc.string({ unit: fc.constantFrom(...'0123456789+-.eExXpPinfa '), maxLength: 8 }),
);

function expectedScore(text: string): string {
  const value = parseDoubleText(text);
  return Number.isNaN(value) ? 'ERR value is not a valid float' : formatDouble17g(value);
}

describeWith('redis-server', 'scores of real Redis', () => {
  it('are read and printed as the core does', async () => {
    await using redis = await startRedis({ options: { 'zset-max-listpack-entries': 0 } });
    await using client = await redis.connect();
    const literals = fc.array(literal, { minLength: 1, maxLength: SCORES_PER_RUN, size: 'max' });
    await fc.assert(
      fc.asyncProperty(literals, async (scores) => {
        // A fresh key each time, because an update to an equal score keeps the sign of an earlier zero; another member
        // first, because "xx" in its place would be an option; no listpack, because it would turn -0 into 0.
        const commands = scores.flatMap((score) => [
          ['DEL', 'key'],
          ['ZADD', 'key', 0, 'other', score, 'member'],
          ['ZSCORE', 'key', 'member'],
        ]);
        const replies = await client.pipeline(commands);
        scores.forEach((score, i) => {
          const added = replies[3 * i + 1];
          const text = added instanceof RespError ? added.message : replies[3 * i + 2];
          expect(text, score).toBe(expectedScore(score));
        });
      }),
      { numRuns: RUNS },
    );
  });
});
