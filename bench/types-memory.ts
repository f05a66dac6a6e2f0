// Bytes per element of each type.
//
// As in memory.ts, the figure is the growth of resident memory between a warm server without the data and the same
// server with it, in a fresh process each time. Elements are added one by one, as a busy server gets them, so that what
// a collection leaves behind when it grows is in the bill. The small collections have ten elements, and the growth is
// divided among these: key and collection are in the figure.

import type { Contestant } from './contestants.ts';
import { fill, type Command } from './filler.ts';
import { settledResidentBytes } from './memory.ts';
import { usedMemoryBytes } from './process-meter.ts';
import { formatGoal, formatNumber, formatTable, progress } from './report.ts';
import type { Report, Run } from './run.ts';
import { withServer, type Server } from './servers.ts';
import { median } from './statistics.ts';
import { element, scattered } from './types.ts';
import { ask } from './client.ts';

const ELEMENTS = 1_000_000;
const SMALL = 10;
const ROUNDS = 1;
const GOAL = 1.8;
const WARM_ELEMENTS = 1_000;
const WARM_PASSES = 50;
const VALUE = 'value-of-32-bytes---';
const KEY_DIGITS = 8;

interface Shape {
  what: string;
  /** The command that adds an element to a key; `number` counts over all keys. */
  add(key: string, number: number): Command;
  size: string;
  isSmall: boolean;
}

function value(number: number): string {
  return VALUE + String(number).padStart(12, '0');
}

const addToList = (key: string, number: number): Command => ['RPUSH', key, element(number)];
const addToSet = (key: string, number: number): Command => ['SADD', key, element(number)];
const addToZset = (key: string, number: number): Command => [
  'ZADD',
  key,
  String(scattered(number, ELEMENTS)),
  element(number),
];

const SHAPES: Readonly<Record<string, Shape>> = {
  list: { what: 'one list', add: addToList, size: 'LLEN', isSmall: false },
  hash: {
    what: 'one hash, values of 32 bytes',
    add: (key, number) => ['HSET', key, element(number), value(number)],
    size: 'HLEN',
    isSmall: false,
  },
  'small-hashes': {
    what: 'small hashes: field:0 to field:9, values of 32 bytes',
    add: (key, number) => ['HSET', key, `field:${number % SMALL}`, value(number)],
    size: 'HLEN',
    isSmall: true,
  },
  set: { what: 'one set', add: addToSet, size: 'SCARD', isSmall: false },
  'small-sets': { what: 'small sets', add: addToSet, size: 'SCARD', isSmall: true },
  'small-integer-sets': {
    what: 'small sets of integers',
    add: (key, number) => ['SADD', key, String(scattered(number, ELEMENTS))],
    size: 'SCARD',
    isSmall: true,
  },
  zset: { what: 'one sorted set', add: addToZset, size: 'ZCARD', isSmall: false },
  'small-zsets': { what: 'small sorted sets', add: addToZset, size: 'ZCARD', isSmall: true },
  stream: {
    what: 'one stream: field and value of 32 bytes',
    add: (key, number) => ['XADD', key, '*', 'field', value(number)],
    size: 'XLEN',
    isSmall: false,
  },
};

interface Sample {
  residentBefore: number;
  residentAfter: number;
  usedBefore: number | null;
  usedAfter: number | null;
}

/** The commands that add `count` elements, to keys that begin with `prefix`. */
export function* adding(test: string, prefix: string, count: number): Generator<Command> {
  const { add, isSmall } = SHAPES[test]!;
  for (let i = 0; i < count; i++) {
    const number = isSmall ? Math.floor(i / SMALL) : 0;
    yield add(prefix + String(number).padStart(KEY_DIGITS, '0'), i);
  }
}

/** Grows the working room of a heap, but not the data: little data, made and removed many times. */
async function warm(port: number, test: string): Promise<void> {
  for (let pass = 0; pass < WARM_PASSES; pass++) {
    await fill(port, adding(test, 'warm:', WARM_ELEMENTS));
    await ask(port, 'FLUSHALL');
  }
}

async function measure(server: Server, test: string, elements: number): Promise<Sample> {
  const { port, pid } = server;
  await warm(port, test);
  const residentBefore = await settledResidentBytes(pid);
  const usedBefore = await usedMemoryBytes(port);
  await fill(port, adding(test, 'key:', elements));
  const residentAfter = await settledResidentBytes(pid);
  const usedAfter = await usedMemoryBytes(port);
  await assertHeld(server, test, elements);
  return { residentBefore, residentAfter, usedBefore, usedAfter };
}

/** A server that dropped elements would look thrifty. */
async function assertHeld(server: Server, test: string, elements: number): Promise<void> {
  const { size, isSmall } = SHAPES[test]!;
  const keys = isSmall ? Math.ceil(elements / SMALL) : 1;
  const held = [await ask(server.port, 'DBSIZE'), await ask(server.port, size, `key:${'0'.repeat(KEY_DIGITS)}`)];
  const perKey = isSmall ? Math.min(elements, SMALL) : elements;
  if (held[0] !== keys || held[1] !== perKey) {
    throw new Error(`${server.name} holds ${held.join(' keys of ')} elements instead of ${keys} of ${perKey}`);
  }
}

export async function typesMemory(run: Run): Promise<Report> {
  const { options } = run;
  const elements = options.keys ?? ELEMENTS;
  const rounds = options.rounds ?? ROUNDS;
  const contestants = run.contestants.slice(0, 2);
  const samples: Record<string, Record<string, Sample[]>> = {};
  for (const test of options.tests) {
    const own: Record<string, Sample[]> = Object.fromEntries(contestants.map(({ name }) => [name, []]));
    for (let round = 1; round <= rounds; round++) {
      for (const contestant of contestants) {
        progress(`round ${round} of ${rounds}: ${test}, ${contestant.name}`);
        own[contestant.name]!.push(await withServer(run, contestant, (server) => measure(server, test, elements)));
      }
    }
    samples[test] = own;
  }
  return {
    table: table(contestants, samples, elements),
    notes: [
      `Growth over ${formatNumber(elements)} elements of 20 bytes, in bytes per element; small collections have ${SMALL}.`,
      `Median of ${rounds} round${rounds === 1 ? '' : 's'}. RSS: resident memory; used: what the server says.`,
    ],
    data: { elements, samples },
  };
}

/** Bytes per element. */
function grown(samples: readonly Sample[], elements: number, of: 'resident' | 'used'): number {
  const growth = samples.map((sample) => {
    const before = of === 'resident' ? sample.residentBefore : sample.usedBefore;
    const after = of === 'resident' ? sample.residentAfter : sample.usedAfter;
    return before === null || after === null ? Number.NaN : (after - before) / elements;
  });
  return median(growth);
}

function table(
  contestants: readonly Contestant[],
  samples: Readonly<Record<string, Record<string, Sample[]>>>,
  elements: number,
): string {
  const names = contestants.map(({ name }) => name);
  const [first, second] = names;
  const header = [
    'collection',
    ...names.map((name) => `${name} RSS`),
    'ratio',
    'goal',
    ...names.map((name) => `${name} used`),
    'ratio',
  ];
  const rows = Object.entries(samples).map(([test, own]) => {
    const resident = names.map((name) => grown(own[name]!, elements, 'resident'));
    const used = names.map((name) => grown(own[name]!, elements, 'used'));
    const ratio = resident[0]! / resident[1]!;
    return [
      SHAPES[test]!.what,
      ...resident.map((bytes) => formatNumber(bytes, 1)),
      ratio.toFixed(2),
      first === 'resplica' && second === 'redis-server' ? formatGoal(ratio, GOAL) : '',
      ...used.map((bytes) => formatNumber(bytes, 1)),
      formatNumber(used[0]! / used[1]!, 2),
    ];
  });
  return formatTable(header, rows);
}
