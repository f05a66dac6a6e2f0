// Server CPU per EVALSHA of three scripts, and what scripts cost a server before the first one has run.
//
// The scripts are a single GET, which shows the way to a command and back; a million additions, which shows the compiled
// code; and the script with which BullMQ adds a job, which is what users run. redis-benchmark sends the first two. The
// packed arguments of a job are not text, which it could not send: these go through one connection that keeps the
// server busy. Needed for them: the package bullmq.

import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { compareCells } from './cells.ts';
import { ask } from './client.ts';
import { REPOSITORY } from './contestants.ts';
import { type Command, fill } from './filler.ts';
import { benchmarkRate } from './redis-benchmark.ts';
import { formatGoal, formatNumber, progress } from './report.ts';
import type { Report, Run } from './run.ts';
import type { Server } from './servers.ts';
import { median } from './statistics.ts';

const ROUNDS = 5;
const KEYS = 100_000;
const VALUE = 'x'.repeat(32);
const WARM_PASSES = 3;
const WARM_REQUESTS = 10_000;
const CLIENTS = 50;
const STATES = 50;
const GOAL_STATE_MS = 1;
const GOAL_STATE_KILOBYTES = 50;
const PREFIX = 'bull:bench:';
const QUEUE_KEYS = ['wait', 'paused', 'meta', 'id', 'completed', 'delayed', 'active', 'events', 'marker'];

interface ScriptTest {
  source(): string;
  /** After the SHA1; `null` where redis-benchmark cannot send them. */
  words: readonly string[] | null;
  /** Of `--requests`. */
  share: number;
  goal: number;
}

const TESTS: Readonly<Record<string, ScriptTest>> = {
  evalsha_get: {
    source: () => "return redis.call('GET', KEYS[1])",
    words: ['1', 'key:__rand_int__'],
    share: 8,
    goal: 1,
  },
  additions: {
    source: () => 'local s = 0 for i = 1, 1000000 do s = s + i end return s',
    words: ['0'],
    share: 0.004,
    goal: 0.6,
  },
  bullmq_add: { source: addStandardJob, words: null, share: 0.5, goal: 1 },
};

/** The packed arguments of a job without any ties, its data, and the packed options. */
const JOB = [
  pack([PREFIX, '', 'send', 1_700_000_000_000, null, null, null, null, null, null]),
  JSON.stringify({ to: 'someone@example.com', subject: VALUE, body: VALUE.repeat(4) }),
  `\x81${pack('attempts')}${pack(0)}`,
];

type Packable = null | string | number | readonly Packable[];

/** As much of MessagePack as a job needs, one character a byte. */
function pack(value: Packable): string {
  if (value === null) return '\xc0';
  if (typeof value === 'string') return String.fromCharCode(0xa0 | value.length) + value;
  if (typeof value !== 'number') return String.fromCharCode(0x90 | value.length) + value.map(pack).join('');
  const bytes = Buffer.alloc(9, 0xcb);
  bytes.writeDoubleBE(value, 1);
  return bytes.toString('latin1');
}

function addStandardJob(): string {
  const require = createRequire(import.meta.url);
  const folder = path.join(path.dirname(require.resolve('bullmq')), 'scripts');
  const module = require(path.join(folder, 'addStandardJob-9.js')) as Record<string, { content: string }>;
  return module['addStandardJob']!.content;
}

function* adding(sha: string, requests: number): Generator<Command> {
  const words = ['EVALSHA', sha, String(QUEUE_KEYS.length), ...QUEUE_KEYS.map((key) => PREFIX + key), ...JOB];
  for (let number = 0; number < requests; number++) yield words;
}

function* setting(): Generator<Command> {
  for (let number = 0; number < KEYS; number++) yield ['SET', `key:${String(number).padStart(12, '0')}`, VALUE];
}

async function load({ port }: Server, name: string, pipeline: number, requests: number): Promise<number> {
  const { source, words } = TESTS[name]!;
  const sha = String(await ask(port, 'SCRIPT', 'LOAD', source()));
  if (words !== null) {
    const shape = { test: name, pipeline, requests, clients: CLIENTS, valueBytes: VALUE.length, keys: KEYS };
    return benchmarkRate(port, { ...shape, command: ['EVALSHA', sha, ...words] });
  }
  const start = performance.now();
  await fill(port, adding(sha, requests));
  return (requests * 1000) / (performance.now() - start);
}

function requestsFor(requests: number, test: string, effort: number): number {
  return Math.max(20, Math.round(requests * TESTS[test]!.share * effort));
}

async function warmUp(server: Server, tests: readonly string[]): Promise<void> {
  await fill(server.port, setting());
  for (let pass = 0; pass < WARM_PASSES; pass++) {
    for (const test of tests) await load(server, test, 16, requestsFor(WARM_REQUESTS, test, 1));
  }
}

// ------------------------------------------------------------------------------------------------ the state of a server

interface StateCost {
  /** Of the first EVAL of a server, which makes the state and compiles a line. */
  ms: number;
  kilobytes: number;
}

interface Embedding {
  startServer(): Promise<{ execute(...args: string[]): Promise<unknown>; close(): Promise<void> }>;
}

/** Of the built tree: where sources are compiled as they are loaded, each function carries its name about. */
async function measureState(): Promise<StateCost | null> {
  const entry = path.join(REPOSITORY, 'dist/index.js');
  if (!existsSync(entry)) return null;
  const { startServer } = (await import(pathToFileURL(entry).href)) as Embedding;
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heapBytes = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const servers = [];
  for (let at = 0; at < STATES; at++) {
    progress(`server ${at + 1} of ${STATES}`);
    const server = await startServer();
    await server.execute('PING');
    servers.push(server);
  }
  const before = heapBytes();
  const times: number[] = [];
  for (const server of servers) {
    const start = performance.now();
    await server.execute('EVAL', 'return 1', '0');
    times.push(performance.now() - start);
  }
  const kilobytes = (heapBytes() - before) / STATES / 1024;
  for (const server of servers) await server.close();
  return { ms: median(times), kilobytes };
}

export async function scripts(run: Run): Promise<Report> {
  const { options } = run;
  const state = options.ours === null ? await measureState() : null;
  const report = await compareCells(run, {
    rounds: options.rounds ?? ROUNDS,
    warmUp: (server) => warmUp(server, options.tests),
    requests: ({ test }, effort) => requestsFor(options.requests, test, effort),
    prepare: async ({ port }) => void (await ask(port, 'DEL', ...QUEUE_KEYS.map((key) => PREFIX + key))),
    load: (server, { test, pipeline }, requests) => load(server, test, pipeline, requests),
    goal: ({ test }) => TESTS[test]!.goal,
  });
  if (state !== null)
    report.notes.unshift(
      `State of scripts in each of ${STATES} embedded servers: ${formatNumber(state.ms, 2)} ms (${formatGoal(state.ms, GOAL_STATE_MS)}), ` +
        `${formatNumber(state.kilobytes, 1)} KB (${formatGoal(state.kilobytes, GOAL_STATE_KILOBYTES)}).`,
    );
  report.notes.unshift('bullmq_add goes through one connection with up to 400 requests on their way, whatever P says.');
  return { ...report, data: { ...report.data, state } };
}
