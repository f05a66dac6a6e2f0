// How long three sentinels take to replace a master that they see down: from the first `+sdown` to the first
// `+promoted-slave` in their logs. Six processes of one make, a master with two replicas; the master gets SIGKILL.
//
// All timings are the defaults but `down-after-milliseconds`, which says when the clock starts and not what it shows.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from './client.ts';
import type { Contestant } from './contestants.ts';
import type { Report, Run } from './run.ts';
import { type Server, startServerProcess } from './servers.ts';
import { takeTurns } from './turns.ts';
import { until } from './until.ts';

const ROUNDS = 10;
const REPLICAS = 2;
const SENTINELS = 3;
const QUORUM = 2;
const NAME = 'bench';
const DOWN_AFTER_MS = 3000;
/** Sentinels have been up for a while, and their links to each other too. */
const SETTLE_MS = 2000;

export function sentinelFailover(run: Run): Promise<Report> {
  return takeTurns(run, {
    what: '+sdown to +promoted-slave, ms',
    rounds: ROUNDS,
    note: 'Sentinels start up to a second apart by chance; where all start together, they try again later.',
    measure,
  });
}

async function measure(contestant: Contestant): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), 'resplica-bench-'));
  const nodes: Server[] = [];
  try {
    const master = await startServer(contestant, folder, nodes, 'master');
    const following = `--replicaof 127.0.0.1 ${master.port}`;
    for (let index = 0; index < REPLICAS; index++) {
      const { port } = await startServer(contestant, folder, nodes, `replica-${index}`, following);
      await until('the replica has its data', async () => ((await ask(port, 'ROLE')) as string[])[3] === 'connected');
    }
    const sentinels: Server[] = [];
    for (let index = 0; index < SENTINELS; index++) {
      sentinels.push(await startSentinel(contestant, folder, nodes, index, master.port));
    }
    for (const { port } of sentinels) await until('the sentinel knows everybody', () => knowsAll(port));
    await sleep(SETTLE_MS);
    process.kill(master.pid, 'SIGKILL');
    for (const { port } of sentinels) {
      await until('the master is replaced', async () => (await masterPort(port)) !== String(master.port));
    }
    return elapsedMs(sentinels.map((_, index) => readFileSync(path.join(folder, `sentinel-${index}.log`), 'utf8')));
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startServer(
  contestant: Contestant,
  folder: string,
  nodes: Server[],
  name: string,
  options = '',
): Promise<Server> {
  const command = `${contestant.command} --dir '${folder}' --dbfilename ${name}.rdb --repl-diskless-sync-delay 0 ${options}`;
  const server = await startServerProcess({ ...contestant, command }, null);
  nodes.push(server);
  return server;
}

async function startSentinel(
  contestant: Contestant,
  folder: string,
  nodes: Server[],
  index: number,
  masterPort: number,
): Promise<Server> {
  const file = path.join(folder, `sentinel-${index}.conf`);
  const lines = [
    `dir "${folder}"`,
    `logfile "${path.join(folder, `sentinel-${index}.log`)}"`,
    `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} ${QUORUM}`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const program = contestant.command.replace(/ --.*/s, '');
  const server = await startServerProcess({ ...contestant, command: `${program} '${file}' --sentinel` }, null);
  nodes.push(server);
  return server;
}

async function knowsAll(port: number): Promise<boolean> {
  const fields = (await ask(port, 'SENTINEL', 'MASTER', NAME)) as string[];
  const value = (name: string): number => Number(fields[fields.indexOf(name) + 1]);
  return value('num-slaves') === REPLICAS && value('num-other-sentinels') === SENTINELS - 1;
}

async function masterPort(port: number): Promise<string> {
  const [, shown] = (await ask(port, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)) as [string, string];
  return shown;
}

/** Between the first lines of these events in any of the logs. */
function elapsedMs(logs: readonly string[]): number {
  const first = (event: string): number => {
    const times = logs
      .flatMap((log) => log.split('\n'))
      .filter((line) => line.includes(` ${event} `))
      .map((line) => Date.parse(/\d+ \w{3} \d{4} [\d:.]+/.exec(line)![0]));
    return Math.min(...times);
  };
  return first('+promoted-slave') - first('+sdown master');
}
