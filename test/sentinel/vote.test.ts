import { describe, expect, it } from 'vitest';
import { findLeader, neededVotes, voteLeader } from '../../src/sentinel/vote.ts';
import { FakeMachine, MY_ID, OTHER_ID, THIRD_ID } from './fake-machine.ts';

describe('voteLeader', () => {
  it('gives the vote of an epoch to who asks first, and saves it', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    expect(voteLeader(machine, master, 5n, OTHER_ID)).toEqual({ leader: OTHER_ID, epoch: 5n });
    expect(machine.saves).toBeGreaterThan(0);
    expect(machine.events()).toEqual(['+new-epoch 5', `+vote-for-leader ${OTHER_ID} 5`]);
    expect(voteLeader(machine, master, 5n, THIRD_ID)).toEqual({ leader: OTHER_ID, epoch: 5n });
    expect(machine.events()).toEqual([]);
  });

  it('has none for an epoch that is over', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    machine.state.currentEpoch = 7n;
    expect(voteLeader(machine, master, 6n, OTHER_ID)).toEqual({ leader: null, epoch: 0n });
    expect(machine.saves).toBe(0);
  });

  it('does not know after a restart whom it voted for, but that it voted', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    machine.state.currentEpoch = 3n;
    master.leaderEpoch = 3n;
    expect(voteLeader(machine, master, 3n, OTHER_ID)).toEqual({ leader: null, epoch: 3n });
  });

  it('holds its own failover back after a vote for somebody else', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    voteLeader(machine, master, 1n, MY_ID);
    expect(master.failoverStartTime).toBe(0);
    voteLeader(machine, master, 2n, OTHER_ID);
    expect(master.failoverStartTime).toBeGreaterThanOrEqual(machine.nowMs);
    expect(master.failoverStartTime).toBeLessThan(machine.nowMs + 1000);
  });
});

describe('findLeader', () => {
  it('needs more than half of all sentinels that are known, and the quorum', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    const [first, second] = [machine.sentinel(master, 1, OTHER_ID), machine.sentinel(master, 2, THIRD_ID)];
    expect(neededVotes(master)).toBe(2);
    expect(findLeader(machine, master, 1n)).toBeNull();
    Object.assign(first, { leader: MY_ID, leaderEpoch: 1n });
    expect(findLeader(machine, master, 1n)).toBe(MY_ID);
    master.quorum = 3;
    expect(findLeader(machine, master, 1n)).toBeNull();
    Object.assign(second, { leader: MY_ID, leaderEpoch: 1n });
    expect(findLeader(machine, master, 1n)).toBe(MY_ID);
  });

  it('counts no votes of other epochs, earlier or later', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    const peer = machine.sentinel(master, 1, OTHER_ID);
    machine.sentinel(master, 2, THIRD_ID);
    for (const leaderEpoch of [3n, 5n]) {
      Object.assign(peer, { leader: MY_ID, leaderEpoch });
      expect(findLeader(machine, master, 4n)).toBeNull();
    }
  });

  it('follows the majority if it has not voted yet', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    const peer = machine.sentinel(master, 1, OTHER_ID);
    machine.sentinel(master, 2, THIRD_ID);
    Object.assign(peer, { leader: THIRD_ID, leaderEpoch: 1n });
    expect(findLeader(machine, master, 1n)).toBe(THIRD_ID);
    expect(master.leader).toBe(THIRD_ID);
  });
});
