import { expect, it } from 'vitest';
import { selectReplica } from '../../src/sentinel/select-replica.ts';
import { FLAG, type Instance } from '../../src/sentinel/state.ts';
import { FakeMachine } from './fake-machine.ts';

function setUp(): { machine: FakeMachine; master: Instance; one: Instance; two: Instance } {
  const machine = new FakeMachine();
  const master = machine.master();
  return { machine, master, one: machine.replica(master, 2), two: machine.replica(master, 3) };
}

it('takes the smaller run id among equals', () => {
  const { machine, master, one } = setUp();
  expect(selectReplica(machine, master)).toBe(one);
});

it('takes a replica without a run id last', () => {
  const { machine, master, one, two } = setUp();
  one.runid = null;
  expect(selectReplica(machine, master)).toBe(two);
});

it('takes who has received more before that, and the lower priority before all', () => {
  const { machine, master, one, two } = setUp();
  two.slaveReplOffset = 2n ** 60n;
  one.slaveReplOffset = 2n ** 60n - 1n;
  expect(selectReplica(machine, master)).toBe(two);
  one.slavePriority = 50;
  expect(selectReplica(machine, master)).toBe(one);
});

it.each<[string, (replica: Instance, machine: FakeMachine) => void]>([
  ['is down', (replica) => (replica.flags |= FLAG.sDown)],
  ['is disconnected', ({ link }) => (link.disconnected = true)],
  ['has priority 0', (replica) => (replica.slavePriority = 0)],
  ['has not answered for long', ({ link }, machine) => (link.lastAvailTime = machine.nowMs - 5001)],
  ['has not been heard of for long', (replica, machine) => (replica.infoRefresh = machine.nowMs - 30_001)],
  ['was cut off for too long', (replica) => (replica.masterLinkDownTime = 300_001)],
])('leaves out who %s', (_, spoil) => {
  const { machine, master, one, two } = setUp();
  spoil(one, machine);
  expect(selectReplica(machine, master)).toBe(two);
  spoil(two, machine);
  expect(selectReplica(machine, master)).toBeNull();
});

it('wants newer news while the master is down, and allows for the time that it has been down', () => {
  const { machine, master, one, two } = setUp();
  master.flags |= FLAG.sDown;
  master.sDownSinceTime = machine.nowMs - 60_000;
  one.infoRefresh = machine.nowMs - 5001;
  two.masterLinkDownTime = 360_000;
  expect(selectReplica(machine, master)).toBe(two);
  two.masterLinkDownTime++;
  expect(selectReplica(machine, master)).toBeNull();
});
