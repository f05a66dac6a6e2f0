import { describe, expect, it } from 'vitest';
import { Frame, problemOf } from '../../../src/cluster/bus/frame.ts';
import { AT, FRAME, HEADER_BYTES, MESSAGE_FLAG } from '../../../src/cluster/bus/layout.ts';
import { heartbeatFrame, newFrame, publishFrame } from '../../../src/cluster/bus/write-frame.ts';
import { idOf, Stage } from '../stage.ts';

function changed(frame: Buffer, change: (frame: Buffer) => void): Frame {
  const copy = Buffer.from(frame);
  change(copy);
  return new Frame(copy);
}

describe('a frame that was received', () => {
  const stage = new Stage();
  const other = stage.add('b');
  const ping = heartbeatFrame(stage, FRAME.ping, [other]);

  it('is refused if its length is not that of its type', () => {
    const frame = changed(ping, (bytes) => bytes.writeUInt16BE(2, AT.count));
    expect(problemOf(frame)).toBe('Received invalid ping packet of length 2360 but expected length 2464');
    const fail = new Frame(newFrame(stage, FRAME.fail, 39));
    expect(problemOf(fail)).toBe('Received invalid fail packet of length 2295 but expected length 2296');
    const publish = changed(publishFrame(stage, Buffer.from('c'), Buffer.from('m'), false), (bytes) =>
      bytes.writeUInt32BE(0xffffffff, HEADER_BYTES),
    );
    expect(problemOf(publish)).toBe('Received invalid publish packet of length 2266 but expected length 4294969560');
    for (const type of Object.values(FRAME)) {
      expect(problemOf(new Frame(newFrame(stage, type, 1)))).toMatch(
        /^Received invalid \w+(-\w+)? packet of length 2257/,
      );
    }
  });

  it('of a type that nobody knows is well formed', () => {
    expect(problemOf(new Frame(newFrame(stage, 11, 5)))).toBeNull();
  });

  it('is refused if its extensions are not whole', () => {
    const hostStage = new Stage();
    hostStage.state.myself.hostname = 'h';
    const good = heartbeatFrame(hostStage, FRAME.pong, []);
    expect(problemOf(new Frame(good))).toBeNull();
    const withLength = (length: number): Frame => changed(good, (bytes) => bytes.writeUInt32BE(length, HEADER_BYTES));
    expect(problemOf(withLength(15))).toBe('Received a pong packet without proper padding (15 bytes)');
    const exceeds = 'Received invalid pong packet with extension data that exceeds total packet length (2272)';
    expect(problemOf(withLength(24))).toBe(exceeds);
    expect(problemOf(withLength(0))).toBe(exceeds);
    expect(problemOf(withLength(0xfffffff8))).toBe(exceeds);
    expect(problemOf(changed(good, (bytes) => bytes.writeUInt16BE(65_535, AT.extensions)))).toBe(exceeds);
    // Extensions count only where the header says that there are any.
    const unsaid = changed(ping, (bytes) => bytes.writeUInt16BE(9, AT.extensions));
    expect([problemOf(unsaid), unsaid.hostname(() => {})]).toEqual([null, '']);
  });

  it('tells of extensions that mean nothing to us', () => {
    const hostStage = new Stage();
    hostStage.state.myself.hostname = 'h';
    const frame = changed(heartbeatFrame(hostStage, FRAME.ping, []), (bytes) =>
      bytes.writeUInt16BE(7, HEADER_BYTES + 4),
    );
    const unknown: number[] = [];
    expect(frame.hostname((type) => unknown.push(type))).toBe('');
    expect(unknown).toEqual([7]);
  });

  it('has no ids, addresses and names that could end up as something else in a file', () => {
    const frame = changed(ping, (bytes) => {
      bytes.write('x'.repeat(39) + ' ', AT.sender, 'latin1');
      bytes.write('1.2.3.4 myself', AT.ip, 'latin1');
      bytes.write('\n', HEADER_BYTES, 'latin1');
      bytes.write('a\nb', HEADER_BYTES + 48, 'latin1');
    });
    expect([frame.sender, frame.ip, frame.gossip(0).id, frame.gossip(0).ip]).toEqual(['', '', '', '']);
    expect(new Frame(ping).sender).toBe(idOf('a'));
    // The last byte has to be a NUL: what is longer could not be read back from a file.
    const full = (length: number): string => changed(ping, (bytes) => bytes.fill('1', AT.ip, AT.ip + length)).ip;
    expect([full(45), full(46)]).toEqual(['1'.repeat(45), '']);
  });

  it('has no epoch beyond what a cluster can reach', () => {
    const frame = changed(ping, (bytes) => bytes.fill(255, AT.currentEpoch, AT.currentEpoch + 24));
    expect([frame.currentEpoch, frame.configEpoch, frame.replicationOffset]).toEqual([NaN, NaN, 0]);
    const withEpoch = (epoch: bigint): Frame =>
      changed(ping, (bytes) => bytes.writeBigUInt64BE(epoch, AT.currentEpoch));
    expect([2n ** 52n, 2n ** 52n + 1n].map((epoch) => withEpoch(epoch).currentEpoch)).toEqual([2 ** 52, NaN]);
  });

  it('shows the bits of the message', () => {
    const frame = changed(ping, (bytes) => (bytes[AT.messageFlags] = MESSAGE_FLAG.paused | MESSAGE_FLAG.forceAck));
    const { paused, forceAck, extensions } = MESSAGE_FLAG;
    expect([paused, forceAck, extensions].map((flag) => frame.hasMessageFlag(flag))).toEqual([true, true, false]);
  });
});
