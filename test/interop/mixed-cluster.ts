/**
 * A cluster of nodes of both makes, real redis-server and ours: three masters, each with one replica.
 *
 *   await using cluster = await MixedCluster.start(['ours', 'real', 'ours', 'real', 'ours', 'real']);
 *
 * The first three are the masters; the replica of the i-th is the (i + 3)-th. Nodes of ours live in this process, unless
 * they have to be stopped: then they are processes of their own.
 */
import { startServer } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { findFreePort, oursCommand, type RedisProcess, startRedis } from '../support/redis-process.ts';
import { RespClient, RespError, type Reply } from '../support/resp-client.ts';

export type Make = 'ours' | 'ours, a process' | 'real';

const MASTERS = 3;
const SLOTS = 16384;
const PATIENCE_MS = 60_000;
const CALL_TIMEOUT_MS = 20_000;

/** One line of CLUSTER NODES. */
export interface NodeLine {
  readonly id: string;
  readonly flags: readonly string[];
  readonly master: string;
  readonly epoch: number;
  readonly isConnected: boolean;
  readonly slots: string;
}

export class ClusterMember {
  readonly make: Make;
  readonly port: number;
  id = '';
  client: RespClient;
  isAlive = true;
  readonly #end: () => Promise<void>;
  readonly #process: RedisProcess | null;

  constructor(make: Make, port: number, client: RespClient, end: () => Promise<void>, process: RedisProcess | null) {
    this.make = make;
    this.port = port;
    this.client = client;
    this.#end = end;
    this.#process = process;
  }

  /** @throws what the node answers, if it is an error. */
  async call(...words: (string | number)[]): Promise<Reply> {
    const reply = await this.client.call(...words);
    if (reply instanceof RespError) throw new Error(`${words.join(' ')}: ${reply.message}`);
    return reply;
  }

  async lines(): Promise<NodeLine[]> {
    return String(await this.call('CLUSTER', 'NODES'))
      .trim()
      .split('\n')
      .map((line) => {
        const [id, , flags, master, , , epoch, link, ...slots] = line.split(' ');
        return {
          id: id!,
          flags: flags!.split(','),
          master: master!,
          epoch: Number(epoch),
          isConnected: link === 'connected',
          slots: slots.join(' '),
        };
      });
  }

  async own(): Promise<NodeLine> {
    return (await this.lines()).find(({ flags }) => flags.includes('myself'))!;
  }

  async info(field: string): Promise<string> {
    const text = `${String(await this.call('CLUSTER', 'INFO'))}\n${String(await this.call('INFO', 'replication'))}`;
    return new RegExp(`^${field}:(.*?)\r?$`, 'm').exec(text)?.[1] ?? '';
  }

  async isMaster(): Promise<boolean> {
    return (await this.own()).flags.includes('master');
  }

  /** SIGSTOP. */
  pause(): void {
    this.isAlive = false;
    this.#process!.signal('SIGSTOP');
  }

  /** SIGCONT. */
  resume(): void {
    this.#process!.signal('SIGCONT');
    this.isAlive = true;
  }

  /** It is gone, without a word: real ones are killed, ours closed. */
  async kill(): Promise<void> {
    this.isAlive = false;
    this.#process?.signal('SIGKILL');
    await this.client[Symbol.asyncDispose]();
    await this.#end();
  }

  async close(): Promise<void> {
    if (this.isAlive || (this.#process !== null && this.#process.ending === null)) await this.kill();
  }
}

export class MixedCluster implements AsyncDisposable {
  readonly members: ClusterMember[];
  readonly #nodeTimeoutMs: number;

  private constructor(members: ClusterMember[], nodeTimeoutMs: number) {
    this.members = members;
    this.#nodeTimeoutMs = nodeTimeoutMs;
  }

  static async start(makes: readonly Make[], nodeTimeoutMs = 2000): Promise<MixedCluster> {
    const members: ClusterMember[] = [];
    for (const make of makes) members.push(await startMember(make, nodeTimeoutMs));
    const cluster = new MixedCluster(members, nodeTimeoutMs);
    await cluster.#form();
    return cluster;
  }

  get alive(): readonly ClusterMember[] {
    return this.members.filter(({ isAlive }) => isAlive);
  }

  async #form(): Promise<void> {
    const { members } = this;
    for (const [i, member] of members.entries()) {
      member.id = String(await member.call('CLUSTER', 'MYID'));
      await member.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
    }
    // Each is met by the one before it, so that both makes meet each other.
    for (let i = 1; i < members.length; i++)
      await members[i - 1]!.call('CLUSTER', 'MEET', '127.0.0.1', members[i]!.port);
    await this.until('all know all', async (member) => {
      const lines = await member.lines();
      return lines.length === members.length && lines.every(({ flags }) => !flags.includes('handshake'));
    });
    const share = Math.ceil(SLOTS / MASTERS);
    for (let i = 0; i < MASTERS; i++) {
      await members[i]!.call('CLUSTER', 'ADDSLOTSRANGE', i * share, Math.min(SLOTS, (i + 1) * share) - 1);
    }
    for (let i = MASTERS; i < members.length; i++) {
      await members[i]!.call('CLUSTER', 'REPLICATE', members[i - MASTERS]!.id);
    }
    await this.stable();
    for (const member of members.slice(MASTERS)) {
      await eventually(async () => (await member.info('master_link_status')) === 'up', { timeoutMs: PATIENCE_MS });
    }
  }

  /** Nodes that come to a running cluster, each as the replica of a master. They meet everybody: gossip takes its time. */
  async join(make: Make, masters: readonly ClusterMember[]): Promise<ClusterMember[]> {
    const added = await Promise.all(masters.map(() => startMember(make, this.#nodeTimeoutMs)));
    for (const member of added) {
      member.id = String(await member.call('CLUSTER', 'MYID'));
      for (const { port } of this.alive) await member.call('CLUSTER', 'MEET', '127.0.0.1', port);
      this.members.push(member);
    }
    const count = this.alive.length;
    await this.until('all know the new ones', async (each) => {
      const lines = await each.lines();
      return lines.length >= count && lines.every(({ flags }) => !flags.includes('handshake'));
    });
    for (const [i, member] of added.entries()) await member.call('CLUSTER', 'REPLICATE', masters[i]!.id);
    for (const member of added) {
      await eventually(async () => (await member.info('master_link_status')) === 'up', { timeoutMs: PATIENCE_MS });
    }
    return added;
  }

  /** A node that nobody needs any more goes for good. */
  async leave(member: ClusterMember): Promise<void> {
    this.members.splice(this.members.indexOf(member), 1);
    for (const other of this.alive) await other.call('CLUSTER', 'FORGET', member.id);
    await member.close();
  }

  /** Waits until every living node says so. */
  async until(what: string, check: (member: ClusterMember) => Promise<boolean>): Promise<void> {
    for (const member of this.alive) {
      await eventually(() => check(member), {
        what: `${what}, for the ${member.make} node at ${member.port}`,
        timeoutMs: PATIENCE_MS,
        everyMs: 50,
      });
    }
  }

  /** All is well, and all living nodes have the same view of who is what and has which slots. */
  async stable(): Promise<void> {
    await this.until('the cluster is ok', async (member) => (await member.info('cluster_state')) === 'ok');
    await eventually(
      async () => {
        const views = await Promise.all(this.alive.map((member) => this.#view(member)));
        return new Set(views).size === 1;
      },
      { what: 'all nodes agree', timeoutMs: PATIENCE_MS, everyMs: 50 },
    );
  }

  async #view(member: ClusterMember): Promise<string> {
    const lines = await member.lines();
    return lines
      .filter(({ id }) => this.alive.some((other) => other.id === id))
      .map(({ id, flags, master, epoch, slots }) => [id, flags.includes('master'), master, epoch, slots].join(' '))
      .sort()
      .join('\n');
  }

  /** The node that serves a key. */
  async ownerOf(key: string): Promise<ClusterMember> {
    const slot = Number(await this.alive[0]!.call('CLUSTER', 'KEYSLOT', key));
    for (const member of this.alive) {
      const { slots, flags } = await member.own();
      const isIn = slots.split(' ').some((range) => {
        const [first, last = first] = range.split('-').map(Number);
        return first! <= slot && slot <= last!;
      });
      if (isIn && flags.includes('master')) return member;
    }
    throw new Error(`nobody serves slot ${slot}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.members) await member.close();
  }
}

async function startMember(make: Make, nodeTimeoutMs: number): Promise<ClusterMember> {
  const config = {
    'cluster-node-timeout': nodeTimeoutMs,
    'repl-diskless-sync-delay': 0,
    'repl-ping-replica-period': 1,
    'enable-debug-command': 'yes',
  } as const;
  if (make !== 'ours') {
    const command = make === 'real' ? {} : { command: oursCommand() };
    const process = await startRedis({ ...command, options: { 'cluster-enabled': 'yes', ...config } });
    const client = await process.connect({ timeoutMs: CALL_TIMEOUT_MS });
    return new ClusterMember(make, process.port, client, async () => void (await process.stop()), process);
  }
  const port = await findFreePort();
  const server = await startServer({ port, config: { 'cluster-enabled': true, ...config } });
  const client = await RespClient.connect({ port: server.port, timeoutMs: CALL_TIMEOUT_MS });
  return new ClusterMember(make, server.port, client, () => server.close(), null);
}
