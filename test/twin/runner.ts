/**
 * Plays the same random commands on this server, inside the process, and on redis-server, and compares: every reply,
 * byte by byte, and then every key of the dataset with its type, encoding, expire time and contents.
 *
 *   describeTwins('strings', { calls: fc.oneof(...), readers: ... });
 *
 * A family of commands brings an arbitrary for its calls. What cannot be equal (random keys, cursors, clocks) is made
 * comparable by `comparable`. A difference is shrunk by fast-check, and the smallest script that shows it is printed
 * as input for redis-cli. `TWIN_RUNS=10000` looks longer than `npm test` does; `TWIN_SEED` repeats a run.
 *
 * Clocks differ by what a run lasts: scripts use expire times that are past or far away, and times are compared with a
 * tolerance.
 */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { repr } from '../../src/core/repr.ts';
import { startServer, type ServerHandle } from '../../src/topology/server.ts';
import { startRedis, type RedisProcess } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import type { RespClient } from '../support/resp-client.ts';
import { RespClient as Client } from '../support/resp-client.ts';
import { readReply, type Reply } from '../support/resp-reader.ts';

/** A command with its arguments, as binary strings. */
export type Call = readonly string[];

/** Replies of one call, RESP as latin1 text, made such that equal behaviour gives equal texts. */
export type Comparable = (call: Call, reply: string) => string;

export interface TwinOptions {
  readonly calls: fc.Arbitrary<Call>;
  readonly callsPerRun?: number;
  /** Runs in `npm test`. */
  readonly runs?: number;
  /** Sent to both before each run, after the databases were emptied. */
  readonly setup?: readonly Call[];
  readonly comparable?: Comparable;
}

const DATABASES = 3;
/** DEBUG shows and sets what nothing else does. */
const DEBUGGABLE = { 'enable-debug-command': 'local' };
const SECONDS_TOLERANCE = 5;
const RUNS = Number(process.env['TWIN_RUNS'] ?? 0);
const SEED = process.env['TWIN_SEED'];
const TIMEOUT_MS = RUNS > 0 ? 3_600_000 : 60_000;

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

// -------------------------------------------------------------------------------------------------------------- compare

/** Commands whose replies are times, and how many of their units make a second. */
const TIMES: Readonly<Record<string, number>> = {
  TTL: 1,
  PTTL: 1000,
  EXPIRETIME: 1,
  PEXPIRETIME: 1000,
  'OBJECT IDLETIME': 1,
};

/** Two texts that may differ only by what the clocks do. */
function isSame(call: Call, ours: string, theirs: string): boolean {
  if (ours === theirs) return true;
  const unit = TIMES[call[0]!.toUpperCase()] ?? TIMES[call.slice(0, 2).join(' ').toUpperCase()];
  if (unit === undefined || !/^:\d+\r\n$/.test(ours) || !/^:\d+\r\n$/.test(theirs)) return false;
  const difference = BigInt(ours.slice(1, -2)) - BigInt(theirs.slice(1, -2));
  return difference <= BigInt(unit * SECONDS_TOLERANCE) && -difference <= BigInt(unit * SECONDS_TOLERANCE);
}

/** Decodes a reply given as latin1 text; bulks as binary strings. */
export function decode(reply: string): Reply {
  const read = readReply(Buffer.from(reply, 'latin1'), true);
  if (read === null) throw new Error(`not a whole reply: ${JSON.stringify(reply)}`);
  return mapBulks(read.reply);
}

function mapBulks(reply: Reply): Reply {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  return Array.isArray(reply) ? reply.map(mapBulks) : reply;
}

interface Difference {
  readonly where: string;
  readonly ours: string;
  readonly theirs: string;
}

// ----------------------------------------------------------------------------------------------------------------- play

class Twins {
  readonly #ours: RespClient;
  readonly #theirs: RespClient;
  readonly #options: TwinOptions;

  constructor(ours: RespClient, theirs: RespClient, options: TwinOptions) {
    this.#ours = ours;
    this.#theirs = theirs;
    this.#options = options;
  }

  async both(calls: readonly Call[]): Promise<[string[], string[]]> {
    const encoded = calls.map((call) => call.map((arg) => Buffer.from(arg, 'latin1')));
    return Promise.all([this.#ours.pipelineRaw(encoded), this.#theirs.pipelineRaw(encoded)]);
  }

  /** Plays a script and returns the first difference. */
  async play(calls: readonly Call[], protocol: number): Promise<Difference | null> {
    const { setup = [], comparable = (_call, reply) => reply } = this.#options;
    const before = [['HELLO', String(protocol)], ['SELECT', '0'], ['FLUSHALL'], ...setup];
    const [ours, theirs] = await this.both([...before, ...calls]);
    for (const [i, call] of calls.entries()) {
      const mine = comparable(call, ours[before.length + i]!);
      const real = comparable(call, theirs[before.length + i]!);
      if (!isSame(call, mine, real)) return { where: `call ${i + 1}, ${quote(call)}`, ours: mine, theirs: real };
    }
    return this.#compareDatasets();
  }

  async #compareDatasets(): Promise<Difference | null> {
    for (let database = 0; database < DATABASES; database++) {
      const [ours, theirs] = await this.both([
        ['SELECT', String(database)],
        ['KEYS', '*'],
      ]);
      const mine = decode(ours[1]!) as string[];
      const real = decode(theirs[1]!) as string[];
      const where = `keys of database ${database}`;
      const sorted = [mine, real].map((keys) => keys.map(repr).sort().join(' '));
      if (sorted[0] !== sorted[1]) return { where, ours: sorted[0]!, theirs: sorted[1]! };
      const difference = await this.#compareKeys(mine, database);
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
    const [ours, theirs] = await this.both(about);
    for (const [i, call] of about.entries()) {
      if (!isSame(call, ours[i]!, theirs[i]!)) return this.#difference(call, database, ours[i]!, theirs[i]!);
    }
    const reads = keys.map((key, i) => READERS[decode(theirs[i * 3]!) as string]!(key));
    const [mine, real] = await this.both(reads);
    for (const [i, call] of reads.entries()) {
      const type = decode(theirs[i * 3]!) as string;
      if (sortElements(type, mine[i]!) !== sortElements(type, real[i]!)) {
        return this.#difference(call, database, mine[i]!, real[i]!);
      }
    }
    return null;
  }

  #difference(call: Call, database: number, ours: string, theirs: string): Difference {
    return { where: `afterwards in database ${database}, ${quote(call)}`, ours, theirs };
  }
}

function sortElements(type: string, reply: string): string {
  const width = UNORDERED[type];
  if (width === undefined) return reply;
  const value = decode(reply);
  const flat = value instanceof Map ? [...value].flat() : [...(value as Iterable<Reply>)];
  const elements: string[] = [];
  for (let i = 0; i < flat.length; i += width) elements.push(JSON.stringify(flat.slice(i, i + width)));
  return elements.sort().join(' ');
}

// --------------------------------------------------------------------------------------------------------------- report

/** A call as redis-cli reads it. */
export function quote(call: Call): string {
  return call.map((arg) => (/^[\w:.+-]+$/.test(arg) ? arg : repr(arg))).join(' ');
}

function report(script: readonly Call[], protocol: number, options: TwinOptions, difference: Difference): string {
  const lines = [...(protocol === 3 ? [['HELLO', '3']] : []), ['FLUSHALL'], ...(options.setup ?? []), ...script];
  return [
    `differs: ${difference.where}`,
    `  redis-server: ${JSON.stringify(difference.theirs)}`,
    `  this server:  ${JSON.stringify(difference.ours)}`,
    'script for redis-cli:',
    ...lines.map((call) => `  ${quote(call)}`),
  ].join('\n');
}

/** One test: both answer the same to random scripts. */
export function describeTwins(family: string, options: TwinOptions): void {
  describeWith('redis-server', `real Redis and this server, given the same ${family}`, () => {
    it(
      'give the same replies and end with the same dataset',
      async () => {
        await using ours: ServerHandle = await startServer({ config: DEBUGGABLE });
        await using theirs: RedisProcess = await startRedis({ options: { databases: 16, ...DEBUGGABLE } });
        await using mine = await Client.connect({ port: ours.port, timeoutMs: 20_000 });
        await using real = await Client.connect({ port: theirs.port, timeoutMs: 20_000 });
        const twins = new Twins(mine, real, options);
        const script = fc.array(options.calls, { minLength: 1, maxLength: options.callsPerRun ?? 30, size: 'max' });
        await fc.assert(
          fc.asyncProperty(script, fc.constantFrom(2, 3), async (calls, protocol) => {
            const difference = await twins.play(calls, protocol);
            if (difference !== null) throw new Error(report(calls, protocol, options, difference));
          }),
          {
            numRuns: RUNS > 0 ? RUNS : (options.runs ?? 100),
            ...(SEED === undefined ? {} : { seed: Number(SEED) }),
            // The smallest script's own report says it all.
            reporter: (details) => {
              if (details.failed) expect.fail(describeFailure(details.errorInstance, details.seed, details.numRuns));
            },
          },
        );
      },
      TIMEOUT_MS,
    );
  });
}

function describeFailure(error: unknown, seed: number, runs: number): string {
  const message = error instanceof Error ? error.message : String(error);
  return `${message}\n(TWIN_SEED=${seed}, after ${runs} runs)`;
}
