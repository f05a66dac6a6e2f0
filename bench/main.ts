// `npm run bench`: see HELP in arguments.ts for what it measures and how it is told.

import { appendOnly } from './append-only.ts';
import { HELP, optionsFor, parseArguments, type Mode } from './arguments.ts';
import { cluster } from './cluster.ts';
import { clusterFailover } from './cluster-failover.ts';
import { clusterSize } from './cluster-size.ts';
import { chooseContestants } from './contestants.ts';
import { latency } from './latency.ts';
import { memory } from './memory.ts';
import { watchMachine } from './noise.ts';
import { persistence } from './persistence.ts';
import { detectPinning, pinSelf } from './pinning.ts';
import { replication } from './replication.ts';
import { removal } from './removal.ts';
import { circumstances, describeMachine, endProgress, publish } from './report.ts';
import type { Report, Run } from './run.ts';
import { startable } from './servers.ts';
import { scripts } from './scripts.ts';
import { simulation } from './simulation.ts';
import { stall } from './stall.ts';
import { sentinelFailover } from './sentinel-failover.ts';
import { startup } from './startup.ts';
import { throughput } from './throughput.ts';
import { types } from './types.ts';
import { typesMemory } from './types-memory.ts';

const MODES: Readonly<Record<Mode, (run: Run) => Promise<Report>>> = {
  throughput,
  memory,
  types,
  'types-memory': typesMemory,
  latency,
  startup,
  stall,
  removal,
  persistence,
  'append-only': appendOnly,
  replication,
  scripts,
  cluster,
  'cluster-failover': clusterFailover,
  'sentinel-failover': sentinelFailover,
  'cluster-size': clusterSize,
  simulation,
};

async function runMode(mode: Mode, run: Run): Promise<void> {
  const machine = describeMachine(run.pinning);
  const foreignShare = watchMachine();
  const report = await MODES[mode](run);
  endProgress();
  report.notes.push(...circumstances(run.pinning, foreignShare()));
  publish(run.options.compare ? `compare-${mode}` : mode, report, machine, run);
}

async function main(): Promise<void> {
  const options = parseArguments(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  const pinning = options.pin ? detectPinning() : null;
  const contestants = await startable(chooseContestants(options));
  // startup comes before this process is pinned: whoever embeds or starts a server has the whole machine for it.
  const modes = options.modes.toSorted((a, b) => Number(b === 'startup') - Number(a === 'startup'));
  for (const mode of modes) {
    if (modes.length > 1) process.stdout.write(`\n## ${mode}\n`);
    if (mode !== 'startup' && pinning !== null) pinSelf(pinning.clientCore);
    await runMode(mode, {
      options: optionsFor(mode, options),
      contestants,
      pinning: mode === 'startup' ? null : pinning,
    });
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
