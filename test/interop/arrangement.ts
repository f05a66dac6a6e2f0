/**
 * An arrangement of servers of both makes, one of them a master and the others its replicas, each by way of a proxy that
 * can cut the links. It can be written to for a while, be compared, and change its master.
 */
import { everyValue } from '../persistence/rdb/every-value.ts';
import { Prng } from '../../src/host/prng.ts';
import { eventually } from '../support/eventually.ts';
import { readReply } from '../support/resp-reader.ts';
import type { Call } from '../twin/suite.ts';
import { CuttingProxy } from './cutting-proxy.ts';
import { describeDifference, summaryOf } from './dataset-difference.ts';
import { drawnScripts } from './drawn-writes.ts';
import { type Config, follow, info, linked, type Make, type Node, startNode } from './node.ts';
import { Writer } from './writer.ts';

export interface Plan {
  readonly title: string;
  /** The first is the master; each one after it follows the one before. */
  readonly makes: readonly Make[];
  readonly config: Config;
  readonly password: 'none' | 'requirepass' | 'masteruser';
}

export interface Outcome {
  readonly calls: number;
  readonly cuts: number;
  readonly continued: number;
  readonly fullResyncs: number;
  readonly promotions: number;
}

const COMMON: Config = {
  'enable-debug-command': 'yes',
  'repl-diskless-sync-delay': 0,
  // So large that nobody ever falls behind it.
  'repl-backlog-size': '256mb',
  // A change of the master is to find all servers at the same place.
  'repl-ping-replica-period': 3600,
  'proto-max-bulk-len': '1mb',
};
const WRITERS = 4;
const NUDGE_MS = 30;
const CUT_EVERY_MS = 400;
const PASSWORD = 'secret';
const TRACE_LINES = 40;
const SCRIPT_CHARS = 4000;

interface Place {
  readonly node: Node;
  readonly proxy: CuttingProxy;
  /** Whom it follows; null for the master. */
  upstream: Place | null;
}

export class Arrangement implements AsyncDisposable {
  readonly #plan: Plan;
  readonly #places: readonly Place[];
  readonly #scripts: Generator<readonly Call[]>;
  readonly #prng: Prng;
  #writers: Writer[] = [];
  #calls = 0;
  #cuts = 0;
  #promotions = 0;

  private constructor(plan: Plan, places: readonly Place[], seed: number) {
    this.#plan = plan;
    this.#places = places;
    this.#scripts = drawnScripts(seed);
    this.#prng = new Prng(seed ^ 0x5eed);
  }

  static async open(plan: Plan, seed: number): Promise<Arrangement> {
    const places: Place[] = [];
    for (const make of plan.makes) {
      const node = await startNode(make, { ...COMMON, ...plan.config });
      places.push({ node, proxy: await CuttingProxy.open(node.port), upstream: null });
      await protect(node, plan);
    }
    return new Arrangement(plan, places, seed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const writer of this.#writers) writer.close();
    for (const { node, proxy } of this.#places) {
      await proxy[Symbol.asyncDispose]();
      await node[Symbol.asyncDispose]();
    }
  }

  get #master(): Place {
    return this.#places.find(({ upstream }) => upstream === null)!;
  }

  get #replicas(): readonly Place[] {
    return this.#places.filter(({ upstream }) => upstream !== null);
  }

  get outcome(): Outcome {
    const sum = (of: (proxy: CuttingProxy) => number): number =>
      this.#places.reduce((total, { proxy }) => total + of(proxy), 0);
    return {
      calls: this.#calls,
      cuts: this.#cuts,
      continued: sum(({ continued }) => continued),
      fullResyncs: sum(({ fullResyncs }) => fullResyncs),
      promotions: this.#promotions,
    };
  }

  /** Fills the master with a value of every form, and lets the others follow. */
  async synchronise(): Promise<void> {
    const { client } = this.#places[0]!.node;
    for (const database of [0, 9]) {
      await client.call('SELECT', database);
      for (const { commands } of everyValue) await client.pipeline(commands);
      await client.call('SET', 'volatile', 'v', 'PXAT', '4000000000000');
    }
    await client.call('SELECT', 0);
    // A score of minus zero is zero where it meets a small sorted set: redis-server's own files do not keep it for certain.
    await client.pipeline(
      [9, 0].flatMap((database) => [
        ['SELECT', database],
        ['DEL', 'zset-signs', 'zset-small'],
      ]),
    );
    // What a replica had before goes.
    for (const { node } of this.#places.slice(1)) await node.client.call('SET', 'own', 'v');
    for (const [i, place] of this.#places.entries()) if (i > 0) await this.#follow(place, this.#places[i - 1]!);
    await this.expectSame();
  }

  async #follow(place: Place, upstream: Place): Promise<void> {
    place.upstream = upstream;
    await follow(place.node, upstream.proxy.port);
  }

  /** What the servers have to say, for whoever looks for the reason of a failure. */
  async describe(): Promise<string> {
    const parts: string[] = [];
    for (const { node } of this.#places) {
      const text = await node.client.call('INFO', 'replication').catch(() => 'does not answer');
      parts.push(`--- ${node.make}`, String(text).replaceAll('\r', ''), node.log());
    }
    for (const { current } of this.#writers)
      parts.push(`--- played: ${JSON.stringify(current).slice(0, SCRIPT_CHARS)}`);
    return parts.join('\n');
  }

  /** Writes and cuts for a while, then waits until all have everything, and compares. */
  async write(ms: number): Promise<void> {
    const untilMs = performance.now() + ms;
    this.#writers = Array.from({ length: WRITERS }, () => new Writer(this.#master.node.port, greetingOf(this.#plan)));
    const isOver = (): boolean => performance.now() >= untilMs;
    const nudging = setInterval(() => this.#nudge(), NUDGE_MS);
    try {
      await Promise.all([
        ...this.#writers.map((writer) => this.#keepWriting(writer, isOver)),
        this.#keepCutting(isOver),
      ]);
    } finally {
      clearInterval(nudging);
      for (const writer of this.#writers) {
        this.#calls += writer.calls;
        writer.close();
      }
    }
    await this.expectSame();
  }

  async #keepWriting(writer: Writer, isOver: () => boolean): Promise<void> {
    while (!isOver()) await writer.play(this.#scripts.next().value as readonly Call[]);
  }

  /** Nobody waits for a key for long. */
  #nudge(): void {
    const { client } = this.#master.node;
    const ids = this.#writers.map(({ clientId }) => clientId).filter((id) => id !== null);
    // Who comes too late, when all is being closed, has nothing to complain of.
    client.pipeline(ids.map((id) => ['CLIENT', 'UNBLOCK', id])).catch(() => {});
  }

  async #keepCutting(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const replicas = this.#replicas;
      const place = replicas[this.#prng.u32() % replicas.length]!;
      const upstream = place.upstream!;
      const before = upstream.proxy.continued;
      const way = this.#prng.u32() % 3;
      if (way === 0) upstream.proxy.cut();
      else if (way === 1) await place.node.client.call('CLIENT', 'KILL', 'TYPE', 'master');
      else await upstream.node.client.call('CLIENT', 'KILL', 'TYPE', 'replica');
      this.#cuts++;
      await eventually(() => upstream.proxy.continued > before, { what: 'the replica went on', timeoutMs: 30_000 });
      for (const each of replicas) await linked(each.node);
      await new Promise((done) => setTimeout(done, this.#prng.u32() % CUT_EVERY_MS));
    }
  }

  /** The second becomes the master, and the master its replica; called again, all is as before. */
  async promote(): Promise<void> {
    const [first, second] = this.#places as [Place, Place];
    const [next, old] = second.upstream === first ? [second, first] : [first, second];
    // What expires now would be told to nobody.
    await old.node.client.call('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
    await this.expectSame();
    await next.node.client.call('REPLICAOF', 'NO', 'ONE');
    next.upstream = null;
    await this.#follow(old, next);
    await old.node.client.call('DEBUG', 'SET-ACTIVE-EXPIRE', 1);
    for (const { node } of this.#replicas) await linked(node);
    this.#promotions++;
    await this.expectSame();
  }

  /** Waits until all have everything; throws a report if that is not the same. */
  async expectSame(): Promise<void> {
    const master = this.#master.node;
    try {
      await eventually(() => this.#isSame(), { what: 'the datasets are the same', timeoutMs: 20_000, everyMs: 100 });
    } catch {
      throw new Error(await this.#report(master));
    }
    await this.#compareCounts();
    for (const { proxy } of this.#places) proxy.forget();
  }

  async #isSame(): Promise<boolean> {
    const master = this.#master.node;
    const before = await info(master, 'master_repl_offset');
    const summary = await summaryOf(master);
    for (const { node } of this.#replicas) {
      if ((await info(node, 'slave_repl_offset')) !== before) return false;
      if ((await summaryOf(node)) !== summary) return false;
    }
    return (await info(master, 'master_repl_offset')) === before;
  }

  /** Masters count what replicas were told. */
  async #compareCounts(): Promise<void> {
    for (const { node, proxy } of this.#places) {
      const counted = [await info(node, 'sync_partial_ok'), await info(node, 'sync_full')].join(' ');
      const told = [proxy.continued, proxy.fullResyncs].join(' ');
      if (counted !== told)
        throw new Error(`${node.make} counts ${counted} partial and full, replicas were told ${told}`);
    }
    const { fullResyncs } = this.outcome;
    const wanted = this.#places.length - 1;
    if (fullResyncs !== wanted) throw new Error(`${fullResyncs} full synchronisations instead of ${wanted}`);
  }

  async #report(master: Node): Promise<string> {
    const lines = [`${this.#plan.title}: the datasets differ`];
    for (const { node, upstream } of this.#replicas) {
      const offsets = [await info(master, 'master_repl_offset'), await info(node, 'slave_repl_offset')];
      const { text, keys } = await describeDifference(master, node);
      lines.push(`offsets ${offsets.join(' and ')}`, text);
      for (const line of traceOf(upstream!.proxy.kept, keys).slice(-TRACE_LINES)) lines.push(`  ${line}`);
    }
    return lines.join('\n');
  }
}

/** The commands of a stream that name one of the keys, or all keys. */
function traceOf(stream: Buffer, keys: readonly string[]): string[] {
  const lines: string[] = [];
  const wanted = new Set(keys);
  let at = Math.max(0, stream.indexOf('*'));
  while (at < stream.length) {
    let read;
    try {
      read = readReply(stream.subarray(at), true);
    } catch {
      read = null;
    }
    if (read === null) {
      const next = stream.indexOf('\n*', at + 1);
      if (next < 0) break;
      at = next + 1;
      continue;
    }
    at += Math.max(1, read.length);
    if (!Array.isArray(read.reply)) continue;
    const words = read.reply.map((word) => (Buffer.isBuffer(word) ? word.toString('latin1') : String(word)));
    if (words.some((word) => wanted.has(word)) || /^(?:select|multi|exec|swapdb|flush|function)/i.test(words[0]!)) {
      lines.push(words.map((word) => JSON.stringify(word.slice(0, 80))).join(' '));
    }
  }
  return lines;
}

function greetingOf({ password }: Plan): readonly Call[] {
  return password === 'requirepass' ? [['AUTH', PASSWORD]] : [];
}

/** Every node may become a master, and may become a replica. */
async function protect({ client }: Node, { password }: Plan): Promise<void> {
  if (password === 'none') return;
  if (password === 'requirepass') {
    await client.call('CONFIG', 'SET', 'requirepass', PASSWORD, 'masterauth', PASSWORD);
    await client.call('AUTH', PASSWORD);
    return;
  }
  await client.call('ACL', 'SETUSER', 'follower', 'on', `>${PASSWORD}`, '+psync', '+replconf', '+ping');
  await client.call('CONFIG', 'SET', 'masteruser', 'follower', 'masterauth', PASSWORD);
}
