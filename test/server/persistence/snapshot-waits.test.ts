import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../../src/topology/server.ts';
import { eventually } from '../../support/eventually.ts';
import { RespClient } from '../../support/resp-client.ts';

const FIELDS = 20_000;
const FILLERS = 300;

let server: ServerHandle;
let client: RespClient;

beforeEach(async () => {
  server = await startServer({ config: { 'enable-debug-command': 'yes' } });
  client = await RespClient.connect({ port: server.port, timeoutMs: 15_000 });
  await client.call('DEBUG', 'POPULATE', FILLERS);
  for (let i = 0; i < FIELDS; i += 1000) {
    await client.call('HSET', 'big', ...Array.from({ length: 2000 }, (_, j) => `${i + (j >> 1)}`));
  }
});

afterEach(async () => {
  await client.close();
  await server.close();
});

/** Waits for the end of the save. @returns bytes that were encoded ahead of their time. */
async function handedOver(): Promise<number> {
  await server.execute('CONFIG', 'SET', 'rdb-key-save-delay', 0);
  await eventually(
    async () => String(await server.execute('INFO', 'persistence')).includes('rdb_bgsave_in_progress:0'),
    {
      timeoutMs: 15_000,
    },
  );
  return Number(/rdb_last_cow_size:(\d+)/.exec(String(await server.execute('INFO', 'persistence')))![1]);
}

/** Begins a save that comes to the large value late. @param delayUs for each key. */
async function save(delayUs: number): Promise<void> {
  await client.call('CONFIG', 'SET', 'rdb-key-save-delay', delayUs);
  await client.call('BGSAVE');
}

describe('a large value ahead of a snapshot', () => {
  it.each([
    ['HSET', 'big', 'new', 'v'],
    ['DEL', 'big'],
    ['EVAL', "return redis.call('HSET', KEYS[1], 'new', 'v')", '1', 'big'],
  ])('is written in slices while the client waits that changes it, by %s', async (...words) => {
    await using other = await RespClient.connect({ port: server.port });
    await save(500);
    const changed = client.call(...words);
    expect(await other.call('PING')).toBe('PONG');
    expect(await changed).toBe(1);
    expect(await handedOver()).toBe(0);
    await client.call('DEBUG', 'RELOAD', 'NOSAVE');
    expect(await client.call('HLEN', 'big')).toBe(FIELDS);
  });

  it('is written at once where a transaction changes it', async () => {
    await save(500);
    const replies = await client.pipeline([['MULTI'], ['HSET', 'big', 'new', 'v'], ['EXEC']]);
    expect(replies.at(-1)).toEqual([1]);
    expect(await handedOver()).toBeGreaterThan(0);
  });

  it('is written at once where the snapshot makes no headway', async () => {
    await save(10_000_000);
    expect(await client.call('HSET', 'big', 'new', 'v')).toBe(1);
    await client.call('FLUSHALL');
    expect(await handedOver()).toBeGreaterThan(0);
  });

  it('makes nobody wait who only reads, or changes something else', async () => {
    await save(10_000_000);
    expect(await client.call('HGET', 'big', '5')).toBe('5');
    expect(await client.call('SET', 'key:1', 'v')).toBe('OK');
    await client.call('FLUSHALL');
    expect(await handedOver()).toBeLessThan(1000);
  });
});
