/** What enters the append-only file, command by command, beside redis-server. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { repr } from '../../src/core/repr.ts';
import { COMMAND, CommandReader } from '../../src/persistence/aof/command-reader.ts';
import { type ServerHandle, startServer } from '../../src/topology/server.ts';
import { type RedisProcess, startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { RespClient } from '../support/resp-client.ts';
import { FIXED_SEED } from '../support/fixed-seed.ts';
import { families } from '../twin/families.ts';
import { type ChangeScript, changeScripts } from './written-changes.ts';

const OPTIONS = { appendonly: 'yes', appendfsync: 'no', 'enable-debug-command': 'yes' };
const TIME_TOLERANCE_MS = 3000;

/** Families of twin tests whose calls change data, and calls of theirs that depend on chance or on the order of replies. */
const DATA_FAMILIES = [
  'any-command',
  'strings',
  'generic',
  'bitmap',
  'hyperloglog',
  'lists',
  'hashes',
  'sets',
  'sorted-sets',
  'streams',
  'dumps',
  'geo',
];
const LEFT_OUT =
  /^(spop|select|flush|debug|config|swapdb|shutdown|client|p?s?subscribe|p?s?unsubscribe|monitor|quit|reset|hello|auth|acl|b[lrz].*|wait|failover|replicaof|slaveof|psync|sync|replconf|save|bg.*|eval.*|fcall.*|script|function|migrate|module|sort|move|latency|pf.*test|pfdebug|cluster|readonly|readwrite|asking|multi|exec|watch|)$/i;
const SCRIPTS_PER_SUITE = 12;

const dataSuites = families
  .filter(({ name }) => DATA_FAMILIES.includes(name))
  .flatMap(({ suites }) => suites)
  .map((suite) => [suite.title, suite] as const);

class Side {
  readonly #folder: string;
  readonly first: RespClient;
  readonly #port: number;
  #seen = 0;

  constructor(folder: string, port: number, first: RespClient) {
    this.#folder = folder;
    this.#port = port;
    this.first = first;
  }

  /** What was written since the last call. */
  written(): string[] {
    const folder = join(this.#folder, 'appendonlydir');
    const name = readdirSync(folder).find((each) => each.includes('.incr.'))!;
    const reader = new CommandReader();
    reader.feed(readFileSync(join(folder, name)).subarray(this.#seen));
    const commands: string[] = [];
    while (reader.next() === COMMAND) {
      commands.push(
        Array.from({ length: reader.args.count }, (_, i) => reader.args.binary(i))
          .map(word)
          .join(' '),
      );
    }
    expect(reader.isInCommand).toBe(false);
    this.#seen += reader.offset;
    return commands;
  }

  /** @returns what a script makes it write. */
  async play(script: ChangeScript): Promise<string[]> {
    await this.first.call('SELECT', 0);
    await this.first.call('FLUSHALL');
    await using other = await RespClient.connect({ port: this.#port });
    const pending: Promise<unknown>[] = [];
    this.written();
    for (const { args, byOther } of script.steps) {
      if (!byOther) {
        await this.first.call(...args);
        continue;
      }
      const [name] = args;
      pending.push(other.call(...args));
      await expect.poll(async () => this.#isBlocked(name!), { timeout: 4000 }).toBe(true);
    }
    await Promise.all(pending);
    await this.first.call('PING');
    return this.written();
  }

  async #isBlocked(name: string): Promise<boolean> {
    const list = String(await this.first.call('CLIENT', 'LIST'));
    return list.split('\n').some((line) => line.includes(`cmd=${name} `) && /flags=\w*b/.test(line));
  }
}

function word(text: string): string {
  return /^[\x21-\x7e]+$/.test(text) ? text : repr(text);
}

const TIME_OR_ID = /^\d{13,19}(-\d+)?$/;

/** Times of now, and IDs made of them, differ by what lies between the two runs. */
function alignTimes(ours: readonly string[], theirs: readonly string[]): string[] {
  return ours.map((command, index) => {
    const words = (theirs[index] ?? '').split(' ');
    return command
      .split(' ')
      .map((each, i) => {
        const other = words[i] ?? '';
        const isTime = TIME_OR_ID.test(each) && TIME_OR_ID.test(other);
        return isTime && Math.abs(Number.parseInt(each) - Number.parseInt(other)) < TIME_TOLERANCE_MS ? other : each;
      })
      .join(' ');
  });
}

describeWith('redis-server', 'the append-only file beside that of redis-server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aof-stream-'));
  let handle: ServerHandle;
  let redis: RedisProcess;
  let ours: Side;
  let theirs: Side;

  beforeAll(async () => {
    redis = await startRedis({ options: OPTIONS });
    handle = await startServer({ config: { ...OPTIONS, dir: folder } });
    ours = new Side(folder, handle.port, await RespClient.connect({ port: handle.port }));
    theirs = new Side(redis.folder, redis.port, await redis.connect());
  });

  afterAll(async () => {
    await ours?.first.close();
    await theirs?.first.close();
    await handle?.close();
    await redis?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(changeScripts.map((script) => [script.title, script] as const))('%s', async (_title, script) => {
    const expected = await theirs.play(script);
    const written = await ours.play(script);
    expect(alignTimes(written, expected)).toEqual(expected);
  });

  it.each(dataSuites)('is the same for random calls: %s', async (_title, suite) => {
    const calls = suite
      .sample(SCRIPTS_PER_SUITE, FIXED_SEED)
      .filter(([name = '', ...args]) => !LEFT_OUT.test(name) && !args.some((each) => /^block$/i.test(each)));
    for (const { first } of [ours, theirs]) {
      await first.call('SELECT', 0);
      await first.call('FLUSHALL');
      await first.call('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
    }
    ours.written();
    theirs.written();
    for (const words of calls) {
      const bytes = words.map((each) => Buffer.from(each, 'latin1'));
      await Promise.all([ours.first.call(...bytes), theirs.first.call(...bytes)]);
    }
    const expected = theirs.written();
    expect(expected.length).toBeGreaterThan(0);
    expect(alignTimes(ours.written(), expected)).toEqual(expected);
  });
});
