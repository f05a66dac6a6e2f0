/**
 * Moves some slots without keys from one master to another one, as redis-cli does: not before all nodes are of one mind, and
 * the new owner first, so that whatever befalls the old one in between, nobody is left who owns them. Where nodes have not
 * yet heard of each other's epochs, a slot that is moved twice can end up with nobody: by the rules of the cluster.
 */
import { type ClusterState, SLOTS } from '../../cluster/state.ts';
import type { ClusterTopology } from '../topologies/cluster-topology.ts';

/** @returns whether all of it could be done. */
export function reshard(set: ClusterTopology, from: string, to: string, count: number): boolean {
  const [source, target] = [set.state(from), set.state(to)];
  if (source === null || target === null || from === to) return false;
  if (source.myself.slotCount <= count || !target.myself.isMaster) return false;
  if (!areOfOneMind(set, source, target)) return false;
  const [sourceId, targetId] = [source.myself.name, target.myself.name];
  const database = set.server(from)!.keyspace.databases[0]!;
  for (let slot = 0, moved = 0; slot < SLOTS && moved < count; slot++) {
    if (source.owners[slot] !== source.myself || database.slots!.count(slot) > 0) continue;
    if (target.owners[slot]?.name !== sourceId) continue;
    const steps = [
      [to, 'IMPORTING', sourceId],
      [from, 'MIGRATING', targetId],
      [to, 'NODE', targetId],
      [from, 'NODE', targetId],
    ] as const;
    set.slotsMovedByHand.add(slot);
    for (const [name, word, id] of steps) {
      if (set.call(name, 'CLUSTER', 'SETSLOT', slot, word, id) !== 'OK') return false;
    }
    moved++;
  }
  return true;
}

/** Whether all living nodes know what these two have, and how new that is. */
function areOfOneMind(set: ClusterTopology, ...masters: readonly ClusterState[]): boolean {
  return set.names.every((name) => {
    const state = set.state(name);
    if (state === null) return true;
    return masters.every(({ myself, currentEpoch }) => {
      const seen = state.find(myself.name);
      if (seen === null || seen.configEpoch !== myself.configEpoch || state.currentEpoch !== currentEpoch) return false;
      return Buffer.compare(seen.slots, myself.slots) === 0;
    });
  });
}
