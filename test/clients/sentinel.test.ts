/** Clients that find the master by asking sentinels, or by one address, while the master changes. */
import { Redis } from 'ioredis';
import { createSentinel } from 'redis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ReplicaSet, startReplicaSet } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { type Argument, encodeCommand, RespClient, RespPush } from '../support/resp-client.ts';

const PASSWORD = 'TestPass';
const PATIENT = { timeoutMs: 30_000 };
const TIMEOUT_MS = 60_000;

let set: ReplicaSet;
beforeEach(async () => {
  set = await startReplicaSet({ password: PASSWORD });
}, TIMEOUT_MS);
afterEach(() => set.close());

/** What changes the master. */
const changes: readonly (readonly [string, () => Promise<void>])[] = [
  ['is killed', () => set.master.kill()],
  ['steps down', () => set.failover(PATIENT)],
];

function changesOfMaster(): number {
  const { history } = set.events;
  const switches = history.flatMap((event) =>
    event.type === 'sentinel' && event.event === '+switch-master' ? [event.payload] : [],
  );
  return new Set(switches).size;
}

/** Writes until it is stopped. Errors of the moment in which there is no master are its lot. */
class Writer {
  written = 0;
  failed = 0;
  #goesOn = true;
  readonly #done: Promise<void>;

  constructor(write: () => Promise<unknown>) {
    this.#done = this.#run(write);
  }

  async #run(write: () => Promise<unknown>): Promise<void> {
    while (this.#goesOn) {
      try {
        await write();
        this.written++;
      } catch {
        this.failed++;
      }
      await new Promise((next) => setTimeout(next, 5));
    }
  }

  /** Waits for that many further successes. */
  async more(count: number): Promise<void> {
    const goal = this.written + count;
    await eventually(() => this.written >= goal, { ...PATIENT, what: `${count} more writes` });
  }

  async stop(): Promise<void> {
    this.#goesOn = false;
    await this.#done;
  }
}

describe('ioredis', () => {
  const bySentinels = (): Redis => new Redis({ sentinels: set.sentinels, name: set.name, password: PASSWORD });
  const byEndpoint = (): Redis => new Redis(set.endpoint.url);

  describe.each([
    ['asking sentinels', bySentinels],
    ['at the address of the set', byEndpoint],
  ])('%s', (_, open) => {
    it.each(changes)(
      'loses its connection once when the master %s, and goes on',
      async (_title, change) => {
        const redis = open();
        let connections = 0;
        redis.on('ready', () => connections++).on('error', () => {});
        const writer = new Writer(() => redis.incr('counter'));
        try {
          await writer.more(10);
          const before = set.master;
          await change();
          await eventually(() => set.master !== before, PATIENT);
          await eventually(() => connections >= 2, PATIENT);
          await writer.more(20);
          await set.stable(PATIENT);
          // Once for each change: on a machine that stands still now and then, sentinels may make another one.
          expect(connections - 1).toBeLessThanOrEqual(changesOfMaster());
          expect(Number(await set.master.execute('GET', 'counter'))).toBeGreaterThanOrEqual(20);
        } finally {
          await writer.stop();
          redis.disconnect();
        }
      },
      TIMEOUT_MS,
    );
  });

  it('reads from a replica that a sentinel names', async () => {
    await set.master.execute('SET', 'k', 'v');
    await set.stable(PATIENT);
    const redis = new Redis({ sentinels: set.sentinels, name: set.name, password: PASSWORD, role: 'slave' });
    try {
      expect(await redis.get('k')).toBe('v');
      await expect(redis.set('k', 'w')).rejects.toThrow(/READONLY/);
    } finally {
      redis.disconnect();
    }
  });
});

describe('node-redis', () => {
  it.each(changes)(
    'goes on when the master %s',
    async (_title, change) => {
      const sentinel = createSentinel({
        name: set.name,
        sentinelRootNodes: set.sentinels.map(({ host, port }) => ({ host, port })),
        nodeClientOptions: { password: PASSWORD },
        scanInterval: 200,
      });
      sentinel.on('error', () => {});
      await sentinel.connect();
      const writer = new Writer(() => sentinel.incr('counter'));
      try {
        await writer.more(10);
        const before = set.master;
        await change();
        await eventually(() => set.master !== before, PATIENT);
        // node-redis waits for every node that a sentinel names, and may have read of the dead one just before it was missed.
        if (!before.alive) await before.restart();
        await writer.more(20);
        expect(Number(await set.master.execute('GET', 'counter'))).toBeGreaterThanOrEqual(20);
      } finally {
        await writer.stop();
        await sentinel.close();
      }
    },
    TIMEOUT_MS,
  );
});

type Step = readonly [command: readonly Argument[], reply: string | RegExp];

/** What StackExchange.Redis sends to a sentinel at first, in one go. */
const HANDSHAKE: readonly Step[] = [
  [['HELLO', '2'], /^\*12\r\n\$6\r\nserver\r\n\$5\r\nredis\r\n[^]*\$4\r\nmode\r\n\$8\r\nsentinel\r\n/],
  [['SENTINEL', 'MASTERS'], /^\*1\r\n\*40\r\n\$4\r\nname\r\n\$8\r\nmymaster\r\n\$2\r\nip\r\n/],
  [['INFO', 'replication'], '$0\r\n\r\n'],
  [['INFO', 'server'], /redis_version:7\.0\.15\r\n[^]*redis_mode:sentinel\r\n/],
  [['PING'], '+PONG\r\n'],
];
const SUBSCRIPTIONS: readonly Step[] = [
  [['SUBSCRIBE', '+switch-master'], '*3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n'],
  [['SUBSCRIBE', '+sentinel'], '*3\r\n$9\r\nsubscribe\r\n$9\r\n+sentinel\r\n:2\r\n'],
];
const QUESTIONS: readonly Step[] = [
  [['SENTINEL', 'get-master-addr-by-name', 'mymaster'], /^\*2\r\n\$9\r\n127\.0\.0\.1\r\n\$5\r\n\d+\r\n$/],
  [['SENTINEL', 'get-master-addr-by-name', 'unknown'], '*-1\r\n'],
  [
    ['SENTINEL', 'REPLICAS', 'mymaster'],
    /^\*2\r\n\*\d+\r\n\$4\r\nname\r\n[^]*\$2\r\nip\r\n\$9\r\n127\.0\.0\.1\r\n\$4\r\nport\r\n/,
  ],
  [['SENTINEL', 'SENTINELS', 'mymaster'], /^\*\d\r\n(?:\*\d+\r\n\$4\r\nname\r\n)?/],
];

/** @param port of a sentinel that watches the set */
async function isServed(port: number): Promise<void> {
  await using interactive = await RespClient.connect({ port });
  await plays(interactive, HANDSHAKE);
  await using subscriber = await RespClient.connect({ port });
  await plays(subscriber, SUBSCRIPTIONS);
  await eventually(() => plays(interactive, QUESTIONS).then(() => true), PATIENT);
  const before = set.master;
  await set.failover(PATIENT);
  const switched = [set.name, before.host, before.port, set.master.host, set.master.port].join(' ');
  const message = await eventually(async () => {
    const reply = await subscriber.nextReply();
    return Array.isArray(reply) && !(reply instanceof RespPush) && reply[1] === '+switch-master' ? reply : null;
  }, PATIENT);
  expect(message).toEqual(['message', '+switch-master', switched]);
}

async function plays(client: RespClient, steps: readonly Step[]): Promise<void> {
  client.sendRaw(Buffer.concat(steps.map(([command]) => encodeCommand(command))));
  for (const [[name, ...rest], expected] of steps) {
    const reply = await client.nextRaw();
    const title = `${String(name)} ${rest.map(String).join(' ')}`;
    if (typeof expected === 'string') expect(reply, title).toBe(expected);
    else expect(reply, title).toMatch(expected);
  }
}

describe('StackExchange.Redis', () => {
  it('is answered by a sentinel', () => isServed(set.sentinels[0]!.port), TIMEOUT_MS);
});

describeWith('redis-server', 'StackExchange.Redis and redis-sentinel', () => {
  it(
    'speak the same',
    async () => {
      await using real = await startRedis({
        args: ['--sentinel'],
        config: [
          `sentinel monitor mymaster 127.0.0.1 ${set.master.port} 2`,
          `sentinel auth-pass mymaster ${PASSWORD}`,
          'sentinel down-after-milliseconds mymaster 3000',
        ].join('\n'),
      });
      await isServed(real.port);
    },
    TIMEOUT_MS,
  );
});
