// What replication costs: CPU time of a master per SET with a replica attached and without, and CPU time of a full
// synchronization of a million keys, of both ends. Master and replica are servers of one make.

import { cpuUs, measureSets } from './append-only.ts';
import { ask, parseInfo } from './client.ts';
import type { Contestant } from './contestants.ts';
import { assertKeyCount, loadKeys } from './loader.ts';
import { formatGoal, formatNumber, formatTable, progress } from './report.ts';
import type { Report, Run } from './run.ts';
import { type Server, withServers } from './servers.ts';
import { median } from './statistics.ts';
import { until } from './until.ts';

const KEYS = 1_000_000;
const ROUNDS = 3;
const SYNC_GOAL = 3;
const WRITE_GOAL = 1.3;

interface Sample {
  /** Per SET, by depth of pipelining. */
  readonly without: Record<number, number>;
  readonly with: Record<number, number>;
  readonly masterMs: number;
  readonly replicaMs: number;
}

async function setCosts(run: Run, master: Server): Promise<Record<number, number>> {
  const costs: Record<number, number> = {};
  for (const pipeline of run.options.pipelines) costs[pipeline] = await measureSets(master, pipeline);
  return costs;
}

async function isAtRest({ port }: Server): Promise<boolean> {
  return parseInfo(await ask(port, 'INFO', 'persistence')).get('rdb_bgsave_in_progress') === '0';
}

/** CPU time, with that of processes that have made or written snapshots. */
async function wholeCpuMs(server: Server): Promise<number> {
  const info = parseInfo(await ask(server.port, 'INFO', 'cpu'));
  const children = Number(info.get('used_cpu_user_children')) + Number(info.get('used_cpu_sys_children'));
  return (await cpuUs(server)) / 1000 + children * 1000;
}

async function attach(master: Server, replica: Server): Promise<void> {
  await ask(replica.port, 'REPLICAOF', '127.0.0.1', String(master.port));
  await until('the replica has its data', async () => {
    const info = parseInfo(await ask(replica.port, 'INFO', 'replication'));
    return info.get('master_link_status') === 'up';
  });
}

async function measure(run: Run, contestant: Contestant, keys: number): Promise<Sample> {
  const command = `${contestant.command} --repl-diskless-sync-delay 0 --repl-backlog-size 64mb`;
  const both = {
    ...run,
    contestants: [1, 2].map((i) => ({ ...contestant, command, name: `${contestant.name} ${i}` })),
  };
  return await withServers(both, async (servers) => {
    const [master, replica] = servers as [Server, Server];
    const without = await setCosts(run, master);
    await attach(master, replica);
    const withReplica = await setCosts(run, master);
    await ask(replica.port, 'REPLICAOF', 'NO', 'ONE');
    await ask(replica.port, 'FLUSHALL');
    await ask(master.port, 'FLUSHALL');
    await loadKeys({ port: master.port, keys, first: 0 });
    const before = [await wholeCpuMs(master), await wholeCpuMs(replica)] as const;
    await attach(master, replica);
    await until('the process that made the snapshot is gone', () => isAtRest(master));
    const after = [await wholeCpuMs(master), await wholeCpuMs(replica)] as const;
    await assertKeyCount(replica, keys);
    return {
      without,
      with: withReplica,
      masterMs: after[0] - before[0],
      replicaMs: after[1] - before[1],
    };
  });
}

export async function replication(run: Run): Promise<Report> {
  const contestants = run.contestants.slice(0, 2);
  const rounds = run.options.rounds ?? ROUNDS;
  const keys = run.options.keys ?? KEYS;
  const samples: Record<string, Sample[]> = Object.fromEntries(contestants.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of contestants) {
      progress(`round ${round} of ${rounds}: ${contestant.name}`);
      samples[contestant.name]!.push(await measure(run, contestant, keys));
    }
  }
  return {
    table: `${writeTable(run, contestants, samples)}\n\n${syncTable(contestants, samples)}`,
    notes: [
      `CPU time of the servers. SET: the master's per request, 50 clients, values of 32 bytes, 100 000 keys; the ratio is ` +
        `that of the same server with and without a replica. Full synchronization: ${formatNumber(keys)} keys of 16 + 32 bytes, ` +
        `the ratio is to the second server. ${rounds} rounds, medians.`,
    ],
    data: { keys, samples },
  };
}

type Samples = Readonly<Record<string, readonly Sample[]>>;

function writeTable(run: Run, contestants: readonly Contestant[], samples: Samples): string {
  const header = ['server', 'SET, P', 'without, µs', 'with a replica, µs', 'ratio', 'goal'];
  const rows = contestants.flatMap(({ name }) =>
    run.options.pipelines.map((pipeline) => {
      const of = (which: 'with' | 'without'): number =>
        median(samples[name]!.map((sample) => sample[which][pipeline]!));
      const ratio = of('with') / of('without');
      const figures = [formatNumber(of('without'), 2), formatNumber(of('with'), 2), ratio.toFixed(2)];
      return [name, String(pipeline), ...figures, formatGoal(ratio, WRITE_GOAL)];
    }),
  );
  return formatTable(header, rows);
}

function syncTable(contestants: readonly Contestant[], samples: Samples): string {
  const header = ['full synchronization', 'master, ms', 'replica, ms', 'both, ms', 'ratio', 'goal'];
  const both = (name: string): number => median(samples[name]!.map(({ masterMs, replicaMs }) => masterMs + replicaMs));
  const other = contestants[1]!.name;
  const rows = contestants.map(({ name }) => {
    const of = (which: 'masterMs' | 'replicaMs'): string =>
      formatNumber(median(samples[name]!.map((sample) => sample[which])));
    const ratio = both(name) / both(other);
    const compared = name === other ? ['', ''] : [ratio.toFixed(2), formatGoal(ratio, SYNC_GOAL)];
    return [name, of('masterMs'), of('replicaMs'), formatNumber(both(name)), ...compared];
  });
  return formatTable(header, rows);
}
