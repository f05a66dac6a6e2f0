import { describe, expect, it } from 'vitest';
import { announcedName, createAddress, isAddress, isHostOf, isSameAddress } from '../../src/sentinel/addresses.ts';
import { parseEpoch, parsePort } from '../../src/sentinel/numbers.ts';
import { FakeMachine } from './fake-machine.ts';

it.each(['10.0.0.1', '255.255.255.255', '::1', 'fe80::1', '::ffff:10.0.0.1'])('%s is an address', (text) => {
  expect(isAddress(text)).toBe(true);
});

it.each(['256.0.0.1', '10.0.0', '10.0.0.1.', 'localhost', '', 'a:b', '1 2'])('%j is none', (text) => {
  expect(isAddress(text)).toBe(false);
});

describe('createAddress', () => {
  it('takes names only if they are to be resolved', () => {
    const machine = new FakeMachine();
    expect(createAddress(machine, 'example', 1, true)).toBeNull();
    expect(machine.logged).toEqual(["warning Failed to resolve hostname 'example'"]);
    machine.state.resolveHostnames = true;
    expect(createAddress(machine, 'example', 1, true)).toEqual({ hostname: 'example', ip: '', port: 1 });
    expect(createAddress(machine, 'example', 1, false)).toBeNull();
    machine.hosts.set('example', '10.0.0.1');
    machine.names.withAddress('example', () => {});
    expect(createAddress(machine, 'example', 1, false)).toEqual({ hostname: 'example', ip: '10.0.0.1', port: 1 });
  });

  it.each([-1, 65_536, Number.NaN])('has no port %s', (port) => {
    expect(createAddress(new FakeMachine(), '10.0.0.1', port, true)).toBeNull();
  });
});

it('compares addresses by address or name', () => {
  const one = { hostname: 'a', ip: '10.0.0.1', port: 1 };
  expect(isSameAddress(one, { hostname: 'b', ip: '10.0.0.1', port: 1 })).toBe(true);
  expect(isSameAddress(one, { hostname: 'A', ip: '10.0.0.2', port: 1 })).toBe(true);
  expect(isSameAddress(one, { hostname: 'a', ip: '10.0.0.1', port: 2 })).toBe(false);
  const machine = new FakeMachine();
  expect(isHostOf(machine, one, '10.0.0.1')).toBe(true);
  expect(isHostOf(machine, one, 'a')).toBe(false);
  machine.state.resolveHostnames = true;
  expect(isHostOf(machine, one, 'A')).toBe(true);
});

it('names replicas after what is announced', () => {
  const { state } = new FakeMachine();
  const address = { hostname: 'example', ip: 'fe80::1', port: 6379 };
  expect(announcedName(state, address)).toBe('[fe80::1]:6379');
  state.announceHostnames = true;
  expect(announcedName(state, address)).toBe('example:6379');
});

it('reads numbers as C does', () => {
  expect(parseEpoch('12abc')).toBe(12n);
  expect(parseEpoch('-1')).toBe(2n ** 64n - 1n);
  expect(parseEpoch('99999999999999999999')).toBe(2n ** 64n - 1n);
  expect(parseEpoch('x')).toBe(0n);
  expect(parsePort(' 26379,')).toBe(26_379);
  expect(parsePort('')).toBe(0);
});
