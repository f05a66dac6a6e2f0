/**
 * PING, PONG and MEET. Each carries gossip about some other nodes: a tenth of them, three at least, drawn at random; and in
 * addition all those that cannot be reached, so that the news of a failure spreads soon. Over two node timeouts that is
 * enough for a majority to hear of each other's troubles.
 */
import { FRAME } from './bus/layout.ts';
import { heartbeatFrame } from './bus/write-frame.ts';
import type { Core } from './core.ts';
import { send } from './send.ts';
import { type ClusterNode, NODE, type NodeLink } from './state.ts';

const GOSSIP_MIN = 3;
const GOSSIP_SHARE = 10;

/** @param type one of FRAME.ping, pong and meet. */
export function sendHeartbeat(core: Core, link: NodeLink, type: number): void {
  if (link.direction === 'to' && type === FRAME.ping) link.node!.pingSentMs = core.nowMs;
  send(core, link, heartbeatFrame(core, type, chooseGossip(core)));
}

function chooseGossip(core: Core): ClusterNode[] {
  const { state, random } = core;
  const all = [...state.nodes.values()];
  const chosen: ClusterNode[] = [];
  let fresh = all.length - 2;
  const wanted = Math.min(Math.max(GOSSIP_MIN, Math.floor(all.length / GOSSIP_SHARE)), fresh);
  for (let tries = wanted * 3; tries > 0 && fresh > 0 && chosen.length < wanted; tries--) {
    const node = all[random.below(all.length)]!;
    if (node.isMyself || node.has(NODE.pfail)) continue;
    if (node.has(NODE.handshake | NODE.noAddress) || (node.link === null && node.slotCount === 0)) {
      fresh--;
      continue;
    }
    if (chosen.includes(node)) continue;
    chosen.push(node);
    fresh--;
  }
  let unreachable = state.pfailCount;
  for (let i = 0; i < all.length && unreachable > 0; i++) {
    const node = all[i]!;
    if (!node.has(NODE.pfail) || node.has(NODE.handshake | NODE.noAddress)) continue;
    chosen.push(node);
    unreachable--;
  }
  return chosen;
}

/** Tells everybody, or just the replicas of this shard, what has changed about us. */
export function broadcastPong(core: Core, to: 'all' | 'replicas of the shard'): void {
  const { myself, nodes } = core.state;
  for (const node of nodes.values()) {
    if (node.link === null || node.has(NODE.myself | NODE.handshake)) continue;
    const isOfShard =
      node.isReplica && node.master !== null && (node.master === myself || node.master === myself.master);
    if (to === 'all' || isOfShard) sendHeartbeat(core, node.link, FRAME.pong);
  }
}
