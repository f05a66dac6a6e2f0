/**
 * Real topologies whose history is written down in the form that simulated ones have: processes, roles, and what clients
 * did. Redis' own behaviour under faults, for checkers that shall not ask for more.
 */
import { performance } from 'node:perf_hooks';
import { keySlot } from '../../../src/core/key-slot.ts';
import { Prng } from '../../../src/host/prng.ts';
import type { Era } from '../../../src/simulation/checkers/history.ts';
import { History } from '../../../src/simulation/history.ts';
import { eventually } from '../../support/eventually.ts';
import { findFreePort } from '../../support/redis-process.ts';
import { type Reply, RespClient } from '../../support/resp-client.ts';
import { RealNode } from './real-node.ts';
import { RecordedClient, type Router } from './recorded-client.ts';

const CLIENTS = 6;
const LOOK_EVERY_MS = 25;
const CALL_TIMEOUT_MS = 2000;
const PATIENT = { timeoutMs: 60_000, everyMs: 50 };
const SERVER = ['save ""', 'repl-diskless-sync-delay 0', 'repl-ping-replica-period 1', 'repl-backlog-size 64kb'];
const NODE_TIMEOUT_MS = 1000;
const SLOTS = 16_384;

/** By the clock of this process. */
class RecordedHistory extends History {
  readonly #startMs: number;

  constructor() {
    const startMs = performance.now();
    super(() => performance.now() - startMs, 'all');
    this.#startMs = startMs;
  }

  get now(): number {
    return performance.now() - this.#startMs;
  }
}

export abstract class RecordedTopology implements AsyncDisposable, Router {
  readonly history: RecordedHistory;
  readonly servers: RealNode[] = [];
  /** Spans of time in which a server had one role and one history; known when all is over. */
  readonly eras: Era[] = [];
  readonly #clients: RecordedClient[] = [];
  readonly #running: Promise<void>[] = [];
  #isOver = false;

  constructor() {
    this.history = new RecordedHistory();
  }

  abstract find(key: string): Promise<RealNode | null>;

  abstract refused(key: string, refusal: string): void;

  /** Lets clients work. */
  begin(seed: number): void {
    this.history.add('', { kind: 'phase', phase: 'faults' });
    for (let i = 0; i < CLIENTS; i++) {
      const client = new RecordedClient(`client${i}`, this.history, this, new Prng(seed).fork(`client${i}`));
      this.#clients.push(client);
      this.#running.push(client.run());
    }
    for (const server of this.servers) this.#running.push(this.#watch(server));
  }

  /** Lets them come to an end. */
  async end(): Promise<void> {
    for (const client of this.#clients) client.end();
    this.#isOver = true;
    await Promise.all(this.#running);
    this.history.add('', { kind: 'phase', phase: 'end' });
  }

  /** Writes down roles as they change, and for how long a server had the same role and the same history. */
  async #watch(server: RealNode): Promise<void> {
    let era: { readonly state: string; readonly fromMs: number } | null = null;
    let seenMs = 0;
    let shown = '';
    const close = (): void => {
      if (era !== null && seenMs > era.fromMs) this.eras.push({ node: server.name, fromMs: era.fromMs, toMs: seenMs });
      era = null;
    };
    while (!this.#isOver) {
      const askedMs = this.history.now;
      const info = String((await ask(server, 'INFO', 'replication')) ?? '');
      const field = (name: string): string => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1] ?? '';
      const role = field('role');
      const state = role === '' ? '' : `${role} ${field('master_port')} ${field('master_replid')}`;
      // It was so when it answered: not before it was asked the first time, and at least until it was asked last.
      if (era !== null && era.state !== state) close();
      if (era === null && state !== '') era = { state, fromMs: this.history.now };
      seenMs = askedMs;
      const link = `${role} ${field('master_port')}`;
      if (role !== '' && link !== shown) {
        shown = link;
        const of = this.servers.find(({ port }) => String(port) === field('master_port'))?.name ?? null;
        this.history.add(server.name, { kind: 'role', role: role === 'master' ? 'master' : 'replica', of });
      }
      await new Promise((done) => void setTimeout(done, LOOK_EVERY_MS));
    }
    close();
  }

  /** @returns 'master', the address of its master, or null if it does not answer. */
  async roleOf(server: RealNode): Promise<string | null> {
    const reply = await ask(server, 'ROLE');
    if (!Array.isArray(reply)) return null;
    const [role, host, port] = reply as readonly (string | number)[];
    return role === 'master' ? 'master' : `${host}:${port}`;
  }

  /** There are so many masters, and all others are in sync with theirs. */
  async settled(masters = 1): Promise<void> {
    await eventually(async () => {
      const infos = await Promise.all(this.servers.map((server) => ask(server, 'INFO', 'replication')));
      const isIn = (pattern: RegExp): number => infos.filter((info) => pattern.test(String(info))).length;
      return isIn(/role:master/) === masters && isIn(/master_link_status:up/) === this.servers.length - masters;
    }, PATIENT);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    for (const server of this.servers) await server[Symbol.asyncDispose]();
  }
}

/** @returns null if there is no answer. */
export async function ask(node: RealNode, ...words: (string | number)[]): Promise<Reply | null> {
  try {
    await using client = await RespClient.connect({ port: node.port, timeoutMs: CALL_TIMEOUT_MS });
    return await client.call(...words);
  } catch {
    return null;
  }
}

/** A master and two replicas; clients ask the first server, whatever it is. */
export class RecordedReplication extends RecordedTopology {
  static async start(): Promise<RecordedReplication> {
    const topology = new RecordedReplication();
    await addServers(topology);
    await topology.settled();
    return topology;
  }

  find(): Promise<RealNode | null> {
    return Promise.resolve(this.servers[0]!);
  }

  refused(): void {}
}

async function addServers(topology: RecordedTopology): Promise<void> {
  const { servers, history } = topology;
  for (let i = 0; i < 3; i++) {
    const following = i === 0 ? [] : [`replicaof 127.0.0.1 ${servers[0]!.port}`];
    servers.push(await RealNode.make(`redis${i}`, history, [...SERVER, ...following]));
  }
}

/** The same with three sentinels, whom clients ask for the master. */
export class RecordedSentinels extends RecordedTopology {
  readonly sentinels: RealNode[] = [];
  #known: RealNode | null = null;

  static async start(): Promise<RecordedSentinels> {
    const topology = new RecordedSentinels();
    const { servers, sentinels, history } = topology;
    await addServers(topology);
    await topology.settled();
    const config = [
      `sentinel monitor mymaster 127.0.0.1 ${servers[0]!.port} 2`,
      'sentinel down-after-milliseconds mymaster 700',
      'sentinel failover-timeout mymaster 3000',
    ];
    for (let i = 0; i < 3; i++) {
      const sentinel = await RealNode.make(`sentinel${i}`, history, config, ['--sentinel']);
      // Ten seconds would pass until a master that comes back is told that it is none any more.
      await ask(sentinel, 'SENTINEL', 'DEBUG', 'info-period', 500, 'publish-period', 300);
      sentinels.push(sentinel);
    }
    await eventually(async () => {
      const replies = await Promise.all(sentinels.map((each) => ask(each, 'SENTINEL', 'CKQUORUM', 'mymaster')));
      const seen = await Promise.all(sentinels.map((each) => ask(each, 'SENTINEL', 'REPLICAS', 'mymaster')));
      return (
        replies.every((reply) => String(reply).startsWith('OK 3')) &&
        seen.every((reply) => Array.isArray(reply) && reply.length === 2)
      );
    }, PATIENT);
    return topology;
  }

  async find(): Promise<RealNode | null> {
    if (this.#known !== null) return this.#known;
    for (const sentinel of this.sentinels) {
      const reply = await ask(sentinel, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster');
      if (!Array.isArray(reply)) continue;
      const port = Number((reply as readonly string[])[1]);
      this.#known = this.servers.find((server) => server.port === port) ?? null;
      // It may not know yet what the sentinels have decided.
      if (this.#known !== null && (await this.roleOf(this.#known)) !== 'master') this.#known = null;
      return this.#known;
    }
    return null;
  }

  refused(): void {
    this.#known = null;
  }

  get master(): Promise<RealNode | null> {
    this.#known = null;
    return this.find();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    for (const sentinel of this.sentinels) await sentinel[Symbol.asyncDispose]();
  }
}

/** Three masters with a replica each; clients follow redirections. */
export class RecordedCluster extends RecordedTopology {
  readonly #owners = new Map<number, RealNode>();

  static async start(): Promise<RecordedCluster> {
    const topology = new RecordedCluster();
    const { servers, history } = topology;
    const ports: number[] = [];
    while (ports.length < 6) {
      const port = await findFreePort();
      if (!ports.includes(port)) ports.push(port);
    }
    const config = ['cluster-enabled yes', `cluster-node-timeout ${NODE_TIMEOUT_MS}`, ...SERVER];
    for (const [i, port] of ports.entries()) {
      const node = new RealNode(`node${i}`, port, history, config);
      servers.push(node);
      await node.start();
    }
    await topology.#form();
    return topology;
  }

  async #form(): Promise<void> {
    const { servers } = this;
    const ids: string[] = [];
    for (const [i, node] of servers.entries()) {
      ids.push(String(await ask(node, 'CLUSTER', 'MYID')));
      await ask(node, 'CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
      if (i > 0) await ask(servers[0]!, 'CLUSTER', 'MEET', '127.0.0.1', node.port);
    }
    const share = Math.ceil(SLOTS / 3);
    for (let i = 0; i < 3; i++) {
      const last = Math.min(SLOTS, (i + 1) * share) - 1;
      await ask(servers[i]!, 'CLUSTER', 'ADDSLOTSRANGE', i * share, last);
    }
    for (let i = 3; i < 6; i++) {
      await eventually(async () => (await ask(servers[i]!, 'CLUSTER', 'REPLICATE', ids[i - 3]!)) === 'OK', PATIENT);
    }
    await this.stable();
  }

  /** All nodes find that all is well, and each replica is in sync. */
  async stable(): Promise<void> {
    await eventually(async () => {
      const infos = await Promise.all(this.servers.map((node) => ask(node, 'CLUSTER', 'INFO')));
      return infos.every((info) => /cluster_state:ok[^]*cluster_known_nodes:6/.test(String(info)));
    }, PATIENT);
    await this.settled(3);
  }

  async find(key: string): Promise<RealNode | null> {
    const bytes = Buffer.from(key);
    const slot = keySlot(bytes, 0, bytes.length);
    const known = this.#owners.get(slot);
    if (known !== undefined) return known;
    for (const node of this.servers) {
      const reply = await ask(node, 'CLUSTER', 'SLOTS');
      if (!Array.isArray(reply)) continue;
      for (const [first, last, [, port]] of reply as unknown as [number, number, [string, number]][]) {
        const owner = this.servers.find((server) => server.port === port);
        if (slot < first || slot > last || owner === undefined) continue;
        this.#owners.set(slot, owner);
        return owner;
      }
    }
    return null;
  }

  refused(key: string, refusal: string): void {
    const bytes = Buffer.from(key);
    const slot = keySlot(bytes, 0, bytes.length);
    const port = Number(/^MOVED \d+ .*:(\d+)$/.exec(refusal)?.[1]);
    const owner = this.servers.find((server) => server.port === port);
    if (owner === undefined) this.#owners.delete(slot);
    else this.#owners.set(slot, owner);
  }

  /** The master that serves a key now. */
  async masterOf(key: string): Promise<RealNode> {
    return eventually(async () => {
      this.refused(key, '');
      const owner = await this.find(key);
      return owner !== null && owner.isAlive && (await this.roleOf(owner)) === 'master' ? owner : undefined;
    }, PATIENT);
  }
}
