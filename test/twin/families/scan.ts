/**
 * Whole iterations with SCAN, HSCAN, SSCAN and ZSCAN, step by step as the cursors say. The cursors are each server's
 * own; what was found at the end is the same, nothing is missing, and the steps are as many as they can be at most.
 */
import * as fc from 'fast-check';
import { startServer, type ServerHandle } from '../../../src/topology/server.ts';
import { type RedisProcess, startRedis } from '../../support/redis-process.ts';
import { RespClient } from '../../support/resp-client.ts';
import { decode } from '../comparable.ts';
import { quote } from '../one-client.ts';
import { type Call, type Family, makeSuite, type Player } from '../suite.ts';

type Kind = 'SCAN' | 'HSCAN' | 'SSCAN' | 'ZSCAN';

interface Script {
  readonly kind: Kind;
  readonly elements: number;
  /** Elements that are long, so that what holds them is no packed one. */
  readonly isLong: boolean;
  readonly options: readonly string[];
}

const STEPS_MAX = 10_000;

const match = fc.constantFrom('*', 'e1*', '*[0-4]', 'nothing', '?????', 'e\\1*', '');
const options = fc
  .tuple(
    fc.option(match.map((pattern) => ['MATCH', pattern])),
    fc.option(fc.constantFrom('1', '2', '7', '100').map((count) => ['COUNT', count])),
    fc.option(fc.constantFrom('string', 'STRING', 'hash', 'nonsense').map((type) => ['TYPE', type])),
  )
  .map((list) => list.flatMap((option) => option ?? []));
const scripts: fc.Arbitrary<Script> = fc.record({
  kind: fc.constantFrom<Kind>('SCAN', 'HSCAN', 'SSCAN', 'ZSCAN'),
  elements: fc.oneof(fc.nat(12), fc.nat(150)),
  isLong: fc.boolean(),
  options,
});

function names({ elements, isLong }: Script): string[] {
  return Array.from({ length: elements }, (_, i) => `e${i}${isLong && i === 0 ? 'x'.repeat(70) : ''}`);
}

function setup(script: Script): Call[] {
  const all = names(script);
  if (all.length === 0) return [];
  if (script.kind === 'SCAN')
    return all.map((name, i) => (i % 5 === 4 ? ['HSET', name, 'f', 'v'] : ['SET', name, 'v']));
  if (script.kind === 'HSCAN') return [['HSET', 'k', ...all.flatMap((name) => [name, name])]];
  if (script.kind === 'SSCAN') return [['SADD', 'k', ...all]];
  return [['ZADD', 'k', ...all.flatMap((name, i) => [String(i), name])]];
}

function scanCall({ kind, options }: Script, cursor: string): Call {
  return kind === 'SCAN' ? ['SCAN', cursor, ...options] : [kind, 'k', cursor, ...options];
}

/** How many calls a whole scan is expected to take. */
function stepsOf({ elements, options }: Script): number {
  const count = options.indexOf('COUNT');
  return Math.ceil((elements + 1) / Number(count < 0 ? 10 : options[count + 1]));
}

/** Everything that a whole scan finds, in alphabetic order; or the error. */
async function iterate(client: RespClient, script: Script): Promise<string> {
  await client.pipelineRaw([['FLUSHALL'], ...setup(script)].map((call) => [...call]));
  const found: string[] = [];
  let cursor = '0';
  for (let step = 0; step < STEPS_MAX; step++) {
    const reply = await client.callRaw(...scanCall(script, cursor));
    if (reply.startsWith('-')) return reply;
    const [next, elements] = decode(reply) as [string, string[]];
    const width = script.kind === 'HSCAN' || script.kind === 'ZSCAN' ? 2 : 1;
    for (let i = 0; i < elements.length; i += width) found.push(elements.slice(i, i + width).join('='));
    cursor = next;
    if (cursor === '0') return [...new Set(found)].sort().join(' ');
  }
  return `no end after ${STEPS_MAX} steps`;
}

class Scanners implements Player<Script> {
  readonly #servers: readonly [ServerHandle, RedisProcess];
  readonly #clients: readonly [RespClient, RespClient];

  private constructor(servers: readonly [ServerHandle, RedisProcess], clients: readonly [RespClient, RespClient]) {
    this.#servers = servers;
    this.#clients = clients;
  }

  static async open(): Promise<Scanners> {
    const ours = await startServer();
    const theirs = await startRedis();
    const clients = [ours, theirs].map(({ port }) => RespClient.connect({ port, timeoutMs: 20_000 }));
    return new Scanners([ours, theirs], [await clients[0]!, await clients[1]!]);
  }

  async play(script: Script): Promise<void> {
    const [mine, real] = await Promise.all(this.#clients.map((client) => iterate(client, script)));
    if (mine === real) return;
    const lines = [...setup(script), scanCall(script, '0')].map((call) => `  ${quote(call)}`);
    throw new Error(
      [
        'differs: what a whole scan finds',
        `  redis-server: ${JSON.stringify(real)}`,
        `  this server:  ${JSON.stringify(mine)}`,
        'script for redis-cli:',
        ...lines,
      ].join('\n'),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client.close();
    await this.#servers[0].close();
    await this.#servers[1].stop();
  }
}

export const scanFamily: Family = {
  name: 'scan',
  suites: [
    makeSuite({
      title: 'whole scans',
      runs: 100,
      scripts,
      callsOf: (script) => Array<Call>(stepsOf(script)).fill(scanCall(script, '0')),
      open: () => Scanners.open(),
    }),
  ],
};
