/** The manual clock of topologies: protocols of real nodes on real sockets, in time that passes when told. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';

import { startCluster, startReplicaSet } from '../../src/index.ts';

describe('a replica set with a manual clock', () => {
  it('fails over by the timings of production once that much time was told to pass', async () => {
    await using set = await startReplicaSet({ clock: 'manual', timings: 'production' });
    const before = set.master;
    const killedMs = set.clock.now();
    await before.kill();
    await set.clock.advance(29_000);
    expect(set.clock.now()).toBe(killedMs + 29_000);
    expect(set.master).toBe(before);
    await set.clock.advance(20_000);
    expect(set.master).not.toBe(before);
    const down = set.events.history.find((event) => event.type === 'sentinel' && event.event === '+sdown');
    expect(down!.timeMs - killedMs).toBeGreaterThanOrEqual(30_000 - 1000);
    expect(down!.timeMs - killedMs).toBeLessThan(32_000);
  });

  it('lets time pass by itself while its verbs wait', async () => {
    await using set = await startReplicaSet({ clock: 'manual', sentinels: 3, replicas: 2 });
    const before = set.master;
    await before.kill();
    await set.stable({ timeoutMs: 60_000 });
    expect(set.master).not.toBe(before);
    await before.restart();
    await set.stable({ timeoutMs: 60_000 });
    expect(before.role).toBe('replica');
    await set.failover({ timeoutMs: 60_000 });
    await set.replicas[0]!.stop();
    expect(set.replicas.filter((node) => node.alive)).toHaveLength(1);
  });

  it('moves TTLs of all nodes together, also for clients on sockets', async () => {
    await using set = await startReplicaSet({ clock: 'manual', replicas: 1, sentinels: 0 });
    const client = new Redis(set.master.url);
    try {
      await client.set('session', 'alice', 'EX', 3600);
      await set.stable();
      await set.clock.advance(60_000);
      expect(await client.ttl('session')).toBe(3540);
      expect(await set.replicas[0]!.execute('TTL', 'session')).toBe(3540);
      await set.clock.advance(3_540_001);
      expect(await client.get('session')).toBe(null);
      await set.stable();
      expect(await set.replicas[0]!.execute('DBSIZE')).toBe(0);
    } finally {
      client.disconnect();
    }
  }, 120_000);

  it('delays what is on its way by that time', async () => {
    await using set = await startReplicaSet({ clock: 'manual', replicas: 1, sentinels: 0 });
    const [replica] = set.replicas;
    set.delay(set.master, replica!, 400);
    await set.master.execute('SET', 'k', 'v');
    await set.clock.advance(399);
    expect(await replica!.execute('GET', 'k')).toBe(null);
    await set.clock.advance(2);
    expect(await replica!.execute('GET', 'k')).toBe('v');
  });

  it('waits for real disks, which need no time of the nodes', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'resplica-time-'));
    try {
      await using set = await startReplicaSet({
        clock: 'manual',
        replicas: 1,
        sentinels: 0,
        persistence: { dir, aof: 'always', save: false },
      });
      const startedMs = set.clock.now();
      const wait = set.master.execute('SET', 'k', 'v');
      await set.clock.advance(0);
      expect(await wait).toBe('OK');
      expect(set.clock.now()).toBe(startedMs);
      await set.master.powerLoss();
      await set.master.restart();
      expect(await set.master.execute('GET', 'k')).toBe('v');
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('does not advance by %d', async (durationMs) => {
    await using set = await startReplicaSet({ clock: 'manual', replicas: 0, sentinels: 0 });
    await expect(set.clock.advance(durationMs)).rejects.toMatchObject({ code: 'ERR_BAD_ARGUMENT' });
  });

  it('is asked for by an option', async () => {
    await using set = await startReplicaSet({ replicas: 0, sentinels: 0 });
    await expect(set.clock.advance(1)).rejects.toMatchObject({ code: 'ERR_MANUAL_CLOCK' });
    await expect(startReplicaSet({ clock: 'fake' as 'real' })).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' });
  });
});

describe('a cluster with a manual clock', () => {
  it('elects by the timings of production, and knows its old master as a replica', async () => {
    await using cluster = await startCluster({ clock: 'manual', timings: 'production' });
    const [master] = cluster.masters;
    const [replica] = cluster.replicasOf(master!);
    const killedMs = cluster.clock.now();
    await master!.kill();
    await cluster.clock.advance(14_000);
    expect(replica!.role).toBe('replica');
    await cluster.clock.advance(26_000);
    expect(replica!.role).toBe('master');
    expect(cluster.clock.now()).toBe(killedMs + 40_000);
    await master!.restart();
    await cluster.stable({ timeoutMs: 60_000 });
    expect(master!.role).toBe('replica');
  });

  it('stands still in a partition until time passes', async () => {
    await using cluster = await startCluster({ clock: 'manual' });
    const [alone] = cluster.masters;
    cluster.partition(
      [alone!],
      cluster.nodes.filter((node) => node !== alone),
    );
    expect(await alone!.execute('CLUSTER', 'INFO')).toContain('cluster_state:ok');
    await cluster.clock.advance(3000);
    expect(await alone!.execute('CLUSTER', 'INFO')).toContain('cluster_state:fail');
    cluster.heal();
    await cluster.stable({ timeoutMs: 60_000 });
  });
});
