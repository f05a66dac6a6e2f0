import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Glob } from '../../src/core/glob.ts';
import { bytesOf } from '../../src/core/latin1.ts';
import { startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import type { RespClient } from '../support/resp-client.ts';

const RUNS = 40;
const PATTERNS_PER_RUN = 50;

/** Few letters and all that has a meaning, so that patterns meet their corners and keys often match. */
const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'abcABzZ_*?[]^-\\\x00\x80\xff'), minLength: 1, maxLength });

const names = fc.string({ unit: fc.constantFrom(...'aetGESzZ_-*?[]^\\@'), minLength: 1, maxLength: 9 });

async function keysMatching(client: RespClient, patterns: readonly string[]): Promise<Set<string>[]> {
  const replies = await client.pipeline(patterns.map((pattern) => ['KEYS', bytesOf(pattern)]));
  return replies.map((reply) => new Set((reply as Buffer[]).map((key) => key.toString('latin1'))));
}

describeWith('redis-server', 'patterns of real Redis', () => {
  it('select the keys that the core selects', async () => {
    await using redis = await startRedis();
    await using client = await redis.connect({ bulkAsBuffer: true });
    const keys = fc.sample(text(6), { numRuns: 1000, seed: 1 });
    await client.pipeline(keys.map((key) => ['SET', bytesOf(key), '']));
    const patterns = fc.array(text(9), { minLength: 1, maxLength: PATTERNS_PER_RUN, size: 'max' });
    await fc.assert(
      fc.asyncProperty(patterns, async (batch) => {
        const selected = await keysMatching(client, batch);
        batch.forEach((pattern, i) => {
          const glob = new Glob(pattern);
          const ours = new Set(keys.filter((key) => glob.matchesBinary(key)));
          expect(ours, JSON.stringify(pattern)).toEqual(selected[i]);
        });
      }),
      { numRuns: RUNS },
    );
  });

  it('select the same command names where case is ignored', async () => {
    await using redis = await startRedis();
    await using client = await redis.connect();
    const commands = (await client.call('COMMAND', 'LIST')) as string[];
    const patterns = fc.array(names, { minLength: 1, maxLength: PATTERNS_PER_RUN, size: 'max' });
    await fc.assert(
      fc.asyncProperty(patterns, async (batch) => {
        const replies = await client.pipeline(
          batch.map((pattern) => ['COMMAND', 'LIST', 'FILTERBY', 'PATTERN', bytesOf(pattern)]),
        );
        batch.forEach((pattern, i) => {
          const glob = new Glob(pattern, { ignoreCase: true });
          const ours = commands.filter((name) => glob.matchesBinary(name)).sort();
          expect(ours, JSON.stringify(pattern)).toEqual((replies[i] as string[]).sort());
        });
      }),
      { numRuns: RUNS },
    );
  });

  it('give up at the same depth of stars', async () => {
    await using redis = await startRedis();
    await using client = await redis.connect({ bulkAsBuffer: true });
    const key = 'a'.repeat(1100);
    await client.call('SET', key, '');
    const patterns = [999, 1000, 1001, 1002].map((stars) => '*a'.repeat(stars));
    const selected = await keysMatching(client, patterns);
    for (const [i, pattern] of patterns.entries()) {
      expect(new Glob(pattern).matchesBinary(key), `${pattern.length / 2} stars`).toBe(selected[i]!.has(key));
    }
    expect(selected[3]!.size).toBe(0);
  });
});
