/**
 * The nodes of a cluster. They know each other from the start: `nodes.conf` of each lies on its disk before it boots. The
 * i-th master has the replicas `masters + i`, `2 * masters + i` and so on.
 */
import type { Cluster } from '../../cluster/cluster.ts';
import type { ClusterEvent } from '../../cluster/events.ts';
import { type ClusterNode, type ClusterState, NODE, SLOTS } from '../../cluster/state.ts';
import type { Host } from '../../host/host.ts';
import type { World } from '../../sim/world.ts';
import type { ClusterSpec, Knobs, Step } from '../schedule.ts';
import { NodeSet, range, SERVER_PORT, writeLines } from './node-set.ts';
import type { TopologyWatcher } from './topology.ts';

const BUS_PORT = 16_379;
const NODES_FILE = '/data/nodes.conf';
/** A node that was forgotten is heard of again after a minute, and what waits behind a cut comes late. */
const DELAYS_MAX_MS = 180_000;

export class ClusterTopology extends NodeSet {
  readonly kind = 'cluster';
  readonly spec: ClusterSpec;
  readonly names: readonly string[];
  readonly #nameOfId: ReadonlyMap<string, string>;
  readonly #clusters = new Map<string, Cluster>();
  /** Nodes that have had their first nodes.conf. */
  readonly #hasTable = new Set<string>();
  /** By SETSLOT, whether to the end or not. */
  readonly slotsMovedByHand = new Set<number>();
  /** Those among them whose owner has lost power. */
  readonly #slotsAtPowerLoss = new Set<number>();

  constructor(world: World, spec: ClusterSpec, knobs: Knobs, watcher: TopologyWatcher) {
    super(world, knobs, watcher);
    this.spec = spec;
    this.names = range(spec.masters * (spec.replicas + 1)).map((i) => `node${i}`);
    this.#nameOfId = new Map(this.names.map((name, i) => [idOf(i), name]));
    world.observe(({ node }) => this.#losesPower(node), ['powerLoss']);
  }

  #losesPower(name: string): void {
    const myself = this.state(name)?.myself;
    for (const slot of this.slotsMovedByHand) if (myself?.holdsSlot(slot) === true) this.#slotsAtPowerLoss.add(slot);
  }

  boot(): void {
    for (const [i, name] of this.names.entries()) {
      this.world.boot(name, (host) => this.#start(i, host), { address: addressOf(i) });
    }
  }

  get serverNames(): readonly string[] {
    return this.names;
  }

  get voterNames(): readonly string[] {
    return this.names.filter((name) => (this.state(name)?.myself.slotCount ?? 0) > 0);
  }

  /**
   * A failed master is forgiven after two node timeouts, an election is repeated after four. A master that was in a minority
   * does not serve until its wall clock is past that time (clusterUpdateState), however far that was set back meanwhile.
   */
  recoveryMaxMs(steps: readonly Step[]): number {
    let leapsBackMs = 0;
    for (const { fault } of steps) if (fault.kind === 'clock-jump') leapsBackMs += Math.max(0, -fault.byMs);
    return 20 * this.spec.nodeTimeoutMs + DELAYS_MAX_MS + leapsBackMs;
  }

  #start(index: number, host: Host): void {
    const name = this.names[index]!;
    // Only before its first start: later, a loss of power may have left the synced version beside its name alone.
    if (!this.#hasTable.has(name)) writeLines(host, NODES_FILE, this.#linesFor(index));
    this.#hasTable.add(name);
    const { nodeTimeoutMs, migration } = this.spec;
    this.startServer(name, host, [
      'cluster-enabled yes',
      `cluster-node-timeout ${nodeTimeoutMs}`,
      `cluster-allow-replica-migration ${migration ? 'yes' : 'no'}`,
    ]);
  }

  protected override adopt(...[name, server]: Parameters<NodeSet['adopt']>): void {
    const cluster = server.hooks.cluster as Cluster;
    const { watcher } = this;
    this.#clusters.set(name, cluster);
    cluster.observe((event) => watcher.event(name, event.kind, JSON.stringify(payloadOf(event))));
    cluster.afterTurn = (): void => {
      if (this.cluster(name) === cluster) watcher.turn(name);
    };
    super.adopt(name, server);
  }

  /** What each node would have written after a peaceful start. */
  #linesFor(index: number): string[] {
    const { masters } = this.spec;
    const lines = this.names.map((_, i) => {
      const flags = [...(i === index ? ['myself'] : []), i < masters ? 'master' : 'slave'].join(',');
      const master = i < masters ? '-' : idOf(i % masters);
      const share = SLOTS / masters;
      const slots = i < masters ? ` ${Math.round(i * share)}-${Math.round((i + 1) * share) - 1}` : '';
      const epoch = (i % masters) + 1;
      return `${idOf(i)} ${addressOf(i)}:${SERVER_PORT}@${BUS_PORT} ${flags} ${master} 0 0 ${epoch} connected${slots}`;
    });
    return [...lines, `vars currentEpoch ${masters} lastVoteEpoch 0`];
  }

  // --------------------------------------------------------------------------------------------------------------- nodes

  /** The node that lives under that name now, if one does. */
  cluster(name: string): Cluster | null {
    return this.process(name).alive ? (this.#clusters.get(name) ?? null) : null;
  }

  state(name: string): ClusterState | null {
    return this.cluster(name)?.state ?? null;
  }

  nameOfId(id: string): string {
    return this.#nameOfId.get(id) ?? id;
  }

  /** What redis-cli --cluster fix does to slots whose move was begun and not ended, and to slots that nobody has. */
  tend(): string | null {
    for (const name of this.names) {
      const state = this.state(name);
      if (state === null) continue;
      for (const slot of [...state.importingFrom.keys(), ...state.migratingTo.keys()]) {
        this.call(name, 'CLUSTER', 'SETSLOT', slot, 'STABLE');
      }
    }
    return this.#coverSlots() ? 'agreement slots of nobody after a loss of power' : null;
  }

  /**
   * The slots that a node takes over after the first one are saved without a sync, as in Redis, and a loss of power can take
   * them back. Who gave them away does not claim them any more either: each then takes the other one for their owner.
   */
  #coverSlots(): boolean {
    if (this.#slotsAtPowerLoss.size === 0) return false;
    if (!this.names.every((name) => this.isReachable(name))) return false;
    const states = this.names.map((name) => this.state(name)!);
    if (!states.every(({ nodes }) => [...nodes.values()].every(isWell))) return false;
    const nobodys = range(SLOTS).filter((slot) => !states.some(({ myself }) => myself.holdsSlot(slot)));
    if (nobodys.length === 0 || !nobodys.every((slot) => this.#slotsAtPowerLoss.has(slot))) return false;
    for (const slot of nobodys) {
      const owner = this.#bestOwner(slot);
      this.call(owner, 'CLUSTER', 'DELSLOTS', slot);
      this.call(owner, 'CLUSTER', 'ADDSLOTS', slot);
      this.call(owner, 'CLUSTER', 'BUMPEPOCH');
    }
    return true;
  }

  /** The master that has most of its keys. */
  #bestOwner(slot: number): string {
    const masters = this.names.filter((name) => this.state(name)!.myself.isMaster);
    const keysOf = (name: string): number => this.server(name)!.keyspace.databases[0]!.slots!.count(slot);
    return masters.reduce((best, name) => (keysOf(name) > keysOf(best) ? name : best));
  }

  // -------------------------------------------------------------------------------------------------------------- states

  get isReady(): boolean {
    return this.disagreement() === null;
  }

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
      if (!isWell(node)) {
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

function isWell(node: ClusterNode): boolean {
  return !node.has(NODE.fail | NODE.pfail | NODE.handshake | NODE.noAddress);
}

function differenceOf(seen: ClusterNode, itself: ClusterNode): string | null {
  if (seen.isMaster !== itself.isMaster) return 'role';
  if ((seen.master?.name ?? '') !== (itself.master?.name ?? '')) return 'master';
  if (seen.isMaster && seen.configEpoch !== itself.configEpoch) return 'epoch';
  return Buffer.compare(seen.slots, itself.slots) === 0 ? null : 'slots';
}

function payloadOf(event: ClusterEvent): object {
  return { ...event, kind: undefined };
}

/** Ids in no order that has to do with the names. */
export function idOf(index: number): string {
  return ((index * 7919 + 13) % 10007).toString(16).padStart(4, '0').repeat(10);
}

function addressOf(index: number): string {
  return `10.0.1.${index + 1}`;
}
