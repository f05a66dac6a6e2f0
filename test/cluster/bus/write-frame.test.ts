import { describe, expect, it } from 'vitest';
import { Frame, problemOf } from '../../../src/cluster/bus/frame.ts';
import { FRAME } from '../../../src/cluster/bus/layout.ts';
import {
  authRequestFrame,
  failFrame,
  heartbeatFrame,
  moduleFrame,
  newFrame,
  publishFrame,
  updateFrame,
} from '../../../src/cluster/bus/write-frame.ts';
import { NODE } from '../../../src/cluster/state.ts';
import { idOf, NOW_MS, Stage } from '../stage.ts';

describe('frames of the bus', () => {
  it('have the sizes that redis-server sends', () => {
    const stage = new Stage();
    const other = stage.add('b');
    expect(heartbeatFrame(stage, FRAME.ping, []).length).toBe(2256);
    expect(heartbeatFrame(stage, FRAME.ping, [other, other]).length).toBe(2256 + 2 * 104);
    expect(failFrame(stage, other).length).toBe(2296);
    expect(updateFrame(stage, other).length).toBe(4352);
    expect(authRequestFrame(stage, true).length).toBe(2256);
    expect(newFrame(stage, FRAME.mfStart, 0).length).toBe(2256);
    expect(publishFrame(stage, Buffer.from('ch'), Buffer.from('hello'), false).length).toBe(2271);
    expect(moduleFrame(stage, Buffer.alloc(8, 1), 3, Buffer.from('data')).length).toBe(2256 + 13 + 4);
    stage.state.myself.hostname = 'real-host.local';
    expect(heartbeatFrame(stage, FRAME.pong, []).length).toBe(2256 + 24);
  });

  it('say in their header what the node claims, byte for byte', () => {
    const stage = new Stage();
    const { state, services } = stage;
    for (const slot of [0, 1, 8, 16_383]) state.assign(slot, state.myself);
    state.currentEpoch = 2 ** 33 + 7;
    state.myself.configEpoch = 6;
    services.replicationOffset = 300;
    const frame = heartbeatFrame(stage, FRAME.meet, []);
    const hex = (from: number, to: number): string => frame.toString('hex', from, to);
    expect(frame.toString('latin1', 0, 4)).toBe('RCmb');
    expect(hex(4, 16)).toBe(`000008d0${'0001'}${'1b58'}${'0002'}${'0000'}`);
    expect(hex(16, 40)).toBe('00000002000000070000000000000006000000000000012c');
    expect(frame.toString('latin1', 40, 80)).toBe(idOf('a'));
    expect([frame[80], frame[81], frame[80 + 2047]]).toEqual([3, 1, 128]);
    expect(hex(2128, 2168)).toBe('00'.repeat(40));
    expect(hex(2168, 2246)).toBe('00'.repeat(78));
    expect(hex(2246, 2256)).toBe(`0000${'4268'}${'0011'}${'01'}${'000000'}`);
  });

  it('of a replica say what its master claims', () => {
    const stage = new Stage();
    const master = stage.add('b');
    stage.assign(master, 0, 9);
    master.configEpoch = 4;
    const { myself } = stage.state;
    myself.flags = NODE.myself | NODE.replica;
    stage.state.setMaster(myself, master);
    const frame = new Frame(newFrame(stage, FRAME.authAck, 0));
    expect([frame.configEpoch, frame.master, frame.hasMaster]).toEqual([4, idOf('b'), true]);
    expect(Buffer.from(frame.slots)).toEqual(Buffer.from(master.slots));
    expect(frame.flags).toBe(NODE.myself | NODE.replica);
  });

  it('can be read again', () => {
    const stage = new Stage();
    const other = stage.add('c', NODE.master | NODE.pfail);
    other.pingSentMs = NOW_MS - 5999;
    other.pongReceivedMs = NOW_MS - 9001;
    stage.state.myself.hostname = 'node.example';
    const ping = new Frame(heartbeatFrame(stage, FRAME.ping, [other]));
    expect(problemOf(ping)).toBeNull();
    const { id, pongReceivedMs, ip, port, busPort, plaintextPort, flags } = ping.gossip(0);
    expect({ id, pongReceivedMs, ip, port, busPort, plaintextPort, flags }).toEqual({
      id: idOf('c'),
      pongReceivedMs: Math.floor((NOW_MS - 9001) / 1000) * 1000,
      ip: '127.0.0.2',
      port: 7001,
      busPort: 17_001,
      plaintextPort: 0,
      flags: NODE.master | NODE.pfail,
    });
    expect(ping.hostname(() => {})).toBe('node.example');
    const publish = new Frame(publishFrame(stage, Buffer.from('ch'), Buffer.from('hello'), true));
    expect([publish.type, publish.channel.toString(), publish.message.toString()]).toEqual([10, 'ch', 'hello']);
    expect(new Frame(failFrame(stage, other)).failed).toBe(idOf('c'));
  });

  it('do not claim for others what they have given up', () => {
    const stage = new Stage();
    const other = stage.add('b');
    stage.assign(other, 0, 15);
    stage.state.noteUnclaimed(3);
    const frame = new Frame(updateFrame(stage, other));
    expect([...frame.updateSlots.subarray(0, 3)]).toEqual([0b1111_0111, 255, 0]);
    expect([frame.updateId, frame.updateEpoch]).toEqual([idOf('b'), 0]);
  });
});
