import { describe, expect, it } from 'vitest';
import { reconnect } from '../../src/sentinel/connecting.ts';
import { receiveHello } from '../../src/sentinel/hello.ts';
import { sendPing } from '../../src/sentinel/periodic.ts';
import { errorReply, FakeMachine, MY_ID, OTHER_ID } from './fake-machine.ts';

const handlers = { sendPing, receiveHello };
const NAME = `sentinel-${MY_ID.slice(0, 8)}`;

describe('reconnect', () => {
  it('opens a connection for commands and one for hellos, and introduces itself on both', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    Object.assign(master, { authUser: 'user', authPass: 'pass' });
    reconnect(machine, master, handlers);
    const [cc, pc] = machine.connections;
    expect(cc!.sent).toEqual(['AUTH user pass', `CLIENT SETNAME ${NAME}-cmd`, 'PING']);
    expect(pc!.sent).toEqual(['AUTH user pass', `CLIENT SETNAME ${NAME}-pubsub`, 'SUBSCRIBE __sentinel__:hello']);
    expect(master.link.disconnected).toBe(false);
  });

  it('opens one to a sentinel, with our own password if there is no other', () => {
    const machine = new FakeMachine();
    const peer = machine.create({
      kind: 'sentinel',
      name: OTHER_ID,
      host: '10.0.1.1',
      port: 26_379,
      master: machine.master(),
    });
    Object.assign(machine.settings, { requirePass: 'own' });
    reconnect(machine, peer, handlers);
    expect(machine.connections.map(({ sent }) => sent)).toEqual([['AUTH own', `CLIENT SETNAME ${NAME}-cmd`, 'PING']]);
    Object.assign(machine.state, { sentinelAuthUser: 'u', sentinelAuthPass: 'p' });
    machine.connections[0]!.events!.closed('x');
    machine.nowMs += 1000;
    reconnect(machine, peer, handlers);
    expect(machine.connections[1]!.sent[0]).toBe('AUTH u p');
  });

  it('tries again once per second, only what is missing', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    reconnect(machine, master, handlers);
    const [cc, pc] = machine.connections;
    pc!.events!.closed('Connection refused');
    expect(master.link).toMatchObject({ pc: null, disconnected: true, cc });
    reconnect(machine, master, handlers);
    expect(machine.connections).toHaveLength(2);
    machine.nowMs += 1000;
    reconnect(machine, master, handlers);
    expect(machine.connections).toHaveLength(3);
    expect(machine.logged.at(-1)).toBe(
      'debug -pubsub-link-reconnection master mymaster 10.0.0.1 6379 #Connection refused',
    );
  });

  it('drops a connection on which it may not subscribe', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    reconnect(machine, master, handlers);
    const pc = machine.connections[1]!;
    pc.events!.message(errorReply('NOAUTH x'));
    expect(pc.isClosed).toBe(true);
    expect(master.link).toMatchObject({ pc: null, disconnected: true });
  });

  it('does not connect to port 0, or to a name without an address', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    master.addr = { ...master.addr, port: 0 };
    reconnect(machine, master, handlers);
    master.addr = { hostname: 'example', ip: '', port: 1 };
    reconnect(machine, master, handlers);
    expect(machine.connections).toHaveLength(0);
    expect(master.link.disconnected).toBe(true);
  });

  it('asks again what a name leads to', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    machine.state.resolveHostnames = true;
    machine.hosts.set('example', '10.9.9.9');
    master.addr = { hostname: 'example', ip: '', port: 6379 };
    reconnect(machine, master, handlers);
    expect(master.addr.ip).toBe('10.9.9.9');
    expect(machine.connections).toHaveLength(2);
  });
});
