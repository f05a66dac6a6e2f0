/** Clusters of both makes when things go wrong, or are forced: takeovers, processes that stand still, slots under way. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keySlot } from '../../src/core/key-slot.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith } from '../support/requires.ts';
import { RespClient, type Reply } from '../support/resp-client.ts';
import { ClusterCaller, Load } from './cluster-caller.ts';
import { type ClusterMember, type Make, MixedCluster } from './mixed-cluster.ts';

const TIMEOUT_MS = 240_000;
const TIMEOUT = { timeout: TIMEOUT_MS };
const PATIENCE = { timeoutMs: 60_000, everyMs: 20 };
const CALL = { timeoutMs: 20_000 };
const KEYS_AT_ONCE = 5;

describeWith('redis-server', 'a cluster of both makes', () => {
  let cluster: MixedCluster;
  const shard = (index: number): [ClusterMember, ClusterMember] => [
    cluster.members[index]!,
    cluster.members[index + 3]!,
  ];

  describe('at rest', () => {
    beforeAll(async () => {
      cluster = await MixedCluster.start(['ours', 'real', 'ours', 'real', 'ours', 'real'], 5000);
    }, TIMEOUT_MS);
    afterAll(() => cluster[Symbol.asyncDispose](), TIMEOUT_MS);

    it('brings messages of a shard to its nodes and to no others', TIMEOUT, async () => {
      const channel = `{${tagOf(0)}}news`;
      const nodes = shard(0);
      const listeners = await Promise.all(nodes.map(({ port }) => RespClient.connect({ port, ...CALL })));
      for (const listener of listeners)
        expect(await listener.call('SSUBSCRIBE', channel)).toEqual(['ssubscribe', channel, 1]);
      for (const [i, node] of nodes.entries()) {
        // Only its own subscriber counts.
        expect(await node.call('SPUBLISH', channel, `from ${i}`)).toBe(1);
        for (const listener of listeners)
          expect(await listener.nextReply()).toEqual(['smessage', channel, `from ${i}`]);
      }
      const slot = slotOf(channel);
      for (const other of [...shard(1), ...shard(2)]) {
        const refused = { message: `MOVED ${slot} 127.0.0.1:${nodes[0].port}` };
        expect(await other.client.call('SPUBLISH', channel, 'no')).toMatchObject(refused);
      }
      // What was sent elsewhere in between would have come first.
      await nodes[1].call('SPUBLISH', channel, 'last');
      for (const listener of listeners) expect(await listener.nextReply()).toEqual(['smessage', channel, 'last']);
      for (const listener of listeners) await listener.close();
    });

    it('moves a slot there and back while clients change values of every type in it', TIMEOUT, async () => {
      const [ours] = shard(0);
      const [real] = shard(1);
      const tag = `{${tagOf(0)}}`;
      await using caller = new ClusterCaller(() => cluster.alive.map(({ port }) => port));
      const load = new Load((round) => writeAll(caller, tag, round));
      await load.advance(20);
      for (const [from, to] of [
        [ours, real],
        [real, ours],
        [ours, real],
        [real, ours],
      ] as const) {
        await moveSlot(cluster, slotOf(tag), from, to);
        await load.advance(5);
      }
      const rounds = await load.end();
      expect(caller.uncertain).toBe(0);
      expect(await sizesOf(caller, tag)).toEqual(sizesAfter(rounds));
      await cluster.stable();
    });

    it.each([
      ['FORCE', 0],
      ['TAKEOVER', 1],
    ])('lets replicas of either make take over with %s from a master that lives', TIMEOUT, async (option, index) => {
      const key = `{${tagOf(index)}}kept`;
      for (const [master, replica] of [shard(index), shard(index).toReversed() as [ClusterMember, ClusterMember]]) {
        await master.call('SET', key, option);
        await eventually(async () => (await master.call('WAIT', 1, 1000)) === 1, PATIENCE);
        const epoch = Number(await replica.info('cluster_my_epoch'));
        await eventually(async () => {
          if (!(await replica.isMaster())) await replica.call('CLUSTER', 'FAILOVER', option);
          return replica.isMaster();
        }, PATIENCE);
        await eventually(async () => !(await master.isMaster()), { ...PATIENCE, what: 'the old master follows' });
        await cluster.stable();
        expect(Number(await replica.info('cluster_my_epoch'))).toBeGreaterThan(epoch);
        await eventually(async () => (await master.info('master_link_status')) === 'up', PATIENCE);
        expect(await replica.call('GET', key)).toBe(option);
      }
    });
  });

  describe.each([
    ['a real node that stands still', ['real', 'ours', 'real', 'ours', 'real', 'ours']],
    ['a node of ours that stands still', ['ours, a process', 'real', 'ours', 'real', 'ours', 'real']],
  ] as [string, readonly Make[]][])('with %s', (_title, makes) => {
    beforeAll(async () => {
      cluster = await MixedCluster.start(makes);
    }, TIMEOUT_MS);
    afterAll(() => cluster[Symbol.asyncDispose](), TIMEOUT_MS);

    it('replaces it, and takes it back as a replica when it goes on', TIMEOUT, async () => {
      const [master, replica] = shard(0);
      const key = `{${tagOf(0)}}kept`;
      await master.call('SET', key, 'v');
      await eventually(async () => (await master.call('WAIT', 1, 1000)) === 1, PATIENCE);
      master.pause();
      await eventually(() => replica.isMaster(), { ...PATIENCE, what: 'the replica is master' });
      await cluster.stable();
      await replica.call('SET', key, 'later');
      master.resume();
      await eventually(async () => !(await master.isMaster()), { ...PATIENCE, what: 'it follows' });
      await cluster.stable();
      await eventually(async () => (await master.info('master_link_status')) === 'up', PATIENCE);
      await master.call('READONLY');
      await eventually(async () => (await master.call('GET', key)) === 'later', PATIENCE);
      await cluster.until('nobody holds it for failed', async (member) =>
        (await member.lines()).every(({ flags }) => !flags.some((flag) => flag.startsWith('fail'))),
      );
    });
  });
});

// --------------------------------------------------------------------------------------------------- values of all types

/** One change to a value of each type. */
async function writeAll(caller: ClusterCaller, tag: string, round: number): Promise<void> {
  const stamp = `${round + 1}-1`;
  const writes: (readonly (string | number)[])[] = [
    ['APPEND', `${tag}string`, 'x'],
    ['INCR', `${tag}counter`],
    ['RPUSH', `${tag}list`, round],
    ['HSET', `${tag}hash`, `field ${round}`, round],
    ['SADD', `${tag}set`, `member ${round}`],
    ['ZADD', `${tag}zset`, round, `member ${round}`],
    ['XADD', `${tag}stream`, stamp, 'field', round],
    ['SETBIT', `${tag}bits`, round, 1],
  ];
  const replies: Reply[] = [];
  for (const words of writes) replies.push(await caller.call(...words));
  expect(replies).toEqual([round + 1, round + 1, round + 1, 1, 1, 1, stamp, 0]);
}

async function sizesOf(caller: ClusterCaller, tag: string): Promise<Reply[]> {
  const sizes: Reply[] = [];
  for (const [command, name] of [
    ['STRLEN', 'string'],
    ['GET', 'counter'],
    ['LLEN', 'list'],
    ['HLEN', 'hash'],
    ['SCARD', 'set'],
    ['ZCARD', 'zset'],
    ['XLEN', 'stream'],
    ['BITCOUNT', 'bits'],
  ] as const) {
    sizes.push(await caller.call(command, tag + name));
  }
  return sizes;
}

function sizesAfter(rounds: number): Reply[] {
  return [rounds, String(rounds), rounds, rounds, rounds, rounds, rounds, rounds];
}

/** As redis-cli does it. A key that comes into being meanwhile does so at the target. */
async function moveSlot(cluster: MixedCluster, slot: number, from: ClusterMember, to: ClusterMember): Promise<void> {
  await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
  await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
  for (;;) {
    const keys = (await from.call('CLUSTER', 'GETKEYSINSLOT', slot, KEYS_AT_ONCE)) as string[];
    if (keys.length === 0) break;
    expect(await from.call('MIGRATE', '127.0.0.1', to.port, '', 0, 20_000, 'KEYS', ...keys)).toBe('OK');
  }
  const masters = cluster.members.slice(0, 3).filter((member) => member !== to && member !== from);
  for (const member of [to, from, ...masters]) await member.call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
}

function slotOf(key: string): number {
  const bytes = Buffer.from(key);
  return keySlot(bytes, 0, bytes.length);
}

/** A word in the first, second or third part of all slots. */
function tagOf(shard: number): string {
  for (let i = 0; ; i++) if (Math.floor((slotOf(`tag${i}`) * 3) / 16_384) === shard) return `tag${i}`;
}
