// The longest time that a server keeps everyone waiting when much goes at once: a value of ten million elements that is
// deleted, overwritten, renamed over, evicted or expired, or a million keys.
//
// Each case builds its data on a fresh server. Then a prober sends a PING each millisecond, the one command that removes
// everything is sent, and the probes go on until nothing is left to free. The stall is the longest wait less the median.

import type { Contestant } from './contestants.ts';
import { REMOVALS, type Removal } from './arguments.ts';
import { ask, parseInfo } from './client.ts';
import { fill, type Command } from './filler.ts';
import { servedMs } from './prober.ts';
import { formatGoal, formatNumber, formatTable, progress } from './report.ts';
import type { Report, Run } from './run.ts';
import { type Server, withServer } from './servers.ts';
import { startProber } from './stall.ts';
import { median } from './statistics.ts';

const ELEMENTS = 10_000_000;
/** Keys of the cases that remove many small ones, as a part of the elements of the others. */
const KEYS_PART = 10;
const PER_COMMAND = 100;
const ROUNDS = 1;
const GOAL_MS = 20;
const POLL_MS = 20;
const FREED_MS_MAX = 120_000;
/** As often as that the number of keys must have been the same. */
const STILL_POLLS = 3;
/** The probes go on for so long after the last was freed: the collector may come late. */
const REST_MS = 500;
const BIG = 'big';

interface Case {
  build(count: number): Iterable<Command>;
  /** Sent in turn; the last one removes. */
  remove(server: Server): Promise<Command[]>;
}

const CASES: Readonly<Record<Removal, Case>> = {
  'del-list': { build: (count) => inBulk('RPUSH', count, (i) => [`element:${i}`]), remove: commands(['DEL', BIG]) },
  'del-hash': { build: (count) => inBulk('HSET', count, (i) => [`f${i}`, `v${i}`]), remove: commands(['DEL', BIG]) },
  'del-set': { build: (count) => inBulk('SADD', count, (i) => [`member:${i}`]), remove: commands(['DEL', BIG]) },
  'del-stream': { build: entries, remove: commands(['DEL', BIG]) },
  'del-zset': { build: zset, remove: commands(['DEL', BIG]) },
  'unlink-zset': { build: zset, remove: commands(['UNLINK', BIG]) },
  'set-zset': { build: zset, remove: commands(['SET', BIG, 'v']) },
  'rename-zset': { build: zset, remove: commands(['SET', 'small', 'v'], ['RENAME', 'small', BIG]) },
  'expire-zset': { build: zset, remove: commands(['PEXPIRE', BIG, '1']) },
  'evict-zset': { build: zset, remove: evictHalf },
  flushdb: { build: keys, remove: commands(['FLUSHDB']) },
  flushall: { build: keys, remove: commands(['FLUSHALL']) },
  'flushall-async': { build: keys, remove: commands(['FLUSHALL', 'ASYNC']) },
  'expire-keys': { build: dyingKeys, remove: commands(['DEBUG', 'SET-ACTIVE-EXPIRE', '1']) },
  'evict-keys': { build: keys, remove: evictHalf },
};

function commands(...list: Command[]): () => Promise<Command[]> {
  return () => Promise.resolve(list);
}

/** A limit that half of the data fits into. What a server needs besides is not there to be evicted. */
async function evictHalf({ port }: Server): Promise<Command[]> {
  const info = parseInfo(await ask(port, 'INFO', 'memory'));
  const limit = Number(info.get('used_memory')) - Number(info.get('used_memory_dataset')) / 2;
  return [['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random', 'maxmemory', String(Math.floor(limit))]];
}

function* inBulk(name: string, count: number, words: (i: number) => string[]): Iterable<Command> {
  for (let first = 0; first < count; first += PER_COMMAND) {
    const command = [name, BIG];
    for (let i = first; i < Math.min(count, first + PER_COMMAND); i++) command.push(...words(i));
    yield command;
  }
}

function zset(count: number): Iterable<Command> {
  return inBulk('ZADD', count, (i) => [String(i), `member:${i}`]);
}

function* entries(count: number): Iterable<Command> {
  for (let i = 0; i < count; i++) yield ['XADD', BIG, `${i + 1}-0`, 'field', String(i)];
}

function* keys(count: number): Iterable<Command> {
  for (let i = 0; i < count / KEYS_PART; i++) yield ['SET', `key:${i}`, 'value-of-some-bytes'];
}

/** Keys whose time has passed when they are all there, and that nobody removes yet. */
function* dyingKeys(count: number): Iterable<Command> {
  yield ['DEBUG', 'SET-ACTIVE-EXPIRE', '0'];
  for (let i = 0; i < count / KEYS_PART; i++) yield ['SET', `key:${i}`, 'value-of-some-bytes', 'PX', '1'];
}

interface Sample {
  stallMs: number;
  medianMs: number;
  longestTripMs: number;
  /** From the command until everything was freed. */
  goneMs: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Waits until the server has freed what it removed, or for so long that the time tells that it never will. It has evicted
 * what it wants to when the number of keys stands still: used_memory stays about the limit, with whoever asks for it.
 */
async function untilFreed({ port }: Server, removal: Removal): Promise<void> {
  const giveUpMs = performance.now() + FREED_MS_MAX;
  const evicts = removal.startsWith('evict');
  const stillPolls = evicts ? STILL_POLLS : 1;
  let keysBefore = -1;
  for (let still = 0; still < stillPolls && performance.now() < giveUpMs;) {
    const info = parseInfo(await ask(port, 'INFO'));
    const keys = Number(await ask(port, 'DBSIZE'));
    let isOver = info.get('lazyfree_pending_objects') === '0';
    if (evicts) isOver &&= info.get('evicted_keys') !== '0' && keys === keysBefore;
    else if (removal.startsWith('expire')) isOver &&= keys === 0;
    still = isOver ? still + 1 : 0;
    keysBefore = keys;
    if (still < stillPolls) await pause(POLL_MS);
  }
}

async function measure(server: Server, removal: Removal, count: number): Promise<Sample> {
  const { build, remove } = CASES[removal];
  // What a dump.rdb in the working directory brought along.
  await ask(server.port, 'FLUSHALL');
  await fill(server.port, build(count));
  const list = await remove(server);
  for (const command of list.slice(0, -1)) await ask(server.port, ...command);
  const prober = startProber(server);
  await prober.ready;
  const start = performance.now();
  await ask(server.port, ...list.at(-1)!);
  await untilFreed(server, removal);
  const goneMs = performance.now() - start;
  await pause(REST_MS);
  const { worst, medianMs, longestTripMs } = await prober.finish();
  if (worst[0] === undefined) throw new Error('the prober saw no answer');
  return { stallMs: servedMs(worst[0]) - medianMs, medianMs, longestTripMs, goneMs };
}

export async function removal(run: Run): Promise<Report> {
  const { options, contestants } = run;
  const count = options.keys ?? ELEMENTS;
  const rounds = options.rounds ?? ROUNDS;
  const removals = REMOVALS.filter((name) => options.tests.includes(name));
  const samples: Record<string, Record<string, Sample[]>> = {};
  for (const name of removals) {
    samples[name] = {};
    for (let round = 1; round <= rounds; round++) {
      for (const contestant of contestants) {
        progress(`${name}, round ${round} of ${rounds}: ${contestant.name}`);
        const own = (samples[name][contestant.name] ??= []);
        const free = { ...contestant, command: `${contestant.command} --enable-debug-command local` };
        own.push(await withServer(run, free, (server) => measure(server, name, count)));
      }
    }
  }
  return {
    table: table(contestants, samples),
    notes: [
      `Longest wait less the median one; ${formatNumber(count)} elements, or ${formatNumber(count / KEYS_PART)} keys; a PING each millisecond, ${rounds} rounds.`,
    ],
    data: { count, samples },
  };
}

function table(
  contestants: readonly Contestant[],
  samples: Readonly<Record<string, Record<string, Sample[]>>>,
): string {
  const header = ['what', 'server', 'stall, ms', 'longest trip, ms', 'median PING, ms', 'freed after, ms', 'goal'];
  const rows = Object.entries(samples).flatMap(([what, byServer]) =>
    contestants.map(({ name }) => {
      const own = byServer[name]!;
      const [stallMs, tripMs, medianMs, goneMs] = (['stallMs', 'longestTripMs', 'medianMs', 'goneMs'] as const).map(
        (figure) => median(own.map((sample) => sample[figure])),
      ) as [number, number, number, number];
      return [
        what,
        name,
        formatNumber(stallMs, 1),
        formatNumber(tripMs, 1),
        formatNumber(medianMs, 2),
        formatNumber(goneMs),
        name === 'resplica' ? formatGoal(stallMs, GOAL_MS) : '',
      ];
    }),
  );
  return formatTable(header, rows);
}
