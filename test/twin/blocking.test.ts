/**
 * Several clients wait for the same lists, on this server and on redis-server, while others push, rename, swap and
 * delete. Each client must receive the same bytes from both, and one that listens to keyspace events hears the same
 * ones in the same order.
 *
 * A client of its own makes sure that each command was executed before the next one is sent; a command behind one that
 * waits is executed when that was served. SWAPDB is left out: which of two keys it makes ready first depends on Redis'
 * hash table.
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../src/topology/server.ts';
import { type RedisProcess, startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { encodeCommand, RespClient } from '../support/resp-client.ts';

/** Which client sends it, and the command. The first one never waits. */
type Step = readonly [client: number, command: string];

const WAITING_CLIENTS = 4;
const RUNS = Number(process.env['TWIN_RUNS'] ?? 60);

function oneOf(commands: string): fc.Arbitrary<string> {
  return fc.constantFrom(...commands.split('|').map((command) => command.trim()));
}

const waits = oneOf(`
  BLPOP a 0 | BRPOP a 0 | BLPOP b a 0 | BRPOP b c b 0 | BLMPOP 0 2 a b LEFT |
  BLMPOP 0 1 a RIGHT COUNT 2 | BLMOVE a b LEFT RIGHT 0 | BLMOVE b a RIGHT LEFT 0 |
  BLMOVE a a LEFT RIGHT 0 | BRPOPLPUSH a c 0 | BRPOPLPUSH b b 0 | HELLO 3 | SELECT 1 | SELECT 0 | PING |
  BLPOP a -1 | BLPOP a | BLMPOP 0 3 a b LEFT
`);
const changes = oneOf(`
  RPUSH a 1 | RPUSH a 1 2 3 | LPUSH b x y | RPUSH c z | LPUSHX a w | RPUSH d 1 2 | LPUSH a 1 |
  RPUSH b 5 | RENAME d a | RENAME a b | COPY d b | MOVE a 1 | RPOPLPUSH d a | LMOVE d b LEFT LEFT |
  SORT d STORE a | SET c text | SET a text | DEL a | DEL c | FLUSHALL | SELECT 1 | SELECT 0 | SADD a m |
  MULTI | EXEC | EXEC | LRANGE a 0 -1 | LRANGE b 0 -1 | KEYS none | INFO none | PEXPIREAT a 1
`);
const scripts = fc.array(
  fc.oneof(fc.tuple(fc.integer({ min: 1, max: WAITING_CLIENTS }), waits), fc.tuple(fc.constant(0), changes)),
  { maxLength: 40, size: 'max' },
);

/** Plays a script; gives everything that each client received, and at last the one that listens. */
async function play(port: number, script: readonly Step[]): Promise<string[]> {
  await using fence = await RespClient.connect({ port });
  await fence.pipeline([['FLUSHALL'], ['CONFIG', 'SET', 'notify-keyspace-events', 'EA']]);
  const clients: RespClient[] = [];
  for (let i = 0; i <= WAITING_CLIENTS + 1; i++) clients.push(await RespClient.connect({ port }));
  const received = clients.map((client) => client.readUntilClose());
  const listener = clients.length - 1;
  for (const [client, command] of [[listener, 'PSUBSCRIBE *'] as const, ...script]) {
    clients[client]!.sendRaw(encodeCommand(command.split(' ')));
    // The first answer may overtake the command, which had arrived by then; the second one cannot.
    await fence.call('PING');
    await fence.call('PING');
  }
  const left = await fence.callRaw('DEBUG', 'DIGEST');
  const waiting = /blocked_clients:\d+/.exec(await fence.callRaw('INFO', 'clients'))![0];
  for (const client of clients) client.end();
  return [...(await Promise.all(received)).map(comparable), left, waiting];
}

function comparable(text: string): string {
  return text.replaceAll(/\$2\r\nid\r\n:\d+/g, '$2\r\nid\r\n:N');
}

describeWith('redis-server', 'Clients that wait, of this server and of redis-server', () => {
  let redis: RedisProcess;
  let ours: ServerHandle;

  beforeAll(async () => {
    redis = await startRedis({ options: { 'enable-debug-command': 'local' } });
    ours = await startServer({ config: { 'enable-debug-command': 'local' } });
  });

  afterAll(async () => {
    await redis.stop();
    await ours.close();
  });

  it('receive the same, whatever others do', async () => {
    const same = async (script: readonly Step[]): Promise<void> => {
      const expected = await play(redis.port, script);
      expect(await play(ours.port, script)).toEqual(expected);
    };
    await fc.assert(fc.asyncProperty(scripts, same), { numRuns: RUNS });
  }, 600_000);
});
