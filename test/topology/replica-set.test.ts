/** A master, its replicas and their sentinels in this process, under everything that happens to them. */
import { describe, expect, it } from 'vitest';
import { type ReplicaSet, ResplicaError, startReplicaSet, type TopologyEvent } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { RespClient } from '../support/resp-client.ts';

const TIMEOUT_MS = 60_000;
const PATIENT = { timeoutMs: 30_000 };

/** What the sentinels announced, in order. */
function announced(set: ReplicaSet, event: string): TopologyEvent[] {
  return set.events.history.filter((each) => each.type === 'sentinel' && each.event === event);
}

describe('a set without sentinels', () => {
  it('is a master with replicas in step', async () => {
    await using set = await startReplicaSet({ replicas: 2, sentinels: 0, password: 'secret' });
    expect(set.servers.map(({ role }) => role)).toEqual(['master', 'replica', 'replica']);
    expect(set.replicas.map(({ name }) => name)).toEqual(['redis-2', 'redis-3']);
    await set.master.execute('SET', 'k', 'v');
    await set.stable();
    for (const replica of set.replicas) expect(await replica.execute('GET', 'k')).toBe('v');
  });

  it('changes its master when told, and all follow, also after a restart', async () => {
    await using set = await startReplicaSet({ replicas: 2, sentinels: 0 });
    const before = set.master;
    await before.execute('SET', 'k', 'v');
    await set.failover(PATIENT);
    expect(set.master).not.toBe(before);
    expect(before.role).toBe('replica');
    await before.restart();
    await set.stable(PATIENT);
    expect([before.role, await before.execute('GET', 'k')]).toEqual(['replica', 'v']);
  });

  it('says who does not agree about what', async () => {
    await using set = await startReplicaSet({ replicas: 1, sentinels: 0 });
    const [master, replica] = set.servers;
    const problem = (): Promise<string> => set.stable({ timeoutMs: 50 }).then(String, (error: Error) => error.message);
    set.cut(master!, replica!);
    await master!.execute('SET', 'k', 'v');
    expect(await problem()).toMatch(/^Not stable within 50 ms: redis-2 is at offset \d+, redis-1 was at \d+\.$/);
    set.heal();
    await set.stable(PATIENT);
    await replica!.execute('REPLICAOF', 'NO', 'ONE');
    expect(await problem()).toMatch(/redis-2 says that it is a master, as redis-1 does/);
    await master!.kill();
    expect(set.master).toBe(replica);
    await replica!.kill();
    expect(await problem()).toMatch(/redis-2, the master, is down/);
    await expect(set.failover()).rejects.toMatchObject({ code: 'ERR_NOT_RUNNING' });
  });

  it('lives side by side with others', async () => {
    const sets = await Promise.all([1, 2, 3].map(() => startReplicaSet({ replicas: 1, sentinels: 0 })));
    for (const [index, set] of sets.entries()) await set.master.execute('SET', 'k', index);
    for (const [index, set] of sets.entries()) expect(await set.master.execute('GET', 'k')).toBe(String(index));
    await Promise.all(sets.map((set) => set.close()));
  });
});

describe('a set with sentinels', () => {
  it(
    'replaces a master that was killed, and takes it back as a replica',
    async () => {
      await using set = await startReplicaSet({ password: 'secret' });
      const before = set.master;
      await before.execute('SET', 'k', 'v');
      await set.stable(PATIENT);
      await before.kill();
      await set.stable(PATIENT);
      const after = set.master;
      expect(after).not.toBe(before);
      expect([after.role, await after.execute('GET', 'k')]).toEqual(['master', 'v']);
      const [down] = announced(set, '+sdown');
      const [switched] = announced(set, '+switch-master');
      expect(switched!.timeMs).toBeGreaterThanOrEqual(down!.timeMs);
      await before.restart();
      await set.stable(PATIENT);
      expect([before.role, await before.execute('GET', 'k')]).toEqual(['replica', 'v']);
      expect(announced(set, '+convert-to-slave').length).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  it(
    'is without a master for less than a second',
    async () => {
      const outages: number[] = [];
      // A machine that is busy with something else at the wrong moment shall not decide.
      for (let attempt = 0; attempt < 10 && !outages.some((ms) => ms < 1000); attempt++) {
        await using set = await startReplicaSet();
        const before = set.master;
        const start = performance.now();
        await before.kill();
        await eventually(() => set.master !== before, { ...PATIENT, everyMs: 1 });
        outages.push(performance.now() - start);
      }
      expect(Math.min(...outages)).toBeLessThan(1000);
    },
    TIMEOUT_MS,
  );

  it(
    'changes its master when told',
    async () => {
      await using set = await startReplicaSet();
      const before = set.master;
      await set.failover(PATIENT);
      expect([set.master === before, before.role]).toEqual([false, 'replica']);
      expect(announced(set, '+elected-leader').length).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  it(
    'leaves a master alone that a minority does not see, and replaces one that a majority does not see',
    async () => {
      await using set = await startReplicaSet();
      const before = set.master;
      const [lonely] = set.sentinels;
      set.cut(lonely!, before);
      await eventually(() => announced(set, '+sdown').length > 0, PATIENT);
      expect(announced(set, '+odown')).toEqual([]);
      set.heal();
      await set.stable(PATIENT);
      expect(set.master).toBe(before);

      await using client = await RespClient.connect({ port: before.port });
      set.partition([before]);
      await eventually(() => set.master !== before, PATIENT);
      // Whoever is connected to the old master still writes there: a client outside is on both sides.
      expect(await client.call('SET', 'lost', 1)).toBe('OK');
      set.heal();
      await set.stable(PATIENT);
      expect(before.role).toBe('replica');
      expect(await before.execute('EXISTS', 'lost')).toBe(0);
    },
    TIMEOUT_MS,
  );

  it(
    'replaces a master that stands still, and one without power',
    async () => {
      await using set = await startReplicaSet();
      const first = set.master;
      first.pause();
      await eventually(() => set.master !== first, PATIENT);
      first.resume();
      await set.stable(PATIENT);
      expect(first.role).toBe('replica');
      const second = set.master;
      await second.powerLoss();
      await eventually(() => set.master !== second, PATIENT);
      await second.restart();
      await set.stable(PATIENT);
      expect(second.role).toBe('replica');
    },
    TIMEOUT_MS,
  );

  it(
    'goes on with sentinels that were killed, and does nothing without a majority of them',
    async () => {
      await using set = await startReplicaSet();
      const [one, two] = set.sentinels;
      await one!.kill();
      const before = set.master;
      await before.kill();
      await set.stable(PATIENT);
      expect(set.master).not.toBe(before);
      await Promise.all([one!.restart(), before.restart()]);
      await set.stable(PATIENT);
      await Promise.all([one!.kill(), two!.kill()]);
      const kept = set.master;
      await kept.kill();
      await eventually(
        () => announced(set, '+sdown').some(({ timeMs, node }) => node === 'sentinel-3' && timeMs > 0),
        PATIENT,
      );
      await expect(set.stable({ timeoutMs: 500 })).rejects.toMatchObject({ code: 'ERR_NOT_STABLE' });
      expect(set.master).toBe(kept);
    },
    TIMEOUT_MS,
  );

  it(
    'lets a sentinel crash in the midst of a failover, which another one finishes',
    async () => {
      await using set = await startReplicaSet({ failoverTimeoutMs: 800 });
      for (const sentinel of set.sentinels)
        await sentinel.execute('SENTINEL', 'SIMULATE-FAILURE', 'crash-after-election');
      const before = set.master;
      await before.kill();
      await eventually(() => set.sentinels.some(({ alive }) => !alive), PATIENT);
      for (const sentinel of set.sentinels) {
        if (sentinel.alive) await sentinel.execute('SENTINEL', 'SIMULATE-FAILURE', 'help');
      }
      const alive = set.sentinels.filter((sentinel) => sentinel.alive);
      // Flags cannot be taken back; whoever starts again has none.
      for (const sentinel of alive) await sentinel.restart();
      await set.stable(PATIENT);
      expect(set.master).not.toBe(before);
    },
    TIMEOUT_MS,
  );

  it(
    'writes what it learns into the files of its nodes',
    async () => {
      await using set = await startReplicaSet({
        replicas: 1,
        sentinels: 1,
        name: 'orders',
        sentinelConfig: { 'parallel-syncs': 4 },
      });
      const view = async (): Promise<unknown[]> =>
        (await set.sentinels[0]!.execute('SENTINEL', 'MASTER', 'orders')) as unknown[];
      const before = set.master;
      await set.failover(PATIENT);
      const after = set.master;
      await set.sentinels[0]!.restart();
      await set.stable(PATIENT);
      expect(set.master).toBe(after);
      expect((await view()).join(' ')).toMatch(new RegExp(`name orders .*port ${after.port} .*parallel-syncs 4`));
      await before.restart();
      expect(before.role).toBe('replica');
    },
    TIMEOUT_MS,
  );
});

describe('startReplicaSet', () => {
  it.each([
    { host: '::1' },
    { host: '0.0.0.0' },
    // Only Linux has the other addresses of the loopback network.
    { host: process.platform === 'linux' ? '127.0.1.7' : '127.0.0.1', password: 'a b"c' },
  ])(
    'lets nodes find each other by %j',
    async (options) => {
      await using set = await startReplicaSet({ replicas: 1, sentinels: 2, quorum: 1, ...options });
      const before = set.master;
      await set.failover(PATIENT);
      expect([set.master === before, set.master.role]).toEqual([false, 'master']);
    },
    TIMEOUT_MS,
  );

  it.each([
    [{ replicas: -1 }, 'ERR_BAD_OPTION', /"replicas" must be an integer from 0/],
    [{ sentinels: 1.5 }, 'ERR_BAD_OPTION', /"sentinels" must be/],
    [{ nonsense: 1 }, 'ERR_BAD_OPTION', /no option "nonsense" of startReplicaSet; there are name, replicas/],
    [{ name: 'two words' }, 'ERR_BAD_OPTION', /"name" must be a word/],
    [{ timings: { 'no-period': 3 } }, 'ERR_BAD_OPTION', /"timings" must be .*info-period/],
    [{ config: { nonsense: 1 } }, 'ERR_BAD_CONFIG', /nonsense/],
    [{ sentinelConfig: { nonsense: 1 } }, 'ERR_BAD_CONFIG', /"sentinelConfig" is not valid: [^]*Unrecognized/],
    [{ host: '192.0.2.1' }, 'ERR_CANNOT_LISTEN', /no free ports on 192\.0\.2\.1/],
  ] as const)('refuses %j', async (options, code, message) => {
    const error: unknown = await startReplicaSet(options as object).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ResplicaError);
    expect((error as ResplicaError).code).toBe(code);
    expect((error as ResplicaError).message).toMatch(message);
  });

  it(
    'takes Redis’ own timings',
    async () => {
      await using set = await startReplicaSet({ replicas: 1, sentinels: 1, timings: 'production' });
      const view = ((await set.sentinels[0]!.execute('SENTINEL', 'MASTER', set.name)) as unknown[]).join(' ');
      expect(view).toMatch(/down-after-milliseconds 30000 .*failover-timeout 180000/);
      const periods = ((await set.sentinels[0]!.execute('SENTINEL', 'DEBUG')) as unknown[]).join(' ');
      expect(periods).toMatch(/INFO-PERIOD 10000 PING-PERIOD 1000/);
    },
    TIMEOUT_MS,
  );
});
