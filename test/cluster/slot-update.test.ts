import { describe, expect, it } from 'vitest';
import { updateSlotsOf } from '../../src/cluster/slot-update.ts';
import { NODE, SLOT_BITMAP_BYTES } from '../../src/cluster/state.ts';
import { Stage } from './stage.ts';

function bitmap(first: number, last: number): Uint8Array {
  const bytes = new Uint8Array(SLOT_BITMAP_BYTES);
  for (let slot = first; slot <= last; slot++) bytes[slot >> 3]! |= 1 << (slot & 7);
  return bytes;
}

describe('slots that a master claims', () => {
  it('are its own if nobody has them, or with an older epoch', () => {
    const stage = new Stage();
    const [old, claimant] = [stage.add('b'), stage.add('c')];
    old.configEpoch = 3;
    stage.assign(old, 0, 9);
    updateSlotsOf(stage, claimant, 3, bitmap(5, 14));
    expect([old.slotCount, claimant.slotCount]).toEqual([10, 5]);
    updateSlotsOf(stage, claimant, 4, bitmap(5, 14));
    expect([old.slotCount, claimant.slotCount]).toEqual([5, 10]);
  });

  it('and no longer claims stay with it until somebody wants them, of whatever epoch', () => {
    const stage = new Stage();
    const [old, claimant] = [stage.add('b'), stage.add('c')];
    old.configEpoch = 9;
    stage.assign(old, 0, 9);
    updateSlotsOf(stage, old, 9, bitmap(0, 4));
    expect([old.slotCount, stage.state.isUnclaimed(5), stage.state.isUnclaimed(4)]).toEqual([10, true, false]);
    updateSlotsOf(stage, claimant, 1, bitmap(4, 7));
    expect([4, 5, 7, 8].map((slot) => stage.state.owners[slot])).toEqual([old, claimant, claimant, old]);
    expect(stage.state.isUnclaimed(5)).toBe(false);
  });

  it('are left alone while this node imports them', () => {
    const stage = new Stage();
    const [old, claimant] = [stage.add('b'), stage.add('c')];
    stage.assign(old, 7, 7);
    stage.state.importingFrom.set(7, old);
    updateSlotsOf(stage, claimant, 4, bitmap(7, 7));
    expect(stage.state.owners[7]).toBe(old);
  });

  it('and that were mine lose their keys here, if others remain mine', () => {
    const stage = new Stage();
    const claimant = stage.add('b');
    stage.assign(stage.state.myself, 0, 9);
    stage.services.keys.set(3, 5).set(9, 1);
    updateSlotsOf(stage, claimant, 1, bitmap(0, 3));
    expect(stage.services.asked).toEqual(['delete 3']);
    expect(stage.state.myself.slotCount).toBe(6);
  });

  it('and that were all of mine make me its replica', () => {
    const stage = new Stage();
    const { myself } = stage.state;
    const claimant = stage.add('b');
    stage.assign(myself, 0, 9);
    stage.state.migratingTo.set(3, claimant);
    updateSlotsOf(stage, claimant, 1, bitmap(0, 9));
    expect(myself.flags).toBe(NODE.myself | NODE.replica);
    expect(myself.master).toBe(claimant);
    expect(claimant.replicas).toEqual([myself]);
    expect(stage.state.hasOpenSlots).toBe(false);
    expect(stage.services.asked).toEqual(['follow 127.0.0.2:7001']);
  });

  it('do not make me its replica where replicas stay, unless it has no other ones', () => {
    const stage = new Stage();
    stage.settings.allowReplicaMigration = false;
    const [claimant, other] = [stage.add('b'), stage.add('c')];
    stage.assign(stage.state.myself, 0, 9);
    stage.assign(other, 10, 19);
    updateSlotsOf(stage, claimant, 1, bitmap(0, 19));
    expect(stage.state.myself.isMaster).toBe(true);
    const second = new Stage();
    second.settings.allowReplicaMigration = false;
    const successor = second.add('b');
    second.assign(second.state.myself, 0, 9);
    updateSlotsOf(second, successor, 1, bitmap(0, 9));
    expect(second.state.myself.master).toBe(successor);
  });

  it('take the replicas of their old owner along', () => {
    const stage = new Stage();
    const { myself } = stage.state;
    const [old, claimant] = [stage.add('b'), stage.add('c')];
    stage.assign(old, 0, 9);
    myself.flags = NODE.myself | NODE.replica;
    stage.state.setMaster(myself, old);
    updateSlotsOf(stage, claimant, 1, bitmap(0, 9));
    expect(myself.master).toBe(claimant);
    expect(old.has(NODE.migrateTo)).toBe(false);
  });

  it('are discarded if they are said to be mine by somebody else', () => {
    const stage = new Stage();
    updateSlotsOf(stage, stage.state.myself, 9, bitmap(0, 9));
    expect(stage.lines).toEqual(['Discarding UPDATE message about myself.']);
    expect(stage.state.myself.slotCount).toBe(0);
  });
});
