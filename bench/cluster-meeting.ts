// A cluster that forms as an administrator forms it: separate nodes that know nobody, CLUSTER MEET from the first of them
// to all others, slots shared out. How long until all know all and serve, and what that takes. Ours are servers of one
// process, redis-server's are processes.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer } from '../src/topology/server.ts';
import { ask } from './client.ts';
import type { Contestant } from './contestants.ts';
import { readCpu, residentBytes } from './process-meter.ts';
import { progress } from './report.ts';
import { startServerProcess } from './servers.ts';

const SLOTS = 16_384;
const FIRST_PORT = 28_000;
const LOOK_EVERY_MS = 250;
const TIMEOUT_MS = 600_000;
const REST_MS = 5000;
const NODE_TIMEOUT_MS = 15_000;
/** Of so many is started at the same time. */
const STARTS_AT_ONCE = 5;

export interface Meeting {
  /** From the first start until all answer. */
  readonly startMs: number;
  /** From the first MEET until all know all and serve. */
  readonly formMs: number;
  /** CPU that forming took. */
  readonly formCpuUs: number;
  /** CPU at rest afterwards, of one core. */
  readonly restShare: number;
  readonly memoryBytes: number;
}

interface Nodes {
  /** Runs a command on one of them. */
  readonly ask: (index: number, ...words: string[]) => Promise<unknown>;
  readonly ports: readonly number[];
  readonly busPorts: readonly number[];
  cpuUs(): Promise<number>;
  memoryBytes(): number;
  stop(): Promise<void>;
}

export async function meetInOneProcess(count: number): Promise<Meeting> {
  return meet('resplica', count, async () => {
    const before = process.memoryUsage().rss;
    const busPorts = await freePorts(count);
    const servers = await inTurns(count, (index) =>
      startServer({
        config: {
          'cluster-enabled': true,
          'cluster-port': busPorts[index]!,
          'cluster-node-timeout': NODE_TIMEOUT_MS,
        },
      }),
    );
    return {
      ask: (index, ...words) => servers[index]!.execute(...words),
      ports: servers.map(({ port }) => port),
      busPorts,
      cpuUs: async () => {
        const { user, system } = process.cpuUsage();
        return user + system;
      },
      memoryBytes: () => process.memoryUsage().rss - before,
      stop: async () => void (await Promise.all(servers.map((server) => server.close()))),
    };
  });
}

export async function meetAsProcesses(contestant: Contestant, count: number): Promise<Meeting> {
  return meet(contestant.name, count, async () => {
    // Each of them is ended with this process.
    process.setMaxListeners(count + process.getMaxListeners());
    const folder = mkdtempSync(path.join(tmpdir(), 'resplica-bench-'));
    const busPorts = await freePorts(count);
    const servers = await inTurns(count, (index) => {
      const options = [
        `--cluster-enabled yes --cluster-port ${busPorts[index]} --cluster-node-timeout ${NODE_TIMEOUT_MS}`,
        `--cluster-config-file nodes-${index}.conf --dir '${folder}' --save ''`,
      ];
      return startServerProcess({ ...contestant, command: [contestant.command, ...options].join(' ') }, null);
    });
    return {
      ask: (index, ...words) => ask(servers[index]!.port, ...words),
      ports: servers.map(({ port }) => port),
      busPorts,
      cpuUs: async () => {
        const readings = await Promise.all(servers.map((server) => readCpu(server)));
        return readings.reduce((sum, { systemUs, infoUs }) => sum + (systemUs ?? infoUs ?? 0), 0);
      },
      memoryBytes: () => servers.reduce((sum, { pid }) => sum + ownBytes(pid), 0),
      stop: async () => {
        await Promise.all(servers.map((server) => server.stop()));
        rmSync(folder, { recursive: true, force: true });
      },
    };
  });
}

async function meet(name: string, count: number, start: () => Promise<Nodes>): Promise<Meeting> {
  progress(`${name}: ${count} nodes start`);
  const started = performance.now();
  const nodes = await start();
  try {
    const startMs = performance.now() - started;
    for (let index = 0; index < count; index++) {
      const [from, end] = [index, index + 1].map((at) => Math.floor((at * SLOTS) / count)) as [number, number];
      await nodes.ask(index, 'CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
      await nodes.ask(index, 'CLUSTER', 'ADDSLOTSRANGE', String(from), String(end - 1));
    }
    progress(`${name}: they meet`);
    const cpuUs = await nodes.cpuUs();
    const met = performance.now();
    for (let index = 1; index < count; index++) {
      await nodes.ask(0, 'CLUSTER', 'MEET', '127.0.0.1', String(nodes.ports[index]), String(nodes.busPorts[index]));
    }
    for (let index = 0; index < count; index++) {
      while (!(await knowsAll(nodes, index, count))) {
        if (performance.now() - met > TIMEOUT_MS) throw new Error(`${name}: ${count} nodes do not come together`);
        await sleep(LOOK_EVERY_MS);
      }
    }
    const formMs = performance.now() - met;
    const formCpuUs = (await nodes.cpuUs()) - cpuUs;
    progress(`${name}: at rest`);
    const restUs = await nodes.cpuUs();
    await sleep(REST_MS);
    const restShare = ((await nodes.cpuUs()) - restUs) / (REST_MS * 1000);
    return { startMs, formMs, formCpuUs, restShare, memoryBytes: nodes.memoryBytes() };
  } finally {
    await nodes.stop();
  }
}

async function knowsAll(nodes: Nodes, index: number, count: number): Promise<boolean> {
  const info = String(await nodes.ask(index, 'CLUSTER', 'INFO'));
  if (!info.includes('cluster_state:ok') || !info.includes(`cluster_known_nodes:${count}\r`)) return false;
  return (
    info.includes(`cluster_size:${count}\r`) &&
    !/handshake|fail/.test(String(await nodes.ask(index, 'CLUSTER', 'NODES')))
  );
}

/** What a process has for itself, and its share of what it shares. */
function ownBytes(pid: number): number {
  try {
    const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  } catch {
    // Not on this system.
  }
  return residentBytes(pid);
}

/** Below the range from which the system serves those who do not care, so that nobody takes them meanwhile. */
async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let port = FIRST_PORT; ports.length < count; port++) if (await isFree(port)) ports.push(port);
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = net.createServer();
    probe.once('error', () => done(false));
    probe.listen(port, () => probe.close(() => done(true)));
  });
}

async function inTurns<T>(count: number, start: (index: number) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (let index = 0; index < count; index += STARTS_AT_ONCE) {
    const some = Array.from({ length: Math.min(STARTS_AT_ONCE, count - index) }, (_, i) => start(index + i));
    all.push(...(await Promise.all(some)));
  }
  return all;
}
