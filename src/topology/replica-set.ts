/**
 * `startReplicaSet`: a master, its replicas and the sentinels that watch them, within this process, on real sockets.
 *
 *   await using set = await startReplicaSet({ replicas: 2, sentinels: 3, password: 'secret' });
 *   const redis = new Redis({ sentinels: set.sentinels, name: set.name, password: 'secret' });
 *   const another = new Redis(set.endpoint.url);
 *   await set.master.kill();
 *   await set.stable();
 */
import { ChunkCache } from '../lua/compiler/chunk-cache.ts';
import { ErrorReply, type ReplyValue } from '../client/reply-parser.ts';
import { Endpoint } from './endpoint.ts';
import { ResplicaError } from './errors.ts';
import { MasterViews } from './master-views.ts';
import type { NodeHandle } from './node-handle.ts';
import { sentinelProgram, serverProgram } from './node-program.ts';
import {
  checkReplicaSetOptions,
  paceOf,
  type ReplicaSetOptions,
  sentinelText,
  serverOptionsOf,
} from './replica-set-options.ts';
import { readSentinelLine, readServerLine, type TopologyEventBody } from './topology-events.ts';
import { STABLE_TIMEOUT_MS, type StableOptions, Topology } from './topology.ts';
import { type Ask, disagreementOfSentinels, disagreementOfServers, living, type StreamGoals } from './views.ts';

const START_TIMEOUT_MS = 30_000;
const LOOK_PERIOD_MS = 5;
const ASK_AGAIN_MS = 250;

export class ReplicaSet extends Topology {
  /** By which clients ask sentinels for the master. */
  readonly name: string;
  readonly #options: ReplicaSetOptions;
  readonly #servers: NodeHandle[] = [];
  readonly #sentinels: NodeHandle[] = [];
  #endpoint: Endpoint | null = null;
  /** Set when there are servers. */
  #views: MasterViews | null = null;

  private constructor(options: ReplicaSetOptions) {
    const { persistence = 'none', host = '127.0.0.1', clock = 'real', onLog } = options;
    super({
      host,
      clock,
      directory: persistence === 'none' ? null : persistence.dir,
      ...(onLog === undefined ? {} : { onLog }),
    });
    this.name = options.name ?? 'mymaster';
    this.#options = options;
  }

  /** @internal Use `startReplicaSet`. */
  static async start(options: ReplicaSetOptions): Promise<ReplicaSet> {
    checkReplicaSetOptions(options);
    const set = new ReplicaSet(options);
    try {
      await set.#start();
    } catch (error) {
      await set.close();
      throw error;
    }
    return set;
  }

  async #start(): Promise<void> {
    const { replicas = 2, sentinels = 3, host = '127.0.0.1', password = '' } = this.#options;
    const ports = await this.findPorts(1 + replicas + sentinels);
    const masterPort = ports[0]!;
    const chunks = new ChunkCache();
    for (const [index, port] of ports.slice(0, 1 + replicas).entries()) {
      const name = `redis-${index + 1}`;
      const options = serverOptionsOf(this.#options, name, port, index === 0 ? null : masterPort);
      this.#servers.push(this.makeNode({ name, port, program: serverProgram(options, chunks), read: readServerLine }));
    }
    this.#views = new MasterViews(this.name, this.#servers[0]!);
    await Promise.all(this.#servers.map((server) => server.start()));
    // Sentinels ask a master for its replicas at once, and then not again for a while.
    await this.#serversInStep();
    const pace = paceOf(this.#options);
    for (const [index, port] of ports.slice(1 + replicas).entries()) {
      const program = sentinelProgram(sentinelText(this.#options, index, port, masterPort), pace);
      const name = `sentinel-${index + 1}`;
      this.#sentinels.push(this.makeNode({ name, port, program, read: (text) => this.#readSentinel(name, text) }));
    }
    await Promise.all(this.#sentinels.map((sentinel) => sentinel.start()));
    this.#endpoint = await Endpoint.open({
      net: this.world.net,
      address: host,
      password,
      target: () => this.#target(),
    });
    await this.stable({ timeoutMs: START_TIMEOUT_MS });
  }

  async #serversInStep(): Promise<void> {
    const [master] = this.#servers as [NodeHandle];
    const ask: Ask = (node, ...args) => this.ask(node, ...args);
    const deadlineUs = this.world.clock.monotonicUs() + START_TIMEOUT_MS * 1000;
    for (;;) {
      const reason = await disagreementOfServers(this.#servers, master, ask, new Map());
      if (reason === null) return;
      if (this.world.clock.monotonicUs() >= deadlineUs) throw new ResplicaError('ERR_NOT_STABLE', reason);
      await this.pass(LOOK_PERIOD_MS);
    }
  }

  /** The servers: the first master, then its replicas. */
  get servers(): readonly NodeHandle[] {
    return this.#servers;
  }

  /** For clients: `new Redis({ sentinels: set.sentinels, name: set.name })`. */
  get sentinels(): NodeHandle[] {
    return [...this.#sentinels];
  }

  /**
   * The master: the one that most of the living sentinels name, be it down or not. Without sentinels, the server that is
   * one; while there is none that lives, the last one.
   */
  get master(): NodeHandle {
    const byPort = (port: number): NodeHandle | undefined => this.#servers.find((server) => server.port === port);
    if (this.#sentinels.length > 0) return byPort(this.#views!.elected(living(this.#sentinels)))!;
    const current = byPort(this.#views!.last)!;
    if (isMaster(current)) return current;
    const found = this.#servers.find(isMaster) ?? current;
    this.#views!.last = found.port;
    return found;
  }

  /** Servers that follow, by their own account. */
  get replicas(): readonly NodeHandle[] {
    return this.#servers.filter((server) => server.role === 'replica');
  }

  /** One address that leads to the master, whoever that is. */
  get endpoint(): Endpoint {
    return this.#endpoint!;
  }

  /** Of several that hold themselves for the master, the one that the sentinels name. */
  #target(): NodeHandle | null {
    const candidates = this.#servers.filter((server) => isMaster(server) && !server.isPaused);
    const { master } = this;
    return candidates.includes(master) ? master : (candidates[0] ?? null);
  }

  #readSentinel(name: string, text: string): TopologyEventBody | null {
    const event = readSentinelLine(text);
    if (event !== null) this.#views!.note(name, event);
    return event;
  }

  /** Makes a replica the master. Resolves when all agree. @throws ResplicaError ERR_NOT_STABLE */
  async failover(options: StableOptions = {}): Promise<void> {
    const before = this.master;
    const timeoutMs = options.timeoutMs ?? STABLE_TIMEOUT_MS;
    const { clock } = this.world;
    const deadlineUs = clock.monotonicUs() + timeoutMs * 1000;
    const [sentinel] = living(this.#sentinels);
    if (sentinel === undefined) await this.#tellMaster(before, timeoutMs);
    let askedUs = -Infinity;
    while (this.master === before) {
      const nowUs = clock.monotonicUs();
      if (nowUs >= deadlineUs) throw new ResplicaError('ERR_NOT_STABLE', `${before.name} is still the master.`);
      if (sentinel !== undefined && nowUs - askedUs >= ASK_AGAIN_MS * 1000) {
        askedUs = nowUs;
        await this.#tellSentinel(sentinel, before);
      }
      await this.pass(LOOK_PERIOD_MS);
    }
    if (sentinel === undefined) await this.#followTheMaster(before);
    await this.stable(options);
  }

  async #tellMaster(master: NodeHandle, timeoutMs: number): Promise<void> {
    if (!master.alive) {
      throw new ResplicaError('ERR_NOT_RUNNING', `${master.name} is down, and there is no sentinel to replace it.`);
    }
    // With a time limit the master does not ping its replicas meanwhile, whom it wants to be in step.
    await master.execute('FAILOVER', 'TIMEOUT', timeoutMs);
  }

  /**
   * To be repeated: a sentinel that has just begun to know the replicas finds none that is good, and a failover that takes
   * too long is given up.
   */
  async #tellSentinel(sentinel: NodeHandle, before: NodeHandle): Promise<void> {
    const [, port] = (await this.ask(sentinel, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.name)) as ReplyValue[];
    if (port !== String(before.port)) return;
    try {
      await this.ask(sentinel, 'SENTINEL', 'FAILOVER', this.name);
    } catch (error) {
      const isPassing = error instanceof ErrorReply && (error.code === 'NOGOODSLAVE' || error.code === 'INPROG');
      if (!isPassing) throw error;
    }
  }

  /**
   * FAILOVER changes two servers; the others would go on following the old master, as its replicas' replicas. What they
   * are now is also in their files, as sentinels would have it.
   */
  async #followTheMaster(before: NodeHandle): Promise<void> {
    const { master } = this;
    for (const server of living(this.#servers)) {
      if (server !== master && server !== before) await this.ask(server, 'REPLICAOF', master.host, String(master.port));
      await this.ask(server, 'CONFIG', 'REWRITE');
    }
  }

  protected override async disagreement(goals: StreamGoals): Promise<string | null> {
    const ask: Ask = (node, ...args) => this.ask(node, ...args);
    const { master, name } = this;
    return (
      (await disagreementOfServers(this.#servers, master, ask, goals)) ??
      (await disagreementOfSentinels({ name, master, servers: this.#servers, sentinels: this.#sentinels, ask }))
    );
  }

  protected override async closing(): Promise<void> {
    await this.#endpoint?.close();
  }
}

function isMaster(server: NodeHandle): boolean {
  return server.alive && server.role === 'master';
}

/** Starts a master with its replicas and sentinels, and resolves when all agree. @throws ResplicaError */
export async function startReplicaSet(options: ReplicaSetOptions = {}): Promise<ReplicaSet> {
  return ReplicaSet.start(options);
}
