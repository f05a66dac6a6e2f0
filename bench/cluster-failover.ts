// How long a cluster is without a master: six processes, three masters with a replica each, node timeout 3000 ms. A master
// gets SIGKILL, and its replica is asked for its role until it is a master. Ours and redis-server take turns.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from './client.ts';
import type { Contestant } from './contestants.ts';
import type { Report, Run } from './run.ts';
import { freePort, type Server, startServerProcess } from './servers.ts';
import { takeTurns } from './turns.ts';
import { until } from './until.ts';

const ROUNDS = 5;
const MASTERS = 3;
const NODE_TIMEOUT_MS = 3000;
const SLOTS = 16_384;
/** Nodes have been up for a while, and know each other's offsets. */
const SETTLE_MS = 2000;

export function clusterFailover(run: Run): Promise<Report> {
  return takeTurns(run, {
    what: 'kill to promoted, ms',
    rounds: ROUNDS,
    note: `Node timeout ${NODE_TIMEOUT_MS} ms; the election itself is delayed by 500 to 1000 ms, by chance.`,
    measure,
  });
}

async function measure(contestant: Contestant): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), 'resplica-bench-'));
  const nodes: Server[] = [];
  try {
    for (let index = 0; index < 2 * MASTERS; index++) nodes.push(await startNode(contestant, folder, index));
    await form(nodes);
    const [victim, replica] = [nodes[0]!, nodes[MASTERS]!];
    await sleep(SETTLE_MS);
    const start = performance.now();
    process.kill(victim.pid, 'SIGKILL');
    await until('the replica is a master', async () => ((await ask(replica.port, 'ROLE')) as string[])[0] === 'master');
    return performance.now() - start;
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startNode(contestant: Contestant, folder: string, index: number): Promise<Server> {
  const options = [
    `--cluster-enabled yes --cluster-port ${await freePort()} --cluster-node-timeout ${NODE_TIMEOUT_MS}`,
    `--cluster-config-file nodes-${index}.conf --dbfilename dump-${index}.rdb --dir '${folder}'`,
    '--repl-diskless-sync-delay 0',
  ];
  return startServerProcess({ ...contestant, command: [contestant.command, ...options].join(' ') }, null);
}

async function form(nodes: readonly Server[]): Promise<void> {
  const [first, ...others] = nodes as [Server, ...Server[]];
  const ids = await Promise.all(nodes.map(({ port }) => ask(port, 'CLUSTER', 'MYID') as Promise<string>));
  for (const [index, { port }] of nodes.entries()) await ask(port, 'CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
  for (let index = 0; index < MASTERS; index++) {
    const [from, end] = [index, index + 1].map((at) => Math.floor((at * SLOTS) / MASTERS)) as [number, number];
    await ask(nodes[index]!.port, 'CLUSTER', 'ADDSLOTSRANGE', String(from), String(end - 1));
  }
  for (const { port } of others) {
    await ask(first.port, 'CLUSTER', 'MEET', '127.0.0.1', String(port), await busPortOf(port));
  }
  const knowsAll = (port: number): Promise<boolean> => says(port, `cluster_known_nodes:${nodes.length}\r`);
  for (const { port } of nodes) await until('all know each other', () => knowsAll(port));
  for (const [index, { port }] of nodes.slice(MASTERS).entries()) {
    await until('a replica follows', () => accepts(port, 'CLUSTER', 'REPLICATE', ids[index]!));
  }
  for (const { port } of nodes) await until('the cluster serves', () => says(port, 'cluster_state:ok'));
  for (const { port } of nodes.slice(MASTERS)) {
    await until('the replica has its data', async () => ((await ask(port, 'ROLE')) as string[])[3] === 'connected');
  }
}

async function busPortOf(port: number): Promise<string> {
  const [, busPort] = (await ask(port, 'CONFIG', 'GET', 'cluster-port')) as [string, string];
  return busPort;
}

async function says(port: number, text: string): Promise<boolean> {
  return String(await ask(port, 'CLUSTER', 'INFO')).includes(text);
}

async function accepts(port: number, ...command: string[]): Promise<boolean> {
  return ask(port, ...command).then(
    () => true,
    () => false,
  );
}
