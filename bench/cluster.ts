// What it costs to be a node of a cluster: server CPU per request of a node that owns all slots, beside the same server
// outside of any. Each request with a key pays for the slot of that key, and each key that comes or goes for its place
// among those of its slot.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { compareCells } from './cells.ts';
import { ask } from './client.ts';
import { benchmarkRate, checkAnswers, warmUp } from './redis-benchmark.ts';
import type { Report, Run } from './run.ts';
import { freePort, type Server } from './servers.ts';
import { requestsFor } from './throughput.ts';

const CLIENTS = 50;
const VALUE_BYTES = 32;
const KEYS = 100_000;
const WARM_UP_MS = 3_000;
const ROUNDS = 9;
const READY_TIMEOUT_MS = 30_000;
const LOOK_EVERY_MS = 50;
/** With MSET, keys of different slots would meet in one command. */
const TESTS = ['get', 'set', 'incr', 'ping_mbulk'];
const GOAL = 1.08;

export async function cluster(run: Run): Promise<Report> {
  const folder = mkdtempSync(path.join(tmpdir(), 'resplica-bench-'));
  try {
    const options = { ...run.options, tests: run.options.tests.filter((test) => TESTS.includes(test)) };
    const alone = run.contestants[0]!;
    // The port of the bus is 10 000 above, unless it is told: a free port may be too high for that.
    const node = `--cluster-enabled yes --cluster-port ${await freePort()}`;
    const command = `${alone.command} --dir '${folder}'`;
    const contestants = [
      { ...alone, name: 'cluster node', command: `${command} ${node}` },
      { ...alone, name: 'standalone', command },
    ];
    return await compare({ ...run, options, contestants });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compare(run: Run): Promise<Report> {
  const { options } = run;
  return compareCells(run, {
    rounds: options.rounds ?? ROUNDS,
    async warmUp(server) {
      if (server.name === 'cluster node') await ownAllSlots(server);
      await checkAnswers(server, options.tests);
      await warmUp(server.port, options.tests, WARM_UP_MS);
    },
    requests: ({ test, pipeline }, effort) => requestsFor(options.requests, test, pipeline, effort),
    prepare: async () => {},
    load: ({ port }, { test, pipeline }, requests) =>
      benchmarkRate(port, { test, pipeline, requests, clients: CLIENTS, valueBytes: VALUE_BYTES, keys: KEYS }),
    goal: ({ test }) => (test === 'get' ? GOAL : undefined),
  });
}

/** A node that was started again owns them already; either way it serves only some seconds after its start. */
async function ownAllSlots({ port }: Server): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  await ask(port, 'CLUSTER', 'ADDSLOTSRANGE', '0', '16383').catch(() => null);
  while (!String(await ask(port, 'CLUSTER', 'INFO')).includes('cluster_state:ok')) {
    if (performance.now() > deadline) throw new Error('the cluster node does not serve');
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
