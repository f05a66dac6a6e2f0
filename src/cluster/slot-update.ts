/**
 * What a master claims against what we have noted: the newer configuration wins, slot by slot.
 *
 * When all slots of our shard go to another master, we go with them: a master that was replaced while it was away comes
 * back as the replica of its successor, and the replicas of a failed master follow the one that was elected.
 */
import type { Core } from './core.ts';
import { followNode } from './roles.ts';
import { type ClusterNode, DUE, SLOT_BITMAP_BYTES } from './state.ts';

/** Of each byte, how many are set. */
const BITS = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);

interface Changes {
  /** Slots that `owner` claims. */
  claimed: number;
  /** Slots that were ours, or our master's. */
  lost: number;
  /** Slots that were mine, with keys in them. */
  readonly dirty: number[];
}

/** @param slots the bitmap that `owner` claims with `epoch`. */
export function updateSlotsOf(core: Core, owner: ClusterNode, epoch: number, slots: Uint8Array): void {
  const { state, settings, log } = core;
  const { myself } = state;
  if (owner === myself) {
    log.warning('Discarding UPDATE message about myself.');
    return;
  }
  const shardMaster = myself.shardMaster;
  const changes = applyClaims(core, owner, epoch, slots);
  const isReplaced = changes.lost > 0 && shardMaster !== null && shardMaster.slotCount === 0;
  if (isReplaced && (settings.allowReplicaMigration || changes.claimed === changes.lost)) {
    log.warning(`Configuration change detected. Reconfiguring myself as a replica of ${owner.name}`);
    followNode(core, owner);
    state.doBeforeSleep(DUE.save | DUE.updateState | DUE.sync);
  } else if (!leaveReplica(core)) {
    for (const slot of changes.dirty) core.services.deleteKeysInSlot(slot);
  }
}

/** Nobody follows a replica: whoever does goes on to its master. @returns whether we did. */
export function leaveReplica(core: Core): boolean {
  const { state, log } = core;
  const grandMaster = state.myself.master?.master ?? null;
  if (grandMaster === null || grandMaster.isMyself) return false;
  log.warning(`I'm a sub-replica! Reconfiguring myself as a replica of grandmaster ${grandMaster.name}`);
  followNode(core, grandMaster);
  state.doBeforeSleep(DUE.save | DUE.updateState | DUE.sync);
  return true;
}

function applyClaims(core: Core, owner: ClusterNode, epoch: number, slots: Uint8Array): Changes {
  const { ownerNotClaiming } = core.state;
  const changes: Changes = { claimed: 0, lost: 0, dirty: [] };
  for (let at = 0; at < SLOT_BITMAP_BYTES; at++) {
    const byte = slots[at]!;
    if (byte === owner.slots[at] && (byte === 0 || ownerNotClaiming[at] === 0)) changes.claimed += BITS[byte]!;
    else
      for (let bit = 0; bit < 8; bit++)
        applyClaim(core, owner, epoch, at * 8 + bit, (byte & (1 << bit)) !== 0, changes);
  }
  return changes;
}

function applyClaim(
  { state, services }: Core,
  owner: ClusterNode,
  epoch: number,
  slot: number,
  isClaimed: boolean,
  changes: Changes,
): void {
  const { myself } = state;
  const before = state.owners[slot]!;
  if (!isClaimed) {
    // It stays with whom it was until somebody else wants it: better a redirection too many than no answer.
    if (before === owner) state.noteUnclaimed(slot);
    return;
  }
  changes.claimed++;
  if (before === owner) {
    state.noteClaimed(slot);
    return;
  }
  // Whoever moves slots here says when that is over.
  if (state.importingFrom.has(slot)) return;
  if (before !== null && !state.isUnclaimed(slot) && before.configEpoch >= epoch) return;
  if (before === myself && services.countKeysInSlot(slot) > 0) changes.dirty.push(slot);
  if (before !== null && before === myself.shardMaster) changes.lost++;
  state.unassign(slot);
  state.assign(slot, owner);
  state.doBeforeSleep(DUE.save | DUE.updateState | DUE.sync);
}
