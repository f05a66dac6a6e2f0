import { expect, it } from 'vitest';
import { tick } from '../../src/sentinel/tick.ts';
import { FLAG } from '../../src/sentinel/state.ts';
import { FakeMachine } from './fake-machine.ts';

it.each([
  ['went back', -1],
  ['made a leap', 2001],
])('keeps still for 30 s after the clock %s', (_, byMs) => {
  const machine = new FakeMachine();
  const master = machine.master();
  tick(machine);
  machine.events();
  machine.nowMs += byMs;
  tick(machine);
  expect(machine.events()).toEqual(['+tilt #tilt mode entered']);
  master.link.actPingTime = 1;
  for (let i = 0; i < 20; i++) {
    machine.nowMs += 1490;
    tick(machine);
  }
  expect(master.has(FLAG.sDown)).toBe(false);
  expect(machine.state.tilt).toBe(true);
  machine.nowMs += 200;
  tick(machine);
  expect(machine.state.tilt).toBe(false);
  expect(machine.events()[0]).toBe('-tilt #tilt mode exited');
  expect(master.has(FLAG.sDown)).toBe(true);
});

it('bears two seconds between ticks', () => {
  const machine = new FakeMachine();
  machine.nowMs += 2000;
  tick(machine);
  expect(machine.state.tilt).toBe(false);
});

it('takes moments in the future for now when the clock goes back', () => {
  const machine = new FakeMachine();
  const master = machine.master();
  const replica = machine.replica(master, 2);
  machine.nowMs -= 3_600_000;
  tick(machine);
  for (const { infoRefresh, lastPubTime, link } of [master, replica]) {
    expect(Math.max(infoRefresh, lastPubTime, link.lastPongTime, link.lastAvailTime)).toBeLessThanOrEqual(
      machine.nowMs,
    );
  }
});
