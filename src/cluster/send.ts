/** Who gets a frame. Frames of our own go out on the links that we opened; a node without one gets nothing. */
import type { Core } from './core.ts';
import { type ClusterNode, NODE, type NodeLink } from './state.ts';
import { publishFrame } from './bus/write-frame.ts';

export function send(core: Core, link: NodeLink | null, frame: Buffer): void {
  if (link !== null) core.outbox.add(link, frame, core.state.messages);
}

/** To all nodes that are known for good. */
export function broadcast(core: Core, frame: Buffer): void {
  for (const node of core.state.nodes.values())
    if (!node.has(NODE.myself | NODE.handshake)) send(core, node.link, frame);
}

/** Tells the nodes that may have subscribers of a message: all of them, or those of this shard. */
export function propagateMessage(core: Core, channel: Uint8Array, message: Uint8Array, isSharded: boolean): void {
  const { state } = core;
  const receivers: ClusterNode[] = [];
  if (!isSharded) receivers.push(...state.nodes.values());
  else {
    const master = state.myself.shardMaster;
    if (master !== null) receivers.push(master, ...master.replicas);
  }
  let frame: Buffer | null = null;
  for (const node of receivers) {
    if (node.has(NODE.myself | NODE.handshake) || node.link === null) continue;
    frame ??= publishFrame(core, channel, message, isSharded);
    send(core, node.link, frame);
  }
}
