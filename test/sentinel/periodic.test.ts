import { describe, expect, it } from 'vitest';
import { sendPeriodicCommands, sendPing } from '../../src/sentinel/periodic.ts';
import { FLAG } from '../../src/sentinel/state.ts';
import { bulk, connectionOf, errorReply, FakeMachine, OTHER_ID } from './fake-machine.ts';

describe('sendPeriodicCommands', () => {
  it('asks a server for INFO at once, then every ten seconds; PING each second, a hello each two', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    const connection = machine.connected(master);
    const names = (): string[] => connection.sent.splice(0).map((text) => text.split(' ')[0]!);
    sendPeriodicCommands(machine, master);
    expect(names()).toEqual(['INFO']);
    connection.answer(bulk('role:master\r\n'));
    machine.nowMs += 1001;
    sendPeriodicCommands(machine, master);
    expect(names()).toEqual(['PING']);
    connection.answer('PONG');
    machine.nowMs += 1000;
    sendPeriodicCommands(machine, master);
    expect(names()).toEqual(['PUBLISH']);
    connection.answer(1);
    machine.nowMs += 8000;
    sendPeriodicCommands(machine, master);
    expect(names()).toEqual(['INFO', 'PING', 'PUBLISH']);
  });

  it('asks a replica every second while its master is down, or while it has lost it', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    const replica = machine.replica(master, 2);
    replica.link.lastPongTime = machine.nowMs + 5000;
    machine.nowMs += 1001;
    sendPeriodicCommands(machine, replica);
    expect(connectionOf(replica).sent).toEqual([]);
    replica.masterLinkDownTime = -1000;
    sendPeriodicCommands(machine, replica);
    replica.masterLinkDownTime = 0;
    master.flags |= FLAG.oDown;
    sendPeriodicCommands(machine, replica);
    expect(connectionOf(replica).sent).toEqual(['INFO', 'INFO']);
  });

  it('never asks a sentinel for INFO', () => {
    const machine = new FakeMachine();
    const peer = machine.sentinel(machine.master(), 1, OTHER_ID);
    machine.nowMs += 20_000;
    sendPeriodicCommands(machine, peer);
    expect(connectionOf(peer).sent.map((text) => text.split(' ')[0])).toEqual(['PING', 'PUBLISH']);
  });

  it('sends nothing more where a hundred commands are unanswered', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    const connection = machine.connected(master);
    for (let i = 0; i < 100; i++) connection.send(['X'], () => {});
    sendPeriodicCommands(machine, master);
    expect(connection.sent).toHaveLength(100);
  });

  it('uses the names that commands have there', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    master.renamedCommands.set('INFO', { from: 'info', to: 'GEHEIM' });
    machine.connected(master);
    sendPeriodicCommands(machine, master);
    expect(connectionOf(master).sent).toEqual(['GEHEIM']);
  });
});

describe('sendPing', () => {
  it.each(['PONG', errorReply('LOADING x'), errorReply('MASTERDOWN x')])('takes %s for alive', (reply) => {
    const machine = new FakeMachine();
    const master = machine.master();
    const connection = machine.connected(master);
    sendPing(machine, master);
    expect(master.link.actPingTime).toBe(machine.nowMs);
    machine.nowMs += 10;
    connection.answer(reply);
    expect(master.link).toMatchObject({ actPingTime: 0, lastAvailTime: machine.nowMs, lastPongTime: machine.nowMs });
  });

  it.each([errorReply('NOAUTH x'), errorReply('MISCONF x'), 7, null, bulk('PONG'), []])(
    'takes %s for an answer, not for alive',
    (reply) => {
      const machine = new FakeMachine();
      const master = machine.master();
      const connection = machine.connected(master);
      sendPing(machine, master);
      const sentAt = machine.nowMs;
      machine.nowMs += 10;
      connection.answer(reply);
      expect(master.link).toMatchObject({ actPingTime: sentAt, lastPongTime: machine.nowMs });
    },
  );

  it('ends the script of a master that is busy and held for down, once', () => {
    const machine = new FakeMachine();
    const master = machine.master();
    const connection = machine.connected(master);
    sendPing(machine, master);
    connection.answer(errorReply('BUSY x'));
    master.flags |= FLAG.sDown;
    for (let i = 0; i < 2; i++) {
      sendPing(machine, master);
      connection.answerLast(errorReply('BUSY x'));
    }
    expect(connection.sent.filter((text) => text === 'SCRIPT KILL')).toHaveLength(1);
  });
});
