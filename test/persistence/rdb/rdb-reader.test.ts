import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RdbError } from '../../../src/persistence/rdb/rdb-error.ts';
import { RdbWriter } from '../../../src/persistence/rdb/rdb-writer.ts';
import { startTestServer, type TestServer } from '../../support/in-process.ts';
import { startRedis } from '../../support/redis-process.ts';
import { describeWith } from '../../support/requires.ts';
import { everyValue } from './every-value.ts';
import { fileOf, readFile } from './files.ts';

function withEveryValue(): TestServer {
  const redis = startTestServer();
  for (const { commands } of everyValue) for (const command of commands) redis.call(...command);
  redis.call('PEXPIREAT', 'string-letter', redis.now + 123_456);
  redis.call('SELECT', 9);
  redis.call('SET', 'k'.repeat(300), 'in database 9');
  redis.call('SELECT', 0);
  return redis;
}

function digestOf(redis: TestServer): unknown {
  return redis.call('DEBUG', 'DIGEST');
}

function errorOf(action: () => unknown): RdbError {
  try {
    action();
  } catch (error) {
    if (error instanceof RdbError) return error;
    throw error;
  }
  throw new Error('it was read');
}

describe('a file that is written and read again', () => {
  const origin = withEveryValue();

  for (const piece of [1, 1000, Infinity]) {
    it(`holds the same, written in pieces of ${piece} bytes`, () => {
      const file = fileOf(origin, { piece });
      const { redis, loader } = readFile(file);
      expect(digestOf(redis)).toBe(digestOf(origin));
      expect(loader.keysLoaded).toBe(everyValue.length + 1);
      for (const { key } of everyValue) {
        expect(redis.call('OBJECT', 'ENCODING', key)).toBe(
          // Only what is stored anew forgets that it was changed in place.
          key === 'string-raw' ? 'int' : origin.call('OBJECT', 'ENCODING', key),
        );
      }
    });
  }

  it('is the same file in whatever pieces it is written', () => {
    const whole = fileOf(origin);
    expect(fileOf(origin, { piece: 1 }).equals(whole)).toBe(true);
    expect(fileOf(origin, { piece: 5000 }).equals(whole)).toBe(true);
  });

  it('is read from chunks and in steps of any size', () => {
    const file = fileOf(origin);
    for (const [chunk, step] of [
      [997, Infinity],
      [16_384, 1],
      [100_000, 300],
    ] as const) {
      expect(digestOf(readFile(file, { chunk, step }).redis)).toBe(digestOf(origin));
    }
  });

  it('is read byte by byte', () => {
    const small = startTestServer();
    for (const { commands } of everyValue.filter(({ key }) => /small|one|stream-(deleted|far)/.test(key))) {
      for (const command of commands) small.call(...command);
    }
    expect(digestOf(readFile(fileOf(small), { chunk: 1 }).redis)).toBe(digestOf(small));
  });

  it('needs neither compression nor checksum', () => {
    const file = fileOf(origin, { compresses: false, checksums: false });
    expect(file.subarray(-8).equals(Buffer.alloc(8))).toBe(true);
    expect(digestOf(readFile(file).redis)).toBe(digestOf(origin));
  });

  it('keeps for how long keys were not used, or how often they were', () => {
    const redis = startTestServer();
    redis.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    redis.call('SET', 'k', 'v');
    redis.advance(5_000_000);
    const into = startTestServer();
    into.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    readFile(fileOf(redis, { usage: 'idle' }), { into });
    expect(into.call('OBJECT', 'IDLETIME', 'k')).toBe(5000);

    redis.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
    redis.call('SET', 'f', 'v');
    const often = startTestServer();
    often.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
    readFile(fileOf(redis, { usage: 'frequency' }), { into: often });
    expect(often.call('OBJECT', 'FREQ', 'f')).toBe(5);
  });

  it('leaves out what has expired where a master reads it, and keeps it where a replica does', () => {
    const redis = startTestServer();
    redis.call('SET', 'k', 'v', 'PX', 1000);
    redis.call('SET', 'l', 'v');
    const file = fileOf(redis);
    const later = startTestServer();
    later.advance(2000);
    later.call('PING');
    expect(readFile(file, { into: later }).loader).toMatchObject({ keysLoaded: 1, keysExpired: 1 });
    expect(later.call('DBSIZE')).toBe(1);
    const replica = startTestServer();
    replica.advance(2000);
    replica.call('PING');
    expect(readFile(file, { into: replica, dropsExpired: false }).loader).toMatchObject({ keysLoaded: 2 });
  });

  it('hands libraries of functions on, and takes values that another writer wrote', () => {
    const redis = startTestServer();
    redis.call('SET', 'k', 'v');
    const entry = redis.server.keyspace.databases[0]!.dict.find(Buffer.from('k'), 0, 1);
    const options = { compresses: true, checksums: true, usage: 'none' } as const;
    const other = new RdbWriter(options);
    other.entry(redis.server.keyspace.databases[0]!, entry);
    const writer = new RdbWriter(options);
    writer.header();
    writer.functionLibrary(Buffer.from('#!lua name=mylib\nreturn 1'));
    writer.selectDb(0);
    writer.append(other.take());
    writer.end();
    const sources: string[] = [];
    const listener = { functionLibrary: (source: Buffer): void => void sources.push(String(source)) };
    const { redis: copy } = readFile(writer.take(), { listener });
    expect(copy.call('GET', 'k')).toBe('v');
    expect(sources).toEqual(['#!lua name=mylib\nreturn 1']);
  });
});

describe('a file that is not sound', () => {
  const origin = startTestServer();
  for (const { key, commands } of everyValue) {
    if (!/letter|small|one|wide|20-|repeated|stream-(empty|far)|list-1$/.test(key)) continue;
    for (const command of commands) origin.call(...command);
  }
  origin.call('XADD', 'stream-far', '18446744073709551615-7', 'c', 'd');
  origin.call('XGROUP', 'CREATE', 'stream-far', 'g', '0');
  origin.call('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 'stream-far', '>');
  const file = fileOf(origin);
  const shared = startTestServer();

  function read(bytes: Buffer): void {
    shared.server.keyspace.clear();
    readFile(bytes, { into: shared });
  }

  it('is refused wherever it ends too early', () => {
    for (let length = 0; length < file.length; length++) {
      const error = errorOf(() => read(file.subarray(0, length)));
      expect(error.kind).toBe('short');
      expect(error.message).toBe('Short read or OOM loading DB. Unrecoverable error, aborting now.');
    }
  });

  it('is refused whichever bit is wrong', () => {
    for (let at = 0; at < file.length; at++) {
      const wrong = Buffer.from(file);
      wrong[at]! ^= 1 << (at % 8);
      errorOf(() => read(wrong));
    }
  });

  it('leaves no half of a value behind', () => {
    for (let length = 9; length < file.length; length += 7) {
      shared.server.keyspace.clear();
      errorOf(() => readFile(file.subarray(0, length), { into: shared, chunk: 50 }));
      const { databases, heap } = shared.server.keyspace;
      databases[0]!.dict.forEach((entry) => databases[0]!.remove(entry));
      expect(heap.usedBytes).toBe(0);
    }
  });

  it('is refused with the words of redis-server', () => {
    const text = (bytes: string | Buffer): string =>
      errorOf(() => readFile(Buffer.from(bytes as string, 'latin1'))).message;
    expect(text('RADIS0010\xff')).toBe('Wrong signature trying to load DB from file');
    expect(text('REDIS0011\xff')).toBe("Can't handle RDB format version 11");
    expect(text('REDIS0000\xff')).toBe("Can't handle RDB format version 0");
    expect(text('REDIS0010\xfe\x10')).toMatch(/^FATAL: Data file was created with a Redis server configured to handle/);
    expect(text('REDIS0010\x14\x01k')).toBe('Unknown RDB encoding type 20');
    expect(text('REDIS0010\xff12345678')).toMatch(
      /^Wrong RDB checksum expected: \([0-9a-f]+\) but got \(3837363534333231\)\. Aborting now\.$/,
    );
    expect(text('REDIS0010\0\x01k\x01a\0\x01k\x01b')).toBe("RDB has duplicated key 'k' in DB 0");
    expect(text('REDIS0010\x07\x01k\x81\x6f\xab\x7c\xde\x10\x51\x87\x01\0')).toMatch(
      /^The RDB file contains module data I can't load: no matching module type '[\w-]{9}'$/,
    );
    expect(text('REDIS0010\xf7\x81\x6f\xab\x7c\xde\x10\x51\x87\x01\x02\x01\0')).toMatch(
      /^The RDB file contains AUX module data I can't load: no matching module '[\w-]{9}'$/,
    );
  });

  it('may have no checksum: before version 5 there is none, and zero is none', () => {
    expect(readFile(Buffer.from('REDIS0004\xfe\0\0\x01k\x01v\xff', 'latin1')).redis.call('GET', 'k')).toBe('v');
    const lines: string[] = [];
    const listener = { log: (_: string, line: string): void => void lines.push(line) };
    const zero = Buffer.from('REDIS0010\xfe\0\0\x01k\x01v\xff\0\0\0\0\0\0\0\0', 'latin1');
    expect(readFile(zero, { listener }).redis.call('GET', 'k')).toBe('v');
    expect(lines).toEqual([
      'RDB file was saved with checksum disabled: no check performed.',
      'Done loading RDB, keys loaded: 1, keys expired: 0.',
    ]);
  });
});

describeWith(['redis-server', 'redis-check-rdb'], 'files between redis-server and this one', () => {
  it('are read by redis-server, and redis-check-rdb has nothing to say', async () => {
    const origin = withEveryValue();
    const file = fileOf(origin, { piece: 1000 });
    const folder = mkdtempSync(join(tmpdir(), 'rdb-'));
    const path = join(folder, 'dump.rdb');
    writeFileSync(path, file);
    const check = spawnSync('redis-check-rdb', [path], { encoding: 'utf8' });
    expect(check.stdout).toContain('RDB looks OK!');
    await using redis = await startRedis({ folder, options: { 'enable-debug-command': 'yes' } });
    await using client = await redis.connect();
    // What was volatile has expired long since by the clock of redis-server.
    origin.call('DEL', 'string-letter');
    expect(await client.call('DEBUG', 'DIGEST')).toBe(digestOf(origin));
    rmSync(folder, { recursive: true });
  });

  it('are read here as redis-server wrote them', async () => {
    await using redis = await startRedis({ options: { 'enable-debug-command': 'yes' } });
    await using client = await redis.connect();
    const call = (...args: readonly string[]): Promise<unknown> =>
      client.call(...args.map((arg) => Buffer.from(arg, 'latin1')));
    for (const { commands } of everyValue) for (const command of commands) await call(...command);
    await call('EXPIRE', 'string-letter', '1000000');
    await call('SELECT', '3');
    await call('SET', 'in', 'database 3');
    expect(await call('SAVE')).toBe('OK');
    const file = readFileSync(join(redis.folder, 'dump.rdb'));
    const fields = new Map<string, string>();
    const listener = { aux: (name: string, value: string): void => void fields.set(name, value) };
    for (const chunk of [1000, 1 << 20]) {
      const { redis: ours } = readFile(file, { chunk, listener });
      expect(digestOf(ours)).toBe(await call('DEBUG', 'DIGEST'));
    }
    expect(fields.get('redis-ver')).toBe('7.0.15');
    expect(fields.get('aof-base')).toBe('0');
  });
});
