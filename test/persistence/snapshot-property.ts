/**
 * The property of snapshots: whatever commands do while one is being taken, it holds the dataset of the instant at which
 * it began.
 *
 * A round fills a server, begins a snapshot, and then walks it in small steps with commands in between, of every family,
 * on few keys, so that they meet the walk everywhere: before, behind and in the middle of a value that takes several
 * steps. The commands are those of the twin tests, and those that change many keys at once.
 */
import { expect } from 'vitest';
import { toHex } from '../../src/core/hex.ts';
import type { Keyspace } from '../../src/data/keyspace.ts';
import { KIND } from '../../src/data/value.ts';
import { Prng } from '../../src/host/prng.ts';
import { RdbSnapshotEncoder } from '../../src/persistence/rdb-snapshot.ts';
import { RdbWriter } from '../../src/persistence/rdb/rdb-writer.ts';
import { AofBaseWriter } from '../../src/persistence/aof/base-writer.ts';
import { COMMAND, CommandReader } from '../../src/persistence/aof/command-reader.ts';
import { Snapshot, type SnapshotEncoder } from '../../src/persistence/snapshot.ts';
import { Digest, digestValue } from '../../src/server/debug/dataset-digest.ts';
import { RdbLoad } from '../../src/server/persistence/rdb-load.ts';
import { startTestServer, type TestClient, type TestServer } from '../support/in-process.ts';
import { everyType } from '../twin/families/any-command.ts';
import { families } from '../twin/families.ts';
import type { Call } from '../twin/suite.ts';

const FAMILIES = new Set(
  'any-command strings generic bitmaps hyperloglogs lists hashes sets sorted-sets streams geo sort'.split(' '),
);
/** What would change the test itself, or speak of another client. */
const LEFT_OUT = new Set(['debug', 'config', 'client', 'subscribe', 'reset', 'quit', 'hello', 'save', 'bgsave']);
const DATABASES = 4;

/** Calls of the families of data commands, to be drawn from. */
export function poolOfCalls(seed: number): Call[] {
  return families
    .filter(({ name }) => FAMILIES.has(name))
    .flatMap(({ suites }) => suites.flatMap((suite) => suite.sample(30, seed)))
    .filter(([name]) => !LEFT_OUT.has((name ?? '').toLowerCase()));
}

const usage = { compresses: true, checksums: true, usage: 'none' } as const;

/** A line for each key, independent of the order of hash tables. */
export function describeDataset({ databases }: Keyspace): string[] {
  const lines: string[] = [];
  for (const db of databases) {
    db.dict.forEach((entry) => {
      const digest = new Digest();
      digestValue(db, entry, digest);
      let groups = '';
      if (db.kind(entry) === KIND.stream) {
        const writer = new RdbWriter(usage);
        writer.entry(db, entry);
        groups = toHex(writer.take());
      }
      const name = db.keyOf(entry).toString('latin1');
      lines.push(`${db.index} ${JSON.stringify(name)} ${db.exactExpiryOf(entry)} ${digest.hex} ${groups}`);
    });
  }
  return lines.sort();
}

/** What a server makes of a file. */
export function describeFile(file: Buffer): string[] {
  const { server } = startTestServer({ config: { databases: DATABASES } });
  const load = new RdbLoad(server, { dropsExpired: false });
  load.push(file);
  load.complete();
  if (load.run(() => true) !== 'done') throw new Error('the file is not complete');
  return describeDataset(server.keyspace);
}

/** The same without what a dataset as commands does not hold: when consumers were last seen. */
export function describeWithoutGroups(keyspace: Keyspace): string[] {
  return describeDataset(keyspace).map((line) => line.slice(0, line.lastIndexOf(' ')));
}

/** What a server makes of commands. Their times are not over for it. */
export function describeCommands(bytes: Buffer): string[] {
  const redis = startTestServer({ config: { databases: DATABASES } });
  redis.server.keyspace.frozen = true;
  const reader = new CommandReader();
  reader.feed(bytes);
  const { args } = reader;
  while (reader.next() === COMMAND) {
    const words = Array.from({ length: args.count }, (_, i) =>
      Buffer.from(args.bytes.buffer, args.bytes.byteOffset, args.bytes.length).toString(
        'latin1',
        args.starts[i]!,
        args.ends[i]!,
      ),
    );
    const reply = redis.raw(...words);
    if (reply.startsWith('-')) throw new Error(`${words[0]}: ${reply}`);
  }
  expect(reader.offset).toBe(bytes.length);
  return describeWithoutGroups(redis.server.keyspace);
}

/** How a snapshot is encoded, and what is compared of it. */
export interface SnapshotForm {
  encoder(): SnapshotEncoder;
  describe(keyspace: Keyspace): string[];
  read(bytes: Buffer): string[];
}

const fileOf: SnapshotForm = {
  encoder: () => new RdbSnapshotEncoder({ ...usage, aux: [] }),
  describe: describeDataset,
  read: describeFile,
};

export const commandsOf: SnapshotForm = {
  encoder: () => new AofBaseWriter(null, []),
  describe: describeWithoutGroups,
  read: describeCommands,
};

export class SnapshotRound {
  readonly redis: TestServer;
  readonly #random: Prng;
  readonly #pool: readonly Call[];
  /** Calls since the snapshot began, for whoever looks for a bug. */
  readonly history: string[] = [];
  #client: TestClient;
  readonly #chunks: Buffer[] = [];
  readonly #form: SnapshotForm;

  constructor(seed: number, pool: readonly Call[], form = fileOf) {
    this.#form = form;
    this.#random = new Prng(seed);
    this.#pool = pool;
    this.redis = startTestServer({ config: { databases: DATABASES } });
    this.#client = this.redis.connect();
  }

  play(): void {
    this.#fill();
    const { keyspace } = this.redis.server;
    const encoder = this.#form.encoder();
    const expected = this.#form.describe(keyspace);
    const snapshot = new Snapshot(keyspace, encoder);
    const steps = this.#pick([1, 4, 15]);
    for (let done = false; !done;) {
      let looks = this.#random.below(steps);
      done = snapshot.run(() => looks-- > 0, 0);
      this.#chunks.push(encoder.take());
      if (this.#random.below(3) === 0) this.#prefer();
      for (let calls = this.#random.below(5); calls > 0; calls--) this.#act();
    }
    expect(snapshot.error).toBe(null);
    expect(keyspace.databases.every(({ dict }) => dict.guard === null)).toBe(true);
    expect(snapshot.keysDone).toBe(expected.length);
    expect(this.#form.read(Buffer.concat(this.#chunks))).toEqual(expected);
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#random.below(values.length)]!;
  }

  /** Somebody is about to change some entries. */
  #prefer(): void {
    for (const database of this.redis.server.keyspace.databases) {
      const { dict, size } = database;
      if (size > 0 && this.#random.below(2) > 0) dict.guard?.prefer(database.random());
    }
  }

  #raw(call: Call): void {
    const reply = this.#client.raw(...call);
    // It waits for a key: somebody else goes on, and will serve it.
    if (reply === '') this.#client = this.redis.connect();
  }

  #fill(): void {
    for (const database of ['0', '1', '2']) {
      this.#raw(['SELECT', database]);
      for (const call of everyType) if (this.#random.below(4) > 0) this.#raw(call);
      for (const name of ['a', 'b', 'c']) if (this.#random.below(2) > 0) this.#fillLarge(name);
      for (let i = this.#random.below(60); i > 0; i--) this.#raw(['SET', `filler:${this.#random.below(80)}`, `${i}`]);
      for (let i = 10; i > 0; i--) this.#raw(this.#pick(this.#pool));
    }
    this.#raw(['SELECT', '0']);
  }

  /** A value that takes several steps. */
  #fillLarge(name: string): void {
    const numbers = Array.from({ length: 1200 }, (_, i) => `${i * 7919}:${'x'.repeat(20)}${i}`);
    const kinds: Call[] = [
      ['SET', name, numbers.join(' ')],
      ['RPUSH', name, ...numbers],
      ['HSET', name, ...numbers],
      ['SADD', name, 'x', ...numbers],
      ['ZADD', name, ...numbers.slice(0, 600).flatMap((number, i) => [String(i), number])],
    ];
    this.#raw(['DEL', name]);
    this.#raw(this.#pick(kinds));
    for (let i = 200; i > 0 && this.#random.below(10) > 0; i -= 10) this.#raw(['XADD', 's', '*', 'f', 'x'.repeat(900)]);
  }

  #act(): void {
    const database = String(this.#random.below(3));
    const whole: Call[] = [
      ['FLUSHDB'],
      ['FLUSHDB', 'ASYNC'],
      ['SWAPDB', database, String(this.#random.below(DATABASES))],
      ['SELECT', database],
      ['SELECT', database],
      ['SELECT', database],
    ];
    const key = this.#pick(['a', 'b', 'c', 's', 'stream', 'hash', 'set', 'zset', 'list', 'text']);
    const single: Call[] = [
      ['MOVE', key, database],
      ['RENAME', key, this.#pick(['a', 'b', 'renamed', 'stream'])],
      ['COPY', key, this.#pick(['a', 'copy']), 'DB', database, 'REPLACE'],
      ['PEXPIRE', key, String(this.#random.below(50) + 1)],
      ['PERSIST', key],
      ['SPOP', key, '7'],
      ['ZPOPMIN', key, '5'],
      ['LPUSH', key, 'pushed'],
      ['HSET', key, 'f', 'v'],
      ['SADD', key, 'new'],
      ['ZADD', key, '1', 'new'],
      ['APPEND', key, 'tail'],
      ['SETRANGE', key, '100', 'in place'],
      ['BLPOP', key, 'waiting', '0'],
      ['BLMOVE', 'waiting', key, 'LEFT', 'LEFT', '0'],
      ['RPUSH', 'waiting', '1', '2', '3'],
      ['XADD', key, '*', 'f', 'v'],
      ['XREADGROUP', 'GROUP', 'g', 'y', 'COUNT', '1', 'STREAMS', 'stream', '>'],
      ['XREADGROUP', 'GROUP', 'g', 'z', 'BLOCK', '0', 'STREAMS', 'stream', '>'],
      ['XACK', 'stream', 'g', '1-1'],
      ['XCLAIM', 'stream', 'g', 'w', '0', '1-1'],
      ['XAUTOCLAIM', 'stream', 'g', 'w', '0', '0'],
      ['PFCOUNT', 'sketch'],
      ['GETEX', key, 'EX', '100'],
      ['UNLINK', key],
    ];
    const what = this.#random.below(100);
    if (what < 6) this.#do(this.#pick(whole));
    else if (what < 8) this.#do(['FLUSHALL']);
    else if (what < 11) this.redis.advance(this.#random.below(30));
    else if (what < 14) this.#evict();
    else if (what < 18) this.#transact();
    else if (what < 50) this.#do(this.#pick(single));
    else this.#do(this.#pick(this.#pool));
  }

  #do(call: Call): void {
    this.history.push(call.map((word) => JSON.stringify(word.slice(0, 30))).join(' '));
    this.#raw(call);
  }

  #evict(): void {
    this.#do(['CONFIG', 'SET', 'maxmemory-policy', this.#pick(['allkeys-lru', 'allkeys-random', 'volatile-ttl'])]);
    this.#do(['CONFIG', 'SET', 'maxmemory', String(this.redis.server.memory.usedBytes - 2000)]);
    this.#do(['SET', 'filler:evicting', 'x']);
    this.#do(['CONFIG', 'SET', 'maxmemory', '0']);
  }

  #transact(): void {
    this.#do(['MULTI']);
    for (let i = 3; i > 0; i--) this.#do(this.#pick(this.#pool));
    this.#do(['EXEC']);
  }
}
