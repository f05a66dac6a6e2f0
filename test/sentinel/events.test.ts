import { expect, it } from 'vitest';
import { announce, announceText } from '../../src/sentinel/events.ts';
import { FakeMachine, OTHER_ID } from './fake-machine.ts';

it('describes a master by itself, and others by their master too', () => {
  const machine = new FakeMachine();
  const master = machine.master();
  announce(machine, '+sdown', master, 'more');
  announce(machine, '+slave', machine.replica(master, 2));
  announce(machine, '+sentinel', machine.sentinel(master, 1, OTHER_ID));
  expect(machine.published).toEqual([
    '+sdown master mymaster 10.0.0.1 6379 more',
    '+slave slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379',
    `+sentinel sentinel ${OTHER_ID} 10.0.1.1 26379 @ mymaster 10.0.0.1 6379`,
  ]);
  expect(machine.logged.map((line) => line.split(' ')[0])).toEqual(['warning', 'notice', 'notice']);
});

it('keeps to itself what is for debugging', () => {
  const machine = new FakeMachine();
  announce(machine, '-cmd-link-reconnection', machine.master(), '#x');
  expect(machine.published).toEqual([]);
  expect(machine.logged).toEqual(['debug -cmd-link-reconnection master mymaster 10.0.0.1 6379 #x']);
});

it('calls the script of the master for what is serious', () => {
  const machine = new FakeMachine();
  const master = machine.master();
  master.notificationScript = '/notify';
  const replica = machine.replica(master, 2);
  announce(machine, '+slave', replica);
  announce(machine, '+sdown', replica);
  announceText(machine, '+tilt', null, '#tilt mode entered');
  expect(machine.scripts).toEqual([
    ['/notify', '+sdown', 'slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379'],
  ]);
});

it('names hosts by their names if that is wanted', () => {
  const machine = new FakeMachine();
  const master = machine.master();
  master.addr = { ...master.addr, hostname: 'example' };
  machine.state.announceHostnames = true;
  announce(machine, '+sdown', master);
  expect(machine.published).toEqual(['+sdown master mymaster example 6379']);
});
