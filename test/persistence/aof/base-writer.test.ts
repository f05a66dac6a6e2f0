import { describe, expect, it } from 'vitest';
import { AofBaseWriter } from '../../../src/persistence/aof/base-writer.ts';
import { Snapshot } from '../../../src/persistence/snapshot.ts';
import { startTestServer, type TestServer } from '../../support/in-process.ts';
import type { Call } from '../../twin/suite.ts';
import { FIXED_SEED } from '../../support/fixed-seed.ts';
import {
  commandsOf,
  describeCommands,
  describeWithoutGroups,
  poolOfCalls,
  SnapshotRound,
} from '../snapshot-property.ts';

const ROUNDS = Number(process.env['SNAPSHOT_ROUNDS'] ?? 3);
const LONG = 'x'.repeat(80_000);
/** The most that a step may write: what was asked for, a part of a long string, and what stands around it. */
const STEP_BYTES_MAX = (1 << 14) + (1 << 16) + 200;

function long(count: number, bytes = LONG): string[] {
  return Array.from({ length: count }, (_, i) => `${bytes}${i}`);
}

const LARGE_VALUES: readonly [string, Call][] = [
  ['a string', ['SET', 'k', long(5).join('')]],
  ['a list', ['RPUSH', 'k', ...long(8), ...long(200, 'short')]],
  ['a list of numbers', ['RPUSH', 'k', ...long(9000, '')]],
  ['a set', ['SADD', 'k', ...long(8), ...long(200, 'short')]],
  ['a set of numbers', ['SADD', 'k', ...long(20_000, '1000')]],
  ['a hash of long values', ['HSET', 'k', ...long(8).flatMap((value, i) => [String(i), value])]],
  ['a hash of long fields', ['HSET', 'k', ...long(8).flatMap((field, i) => [field, String(i)])]],
  ['a sorted set', ['ZADD', 'k', ...long(8).flatMap((member, i) => [String(i), member])]],
  ['a stream', ['XADD', 'k', '1-1', ...long(8).flatMap((value, i) => [String(i), value])]],
];

function startWith(...calls: Call[]): TestServer {
  const redis = startTestServer({
    config: {
      'set-max-intset-entries': 30_000,
      'hash-max-listpack-value': 1 << 20,
      'zset-max-listpack-value': 1 << 20,
    },
  });
  for (const call of calls) redis.raw(...call);
  return redis;
}

describe('A base file of commands', () => {
  it.each(LARGE_VALUES)('is written in small steps where it holds %s', (_name, fill) => {
    const redis = startWith(fill);
    const expected = describeWithoutGroups(redis.server.keyspace);
    const writer = new AofBaseWriter(null, []);
    const snapshot = new Snapshot(redis.server.keyspace, writer);
    const chunks: Buffer[] = [];
    for (let done = false; !done;) {
      done = snapshot.run(() => false, 0);
      chunks.push(writer.take());
    }
    expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThan(STEP_BYTES_MAX);
    expect(describeCommands(Buffer.concat(chunks))).toEqual(expected);
  });

  it.each(LARGE_VALUES)('holds %s, and what changes while it is written, as they were', (_name, fill) => {
    for (const change of [['SET', 'other', 'v'], ['DEL', 'k'], ['FLUSHALL']]) {
      const redis = startWith(fill, ['SELECT', '1'], ['SET', 'other', LONG], ['PEXPIREAT', 'other', '9999999999999']);
      const expected = describeWithoutGroups(redis.server.keyspace);
      const writer = new AofBaseWriter(null, []);
      const snapshot = new Snapshot(redis.server.keyspace, writer);
      for (let step = 0; step < 3; step++) expect(snapshot.run(() => false, 0)).toBe(false);
      redis.raw('SET', 'new', 'v');
      redis.raw(...change);
      redis.raw('SELECT', '0');
      redis.raw(...change);
      while (!snapshot.run(() => false, 0));
      expect(describeCommands(writer.take())).toEqual(expected);
    }
  });

  it('is the dataset of the instant at which it began, whatever commands do meanwhile', { timeout: 600_000 }, () => {
    const pool = poolOfCalls(FIXED_SEED);
    for (let seed = FIXED_SEED; seed < FIXED_SEED + ROUNDS; seed++) {
      const round = new SnapshotRound(seed, pool, commandsOf);
      try {
        round.play();
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}\n${round.history.slice(-40).join('\n')}`, {
          cause: error,
        });
      }
    }
  });

  it('lets go of what it had begun when it is given up', () => {
    const redis = startWith(['HSET', 'k', ...long(8)], ['HSET', 'other', ...long(8)]);
    const writer = new AofBaseWriter(null, []);
    const snapshot = new Snapshot(redis.server.keyspace, writer);
    for (let step = 0; step < 3; step++) snapshot.run(() => false, 0);
    redis.raw('DEL', 'k', 'other');
    snapshot.abort();
    redis.advance(1000);
    expect(redis.server.keyspace.heap.usedBytes).toBe(0);
  });
});
