/** Lines split as redis-server splits inline commands. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { splitArguments } from '../../src/core/split-args.ts';
import { startRedis, type RedisProcess } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { RespError } from '../support/resp-client.ts';

// No NUL: redis-server does not find the line end behind one and waits on.
const pieces = [' ', '\t', '\v', '\f', '\r', '"', "'", '\\', '\\x', '\\n', '41', 'fF', 'g', 'a', '\x80', '\xff'];

describeWith('redis-server', 'splitArguments beside redis-server', () => {
  it('gives the same arguments, and finds the same quotes unbalanced', async () => {
    await using redis = await startRedis();
    const lines = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(lines, async (line) => {
        expect(splitArguments(`RPUSH list first ${line}`)?.slice(3) ?? null).toEqual(await splitByRedis(redis, line));
      }),
      { numRuns: 1000 },
    );
  });
});

/** What redis-server made of the line, as it stored it; null when it found unbalanced quotes. */
async function splitByRedis(redis: RedisProcess, line: string): Promise<string[] | null> {
  await using client = await redis.connect({ bulkAsBuffer: true });
  client.sendRaw(`RPUSH list first ${line}\n`);
  const reply = await client.nextReply();
  if (reply instanceof RespError) {
    expect(reply.message).toBe('ERR Protocol error: unbalanced quotes in request');
    return null;
  }
  const stored = (await client.call('LRANGE', 'list', 1, -1)) as Buffer[];
  await client.call('DEL', 'list');
  return stored.map((value) => value.toString('latin1'));
}
