/**
 * After the dataset was loaded: are the keys where the cluster says that they are? Keys of a slot that nobody has make it
 * ours. Keys of somebody else's slot make it one that we import, so that whoever repairs the cluster finds them.
 */
import type { Keyspace } from '../data/keyspace.ts';
import type { Core } from './core.ts';
import { SLOTS, DUE } from './state.ts';

/** @returns null, or why a cluster node cannot serve this dataset. */
export function verifyWithData(core: Core, { databases }: Keyspace): string | null {
  const { state, services, log } = core;
  if (state.myself.isReplica) return null;
  if (databases.some(({ index, size }) => index > 0 && size > 0)) {
    return "You can't have keys in a DB different than DB 0 when in Cluster mode. Exiting.";
  }
  for (let slot = 0; slot < SLOTS; slot++) {
    const owner = state.owners[slot]!;
    if (owner === state.myself || state.importingFrom.has(slot) || services.countKeysInSlot(slot) === 0) continue;
    if (owner === null) {
      log.warning(`I have keys for unassigned slot ${slot}. Taking responsibility for it.`);
      state.assign(slot, state.myself);
    } else {
      log.warning(
        `I have keys for slot ${slot}, but the slot is assigned to another node. Setting it to importing state.`,
      );
      state.importingFrom.set(slot, owner);
    }
    state.doBeforeSleep(DUE.save | DUE.sync);
  }
  return null;
}
