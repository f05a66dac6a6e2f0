/** ioredis and node-redis with the seeds of an embedded cluster: while slots move, while a master dies, and on replicas. */
import { Cluster as IoredisCluster } from 'ioredis';
import { createCluster } from 'redis';
import { describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';

const TIMEOUT_MS = 120_000;
const PATIENT = { timeoutMs: 60_000 };
const PASSWORD = 'secret';
/** Names of one key in each slot that moves, and some elsewhere. */
const KEYS = ['{a}1', '{b}1', '{c}1', '{d}1', '{e}1', '{f}1'];

interface Client extends AsyncDisposable {
  incr(key: string): Promise<number>;
  get(key: string): Promise<string | null>;
}

type Connect = (cluster: Cluster, readsReplicas?: boolean) => Promise<Client>;

async function connectIoredis({ seeds }: Cluster, readsReplicas = false): Promise<Client> {
  const client = new IoredisCluster(seeds, {
    redisOptions: { password: PASSWORD },
    scaleReads: readsReplicas ? 'slave' : 'master',
    clusterRetryStrategy: () => 50,
    slotsRefreshTimeout: 10_000,
  });
  client.on('error', () => {});
  return {
    incr: (key) => client.incr(key),
    get: (key) => client.get(key),
    [Symbol.asyncDispose]: async () => client.disconnect(),
  };
}

async function connectNodeRedis({ seeds }: Cluster, readsReplicas = false): Promise<Client> {
  const client = createCluster({
    rootNodes: seeds.map(({ url }) => ({ url })),
    defaults: { password: PASSWORD, socket: { reconnectStrategy: () => 50 } },
    useReplicas: readsReplicas,
  });
  client.on('error', () => {});
  await client.connect();
  return {
    incr: (key) => client.incr(key),
    get: (key) => client.get(key),
    [Symbol.asyncDispose]: async () => client.destroy(),
  };
}

/** Increments all keys for as long as it is not ended, each as soon as it has the answer to the last time. */
class Counting {
  readonly acknowledged = new Map<string, number>(KEYS.map((key) => [key, 0]));
  readonly #client: Client;
  /** Keys of which an answer is awaited. */
  readonly #waiting = new Set<string>();
  #goesOn = true;

  constructor(client: Client) {
    this.#client = client;
    for (const key of KEYS) void this.#count(key);
  }

  async #count(key: string): Promise<void> {
    while (this.#goesOn) {
      this.#waiting.add(key);
      // An answer that was lost may have been an increment.
      const reply = await this.#client.incr(key).catch(() => null);
      this.#waiting.delete(key);
      if (reply !== null) this.acknowledged.set(key, reply);
      else await new Promise((done) => setTimeout(done, 20));
    }
  }

  /** Waits until each key was incremented some more times. */
  async more(): Promise<void> {
    const goals = new Map([...this.acknowledged].map(([key, count]) => [key, count + 5]));
    await eventually(() => {
      const stuck = KEYS.filter((key) => this.acknowledged.get(key)! <= goals.get(key)!);
      expect(stuck, 'keys that are not incremented any more').toEqual([]);
      return true;
    }, PATIENT);
  }

  /** Waits until every command has its answer. */
  async end(): Promise<void> {
    this.stop();
    await eventually(() => {
      expect([...this.#waiting], 'keys without an answer').toEqual([]);
      return true;
    }, PATIENT);
  }

  /** Without waiting: a client may keep what it has for a node that is gone, and then there will be no answer. */
  stop(): void {
    this.#goesOn = false;
  }
}

describe.each<[string, Connect, boolean]>([
  ['ioredis', connectIoredis, true],
  // It keeps what it has for a node that is gone until that is back.
  ['node-redis', connectNodeRedis, false],
])('%s', { timeout: TIMEOUT_MS }, (_, connect, looksElsewhere) => {
  it('writes on while slots move and while a master dies', async () => {
    await using cluster = await startCluster({ masters: 3, replicas: 1, password: PASSWORD });
    await using client = await connect(cluster);
    const counting = new Counting(client);
    try {
      await counting.more();
      for (const key of KEYS.slice(0, 4)) {
        const target = cluster.masters.find((master) => master !== cluster.slotOwner(key))!;
        expect(await cluster.moveSlots({ to: target, slots: cluster.slotOf(key) })).toEqual({ slots: 1, keys: 1 });
      }
      await counting.more();
      // Nothing was lost on the way.
      for (const [key, count] of counting.acknowledged) {
        expect(Number(await client.get(key))).toBeGreaterThanOrEqual(count);
      }

      const before = cluster.slotOwner(KEYS[0]!);
      await before.kill();
      await cluster.stable(PATIENT);
      if (looksElsewhere) await counting.more();
      await before.restart();
      await cluster.stable(PATIENT);
      expect(before.role).toBe('replica');
      await counting.more();
      await cluster.failover(before, PATIENT);
      await counting.more();
      expect(cluster.slotOwner(KEYS[0]!)).toBe(before);
      await counting.end();
    } finally {
      counting.stop();
    }
  });

  it('reads from replicas', async () => {
    await using cluster = await startCluster({ masters: 2, replicas: 1, password: PASSWORD });
    await using client = await connect(cluster, true);
    for (const key of KEYS) {
      await cluster.slotOwner(key).execute('SET', key, `value of ${key}`);
      await cluster.slotOwner(key).execute('WAIT', 1, 30_000);
    }
    const reads = async (): Promise<number> => {
      const replicas = cluster.nodes.filter(({ role }) => role === 'replica');
      const stats = await Promise.all(replicas.map((node) => node.execute('INFO', 'commandstats')));
      return stats.filter((text) => String(text).includes('cmdstat_get:')).length;
    };
    // node-redis takes turns between master and replicas.
    for (let round = 0; round < 4; round++) {
      for (const key of KEYS) expect(await client.get(key)).toBe(`value of ${key}`);
    }
    expect(await reads()).toBe(2);

    // And goes on to read when slots have moved, and when masters and replicas have changed places.
    const readsAll = (): Promise<boolean> =>
      Promise.all(KEYS.map((key) => client.get(key).catch(() => null))).then((values) =>
        values.every((value, i) => value === `value of ${KEYS[i]}`),
      );
    const target = cluster.masters.find((master) => master !== cluster.slotOwner(KEYS[0]!))!;
    await cluster.moveSlots({ to: target, slots: cluster.slotOf(KEYS[0]!) });
    await cluster.stable(PATIENT);
    await eventually(readsAll, PATIENT);
    for (const master of cluster.masters) await cluster.failover(master, PATIENT);
    await eventually(readsAll, PATIENT);
  });
});
