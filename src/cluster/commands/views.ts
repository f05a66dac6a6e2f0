/** The subcommands of CLUSTER that tell what this node knows of the cluster. */
import { fail } from '../../core/errors.ts';
import type { Call } from '../../server/call.ts';
import { endpointOf } from '../endpoint.ts';
import { nodeLine, nodesText, ownedRanges } from '../nodes-conf.ts';
import { type ClusterNode, type ClusterState, FRAME_NAMES, NODE, type NodeLink } from '../state.ts';
import { clusterOf, nodeAt } from './cluster-of.ts';

export function replyMyId(c: Call): void {
  c.reply.bulkBinary(clusterOf(c).state.myself.name);
}

export function replyNodes(c: Call): void {
  c.reply.verbatim(nodesText(clusterOf(c).state));
}

export function replyReplicas(c: Call): void {
  const { state } = clusterOf(c);
  const master = nodeAt(c, 2);
  if (master.isReplica) fail('ERR The specified node is not a master');
  c.reply.bulkArray(master.replicas.map((replica) => nodeLine(state, replica)));
}

export function replyFailureReports(c: Call): void {
  const node = nodeAt(c, 2);
  c.reply.integer(clusterOf(c).failureReports(node));
}

// ---------------------------------------------------------------------------------------------------------------- INFO

export function replyInfo(c: Call): void {
  c.reply.verbatim(infoText(clusterOf(c).state));
}

export function infoText(state: ClusterState): string {
  const { messages } = state;
  const lines = [
    `cluster_state:${state.isOk ? 'ok' : 'fail'}`,
    ...slotLines(state),
    `cluster_known_nodes:${state.nodes.size}`,
    `cluster_size:${state.size}`,
    `cluster_current_epoch:${state.currentEpoch}`,
    `cluster_my_epoch:${state.myEpoch}`,
    ...messageLines(messages.sent, 'sent'),
    ...messageLines(messages.received, 'received'),
    `total_cluster_links_buffer_limit_exceeded:${messages.linksBufferLimitExceeded}`,
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

function slotLines({ owners }: ClusterState): string[] {
  let [assigned, failing, suspected] = [0, 0, 0];
  for (const owner of owners) {
    if (owner === null) continue;
    assigned++;
    if (owner.has(NODE.fail)) failing++;
    else if (owner.has(NODE.pfail)) suspected++;
  }
  return [
    `cluster_slots_assigned:${assigned}`,
    `cluster_slots_ok:${assigned - failing - suspected}`,
    `cluster_slots_pfail:${suspected}`,
    `cluster_slots_fail:${failing}`,
  ];
}

function messageLines(counts: readonly number[], word: string): string[] {
  const lines: string[] = [];
  let total = 0;
  for (const [type, count] of counts.entries()) {
    total += count;
    if (count > 0) lines.push(`cluster_stats_messages_${FRAME_NAMES[type]}_${word}:${count}`);
  }
  return [...lines, `cluster_stats_messages_${word}:${total}`];
}

// --------------------------------------------------------------------------------------------------- SLOTS and SHARDS

/** Of the node's own stream as it is now, of others as heard last. */
function offsetOf(c: Call, node: ClusterNode): number {
  return node.isMyself ? (c.server.hooks.replication?.offset ?? 0) : node.replicationOffset;
}

export function replySlots(c: Call): void {
  const { state } = clusterOf(c);
  const { reply } = c;
  const ranges = [...ownedRanges(state)];
  reply.array(ranges.length);
  for (const [owner, [first, last]] of ranges) {
    // One that has no data yet, or is gone, cannot serve reads.
    const replicas = owner.replicas.filter((node) => !node.isFailing && offsetOf(c, node) !== 0);
    reply.array(3 + replicas.length);
    reply.integer(first);
    reply.integer(last);
    replyEndpoint(c, owner);
    for (const replica of replicas) replyEndpoint(c, replica);
  }
}

/** Where a node is reached, and what else is known of its place in the network. */
function replyEndpoint(c: Call, node: ClusterNode): void {
  const { reply } = c;
  const type = c.server.config.values['cluster-preferred-endpoint-type'];
  reply.array(4);
  if (type === 'unknown-endpoint') reply.nil();
  else reply.bulkBinary(endpointOf(node, type));
  reply.integer(node.port);
  reply.bulkBinary(node.name);
  const others: [string, string][] = [];
  if (type !== 'ip') others.push(['ip', node.ip]);
  if (type !== 'hostname' && node.hostname !== '') others.push(['hostname', node.hostname]);
  reply.map(others.length);
  for (const [name, value] of others) {
    reply.bulkBinary(name);
    reply.bulkBinary(value);
  }
}

export function replyShards(c: Call): void {
  const { state } = clusterOf(c);
  const { reply } = c;
  const masters = [...state.nodes.values()].filter((node) => node.isMaster);
  reply.array(masters.length);
  for (const master of masters) {
    reply.map(2);
    reply.bulkBinary('slots');
    const bounds = master.ranges.flat();
    reply.array(bounds.length);
    for (const slot of bounds) reply.integer(slot);
    reply.bulkBinary('nodes');
    reply.array(1 + master.replicas.length);
    for (const node of [master, ...master.replicas]) replyShardNode(c, node);
  }
}

function replyShardNode(c: Call, node: ClusterNode): void {
  const offset = offsetOf(c, node);
  const fields: [string, string | number][] = [['id', node.name]];
  if (node.port !== 0) fields.push(['port', node.port]);
  fields.push(['ip', node.ip]);
  fields.push(['endpoint', endpointOf(node, c.server.config.values['cluster-preferred-endpoint-type'])]);
  if (node.hostname !== '') fields.push(['hostname', node.hostname]);
  fields.push(['role', node.isReplica ? 'replica' : 'master']);
  fields.push(['replication-offset', offset]);
  fields.push(['health', node.isFailing ? 'fail' : node.isReplica && offset === 0 ? 'loading' : 'online']);
  replyFields(c, fields);
}

function replyFields({ reply }: Call, fields: readonly (readonly [string, string | number])[]): void {
  reply.map(fields.length);
  for (const [name, value] of fields) {
    reply.bulkBinary(name);
    if (typeof value === 'number') reply.integer(value);
    else reply.bulkBinary(value);
  }
}

// --------------------------------------------------------------------------------------------------------------- LINKS

export function replyLinks(c: Call): void {
  const { state } = clusterOf(c);
  const links = [...state.nodes.values()].flatMap((node) =>
    [node.link, node.inboundLink].flatMap((link) => (link === null ? [] : [[node, link] as const])),
  );
  c.reply.array(links.length);
  for (const [node, link] of links) replyLink(c, node, link);
}

function replyLink(c: Call, node: ClusterNode, link: NodeLink): void {
  replyFields(c, [
    ['direction', link.direction],
    ['node', node.name],
    ['create-time', link.createdMs],
    ['events', link.queuedBytes > 0 ? 'rw' : 'r'],
    ['send-buffer-allocated', link.queuedBytes],
    ['send-buffer-used', link.queuedBytes],
  ]);
}
