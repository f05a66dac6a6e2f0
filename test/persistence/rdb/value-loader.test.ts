import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../support/in-process.ts';
import { type RedisProcess, startRedis } from '../../support/redis-process.ts';
import { describeWith } from '../../support/requires.ts';
import type { RespClient } from '../../support/resp-client.ts';
import { oldPayloads, refusedPayloads } from './old-encodings.ts';

const DEFAULT_LIMITS = {
  'hash-max-listpack-entries': 512,
  'hash-max-listpack-value': 64,
  'zset-max-listpack-entries': 128,
  'set-max-intset-entries': 512,
  'list-max-listpack-size': -2,
};
const SMALL_LIMITS = {
  'hash-max-listpack-entries': 2,
  'hash-max-listpack-value': 3,
  'zset-max-listpack-entries': 2,
  'set-max-intset-entries': 2,
  'list-max-listpack-size': 3,
};

function restored(payload: Buffer): TestServer {
  const redis = startTestServer();
  expect(redis.call('RESTORE', 'k', 0, payload.toString('latin1'))).toBe('OK');
  return redis;
}

describe('values of older versions', () => {
  it('become those of today', () => {
    const encodings = Object.entries(oldPayloads).map(([name, payload]) => [
      name,
      restored(payload).call('OBJECT', 'ENCODING', 'k'),
    ]);
    expect(Object.fromEntries(encodings)).toEqual({
      'a plain list': 'quicklist',
      'a long plain list': 'quicklist',
      'a plain set': 'hashtable',
      'a plain set of integers': 'intset',
      'a plain set of many integers': 'hashtable',
      'a sorted set with scores as text': 'listpack',
      'a plain hash': 'listpack',
      'a plain hash with a long value': 'hashtable',
      'a plain hash of many fields': 'hashtable',
      'a zipmap': 'listpack',
      'a zipmap with a long value': 'hashtable',
      'a list as a ziplist': 'quicklist',
      'a sorted set as a ziplist': 'listpack',
      'a long sorted set as a ziplist': 'skiplist',
      'a hash as a ziplist': 'listpack',
      'a long hash as a ziplist': 'hashtable',
      'a list of ziplists': 'quicklist',
      'a stream without counters': 'stream',
    });
  });

  it('keep what is pending in the groups of a stream', () => {
    const redis = restored(oldPayloads['a stream without counters']!);
    expect(redis.call('XRANGE', 'k', '-', '+')).toEqual([['1-1', ['f', 'v']]]);
    expect(redis.call('XPENDING', 'k', 'readers')).toEqual([1, '1-1', '1-1', [['zoe', '1']]]);
    expect(redis.call('XADD', 'k', '5-1', 'f', 'v')).toMatch(/^-ERR The ID specified in XADD is equal or smaller/);
  });

  for (const [name, payload] of Object.entries(refusedPayloads)) {
    it(`are refused: ${name}`, () => {
      const redis = startTestServer();
      expect(redis.call('RESTORE', 'k', 0, payload.toString('latin1'))).toBe('-ERR Bad data format');
      expect(redis.server.keyspace.heap.usedBytes).toBe(0);
    });
  }
});

describeWith('redis-server', 'values of older versions, beside redis-server', () => {
  let theirs: RedisProcess;
  let client: RespClient;

  beforeAll(async () => {
    const options = { 'enable-debug-command': 'yes', 'sanitize-dump-payload': 'yes' };
    theirs = await startRedis({ options });
    client = await theirs.connect({ bulkAsBuffer: true });
  });

  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await theirs.stop();
  });

  for (const [name, payload] of Object.entries(oldPayloads)) {
    it(`become the same: ${name}`, async () => {
      for (const limits of [SMALL_LIMITS, DEFAULT_LIMITS]) {
        const ours = startTestServer();
        for (const [parameter, value] of Object.entries(limits)) {
          ours.call('CONFIG', 'SET', parameter, value);
          await client.call('CONFIG', 'SET', parameter, value);
        }
        expect(ours.call('RESTORE', 'k', 0, payload.toString('latin1'))).toBe('OK');
        expect(String(await client.call('RESTORE', 'k', 0, payload, 'REPLACE'))).toBe('OK');
        const encoding = String(await client.call('OBJECT', 'ENCODING', 'k'));
        expect(ours.call('OBJECT', 'ENCODING', 'k')).toBe(encoding);
        const dump = ((await client.call('DUMP', 'k')) as Buffer).toString('latin1');
        if (encoding !== 'hashtable') expect(ours.call('DUMP', 'k')).toBe(dump);
        expect(ours.call('DEBUG', 'DIGEST-VALUE', 'k')).toEqual([
          String(((await client.call('DEBUG', 'DIGEST-VALUE', 'k')) as string[])[0]),
        ]);
      }
    });
  }

  for (const [name, payload] of Object.entries(refusedPayloads)) {
    it(`are refused by both: ${name}`, async () => {
      expect(await client.call('RESTORE', 'r', 0, payload, 'REPLACE')).toMatchObject({
        message: 'ERR Bad data format',
      });
    });
  }
});
