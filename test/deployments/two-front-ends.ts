/**
 * Users, the append-only file, and HAProxy with two front ends: one leads to the master, one to its replicas. Its page of
 * statistics shows in red who is down, and in green who is up.
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
  untilText,
} from './programs.ts';

const PASSWORD = 'R3plicationP4sswd';
const USER_RULES = ['on', 'allchannels', `>${PASSWORD}`, '~*', '&*', '+@all'];
const NAMES = ['redis1', 'redis2', 'redis3'] as const;
/** Prints "front end/server class" for each row. The page shows `active_up` in green and `active_down` in red. */
const READ_PAGE = `
  const page = await (await fetch('http://localhost:8080/')).text();
  for (const [, row, name] of page.matchAll(/<tr class="(active_\\w+)"><td class=ac><a name="([^"]+)"/g)) console.log(name, row);
`;

export async function twoFrontEnds(binaries: Binaries): Promise<void> {
  await using lan = await Lan.create([...NAMES, 'proxy']);
  const hosts = NAMES.map((name) => lan.host(name));
  const [master] = hosts as [Host];
  const proxy = lan.host('proxy');
  const cli = new Cli(lan, PASSWORD);
  const servers = hosts.map((host) => startServer(binaries, host, serverLines(host, master)));
  for (const { name } of hosts) {
    await untilText(lan, `${name} answers`, () => cli.server(name, 'PING'), /^PONG$/);
    assert.equal(await cli.server(name, 'ACL', 'SETUSER', 'admin', ...USER_RULES), 'OK');
    assert.equal(await cli.server(name, 'CONFIG', 'REWRITE'), 'OK');
  }
  for (const host of hosts) startSentinel(binaries, host, sentinelLines(host, master));
  startHaProxy(proxy, proxyLines(hosts));
  const page = (): Promise<string> => proxy.run([process.execPath, '--input-type=module', '-e', READ_PAGE]);
  const colours = (wanted: Readonly<Record<string, 'red' | 'green'>>): RegExp => {
    const rows = Object.entries(wanted).map(
      ([row, colour]) => `(?=[^]*^${row} ${colour === 'green' ? 'active_up' : 'active_down'}$)`,
    );
    return new RegExp(`^${rows.join('')}`, 'm');
  };

  await untilText(
    lan,
    'the page shows the master and two replicas',
    page,
    colours({
      'master/redis1': 'green',
      'master/redis2': 'red',
      'master/redis3': 'red',
      'replicas/redis1': 'red',
      'replicas/redis2': 'green',
      'replicas/redis3': 'green',
    }),
  );
  for (const { name } of hosts) {
    const knows = /^master0:name=mymaster,status=ok,address=\S+,slaves=2,sentinels=3\r?$/m;
    await untilText(lan, `the sentinel of ${name} knows all`, () => cli.sentinel(name, 'INFO', 'sentinel'), knows);
  }
  await untilText(lan, 'clients can write', () => cli.at('proxy', 6379, 'SET', 'key', 'value'), /^OK$/);
  await untilText(lan, 'replicas have it', () => cli.at('proxy', 6380, 'GET', 'key'), /^value$/);

  await servers[0]!.stop();
  const shown = await untilText(
    lan,
    'the page shows another master',
    page,
    /^master\/redis1 active_down$[^]*^master\/redis[23] active_up$/m,
  );
  const promoted = /master\/(redis[23]) active_up/.exec(shown)![1]!;
  await untilText(lan, 'it takes writes', () => cli.at('proxy', 6379, 'SET', 'meanwhile', 'written'), /^OK$/);

  startAgain(binaries, master);
  await untilText(
    lan,
    'the old master is green among the replicas',
    page,
    colours({
      'master/redis1': 'red',
      'replicas/redis1': 'green',
      [`master/${promoted}`]: 'green',
      [`replicas/${promoted}`]: 'red',
    }),
  );
  await untilText(lan, 'it has what was written', () => cli.server('redis1', 'GET', 'meanwhile'), /^written$/);
  mustMatch(await cli.server('redis1', 'ACL', 'LIST'), /^user admin on #[0-9a-f]{64} ~\* &\* \+@all$/m);
  assert.match(master.read('redis.conf'), /^user admin on #[0-9a-f]{64} ~\* &\* \+@all$/m);
}

function serverLines(host: Host, master: Host): string[] {
  return [
    `bind 127.0.0.1 ${host.ip}`,
    'protected-mode no',
    `requirepass ${PASSWORD}`,
    `masterauth ${PASSWORD}`,
    'masteruser admin',
    'appendonly yes',
    ...(host === master ? [] : [`replicaof ${master.ip} 6379`]),
  ];
}

function sentinelLines(host: Host, master: Host): string[] {
  return [
    `bind 127.0.0.1 ${host.ip}`,
    'protected-mode no',
    `sentinel monitor mymaster ${master.ip} 6379 2`,
    'sentinel down-after-milliseconds mymaster 15000',
    'sentinel failover-timeout mymaster 30000',
    `sentinel auth-pass mymaster ${PASSWORD}`,
    'sentinel auth-user mymaster admin',
  ];
}

function proxyLines(hosts: readonly Host[]): string[] {
  const listen = (name: string, port: number, role: string): string[] => [
    `listen ${name}`,
    `  bind *:${port}`,
    '  option tcp-check',
    // Without an expect between them these leave in one segment.
    `  tcp-check send AUTH\\ admin\\ ${PASSWORD}\\r\\n`,
    '  tcp-check send PING\\r\\n',
    '  tcp-check expect string +PONG',
    '  tcp-check send info\\ replication\\r\\n',
    `  tcp-check expect string role:${role}`,
    '  tcp-check send QUIT\\r\\n',
    '  tcp-check expect string +OK',
    ...hosts.map((host) => `  server ${host.name} ${host.ip}:6379 check inter 1s`),
  ];
  return [
    '  timeout client 30s',
    '  timeout server 30s',
    ...listen('master', 6379, 'master'),
    ...listen('replicas', 6380, 'slave'),
    'listen stats',
    '  mode http',
    '  bind *:8080',
    '  stats enable',
    '  stats uri /',
  ];
}
