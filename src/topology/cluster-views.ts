/** What the nodes of a cluster know, and the first thing in which they do not agree. */
import type { Cluster as ClusterMachine } from '../cluster/cluster.ts';
import { type ClusterNode, type ClusterState, NODE, SLOTS } from '../cluster/state.ts';
import type { NodeHandle } from './node-handle.ts';
import { type Ask, disagreementOfServers, living, type StreamGoals } from './views.ts';

/** A node and what it is known by. */
export interface Member {
  readonly node: NodeHandle;
  readonly id: string;
}

/** What a living node knows of the cluster; null if it is down. */
export function stateOf(node: NodeHandle): ClusterState | null {
  return machineOf(node)?.state ?? null;
}

export function machineOf(node: NodeHandle): ClusterMachine | null {
  return (node.server?.hooks.cluster ?? null) as ClusterMachine | null;
}

/**
 * The node that owns a slot: the one that most living nodes name.
 * @returns its id, or null if nobody knows of an owner.
 */
export function ownerOf(slot: number, nodes: readonly NodeHandle[]): string | null {
  const votes = new Map<string, number>();
  for (const node of living(nodes)) {
    const owner = stateOf(node)?.owners[slot]?.name;
    if (owner !== undefined) votes.set(owner, (votes.get(owner) ?? 0) + 1);
  }
  const [first] = [...votes].sort((a, b) => b[1] - a[1]);
  return first?.[0] ?? null;
}

/** Whether all living nodes know that a node owns these slots, and have not heard since that it does not claim them. */
export function isKnownAsOwner(id: string, slots: readonly number[], nodes: readonly NodeHandle[]): boolean {
  return living(nodes).every((node) => {
    const state = stateOf(node);
    return state === null || slots.every((slot) => state.owners[slot]?.name === id && !state.isUnclaimed(slot));
  });
}

/**
 * All living nodes say that all is well, know each other and nobody else who was removed, agree on roles, epochs and slots,
 * hold everybody for failed who is down, and replicas are in step with their masters.
 */
export async function disagreementOfCluster(
  members: readonly Member[],
  removed: ReadonlySet<string>,
  goals: StreamGoals,
  ask: Ask,
): Promise<string | null> {
  const alive = members.filter(({ node }) => living([node]).length > 0);
  if (alive.length === 0) return 'no node is alive';
  for (const viewer of alive) {
    const reason = disagreementOfNode(viewer, members, removed);
    if (reason !== null) return `${viewer.node.name} ${reason}`;
  }
  return disagreementOfShards(alive, goals, ask);
}

function disagreementOfNode(viewer: Member, members: readonly Member[], removed: ReadonlySet<string>): string | null {
  const state = stateOf(viewer.node)!;
  const { migratingTo, importingFrom } = state;
  for (const [slot, target] of migratingTo) return `is moving slot ${slot} to ${nameIn(members, target.name)}`;
  for (const [slot, source] of importingFrom) return `is importing slot ${slot} from ${nameIn(members, source.name)}`;
  for (const other of members) {
    const reason = other === viewer ? null : disagreementAbout(state, other, members);
    if (reason !== null) return reason;
  }
  for (const node of state.nodes.values()) {
    if (node.has(NODE.handshake)) return `is in a handshake with ${node.ip}:${node.port}`;
    if (removed.has(node.name)) return `still knows ${node.name}, which was removed`;
  }
  return state.isOk ? null : `says that the cluster is down${whyDown(state, members)}`;
}

function whyDown({ owners }: ClusterState, members: readonly Member[]): string {
  for (let slot = 0; slot < SLOTS; slot++) {
    const owner = owners[slot]!;
    if (owner === null) return `: nobody has slot ${slot}`;
    if (owner.isFailing) return `: ${nameIn(members, owner.name)}, which has slot ${slot}, has failed`;
  }
  return '';
}

function disagreementAbout(state: ClusterState, other: Member, members: readonly Member[]): string | null {
  const { name } = other.node;
  const view = state.find(other.id);
  if (view === null) return `does not know ${name}`;
  if (living([other.node]).length === 0) {
    if (!view.isFailing) return `does not hold ${name} for failed, which is down`;
    return view.slotCount === 0 ? null : `has slots of ${name}, which is down`;
  }
  if (view.isFailing) return `holds ${name} for failed`;
  if (view.has(NODE.pfail)) return `cannot reach ${name}`;
  if (view.link?.isConnected !== true) return `has no link to ${name}`;
  const own = stateOf(other.node)!.myself;
  return disagreementOfRoles(name, view, own, members) ?? disagreementOfSlots(name, view, own);
}

/** @param own what the node says of itself. */
function disagreementOfRoles(
  name: string,
  view: ClusterNode,
  own: ClusterNode,
  members: readonly Member[],
): string | null {
  if (view.isMaster !== own.isMaster) {
    return `says that ${name} is a ${roleOf(view)}, which says that it is a ${roleOf(own)}`;
  }
  const [seen, followed] = [view.master?.name ?? '', own.master?.name ?? ''];
  if (seen !== followed) {
    return `says that ${name} follows ${nameIn(members, seen)}, which says that it follows ${nameIn(members, followed)}`;
  }
  if (own.isMaster && view.configEpoch !== own.configEpoch) {
    return `knows ${name} with config epoch ${view.configEpoch}, which is at ${own.configEpoch}`;
  }
  // Clients are not told of a replica that seems to have no data.
  if (own.isReplica && view.replicationOffset === 0) return `has not heard yet that ${name} has its data`;
  return null;
}

function disagreementOfSlots(name: string, view: ClusterNode, own: ClusterNode): string | null {
  if (Buffer.compare(view.slots, own.slots) === 0) return null;
  for (let slot = 0; slot < SLOTS; slot++) {
    const has = own.holdsSlot(slot);
    if (view.holdsSlot(slot) !== has) {
      return `says that slot ${slot} is ${has ? 'not ' : ''}with ${name}, which says that it is${has ? '' : ' not'}`;
    }
  }
  return null;
}

function roleOf(node: ClusterNode): string {
  return node.isMaster ? 'master' : 'replica';
}

function nameIn(members: readonly Member[], id: string): string {
  return members.find((member) => member.id === id)?.node.name ?? (id === '' ? 'nobody' : id);
}

/** Each replica is in step with its master. */
async function disagreementOfShards(alive: readonly Member[], goals: StreamGoals, ask: Ask): Promise<string | null> {
  for (const { node, id } of alive) {
    const { myself } = stateOf(node)!;
    if (!myself.isMaster) continue;
    const replicas = alive.filter(({ node: other }) => stateOf(other)?.myself.master?.name === id);
    if (replicas.length === 0) continue;
    const servers = [node, ...replicas.map((replica) => replica.node)];
    const reason = await disagreementOfServers(servers, node, ask, goals, `${myself.ip}:${myself.port}`);
    if (reason !== null) return reason;
  }
  return null;
}
