/**
 * The nodes of a cluster in a simulated world. They know each other from their files from the start: `nodes.conf` of each
 * lies on its disk before it boots. The i-th master has the replicas `masters + i`, `2 * masters + i` and so on.
 */
import type { Cluster } from '../../../src/cluster/cluster.ts';
import type { ClusterEvent } from '../../../src/cluster/events.ts';
import { type ClusterNode, type ClusterState, NODE, SLOTS } from '../../../src/cluster/state.ts';
import type { Host } from '../../../src/host/host.ts';
import type { Replication } from '../../../src/replication/replication.ts';
import type { Server } from '../../../src/server/server.ts';
import { startUp } from '../../../src/server/start-up.ts';
import type { SimProcess, World } from '../../../src/sim/index.ts';
import { composeServer } from '../../../src/topology/server.ts';
import { TestClient } from '../../support/in-process.ts';

export const PORT = 6379;
const BUS_PORT = 16_379;
const START_UP = { anyPort: false, terminal: false, withoutConfiguration: null } as const;

export interface ClusterSetOptions {
  readonly masters: number;
  readonly replicas: number;
  readonly nodeTimeoutMs: number;
  readonly migration: boolean;
}

export interface ClusterWatcher {
  /** In the midst of a turn. */
  event(name: string, cluster: Cluster, event: ClusterEvent): void;
  /** A turn is over: everything is saved and sent. */
  turn(name: string, cluster: Cluster): void;
}

export class ClusterSet {
  readonly world: World;
  readonly options: ClusterSetOptions;
  readonly names: readonly string[];
  readonly #clusters = new Map<string, Cluster>();
  readonly #watcher: ClusterWatcher | null;

  constructor(world: World, options: ClusterSetOptions, watcher: ClusterWatcher | null = null) {
    this.world = world;
    this.options = options;
    this.#watcher = watcher;
    const count = options.masters * (options.replicas + 1);
    this.names = Array.from({ length: count }, (_, i) => `node${i}`);
    for (const [i, name] of this.names.entries()) {
      world.boot(name, (host) => this.#start(i, host), { address: addressOf(i) });
    }
  }

  #start(index: number, host: Host): void {
    const name = this.names[index]!;
    if (host.disk.stat('/data/nodes.conf') === null) writeNodes(host, this.#linesFor(index));
    const { nodeTimeoutMs, migration } = this.options;
    const server = composeServer(host, {
      host: '0.0.0.0',
      port: PORT,
      persistence: { dir: '/data', save: false },
      config: {
        'protected-mode': false,
        'cluster-enabled': true,
        'cluster-node-timeout': nodeTimeoutMs,
        'cluster-allow-replica-migration': migration,
        'repl-timeout': 10,
        'repl-ping-replica-period': 1,
        'repl-diskless-sync-delay': 0,
      },
    });
    const cluster = server.hooks.cluster as Cluster;
    this.#clusters.set(name, cluster);
    const watcher = this.#watcher;
    if (watcher !== null) {
      cluster.observe((event) => watcher.event(name, cluster, event));
      cluster.afterTurn = (): void => watcher.turn(name, cluster);
    }
    startUp(server, START_UP, (error) => {
      if (error !== null) throw new Error(`${name} does not start: ${error}`);
    });
  }

  /** What each node would have written after a peaceful start. */
  #linesFor(index: number): string[] {
    const { masters } = this.options;
    const lines = this.names.map((_, i) => {
      const flags = [...(i === index ? ['myself'] : []), i < masters ? 'master' : 'slave'].join(',');
      const master = i < masters ? '-' : idOf(i % masters);
      const share = SLOTS / masters;
      const slots = i < masters ? ` ${Math.round(i * share)}-${Math.round((i + 1) * share) - 1}` : '';
      const epoch = (i % masters) + 1;
      return `${idOf(i)} ${addressOf(i)}:${PORT}@${BUS_PORT} ${flags} ${master} 0 0 ${epoch} connected${slots}`;
    });
    return [...lines, `vars currentEpoch ${masters} lastVoteEpoch 0`];
  }

  // ------------------------------------------------------------------------------------------------------------- nodes

  nameAt(index: number): string {
    return this.names[index % this.names.length]!;
  }

  process(name: string): SimProcess {
    return this.world.process(name);
  }

  /** The node that lives under that name now, if one does. */
  cluster(name: string): Cluster | null {
    return this.process(name).alive ? (this.#clusters.get(name) ?? null) : null;
  }

  state(name: string): ClusterState | null {
    return this.cluster(name)?.state ?? null;
  }

  server(name: string): Server | null {
    return this.cluster(name)?.server ?? null;
  }

  replication(name: string): Replication | null {
    return (this.server(name)?.hooks.replication as Replication | null | undefined) ?? null;
  }

  nameOfId(id: string): string {
    return this.names.find((_, i) => idOf(i) === id) ?? id;
  }

  /** A command on a node that lives and is not held up. @returns its reply, or null if nobody answers. */
  call(name: string, ...words: (string | number)[]): unknown {
    const server = this.server(name);
    if (server === null || this.process(name).state !== 'running') return null;
    try {
      return this.process(name).enter(() => new TestClient(server).call(...words.map(String)));
    } catch (error) {
      // A command that waits has no reply yet; a node may lose its power in the midst of a command.
      return String(error);
    }
  }

  // ------------------------------------------------------------------------------------------------------------- states

  /**
   * Why it is not so that all nodes are well, linked and of one mind; null if it is. What each has of each node's
   * slots is compared with what that node has: so all tables of slots are the same.
   */
  disagreement(): string | null {
    const first = this.state(this.names[0]!);
    if (first === null) return `${this.names[0]} is dead`;
    const epochs = new Set<number>();
    for (const name of this.names) {
      const state = this.state(name);
      if (state === null) return `${name} is dead`;
      if (!state.isOk) return `for ${name} the cluster is down`;
      if (state.nodes.size !== this.names.length) return `${name} knows ${state.nodes.size} nodes`;
      if (state.currentEpoch !== first.currentEpoch) return `${name} is in another epoch than ${this.names[0]}`;
      const reason = this.#problemOf(name, state, epochs);
      if (reason !== null) return reason;
    }
    return null;
  }

  #problemOf(name: string, state: ClusterState, epochs: Set<number>): string | null {
    const { myself } = state;
    for (const node of state.nodes.values()) {
      if (node.has(NODE.fail | NODE.pfail | NODE.handshake | NODE.noAddress)) {
        return `${name} finds that ${this.nameOfId(node.name)} is not well (${node.flags})`;
      }
      const itself = this.state(this.nameOfId(node.name))?.myself;
      const reason = itself === undefined ? null : differenceOf(node, itself);
      if (reason !== null) return `${name} and ${this.nameOfId(node.name)} differ about the ${reason} of the latter`;
    }
    if (myself.isMaster) {
      if (epochs.has(myself.configEpoch)) return `epoch ${myself.configEpoch} is that of two masters`;
      epochs.add(myself.configEpoch);
      return null;
    }
    if (myself.master === null || !myself.master.isMaster) return `${name} has no master`;
    const { phase } = this.replication(name)!.master;
    return phase === 'connected' ? null : `${name} has no link to its master (${phase})`;
  }
}

function differenceOf(seen: ClusterNode, itself: ClusterNode): string | null {
  if (seen.isMaster !== itself.isMaster) return 'role';
  if ((seen.master?.name ?? '') !== (itself.master?.name ?? '')) return 'master';
  if (seen.isMaster && seen.configEpoch !== itself.configEpoch) return 'epoch';
  return Buffer.compare(seen.slots, itself.slots) === 0 ? null : 'slots';
}

/** Ids in no order that has to do with the names. */
export function idOf(index: number): string {
  return ((index * 7919 + 13) % 10007).toString(16).padStart(4, '0').repeat(10);
}

function addressOf(index: number): string {
  return `10.0.1.${index + 1}`;
}

function writeNodes({ disk }: Host, lines: readonly string[]): void {
  disk.makeDirectory('/data');
  const file = disk.open('/data/nodes.conf', 'create');
  file.appendNow(Buffer.from(`${lines.join('\n')}\n`, 'latin1'));
  file.syncNow();
  file.close();
  disk.syncDirectory('/data');
}
