/**
 * One master, one replica, one sentinel that decides alone, and HAProxy in front: a service that knows one address.
 * The master is stopped, comes back as a replica, and becomes the master again when the other one is stopped.
 */
import assert from 'node:assert/strict';
import { type Host, Lan } from './lan.ts';
import {
  type Binaries,
  Cli,
  mustMatch,
  startAgain,
  startHaProxy,
  startSentinel,
  startServer,
  stepByStepCheck,
  untilText,
} from './programs.ts';

const PASSWORD = 'TestPass';

export async function masterAndReplica(binaries: Binaries): Promise<void> {
  await using lan = await Lan.create(['redis1', 'redis2', 'redis3']);
  const [redis1, redis2, redis3] = ['redis1', 'redis2', 'redis3'].map((name) => lan.host(name)) as [Host, Host, Host];
  const cli = new Cli(lan, PASSWORD);
  const anywhere = ['bind 0.0.0.0', `requirepass ${PASSWORD}`, `masterauth ${PASSWORD}`];
  const first = startServer(binaries, redis1, anywhere);
  const second = startServer(binaries, redis2, [...anywhere, 'slaveof redis1 6379']);
  startSentinel(binaries, redis3, [
    `bind ${redis3.ip} 127.0.0.1 ::1`,
    'sentinel resolve-hostnames yes',
    'sentinel monitor master01 redis1 6379 1',
    'sentinel down-after-milliseconds master01 3000',
    'sentinel failover-timeout master01 6000',
    'sentinel parallel-syncs master01 1',
    `sentinel auth-pass master01 ${PASSWORD}`,
  ]);
  startHaProxy(redis3, [
    '  timeout client 30s',
    '  timeout server 30s',
    'listen redis',
    '  bind *:6379',
    ...stepByStepCheck(PASSWORD),
    '  server redis1 redis1:6379 check inter 3s',
    '  server redis2 redis2:6379 check inter 3s',
  ]);
  const info = (host: string) => (): Promise<string> => cli.server(host, 'INFO', 'replication');
  const sentinel = (): Promise<string> => cli.sentinel('redis3', 'INFO', 'sentinel');
  const masterIs = (ip: string): RegExp =>
    new RegExp(`^master0:name=master01,status=ok,address=${ip}:6379,slaves=1,sentinels=1\r?$`, 'm');

  await untilText(lan, 'redis2 follows redis1', info('redis2'), /master_link_status:up/);
  mustMatch(await info('redis2')(), /^role:slave/m, /^master_host:redis1/m, /^slave_repl_offset:\d+/m);
  mustMatch(
    await untilText(lan, 'redis1 has a replica', info('redis1'), /state=online/),
    /^role:master/m,
    /^connected_slaves:1/m,
    new RegExp(`^slave0:ip=${redis2.ip},port=6379,state=online,offset=\\d+,lag=\\d`, 'm'),
    /^repl_backlog_active:1/m,
    /^repl_backlog_first_byte_offset:\d+/m,
    /^repl_backlog_histlen:\d+/m,
  );
  await untilText(lan, 'the sentinel knows both', sentinel, masterIs(redis1.ip));

  await untilText(lan, 'HAProxy leads to redis1', () => cli.server('redis3', 'SET', 'key', 'before'), /^OK$/);
  // One connection for all, as an application has it; redis-cli connects anew when it breaks.
  const asks = `while sleep 0.2; do echo GET key; done | redis-cli -h redis3 -a ${PASSWORD} --no-auth-warning`;
  const patient = redis3.start(['sh', '-c', asks]);
  await untilText(lan, 'a client reads', async () => patient.log, /before/);
  await first.stop();
  await untilText(lan, 'the sentinel names redis2', sentinel, masterIs(redis2.ip));
  await untilText(
    lan,
    'the client goes on',
    async () => patient.log.trim(),
    /before[^]*(?:closed|refused|reset|I\/O)[^]*before$/,
  );
  await untilText(lan, 'redis2 takes writes', () => cli.server('redis3', 'SET', 'key', 'after'), /^OK$/);

  startAgain(binaries, redis1);
  const back = await untilText(lan, 'redis1 follows redis2', info('redis1'), /master_link_status:up/);
  mustMatch(back, /^role:slave/m, new RegExp(`^master_host:${redis2.ip}`, 'm'));
  assert.equal(await cli.server('redis1', 'GET', 'key'), 'after');

  await second.stop();
  const promoted = await untilText(lan, 'redis1 is promoted', info('redis1'), /^role:master/m);
  mustMatch(promoted, /^master_replid2:(?!0{40})[0-9a-f]{40}/m, /^second_repl_offset:\d+/m);
  await untilText(lan, 'the sentinel names redis1', sentinel, masterIs(redis1.ip));
  await untilText(lan, 'the key is still there', () => cli.server('redis3', 'GET', 'key'), /^after$/);
}
