/** Clusters whose nodes are half ours and half real: who fails, who votes, who takes over must not depend on the make. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keySlot } from '../../src/core/key-slot.ts';
import { everyValue } from '../persistence/rdb/every-value.ts';
import { eventually } from '../support/eventually.ts';
import { findFreePort, oursCommand, type RedisProcess, startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { RespClient, RespError, type Reply } from '../support/resp-client.ts';
import { type ClusterMember, type Make, MixedCluster } from './mixed-cluster.ts';

const TIMEOUT_MS = 240_000;
const TIMEOUT = { timeout: TIMEOUT_MS };
const PATIENCE = { timeoutMs: 60_000, everyMs: 20 };
const CALL = { timeoutMs: 20_000 };
const WRITES_BETWEEN = 50;
const BUS_PORT_DISTANCE = 10_000;

describeWith('redis-server', 'a cluster of three nodes of ours and three real ones', () => {
  describe.each([
    ['masters of ours and real replicas', ['ours', 'ours', 'ours', 'real', 'real', 'real']],
    ['masters and replicas of both makes', ['real', 'ours', 'real', 'ours', 'real', 'ours']],
  ] as [string, readonly Make[]][])('with %s', (_title, makes) => {
    let cluster: MixedCluster;

    beforeAll(async () => {
      cluster = await MixedCluster.start(makes);
    }, TIMEOUT_MS);

    afterAll(async () => {
      await cluster[Symbol.asyncDispose]();
    }, TIMEOUT_MS);

    it('brings messages to subscribers on every node', TIMEOUT, async () => {
      const listeners: RespClient[] = [];
      for (const { port } of cluster.members) listeners.push(await RespClient.connect({ port, ...CALL }));
      for (const listener of listeners) await listener.call('SUBSCRIBE', 'news');
      for (const [i, member] of cluster.members.entries()) {
        await member.call('PUBLISH', 'news', `from ${i}`);
        for (const listener of listeners) expect(await listener.nextReply()).toEqual(['message', 'news', `from ${i}`]);
      }
      for (const listener of listeners) await listener.close();
    });

    it('moves a slot with values of every type there and back', TIMEOUT, async () => {
      const [source, target, other] = cluster.members as [ClusterMember, ClusterMember, ClusterMember];
      const tag = `{${keyOfShard(0)}}`;
      const keys = await fill(source, tag);
      const digests = await digestsOf(source, keys);
      await move(tag, keys, source, target, other);
      expect(await digestsOf(target, keys)).toEqual(digests);
      await move(tag, keys, target, source, other);
      expect(await digestsOf(source, keys)).toEqual(digests);
      await source.call('DEL', ...keys);
      await cluster.stable();
    });

    it('hands all masters over to their replicas, and back, without losing a write', TIMEOUT, async () => {
      const shards = [0, 1, 2].map((i) => [cluster.members[i]!, cluster.members[i + 3]!] as const);
      const writers = shards.map(([master, replica], i) => new Writer([master, replica], keyOfShard(i)));
      for (const order of [(shard: (typeof shards)[0]) => shard, reversed]) {
        for (const [i, shard] of shards.entries()) {
          const [from, to] = order(shard);
          await eventually(async () => (await to.info('master_link_status')) === 'up', PATIENCE);
          await writers[i]!.advance();
          await to.call('CLUSTER', 'FAILOVER');
          await eventually(() => to.isMaster(), { ...PATIENCE, what: 'the replica has taken over' });
          await eventually(async () => !(await from.isMaster()), { ...PATIENCE, what: 'the master has given up' });
          await writers[i]!.advance();
        }
        await cluster.stable();
      }
      for (const [i, writer] of writers.entries()) {
        const written = await writer.end();
        expect(await cluster.members[i]!.call('GET', keyOfShard(i))).toBe(String(written));
      }
    });

    it('elects the replica of a master that is gone, with the votes of both makes', TIMEOUT, async () => {
      const [master, , , replica] = cluster.members as [ClusterMember, ClusterMember, ClusterMember, ClusterMember];
      await master.call('SET', keyOfShard(0), 'kept');
      await eventually(async () => (await master.call('WAIT', 1, 1000)) === 1, PATIENCE);
      const epoch = Number(await replica.info('cluster_current_epoch'));
      await master.kill();
      await eventually(() => replica.isMaster(), { ...PATIENCE, what: 'the replica is master' });
      await cluster.stable();
      await cluster.until('the old master has failed', async (member) =>
        (await member.lines()).some(({ id, flags }) => id === master.id && flags.includes('fail')),
      );
      expect(Number(await replica.info('cluster_current_epoch'))).toBeGreaterThan(epoch);
      expect(await replica.call('GET', keyOfShard(0))).toBe('kept');
    });
  });

  it.each([
    ['of ours from the file of a real one', 'real', 'ours'],
    ['that is real from the file of one of ours', 'ours', 'real'],
  ] as [string, Make, Make][])('starts a node %s', TIMEOUT, async (_title, first, second) => {
    await using peer = await startRedis({ options: { 'cluster-enabled': 'yes' } });
    const port = await findFreePort();
    await using folder = await startNode(first, port);
    let before: string;
    {
      await using writer = await folder.connect(CALL);
      await writer.call('CLUSTER', 'MEET', '127.0.0.1', peer.port);
      await writer.call('CLUSTER', 'ADDSLOTSRANGE', 0, 100, 200, 300);
      const line = `127.0.0.1:${peer.port}@${peer.port + BUS_PORT_DISTANCE} master`;
      await eventually(async () => (await nodesOf(writer)).includes(line), PATIENCE);
      const target = (await nodesOf(writer)).split('\n').find((text) => text.includes(line))!;
      await writer.call('CLUSTER', 'SETSLOT', 7, 'MIGRATING', target.split(' ')[0]!);
      await eventually(async () => (await nodesOf(writer)).includes(`127.0.0.1:${port}@`), PATIENCE);
      // Both begin with epoch 0; one of them takes the next as soon as it hears of that (clusterHandleConfigEpochCollision).
      const epochs = async (): Promise<string[]> => (await nodesOf(writer)).match(/(?<= - )\d+/g) ?? [];
      await eventually(async () => new Set(await epochs()).size === 2, PATIENCE);
      before = await nodesOf(writer);
    }
    folder.signal('SIGKILL');
    await folder.exited;
    await using next = await startNode(second, port, folder.folder);
    await using reader = await next.connect(CALL);
    expect((await nodesOf(reader)).split('\n').toSorted()).toEqual(before.split('\n').toSorted());
  });
});

/** Counts up a key, at whichever of its nodes is the master, as fast as it can. Every answer must be the next number. */
class Writer {
  readonly #nodes: readonly ClusterMember[];
  readonly #key: string;
  #written = 0;
  #isOver = false;
  readonly #done: Promise<void>;

  constructor(nodes: readonly ClusterMember[], key: string) {
    this.#nodes = nodes;
    this.#key = key;
    this.#done = this.#run();
    this.#done.catch(() => {});
  }

  async #run(): Promise<void> {
    for (let at = 0; !this.#isOver;) {
      const reply: Reply = await this.#nodes[at]!.client.call('INCR', this.#key);
      if (typeof reply === 'number') expect(reply).toBe(++this.#written);
      else if (reply instanceof RespError && reply.message.startsWith('MOVED')) at = 1 - at;
    }
  }

  /** Waits until it has written some more. */
  async advance(): Promise<void> {
    const goal = this.#written + WRITES_BETWEEN;
    await Promise.race([
      this.#done,
      eventually(() => this.#written >= goal, { ...PATIENCE, what: 'writes come through' }),
    ]);
  }

  async end(): Promise<number> {
    this.#isOver = true;
    await this.#done;
    return this.#written;
  }
}

/** A key of the first, second or third part of all slots. */
function keyOfShard(shard: number): string {
  for (let i = 0; ; i++) {
    const key = Buffer.from(`key${i}`);
    if (Math.floor((keySlot(key, 0, key.length) * 3) / 16_384) === shard) return key.toString();
  }
}

function reversed([master, replica]: readonly [ClusterMember, ClusterMember]): readonly [ClusterMember, ClusterMember] {
  return [replica, master];
}

async function fill(member: ClusterMember, tag: string): Promise<string[]> {
  for (const { key, commands } of everyValue) {
    for (const command of commands) {
      await member.client.call(...command.map((word) => (word === key ? `${tag}${key}` : word)));
    }
  }
  const keys = new Set(everyValue.map(({ key }) => `${tag}${key}`));
  expect(await member.call('EXISTS', ...keys)).toBe(keys.size);
  return [...keys];
}

async function digestsOf(member: ClusterMember, keys: readonly string[]): Promise<Reply> {
  return member.call('DEBUG', 'DIGEST-VALUE', ...keys);
}

/** As redis-cli does it, a few keys at a time. */
async function move(
  tag: string,
  keys: readonly string[],
  from: ClusterMember,
  to: ClusterMember,
  other: ClusterMember,
): Promise<void> {
  const slot = Number(await from.call('CLUSTER', 'KEYSLOT', tag));
  await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
  await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
  for (let left = keys.length; left > 0;) {
    const some = (await from.call('CLUSTER', 'GETKEYSINSLOT', slot, 10)) as string[];
    expect(await from.call('MIGRATE', '127.0.0.1', to.port, '', 0, 20_000, 'KEYS', ...some)).toBe('OK');
    left -= some.length;
  }
  for (const member of [to, from, other]) await member.call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
}

function startNode(make: Make, port: number, folder?: string): Promise<RedisProcess> {
  return startRedis({
    port,
    options: { 'cluster-enabled': 'yes' },
    ...(make === 'ours' ? { command: oursCommand() } : {}),
    ...(folder === undefined ? {} : { folder }),
  });
}

/** Without the times of PING and PONG, and whether there is a link. */
async function nodesOf(client: RespClient): Promise<string> {
  const text = String(await client.call('CLUSTER', 'NODES'));
  return text.replace(/ \d+ \d+ (\d+) (?:dis)?connected/g, ' $1');
}
