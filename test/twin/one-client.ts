/**
 * Suites of one client: random calls on this server, inside the process, and on redis-server, sent in one pipeline.
 * Compared are every reply, byte by byte, and then every key of the dataset with its type, encoding, expire time and
 * contents.
 *
 *   oneClient({ title: 'strings', runs: 100, calls: fc.oneof(...) })
 *
 * What cannot be equal (random keys, cursors, clocks) is made comparable in comparable.ts. Clocks differ by what a run
 * lasts: scripts use expire times that are past or far away, and times are compared with a tolerance.
 */
import * as fc from 'fast-check';
import { repr } from '../../src/core/repr.ts';
import { startServer, type ServerHandle } from '../../src/topology/server.ts';
import { startRedis, type RedisProcess } from '../support/redis-process.ts';
import { RespClient } from '../support/resp-client.ts';
import { comparable, decode, sortedElements, type Comparable } from './comparable.ts';
import { BEFORE, OBSERVABLE, Observers } from './observers.ts';
import { type Call, makeSuite, type Player, type Step, type Suite } from './suite.ts';

/** Where scripts are played. */
export interface PairOptions {
  readonly title: string;
  /** Sent to both before each script, after the databases were emptied. */
  readonly setup?: readonly Call[];
  /** Sent to both after each script, before the datasets are compared. */
  readonly cleanup?: readonly Call[];
  /** For both, on top of what all suites have. */
  readonly config?: Readonly<Record<string, string>>;
  /** Brings a server that has just been started to where scripts begin. */
  readonly prepare?: (client: RespClient) => Promise<void>;
  /** Events, what MONITOR shows, and statistics must be equal too. */
  readonly isObserved?: boolean;
  /** Instead of what comparable.ts has for a call's reply. */
  readonly comparable?: Comparable;
}

export interface OneClientOptions extends PairOptions {
  readonly runs: number;
  readonly calls: fc.Arbitrary<Call | Step>;
  readonly stepsMax?: number;
}

export interface OneClientScript {
  readonly calls: readonly Call[];
  readonly protocol: number;
}

const DATABASES = 3;
const STEPS_MAX = 30;
/** DEBUG shows and sets what nothing else does. Half a gigabyte more or less makes no difference but time. */
const CONFIG = { 'enable-debug-command': 'local', 'proto-max-bulk-len': '1mb' };
/** Much, for a machine that is busy; times that scripts set are longer. */
const SECONDS_TOLERANCE = 60;
const REPLY_TIMEOUT_MS = 30_000;

/** Commands that show the contents of a value, by its type. */
const READERS: Readonly<Record<string, (key: string) => Call>> = {
  string: (key) => ['GET', key],
  list: (key) => ['LRANGE', key, '0', '-1'],
  set: (key) => ['SMEMBERS', key],
  hash: (key) => ['HGETALL', key],
  zset: (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
  stream: (key) => ['XRANGE', key, '-', '+'],
};

/** Types whose elements come in no particular order, and how many replies an element takes. */
const UNORDERED: Readonly<Record<string, number>> = { set: 1, hash: 2 };

/** Commands whose replies are times, and how many of their units make a second. */
const TIMES: Readonly<Record<string, number>> = {
  TTL: 1,
  PTTL: 1000,
  EXPIRETIME: 1,
  PEXPIRETIME: 1000,
  TIME: 1,
};

export function oneClient(options: OneClientOptions): Suite {
  const steps = fc.array(options.calls, { minLength: 1, maxLength: options.stepsMax ?? STEPS_MAX, size: 'max' });
  const scripts = fc
    .tuple(steps, fc.constantFrom(2, 3))
    .map(([list, protocol]): OneClientScript => ({ calls: list.flatMap(callsOfStep), protocol }));
  return makeSuite({
    title: options.title,
    runs: options.runs,
    scripts,
    callsOf: ({ calls }) => calls,
    open: () => openPair(options),
  });
}

export function openPair(options: PairOptions): Promise<Player<OneClientScript>> {
  return Pair.open(options);
}

function callsOfStep(step: Call | Step): readonly Call[] {
  return typeof step[0] === 'string' ? [step as Call] : (step as Step);
}

/** Two texts that may differ only by what the clocks do. */
function isSame(call: Call, ours: string, theirs: string): boolean {
  if (ours === theirs) return true;
  const unit = TIMES[call[0]!.toUpperCase()] ?? TIMES[call.slice(0, 2).join(' ').toUpperCase()];
  if (unit === undefined || !/^:\d+\r\n$/.test(ours) || !/^:\d+\r\n$/.test(theirs)) return false;
  const difference = BigInt(ours.slice(1, -2)) - BigInt(theirs.slice(1, -2));
  return difference <= BigInt(unit * SECONDS_TOLERANCE) && -difference <= BigInt(unit * SECONDS_TOLERANCE);
}

interface Difference {
  readonly where: string;
  readonly ours: string;
  readonly theirs: string;
}

/** A server of either kind, with who plays on it and who looks on. */
interface Side {
  readonly client: RespClient;
  readonly observers: Observers | null;
  readonly stop: () => Promise<unknown>;
}

async function openSide(port: number, isObserved: boolean, stop: () => Promise<unknown>): Promise<Side> {
  const client = await RespClient.connect({ port, timeoutMs: REPLY_TIMEOUT_MS });
  return { client, observers: isObserved ? await Observers.open(port, client) : null, stop };
}

class Pair implements Player<OneClientScript> {
  readonly #ours: Side;
  readonly #theirs: Side;
  readonly #options: PairOptions;

  private constructor(ours: Side, theirs: Side, options: PairOptions) {
    this.#ours = ours;
    this.#theirs = theirs;
    this.#options = options;
  }

  static async open(options: PairOptions): Promise<Pair> {
    const { isObserved = false } = options;
    const config = { ...CONFIG, ...(isObserved ? OBSERVABLE : {}), ...options.config };
    const ours: ServerHandle = await startServer({ config });
    const theirs: RedisProcess = await startRedis({ options: { databases: 16, ...config } });
    const mine = await openSide(ours.port, isObserved, () => ours.close());
    const real = await openSide(theirs.port, isObserved, () => theirs.stop());
    await Promise.all([mine, real].map((side) => options.prepare?.(side.client)));
    return new Pair(mine, real, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client, observers, stop } of [this.#ours, this.#theirs]) {
      await client.close();
      observers?.close();
      await stop();
    }
  }

  async play({ calls, protocol }: OneClientScript): Promise<void> {
    let difference: Difference | null;
    try {
      difference = await this.#findDifference(calls, protocol);
    } catch (error) {
      difference = { where: (error as Error).message, ours: stateOf(this.#ours), theirs: stateOf(this.#theirs) };
    }
    if (difference !== null) throw new Error(report(calls, protocol, this.#options, difference));
  }

  async #findDifference(calls: readonly Call[], protocol: number): Promise<Difference | null> {
    const compare = this.#options.comparable ?? comparable;
    const { setup = [], cleanup = [] } = this.#options;
    const { observers } = this.#ours;
    const first = [['RESET'], ['HELLO', String(protocol)], ['FLUSHALL'], ...(observers === null ? [] : BEFORE)];
    const before = [...first, ...setup];
    const [ours, theirs] = await this.#both([...before, ...calls, ...cleanup]);
    for (const [i, call] of calls.entries()) {
      const mine = compare(call, ours[before.length + i]!);
      const real = compare(call, theirs[before.length + i]!);
      if (!isSame(call, mine, real)) return { where: `call ${i + 1}, ${quote(call)}`, ours: mine, theirs: real };
    }
    return (await this.#compareObservations()) ?? this.#compareDatasets();
  }

  async #compareObservations(): Promise<Difference | null> {
    const [ours, theirs] = await Promise.all([this.#ours, this.#theirs].map((side) => side.observers?.report() ?? []));
    for (const [i, seen] of ours!.entries()) {
      const at = seen.findIndex((line, n) => line !== theirs![i]![n]);
      const from = at < 0 ? seen.length : at;
      const [mine, real] = [seen, theirs![i]!].map((lines) => lines.slice(from, from + LINES_SHOWN).join('\n'));
      if (mine !== real) return { where: `what is seen: ${OBSERVATIONS[i]}`, ours: mine!, theirs: real! };
    }
    return null;
  }

  async #both(calls: readonly Call[]): Promise<[string[], string[]]> {
    const encoded = calls.map((call) => call.map((arg) => Buffer.from(arg, 'latin1')));
    return Promise.all([this.#ours.client.pipelineRaw(encoded), this.#theirs.client.pipelineRaw(encoded)]);
  }

  async #compareDatasets(): Promise<Difference | null> {
    const listings = Array.from({ length: DATABASES }, (_, i) => [
      ['SELECT', String(i)],
      ['KEYS', '*'],
    ]);
    const [ours, theirs] = await this.#both([['RESET'], ...listings.flat()]);
    for (let database = 0; database < DATABASES; database++) {
      const mine = decode(ours[database * 2 + 2]!) as string[];
      const real = decode(theirs[database * 2 + 2]!) as string[];
      const sorted = [mine, real].map((keys) => keys.map(repr).sort().join(' '));
      const where = `keys of database ${database}`;
      if (sorted[0] !== sorted[1]) return { where, ours: sorted[0]!, theirs: sorted[1]! };
      const difference = mine.length === 0 ? null : await this.#compareKeys(mine, database);
      if (difference !== null) return difference;
    }
    return null;
  }

  async #compareKeys(keys: readonly string[], database: number): Promise<Difference | null> {
    const about = keys.flatMap((key) => [
      ['TYPE', key],
      ['OBJECT', 'ENCODING', key],
      ['PEXPIRETIME', key],
    ]);
    const select = ['SELECT', String(database)];
    const [ours, theirs] = await this.#both([select, ...about]);
    for (const [i, call] of about.entries()) {
      if (!isSame(call, ours[i + 1]!, theirs[i + 1]!)) return afterwards(call, database, ours[i + 1]!, theirs[i + 1]!);
    }
    const types = keys.map((_, i) => decode(theirs[i * 3 + 1]!) as string);
    const reads = keys.map((key, i) => READERS[types[i]!]!(key));
    const [mine, real] = await this.#both(reads);
    for (const [i, call] of reads.entries()) {
      const width = UNORDERED[types[i]!];
      const [a, b] = [mine[i]!, real[i]!].map((reply) => (width === undefined ? reply : sortedElements(reply, width)));
      if (a !== b) return afterwards(call, database, a!, b!);
    }
    return null;
  }
}

/** Of what differs from there on. */
const LINES_SHOWN = 12;
const OBSERVATIONS = ['events', 'MONITOR', 'statistics'];

function stateOf({ client }: Side): string {
  return client.isClosed ? 'gone' : 'there';
}

function afterwards(call: Call, database: number, ours: string, theirs: string): Difference {
  return { where: `afterwards in database ${database}, ${quote(call)}`, ours, theirs };
}

/** A call as redis-cli reads it. */
export function quote(call: Call): string {
  return call.map((arg) => (/^[\w:.+-]+$/.test(arg) ? arg : repr(arg))).join(' ');
}

function report(script: readonly Call[], protocol: number, options: PairOptions, difference: Difference): string {
  const lines = [...(protocol === 3 ? [['HELLO', '3']] : []), ['FLUSHALL'], ...(options.setup ?? []), ...script];
  return [
    `differs: ${difference.where}`,
    `  redis-server: ${JSON.stringify(difference.theirs)}`,
    `  this server:  ${JSON.stringify(difference.ours)}`,
    'script for redis-cli (servers that allow DEBUG, with proto-max-bulk-len 1mb):',
    ...lines.map((call) => `  ${quote(call)}`),
  ].join('\n');
}
