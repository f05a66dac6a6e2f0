/**
 * How clients begin that cannot run here: their handshakes, sent as they send them, and the replies that they rely on.
 * The same scripts run against the real server.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer } from '../../src/index.ts';
import { startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { type Argument, encodeCommand, RespClient } from '../support/resp-client.ts';

interface Target extends AsyncDisposable {
  readonly port: number;
}

describe('handshakes with this server', () => handshakes(() => startServer({ password: 'pw' })));
describeWith('redis-server', 'handshakes with redis-server', () =>
  handshakes(() => startRedis({ options: { requirepass: 'pw' } })),
);

const NO_SETINFO = "-ERR unknown subcommand 'SETINFO'. Try CLIENT HELP.\r\n";
const TRACER = Buffer.from('9f1c2a3b4d5e6f708192a3b4c5d6e7f8', 'hex');

type Step = readonly [command: readonly Argument[], reply: string | RegExp];

/** What StackExchange.Redis sends on its interactive connection, in one go. */
const INTERACTIVE: readonly Step[] = [
  [['CLIENT', 'SETNAME', 'host(SE.Redis-v2.8.0)'], '+OK\r\n'],
  [['CLIENT', 'SETINFO', 'lib-name', 'SE.Redis'], NO_SETINFO],
  [['CLIENT', 'SETINFO', 'lib-ver', '2.8.0'], NO_SETINFO],
  [['CLIENT', 'ID'], /^:\d+\r\n$/],
  [['CONFIG', 'GET', 'timeout'], pairs('timeout', '0')],
  [['CONFIG', 'GET', 'replica-read-only'], pairs('replica-read-only', 'yes')],
  [['CONFIG', 'GET', 'slave-read-only'], pairs('slave-read-only', 'yes')],
  [['CONFIG', 'GET', 'databases'], pairs('databases', '16')],
  [['SENTINEL', 'MASTERS'], "-ERR unknown command 'SENTINEL', with args beginning with: 'MASTERS' \r\n"],
  [['INFO', 'replication'], /^[$=]\d+\r\n(?:txt:)?# Replication\r\nrole:master\r\nconnected_slaves:0\r\n/],
  [['INFO', 'server'], /redis_version:7\.0\.15\r\n[^]*redis_mode:standalone\r\n[^]*run_id:[0-9a-f]{40}\r\n/],
  // Any error will do: it means that there is no cluster.
  [['CLUSTER', 'NODES'], /^-ERR /],
  [['GET', '__Booksleeve_TieBreak'], /^(?:\$-1|_)\r\n$/],
  [['ECHO', TRACER], `$16\r\n${TRACER.toString('latin1')}\r\n`],
];

const SUBSCRIPTION: readonly Step[] = [
  [['AUTH', 'pw'], '+OK\r\n'],
  [['CLIENT', 'SETNAME', 'host(SE.Redis-v2.8.0)'], '+OK\r\n'],
  [['CLIENT', 'SETINFO', 'lib-name', 'SE.Redis'], NO_SETINFO],
  [['CLIENT', 'ID'], /^:\d+\r\n$/],
  [['ECHO', TRACER], `$16\r\n${TRACER.toString('latin1')}\r\n`],
  [['SUBSCRIBE', '__Booksleeve_MasterChanged'], '*3\r\n$9\r\nsubscribe\r\n$26\r\n__Booksleeve_MasterChanged\r\n:1\r\n'],
  [['PING'], '*2\r\n$4\r\npong\r\n$0\r\n\r\n'],
  [['UNSUBSCRIBE', TRACER], `*3\r\n$11\r\nunsubscribe\r\n$16\r\n${TRACER.toString('latin1')}\r\n:1\r\n`],
];

const REDIS_PY: readonly Step[] = [
  [['HELLO', '3', 'AUTH', 'default', 'pw'], /^%7\r\n\$6\r\nserver\r\n\$5\r\nredis\r\n/],
  [['CLIENT', 'MAINT_NOTIFICATIONS', 'ON', 'moving-endpoint-type', 'internal-ip'], /^-ERR unknown subcommand/],
  [['CLIENT', 'SETNAME', 'worker'], '+OK\r\n'],
  [['CLIENT', 'SETINFO', 'LIB-NAME', 'redis-py'], NO_SETINFO],
  [['CLIENT', 'SETINFO', 'LIB-VER', '8.1.0'], NO_SETINFO],
  [['SELECT', '4'], '+OK\r\n'],
  [['CLIENT', 'GETNAME'], '$6\r\nworker\r\n'],
  [['GET', 'nothing'], '_\r\n'],
  [['CONFIG', 'GET', 'databases'], '%1\r\n$9\r\ndatabases\r\n$2\r\n16\r\n'],
];

const IOREDIS_6: readonly Step[] = [
  [['hello', '3', 'AUTH', 'default', 'pw'], /^%7\r\n/],
  [['select', '1'], '+OK\r\n'],
  [['client', 'setname', 'me'], '+OK\r\n'],
  [['client', 'SETINFO', 'LIB-VER', '6.0.0'], NO_SETINFO],
  [['client', 'SETINFO', 'LIB-NAME', 'ioredis'], NO_SETINFO],
  [['info'], /^=\d+\r\ntxt:# Server\r\n[^]*\r\nloading:0\r\n[^]*\r\nrole:master\r\n/],
  [['quit'], '+OK\r\n'],
];

const NODE_REDIS_4: readonly Step[] = [
  [['AUTH', 'pw'], '+OK\r\n'],
  [['CLIENT', 'SETNAME', 'me'], '+OK\r\n'],
  [['CLIENT', 'SETINFO', 'LIB-NAME', 'node-redis'], NO_SETINFO],
  [['SELECT', '2'], '+OK\r\n'],
  [['QUIT'], '+OK\r\n'],
];

const HELLOS: readonly Step[] = [
  [['HELLO', '3'], /^-NOAUTH HELLO must be called with the client already authenticated/],
  [['HELLO', '4'], '-NOPROTO unsupported protocol version\r\n'],
  [['HELLO', 'x'], '-ERR Protocol version is not an integer or out of range\r\n'],
  [['HELLO', '2', 'AUTH', 'default', 'wrong'], /^-WRONGPASS /],
  [['HELLO', '2', 'AUTH', 'default'], /^-ERR Syntax error in HELLO option 'AUTH'/],
  [['AUTH', 'wrong'], /^-WRONGPASS /],
  [['PING'], '-NOAUTH Authentication required.\r\n'],
  [['HELLO', '2', 'AUTH', 'default', 'pw', 'SETNAME', 'two'], /^\*14\r\n/],
  [['CLIENT', 'GETNAME'], '$3\r\ntwo\r\n'],
  [['HELLO', '3', 'SETNAME', 'three'], /^%7\r\n/],
  [['HELLO'], /^%7\r\n[^]*\$5\r\nproto\r\n:3\r\n/],
  [['HELLO', '2'], /^\*14\r\n[^]*\$5\r\nproto\r\n:2\r\n/],
  [['RESET'], '+RESET\r\n'],
  [['PING'], '-NOAUTH Authentication required.\r\n'],
];

function handshakes(start: () => Promise<Target>): void {
  let target: Target;
  beforeAll(async () => {
    target = await start();
  });
  afterAll(() => target[Symbol.asyncDispose]());

  /** Sends everything, then compares reply by reply. */
  async function play(steps: readonly Step[], inPieces: boolean): Promise<void> {
    await using client = await RespClient.connect({ port: target.port });
    const all = Buffer.concat(steps.map(([command]) => encodeCommand(command)));
    if (inPieces) for (const byte of all) client.sendRaw(Buffer.of(byte));
    else client.sendRaw(all);
    for (const [command, reply] of steps) {
      const raw = await client.nextRaw();
      if (typeof reply === 'string') expect(raw, command.join(' ')).toBe(reply);
      else expect(raw, command.join(' ')).toMatch(reply);
    }
  }

  const SCRIPTS: readonly (readonly [string, readonly Step[]])[] = [
    ['StackExchange.Redis with AUTH', [[['AUTH', 'default', 'pw'], '+OK\r\n'], ...INTERACTIVE]],
    ['StackExchange.Redis with HELLO', [[['HELLO', '3', 'AUTH', 'default', 'pw'], /^%7\r\n/], ...inResp3(INTERACTIVE)]],
    ['the subscription connection of StackExchange.Redis', SUBSCRIPTION],
    ['redis-py', REDIS_PY],
    ['ioredis 6', IOREDIS_6],
    ['node-redis 4', NODE_REDIS_4],
    ['HELLO in all its forms', HELLOS],
  ];
  it.each(SCRIPTS)('%s', async (_, steps) => {
    await play(steps, false);
    await play(steps, true);
  });
}

function pairs(name: string, value: string): string {
  return `*2\r\n$${name.length}\r\n${name}\r\n$${value.length}\r\n${value}\r\n`;
}

/** CONFIG GET gives a map. */
function inResp3(steps: readonly Step[]): readonly Step[] {
  return steps.map(([command, reply]) => [command, typeof reply === 'string' ? reply.replace(/^\*2/, '%1') : reply]);
}
