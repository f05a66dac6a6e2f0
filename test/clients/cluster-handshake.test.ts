/**
 * How StackExchange.Redis begins with a node of a cluster: what it sends, and what it reads in the replies. The same
 * against redis-server.
 */
import { expect, it } from 'vitest';
import { startCluster } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { findFreePort, startRedis } from '../support/redis-process.ts';
import { itWith } from '../support/requires.ts';
import { type Argument, RespClient } from '../support/resp-client.ts';

const TIMEOUT_MS = 60_000;
const TRACER = '9f1c2a3b4d5e6f70';

/** On its interactive connection, in one go; it bears errors of all but the last. */
const HANDSHAKE: readonly (readonly Argument[])[] = [
  ['CLIENT', 'SETNAME', 'host(SE.Redis-v2.8.0)'],
  ['CLIENT', 'SETINFO', 'lib-name', 'SE.Redis'],
  ['CLIENT', 'ID'],
  ['CONFIG', 'GET', 'timeout'],
  ['CONFIG', 'GET', 'replica-read-only'],
  ['CONFIG', 'GET', 'databases'],
  ['SENTINEL', 'MASTERS'],
  ['INFO', 'replication'],
  ['INFO', 'server'],
  ['CLUSTER', 'NODES'],
  ['GET', '__Booksleeve_TieBreak'],
  ['ECHO', TRACER],
];

interface Found {
  readonly mode: string | undefined;
  /** Where each node is, its flags without "myself", and its slots. */
  readonly nodes: { address: string; flags: string[]; isReplica: boolean; slots: string }[];
}

/** @param known the nodes that there are */
async function shakeHands(port: number): Promise<Found> {
  await using client = await RespClient.connect({ port });
  const replies = await client.pipeline(HANDSHAKE);
  expect(replies.at(-1)).toBe(TRACER);
  expect(replies[5]).toEqual(['databases', '16']);
  // The key belongs to another node, or there is no such key.
  expect(JSON.stringify(replies[10])).toMatch(/MOVED \d+ 127\.0\.0\.1:\d+|null/);
  const lines = String(replies[9]).trim().split('\n');
  const nodes = lines.map((line) => {
    const [, address, flags, parent, , , , state, ...slots] = line.split(' ') as [string, string, string, ...string[]];
    expect(state).toBe('connected');
    const isReplica = parent !== '-';
    return {
      address: address.replace(/@.*/, ''),
      flags: flags.split(',').filter((flag) => flag !== 'myself'),
      isReplica,
      slots: slots.join(' '),
    };
  });
  return { mode: /redis_mode:(\w+)/.exec(String(replies[8]))?.[1], nodes };
}

it('StackExchange.Redis finds all nodes of a cluster, whichever it asks', { timeout: TIMEOUT_MS }, async () => {
  await using cluster = await startCluster({ masters: 2, replicas: 1 });
  const expected = cluster.nodes.map((node) => ({
    address: `127.0.0.1:${node.port}`,
    flags: [node.role === 'master' ? 'master' : 'slave'],
    isReplica: node.role === 'replica',
    slots: cluster
      .slotsOf(node)
      .map((range) => range.join('-'))
      .join(' '),
  }));
  for (const { port } of cluster.seeds) {
    const { mode, nodes } = await shakeHands(port);
    expect(mode).toBe('cluster');
    expect(nodes.toSorted((a, b) => a.address.localeCompare(b.address))).toEqual(
      expected.toSorted((a, b) => a.address.localeCompare(b.address)),
    );
  }
  // On connections to replicas it says READONLY, and takes it back.
  const replica = cluster.node('node-3');
  await cluster.node('node-1').execute('SET', '{b}', 'v');
  await cluster.node('node-1').execute('WAIT', 1, 30_000);
  await using client = await RespClient.connect({ port: replica.port });
  const moved = { message: `MOVED 3300 127.0.0.1:${cluster.node('node-1').port}` };
  expect(await client.call('GET', '{b}')).toMatchObject(moved);
  expect([await client.call('READONLY'), await client.call('GET', '{b}')]).toEqual(['OK', 'v']);
  expect(await client.call('READWRITE')).toBe('OK');
  expect(await client.call('GET', '{b}')).toMatchObject(moved);
});

itWith(
  ['redis-server'],
  'and as much of redis-server',
  async () => {
    const options = { 'cluster-enabled': 'yes', 'cluster-port': String(await findFreePort()) };
    await using server = await startRedis({ options: { ...options, 'cluster-announce-ip': '127.0.0.1' } });
    await using client = await RespClient.connect({ port: server.port });
    await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await eventually(async () => String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok'), {
      timeoutMs: TIMEOUT_MS / 2,
    });
    const { mode, nodes } = await shakeHands(server.port);
    const address = `127.0.0.1:${server.port}`;
    expect([mode, nodes]).toEqual(['cluster', [{ address, flags: ['master'], isReplica: false, slots: '0-16383' }]]);
  },
  TIMEOUT_MS,
);
