import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crc64 } from '../../src/core/crc64.ts';
import { OutOfMemory } from '../../src/data/heap.ts';
import { startTestServer, type TestServer } from '../support/in-process.ts';
import { describeWith } from '../support/requires.ts';
import { type RedisProcess, startRedis } from '../support/redis-process.ts';
import type { RespClient } from '../support/resp-client.ts';
import { everyValue } from '../persistence/rdb/every-value.ts';

function binary(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function bytesOf(reply: unknown): Buffer {
  return typeof reply === 'string' ? binary(reply) : (reply as Buffer);
}

/** The payload with a seal of its own. */
function sealed(body: string | Buffer, version = 10): string {
  const bytes = Buffer.concat([Buffer.from(body as string, 'latin1'), Buffer.alloc(10)]);
  bytes.writeUInt16LE(version, bytes.length - 10);
  bytes.writeBigUInt64LE(crc64(bytes, 0, bytes.length - 8), bytes.length - 8);
  return bytes.toString('latin1');
}

describe('DUMP', () => {
  it('replies null for a key that is not there', () => {
    const redis = startTestServer();
    expect(redis.call('DUMP', 'k')).toBe(null);
  });

  it('gives the type, the value, the version and a checksum', () => {
    const redis = startTestServer();
    redis.call('SET', 'k', 'hi');
    expect(redis.call('DUMP', 'k')).toBe(sealed('\0\x02hi'));
  });

  it('leaves strings uncompressed without rdbcompression', () => {
    const redis = startTestServer();
    redis.call('SET', 'k', 'a'.repeat(30));
    expect(redis.call('DUMP', 'k')).toBe(sealed('\0\xc3\x09\x1e\x01aa\xe0\x11\x00\x01aa'));
    redis.call('CONFIG', 'SET', 'rdbcompression', 'no');
    expect(redis.call('DUMP', 'k')).toBe(sealed(`\0\x1e${'a'.repeat(30)}`));
  });
});

describe('RESTORE', () => {
  const HELLO = sealed('\0\x05hello');

  it('stores the value, with an expire time if there is one', () => {
    const redis = startTestServer();
    expect(redis.call('RESTORE', 'k', 0, HELLO)).toBe('OK');
    expect(redis.call('GET', 'k')).toBe('hello');
    expect(redis.call('PTTL', 'k')).toBe(-1);
    expect(redis.call('RESTORE', 'v', 5000, HELLO)).toBe('OK');
    expect(redis.call('PTTL', 'v')).toBe(5000);
    expect(redis.call('RESTORE', 'a', redis.now + 70, HELLO, 'absttl')).toBe('OK');
    expect(redis.call('PTTL', 'a')).toBe(70);
  });

  it('keeps the old value where there is no room for the new one', () => {
    const redis = startTestServer();
    redis.call('SET', 'k', 'old', 'EX', 100);
    const payload = sealed(`\0\x80\x00\x02\x00\x00${'v'.repeat(1 << 17)}`);
    const { heap } = redis.server.keyspace;
    const allocate = heap.allocate.bind(heap);
    heap.allocate = (bytes): number => {
      if (bytes > 100_000) throw new OutOfMemory('no more');
      return allocate(bytes);
    };
    expect(redis.call('RESTORE', 'k', 0, payload, 'REPLACE')).toBe('-OOM no more');
    expect(redis.call('GET', 'k')).toBe('old');
    expect(redis.call('TTL', 'k')).toBe(100);
    heap.allocate = allocate;
    expect(redis.call('RESTORE', 'k', 0, payload, 'REPLACE')).toBe('OK');
    expect(redis.call('STRLEN', 'k')).toBe(1 << 17);
  });

  it('refuses a key that is there, unless it replaces it', () => {
    const redis = startTestServer();
    redis.call('RPUSH', 'k', 'a');
    expect(redis.call('RESTORE', 'k', 0, HELLO)).toBe('-BUSYKEY Target key name already exists.');
    expect(redis.call('RESTORE', 'k', 0, HELLO, 'REPLACE')).toBe('OK');
    expect(redis.call('TYPE', 'k')).toBe('string');
  });

  it('does not create a key whose time has passed, and removes the one that it would replace', () => {
    const redis = startTestServer();
    expect(redis.call('RESTORE', 'k', 1, HELLO, 'ABSTTL')).toBe('OK');
    expect(redis.call('EXISTS', 'k')).toBe(0);
    redis.call('SET', 'k', 'old');
    redis.watchPropagation();
    expect(redis.call('RESTORE', 'k', 1, HELLO, 'ABSTTL', 'REPLACE')).toBe('OK');
    expect(redis.call('EXISTS', 'k')).toBe(0);
    expect(redis.propagated()).toEqual(['DEL k']);
  });

  it('is propagated with an absolute time', () => {
    const redis = startTestServer();
    redis.watchPropagation();
    redis.call('RESTORE', 'k', 0, sealed('\0\x01a'));
    redis.call('RESTORE', 'k', 100, sealed('\0\x01a'), 'REPLACE');
    const [first, second] = redis.propagated();
    expect(first).toMatch(/^RESTORE k 0 \S+$/);
    expect(second).toMatch(new RegExp(`^RESTORE k ${redis.now + 100} \\S+ REPLACE ABSTTL$`));
  });

  it('sets how long a key was not used, or how often it was', () => {
    const redis = startTestServer();
    redis.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    redis.call('RESTORE', 'k', 0, HELLO, 'IDLETIME', 1000);
    expect(redis.call('OBJECT', 'IDLETIME', 'k')).toBe(1000);
    redis.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
    redis.call('RESTORE', 'l', 0, HELLO, 'FREQ', 100);
    expect(redis.call('OBJECT', 'FREQ', 'l')).toBe(100);
  });

  it('looks at its options first, then at the key, the time, the seal and the value', () => {
    const redis = startTestServer();
    const restore = (...args: (string | number)[]): unknown => redis.call('RESTORE', ...args);
    redis.call('SET', 'there', 'x');
    expect(restore('k', 0, HELLO, 'NONSENSE')).toBe('-ERR syntax error');
    expect(restore('k', 0, HELLO, 'IDLETIME')).toBe('-ERR syntax error');
    expect(restore('k', 0, HELLO, 'IDLETIME', 1, 'FREQ', 1)).toBe('-ERR syntax error');
    expect(restore('k', 0, HELLO, 'IDLETIME', -1)).toBe('-ERR Invalid IDLETIME value, must be >= 0');
    expect(restore('k', 0, HELLO, 'FREQ', 256)).toBe('-ERR Invalid FREQ value, must be >= 0 and <= 255');
    expect(restore('there', -1, 'x')).toBe('-BUSYKEY Target key name already exists.');
    expect(restore('k', 'x', 'x')).toBe('-ERR value is not an integer or out of range');
    expect(restore('k', -1, 'x')).toBe('-ERR Invalid TTL value, must be >= 0');
    expect(restore('k', 0, 'x')).toBe('-ERR DUMP payload version or checksum are wrong');
    expect(restore('k', 0, sealed('\0\x05hello', 11))).toBe('-ERR DUMP payload version or checksum are wrong');
    expect(restore('k', 0, `${HELLO.slice(0, -1)}\0`)).toBe('-ERR DUMP payload version or checksum are wrong');
    expect(restore('k', 0, sealed('\0\x30hello'))).toBe('-ERR Bad data format');
    expect(restore('k', 0, sealed(''))).toBe('-ERR Bad data format');
    expect(restore('k', 0, sealed('\x63abc'))).toBe('-ERR Bad data format');
    expect(restore('k', 0, sealed('\x02\0'))).toBe('-ERR Bad data format');
    expect(redis.call('DBSIZE')).toBe(1);
  });

  it('leaves a value alone that it cannot replace', () => {
    const redis = startTestServer();
    redis.call('SET', 'k', 'old');
    expect(redis.call('RESTORE', 'k', 0, sealed('\x02\x02\x01a\x01a'), 'REPLACE')).toBe('-ERR Bad data format');
    expect(redis.call('GET', 'k')).toBe('old');
  });

  it('looks at checksums unless DEBUG says not to', () => {
    const redis = startTestServer();
    redis.call('DEBUG', 'SET-SKIP-CHECKSUM-VALIDATION', 1);
    expect(redis.call('RESTORE', 'k', 0, `${HELLO.slice(0, -2)}xx`)).toBe('OK');
  });

  it('counts what it looked at as sanitized only where it was asked for', () => {
    const redis = startTestServer();
    redis.call('HSET', 'h', 'f', 'v');
    const payload = redis.call('DUMP', 'h') as string;
    redis.call('RESTORE', 'a', 0, payload);
    expect(redis.call('INFO', 'stats')).toContain('dump_payload_sanitizations:0');
    redis.call('CONFIG', 'SET', 'sanitize-dump-payload', 'clients');
    redis.call('RESTORE', 'b', 0, payload);
    expect(redis.call('INFO', 'stats')).toContain('dump_payload_sanitizations:1');
    redis.call('ACL', 'SETUSER', 'default', 'skip-sanitize-payload');
    redis.call('RESTORE', 'c', 0, payload);
    expect(redis.call('INFO', 'stats')).toContain('dump_payload_sanitizations:1');
  });
});

describeWith('redis-server', 'payloads beside redis-server', () => {
  let redis: RedisProcess;
  let client: RespClient;
  let ours: TestServer;

  beforeAll(async () => {
    redis = await startRedis({ options: { 'enable-debug-command': 'yes' } });
    client = await redis.connect({ bulkAsBuffer: true });
    ours = startTestServer();
    for (const { commands } of everyValue) {
      for (const command of commands) {
        await client.call(...command.map(binary));
        ours.call(...command);
      }
    }
  }, 60_000);

  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await redis.stop();
  });

  for (const { key, isUnordered } of everyValue) {
    it(`are the same for ${key}, and each takes the other's`, async () => {
      const theirs = bytesOf(await client.call('DUMP', key));
      // When consumers were seen last differs, so their payload is what both start from.
      expect(ours.call('RESTORE', 'copy', 0, theirs.toString('latin1'), 'REPLACE')).toBe('OK');
      const own = binary(ours.call('DUMP', 'copy') as string);
      if (isUnordered !== true) expect(own.toString('hex')).toBe(theirs.toString('hex'));
      if (!key.includes('groups') && isUnordered !== true)
        expect(ours.call('DUMP', key)).toBe(theirs.toString('latin1'));
      expect(String(await client.call('RESTORE', 'copy', '0', own, 'REPLACE'))).toBe('OK');
      const digest = String(await client.call('DEBUG', 'DIGEST-VALUE', 'copy'));
      expect(String(ours.call('DEBUG', 'DIGEST-VALUE', key))).toBe(digest);
      expect(String(ours.call('DEBUG', 'DIGEST-VALUE', 'copy'))).toBe(digest);
      expect(ours.call('OBJECT', 'ENCODING', 'copy')).toBe(String(await client.call('OBJECT', 'ENCODING', 'copy')));
    });
  }

  it('are the same where elements of a list are long enough to stand alone', async () => {
    for (const threshold of ['100b', '1gb']) {
      expect(ours.call('DEBUG', 'QUICKLIST-PACKED-THRESHOLD', threshold)).toBe('OK');
      expect(String(await client.call('DEBUG', 'QUICKLIST-PACKED-THRESHOLD', threshold))).toBe('OK');
      const push = ['RPUSH', 'plain', 'a', 'p'.repeat(100), '5', 'q'.repeat(99), 'r'.repeat(3000), '6'];
      ours.call(...push);
      await client.call(...push);
      const payload = bytesOf(await client.call('DUMP', 'plain')).toString('latin1');
      expect(ours.call('DUMP', 'plain')).toBe(payload);
      expect(ours.call('RESTORE', 'plain-copy', 0, payload, 'REPLACE')).toBe('OK');
      expect(ours.call('DUMP', 'plain-copy')).toBe(payload);
    }
  });
});
