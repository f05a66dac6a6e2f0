import { describe, expect, it } from 'vitest';
import { startFailover, startFailoverIfNeeded, stepFailover, switchToPromoted } from '../../src/sentinel/failover.ts';
import { FAILURE, FLAG, type Instance } from '../../src/sentinel/state.ts';
import { connectionOf, FakeMachine, MY_ID, OTHER_ID } from './fake-machine.ts';

const MASTER = 'master mymaster 10.0.0.1 6379';
const ONE = 'slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379';
const TWO = 'slave 10.0.0.3:6379 10.0.0.3 6379 @ mymaster 10.0.0.1 6379';

function setUp(): { machine: FakeMachine; master: Instance; one: Instance; two: Instance } {
  const machine = new FakeMachine();
  const master = machine.master();
  const [one, two] = [machine.replica(master, 2), machine.replica(master, 3)];
  master.flags |= FLAG.sDown | FLAG.oDown;
  master.sDownSinceTime = machine.nowMs;
  return { machine, master, one, two };
}

function voteForUs(machine: FakeMachine, master: Instance): void {
  const peer = machine.sentinel(master, 1, OTHER_ID);
  Object.assign(peer, { leader: MY_ID, leaderEpoch: machine.state.currentEpoch });
}

/** As far as the replica is chosen. */
function elect(machine: FakeMachine, master: Instance): void {
  startFailover(machine, master);
  voteForUs(machine, master);
  stepFailover(machine, master);
  stepFailover(machine, master);
  machine.events();
}

describe('startFailover', () => {
  it('saves the new epoch, of which hellos tell before anybody votes in it', () => {
    const { machine, master } = setUp();
    machine.saves = 0;
    startFailover(machine, master);
    expect(machine.saves).toBe(1);
  });
});

describe('startFailoverIfNeeded', () => {
  it('starts when the master is objectively down', () => {
    const { machine, master } = setUp();
    master.flags &= ~FLAG.oDown;
    expect(startFailoverIfNeeded(machine, master)).toBe(false);
    master.flags |= FLAG.oDown;
    expect(startFailoverIfNeeded(machine, master)).toBe(true);
    expect(machine.events()).toEqual(['+new-epoch 1', `+try-failover ${MASTER}`]);
    expect(startFailoverIfNeeded(machine, master)).toBe(false);
  });

  it('waits for twice the timeout after the last one, and says so once', () => {
    const { machine, master } = setUp();
    master.failoverStartTime = machine.nowMs;
    expect(startFailoverIfNeeded(machine, master)).toBe(false);
    expect(startFailoverIfNeeded(machine, master)).toBe(false);
    expect(machine.logged).toEqual([
      'warning Next failover delay: I will not start a failover before Tue Nov 14 22:19:20 2023',
    ]);
    machine.nowMs += 2 * master.failoverTimeout;
    expect(startFailoverIfNeeded(machine, master)).toBe(true);
  });
});

describe('stepFailover', () => {
  it('goes from the election to the end', () => {
    const { machine, master, one, two } = setUp();
    startFailover(machine, master);
    machine.events();
    stepFailover(machine, master);
    expect(machine.events()).toEqual([`+vote-for-leader ${MY_ID} 1`]);
    voteForUs(machine, master);
    stepFailover(machine, master);
    expect(machine.events()).toEqual([`+elected-leader ${MASTER}`, `+failover-state-select-slave ${MASTER}`]);
    stepFailover(machine, master);
    expect(machine.events()).toEqual([`+selected-slave ${ONE}`, `+failover-state-send-slaveof-noone ${ONE}`]);
    stepFailover(machine, master);
    expect(machine.events()).toEqual([`+failover-state-wait-promotion ${ONE}`]);
    expect(connectionOf(one).sent[1]).toBe('SLAVEOF NO ONE');
    stepFailover(machine, master);
    master.failoverState = 'reconf_slaves';
    stepFailover(machine, master);
    expect(machine.events()).toEqual([`+slave-reconf-sent ${TWO}`]);
    expect(connectionOf(two).sent[1]).toBe('SLAVEOF 10.0.0.2 6379');
    two.flags = (two.flags & ~FLAG.reconfSent) | FLAG.reconfDone;
    stepFailover(machine, master);
    expect(machine.events()).toEqual([`+failover-end ${MASTER}`]);
    switchToPromoted(machine, master);
    expect(machine.events()).toEqual([
      '+switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379',
      '+slave slave 10.0.0.3:6379 10.0.0.3 6379 @ mymaster 10.0.0.2 6379',
      '+slave slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster 10.0.0.2 6379',
    ]);
    expect(master).toMatchObject({ flags: FLAG.master, failoverState: 'none', failoverStartTime: 0 });
  });

  it('gives up if it is not elected in time', () => {
    const { machine, master } = setUp();
    machine.sentinel(master, 1, OTHER_ID);
    startFailover(machine, master);
    stepFailover(machine, master);
    machine.events();
    machine.nowMs += 11_001;
    stepFailover(machine, master);
    expect(machine.events()).toEqual([`-failover-abort-not-elected ${MASTER}`]);
    expect(master.has(FLAG.failoverInProgress)).toBe(false);
    expect(startFailoverIfNeeded(machine, master)).toBe(false);
  });

  it('needs no votes if it is ordered', () => {
    const { machine, master } = setUp();
    machine.sentinel(master, 1, OTHER_ID);
    startFailover(machine, master);
    master.flags |= FLAG.forceFailover;
    stepFailover(machine, master);
    expect(master.failoverState).toBe('select_slave');
  });

  it('gives up if no replica is good', () => {
    const { machine, master, one, two } = setUp();
    one.slavePriority = two.slavePriority = 0;
    startFailover(machine, master);
    voteForUs(machine, master);
    stepFailover(machine, master);
    stepFailover(machine, master);
    expect(machine.events()).toContain(`-failover-abort-no-good-slave ${MASTER}`);
  });

  it.each(['send_slaveof_noone', 'wait_promotion'] as const)('gives up if it gets stuck in %s', (state) => {
    const { machine, master, one } = setUp();
    elect(machine, master);
    if (state === 'wait_promotion') stepFailover(machine, master);
    else one.link.disconnected = true;
    stepFailover(machine, master);
    expect(master.failoverState).toBe(state);
    machine.events();
    machine.nowMs += master.failoverTimeout + 1;
    stepFailover(machine, master);
    expect(machine.events()).toEqual([`-failover-abort-slave-timeout ${MASTER}`]);
    expect(one.has(FLAG.promoted)).toBe(false);
  });

  it('tells no more replicas at once than it may, and goes on without one that does not move', () => {
    const { machine, master, two } = setUp();
    const three = machine.replica(master, 4);
    elect(machine, master);
    master.failoverState = 'reconf_slaves';
    stepFailover(machine, master);
    expect(three.has(FLAG.reconfSent)).toBe(false);
    machine.nowMs += 10_001;
    machine.events();
    master.parallelSyncs = 2;
    stepFailover(machine, master);
    expect(machine.events()).toEqual([`-slave-reconf-sent-timeout ${TWO}`, `+slave-reconf-sent ${TWO}`]);
    expect(two.has(FLAG.reconfDone)).toBe(true);
    master.parallelSyncs = 3;
    stepFailover(machine, master);
    expect(three.has(FLAG.reconfSent)).toBe(true);
  });

  it('ends when time is up, and tells who is left', () => {
    const { machine, master, two } = setUp();
    elect(machine, master);
    master.failoverState = 'reconf_slaves';
    master.parallelSyncs = 0;
    machine.nowMs += master.failoverTimeout + 1;
    stepFailover(machine, master);
    expect(machine.events()).toEqual([
      `+failover-end-for-timeout ${MASTER}`,
      `+failover-end ${MASTER}`,
      `+slave-reconf-sent-be ${TWO}`,
    ]);
    expect(connectionOf(two).sent[1]).toBe('SLAVEOF 10.0.0.2 6379');
  });

  it('does not end while the new master is down', () => {
    const { machine, master, one } = setUp();
    elect(machine, master);
    master.failoverState = 'reconf_slaves';
    one.flags |= FLAG.sDown;
    machine.nowMs += master.failoverTimeout + 1;
    stepFailover(machine, master);
    expect(master.failoverState).toBe('reconf_slaves');
  });

  it('crashes after the election if that is simulated', () => {
    const { machine, master } = setUp();
    machine.state.simulatedFailures = FAILURE.crashAfterElection;
    startFailover(machine, master);
    voteForUs(machine, master);
    expect(() => stepFailover(machine, master)).toThrow('crash');
  });
});
