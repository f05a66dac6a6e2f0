/** Clusters in this process, under everything that happens to them. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Cluster, startCluster, type TopologyEvent } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { RespClient } from '../support/resp-client.ts';

const TIMEOUT_MS = 90_000;
const PATIENT = { timeoutMs: 45_000 };

function eventsOf(cluster: Cluster, type: TopologyEvent['type']): TopologyEvent[] {
  return cluster.events.history.filter((event) => event.type === type);
}

describe('a cluster', { timeout: TIMEOUT_MS }, () => {
  it('serves all slots, and every node tells clients of every other', async () => {
    await using cluster = await startCluster({ masters: 3, replicas: 1, password: 'secret' });
    expect(cluster.nodes.map(({ name, role }) => `${name} ${role}`)).toEqual([
      'node-1 master',
      'node-2 master',
      'node-3 master',
      'node-4 replica',
      'node-5 replica',
      'node-6 replica',
    ]);
    expect(cluster.masters.map((master) => cluster.slotsOf(master))).toEqual([
      [[0, 5460]],
      [[5461, 10922]],
      [[10923, 16383]],
    ]);
    expect(cluster.replicasOf('node-2').map(({ name }) => name)).toEqual(['node-5']);
    expect(cluster.slotOf('foo')).toBe(12182);
    expect([cluster.slotOwner('foo').name, cluster.slotOwner(0).name]).toEqual(['node-3', 'node-1']);
    await cluster.slotOwner('foo').execute('SET', 'foo', 'bar');
    expect(await cluster.slotOwner('foo').execute('WAIT', 1, 5000)).toBe(1);
    for (const node of cluster.nodes) {
      const slots = (await node.execute('CLUSTER', 'SLOTS')) as [number, number, ...[string, number][]][];
      const ports = slots.map(([first, , ...nodes]) => [first, ...nodes.map(([, port]) => port)]);
      const port = (name: string): number => cluster.node(name).port;
      expect(ports.toSorted((a, b) => a[0]! - b[0]!)).toEqual([
        [0, port('node-1'), port('node-4')],
        [5461, port('node-2'), port('node-5')],
        [10923, port('node-3'), port('node-6')],
      ]);
      await expect(node.execute('SELECT', 1)).rejects.toThrow('SELECT is not allowed in cluster mode');
    }
  });

  it('replaces a master that was killed, says how, and takes it back as a replica', async () => {
    await using cluster = await startCluster();
    const before = cluster.slotOwner('k');
    await before.execute('SET', 'k', 'v');
    await cluster.stable(PATIENT);
    await before.kill();
    await cluster.stable(PATIENT);
    const after = cluster.slotOwner('k');
    expect([after === before, after.role, await after.execute('GET', 'k')]).toEqual([false, 'master', 'v']);

    const about = { about: before.name };
    const [unreachable] = eventsOf(cluster, 'pfail').filter((event) => 'about' in event && event.about === before.name);
    const [failed] = eventsOf(cluster, 'fail').filter((event) => 'about' in event && event.about === before.name);
    const [elected] = eventsOf(cluster, 'elected');
    expect([unreachable, failed]).toMatchObject([about, { ...about, voices: expect.any(Number) as number }]);
    expect(elected).toMatchObject({ node: after.name });
    expect(unreachable!.timeMs).toBeLessThanOrEqual(failed!.timeMs);
    expect(failed!.timeMs).toBeLessThanOrEqual(elected!.timeMs);
    const votes = eventsOf(cluster, 'vote');
    expect(votes.filter((event) => 'for' in event && event.for === after.name).length).toBeGreaterThanOrEqual(2);
    expect(eventsOf(cluster, 'role')).toContainEqual(expect.objectContaining({ node: after.name, role: 'master' }));
    const gained = eventsOf(cluster, 'slots').filter(({ node }) => node === after.name);
    expect(gained).toMatchObject([{ gained: cluster.slotsOf(after), lost: [] }]);

    await before.restart();
    await cluster.stable(PATIENT);
    expect([before.role, cluster.replicasOf(after).includes(before)]).toEqual(['replica', true]);
    await eventually(() => eventsOf(cluster, 'recovered').length > 0, PATIENT);
  });

  it('changes masters when told, in both ways, without losing a write', async () => {
    await using cluster = await startCluster({ masters: 3, replicas: 1 });
    const before = cluster.slotOwner('counter');
    const [replica] = cluster.replicasOf(before);
    await using client = await RespClient.connect({ port: before.port });
    let acknowledged = 0;
    const end = new AbortController();
    const counter = (async (): Promise<void> => {
      while (!end.signal.aborted) {
        const reply = await client.call('INCR', 'counter').catch(() => null);
        if (typeof reply !== 'number') return;
        acknowledged = reply;
      }
    })();
    await eventually(() => acknowledged > 10, PATIENT);
    await cluster.failover(before, PATIENT);
    end.abort();
    await counter;
    expect([before.role, replica!.role, cluster.slotOwner('counter')]).toEqual(['replica', 'master', replica]);
    expect(Number(await replica!.execute('GET', 'counter'))).toBe(acknowledged);
    await cluster.failover(before, { ...PATIENT, kind: 'takeover' });
    expect(cluster.slotOwner('counter')).toBe(before);
  });

  it('refuses writes on the side of a minority, and becomes one again', async () => {
    await using cluster = await startCluster({ masters: 3, replicas: 1 });
    const lonely = cluster.slotOwner('k');
    cluster.partition([lonely]);
    const refused = (): Promise<boolean> =>
      lonely.execute('SET', 'k', 1).then(
        () => false,
        (error: Error) => error.message.startsWith('CLUSTERDOWN'),
      );
    await eventually(refused, PATIENT);
    await eventually(() => cluster.slotOwner('k') !== lonely, PATIENT);
    await cluster.slotOwner('k').execute('SET', 'k', 'there');
    cluster.heal();
    await cluster.stable(PATIENT);
    expect([lonely.role, await cluster.slotOwner('k').execute('GET', 'k')]).toEqual(['replica', 'there']);
  });

  it('survives a pause, a stop and a loss of power', async () => {
    await using cluster = await startCluster({ masters: 3, replicas: 1 });
    const [one, two] = cluster.masters;
    await cluster.slotOwner('a').execute('SET', 'a', 1);
    await cluster.stable(PATIENT);
    one!.pause();
    await cluster.stable(PATIENT);
    one!.resume();
    await cluster.stable(PATIENT);
    await two!.powerLoss();
    await cluster.stable(PATIENT);
    await two!.restart();
    await cluster.stable(PATIENT);
    expect([one!.role, two!.role, await cluster.slotOwner('a').execute('GET', 'a')]).toEqual([
      'replica',
      'replica',
      '1',
    ]);
  });

  it('says who does not agree about what', async () => {
    await using cluster = await startCluster({ masters: 3, replicas: 0, nodeTimeoutMs: 2000 });
    const problem = (): Promise<string> =>
      cluster.stable({ timeoutMs: 20 }).then(String, (error: Error) => error.message);
    const [one, two, three] = cluster.nodes;
    await one!.execute('CLUSTER', 'SETSLOT', 0, 'MIGRATING', cluster.idOf(two!));
    expect(await problem()).toBe('Not stable within 20 ms: node-1 is moving slot 0 to node-2.');
    await one!.execute('CLUSTER', 'SETSLOT', 0, 'STABLE');
    await two!.execute('CLUSTER', 'FORGET', cluster.idOf(three!));
    expect(await problem()).toMatch(/: node-2 does not know node-3\.$|: node-1 does not know/);
    await three!.kill();
    expect(await problem()).toBe('Not stable within 20 ms: node-1 does not hold node-3 for failed, which is down.');
    await expect(cluster.removeNode(three!)).rejects.toMatchObject({ code: 'ERR_BAD_ARGUMENT' });
    await expect(cluster.failover(one!)).rejects.toThrow('node-1 has no replica that is alive.');
  });
});

describe('slots', { timeout: TIMEOUT_MS }, () => {
  it('move with keys of all types', async () => {
    await using cluster = await startCluster({ masters: 2, replicas: 0, password: 'secret' });
    const owner = cluster.slotOwner('{t}');
    const other = cluster.masters.find((master) => master !== owner)!;
    const values: [string, ...(string | number)[]][] = [
      ['SET', '{t}string', 'x'.repeat(100_000), 'EX', 1000],
      ['RPUSH', '{t}list', ...Array.from({ length: 500 }, (_, i) => `element ${i}`)],
      ['HSET', '{t}hash', 'a', 1, 'b', 2],
      ['SADD', '{t}set', 1, 2, 3],
      ['ZADD', '{t}zset', 1.5, 'a', 2, 'b'],
      ['XADD', '{t}stream', '1-1', 'f', 'v'],
      ['PFADD', '{t}hll', 'a', 'b', 'c'],
    ];
    for (const command of values) await owner.execute(...command);
    for (let i = 0; i < 300; i++) await owner.execute('SET', `{t}${i}`, i);
    const before = await digests(owner, values);
    const slot = cluster.slotOf('{t}');
    expect(await cluster.moveSlots({ to: other, slots: slot })).toEqual({ slots: 1, keys: values.length + 300 });
    await cluster.stable(PATIENT);
    expect([cluster.slotOwner('{t}'), await digests(other, values)]).toEqual([other, before]);
    expect(await other.execute('TTL', '{t}string')).toBeGreaterThan(900);
    expect(await owner.execute('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(0);
    await expect(owner.execute('GET', '{t}1')).rejects.toThrow(`MOVED ${slot} 127.0.0.1:${other.port}`);
    await cluster.moveSlots({
      from: other,
      to: owner,
      slots: [
        [slot, slot],
        [slot - 1, slot + 1],
      ],
    });
    await cluster.stable(PATIENT);
    expect(await digests(owner, values)).toEqual(before);
    await expect(cluster.moveSlots({ to: owner, slots: [5, 4] })).rejects.toMatchObject({ code: 'ERR_BAD_ARGUMENT' });
  });

  it('can be moved on after the move broke off', async () => {
    await using cluster = await startCluster({ masters: 3, replicas: 0 });
    const [one, two, three] = cluster.nodes;
    const tag = keyOfSlot(cluster, 0);
    const key = (i: number): string => `{${tag}}${i}`;
    for (let i = 0; i < 250; i++) await one!.execute('SET', key(i), i);
    await two!.execute('CONFIG', 'SET', 'maxmemory', 1);
    await expect(cluster.moveSlots({ to: two!, slots: 0 })).rejects.toThrow('OOM');
    await two!.execute('CONFIG', 'SET', 'maxmemory', 0);
    expect(await cluster.moveSlots({ from: one!, to: two!, slots: 0 })).toMatchObject({ slots: 1 });
    await cluster.stable(PATIENT);
    expect(await two!.execute('CLUSTER', 'COUNTKEYSINSLOT', 0)).toBe(250);
    expect(cluster.slotsOf(three!)).toEqual([[10923, 16383]]);
  });

  it('are not lost when their new owner dies as soon as it has them', async () => {
    await using cluster = await startCluster({ masters: 3, replicas: 1 });
    const [one, two] = cluster.masters;
    const [heir] = cluster.replicasOf(two!);
    await cluster.moveSlots({ from: one!, to: two!, slots: 0 });
    await cluster.stable(PATIENT);
    // Its replica, which is the one that must claim them, hears of the others last. As its master's epoch is the highest
    // one already, no other node sees that the replica's view is old.
    cluster.delay(two!, heir!, 100);
    await cluster.moveSlots({ from: one!, to: two!, slots: [1, 3] });
    cluster.cut(two!, heir!);
    await two!.kill();
    await cluster.stable({ timeoutMs: 20_000 });
    expect(cluster.slotsOf(heir!)).toEqual([
      [0, 3],
      [5461, 10922],
    ]);
  });

  it('move also while some node cannot be told of it', async () => {
    await using cluster = await startCluster({ masters: 3, replicas: 0 });
    const [one, two, three] = cluster.masters;
    cluster.cut(two!, three!);
    expect(await cluster.moveSlots({ from: one!, to: two!, slots: 0 })).toMatchObject({ slots: 1 });
    cluster.heal();
    await cluster.stable(PATIENT);
    expect(cluster.slotOwner(0)).toBe(two);
  });

  it('are kept in files, which another cluster does not take over', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'cluster-'));
    try {
      const options = { masters: 1, replicas: 0, persistence: { dir, aof: 'always' as const } };
      await using cluster = await startCluster(options);
      const [node] = cluster.nodes;
      await node!.execute('SET', 'k', 'v');
      await node!.kill();
      await node!.restart();
      await cluster.stable(PATIENT);
      expect(await node!.execute('GET', 'k')).toBe('v');
      expect(existsSync(join(dir, 'node-1', 'nodes.conf'))).toBe(true);
      await expect(startCluster(options)).rejects.toThrow('node-1/nodes.conf is of an earlier cluster');
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('come to a new node, and leave one that goes', async () => {
    await using cluster = await startCluster({ masters: 2, replicas: 1, password: 'secret' });
    for (let i = 0; i < 50; i++) await cluster.slotOwner(`k${i}`).execute('SET', `k${i}`, i);
    const master = await cluster.addNode(PATIENT);
    const replica = await cluster.addNode({ ...PATIENT, replicaOf: master });
    expect([master.name, replica.name, replica.role]).toEqual(['node-5', 'node-6', 'replica']);
    await cluster.moveSlots({
      to: master,
      slots: [
        [0, 9],
        [9000, 9009],
      ],
    });
    await cluster.stable(PATIENT);
    expect(cluster.slotsOf(master)).toEqual([
      [0, 9],
      [9000, 9009],
    ]);
    await cluster.removeNode('node-5', PATIENT);
    expect(cluster.nodes.map(({ name }) => name)).toEqual(['node-1', 'node-2', 'node-3', 'node-4', 'node-6']);
    expect(replica.role).toBe('replica');
    for (let i = 0; i < 50; i++) expect(await cluster.slotOwner(`k${i}`).execute('GET', `k${i}`)).toBe(String(i));
    await cluster.removeNode(replica, PATIENT);
    expect(await cluster.nodes[0]!.execute('CLUSTER', 'INFO')).toContain('cluster_known_nodes:4\r\n');
  });
});

describe('addresses', { timeout: TIMEOUT_MS }, () => {
  it('are those that are announced, also behind a router', async () => {
    const ports = [7001, 7002, 7003, 7004, 7005, 7006];
    const announce = {
      ip: '203.0.113.7',
      ports,
      busPorts: ports.map((port) => port + 10_000),
      hostname: ['a.test', 'b.test'],
    };
    await using cluster = await startCluster({ masters: 3, replicas: 1, announce });
    const lines = String(await cluster.nodes[3]!.execute('CLUSTER', 'NODES')).split('\n');
    const address = (node: string): string => lines.find((line) => line.startsWith(cluster.idOf(node)))!.split(' ')[1]!;
    expect(['node-1', 'node-4'].map(address)).toEqual(['203.0.113.7:7001@17001,a.test', '203.0.113.7:7004@17004']);
    await expect(cluster.nodes[0]!.execute('GET', 'foo')).rejects.toThrow('MOVED 12182 203.0.113.7:7003');
    await cluster.moveSlots({ to: 'node-2', slots: 0 });
    await cluster.nodes[0]!.kill();
    await cluster.stable(PATIENT);
    expect(cluster.slotOwner(1).name).toBe('node-4');
  });

  it('may be of version 6, or names', async () => {
    const config = { 'cluster-preferred-endpoint-type': 'hostname' };
    const named = { masters: 1, replicas: 1, announce: { hostname: 'localhost' }, config };
    const [sixth, names] = await Promise.all([
      startCluster({ masters: 1, replicas: 1, host: '::1' }),
      startCluster(named),
    ]);
    await using both = { [Symbol.asyncDispose]: () => Promise.all([sixth.close(), names.close()]).then(() => {}) };
    expect(both).toBeDefined();
    expect(hostsOf(await sixth.nodes[0]!.execute('CLUSTER', 'SLOTS'))).toEqual(['::1', '::1']);
    expect(hostsOf(await names.nodes[0]!.execute('CLUSTER', 'SLOTS'))).toEqual(['localhost', 'localhost']);
    const [, replica] = names.nodes;
    await expect(replica!.execute('GET', 'foo')).rejects.toThrow(`MOVED 12182 localhost:${names.nodes[0]!.port}`);
  });

  it('are free again after the end, and clusters live side by side', async () => {
    const clusters = await Promise.all([1, 2, 3].map(() => startCluster({ masters: 2, replicas: 0 })));
    for (const [index, cluster] of clusters.entries()) await cluster.slotOwner('k').execute('SET', 'k', index);
    for (const [index, cluster] of clusters.entries()) {
      expect(await cluster.slotOwner('k').execute('GET', 'k')).toBe(String(index));
    }
    await Promise.all(clusters.map((cluster) => cluster.close()));
    await expect(RespClient.connect({ port: clusters[0]!.nodes[0]!.port })).rejects.toThrow('ECONNREFUSED');
  });

  it.each([
    [{ masters: 0 }, 'Option "masters" must be an integer from 1 to 1000, not 0.'],
    [{ masters: 1000, replicas: 1 }, '"masters" and "replicas" make 2000 nodes; 1000 are possible.'],
    [{ host: 'localhost' }, 'Option "host" must be one numeric address, or * for all, not "localhost".'],
    [{ announce: { ip: 'a' } }, 'Option "announce" must be { ip, hostname, ports, busPorts }, not [object Object].'],
    [{ sentinels: 3 } as object, 'There is no option "sentinels" of startCluster; there are '],
    [{ config: { 'cluster-enabled': 'no' } }, 'Nodes of a cluster need "cluster-enabled yes".'],
  ])('are refused with the reason: %j', async (options, message) => {
    await expect(startCluster(options)).rejects.toThrow(message);
  });
});

async function digests(node: Cluster['nodes'][number], commands: readonly (readonly unknown[])[]): Promise<unknown> {
  return node.execute('DEBUG', 'DIGEST-VALUE', ...commands.map((command) => String(command[1])));
}

function hostsOf(slots: unknown): string[] {
  return (slots as [number, number, ...[string][]][]).flatMap(([, , ...nodes]) => nodes.map(([host]) => host));
}

/** A key of that slot. */
function keyOfSlot(cluster: Cluster, slot: number): string {
  for (let i = 0; ; i++) if (cluster.slotOf(`tag${i}`) === slot) return `tag${i}`;
}
