/**
 * `startReplicaSet`: a master and its replicas within this process, on real sockets.
 *
 *   await using set = await startReplicaSet({ replicas: 2, password: 'secret' });
 *   const redis = new Redis(set.endpoint.url);
 *   await set.master.kill();
 */
import { Endpoint } from './endpoint.ts';
import { ResplicaError } from './errors.ts';
import type { NodeHandle } from './node-handle.ts';
import { serverProgram } from './node-program.ts';
import { checkReplicaSetOptions, type ReplicaSetOptions, serverOptionsOf } from './replica-set-options.ts';
import { readServerLine } from './topology-events.ts';
import { STABLE_TIMEOUT_MS, type StableOptions, Topology } from './topology.ts';
import { disagreementOfServers, living } from './views.ts';

export class ReplicaSet extends Topology {
  /** By which clients ask sentinels for the master. */
  readonly name: string;
  readonly #options: ReplicaSetOptions;
  readonly #servers: NodeHandle[] = [];
  #endpoint: Endpoint | null = null;
  /** Who it was when it was last asked. */
  #lastMaster: NodeHandle | null = null;

  private constructor(options: ReplicaSetOptions) {
    const { persistence = 'none', host = '127.0.0.1', onLog } = options;
    super({
      host,
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
    const { replicas = 2, host = '127.0.0.1', password = '' } = this.#options;
    const ports = await this.findPorts(1 + replicas);
    for (const [index, port] of ports.entries()) {
      const name = `redis-${index + 1}`;
      const options = serverOptionsOf(this.#options, name, port, index === 0 ? null : ports[0]!);
      this.#servers.push(this.addNode({ name, port, program: serverProgram(options), read: readServerLine }));
    }
    this.#lastMaster = this.#servers[0]!;
    await Promise.all(this.#servers.map((server) => server.start()));
    this.#endpoint = await Endpoint.open({
      net: this.world.net,
      address: host,
      password,
      target: () => this.#target(),
    });
    await this.stable();
  }

  /** The servers: the first master, then its replicas. */
  get servers(): readonly NodeHandle[] {
    return this.#servers;
  }

  /** The master; while there is none that lives, the last one. */
  get master(): NodeHandle {
    const current = this.#lastMaster!;
    if (current.alive && current.role === 'master') return current;
    const found = this.#servers.find((server) => server.alive && server.role === 'master');
    return (this.#lastMaster = found ?? current);
  }

  /** Servers that follow, by their own account. */
  get replicas(): readonly NodeHandle[] {
    return this.#servers.filter((server) => server.role === 'replica');
  }

  /** One address that leads to the master, whoever that is. */
  get endpoint(): Endpoint {
    return this.#endpoint!;
  }

  #target(): NodeHandle | null {
    const { master } = this;
    return master.alive && master.role === 'master' ? master : null;
  }

  /** Makes a replica the master. Resolves when all agree. @throws ResplicaError ERR_NOT_STABLE */
  async failover(options: StableOptions = {}): Promise<void> {
    const before = this.master;
    if (!before.alive)
      throw new ResplicaError('ERR_NOT_RUNNING', `${before.name} is down, and nobody else takes over.`);
    const { clock } = this.world;
    const timeoutMs = options.timeoutMs ?? STABLE_TIMEOUT_MS;
    const deadlineUs = clock.monotonicUs() + timeoutMs * 1000;
    // With a time limit the master does not ping its replicas meanwhile, whom it wants to be in step.
    await before.execute('FAILOVER', 'TIMEOUT', timeoutMs);
    while (this.master === before && clock.monotonicUs() < deadlineUs) await this.pass(5);
    if (this.master === before) throw new ResplicaError('ERR_NOT_STABLE', `${before.name} is still the master.`);
    await this.#followTheMaster(before);
    await this.stable(options);
  }

  /** FAILOVER changes two servers; the others would go on following the old master, as its replicas' replicas.
   * What they are now is also in their files, as sentinels would have it. */
  async #followTheMaster(before: NodeHandle): Promise<void> {
    const { master } = this;
    for (const server of living(this.#servers)) {
      if (server !== master && server !== before) await this.ask(server, 'REPLICAOF', master.host, String(master.port));
      await this.ask(server, 'CONFIG', 'REWRITE');
    }
  }

  protected override disagreement(): Promise<string | null> {
    return disagreementOfServers(this.#servers, this.master, (node, ...args) => this.ask(node, ...args));
  }

  protected override async closing(): Promise<void> {
    await this.#endpoint?.close();
  }
}

/** Starts a master with its replicas, and resolves when all are in step. @throws ResplicaError */
export async function startReplicaSet(options: ReplicaSetOptions = {}): Promise<ReplicaSet> {
  return ReplicaSet.start(options);
}
