// Server CPU per request of the commands on lists, hashes, sets, sorted sets and streams, and of MSET.
//
// redis-benchmark sends them, as it does with -t, but each test here says what its collection holds: one that grows
// starts empty, one that is taken from holds what is going to be taken and some more, one that is read or overwritten has
// a fixed size. redis-benchmark's own tests leave it to the order in which they run. Members, fields and elements have
// 20 bytes ("element:" and twelve digits, of which __rand_int__ makes a random one), values 32 bytes.

import { compareCells } from './cells.ts';
import { ask } from './client.ts';
import { fill, type Command } from './filler.ts';
import { benchmarkRate } from './redis-benchmark.ts';
import type { Report, Run } from './run.ts';
import type { Server } from './servers.ts';

const CLIENTS = 50;
const ROUNDS = 3;
const GOALS: ReadonlyMap<number, number> = new Map([[16, 1.6]]);
/** Random keys of MSET are of so many, as in the other modes; random members and fields of so many. */
const KEYS = 100_000;
const MEMBERS = 1_000_000;
/** What a collection holds before others are added to it, or after as many as there are requests were taken. */
const HELD = 100_000;
const ELEMENTS_PER_COMMAND = 100;
const WARM_REQUESTS = 20_000;
const WARM_PASSES = 3;
const KEY = 'bench:collection';
const VALUE = 'x'.repeat(32);
const RANDOM = 'element:__rand_int__';

export function element(number: number): string {
  return `element:${String(number).padStart(12, '0')}`;
}

/** A number below `below` that looks random, and is the same in each run. */
export function scattered(number: number, below: number): number {
  return (Math.imul(number + 1, 0x9e3779b1) >>> 0) % below;
}

interface TypeTest {
  command: readonly string[];
  /** Share of the usual requests: long replies take long. */
  share: number;
  /** How many elements the collection has before so many requests. */
  size(requests: number): number;
  /** The command that adds elements, and its words for one of them. */
  adder: string;
  adding(number: number): Command;
}

const none = (): number => 0;
const held = (): number => HELD;
const heldAndTaken = (requests: number): number => requests + HELD;
const plain = (number: number): Command => [element(number)];
const paired = (number: number): Command => [element(number), VALUE];
const scored = (number: number): Command => [String(scattered(number, MEMBERS)), element(number)];

const list = { adder: 'RPUSH', adding: plain };
const set = { adder: 'SADD', adding: plain };
const hash = { adder: 'HSET', adding: paired };
const zset = { adder: 'ZADD', adding: scored };

const TESTS: Readonly<Record<string, TypeTest>> = {
  lpush: { command: ['LPUSH', KEY, RANDOM], share: 1, size: none, ...list },
  rpop: { command: ['RPOP', KEY], share: 1, size: heldAndTaken, ...list },
  sadd: { command: ['SADD', KEY, RANDOM], share: 1, size: held, ...set },
  spop: { command: ['SPOP', KEY], share: 1, size: heldAndTaken, ...set },
  hset: { command: ['HSET', KEY, RANDOM, VALUE], share: 1, size: held, ...hash },
  zadd: { command: ['ZADD', KEY, '__rand_int__', RANDOM], share: 0.5, size: held, ...zset },
  zpopmin: { command: ['ZPOPMIN', KEY], share: 0.5, size: heldAndTaken, ...zset },
  lrange_100: { command: ['LRANGE', KEY, '0', '99'], share: 0.1, size: held, ...list },
  lrange_600: { command: ['LRANGE', KEY, '0', '599'], share: 0.02, size: held, ...list },
  xadd: { command: ['XADD', KEY, '*', 'field', VALUE], share: 1, size: none, ...list },
};

/** How many requests a test gets: deeper pipelines need more for the same time. */
export function requestsFor(requests: number, test: string, pipeline: number, effort: number): number {
  const byDepth = pipeline === 1 ? 1 : 8;
  const share = TESTS[test]?.share ?? 0.2;
  return Math.max(1_000, Math.round(requests * byDepth * share * effort));
}

/** The commands that bring a test's collection into being. */
export function* preparing(test: string, requests: number): Generator<Command> {
  yield ['DEL', KEY];
  const plan = TESTS[test];
  if (plan === undefined) return;
  const size = plan.size(requests);
  for (let first = 0; first < size; first += ELEMENTS_PER_COMMAND) {
    const words = [plan.adder, KEY];
    for (let i = first; i < Math.min(size, first + ELEMENTS_PER_COMMAND); i++) words.push(...plan.adding(i));
    yield words;
  }
}

function load(server: Server, test: string, pipeline: number, requests: number): Promise<number> {
  const plan = TESTS[test];
  const shape = { test, pipeline, requests, clients: CLIENTS };
  if (plan === undefined) return benchmarkRate(server.port, { ...shape, valueBytes: VALUE.length, keys: KEYS });
  return benchmarkRate(server.port, { ...shape, valueBytes: VALUE.length, keys: MEMBERS, command: plan.command });
}

/** redis-benchmark counts whatever comes back: each command must do its work, not fail. */
async function check(server: Server, test: string): Promise<void> {
  const command = TESTS[test]?.command.map((word) => word.replace('__rand_int__', '1'));
  if (command === undefined) return;
  await fill(server.port, preparing(test, 1));
  const reply = await ask(server.port, ...command);
  if (reply === null || (Array.isArray(reply) && reply.length === 0)) {
    throw new Error(`${server.name} answers ${command[0]} with nothing; leave it out with --tests`);
  }
}

async function warmUp(server: Server, tests: readonly string[]): Promise<void> {
  for (let pass = 0; pass < WARM_PASSES; pass++) {
    for (const test of tests) {
      const requests = Math.ceil(WARM_REQUESTS * (TESTS[test]?.share ?? 0.2));
      await check(server, test);
      await fill(server.port, preparing(test, requests));
      await load(server, test, pass % 2 === 0 ? 16 : 1, requests);
    }
  }
}

export async function types(run: Run): Promise<Report> {
  const { options } = run;
  const report = await compareCells(run, {
    rounds: options.rounds ?? ROUNDS,
    warmUp: (server) => warmUp(server, options.tests),
    requests: ({ test, pipeline }, effort) => requestsFor(options.requests, test, pipeline, effort),
    prepare: async ({ port }, { test }, requests) => void (await fill(port, preparing(test, requests))),
    load: (server, { test, pipeline }, requests) => load(server, test, pipeline, requests),
    goal: ({ pipeline }) => GOALS.get(pipeline),
  });
  report.notes.unshift(
    `LPUSH and XADD start with an empty key; SADD, HSET, ZADD with ${HELD} elements, and add some of ${MEMBERS};`,
    `RPOP, SPOP and ZPOPMIN leave ${HELD}; LRANGE reads a list of as many. Elements have 20 bytes, values 32.`,
  );
  return report;
}
