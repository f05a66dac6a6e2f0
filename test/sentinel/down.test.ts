import { describe, expect, it } from 'vitest';
import { askOthers, checkObjectivelyDown, checkSubjectivelyDown } from '../../src/sentinel/down.ts';
import { switchMaster } from '../../src/sentinel/instances.ts';
import { FLAG } from '../../src/sentinel/state.ts';
import { bulk, connectionOf, errorReply, FakeMachine, MY_ID, OTHER_ID } from './fake-machine.ts';

const MASTER = 'master mymaster 10.0.0.1 6379';

describe('checkSubjectivelyDown', () => {
  it('finds down who leaves a PING unanswered for too long, and up who answers', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    machine.connected(master);
    master.link.actPingTime = machine.nowMs;
    machine.nowMs += 30_000;
    checkSubjectivelyDown(machine, master);
    expect(machine.events()).toEqual([]);
    machine.nowMs++;
    checkSubjectivelyDown(machine, master);
    expect(machine.events()).toEqual([`+sdown ${MASTER}`]);
    Object.assign(master.link, { actPingTime: 0, lastAvailTime: machine.nowMs });
    checkSubjectivelyDown(machine, master);
    expect(machine.events()).toEqual([`-sdown ${MASTER}`]);
  });

  it('finds down who has been without a connection for too long', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    master.link.actPingTime = 0;
    machine.nowMs += 30_001;
    checkSubjectivelyDown(machine, master);
    expect(master.has(FLAG.sDown)).toBe(true);
  });

  it('finds down a master that says for long that it is a replica', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    machine.connected(master);
    master.roleReported = 'replica';
    machine.nowMs += 50_001;
    checkSubjectivelyDown(machine, master);
    expect(master.has(FLAG.sDown)).toBe(true);
  });

  it('finds down a master that has restarted and takes too long, if that is wanted', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    machine.connected(master);
    master.masterRebootDownAfterPeriod = 1000;
    master.flags |= FLAG.masterReboot;
    master.masterRebootSinceTime = machine.nowMs;
    machine.nowMs += 1001;
    checkSubjectivelyDown(machine, master);
    expect(master.has(FLAG.sDown)).toBe(true);
  });

  it('gives up a connection on which nothing comes', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    const connection = machine.connected(master);
    master.link.ccConnTime = machine.nowMs;
    master.link.actPingTime = machine.nowMs;
    machine.nowMs += 15_001;
    checkSubjectivelyDown(machine, master);
    expect(connection.isClosed).toBe(true);
    expect(master.link).toMatchObject({ cc: null, disconnected: true });
  });
});

describe('checkObjectivelyDown', () => {
  it('needs a quorum', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    const peer = machine.sentinel(master, 1, OTHER_ID);
    master.flags |= FLAG.sDown;
    checkObjectivelyDown(machine, master);
    expect(machine.events()).toEqual([]);
    peer.flags |= FLAG.masterDown;
    checkObjectivelyDown(machine, master);
    expect(machine.events()).toEqual([`+odown ${MASTER} #quorum 2/2`]);
    peer.flags &= ~FLAG.masterDown;
    checkObjectivelyDown(machine, master);
    expect(machine.events()).toEqual([`-odown ${MASTER}`]);
  });
});

describe('askOthers', () => {
  it('asks once a second while the master is down, and for votes during a failover', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    const peer = machine.sentinel(master, 1, OTHER_ID);
    const { sent } = connectionOf(peer);
    machine.nowMs += 1000;
    askOthers(machine, master, false);
    expect(sent).toEqual([]);
    master.flags |= FLAG.sDown;
    askOthers(machine, master, false);
    machine.state.currentEpoch = 4n;
    master.failoverState = 'wait_start';
    askOthers(machine, master, true);
    expect(sent).toEqual([
      'SENTINEL is-master-down-by-addr 10.0.0.1 6379 0 *',
      `SENTINEL is-master-down-by-addr 10.0.0.1 6379 4 ${MY_ID}`,
    ]);
  });

  it('takes answers, and forgets them when none has come for five seconds', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    const peer = machine.sentinel(master, 1, OTHER_ID);
    master.flags |= FLAG.sDown;
    askOthers(machine, master, true);
    connectionOf(peer).answer([1, bulk(MY_ID), 9]);
    expect(peer).toMatchObject({ leader: MY_ID, leaderEpoch: 9n });
    expect(peer.has(FLAG.masterDown)).toBe(true);
    expect(machine.logged).toContain(`warning ${OTHER_ID} voted for ${MY_ID} 9`);
    machine.nowMs += 5001;
    askOthers(machine, master, false);
    expect(peer.leader).toBeNull();
    expect(peer.has(FLAG.masterDown)).toBe(false);
  });

  it('takes no opinion of a master that is somewhere else by now', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    const chosen = machine.replica(master, 2);
    const peer = machine.sentinel(master, 1, OTHER_ID);
    master.flags |= FLAG.sDown;
    askOthers(machine, master, true);
    switchMaster(machine, master, chosen.addr);
    connectionOf(peer).answer([1, bulk(MY_ID), 9]);
    expect(peer.has(FLAG.masterDown)).toBe(false);
    expect(peer).toMatchObject({ leader: MY_ID, leaderEpoch: 9n });
  });

  it.each([
    ['an error', errorReply('ERR no')],
    ['nothing', null],
    ['too little', [1, bulk('*')]],
    ['other types', [bulk('1'), bulk('*'), 0]],
    ['a status for the id', [1, MY_ID, 3]],
    ['arrays', [[1], [bulk('*')], [0]]],
  ])('ignores %s', (_, reply) => {
    const machine = new FakeMachine();
    const master = machine.master();
    const peer = machine.sentinel(master, 1, OTHER_ID);
    master.flags |= FLAG.sDown;
    askOthers(machine, master, true);
    connectionOf(peer).answer(reply);
    expect(peer).toMatchObject({ leader: null, leaderEpoch: 0n });
    expect(peer.has(FLAG.masterDown)).toBe(false);
  });
});
