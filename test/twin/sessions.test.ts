/**
 * Several clients talk in turn to this server and to redis-server: transactions, watched keys, subscriptions,
 * messages, notifications, MONITOR, replies switched off. Each client must receive the same bytes from both.
 *
 * Commands are sent one at a time, and a client of its own makes sure that each was executed before the next one is
 * sent. What cannot be equal is made so: ids, addresses, times.
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../src/topology/server.ts';
import { type RedisProcess, startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { encodeCommand, RespClient } from '../support/resp-client.ts';

/** Which client sends it, and the words of the command. */
type Step = readonly [client: number, ...command: string[]];

const CLIENTS = 3;
const RUNS = Number(process.env['TWIN_RUNS'] ?? 60);

const commands = fc.oneof(
  { weight: 8, arbitrary: words('MULTI', 'EXEC', 'DISCARD', 'WATCH k', 'UNWATCH', 'MULTI', 'EXEC', 'EXEC x') },
  {
    weight: 8,
    arbitrary: words('SET k 1', 'INCR k', 'GET k', 'DEL k', 'APPEND k x', 'RENAME k j', 'SETNX k 2', 'MGET j k'),
  },
  { weight: 3, arbitrary: words('SELECT 0', 'SELECT 1', 'SWAPDB 0 1', 'FLUSHDB', 'FLUSHALL', 'SELECT 99') },
  {
    weight: 8,
    arbitrary: words(
      'SUBSCRIBE a',
      'SUBSCRIBE a b a',
      'UNSUBSCRIBE a',
      'UNSUBSCRIBE b x',
      'PSUBSCRIBE a*',
      'PUNSUBSCRIBE a*',
      'SSUBSCRIBE a',
      'SUNSUBSCRIBE',
      'PUNSUBSCRIBE',
    ),
  },
  {
    weight: 6,
    arbitrary: words(
      'PUBLISH a hi',
      'PUBLISH b hi',
      'SPUBLISH a hi',
      'PUBSUB NUMSUB a b',
      'PUBSUB NUMPAT',
      'PUBSUB SHARDNUMSUB a',
      'PUBSUB CHANNELS x*',
    ),
  },
  { weight: 6, arbitrary: words('PING', 'PING x', 'ECHO x', 'HELLO 2', 'HELLO 3', 'RESET', 'PING a b', 'QUIT') },
  {
    weight: 5,
    arbitrary: words(
      'CLIENT REPLY OFF',
      'CLIENT REPLY ON',
      'CLIENT REPLY SKIP',
      'CLIENT SETNAME me',
      'CLIENT GETNAME',
      'CLIENT NO-EVICT ON',
      'CLIENT UNPAUSE',
      'CLIENT KILL TYPE master',
    ),
  },
  {
    weight: 3,
    arbitrary: words(
      'CLIENT INFO',
      'CLIENT LIST TYPE replica',
      'CLIENT TRACKINGINFO',
      'AUTH x',
      'AUTH default x',
      'SELECT x',
    ),
  },
  { weight: 3, arbitrary: words('FOO bar', 'GET', 'CLIENT FOO', 'PUBSUB', 'SUBSCRIBE', 'SHUTDOWN x y') },
  {
    weight: 2,
    arbitrary: words('MONITOR', 'CONFIG SET notify-keyspace-events KEA', 'CONFIG SET notify-keyspace-events KEnm'),
  },
);
const scripts = fc.array(fc.tuple(fc.nat(CLIENTS - 1), commands), { maxLength: 30 });

function words(...texts: string[]): fc.Arbitrary<string> {
  return fc.constantFrom(...texts);
}

/** Plays a script; gives everything that each client received. */
async function play(port: number, script: readonly Step[]): Promise<string[]> {
  await using fence = await RespClient.connect({ port });
  await fence.pipeline([['FLUSHALL'], ['CONFIG', 'SET', 'notify-keyspace-events', '']]);
  const clients: RespClient[] = [];
  for (let i = 0; i < CLIENTS; i++) clients.push(await RespClient.connect({ port }));
  const received = clients.map((client) => client.readUntilClose());
  for (const [client, ...command] of script) {
    clients[client]!.sendRaw(encodeCommand(command));
    // The first answer may overtake the command, which had arrived by then; the second one cannot. Administrative
    // commands are not shown to monitors.
    await fence.call('CONFIG', 'GET', 'port');
    await fence.call('CONFIG', 'GET', 'port');
  }
  for (const client of clients) client.end();
  return (await Promise.all(received)).map(comparable);
}

function comparable(text: string): string {
  return text
    .replaceAll(/\$2\r\nid\r\n:\d+/g, '$2\r\nid\r\n:N')
    .replaceAll(/\+\d+\.\d{6} \[/g, '+T [')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
    .replaceAll(/[$=]\d+\r\n(?:txt:)?id=\d+ .*\n\r\n/g, (info) =>
      info.replace(/^.\d+/, 'N').replaceAll(/\b(id|fd|age|idle|qbuf-free|rbs|rbp|tot-mem)=\d+/g, '$1=N'),
    );
}

function stepsOf(text: string): Step[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [client = '', ...command] = line.trim().split(' ');
      return [Number(client), ...command];
    });
}

describeWith('redis-server', 'Clients of this server and of redis-server', () => {
  let redis: RedisProcess;
  let ours: ServerHandle;

  beforeAll(async () => {
    redis = await startRedis();
    ours = await startServer();
  });

  afterAll(async () => {
    await redis.stop();
    await ours.close();
  });

  async function expectSame(script: readonly Step[]): Promise<void> {
    const expected = await play(redis.port, script);
    expect(await play(ours.port, script)).toEqual(expected);
  }

  it.each([
    ['a transaction that others spoil', '0 WATCH k\n1 SET k 1\n0 MULTI\n0 GET k\n0 EXEC\n0 MULTI\n0 GET k\n0 EXEC'],
    [
      'a monitor of a transaction',
      '2 MONITOR\n0 MULTI\n0 SET k 1\n0 CLIENT REPLY OFF\n0 INCR k\n0 EXEC\n0 CLIENT REPLY ON',
    ],
    [
      'subscriptions inside a transaction',
      '0 MULTI\n0 SUBSCRIBE a\n0 SSUBSCRIBE a\n0 MONITOR\n0 EXEC\n1 PUBLISH a x\n0 PING',
    ],
    [
      'notifications to a client of its own',
      '0 HELLO 3\n0 CONFIG SET notify-keyspace-events KEA\n0 PSUBSCRIBE __key*\n0 SET k 1\n0 INCR k\n0 DEL k',
    ],
    ['silence', '0 CLIENT REPLY OFF\n0 SUBSCRIBE a\n1 PUBLISH a x\n0 FOO\n0 RESET\n0 PING'],
    ['skipping', '0 CLIENT REPLY SKIP\n0 MULTI\n0 PING\n0 CLIENT REPLY SKIP\n0 EXEC\n0 PING'],
    [
      'logging in',
      '0 AUTH x y z\n0 AUTH nobody x\n0 HELLO 3 AUTH default x SETNAME me\n0 CLIENT GETNAME\n0 HELLO 3 FOO',
    ],
    [
      'wrong words',
      '0 CLIENT KILL ID x y z\n0 CLIENT LIST ID\n0 CLIENT LIST TYPE foo\n0 CLIENT REPLY x\n0 CLIENT PAUSE -1\n0 CLIENT PAUSE 1 x\n0 CLIENT UNBLOCK 1 x\n0 CLIENT UNBLOCK x\n0 PUBSUB CHANNELS a b',
    ],
    ['EXEC with arguments', '0 MULTI\n0 EXEC x\n0 PING\n0 EXEC\n2 MONITOR\n0 MULTI\n0 FOO\n0 EXEC'],
    [
      'a client described in a transaction',
      '0 MULTI\n0 CLIENT INFO\n0 SUBSCRIBE a\n0 EXEC\n0 UNSUBSCRIBE\n0 CLIENT INFO',
    ],
  ])('receive the same: %s', async (_, script) => {
    await expectSame(stepsOf(script));
  });

  it('receive the same, whatever they do', async () => {
    const random = scripts.map((script) => script.map(([client, text]): Step => [client, ...text.split(' ')]));
    await fc.assert(fc.asyncProperty(random, expectSame), { numRuns: RUNS });
  }, 120_000);
});
