/**
 * The tables that the nodes of a new cluster begin with: who they are, where, who follows whom, who owns which slots. As
 * `redis-cli --cluster create` would arrange it, but written to each node's file before its first start; the bus then
 * finds what it would have agreed on.
 */
import { configText } from '../cluster/nodes-conf.ts';
import { ClusterNode, ClusterState, NODE, SLOTS } from '../cluster/state.ts';
import type { AnnouncedAddress } from './cluster-options.ts';

export interface TableEntry {
  readonly id: string;
  readonly address: AnnouncedAddress;
  /** Index of the master of a replica, or null. */
  readonly master: number | null;
}

/** The slots of each of so many masters, as even as they can be: first and last. */
export function divideSlots(masters: number): [number, number][] {
  return Array.from({ length: masters }, (_, index) => [bound(index, masters), bound(index + 1, masters) - 1]);
}

function bound(index: number, masters: number): number {
  return Math.round((index * SLOTS) / masters);
}

/** The content of nodes.conf for each node. */
export function tablesOf(entries: readonly TableEntry[]): string[] {
  const nodes = entries.map(({ id, master }) => new ClusterNode(id, master === null ? NODE.master : NODE.replica, 0));
  const state = new ClusterState(nodes[0]!);
  const masters = nodes.filter((node) => node.isMaster);
  for (const [index, node] of nodes.entries()) {
    const { address, master } = entries[index]!;
    Object.assign(node, address);
    state.add(node);
    if (master !== null) state.setMaster(node, nodes[master]!);
  }
  for (const [index, [first, last]] of divideSlots(masters.length).entries()) {
    const master = masters[index]!;
    master.configEpoch = index + 1;
    for (let slot = first; slot <= last; slot++) state.assign(slot, master);
  }
  state.currentEpoch = masters.length;
  return nodes.map((node) => {
    node.set(NODE.myself);
    const text = configText(state);
    node.clear(NODE.myself);
    return text;
  });
}
