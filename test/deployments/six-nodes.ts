/**
 * A cluster of six nodes on three hosts, two on each, made by redis-cli: three masters, each with its replica on another
 * host. One host goes down with its master and its replica; every key can still be read, and both nodes come back as
 * replicas.
 */
import assert from 'node:assert/strict';
import { type Host, type HostProcess, Lan } from './lan.ts';
import { type Binaries, mustMatch, untilText } from './programs.ts';

const NAMES = ['redis1', 'redis2', 'redis3'] as const;
/** The ports of each host. */
const PORTS = [
  [6381, 6382],
  [6382, 6383],
  [6383, 6381],
] as const;
const SLOTS_OF_KEYS = { key1: 9189, key2: 4998, key3: 935 };

export async function sixNodes(binaries: Binaries): Promise<void> {
  await using lan = await Lan.create([...NAMES]);
  const hosts = NAMES.map((name) => lan.host(name));
  const [first, second, third] = hosts as [Host, Host, Host];
  const started = hosts.map((host, i) => PORTS[i]!.map((port) => startNode(binaries, host, port)));
  const cli = async (...words: string[]): Promise<string> => (await lan.client.run(['redis-cli', ...words])).trim();
  const at = (host: Host, port: number, ...words: string[]): Promise<string> =>
    cli('-c', '-h', host.ip, '-p', String(port), ...words);
  const nodes = (): Promise<string> => at(third, 6383, 'CLUSTER', 'NODES');
  const info = (): Promise<string> => at(third, 6383, 'CLUSTER', 'INFO');

  for (const [i, host] of hosts.entries()) {
    for (const port of PORTS[i]!)
      await untilText(lan, `${host.name}:${port} answers`, () => at(host, port, 'PING'), /^PONG$/);
  }
  const order = [0, 1].flatMap((n) => hosts.map((host, i) => `${host.ip}:${PORTS[i]![n]}`));
  const text = await cli('--cluster', 'create', ...order, '--cluster-replicas', '1', '--cluster-yes');
  mustMatch(
    text,
    /Master\[0\] -> Slots 0 - 5460/,
    /Master\[1\] -> Slots 5461 - 10922/,
    /Master\[2\] -> Slots 10923 - 16383/,
    /\[OK\] All nodes agree about slots configuration\./,
    /\[OK\] All 16384 slots covered\./,
  );
  // redis-cli waits until all masters agree about slots; of a replica, a node may hear a little later.
  await untilText(lan, 'all is well, and all six are known', info, /^cluster_state:ok[^]*^cluster_known_nodes:6\r?$/m);
  mustMatch(await info(), /^cluster_size:3\r?$/m);
  await untilText(lan, 'each master has its replica', nodes, /^(?=(?:[^]*? slave ){3})/);
  for (const [key, slot] of Object.entries(SLOTS_OF_KEYS)) {
    assert.equal(await at(first, 6381, 'CLUSTER', 'KEYSLOT', key), String(slot));
    assert.equal(await at(first, 6381, 'SET', key, `value of ${key}`), 'OK');
  }
  const readable = async (host: Host, port: number): Promise<void> => {
    for (const key of Object.keys(SLOTS_OF_KEYS)) {
      await untilText(lan, `${key} can be read`, () => at(host, port, 'GET', key), new RegExp(`^value of ${key}$`));
    }
  };
  await readable(second, 6383);

  for (const node of started[0]!) await node.stop();
  const fails = (port: number): string => `${first.ip}:${port}@\\d+ \\S*(?<!\\?)\\bfail\\b(?!\\?)`;
  await untilText(
    lan,
    'the host is shown to have failed, and another one has its slots',
    nodes,
    new RegExp(`^(?=[^]*${fails(6381)})(?=[^]*${fails(6382)})(?=[^]* (?:myself,)?master - .* connected 0-5460$)`, 'm'),
  );
  await untilText(lan, 'all is well again', info, /^cluster_state:ok/m);
  await readable(second, 6382);

  for (const port of PORTS[0]) startNode(binaries, first, port);
  const follows = (port: number): string => `${first.ip}:${port}@\\d+ slave .* connected`;
  const back = new RegExp(`^(?=[^]*${follows(6381)})(?=[^]*${follows(6382)})`);
  await untilText(lan, 'both nodes are back as replicas', nodes, back);
  await readable(first, 6382);
}

function startNode(binaries: Binaries, host: Host, port: number): HostProcess {
  const file = host.write(`redis-${port}.conf`, [
    `port ${port}`,
    `bind ${host.ip}`,
    `dir ${host.folder}`,
    'protected-mode no',
    `pidfile ${host.folder}/redis-${port}.pid`,
    'cluster-enabled yes',
    `cluster-config-file nodes-${port}.conf`,
    'cluster-node-timeout 15000',
    `dbfilename dump-${port}.rdb`,
  ]);
  return host.start([...binaries.server, file]);
}
