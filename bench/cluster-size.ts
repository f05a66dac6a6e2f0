// A large cluster in one process: how long it takes until it serves, until all know of a node that was killed, and what it
// needs meanwhile; and how long separate nodes take to become a cluster when they meet, beside as many redis-servers. Each
// pair of nodes has two connections of two ends: a hundred nodes need about 20 000 descriptors.

import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCluster } from '../src/topology/cluster.ts';
import { nodeTimeoutOf } from '../src/topology/cluster-options.ts';
import { meetAsProcesses, type Meeting, meetInOneProcess } from './cluster-meeting.ts';
import { formatNumber, formatTable, progress } from './report.ts';
import type { Report, Run } from './run.ts';

const NODES = 100;
const REST_MS = 5000;
const STABLE = { timeoutMs: 300_000 };
const MEGABYTE = 1024 * 1024;
/** Besides the bus: two listeners of each node, and whatever else the process has open. */
const SPARE_DESCRIPTORS = 100;

export async function clusterSize(run: Run): Promise<Report> {
  const wanted = run.options.keys ?? NODES;
  const masters = Math.min(wanted, mostNodes());
  const prepared = await startPrepared(masters);
  const real = run.contestants.find(({ name }) => name === 'redis-server');
  const ours = await meetInOneProcess(masters);
  const theirs = real === undefined ? null : await meetAsProcesses(real, masters);
  const met = formatTable(
    ['separate nodes that meet', 'ours, one process', ...(theirs === null ? [] : ['redis-server'])],
    meetingRows(theirs === null ? [ours] : [ours, theirs]),
  );
  const notes = [`${masters} masters in one process, node timeout ${nodeTimeoutOf({ masters, replicas: 0 })} ms.`];
  if (masters < wanted) notes.push(`${wanted} were wanted; the limit of descriptors allows ${masters}.`);
  return { table: `${prepared.table}\n\n${met}`, notes, data: { masters, ...prepared.data, ours, theirs } };
}

function meetingRows(meetings: readonly Meeting[]): string[][] {
  const row = (what: string, value: (meeting: Meeting) => string): string[] => [what, ...meetings.map(value)];
  return [
    row('start of all, s', ({ startMs }) => formatNumber(startMs / 1000, 2)),
    row('first MEET until all know all and serve, s', ({ formMs }) => formatNumber(formMs / 1000, 2)),
    row('CPU of that, s', ({ formCpuUs }) => formatNumber(formCpuUs / 1e6, 2)),
    row('CPU at rest, % of a core', ({ restShare }) => formatNumber(100 * restShare, 1)),
    row('resident memory of all, MB', ({ memoryBytes }) => formatNumber(memoryBytes / MEGABYTE)),
  ];
}

/** As `startCluster` starts it: with tables that say what nodes would have agreed on. */
async function startPrepared(masters: number): Promise<{ table: string; data: object }> {
  const before = process.memoryUsage().rss;
  progress(`${masters} masters start`);
  const start = performance.now();
  await using cluster = await startCluster({ masters, replicas: 0 });
  const readyMs = performance.now() - start;
  const memory = process.memoryUsage().rss - before;
  progress('at rest');
  const usage = process.cpuUsage();
  await sleep(REST_MS);
  const { user, system } = process.cpuUsage(usage);
  progress('one dies');
  const killed = performance.now();
  const victim = cluster.nodes[0]!;
  await victim.kill();
  const others = cluster.nodes.slice(1);
  const noticed = (): number =>
    new Set(
      cluster.events.history.flatMap((event) =>
        event.type === 'fail' && event.about === victim.name ? [event.node] : [],
      ),
    ).size;
  while (noticed() < others.length && performance.now() - killed < STABLE.timeoutMs) await sleep(20);
  const failMs = performance.now() - killed;
  progress('it comes back');
  const restarted = performance.now();
  await victim.restart();
  await cluster.stable(STABLE);
  const backMs = performance.now() - restarted;
  const rows = [
    ['await startCluster(): all serve and agree, s', formatNumber(readyMs / 1000, 2)],
    ['resident memory of all, MB', formatNumber(memory / MEGABYTE)],
    ['CPU at rest, % of a core', formatNumber((user + system) / (REST_MS * 10), 1)],
    ['all hold a killed node for failed, s', formatNumber(failMs / 1000, 2)],
    ['all have it back, s', formatNumber(backMs / 1000, 2)],
  ];
  const data = { readyMs, memory, failMs, backMs, restCpuUs: user + system };
  return { table: formatTable(['what', 'value'], rows), data };
}

/** How many fit into the descriptors that this process may have. */
function mostNodes(): number {
  const limit = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }));
  if (!Number.isFinite(limit)) return Infinity;
  let nodes = 1;
  while (2 * (nodes + 1) * nodes + 2 * (nodes + 1) + SPARE_DESCRIPTORS <= limit) nodes++;
  return nodes;
}
