/**
 * Three hosts that are all alike, each with a server, a sentinel and HAProxy, and keepalived to let one address float
 * among them. The first host loses everything; clients of the floating address find the next one, with all keys.
 */
import assert from 'node:assert/strict';
import { type Host, type HostProcess, Lan } from './lan.ts';
import {
  type Binaries,
  Cli,
  mustMatch,
  startAgain,
  startHaProxy,
  startKeepalived,
  startSentinel,
  startSentinelAgain,
  startServer,
  stepByStepCheck,
  untilText,
} from './programs.ts';

const PASSWORD = 'somepassword';
const FLOATING = '198.18.0.100';
const PORT = 6380;
const NAMES = ['host1', 'host2', 'host3'] as const;

export async function floatingAddress(binaries: Binaries): Promise<void> {
  await using lan = await Lan.create(NAMES);
  const hosts = NAMES.map((name) => lan.host(name));
  const [host1, host2, host3] = hosts as [Host, Host, Host];
  const cli = new Cli(lan, PASSWORD);
  const everywhere = (...command: string[]): Promise<string> => cli.at(FLOATING, PORT, ...command);
  const servers = hosts.map((host) => startServer(binaries, host, serverLines(host, host1)));
  const sentinels = hosts.map((host) => startSentinel(binaries, host, sentinelLines(host1)));
  const proxies = hosts.map((host) => startFloatingProxy(host, hosts));
  for (const [index, host] of hosts.entries()) startKeepalived(host, FLOATING, 101 - index);

  const addresses = (host: Host) => (): Promise<string> => host.run(['ip', '-4', 'addr', 'show', 'eth0']);
  await untilText(lan, 'the address is on the first host', addresses(host1), new RegExp(`${FLOATING}/`));
  await untilText(lan, 'clients can write', () => everywhere('SET', 'key', 'value'), /^OK$/);
  for (const { name } of [host2, host3]) {
    await untilText(lan, `the key is on ${name}`, () => cli.server(name, 'GET', 'key'), /^value$/);
  }
  for (const { name } of hosts) {
    await untilText(
      lan,
      `the sentinel of ${name} knows all`,
      () => cli.sentinel(name, 'INFO', 'sentinel'),
      healthy(host1),
    );
  }

  await Promise.all([servers[0]!, sentinels[0]!, proxies[0]!].map((each) => each.stop()));
  const onOthers = async (): Promise<string> => (await addresses(host2)()) + (await addresses(host3)());
  await untilText(lan, 'the address moves', onOthers, new RegExp(`${FLOATING}/`));
  assert.doesNotMatch(await addresses(host1)(), new RegExp(`${FLOATING}/`));
  await untilText(lan, 'the key can be read', () => everywhere('GET', 'key'), /^value$/);
  await untilText(lan, 'two hosts take writes', () => everywhere('SET', 'meanwhile', 'written'), /^OK$/);

  startAgain(binaries, host1);
  startSentinelAgain(binaries, host1);
  startFloatingProxy(host1, hosts);
  const replication = (): Promise<string> => cli.server('host1', 'INFO', 'replication');
  mustMatch(await untilText(lan, 'the first host follows', replication, /master_link_status:up/), /^role:slave/m);
  assert.equal(await cli.server('host1', 'GET', 'meanwhile'), 'written');
  expectLogs(hosts, servers, sentinels);
}

function serverLines(host: Host, master: Host): string[] {
  return [
    `bind ${host.ip} 127.0.0.1`,
    `requirepass ${PASSWORD}`,
    `masterauth ${PASSWORD}`,
    'protected-mode yes',
    'tcp-keepalive 0',
    'maxmemory 5gb',
    'maxmemory-policy volatile-lru',
    ...(host === master ? [] : [`slaveof ${master.ip} 6379`]),
  ];
}

function sentinelLines(master: Host): string[] {
  return [
    'protected-mode no',
    `sentinel monitor mymaster ${master.ip} 6379 2`,
    `sentinel auth-pass mymaster ${PASSWORD}`,
    'sentinel down-after-milliseconds mymaster 3000',
    'sentinel failover-timeout mymaster 6000',
    'sentinel parallel-syncs mymaster 1',
  ];
}

/** It listens on an address that may be on another host. */
function startFloatingProxy(host: Host, hosts: readonly Host[]): HostProcess {
  host.command('echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind');
  return startHaProxy(host, [
    '  timeout client 3s',
    '  timeout server 3s',
    'listen redis',
    `  bind ${FLOATING}:${PORT}`,
    ...stepByStepCheck(PASSWORD),
    ...hosts.map(({ name, ip }) => `  server ${name} ${ip}:6379 check inter 1s`),
  ]);
}

function healthy(master: Host): RegExp {
  return new RegExp(`^master0:name=mymaster,status=ok,address=${master.ip}:6379,slaves=2,sentinels=3\r?$`, 'm');
}

/** The lines by which an administrator recognises what happened. */
function expectLogs(
  [host1, host2, host3]: readonly Host[],
  servers: readonly HostProcess[],
  sentinels: readonly HostProcess[],
): void {
  mustMatch(
    servers[0]!.log,
    new RegExp(`Replica ${host2!.ip}:6379 asks for synchronization`),
    new RegExp(`Synchronization with replica ${host3!.ip}:6379 succeeded`),
  );
  const others = servers[1]!.log + servers[2]!.log;
  mustMatch(
    others,
    new RegExp(`Replica ${host1!.ip}:6379 asks for synchronization`),
    /Partial resynchronization not accepted: Replication ID mismatch \(.*\)/,
    new RegExp(`Synchronization with replica ${host1!.ip}:6379 succeeded`),
  );
  for (const { log } of sentinels) {
    mustMatch(log, /\+monitor master mymaster/, /\+slave slave/, /\+sentinel sentinel/);
  }
}
