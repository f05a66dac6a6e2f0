/**
 * A master, its replicas and the sentinels around them, as nodes of a simulated world. Every node has its configuration in
 * a file on its own disk, which it rewrites and from which it starts again.
 */
import type { Disk, Host } from '../../../src/host/host.ts';
import type { Replication } from '../../../src/replication/replication.ts';
import { Config } from '../../../src/server/config/config.ts';
import { loadConfiguration } from '../../../src/server/config/grammar.ts';
import { Server } from '../../../src/server/server.ts';
import { startUp } from '../../../src/server/start-up.ts';
import { attachSentinel } from '../../../src/sentinel/attach.ts';
import type { SentinelNode } from '../../../src/sentinel/commands/node.ts';
import { sentinelFamilies } from '../../../src/sentinel/commands/table.ts';
import type { Sentinel, SentinelEvent } from '../../../src/sentinel/sentinel.ts';
import type { Instance } from '../../../src/sentinel/state.ts';
import type { SimProcess, World } from '../../../src/sim/index.ts';
import { serverFamilies } from '../../../src/topology/compose.ts';
import { openSentinel } from '../../../src/topology/compose-sentinel.ts';
import { composeServer } from '../../../src/topology/server.ts';

import type { Mutant } from './mutants.ts';

export const MASTER_NAME = 'mymaster';
const SERVER_PORT = 6379;
const SENTINEL_PORT = 26_379;
const SERVER_FILE = '/data/redis.conf';
const SENTINEL_FILE = '/data/sentinel.conf';
const START_UP = { anyPort: false, terminal: false, withoutConfiguration: null } as const;

export interface SentinelSetOptions {
  readonly replicas: number;
  readonly sentinels: number;
  readonly quorum: number;
  readonly downAfterMs: number;
  readonly failoverTimeoutMs: number;
  readonly parallelSyncs: number;
}

/** What a sentinel lets be seen; of the life that it has now. */
export interface SentinelWatcher {
  /** An event, in the midst of a turn. */
  event(name: string, sentinel: Sentinel, event: SentinelEvent): void;
  /** A turn is over: everything is saved and sent. */
  turn(name: string, sentinel: Sentinel): void;
}

export class SentinelSet {
  readonly world: World;
  readonly options: SentinelSetOptions;
  readonly serverNames: readonly string[];
  readonly sentinelNames: readonly string[];
  readonly #servers = new Map<string, Server>();
  readonly #sentinels = new Map<string, Sentinel>();
  readonly #watcher: SentinelWatcher | null;
  readonly #mutant: Mutant | null;

  constructor(
    world: World,
    options: SentinelSetOptions,
    watcher: SentinelWatcher | null = null,
    mutant: Mutant | null = null,
  ) {
    this.world = world;
    this.options = options;
    this.#watcher = watcher;
    this.#mutant = mutant;
    this.serverNames = range(options.replicas + 1).map((i) => `redis${i}`);
    this.sentinelNames = range(options.sentinels).map((i) => `sentinel${i}`);
    for (const name of this.serverNames) world.boot(name, (host) => this.#startServer(name, host));
    for (const name of this.sentinelNames) world.boot(name, (host) => this.#startSentinel(name, host));
  }

  get names(): readonly string[] {
    return [...this.serverNames, ...this.sentinelNames];
  }

  process(name: string): SimProcess {
    return this.world.process(name);
  }

  /** The sentinel that lives under that name now, if one does. */
  sentinel(name: string): Sentinel | null {
    return this.process(name).alive ? (this.#sentinels.get(name) ?? null) : null;
  }

  server(name: string): Server | null {
    return this.process(name).alive ? (this.#servers.get(name) ?? null) : null;
  }

  /** What a sentinel knows of the master. */
  view(name: string): Instance | null {
    return this.sentinel(name)?.state.masters.get(MASTER_NAME) ?? null;
  }

  addressOf(name: string): string {
    return `${this.process(name).address}:${SERVER_PORT}`;
  }

  // ------------------------------------------------------------------------------------------------------------ starting

  #startServer(name: string, host: Host): void {
    const isMaster = name === this.serverNames[0];
    const master = this.serverNames[0]!;
    const lines = ['bind 0.0.0.0', 'protected-mode no', 'save ""', 'repl-timeout 10', 'repl-ping-replica-period 1'];
    if (!isMaster) lines.push(`replicaof ${this.process(master).address} ${SERVER_PORT}`);
    writeOnce(host, SERVER_FILE, lines);
    const server = composeServer(host, {}, SERVER_FILE);
    this.#servers.set(name, server);
    startUp(server, START_UP, () => {});
  }

  #startSentinel(name: string, outside: Host): void {
    const disk = this.#mutant?.disk?.(outside.disk) ?? outside.disk;
    const host: Host = disk === outside.disk ? outside : withDisk(outside, disk);
    const { quorum, downAfterMs, failoverTimeoutMs, parallelSyncs } = this.options;
    const master = this.process(this.serverNames[0]!).address;
    writeOnce(host, SENTINEL_FILE, [
      `port ${SENTINEL_PORT}`,
      'bind 0.0.0.0',
      `sentinel monitor ${MASTER_NAME} ${master} ${SERVER_PORT} ${quorum}`,
      `sentinel down-after-milliseconds ${MASTER_NAME} ${downAfterMs}`,
      `sentinel failover-timeout ${MASTER_NAME} ${failoverTimeoutMs}`,
      `sentinel parallel-syncs ${MASTER_NAME} ${parallelSyncs}`,
    ]);
    const config = new Config({ disk: host.disk, workingDirectory: '/data', sentinel: true, file: SENTINEL_FILE });
    const directives = loadConfiguration(config, { stdin: null, options: null });
    const node: { current: SentinelNode | null } = { current: null };
    const families = sentinelFamilies(serverFamilies, () => node.current!);
    const server = new Server({ host, config, directives, families });
    node.current = attachSentinel(server, { exit: () => {} });
    this.#watch(name, node.current.sentinel);
    openSentinel(server, START_UP, (error) => {
      if (error !== null) throw new Error(`${name} does not start: ${String(error)}`);
    });
  }

  #watch(name: string, sentinel: Sentinel): void {
    this.#sentinels.set(name, sentinel);
    const watcher = this.#watcher;
    if (watcher === null) return;
    sentinel.observe((event) => watcher.event(name, sentinel, event));
    sentinel.afterTurn = (): void => {
      // One that was struck in the midst of its turn has no end of it.
      if (this.sentinel(name) !== sentinel) return;
      watcher.turn(name, sentinel);
      this.#mutant?.afterTurn?.(sentinel);
    };
  }

  // ------------------------------------------------------------------------------------------------------------- states

  /** Whether every sentinel knows all the others and all replicas. */
  get isDiscovered(): boolean {
    const { replicas, sentinels } = this.options;
    return this.sentinelNames.every((name) => {
      const view = this.view(name);
      return view !== null && view.replicas.size === replicas && view.sentinels.size === sentinels - 1;
    });
  }

  /** Why it is not so that there is one master which all follow and know; null if it is. */
  disagreement(): string | null {
    const masters = this.serverNames.filter((name) => this.server(name)?.hooks.replication?.isReplica === false);
    if (masters.length !== 1) return `masters: ${masters.join(', ') || 'none'}`;
    const address = this.addressOf(masters[0]!);
    for (const name of this.sentinelNames) {
      const view = this.view(name);
      if (view === null) return `${name} is dead`;
      const believed = `${view.addr.ip}:${view.addr.port}`;
      if (believed !== address) return `${name} takes ${believed} for the master, which is ${address}`;
      if (view.failoverState !== 'none') return `${name} fails over (${view.failoverState})`;
      if (view.isDown) return `${name} holds the master for down`;
      if (this.sentinel(name)!.state.tilt) return `${name} is in TILT`;
    }
    const epochs = new Set(this.sentinelNames.map((name) => this.view(name)!.configEpoch));
    if (epochs.size > 1) return `config epochs: ${[...epochs].join(', ')}`;
    for (const name of this.serverNames) {
      const replication = (this.server(name)?.hooks.replication ?? null) as Replication | null;
      if (replication === null) return `${name} is dead`;
      if (name === masters[0]) continue;
      const followed = `${replication.state.master?.host}:${replication.state.master?.port}`;
      if (followed !== address) return `${name} follows ${followed}`;
      if (replication.master.phase !== 'connected') return `${name} has no link to its master`;
    }
    return null;
  }
}

function withDisk(host: Host, disk: Disk): Host {
  const { clock, timers, net, random, system, processes } = host;
  return { clock, timers, net, disk, random, system, processes, log: (line) => host.log(line) };
}

function writeOnce({ disk }: Host, path: string, lines: readonly string[]): void {
  if (disk.stat(path) !== null) return;
  const file = disk.open(path, 'create');
  file.appendNow(Buffer.from(`${lines.join('\n')}\n`, 'latin1'));
  file.syncNow();
  file.close();
  disk.syncDirectory('/data');
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
