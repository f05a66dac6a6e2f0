/**
 * Replication with a real redis-server on the other end, in both directions: a full synchronisation of every type, then
 * mixed writes while the link is cut again and again, and in the end the same dataset, byte for byte.
 */
import { describe, expect, it } from 'vitest';
import { startServer } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { type RedisProcess, startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { RespClient, RespError } from '../support/resp-client.ts';
import { mixedWrites } from './mixed-writes.ts';

const BEFORE = 1500;
const ROUNDS = 5;
const PER_ROUND = 500;
const TIMEOUT_MS = 180_000;
const OPTIONS = {
  'enable-debug-command': 'yes',
  'repl-diskless-sync-delay': 0,
  // Where offsets are compared, nothing else may enter the stream.
  'repl-ping-replica-period': 3600,
} as const;

/** A server of either make. */
interface Node extends AsyncDisposable {
  readonly port: number;
  readonly client: RespClient;
}

type Config = Readonly<Record<string, string | number>>;

async function ours(config: Config = {}): Promise<Node> {
  const server = await startServer({ config: { ...OPTIONS, ...config } });
  const client = await RespClient.connect({ port: server.port, timeoutMs: 30_000 });
  return {
    port: server.port,
    client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

async function real(config: Config = {}): Promise<Node> {
  const process: RedisProcess = await startRedis({ options: { ...OPTIONS, ...config } });
  const client = await process.connect({ timeoutMs: 30_000 });
  return {
    port: process.port,
    client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await process.stop();
    },
  };
}

async function info(node: Node, field: string): Promise<string> {
  const text = String(await node.client.call('INFO', 'everything'));
  return new RegExp(`^${field}:(.*?)\r?$`, 'm').exec(text)?.[1] ?? '';
}

async function follow(replica: Node, master: Node): Promise<void> {
  await replica.client.call('REPLICAOF', '127.0.0.1', master.port);
  await linked(replica);
}

async function linked(replica: Node): Promise<void> {
  await eventually(async () => (await info(replica, 'master_link_status')) === 'up', {
    what: 'the link is up',
    timeoutMs: 60_000,
  });
}

/** Sends writes, on a connection of its own. @returns how many were accepted. */
async function write(node: Node, seed: number, count: number): Promise<number> {
  await using client = await RespClient.connect({ port: node.port, timeoutMs: 30_000 });
  let accepted = 0;
  for (const words of mixedWrites(seed, count)) {
    const reply = await client.call(...words);
    if (!(reply instanceof RespError)) accepted++;
  }
  return accepted;
}

/** The digest of both when the replica has everything and nothing expires in between. */
async function expectSameDataset(master: Node, replicas: readonly Node[]): Promise<void> {
  await eventually(
    async () => {
      const offset = await info(master, 'master_repl_offset');
      const digest = await master.client.call('DEBUG', 'DIGEST');
      for (const replica of replicas) {
        expect(await info(replica, 'slave_repl_offset')).toBe(offset);
        expect(await replica.client.call('DEBUG', 'DIGEST')).toBe(digest);
      }
      return true;
    },
    { what: 'the datasets are the same', timeoutMs: 60_000, everyMs: 100 },
  );
}

interface Case {
  readonly title: string;
  readonly master: () => Promise<Node>;
  readonly replica: () => Promise<Node>;
}

const disk = { 'repl-diskless-sync': 'no' };
const cases: readonly Case[] = [
  { title: 'redis-server follows, by way of the connection', master: () => ours(), replica: () => real() },
  { title: 'redis-server follows, by way of a file', master: () => ours(disk), replica: () => real() },
  { title: 'redis-server is followed, by way of the connection', master: () => real(), replica: () => ours() },
  { title: 'redis-server is followed, by way of a file', master: () => real(disk), replica: () => ours() },
  {
    title: 'redis-server is followed, loading as it comes',
    master: () => real(),
    replica: () => ours({ 'repl-diskless-load': 'on-empty-db' }),
  },
  {
    title: 'redis-server is followed, loading beside the old dataset',
    master: () => real(disk),
    replica: () => ours({ 'repl-diskless-load': 'swapdb' }),
  },
];

describeWith('redis-server', 'replication between this server and redis-server', () => {
  for (const { title, master: startMaster, replica: startReplica } of cases) {
    it(
      title,
      async () => {
        await using master = await startMaster();
        await using replica = await startReplica();
        await write(replica, 99, 50);
        expect(await write(master, 1, BEFORE)).toBeGreaterThan(BEFORE / 2);
        await follow(replica, master);
        await expectSameDataset(master, [replica]);
        for (let round = 0; round < ROUNDS; round++) {
          const written = write(master, 2 + round, PER_ROUND);
          if (round % 2 === 0) await master.client.call('CLIENT', 'KILL', 'TYPE', 'replica');
          else await replica.client.call('CLIENT', 'KILL', 'TYPE', 'master');
          await written;
          await linked(replica);
        }
        await expectSameDataset(master, [replica]);
        expect(await info(master, 'sync_full')).toBe('1');
        expect(await info(master, 'sync_partial_ok')).toBe(String(ROUNDS));
        // A server that was a master asks with its own id first.
        expect(await info(master, 'sync_partial_err')).toBe('1');
      },
      TIMEOUT_MS,
    );
  }

  for (const [title, start] of [
    ['this server between two redis-servers', [real, ours, real]],
    ['redis-server between two of these servers', [ours, real, ours]],
  ] as const) {
    it(
      `holds for a chain: ${title}`,
      async () => {
        await using master = await start[0]();
        await using middle = await start[1]();
        await using last = await start[2]();
        await write(master, 21, BEFORE);
        await follow(middle, master);
        await follow(last, middle);
        await write(master, 22, PER_ROUND);
        await master.client.call('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
        await expectSameDataset(master, [middle, last]);
        const offset = await info(middle, 'master_repl_offset');
        expect(await info(last, 'master_repl_offset')).toBe(offset);
        await middle.client.call('REPLICAOF', 'NO', 'ONE');
        await eventually(async () => (await info(last, 'master_link_status')) === 'up');
        await write(middle, 23, PER_ROUND);
        await expectSameDataset(middle, [last]);
        expect(await info(middle, 'sync_partial_ok')).toBe('1');
        // The old master follows the new one, whose history it shares up to the promotion.
        await follow(master, middle);
        await expectSameDataset(middle, [master, last]);
        expect(await info(middle, 'sync_partial_ok')).toBe('2');
        expect(await info(middle, 'sync_full')).toBe('1');
      },
      TIMEOUT_MS,
    );
  }

  describe('with a password', () => {
    for (const [title, startMaster, startReplica] of [
      ['redis-server follows', ours, real],
      ['redis-server is followed', real, ours],
    ] as const) {
      it(
        `${title}: as the default user, and as another one`,
        async () => {
          await using master = await startMaster();
          await using replica = await startReplica();
          await master.client.call('CONFIG', 'SET', 'requirepass', 'secret');
          await replica.client.call('CONFIG', 'SET', 'masterauth', 'secret');
          await master.client.call('SET', 'k', 'v');
          await follow(replica, master);
          expect(await replica.client.call('GET', 'k')).toBe('v');
          const rules = ['on', '>word', '+psync', '+replconf', '+ping'];
          await master.client.call('ACL', 'SETUSER', 'follower', ...rules);
          await replica.client.call('CONFIG', 'SET', 'masteruser', 'follower', 'masterauth', 'word');
          await master.client.call('CLIENT', 'KILL', 'TYPE', 'replica');
          await master.client.call('SET', 'k', 'w');
          await eventually(async () => (await replica.client.call('GET', 'k')) === 'w');
          await replica.client.call('CONFIG', 'SET', 'masterauth', 'wrong');
          await master.client.call('CLIENT', 'KILL', 'TYPE', 'replica');
          await eventually(async () => (await info(replica, 'master_link_status')) === 'down');
          await replica.client.call('CONFIG', 'SET', 'masterauth', 'word');
          await linked(replica);
        },
        TIMEOUT_MS,
      );
    }
  });
});
