import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/host/prng.ts';
import { RdbSnapshotEncoder } from '../../src/persistence/rdb-snapshot.ts';
import { Snapshot } from '../../src/persistence/snapshot.ts';
import { startTestServer } from '../support/in-process.ts';
import { FIXED_SEED } from '../support/fixed-seed.ts';
import { describeDataset, describeFile, poolOfCalls, SnapshotRound } from './snapshot-property.ts';

const ROUNDS = Number(process.env['SNAPSHOT_ROUNDS'] ?? 12);
const options = { compresses: true, checksums: true, usage: 'none', aux: [] } as const;

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
