// Requests per second and server CPU per request, of the simplest commands; cells.ts says how they are compared.

import { compareCells } from './cells.ts';
import { benchmarkRate, checkAnswers, warmUp } from './redis-benchmark.ts';
import type { Report, Run } from './run.ts';

const CLIENTS = 50;
const VALUE_BYTES = 32;
const KEYS = 100_000;
const WARM_UP_MS = 3_000;
const ROUNDS = 9;

const GOALS: ReadonlyMap<number, number> = new Map([
  [1, 1.35],
  [16, 1.5],
  [64, 1.2],
]);
const TESTS_WITH_GOAL: readonly string[] = ['ping_mbulk', 'set', 'get', 'incr'];

/** Enough that one run takes about a second on the fast servers: shorter ones drown in the ticks of the kernel's count. */
export function requestsFor(requests: number, test: string, pipeline: number, effort: number): number {
  const byDepth = pipeline === 1 ? 1 : pipeline <= 16 ? 8 : 12;
  const byTest = test === 'mset' ? 0.2 : 1;
  return Math.max(1_000, Math.round(requests * byDepth * byTest * effort));
}

export function throughput(run: Run): Promise<Report> {
  const { options } = run;
  return compareCells(run, {
    rounds: options.rounds ?? ROUNDS,
    async warmUp(server) {
      await checkAnswers(server, options.tests);
      await warmUp(server.port, options.tests, WARM_UP_MS);
    },
    requests: ({ test, pipeline }, effort) => requestsFor(options.requests, test, pipeline, effort),
    prepare: async () => {},
    load: ({ port }, { test, pipeline }, requests) =>
      benchmarkRate(port, { test, pipeline, requests, clients: CLIENTS, valueBytes: VALUE_BYTES, keys: KEYS }),
    goal: ({ test, pipeline }) => (TESTS_WITH_GOAL.includes(test) ? GOALS.get(pipeline) : undefined),
  });
}
