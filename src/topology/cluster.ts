/**
 * `startCluster`: masters and replicas of a Redis Cluster within this process, on real sockets, with the real bus.
 *
 *   await using cluster = await startCluster({ masters: 3, replicas: 1 });
 *   const redis = new Redis.Cluster(cluster.seeds);
 *   await cluster.slotOwner('user:1').kill();
 *   await cluster.stable();
 *
 * Nodes begin with the table that they would have agreed on (cluster-table.ts), so that the cluster serves as soon as its
 * links are there. Everything after that is what nodes do by themselves, and what CLUSTER commands make them do.
 */
import type { Cluster as ClusterMachine } from '../cluster/cluster.ts';
import { type ClusterState, NODE, SLOT_BITMAP_BYTES } from '../cluster/state.ts';
import { randomId } from '../core/ids.ts';
import { SLOTS } from '../core/key-slot.ts';
import { ChunkCache } from '../lua/compiler/chunk-cache.ts';
import type { Replication } from '../replication/replication.ts';
import { forgiveStalls, rangesIn, watchCluster } from './cluster-events.ts';
import {
  announcedAddress,
  checkClusterOptions,
  type ClusterNodePlan,
  type ClusterOptions,
  clusterPaceOf,
  nodeCountOf,
  nodeOptionsOf,
  nodeTimeoutOf,
} from './cluster-options.ts';
import { moveSlot, type SlotMove, slotOf, type SlotSelection, slotsIn } from './cluster-slots.ts';
import { divideSlots, tablesOf } from './cluster-table.ts';
import { disagreementOfCluster, isKnownAsOwner, machineOf, type Member, ownerOf, stateOf } from './cluster-views.ts';
import { ResplicaError } from './errors.ts';
import type { NodeHandle } from './node-handle.ts';
import { type NodeProgram, serverProgram } from './node-program.ts';
import { BUS_OFFSET } from './ports.ts';
import { readServerLine, type SlotRange } from './topology-events.ts';
import { type NodeReference, STABLE_TIMEOUT_MS, type StableOptions, Topology } from './topology.ts';
import { living, type StreamGoals } from './views.ts';

const START_TIMEOUT_MS = 30_000;
const START_TIMEOUT_PER_NODE_MS = 500;
const LOOK_PERIOD_MS = 5;
/** So long an attempt of a manual failover is good. */
const FAILOVER_ATTEMPT_MS = 5000;
/** So long a handshake may take. */
const MEET_AGAIN_MS = 1000;
/** Until everybody has noticed, elected, and told each other. */
const STABLE_NODE_TIMEOUTS = 6;

export interface FailoverOptions extends StableOptions {
  /**
   * `normal`: the master stops, the replica catches up, no write is lost. `force`: the master is not asked.
   * `takeover`: nobody is.
   */
  readonly kind?: 'normal' | 'force' | 'takeover';
}

export interface AddNodeOptions extends StableOptions {
  /** Its master; without one it becomes a master without slots. */
  readonly replicaOf?: NodeReference;
}

export interface MoveSlotsOptions {
  /** By default, whoever has them. */
  readonly from?: NodeReference;
  readonly to: NodeReference;
  readonly slots: SlotSelection;
}

interface ClusterMember extends Member {
  readonly plan: ClusterNodePlan;
}

export class Cluster extends Topology {
  readonly #options: ClusterOptions;
  readonly #members: ClusterMember[] = [];
  /** Ids of those that were removed. */
  readonly #removed = new Set<string>();
  readonly #chunks = new ChunkCache();
  #made = 0;

  private constructor(options: ClusterOptions) {
    const { persistence = 'none', host = '127.0.0.1', clock = 'real', onLog } = options;
    super({
      host,
      clock,
      directory: persistence === 'none' ? null : persistence.dir,
      ...(onLog === undefined ? {} : { onLog }),
    });
    this.#options = options;
  }

  /** @internal Use `startCluster`. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    checkClusterOptions(options);
    const cluster = new Cluster(options);
    try {
      await cluster.#start();
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  async #start(): Promise<void> {
    const { masters = 3 } = this.#options;
    const ports = await this.findPorts(nodeCountOf(this.#options), true);
    const entries = ports.map((port, index) => ({
      id: randomId(this.world.random),
      plan: this.#plan(port),
      master: index < masters ? null : index % masters,
    }));
    const tables = tablesOf(entries.map(({ id, master, plan: { address } }) => ({ id, master, address })));
    for (const [index, { id, plan }] of entries.entries()) {
      this.#checkDirectory(plan);
      const node = this.#makeMember(plan, tables[index]!);
      this.#members.push({ node, id, plan });
    }
    await Promise.all(this.#members.map(({ node }) => node.start()));
    // All listen: there is nothing to wait for.
    for (const { node } of this.#members) node.server?.cron.run();
    const timeoutMs = START_TIMEOUT_MS + START_TIMEOUT_PER_NODE_MS * ports.length;
    await this.#introduceReplicas(timeoutMs);
    await this.stable({ timeoutMs });
  }

  /**
   * Others hold a replica for empty, and do not tell clients of it, until it names an offset above zero. In an idle cluster
   * that takes until the next PING of the master (ten seconds), and then until the next one of the replica.
   */
  async #introduceReplicas(timeoutMs: number): Promise<void> {
    const deadlineUs = this.world.clock.monotonicUs() + timeoutMs * 1000;
    let waiting = living(this.nodes).filter((node) => node.role === 'replica');
    while (waiting.length > 0 && this.world.clock.monotonicUs() < deadlineUs) {
      waiting = waiting.filter((node) => node.alive && !introduce(node, (id) => this.#byId(id)?.node ?? null));
      if (waiting.length > 0) await this.pass(LOOK_PERIOD_MS);
    }
  }

  // -------------------------------------------------------------------------------------------------------------- nodes

  #plan(port: number): ClusterNodePlan {
    const index = this.#made++;
    const busPort = port + BUS_OFFSET;
    const address = announcedAddress(this.#options, index, port, busPort);
    return { name: `node-${index + 1}`, port, busPort, address };
  }

  /** Files of an earlier cluster name ports that this one does not have. */
  #checkDirectory({ name }: ClusterNodePlan): void {
    const { persistence = 'none' } = this.#options;
    const path = persistence === 'none' ? null : `${persistence.dir}/${name}/nodes.conf`;
    if (path === null || this.world.disk.stat(path) === null) return;
    throw new ResplicaError('ERR_BAD_OPTION', `${path} is of an earlier cluster: give "persistence" another "dir".`);
  }

  /** @param table its nodes.conf; null for one that knows nobody yet. */
  #makeMember(plan: ClusterNodePlan, table: string | null): NodeHandle {
    const { name, port } = plan;
    const base = serverProgram(nodeOptionsOf(this.#options, plan), this.#chunks);
    let lives = 0;
    const program: NodeProgram = {
      ...base,
      ...(table === null ? {} : { files: { 'nodes.conf': table } }),
      compose: (host, file) => {
        const server = base.compose(host, file);
        const machine = server.hooks.cluster as ClusterMachine | null;
        if (machine === null) {
          throw new ResplicaError('ERR_BAD_CONFIG', 'Nodes of a cluster need "cluster-enabled yes".');
        }
        machine.settings.pace = clusterPaceOf(this.#options, ++lives === 1);
        forgiveStalls(machine);
        watchCluster(machine, {
          nameOf: (id) => this.#byId(id)?.node.name ?? id,
          note: (body) => this.events.note(name, body),
        });
        return server;
      },
    };
    this.#translate(plan);
    return this.makeNode({ name, port, program, read: readServerLine });
  }

  /** Where nodes say that they are others find them, be there a router in between or not. */
  #translate({ port, busPort, address }: ClusterNodePlan): void {
    for (const [announced, actual] of [
      [address.port, port],
      [address.busPort, busPort],
    ] as const) {
      this.translate(address.ip, announced, actual);
    }
  }

  /** For clients: `new Redis.Cluster(cluster.seeds)`, `createCluster({ rootNodes: cluster.seeds })`. */
  get seeds(): { host: string; port: number; url: string }[] {
    return living(this.nodes).map(({ host, port, url }) => ({ host, port, url }));
  }

  /** Nodes that are masters, by their own account. */
  get masters(): readonly NodeHandle[] {
    return this.nodes.filter((node) => node.alive && node.role === 'master');
  }

  /** Nodes that follow a master, by their own account; with an argument, that one. */
  replicasOf(master: NodeReference): readonly NodeHandle[] {
    const { id } = this.#member(master);
    return living(this.nodes).filter((node) => stateOf(node)?.myself.master?.name === id);
  }

  /** The id by which the nodes of the cluster know a node. */
  idOf(node: NodeReference): string {
    return this.#member(node).id;
  }

  #byId(id: string): ClusterMember | null {
    return this.#members.find((member) => member.id === id) ?? null;
  }

  #member(reference: NodeReference): ClusterMember {
    const node = this.node(reference);
    return this.#members.find((member) => member.node === node)!;
  }

  // -------------------------------------------------------------------------------------------------------------- slots

  slotOf(key: string | Uint8Array | number): number {
    return slotOf(key);
  }

  /** The node that serves a key, or a slot by its number: the one that most living nodes name, be it down or not. */
  slotOwner(key: string | Uint8Array | number): NodeHandle {
    const slot = slotOf(key);
    const id = ownerOf(slot, this.nodes);
    const found = id === null ? null : this.#byId(id);
    if (found !== null) return found.node;
    throw new ResplicaError('ERR_BAD_ARGUMENT', `No node that is alive knows of an owner of slot ${slot}.`);
  }

  /** The slots of a node, by its own account; none of one that is down. */
  slotsOf(reference: NodeReference): SlotRange[] {
    const own = stateOf(this.node(reference))?.myself.slots ?? new Uint8Array(SLOT_BITMAP_BYTES);
    return rangesIn(own, new Uint8Array(SLOT_BITMAP_BYTES));
  }

  /**
   * Moves slots with their keys to another master, while clients read and write. What breaks it off can be gone on with by
   * calling it again. Resolves when all living nodes know the new owner; whoever cannot be told within a node timeout
   * learns it later.
   * @returns how many slots and keys were moved.
   */
  async moveSlots({ from, to, slots }: MoveSlotsOptions): Promise<{ slots: number; keys: number }> {
    const target = this.#member(to);
    const moved = { slots: 0, keys: 0 };
    const taken: number[] = [];
    for (const slot of slotsIn(slots)) {
      // Commands without a socket answer at once: nobody else would have a turn in between.
      const source = this.#member(from ?? this.slotOwner(slot));
      if (source === target) continue;
      moved.keys += await moveSlot(slot, this.#move(source, target));
      moved.slots++;
      taken.push(slot);
      await this.pass(0);
    }
    if (taken.length > 0) await this.#becomesKnown(target, taken);
    return moved;
  }

  /**
   * The new owner tells all nodes at once, and yet it takes a while: what they said before may come in later, and lets them
   * go back to the old owner until the next heartbeat. Its replicas must know: they claim what they have heard of.
   */
  async #becomesKnown(owner: ClusterMember, slots: readonly number[]): Promise<void> {
    const deadlineUs = this.#deadlineUs({ timeoutMs: nodeTimeoutOf(this.#options) });
    do {
      await this.pass(LOOK_PERIOD_MS);
    } while (
      living([owner.node]).length > 0 &&
      !isKnownAsOwner(owner.id, slots, this.nodes) &&
      this.world.clock.monotonicUs() < deadlineUs
    );
  }

  #move(source: ClusterMember, target: ClusterMember): SlotMove {
    return {
      from: source.node,
      fromId: source.id,
      to: target.node,
      toId: target.id,
      toAddress: target.plan.address,
      password: this.#options.password ?? '',
      others: living(this.masters).filter((node) => node !== source.node && node !== target.node),
    };
  }

  // ---------------------------------------------------------------------------------------------------------- failover

  /**
   * Makes a replica the master of its shard; of a master, the replica that has most of its data. Resolves when all agree.
   * @throws ResplicaError ERR_NOT_STABLE
   */
  async failover(reference: NodeReference, options: FailoverOptions = {}): Promise<void> {
    const replica = this.#successor(this.node(reference));
    const { kind = 'normal' } = options;
    const deadlineUs = this.#deadlineUs(options);
    let askedUs = -Infinity;
    while (replica.role !== 'master') {
      const nowUs = this.world.clock.monotonicUs();
      if (nowUs >= deadlineUs) throw new ResplicaError('ERR_NOT_STABLE', `${replica.name} has not become a master.`);
      if (nowUs - askedUs > FAILOVER_ATTEMPT_MS * 1000) {
        await this.ask(replica, 'CLUSTER', 'FAILOVER', ...(kind === 'normal' ? [] : [kind.toUpperCase()]));
        askedUs = nowUs;
      }
      await this.pass(LOOK_PERIOD_MS);
    }
    await this.stable(options);
  }

  #successor(node: NodeHandle): NodeHandle {
    if (node.role === 'replica') return node;
    const best = this.replicasOf(node).toSorted((a, b) => offsetOf(b) - offsetOf(a))[0];
    if (best !== undefined) return best;
    throw new ResplicaError('ERR_BAD_ARGUMENT', `${node.name} has no replica that is alive.`);
  }

  // -------------------------------------------------------------------------------------------------- coming and going

  /** A further node of the cluster. Resolves when all know it, and it its master's data. @throws ResplicaError */
  async addNode(options: AddNodeOptions = {}): Promise<NodeHandle> {
    const { replicaOf } = options;
    const master = replicaOf === undefined ? null : this.#member(replicaOf);
    const [port] = await this.findPorts(1, true);
    const plan = this.#plan(port!);
    const node = this.#makeMember(plan, null);
    await node.start();
    const member = { node, id: stateOf(node)!.myself.name, plan };
    this.#members.push(member);
    await this.#introduce(member, this.#deadlineUs(options));
    if (master !== null) {
      await this.ask(node, 'CLUSTER', 'REPLICATE', master.id);
      await this.#introduceReplicas(options.timeoutMs ?? this.#patienceMs);
    }
    await this.stable(options);
    return node;
  }

  /** It meets each node: gossip would tell the others, but in its own time. A meeting that came to nothing is repeated. */
  async #introduce({ node, id }: ClusterMember, deadlineUs: number): Promise<void> {
    const { clock } = this.world;
    let metUs = -Infinity;
    for (;;) {
      const own = stateOf(node);
      const strangers = this.#members.filter(
        (other) =>
          other.node !== node &&
          living([other.node]).length > 0 &&
          !(knows(own, other.id) && knows(stateOf(other.node), id)),
      );
      if (strangers.length === 0 || own === null) return;
      if (clock.monotonicUs() >= deadlineUs) {
        throw new ResplicaError('ERR_NOT_STABLE', `${node.name} and ${strangers[0]!.node.name} have not met.`);
      }
      if (clock.monotonicUs() - metUs > MEET_AGAIN_MS * 1000) {
        metUs = clock.monotonicUs();
        for (const { plan } of strangers) {
          const { ip, port, busPort } = plan.address;
          await this.ask(node, 'CLUSTER', 'MEET', ip, String(port), String(busPort));
        }
      }
      await this.pass(LOOK_PERIOD_MS);
    }
  }

  /**
   * Takes a node out of the cluster: the slots of a master go to the other masters and its replicas to one of them, then
   * all forget it and it is stopped. @throws ResplicaError
   */
  async removeNode(reference: NodeReference, options: StableOptions = {}): Promise<void> {
    const member = this.#member(reference);
    const { node } = member;
    if (node.alive) await this.#empty(member);
    else if (living(this.nodes).some((other) => (stateOf(other)?.find(member.id)?.slotCount ?? 0) > 0)) {
      throw new ResplicaError(
        'ERR_BAD_ARGUMENT',
        `${node.name} is down and has slots: restart it, or replace it first.`,
      );
    }
    this.#removed.add(member.id);
    this.#members.splice(this.#members.indexOf(member), 1);
    await this.removeFromNodes(node);
    for (const other of living(this.nodes)) {
      if (stateOf(other)?.find(member.id) !== null) await this.ask(other, 'CLUSTER', 'FORGET', member.id);
    }
    await this.stable(options);
  }

  async #empty(member: ClusterMember): Promise<void> {
    const { node } = member;
    const heirs = living(this.masters)
      .filter((other) => other !== node)
      .toSorted((a, b) => this.replicasOf(a).length - this.replicasOf(b).length);
    const slots = slotsIn(this.slotsOf(node));
    if (heirs.length === 0) {
      throw new ResplicaError('ERR_BAD_ARGUMENT', `${node.name} is the last master: close() ends the cluster.`);
    }
    const orphans = node.role === 'master' ? this.replicasOf(node) : [];
    for (const [index, [first, last]] of divideSlots(heirs.length).entries()) {
      const share = slots.slice(
        Math.floor((first * slots.length) / SLOTS),
        Math.floor(((last + 1) * slots.length) / SLOTS),
      );
      const target = this.#member(heirs[index]!);
      for (const slot of share) {
        await moveSlot(slot, this.#move(member, target));
        await this.pass(0);
      }
    }
    for (const [index, orphan] of orphans.entries()) {
      await this.ask(orphan, 'CLUSTER', 'REPLICATE', this.idOf(heirs[index % heirs.length]!));
    }
  }

  // -------------------------------------------------------------------------------------------------------------- state

  #deadlineUs({ timeoutMs = this.#patienceMs }: StableOptions): number {
    return this.world.clock.monotonicUs() + timeoutMs * 1000;
  }

  get #patienceMs(): number {
    return Math.max(STABLE_TIMEOUT_MS, STABLE_NODE_TIMEOUTS * nodeTimeoutOf(this.#options));
  }

  /** Resolves when all living nodes agree and serve all slots. @throws ResplicaError ERR_NOT_STABLE, with who does not. */
  override async stable(options: StableOptions = {}): Promise<void> {
    await super.stable({ timeoutMs: options.timeoutMs ?? this.#patienceMs });
  }

  protected override disagreement(goals: StreamGoals): Promise<string | null> {
    return disagreementOfCluster(this.#members, this.#removed, goals, (node, ...args) => this.ask(node, ...args));
  }
}

/** @returns whether it has data and has told everybody. */
function introduce(replica: NodeHandle, byId: (id: string) => NodeHandle | null): boolean {
  const machine = machineOf(replica);
  const { phase, appliedOffset } = replicationOf(replica)!.master;
  const { nodes, myself } = machine!.state;
  const isLinked = [...nodes.values()].every((node) => node.isMyself || node.link?.isConnected === true);
  if (phase !== 'connected' || !isLinked) return false;
  if ((appliedOffset ?? 0) > 0) {
    machine!.broadcastPong();
    return true;
  }
  const master = byId(myself.master?.name ?? '')?.server;
  const replication = master?.hooks.replication as Replication | undefined;
  if (replication?.offset === 0) master!.enter(() => replication.feed.ping());
  return false;
}

function knows(state: ClusterState | null, id: string): boolean {
  return state?.find(id)?.has(NODE.handshake) === false;
}

function replicationOf(node: NodeHandle): Replication | null {
  return (node.server?.hooks.replication ?? null) as Replication | null;
}

function offsetOf(node: NodeHandle): number {
  return replicationOf(node)?.master.appliedOffset ?? 0;
}

/** Starts masters and their replicas, and resolves when the cluster serves and all nodes agree. @throws ResplicaError */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  return Cluster.start(options);
}
