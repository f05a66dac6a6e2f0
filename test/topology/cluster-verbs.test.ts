/** What can be done to a node of a cluster, in each state that it can be in; and what the cluster makes of it. */
import { describe, expect, it } from 'vitest';
import { type Cluster, type NodeHandle, startCluster } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { RespClient } from '../support/resp-client.ts';

const TIMEOUT_MS = 90_000;
const PATIENT = { timeoutMs: 45_000 };

const STATES = {
  runs: () => {},
  'is paused': (node: NodeHandle) => node.pause(),
  'was stopped': (node: NodeHandle) => node.stop(),
  'was killed': (node: NodeHandle) => node.kill(),
  'lost its power': (node: NodeHandle) => node.powerLoss(),
} as const;

type State = keyof typeof STATES;
const VERBS = ['kill', 'powerLoss', 'stop', 'pause', 'resume', 'restart'] as const;
type Verb = (typeof VERBS)[number];

/** What it is afterwards; paused is up, too. */
type Outcome = 'down' | 'up' | 'paused';

function outcome(state: State, verb: Verb): Outcome {
  if (verb === 'restart') return 'up';
  if (verb === 'kill' || verb === 'powerLoss' || verb === 'stop') return 'down';
  if (state !== 'runs' && state !== 'is paused') return 'down';
  return verb === 'pause' ? 'paused' : 'up';
}

const AFTERWARDS: Readonly<Record<Outcome, State>> = { up: 'runs', paused: 'is paused', down: 'was killed' };

function seen(node: NodeHandle): Outcome {
  return node.isPaused ? 'paused' : node.alive ? 'up' : 'down';
}

describe('a node of a cluster', { timeout: TIMEOUT_MS }, () => {
  it.each(Object.keys(STATES) as State[])('that %s may be told anything', async (state) => {
    // A master alone serves again as soon as it is back.
    await using cluster = await startCluster({ masters: 1, replicas: 0 });
    const [node] = cluster.nodes;
    for (const verb of VERBS) {
      await node!.restart();
      await STATES[state](node!);
      await node![verb]();
      expect([verb, seen(node!)]).toEqual([verb, outcome(state, verb)]);
      const after = seen(node!);
      await node![verb]();
      expect(['again', verb, seen(node!)]).toEqual(['again', verb, outcome(AFTERWARDS[after], verb)]);
    }
    await node!.restart();
    await cluster.stable(PATIENT);
    await node!.execute('SET', 'k', 'v');
  });

  it('that is stopped saves, goes without a gap for its replica, and comes back as a replica', async () => {
    await using cluster = await startCluster({ masters: 3, replicas: 1, config: { save: '3600 1' } });
    const master = cluster.slotOwner('k');
    const [replica] = cluster.replicasOf(master);
    await using client = await RespClient.connect({ port: master.port });
    let acknowledged = 0;
    const writing = (async (): Promise<void> => {
      while (acknowledged < 10_000) {
        const reply = await client.call('INCR', 'k').catch(() => null);
        if (typeof reply !== 'number') return;
        acknowledged = reply;
      }
    })();
    await eventually(() => acknowledged > 20, PATIENT);
    await master.stop();
    await writing;
    expect([master.alive, master.role]).toEqual([false, 'master']);
    await expect(RespClient.connect({ port: master.port })).rejects.toThrow('ECONNREFUSED');
    expect(master.log.some((line) => line.includes('DB saved on disk'))).toBe(true);
    await cluster.stable(PATIENT);
    // It waited for its replica, so nothing is missing.
    expect([cluster.slotOwner('k'), Number(await replica!.execute('GET', 'k'))]).toEqual([replica, acknowledged]);
    const changes = (): unknown[] =>
      cluster.events.history.flatMap((event) =>
        event.type === 'node' && event.node === master.name ? [event.change] : [],
      );
    expect(changes()).toEqual(['started', 'stopped']);
    await master.restart();
    await cluster.stable(PATIENT);
    expect([master.role, changes()]).toEqual(['replica', ['started', 'stopped', 'started']]);
  });

  it('that is stopped as a replica is missed by nobody, and finds its way back', async () => {
    await using cluster = await startCluster({ masters: 3, replicas: 1 });
    const [replica] = cluster.replicasOf('node-1');
    await replica!.stop();
    await cluster.node('node-1').execute('SET', '{b}', 'later');
    await cluster.stable(PATIENT);
    expect(cluster.slotOwner('{b}').name).toBe('node-1');
    await replica!.restart();
    await cluster.stable(PATIENT);
    expect(cluster.replicasOf('node-1')).toEqual([replica]);
    await using client = await RespClient.connect({ port: replica!.port });
    await client.call('READONLY');
    expect(await client.call('GET', '{b}')).toBe('later');
  });

  it('remembers who it is, and forgets its data where nothing is saved', async () => {
    await using cluster = await startCluster({ masters: 1, replicas: 0 });
    const [node] = cluster.nodes;
    const id = cluster.idOf(node!);
    for (const end of ['stop', 'kill', 'powerLoss'] as const) {
      await node!.execute('SET', 'k', 'v');
      await node![end]();
      await node!.restart();
      await cluster.stable(PATIENT);
      expect([end, await node!.execute('CLUSTER', 'MYID'), await node!.execute('GET', 'k')]).toEqual([end, id, null]);
      expect(cluster.slotsOf(node!)).toEqual([[0, 16383]]);
    }
  });
});

describe('what is told to a node at the same time', { timeout: TIMEOUT_MS }, () => {
  /** A master that waits for its replica, which stands still, before it goes. */
  async function waiting(cluster: Cluster): Promise<NodeHandle> {
    const master = cluster.node('node-1');
    cluster.replicasOf(master)[0]!.pause();
    await master.execute('SET', '{b}', 'v');
    return master;
  }

  it.each([
    ['stop', 'stop'],
    ['stop', 'kill'],
    ['stop', 'powerLoss'],
    ['stop', 'restart'],
    ['restart', 'restart'],
    ['restart', 'stop'],
    ['restart', 'kill'],
  ] as [Verb, Verb][])('is done: %s, and %s', async (first, second) => {
    const config = { 'shutdown-timeout': 1 };
    await using cluster = await startCluster({ masters: 1, replicas: 1, config, nodeTimeoutMs: 20_000 });
    const master = await waiting(cluster);
    await Promise.all([master[first](), master[second]()]);
    // Who starts it again does so when it is down, whoever else wanted that.
    expect(seen(master)).toBe([first, second].includes('restart') ? 'up' : 'down');
    await master.restart();
    expect(seen(master)).toBe('up');
  });

  it('does not outlive the cluster', async () => {
    for (const verb of ['stop', 'restart'] as const) {
      const cluster = await startCluster({ masters: 1, replicas: 0 });
      const [node] = cluster.nodes;
      const told = Promise.allSettled([node![verb](), node![verb]()]);
      await cluster.close();
      await told;
      expect(seen(node!)).toBe('down');
      await expect(RespClient.connect({ port: node!.port })).rejects.toThrow('ECONNREFUSED');
    }
  });

  it('by a client is done before it is started again', async () => {
    await using cluster = await startCluster({ masters: 1, replicas: 0 });
    const [node] = cluster.nodes;
    for (let i = 0; i < 5; i++) {
      await using client = await RespClient.connect({ port: node!.port });
      client.send('SHUTDOWN');
      while (node!.alive) await new Promise((done) => setImmediate(done));
      await node!.restart();
      expect(seen(node!)).toBe('up');
    }
  });
});
