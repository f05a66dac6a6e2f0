import { describe, expect, it } from 'vitest';
import {
  createInstance,
  currentMasterAddress,
  noDownFor,
  removeMaster,
  resetMatching,
  spreadDownAfter,
  switchMaster,
} from '../../src/sentinel/instances.ts';
import { FLAG } from '../../src/sentinel/state.ts';
import { connectionOf, FakeMachine, OTHER_ID } from './fake-machine.ts';

describe('createInstance', () => {
  it('names why there is none', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    const made = { kind: 'master', name: 'mymaster', host: '10.0.0.1', port: 6379 } as const;
    expect(createInstance(machine, made)).toBe('duplicate');
    expect(createInstance(machine, { ...made, name: 'x', host: 'example' })).toBe('unresolved');
    expect(createInstance(machine, { ...made, name: 'x', port: 65_536 })).toBe('port');
    machine.replica(master, 2);
    const replica = { kind: 'replica', name: '', host: '10.0.0.2', port: 6379, master } as const;
    expect(createInstance(machine, replica)).toBe('duplicate');
  });

  it('gives everybody around a master its patience', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    master.downAfterPeriod = 1234;
    const replica = machine.replica(master, 2);
    expect(replica.downAfterPeriod).toBe(1234);
    master.downAfterPeriod = 99;
    spreadDownAfter(master);
    expect(replica.downAfterPeriod).toBe(99);
  });

  it('bounds how many a master may have', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    for (let port = 1; port <= 5000; port++) {
      createInstance(machine, { kind: 'replica', name: '', host: '10.0.0.2', port, master });
    }
    expect(master.replicas.size).toBe(4096);
  });
});

describe('switchMaster', () => {
  it('keeps sentinels and epochs, and makes the old master a replica of the new one', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    const [chosen, other] = [machine.replica(master, 2), machine.replica(master, 3)];
    const peer = machine.sentinel(master, 1, OTHER_ID);
    const connection = machine.connected(master);
    Object.assign(master, { configEpoch: 4n, leaderEpoch: 5n, leader: OTHER_ID, runid: 'x', sDownSinceTime: 1 });
    master.flags |= FLAG.sDown | FLAG.failoverInProgress;
    switchMaster(machine, master, chosen.addr);
    expect(master).toMatchObject({
      flags: FLAG.master,
      addr: chosen.addr,
      configEpoch: 4n,
      leaderEpoch: 5n,
      leader: null,
      runid: null,
      sDownSinceTime: 0,
    });
    expect([...master.replicas.keys()]).toEqual(['10.0.0.3:6379', '10.0.0.1:6379']);
    expect([...master.sentinels.values()]).toEqual([peer]);
    expect(connection.isClosed && connectionOf(chosen) === null).toBe(true);
    expect([chosen.isReleased, other.isReleased, peer.isReleased]).toEqual([true, true, false]);
    expect(machine.saves).toBe(1);
  });

  it('forgets what other sentinels thought of the old master', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    const chosen = machine.replica(master, 2);
    const peer = machine.sentinel(master, 1, OTHER_ID);
    peer.flags |= FLAG.masterDown;
    switchMaster(machine, master, chosen.addr);
    expect(peer.has(FLAG.masterDown)).toBe(false);
    peer.flags |= FLAG.masterDown;
    switchMaster(machine, master, master.addr);
    expect(peer.has(FLAG.masterDown)).toBe(true);
  });

  it('adds nobody when the address stays', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    machine.replica(master, 2);
    switchMaster(machine, master, master.addr);
    expect([...master.replicas.keys()]).toEqual(['10.0.0.2:6379']);
  });
});

describe('currentMasterAddress', () => {
  it('is that of the promoted replica as soon as it is a master', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    const replica = machine.replica(master, 2);
    Object.assign(master, { failoverState: 'wait_promotion', promotedReplica: replica });
    master.flags |= FLAG.failoverInProgress;
    expect(currentMasterAddress(master)).toBe(master.addr);
    master.failoverState = 'reconf_slaves';
    expect(currentMasterAddress(master)).toBe(replica.addr);
  });
});

it('resetMatching forgets everybody around the masters that match', () => {
  const machine = new FakeMachine();
  const master = machine.master();
  machine.replica(master, 2);
  const peer = machine.sentinel(master, 1, OTHER_ID);
  expect(resetMatching(machine, 'other*')).toBe(0);
  expect(resetMatching(machine, 'my*')).toBe(1);
  expect([master.replicas.size, master.sentinels.size]).toEqual([0, 0]);
  expect(peer.isReleased).toBe(true);
  expect(machine.events()).toEqual(['+reset-master master mymaster 10.0.0.1 6379']);
});

it('removeMaster closes every connection around it', () => {
  const machine = new FakeMachine();
  const master = machine.master();
  const all = [machine.connected(master), connectionOf(machine.replica(master, 2))];
  removeMaster(machine, master);
  expect(all.every(({ isClosed }) => isClosed)).toBe(true);
  expect(machine.state.masters.size).toBe(0);
});

it('noDownFor counts from the last time that it was down', () => {
  const machine = new FakeMachine();
  const master = machine.master();
  expect(noDownFor(machine, master, 1000)).toBe(true);
  master.oDownSinceTime = machine.nowMs - 1000;
  expect(noDownFor(machine, master, 1000)).toBe(false);
  expect(noDownFor(machine, master, 999)).toBe(true);
});
