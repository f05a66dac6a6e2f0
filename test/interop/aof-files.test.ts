/** Append-only files of this server and of redis-server: each loads what the other one wrote, and has the same dataset. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { oursCommand, type RedisProcess, startRedis } from '../support/redis-process.ts';
import { AofFolder } from '../support/aof-folder.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith } from '../support/requires.ts';
import type { RespClient } from '../support/resp-client.ts';
import { everyValue } from '../persistence/rdb/every-value.ts';
import { changeScripts } from './written-changes.ts';

const SIDES = { ours: oursCommand(), 'redis-server': ['redis-server'] } as const;
type Side = keyof typeof SIDES;

function start(side: Side, folder: AofFolder, preamble: string): Promise<RedisProcess> {
  return startRedis({
    command: SIDES[side],
    folder: folder.path,
    options: { appendonly: 'yes', 'aof-use-rdb-preamble': preamble, 'enable-debug-command': 'yes' },
    startTimeoutMs: 30_000,
  });
}

/** Commands of all kinds; none of them waits, and no key is left whose time has passed: it may be gone or not. */
async function change(client: RespClient): Promise<void> {
  for (const { title, steps } of changeScripts) {
    if (/passed|expired/.test(title) || steps.some(({ byOther }) => byOther)) continue;
    for (const { args } of steps) if (!/^flush|^debug|^config/i.test(args[0]!)) await client.call(...args);
  }
  await client.call('SELECT', 0);
}

async function rewrite(client: RespClient): Promise<void> {
  expect(await client.call('BGREWRITEAOF')).toBe('Background append only file rewriting started');
  const isOver = async (): Promise<boolean> =>
    String(await client.call('INFO', 'persistence')).includes('aof_rewrite_in_progress:0');
  await eventually(isOver, { what: 'the rewrite is over', timeoutMs: 15_000 });
  expect(await client.call('INFO', 'persistence')).toContain('aof_last_bgrewrite_status:ok');
}

async function digestOf(redis: RedisProcess): Promise<unknown> {
  await using client = await redis.connect({ timeoutMs: 15_000 });
  return await client.call('DEBUG', 'DIGEST');
}

/** Writes all kinds of values, rewrites, and changes more. @returns the digest in the end. */
async function write(side: Side, folder: AofFolder, preamble: string): Promise<unknown> {
  await using redis = await start(side, folder, preamble);
  await using client = await redis.connect({ timeoutMs: 15_000 });
  for (const { commands } of everyValue) for (const command of commands) await client.call(...command);
  await client.call('SET', 'volatile', 'v', 'PXAT', '4000000000000');
  await client.call('SELECT', 3);
  await client.call('DEBUG', 'POPULATE', 1000);
  await client.call('RPUSH', 'long', ...Array.from({ length: 1000 }, (_, i) => `element ${i}`));
  await client.call('SADD', 'many', ...Array.from({ length: 1000 }, (_, i) => `member ${i}`));
  await client.call('HSET', 'wide', ...Array.from({ length: 1000 }, (_, i) => [`field ${i}`, i]).flat());
  await client.call('ZADD', 'high', ...Array.from({ length: 1000 }, (_, i) => [i / 7, `member ${i}`]).flat());
  await client.call('SELECT', 0);
  // A score of minus zero is zero where it meets a small sorted set: redis-server's own files do not keep it for certain.
  await client.call('DEL', 'zset-signs');
  await rewrite(client);
  await change(client);
  return await digestOf(redis);
}

const CASES = (['ours', 'redis-server'] as const).flatMap((side) =>
  ['yes', 'no'].map((preamble) => [side, side === 'ours' ? 'redis-server' : 'ours', preamble] as const),
);

describeWith(['redis-server', 'redis-check-aof'], 'the append-only file', () => {
  it.each(CASES)(
    'of %s is loaded by %s with aof-use-rdb-preamble %s, goes on there, and comes back',
    async (writer, reader, preamble) => {
      using folder = new AofFolder();
      const written = await write(writer, folder, preamble);
      const manifest = join(folder.directory, 'appendonly.aof.manifest');
      expect(execFileSync('redis-check-aof', [manifest]).toString()).toContain('All AOF files and manifest are valid');
      let gone: unknown;
      {
        await using redis = await start(reader, folder, preamble);
        expect(await digestOf(redis)).toBe(written);
        await using client = await redis.connect({ timeoutMs: 15_000 });
        await change(client);
        await rewrite(client);
        await change(client);
        gone = await digestOf(redis);
      }
      expect(execFileSync('redis-check-aof', [manifest]).toString()).toContain('All AOF files and manifest are valid');
      await using back = await start(writer, folder, preamble);
      expect(await digestOf(back)).toBe(gone);
    },
    60_000,
  );

  it('has the same fields in INFO persistence', async () => {
    const fields: string[][] = [];
    for (const side of ['ours', 'redis-server'] as const) {
      using folder = new AofFolder();
      await using redis = await start(side, folder, 'yes');
      await using client = await redis.connect();
      fields.push(
        String(await client.call('INFO', 'persistence'))
          .split('\r\n')
          .map((line) => line.replace(/:.*/, '')),
      );
    }
    expect(fields[0]).toEqual(fields[1]);
  }, 60_000);
});
