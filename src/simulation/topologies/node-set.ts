/**
 * Nodes that a topology is made of. Each server has its configuration in a file on its own disk, which it rewrites and from
 * which it starts again. One that ends by itself (its disk fails, its file cannot be read) is started again after a while,
 * as a supervisor does.
 */
import type { Host } from '../../host/host.ts';
import { replaceFile } from '../../host/replace-file.ts';
import type { Replication } from '../../replication/replication.ts';
import type { Server } from '../../server/server.ts';
import { startUp } from '../../server/start-up.ts';
import type { SimProcess } from '../../sim/process.ts';
import type { World } from '../../sim/world.ts';
import { composeServer } from '../../topology/server.ts';
import type { Knobs, Step, TopologyKind, TopologySpec } from '../schedule.ts';
import { ask, NO_REPLY } from './ask.ts';
import type { SimTopology, TopologyWatcher } from './topology.ts';

export const SERVER_PORT = 6379;
export const START_UP = { anyPort: false, terminal: false, withoutConfiguration: null } as const;
const SERVER_FILE = '/data/redis.conf';
const RESTART_AFTER_MS = 1000;
/** A start that keeps failing is tried less often. */
const RESTART_AFTER_MAX_MS = 16_000;
/** After so many, an administrator moves the append-only file aside: a disk that failed has left one with a hole. */
const STARTS_MAX = 3;
const APPEND_ONLY_DIRECTORY = '/data/appendonlydir';

export abstract class NodeSet implements SimTopology {
  abstract readonly kind: TopologyKind;
  abstract readonly spec: TopologySpec;
  abstract readonly names: readonly string[];
  abstract readonly serverNames: readonly string[];
  abstract readonly voterNames: readonly string[];
  readonly world: World;
  readonly port = SERVER_PORT;
  protected readonly knobs: Knobs;
  protected readonly watcher: TopologyWatcher;
  readonly #servers = new Map<string, Server>();
  readonly #failedStarts = new Map<string, number>();
  /** Those that take connections. */
  readonly #started = new WeakSet<Server>();
  readonly #byAddress = new Map<string, string>();

  constructor(world: World, knobs: Knobs, watcher: TopologyWatcher) {
    this.world = world;
    this.knobs = knobs;
    this.watcher = watcher;
  }

  abstract boot(): void;
  abstract get isReady(): boolean;
  abstract recoveryMaxMs(steps: readonly Step[]): number;
  abstract disagreement(): string | null;
  abstract tend(): string | null;

  process(node: string): SimProcess {
    return this.world.process(node);
  }

  server(node: string): Server | null {
    return this.process(node).alive ? (this.#servers.get(node) ?? null) : null;
  }

  replication(node: string): Replication | null {
    return (this.server(node)?.hooks.replication as Replication | null | undefined) ?? null;
  }

  nodeAt(address: string): string {
    const colon = address.indexOf(':');
    const ip = colon < 0 ? address : address.slice(0, colon);
    const known = this.#byAddress.get(ip);
    if (known !== undefined) return known;
    const name = this.names.find((node) => this.process(node).address === ip);
    if (name === undefined) return address;
    this.#byAddress.set(ip, name);
    return name;
  }

  /** Not while it starts and loads its data. */
  protected isReachable(node: string): boolean {
    const server = this.server(node);
    return server !== null && this.#started.has(server) && this.process(node).state === 'running';
  }

  call(node: string, ...words: (string | number)[]): unknown {
    const server = this.server(node);
    if (server === null || !this.isReachable(node)) return NO_REPLY;
    try {
      return this.process(node).enter(() => ask(server, words));
    } catch (error) {
      // It may end, or lose its power, in the midst of the command.
      if (!this.process(node).alive) return NO_REPLY;
      throw error;
    }
  }

  // ------------------------------------------------------------------------------------------------------------ starting

  /** @param lines what its file says at first, beside what the knobs say */
  protected startServer(node: string, host: Host, lines: readonly string[]): Server {
    if (host.disk.stat(SERVER_FILE) === null) writeLines(host, SERVER_FILE, [...this.#usualLines(), ...lines]);
    if ((this.#failedStarts.get(node) ?? 0) >= STARTS_MAX) this.#removeAppendOnlyFile(node, host);
    const server = composeServer(host, {}, SERVER_FILE);
    this.adopt(node, server);
    startUp(server, START_UP, (error) => this.started(node, server, error));
    return server;
  }

  #removeAppendOnlyFile(node: string, { disk }: Host): void {
    if (disk.stat(APPEND_ONLY_DIRECTORY) === null) return;
    for (const name of disk.list(APPEND_ONLY_DIRECTORY)) disk.unlink(`${APPEND_ONLY_DIRECTORY}/${name}`);
    this.watcher.event(node, 'append-only file given up', '{}');
  }

  /** A server lives in this node from now on. */
  protected adopt(node: string, server: Server): void {
    this.#servers.set(node, server);
    server.shutdown.onFailure = (): void => this.#exit(node, server);
    server.shutdown.onReady = (): void => this.#exit(node, server);
    this.watcher.boot(node);
  }

  protected started(node: string, server: Server, error: string | null): void {
    if (error === null) {
      this.#failedStarts.delete(node);
      this.#started.add(server);
    } else this.#exit(node, server);
  }

  /** Ends by itself, now: in the midst of an event of its own. */
  #exit(node: string, server: Server): void {
    if (this.server(node) !== server) return;
    const failures = this.#failedStarts.get(node) ?? 0;
    this.#failedStarts.set(node, failures + 1);
    const process = this.process(node);
    process.kill();
    const { boots } = process;
    const afterMs = Math.min(RESTART_AFTER_MAX_MS, RESTART_AFTER_MS * 2 ** failures);
    this.world.at(this.world.nowMs + afterMs, () => {
      if (process.state === 'killed' && process.boots === boots) process.start();
    });
  }

  #usualLines(): string[] {
    const { backlogBytes, replTimeoutSeconds, diskless, appendOnly, minReplicas, minReplicasMaxLagSeconds } =
      this.knobs;
    const lines = [
      'bind 0.0.0.0',
      'protected-mode no',
      `port ${SERVER_PORT}`,
      'dir /data',
      'save ""',
      `repl-timeout ${replTimeoutSeconds}`,
      'repl-ping-replica-period 1',
      `repl-backlog-size ${backlogBytes}`,
      `repl-diskless-sync ${diskless ? 'yes' : 'no'}`,
      'repl-diskless-sync-delay 0',
      `repl-diskless-load ${diskless ? 'swapdb' : 'disabled'}`,
      `min-replicas-to-write ${minReplicas}`,
      `min-replicas-max-lag ${minReplicasMaxLagSeconds}`,
    ];
    if (appendOnly !== 'off') lines.push('appendonly yes', `appendfsync ${appendOnly}`);
    return lines;
  }
}

/** Writes a file of the configuration, durably. */
export function writeLines({ disk }: Host, path: string, lines: readonly string[]): void {
  replaceFile(disk, path, Buffer.from(`${lines.join('\n')}\n`, 'latin1'), '.new');
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
