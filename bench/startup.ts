// How soon a server answers.
//
// Embedded: `await startServer()` in a process that has done it before, as a test suite does it once per test. Process:
// from spawn to the first PONG, which for a Node program includes starting Node; `node -e 0` shows that share.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { formatGoal, formatNumber, formatTable, progress } from './report.ts';
import type { Report, Run } from './run.ts';
import { withServer } from './servers.ts';
import { median, quantile } from './statistics.ts';

const ENTRY = new URL('../src/index.ts', import.meta.url);
const EMBEDDED_ROUNDS = 50;
const EMBEDDED_WARM_UP = 10;
const PROCESS_ROUNDS = 20;
const GOAL_EMBEDDED_MS = 5;
const GOAL_PROCESS_MS = 150;

interface Embedded {
  /** The very first call of the process, with cold code. */
  firstMs: number;
  readyMs: number[];
  closeMs: number[];
}

interface Embedding {
  startServer(): Promise<{ close(): Promise<void> }>;
}

async function measureEmbedded(): Promise<Embedded | null> {
  if (!existsSync(ENTRY)) return null;
  const { startServer } = (await import(ENTRY.href)) as Partial<Embedding>;
  if (startServer === undefined) return null;
  const samples: Embedded = { firstMs: 0, readyMs: [], closeMs: [] };
  for (let round = 0; round < EMBEDDED_WARM_UP + EMBEDDED_ROUNDS; round++) {
    progress(`embedded server ${round + 1}`);
    const start = performance.now();
    const server = await startServer();
    const ready = performance.now();
    await server.close();
    if (round === 0) samples.firstMs = ready - start;
    if (round < EMBEDDED_WARM_UP) continue;
    samples.readyMs.push(ready - start);
    samples.closeMs.push(performance.now() - ready);
  }
  return samples;
}

function bareNodeMs(): Promise<number> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn('node', ['-e', '0'], { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', () => resolve(performance.now() - start));
  });
}

export async function startup(run: Run): Promise<Report> {
  const { options, contestants } = run;
  const rounds = options.rounds ?? PROCESS_ROUNDS;
  const embedded = contestants[0]!.name === 'resplica' && options.ours === null ? await measureEmbedded() : null;
  const samples: Record<string, number[]> = Object.fromEntries(contestants.map(({ name }) => [name, []]));
  const bareNode: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of contestants) {
      progress(`round ${round} of ${rounds}: ${contestant.name}`);
      samples[contestant.name]!.push(await withServer(run, contestant, (server) => Promise.resolve(server.readyMs)));
    }
    bareNode.push(await bareNodeMs());
  }
  const rows = [
    ...(embedded === null ? [] : embeddedRows(embedded)),
    ...contestants.map(({ name }) =>
      row(`${name}: spawn to PONG`, samples[name]!, name === 'resplica' ? GOAL_PROCESS_MS : undefined),
    ),
    row('node -e 0: spawn to exit', bareNode, undefined),
  ];
  return {
    table: formatTable(['what', 'median ms', 'p90 ms', 'fastest ms', 'rounds', 'goal'], rows),
    notes: embedded === null ? [] : [`The first startServer() of the process took ${embedded.firstMs.toFixed(1)} ms.`],
    data: { embedded, samples, bareNode },
  };
}

function embeddedRows(embedded: Embedded): string[][] {
  return [
    row('await startServer()', embedded.readyMs, GOAL_EMBEDDED_MS),
    row('await server.close()', embedded.closeMs, undefined),
  ];
}

function row(what: string, samples: readonly number[], goalMs: number | undefined): string[] {
  const middle = median(samples);
  const digits = [middle, quantile(samples, 0.9), Math.min(...samples)].map((value) => formatNumber(value, 2));
  return [what, ...digits, String(samples.length), formatGoal(middle, goalMs)];
}
