/** RDB files of this server and of redis-server: each starts with what the other one saved, and has the same dataset. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { everyValue } from '../persistence/rdb/every-value.ts';
import { eventually } from '../support/eventually.ts';
import { oursCommand, type RedisProcess, startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import type { RespClient } from '../support/resp-client.ts';
import { mixedWrites } from './mixed-writes.ts';

const SIDES = { ours: oursCommand(), 'redis-server': ['redis-server'] } as const;
type Side = keyof typeof SIDES;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'resplica-rdb-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(side: Side, options: Record<string, string> = {}): Promise<RedisProcess> {
  return startRedis({
    command: SIDES[side],
    folder,
    options: { 'enable-debug-command': 'yes', ...options },
    startTimeoutMs: 30_000,
  });
}

async function fill(client: RespClient): Promise<void> {
  for (const { commands } of everyValue) for (const command of commands) await client.call(...command);
  await client.call('SET', 'volatile', 'v', 'PXAT', '4000000000000');
  await client.call('SELECT', 3);
  await client.call('DEBUG', 'POPULATE', 2000);
  await client.call('RPUSH', 'long', ...Array.from({ length: 5000 }, (_, i) => `element ${i}`));
  await client.call('SADD', 'many', ...Array.from({ length: 5000 }, (_, i) => `member ${i}`));
  await client.call('HSET', 'wide', ...Array.from({ length: 5000 }, (_, i) => [`field ${i}`, i]).flat());
  await client.call('ZADD', 'high', ...Array.from({ length: 5000 }, (_, i) => [i / 7, `member ${i}`]).flat());
  await client.call('SELECT', 0);
  // A score of minus zero is zero where it meets a small sorted set: redis-server's own files do not keep it for certain.
  await client.call('DEL', 'zset-signs');
}

async function digestOf(redis: RedisProcess): Promise<unknown> {
  await using client = await redis.connect({ timeoutMs: 15_000 });
  return await client.call('DEBUG', 'DIGEST');
}

const PAIRS = [
  ['ours', 'redis-server'],
  ['redis-server', 'ours'],
] as const;

describeWith(['redis-server', 'redis-check-rdb'], 'RDB files', () => {
  it.each(PAIRS)('of %s are loaded by %s, saved again, and come back', { timeout: 90_000 }, async (writer, reader) => {
    let written: unknown;
    {
      await using redis = await start(writer);
      await using client = await redis.connect({ timeoutMs: 15_000 });
      await fill(client);
      written = await client.call('DEBUG', 'DIGEST');
      expect(await client.call('SAVE')).toBe('OK');
    }
    expect(execFileSync('redis-check-rdb', [join(folder, 'dump.rdb')]).toString()).toContain('RDB looks OK');
    {
      await using redis = await start(reader);
      expect(await digestOf(redis)).toBe(written);
      await using client = await redis.connect({ timeoutMs: 15_000 });
      expect(await client.call('SAVE')).toBe('OK');
    }
    await using back = await start(writer);
    expect(await digestOf(back)).toBe(written);
  });

  it(
    'written in the background beside thousands of writes are the dataset of the beginning',
    { timeout: 90_000 },
    async () => {
      let expected: unknown;
      {
        await using ours = await start('ours', { 'rdb-key-save-delay': '1500' });
        await using client = await ours.connect({ timeoutMs: 15_000 });
        await fill(client);
        expected = await client.call('DEBUG', 'DIGEST');
        expect(await client.call('BGSAVE')).toBe('Background saving started');
        await client.call('SELECT', 3);
        for (let i = 0; i < 2000; i += 7) await client.call('APPEND', `key:${i}`, 'more');
        await client.call('HSET', 'wide', 'field 1', 'another');
        await client.call('SELECT', 0);
        const writes = mixedWrites(7, 3000).filter(([name]) => !/^(blpop|blmove|bzpop)/i.test(String(name)));
        for (let from = 0; from < writes.length; from += 300) {
          for (const words of writes.slice(from, from + 300)) await client.call(...words);
          await client.call('DEBUG', 'POPULATE', 50 + from, `batch${from}`);
          if (from === 900) await client.call('SWAPDB', 0, 3);
          if (from === 1800) await client.call('FLUSHDB');
        }
        await client.call('DISCARD');
        const isOver = async (): Promise<boolean> =>
          String(await client.call('INFO', 'persistence')).includes('rdb_bgsave_in_progress:0');
        await eventually(isOver, { what: 'the save is over', timeoutMs: 30_000 });
        expect(String(await client.call('INFO', 'persistence'))).toMatch(/rdb_last_cow_size:[1-9]/);
        cpSync(join(folder, 'dump.rdb'), join(folder, 'kept.rdb'));
        await client.call('CONFIG', 'SET', 'rdb-key-save-delay', 0);
      }
      expect(execFileSync('redis-check-rdb', [join(folder, 'kept.rdb')]).toString()).toContain('RDB looks OK');
      await using theirs = await start('redis-server', { dbfilename: 'kept.rdb' });
      expect(await digestOf(theirs)).toBe(expected);
      expect(readdirSync(folder).filter((name) => name.startsWith('temp'))).toEqual([]);
    },
  );

  it.each(['allkeys-lru', 'allkeys-lfu'])('keep how keys were used under %s', { timeout: 60_000 }, async (policy) => {
    const command = policy.endsWith('lru') ? 'IDLETIME' : 'FREQ';
    let before: unknown;
    {
      await using ours = await start('ours', { 'maxmemory-policy': policy });
      await using client = await ours.connect({ bulkAsBuffer: true });
      await client.call('SET', 'dumped', 'v');
      const payload = (await client.call('DUMP', 'dumped')) as Buffer;
      expect(await client.call('RESTORE', 'k', 0, payload, command, 77)).toBe('OK');
      before = await client.call('OBJECT', command, 'k');
      await client.call('SAVE');
    }
    await using theirs = await start('redis-server', { 'maxmemory-policy': policy });
    await using client = await theirs.connect();
    const after = Number(await client.call('OBJECT', command, 'k'));
    expect(after).toBeGreaterThanOrEqual(Number(before));
    expect(after).toBeLessThan(Number(before) + 30);
  });
});
