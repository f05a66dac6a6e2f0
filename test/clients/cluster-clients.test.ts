/** ioredis and node-redis as clients of a cluster: through moving slots, failovers and the loss of a master. */
import slotOf from 'cluster-key-slot';
import { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { allOk, joinNodes, moveSlot, type OwnNode, READY_TIMEOUT_MS, startNodes, stopNodes } from './own-cluster.ts';

const TIMEOUT_MS = 120_000;
const KEYS = 120;
const NAMES = Array.from({ length: KEYS }, (_, i) => `{tag${i % 40}}:${i}`);

/** What the tests use of a client. */
interface ClusterClient {
  set(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<string | null>;
  incr(key: string): Promise<number>;
  /** Two commands on one key as a transaction. */
  twice(key: string): Promise<unknown>;
  close(): Promise<void>;
}

function ioredis(nodes: readonly OwnNode[]): Promise<ClusterClient> {
  const seeds = nodes.map(({ server }) => ({ host: '127.0.0.1', port: server.port }));
  // The first commands find out who owns what; while a master is missing they go on asking.
  const cluster = new Cluster(seeds, {
    clusterRetryStrategy: () => 50,
    retryDelayOnClusterDown: 50,
    retryDelayOnFailover: 50,
  });
  cluster.on('error', () => {});
  return Promise.resolve({
    set: (key, value) => cluster.set(key, value),
    get: (key) => cluster.get(key),
    incr: (key) => cluster.incr(key),
    twice: (key) => cluster.multi().incr(key).incr(key).exec(),
    close: async () => cluster.disconnect(),
  });
}

async function nodeRedis(nodes: readonly OwnNode[]): Promise<ClusterClient> {
  const rootNodes = nodes.map(({ server }) => ({ url: server.url }));
  const cluster = createCluster({ rootNodes, defaults: { socket: { reconnectStrategy: () => 50 } } });
  cluster.on('error', () => {});
  await cluster.connect();
  return {
    set: (key, value) => cluster.set(key, value),
    get: (key) => cluster.get(key),
    incr: (key) => cluster.incr(key),
    twice: (key) => cluster.multi().incr(key).incr(key).exec(),
    close: async () => cluster.destroy(),
  };
}

/** Counts in a key while something happens. What was acknowledged must be there afterwards. */
class Counting {
  acknowledged = 0;
  failed = 0;
  #isOver = false;
  readonly #run: Promise<void>;

  constructor(client: ClusterClient, key: string) {
    this.#run = this.#count(client, key);
  }

  async #count(client: ClusterClient, key: string): Promise<void> {
    while (!this.#isOver) {
      try {
        await client.incr(key);
        this.acknowledged++;
      } catch {
        this.failed++;
        await new Promise((done) => setTimeout(done, 20));
      }
    }
  }

  /** Goes on until so many more have been acknowledged. */
  async reaches(more: number): Promise<void> {
    const goal = this.acknowledged + more;
    await eventually(() => this.acknowledged >= goal, { what: 'writes go on', timeoutMs: READY_TIMEOUT_MS });
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#run;
  }
}

describe.each([
  ['ioredis', ioredis, true],
  ['node-redis', nodeRedis, false],
])('%s as a client of a cluster', (_, open, keepsAsking) => {
  let nodes: OwnNode[] = [];
  const clients: ClusterClient[] = [];

  beforeAll(async () => {
    nodes = await startNodes(6, { 'cluster-node-timeout': '2000' });
    await joinNodes(nodes);
  }, TIMEOUT_MS);
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
  });
  afterAll(async () => {
    await stopNodes(nodes);
  });

  async function connect(): Promise<ClusterClient> {
    const client = await open(nodes.slice(0, 1));
    clients.push(client);
    return client;
  }

  const masters = (): OwnNode[] => nodes.filter(({ server }) => server.role === 'master' && server.alive);

  async function ownerOf(slot: number): Promise<OwnNode> {
    for (const node of masters()) {
      const ranges = (await node.client.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
      const range = ranges.find(([first, last]) => slot >= first && slot <= last);
      if (range !== undefined) return nodes.find(({ server }) => server.port === range[2][1])!;
    }
    throw new Error(`nobody owns slot ${slot}`);
  }

  it('finds the node of each key', { timeout: TIMEOUT_MS }, async () => {
    const client = await connect();
    await Promise.all(NAMES.map((key, i) => client.set(key, String(i))));
    expect(await Promise.all(NAMES.map((key) => client.get(key)))).toEqual(NAMES.map((_, i) => String(i)));
    expect(await client.twice('{tag1}counter')).toHaveLength(2);
  });

  it('loses nothing while slots move', { timeout: TIMEOUT_MS }, async () => {
    const client = await connect();
    const key = '{tag1}moving';
    const slot = slotOf(key);
    const counting = new Counting(client, key);
    await counting.reaches(20);
    const home = await ownerOf(slot);
    const away = masters().find((node) => node !== home)!;
    await moveSlot(slot, home, away, masters());
    await counting.reaches(20);
    await moveSlot(slot, away, home, masters());
    await counting.reaches(20);
    await counting.end();
    expect(Number(await client.get(key))).toBe(counting.acknowledged);
    expect(counting.failed).toBe(0);
  });

  it('loses nothing when a replica is told to take over', { timeout: TIMEOUT_MS }, async () => {
    const client = await connect();
    const key = '{tag2}failover';
    const counting = new Counting(client, key);
    await counting.reaches(20);
    const master = await ownerOf(slotOf(key));
    const replica = await replicaOf(master);
    await replica.client.call('CLUSTER', 'FAILOVER');
    await eventually(() => replica.server.role === 'master', { what: 'it took over', timeoutMs: READY_TIMEOUT_MS });
    await counting.reaches(20);
    await counting.end();
    await allOk(nodes);
    const found = Number(await client.get(key));
    // A command that failed may have been carried out.
    expect(found).toBeGreaterThanOrEqual(counting.acknowledged);
    expect(found).toBeLessThanOrEqual(counting.acknowledged + counting.failed);
  });

  it('goes on with a replica when a master is lost', { timeout: TIMEOUT_MS }, async () => {
    const client = await connect();
    const key = '{tag3}lost';
    const master = await ownerOf(slotOf(key));
    const replica = await replicaOf(master);
    await client.set(key, 'kept');
    await eventually(async () => (await master.client.call('WAIT', '1', '1000')) === 1, {
      timeoutMs: READY_TIMEOUT_MS,
    });
    await master.client.close();
    await master.server.close();
    await eventually(() => replica.server.role === 'master', { what: 'it took over', timeoutMs: READY_TIMEOUT_MS });
    nodes = nodes.filter((node) => node !== master);
    const shows = async (): Promise<string> => JSON.stringify(await nodes[0]!.client.call('CLUSTER', 'SLOTS'));
    await eventually(async () => !(await shows()).includes(`,${master.server.port},`), {
      what: 'others know of the loss',
      timeoutMs: READY_TIMEOUT_MS,
    });
    // node-redis keeps what it has for a node that is gone until that is back: it has to be told to look anew.
    const later = keepsAsking ? client : await connect();
    const read = async (): Promise<string | null> => later.get(key).catch(() => null);
    await eventually(async () => (await read()) === 'kept', { what: 'the key is there', timeoutMs: READY_TIMEOUT_MS });
  });

  async function replicaOf(master: OwnNode): Promise<OwnNode> {
    const id = String(await master.client.call('CLUSTER', 'MYID'));
    const lines = (await master.client.call('CLUSTER', 'REPLICAS', id)) as unknown[];
    const port = /:(\d+)@/.exec(String(lines[0]))![1];
    return nodes.find(({ server }) => String(server.port) === port)!;
  }
});

describe('ioredis that reads from replicas', () => {
  let nodes: OwnNode[] = [];
  beforeAll(async () => {
    nodes = await startNodes(2);
    await joinNodes(nodes);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await stopNodes(nodes);
  });

  it('gets answers from them, and writes to the master', { timeout: TIMEOUT_MS }, async () => {
    const cluster = new Cluster([{ host: '127.0.0.1', port: nodes[0]!.server.port }], { scaleReads: 'slave' });
    try {
      await cluster.set('k', 'v');
      await nodes[0]!.client.call('WAIT', '1', '0');
      await nodes[1]!.client.call('CONFIG', 'RESETSTAT');
      expect(await cluster.get('k')).toBe('v');
      expect(String(await nodes[1]!.client.call('INFO', 'commandstats'))).toMatch(/cmdstat_get:calls=1/);
    } finally {
      cluster.disconnect();
    }
  });
});
