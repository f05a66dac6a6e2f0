import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/host/prng.ts';
import { RdbSnapshotEncoder } from '../../src/persistence/rdb-snapshot.ts';
import { Snapshot } from '../../src/persistence/snapshot.ts';
import { anyCommandFamily, everyType } from '../twin/families/any-command.ts';
import type { Call } from '../twin/suite.ts';
import { startTestServer, type TestServer } from '../support/in-process.ts';
import { FIXED_SEED } from '../support/fixed-seed.ts';
import { describeDataset, describeFile, poolOfCalls, SnapshotRound } from './snapshot-property.ts';

const ROUNDS = Number(process.env['SNAPSHOT_ROUNDS'] ?? 12);
const options = { compresses: true, checksums: true, usage: 'none', aux: [] } as const;

/** Commands that look entries up to read them, for Redis, and change them all the same. */
const CHANGES_OF_WHAT_IS_READ: readonly Call[] = [
  ['PFCOUNT', 'sketch'],
  ['GETEX', 'ends', 'PERSIST'],
  ['GETEX', 'text', 'EX', '10'],
  ['XACK', 'stream', 'g', '1-1'],
  ['XCLAIM', 'stream', 'g', 'y', '0', '1-1'],
  ['XAUTOCLAIM', 'stream', 'g', 'y', '0', '0'],
  ['XREADGROUP', 'GROUP', 'g', 'y', 'STREAMS', 'stream', '>'],
  ['XREADGROUP', 'GROUP', 'g', 'x', 'STREAMS', 'stream', '0'],
  ['XREADGROUP', 'GROUP', 'g', 'nobody', 'STREAMS', 'stream', '0'],
];
const CHANGES_PER_COMMAND = 3;

function callsOnEveryType(): Call[] {
  return anyCommandFamily.suites.flatMap((suite) => suite.sample(150, FIXED_SEED));
}

function long(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `element ${i}`);
}

function startWithEveryType(): TestServer {
  const redis = startTestServer();
  for (const each of everyType) redis.raw(...each);
  return redis;
}

/** Calls a command when a snapshot has begun and has not seen anything yet. @returns the file if it changed something. */
function fileOfBefore(redis: TestServer, call: Call): Buffer | null {
  const { server } = redis;
  const encoder = new RdbSnapshotEncoder(options);
  const snapshot = new Snapshot(server.keyspace, encoder);
  const before = server.changes;
  // A client of its own: it may be left waiting, or in a transaction.
  redis.connect().raw(...call);
  if (server.changes === before) {
    snapshot.abort();
    return null;
  }
  while (!snapshot.run(() => true));
  return encoder.take();
}

describe('A snapshot', () => {
  it('is the dataset of the instant at which it began, whatever commands do meanwhile', { timeout: 600_000 }, () => {
    const pool = poolOfCalls(FIXED_SEED);
    for (let seed = FIXED_SEED; seed < FIXED_SEED + ROUNDS; seed++) {
      const round = new SnapshotRound(seed, pool);
      try {
        round.play();
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}\n${round.history.slice(-40).join('\n')}`, {
          cause: error,
        });
      }
    }
  });

  it('is not changed by the first change of any command', { timeout: 120_000 }, () => {
    const pool = [...CHANGES_OF_WHAT_IS_READ, ...callsOnEveryType()];
    const hits = new Map<string, number>();
    let redis = startWithEveryType();
    const expected = describeDataset(redis.server.keyspace);
    for (const call of pool) {
      const name = call[0]!.toLowerCase();
      const seen = hits.get(name) ?? 0;
      if (seen === CHANGES_PER_COMMAND) continue;
      const file = fileOfBefore(redis, call);
      // BITFIELD makes a key and counts no change where nothing but an overflow comes of it, as in redis-server.
      if (file === null && redis.server.keyspace.size === expected.length) continue;
      if (file === null) {
        redis = startWithEveryType();
        continue;
      }
      hits.set(name, seen + 1);
      expect({ call, dataset: describeFile(file) }).toEqual({ call, dataset: expected });
      redis = startWithEveryType();
    }
    for (const [name] of CHANGES_OF_WHAT_IS_READ) expect(hits.get(name!.toLowerCase())).toBeGreaterThan(0);
    expect(hits.size).toBeGreaterThan(50);
  });

  it.each<[string, Call, Call]>([
    ['a list', ['RPUSH', 'k', ...long(4000)], ['LPOP', 'k', '3500']],
    ['a hash', ['HSET', 'k', ...long(4000)], ['HSET', 'k', 'element 2', 'other', 'element 3', 'more']],
    ['a set', ['SADD', 'k', ...long(4000)], ['SPOP', 'k', '2000']],
    [
      'a sorted set',
      ['ZADD', 'k', ...long(4000).flatMap((each, i) => [String(i), each])],
      ['ZREMRANGEBYRANK', 'k', '0', '3500'],
    ],
    ['a string', ['SET', 'k', long(20_000).join()], ['SETRANGE', 'k', '100', 'x'.repeat(200_000)]],
    ['any of them', ['HSET', 'k', ...long(4000)], ['DEL', 'k']],
    ['what is renamed', ['HSET', 'k', ...long(4000)], ['RENAME', 'k', 'other']],
    ['what gets a time', ['HSET', 'k', ...long(4000)], ['EXPIRE', 'k', '9']],
    ['what is flushed', ['HSET', 'k', ...long(4000)], ['FLUSHALL']],
  ])('holds %s that is changed while it is being written', (_name, fill, change) => {
    for (let pieces = 1; pieces < 3; pieces++) {
      const redis = startTestServer();
      redis.raw(...fill);
      const expected = describeDataset(redis.server.keyspace);
      const encoder = new RdbSnapshotEncoder(options);
      const snapshot = new Snapshot(redis.server.keyspace, encoder);
      for (let i = 0; i < pieces || encoder.pendingBytes < 100; i++) expect(snapshot.run(() => false, 0)).toBe(false);
      // Something else changes first: it has to wait until the value is written.
      redis.raw('SET', 'new', 'v');
      redis.raw(...change);
      redis.raw('HSET', 'k', 'f', 'v');
      while (!snapshot.run(() => false, 0));
      expect(describeFile(encoder.take())).toEqual(expected);
    }
  });

  it('holds what a client that waited has taken, as it was', () => {
    const redis = startTestServer();
    const waiting = redis.connect();
    waiting.raw('BLMOVE', 'source', 'target', 'LEFT', 'LEFT', '0');
    redis.raw('RPUSH', 'target', 'there');
    const expected = describeDataset(redis.server.keyspace);
    const encoder = new RdbSnapshotEncoder(options);
    const snapshot = new Snapshot(redis.server.keyspace, encoder);
    redis.raw('RPUSH', 'source', 'moved');
    expect(redis.call('LRANGE', 'target', 0, -1)).toEqual(['moved', 'there']);
    while (!snapshot.run(() => true));
    expect(describeFile(encoder.take())).toEqual(expected);
  });

  it('holds each key once while tables grow and shrink around it', () => {
    const redis = startTestServer();
    const { keyspace } = redis.server;
    for (let i = 0; i < 3000; i++) redis.call('SET', `key:${i}`, i);
    const expected = describeDataset(keyspace);
    const encoder = new RdbSnapshotEncoder(options);
    const snapshot = new Snapshot(keyspace, encoder);
    const random = new Prng(1);
    let added = 0;
    for (let grows = true; !snapshot.run(() => false, 0); grows = random.below(600) === 0 ? !grows : grows) {
      for (let i = 0; i < (grows ? 2 : 6); i++) {
        if (grows) redis.call('SET', `new:${added++}`, 'x');
        else redis.call('DEL', `new:${random.below(added + 1)}`, `key:${random.below(3000)}`);
      }
      keyspace.databases[0]!.dict.shrinkIfSparse();
    }
    expect(snapshot.keysDone).toBe(3000);
    expect(describeFile(encoder.take())).toEqual(expected);
  });

  it('keeps what FLUSHALL emptied until it has seen it, and then frees it', () => {
    const redis = startTestServer();
    const { keyspace } = redis.server;
    const empty = keyspace.heap.usedBytes;
    for (let i = 0; i < 500; i++) redis.call('RPUSH', `list:${i}`, 'a'.repeat(100), i);
    const expected = describeDataset(keyspace);
    const encoder = new RdbSnapshotEncoder(options);
    const snapshot = new Snapshot(keyspace, encoder);
    expect(snapshot.run(() => false)).toBe(false);
    redis.call('FLUSHALL');
    redis.call('SET', 'list:1', 'of another dataset');
    expect(keyspace.size).toBe(1);
    while (!snapshot.run(() => true));
    expect(describeFile(encoder.take())).toEqual(expected);
    redis.call('DEL', 'list:1');
    redis.advance(1000);
    expect(keyspace.heap.usedBytes).toBe(empty);
  });

  it('lets go of everything when it is given up in the middle', () => {
    const redis = startTestServer();
    const { keyspace } = redis.server;
    for (let i = 0; i < 100; i++) redis.call('SET', `key:${i}`, i);
    redis.call('HSET', 'large', ...Array.from({ length: 20_000 }, (_, i) => i));
    const encoder = new RdbSnapshotEncoder(options);
    const snapshot = new Snapshot(keyspace, encoder);
    for (let i = 0; i < 60; i++) snapshot.run(() => false, 0);
    redis.call('FLUSHDB');
    snapshot.abort();
    redis.advance(1000);
    expect(keyspace.databases[0]!.dict.guard).toBe(null);
    expect(keyspace.heap.usedBytes).toBe(0);
    expect(snapshot.run(() => true)).toBe(true);
  });

  it('costs nothing but bits where keys change', () => {
    const redis = startTestServer();
    const { keyspace } = redis.server;
    for (let i = 0; i < 20_000; i++) redis.call('SET', `key:${i}`, 'some value');
    const encoder = new RdbSnapshotEncoder(options);
    const snapshot = new Snapshot(keyspace, encoder);
    for (let i = 0; i < 20_000; i++) {
      redis.call('SET', `key:${i}`, 'other value');
      if (encoder.pendingBytes > 1 << 16) encoder.take();
    }
    encoder.take();
    expect(snapshot.keysDone).toBe(20_000);
    expect(snapshot.overheadBytes).toBeLessThan(keyspace.heap.reservedBytes / 64 + 1);
    snapshot.abort();
  });
});
