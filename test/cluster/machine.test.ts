import { describe, expect, it } from 'vitest';
import { AT, FRAME } from '../../src/cluster/bus/layout.ts';
import { heartbeatFrame, newFrame, publishFrame, updateFrame } from '../../src/cluster/bus/write-frame.ts';
import { forget, meet } from '../../src/cluster/handshake.ts';
import { processFrame } from '../../src/cluster/machine.ts';
import { type ClusterNode, NODE, DUE } from '../../src/cluster/state.ts';
import { FakeLink, idOf, NOW_MS, Stage } from './stage.ts';

function receive(stage: Stage, from: ClusterNode | null, frame: Buffer): FakeLink {
  const link = new FakeLink('from', from);
  processFrame(stage, link, frame);
  return link;
}

function answersOn(stage: Stage, link: FakeLink): number[] {
  stage.outbox.flush();
  return link.frames.map((frame) => frame.readUInt16BE(AT.type));
}

describe('a frame of a stranger', () => {
  it('is answered if it is a PING, and changes nothing', () => {
    const stage = new Stage();
    const peer = new Stage(idOf('x'));
    peer.state.currentEpoch = 99;
    peer.assign(peer.state.myself, 0, 9);
    const link = receive(stage, null, heartbeatFrame(peer, FRAME.ping, [peer.add('y')]));
    expect(answersOn(stage, link)).toEqual([FRAME.pong]);
    expect([stage.state.nodes.size, stage.state.currentEpoch, stage.state.owners[0]]).toEqual([1, 0, null]);
  });

  it('is an invitation if it is a MEET', () => {
    const stage = new Stage();
    stage.state.myself.ip = '';
    const peer = new Stage(idOf('x'));
    const link = receive(stage, null, newFrame(peer, FRAME.meet, 0));
    const [, guest] = [...stage.state.nodes.values()];
    expect(guest!.name).toMatch(/^[0-9a-f]{40}$/);
    expect([guest!.ip, guest!.port, guest!.busPort, guest!.flags]).toEqual(['127.0.0.9', 7000, 17_000, NODE.handshake]);
    expect(stage.state.myself.ip).toBe('127.0.0.1');
    expect(answersOn(stage, link)).toEqual([FRAME.pong]);
    // The real id comes with the answer to our own PING, on the link that we open.
    const outbound = new FakeLink('to', guest!);
    guest!.link = outbound;
    processFrame(stage, outbound, newFrame(peer, FRAME.pong, 0));
    expect([guest!.name, guest!.flags, guest!.pongReceivedMs]).toEqual([idOf('x'), NODE.master, NOW_MS]);
  });

  it('tells nothing about others, whom it may invent', () => {
    const stage = new Stage();
    const peer = new Stage(idOf('x'));
    receive(stage, null, publishFrame(peer, Buffer.from('c'), Buffer.from('m'), false));
    receive(stage, null, updateFrame(peer, peer.add('y')));
    expect(stage.services.asked).toEqual([]);
    expect(stage.state.nodes.size).toBe(1);
  });
});

describe('a frame of a known node', () => {
  it('raises our epoch, which is saved', () => {
    const stage = new Stage();
    const other = stage.add('b');
    const peer = new Stage(other.name);
    peer.state.currentEpoch = 7;
    peer.state.myself.configEpoch = 6;
    receive(stage, other, newFrame(peer, FRAME.pong, 0));
    expect([stage.state.currentEpoch, other.configEpoch]).toEqual([7, 6]);
    expect(stage.state.due & DUE.save).toBe(DUE.save);
  });

  it('binds the link that it came on, in the place of an older one', () => {
    const stage = new Stage();
    const other = stage.add('b');
    const peer = new Stage(other.name);
    const first = receive(stage, null, newFrame(peer, FRAME.ping, 0));
    const second = receive(stage, null, newFrame(peer, FRAME.ping, 0));
    expect([first.isClosed, second.isClosed, other.inboundLink]).toEqual([true, false, second]);
  });

  it('is ignored if it is of another version, filtered, too short, or of an epoch that cannot be', () => {
    const stage = new Stage();
    const other = stage.add('b');
    const peer = new Stage(other.name);
    const version = newFrame(peer, FRAME.ping, 0);
    version.writeUInt16BE(2, AT.version);
    expect(answersOn(stage, receive(stage, other, version))).toEqual([]);
    expect(answersOn(stage, receive(stage, other, newFrame(peer, FRAME.ping, 3)))).toEqual([]);
    const absurd = newFrame(peer, FRAME.ping, 0);
    absurd.fill(255, AT.currentEpoch, AT.currentEpoch + 8);
    expect(answersOn(stage, receive(stage, other, absurd))).toEqual([]);
    stage.droppedType = FRAME.ping;
    expect(answersOn(stage, receive(stage, other, newFrame(peer, FRAME.ping, 0)))).toEqual([]);
    expect(other.dataReceivedMs).toBe(0);
    stage.droppedType = -1;
    expect(answersOn(stage, receive(stage, other, newFrame(peer, FRAME.ping, 0)))).toEqual([FRAME.pong]);
  });

  it('makes it a replica, without slots, or a master again', () => {
    const stage = new Stage();
    const [other, master] = [stage.add('b'), stage.add('m')];
    stage.assign(other, 0, 9);
    const peer = new Stage(other.name);
    peer.state.myself.flags = NODE.myself | NODE.replica;
    peer.state.setMaster(peer.state.myself, peer.add('m'));
    receive(stage, other, newFrame(peer, FRAME.pong, 0));
    expect([other.isReplica, other.slotCount, other.master, master.has(NODE.migrateTo)]).toEqual([
      true,
      0,
      master,
      true,
    ]);
    receive(stage, other, newFrame(new Stage(other.name), FRAME.pong, 0));
    expect([other.isMaster, other.master, master.replicas]).toEqual([true, null, []]);
    expect(other.has(NODE.migrateTo)).toBe(true);
  });

  it('that claims what a newer configuration gives to others is answered with an UPDATE', () => {
    const stage = new Stage();
    const [old, owner] = [stage.add('b'), stage.add('c')];
    owner.configEpoch = 5;
    stage.assign(owner, 0, 9);
    const peer = new Stage(old.name);
    peer.state.myself.configEpoch = 3;
    peer.assign(peer.state.myself, 0, 9);
    receive(stage, old, newFrame(peer, FRAME.pong, 0));
    const [update] = stage.sentTo(old, FRAME.update);
    // Whoever gets it gives up.
    const receiver = new Stage(old.name);
    receiver.assign(receiver.state.myself, 0, 9);
    const sender = receiver.add('a');
    const known = receiver.add('c', NODE.replica);
    receive(receiver, sender, update!);
    expect([receiver.state.myself.isReplica, receiver.state.myself.master]).toEqual([true, known]);
    expect([known.isMaster, known.configEpoch, known.slotCount]).toEqual([true, 5, 10]);
  });

  it('about a node that we know to be newer changes nothing', () => {
    const stage = new Stage();
    const [sender, owner] = [stage.add('b'), stage.add('c')];
    owner.configEpoch = 5;
    const peer = new Stage(sender.name);
    const told = peer.add('c');
    told.configEpoch = 5;
    peer.assign(told, 0, 9);
    receive(stage, sender, updateFrame(peer, told));
    expect(owner.slotCount).toBe(0);
  });

  it('of the same epoch makes the master with the smaller id take the next one', () => {
    const epochsAfter = (mine: string, theirs: string): number => {
      const stage = new Stage(idOf(mine));
      const other = stage.add(theirs);
      stage.state.currentEpoch = 3;
      stage.state.myself.configEpoch = 3;
      const peer = new Stage(other.name);
      peer.state.myself.configEpoch = 3;
      receive(stage, other, newFrame(peer, FRAME.pong, 0));
      return stage.state.myself.configEpoch;
    };
    expect([epochsAfter('a', 'b'), epochsAfter('b', 'a')]).toEqual([4, 3]);
  });

  it('brings a message', () => {
    const stage = new Stage();
    const other = stage.add('b');
    const peer = new Stage(other.name);
    receive(stage, other, publishFrame(peer, Buffer.from('c'), Buffer.from('m'), false));
    receive(stage, other, publishFrame(peer, Buffer.from('c'), Buffer.from('m'), true));
    expect(stage.services.asked).toEqual(['message c m', 'shard message c m']);
  });

  it('on a link to somebody else makes that one a node without an address', () => {
    const stage = new Stage();
    const other = stage.add('b');
    const link = other.link as FakeLink;
    processFrame(stage, link, newFrame(new Stage(idOf('x')), FRAME.pong, 0));
    expect([other.has(NODE.noAddress), other.ip, other.port, link.isClosed, other.link]).toEqual([
      true,
      '',
      0,
      true,
      null,
    ]);
  });

  it('tells its new address with a PING, which its replicas follow', () => {
    const stage = new Stage();
    const master = stage.add('m');
    const { myself } = stage.state;
    myself.flags = NODE.myself | NODE.replica;
    stage.state.setMaster(myself, master);
    const peer = new Stage(master.name);
    receive(stage, master, newFrame(peer, FRAME.ping, 0));
    expect([master.ip, master.port, master.busPort, master.link]).toEqual(['127.0.0.9', 7000, 17_000, null]);
    expect(stage.services.asked).toEqual(['follow 127.0.0.9:7000']);
  });
});

describe('gossip', () => {
  it('of a known node adds those that we do not know, as they are described but for what only we can know', () => {
    const stage = new Stage();
    const other = stage.add('b');
    const peer = new Stage(other.name);
    const told = [
      peer.add('d', NODE.master | NODE.myself | NODE.handshake | NODE.meet),
      peer.add('e', NODE.master | NODE.noAddress),
    ];
    receive(stage, other, heartbeatFrame(peer, FRAME.pong, told));
    expect(stage.state.find(idOf('d'))!.flags).toBe(NODE.master);
    expect(stage.state.find(idOf('e'))).toBeNull();
  });

  it('does not bring back for a minute whom we were told to forget', () => {
    const stage = new Stage();
    const [other, gone] = [stage.add('b'), stage.add('d')];
    stage.assign(gone, 0, 9);
    forget(stage, gone);
    expect(stage.state.owners[0]).toBeNull();
    const peer = new Stage(other.name);
    const frame = heartbeatFrame(peer, FRAME.pong, [peer.add('d')]);
    stage.nowMs = NOW_MS + 60_000;
    receive(stage, other, frame);
    expect(stage.state.find(gone.name)).toBeNull();
    stage.nowMs++;
    receive(stage, other, frame);
    expect(stage.state.find(gone.name)).not.toBeNull();
  });

  it('gives a node that we cannot reach another address, and postpones PINGs to those that are well', () => {
    const stage = new Stage();
    const [other, lost, well] = [stage.add('b'), stage.add('l'), stage.add('w')];
    lost.set(NODE.fail);
    const peer = new Stage(other.name);
    const [told, fine] = [peer.add('l'), peer.add('w')];
    told.ip = '127.0.0.77';
    fine.pongReceivedMs = NOW_MS - 3000;
    receive(stage, other, heartbeatFrame(peer, FRAME.pong, [told, fine]));
    expect([lost.ip, lost.link]).toEqual(['127.0.0.77', null]);
    expect(well.pongReceivedMs).toBe(NOW_MS - 3000);
    fine.pongReceivedMs = NOW_MS + 2000;
    receive(stage, other, heartbeatFrame(peer, FRAME.pong, [fine]));
    expect(well.pongReceivedMs).toBe(NOW_MS - 3000);
  });
});

describe('a handshake', () => {
  it('is begun once for an address', () => {
    const stage = new Stage();
    expect(meet(stage, '10.0.0.1', 7000, 17_000)).toBe(true);
    expect(meet(stage, '10.0.0.1', 7000, 17_000)).toBe(true);
    expect(stage.state.nodes.size).toBe(2);
    expect(meet(stage, 'localhost', 7000, 17_000)).toBe(false);
    expect(meet(stage, '10.0.0.1', 0, 17_000)).toBe(false);
    expect(meet(stage, '10.0.0.1', 7000, 65_536)).toBe(false);
  });

  it('with ourselves, or with somebody whom we know already, leaves no trace', () => {
    const stage = new Stage();
    stage.add('b');
    for (const id of ['a', 'b']) {
      meet(stage, '10.0.0.1', 7000, 17_000);
      const guest = [...stage.state.nodes.values()].at(-1)!;
      guest.link = new FakeLink('to', guest);
      processFrame(stage, guest.link as FakeLink, newFrame(new Stage(idOf(id)), FRAME.pong, 0));
      expect([...stage.state.nodes.keys()]).toEqual([idOf('a'), idOf('b')]);
    }
  });
});

describe('a master that has become a replica', () => {
  it('is not followed any more, though no slots have changed hands since then', () => {
    const stage = new Stage();
    const { state } = stage;
    const [master, grandMaster] = [stage.add('b'), stage.add('c')];
    state.myself.clear(NODE.master);
    state.myself.set(NODE.replica);
    state.setMaster(state.myself, master);
    const peer = new Stage(master.name);
    peer.state.myself.clear(NODE.master);
    peer.state.myself.set(NODE.replica);
    peer.state.setMaster(peer.state.myself, peer.add('c'));
    const tell = (): void => void receive(stage, master, heartbeatFrame(peer, FRAME.pong, []));
    tell();
    // Its successor is about to claim its slots, and takes us with them. Only if that does not come, do we go by ourselves.
    expect([master.master, state.myself.master]).toEqual([grandMaster, master]);
    tell();
    expect(state.myself.master).toBe(grandMaster);
    expect(stage.services.asked.at(-1)).toContain('follow');
  });

  it('is followed on if it follows this very node', () => {
    const stage = new Stage();
    const { state } = stage;
    const master = stage.add('b');
    state.myself.clear(NODE.master);
    state.myself.set(NODE.replica);
    state.setMaster(state.myself, master);
    const peer = new Stage(master.name);
    peer.state.myself.clear(NODE.master);
    peer.state.myself.set(NODE.replica);
    peer.state.setMaster(peer.state.myself, peer.add('a'));
    for (let i = 0; i < 3; i++) receive(stage, master, heartbeatFrame(peer, FRAME.pong, []));
    expect(state.myself.master).toBe(master);
  });
});
