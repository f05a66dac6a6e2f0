// How long a request takes, as its client sees it: p50, p99, p99.9 at P = 1 with 50 clients.
//
// redis-benchmark measures it: a client in C does not add the pauses of its own garbage collector to the tail. Its
// histogram starts at 10 µs, so values are good to about 8 µs. The load is a closed loop, each client sending again as
// soon as it is answered, so p50 is mostly 50 divided by the throughput, and the tail is where a server's pauses show.

import type { Contestant } from './contestants.ts';
import { benchmarkLatency, checkAnswers, warmUp, type Latency } from './redis-benchmark.ts';
import { formatGoal, formatNumber, formatTable, progress } from './report.ts';
import type { Report, Run } from './run.ts';
import { withServers, type Server } from './servers.ts';
import { median } from './statistics.ts';

const ROUNDS = 5;
const REQUESTS = 100_000;
const TESTS: readonly string[] = ['ping_mbulk', 'set', 'get'];
const WARM_UP_MS = 3_000;
const LOAD = { pipeline: 1, clients: 50, valueBytes: 32, keys: 100_000 };
const GOAL_P99 = 2;

type Samples = Record<string, Latency[]>;

async function measure(
  servers: readonly Server[],
  contestants: readonly Contestant[],
  rounds: number,
  tests: readonly string[],
): Promise<Map<string, Samples>> {
  const byTest = new Map(
    tests.map((test) => [test, Object.fromEntries(servers.map(({ name }) => [name, []])) as Samples]),
  );
  for (let round = 1; round <= rounds; round++) {
    for (const [test, samples] of byTest) {
      for (const server of servers) {
        progress(`round ${round} of ${rounds}: ${test}, ${server.name}`);
        const effort = contestants.find(({ name }) => name === server.name)?.effort ?? 1;
        samples[server.name]!.push(await benchmarkLatency(server.port, { ...LOAD, test, requests: REQUESTS * effort }));
      }
    }
  }
  return byTest;
}

export async function latency(run: Run): Promise<Report> {
  const { options, contestants } = run;
  const rounds = options.rounds ?? ROUNDS;
  const tests = TESTS.filter((test) => options.tests.includes(test));
  const byTest = await withServers(run, async (servers) => {
    for (const server of servers) {
      progress(`warming up ${server.name}`);
      await checkAnswers(server, tests);
      await warmUp(server.port, tests, WARM_UP_MS);
    }
    return await measure(servers, contestants, rounds, tests);
  });
  return {
    table: table(
      byTest,
      contestants.map(({ name }) => name),
    ),
    notes: [`Milliseconds at P = 1, 50 clients; each figure the median of ${rounds} rounds.`],
    data: { byTest: Object.fromEntries(byTest) },
  };
}

function table(byTest: ReadonlyMap<string, Samples>, names: readonly string[]): string {
  const header = ['test', 'server', 'p50', 'p99', 'p99.9', 'max', 'p99 ratio', 'goal'];
  const rows = [...byTest].flatMap(([test, samples]) => {
    const middle = (name: string, pick: keyof Latency): number => median(samples[name]!.map((sample) => sample[pick]));
    return names.map((name, index) => {
      const ratio = middle(name, 'p99Ms') / middle(names[1]!, 'p99Ms');
      return [
        test,
        name,
        ...(['p50Ms', 'p99Ms', 'p999Ms', 'maxMs'] as const).map((pick) => formatNumber(middle(name, pick), 3)),
        ratio.toFixed(2),
        index === 0 && name === 'resplica' ? formatGoal(ratio, GOAL_P99) : '',
      ];
    });
  });
  return formatTable(header, rows);
}
