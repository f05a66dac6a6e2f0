/** What a node says about others: who fails, who is well, who else there is. Only the gossip of known nodes is heard. */
import type { Frame, GossipEntry } from './bus/frame.ts';
import type { Core } from './core.ts';
import { addFailureReport, countFailureReports, markFailedIfAgreed, removeFailureReport } from './failure.ts';
import { isBanned, NODES_MAX } from './handshake.ts';
import { ClusterNode, NODE } from './state.ts';

/** A peer's clock may be that much ahead of ours. */
const CLOCK_TOLERANCE_MS = 500;
/** What gossip may say of a node that we do not know. */
const TRUSTED_FLAGS = NODE.master | NODE.replica | NODE.pfail | NODE.fail | NODE.migrateTo | NODE.noFailover;

/** @param sender null for a MEET from somebody who is not known yet. */
export function processGossip(core: Core, frame: Frame, sender: ClusterNode | null): void {
  for (let i = 0; i < frame.gossipCount; i++) {
    const entry = frame.gossip(i);
    const { id } = entry;
    if (id === '') continue;
    const node = core.state.find(id);
    if (node === null) addFromGossip(core, entry, sender);
    else {
      if (sender !== null && sender.isMaster && !node.isMyself) hearReport(core, node, entry, sender);
      hearOfLife(core, node, entry);
      hearOfAddress(node, entry);
    }
  }
}

function hearReport(core: Core, node: ClusterNode, entry: GossipEntry, sender: ClusterNode): void {
  const { log } = core;
  if ((entry.flags & (NODE.fail | NODE.pfail)) !== 0) {
    if (addFailureReport(core, node, sender)) {
      log.verbose(`Node ${sender.name} reported node ${node.name} as not reachable.`);
    }
    markFailedIfAgreed(core, node);
  } else if (removeFailureReport(core, node, sender)) {
    log.verbose(`Node ${sender.name} reported node ${node.name} is back online.`);
  }
}

/** If others have heard from it lately, we need not ask. */
function hearOfLife(core: Core, node: ClusterNode, { flags, pongReceivedMs }: GossipEntry): void {
  if ((flags & (NODE.fail | NODE.pfail)) !== 0 || node.pingSentMs !== 0) return;
  if (countFailureReports(core, node) > 0) return;
  if (pongReceivedMs > node.pongReceivedMs && pongReceivedMs <= core.nowMs + CLOCK_TOLERANCE_MS) {
    node.pongReceivedMs = pongReceivedMs;
  }
}

/** We cannot reach it, but somebody can, at another address. */
function hearOfAddress(node: ClusterNode, entry: GossipEntry): void {
  const isLost = node.has(NODE.fail | NODE.pfail);
  if (!isLost || node.isMyself || (entry.flags & (NODE.noAddress | NODE.fail | NODE.pfail)) !== 0) return;
  const isSame = node.ip.toLowerCase() === entry.ip.toLowerCase() && node.port === entry.port;
  if ((isSame && node.busPort === entry.busPort) || entry.ip === '' || entry.busPort === 0) return;
  node.link?.close();
  takeAddress(node, entry);
  node.clear(NODE.noAddress);
}

/**
 * A new node of the cluster. There is no handshake with it: at that address another cluster may be by now, and we want
 * nothing to do with one.
 */
function addFromGossip(core: Core, entry: GossipEntry, sender: ClusterNode | null): void {
  const { state, nowMs } = core;
  if (sender === null || (entry.flags & NODE.noAddress) !== 0 || isBanned(core, entry.id)) return;
  if (state.nodes.size >= NODES_MAX) return;
  const node = new ClusterNode(entry.id, entry.flags & TRUSTED_FLAGS, nowMs);
  takeAddress(node, entry);
  state.add(node);
}

function takeAddress(node: ClusterNode, entry: GossipEntry): void {
  node.ip = entry.ip;
  node.port = entry.port;
  node.busPort = entry.busPort;
  node.plaintextPort = entry.plaintextPort;
}
