import { describe, expect, it } from 'vitest';
import { FRAME } from '../../src/cluster/bus/layout.ts';
import { failFrame, heartbeatFrame, newFrame } from '../../src/cluster/bus/write-frame.ts';
import { countFailureReports } from '../../src/cluster/failure.ts';
import { runCron } from '../../src/cluster/cron.ts';
import { processFrame } from '../../src/cluster/machine.ts';
import { type ClusterNode, NODE } from '../../src/cluster/state.ts';
import { FakeLink, idOf, NOW_MS, Stage } from './stage.ts';

/** A master among the masters `m`, `n` and `o`, which have slots as it has. */
function four(): { stage: Stage; nodes: ClusterNode[] } {
  const stage = new Stage();
  stage.assign(stage.state.myself, 0, 9);
  const nodes = ['m', 'n', 'o'].map((letter, i) => {
    const node = stage.add(letter);
    node.configEpoch = i + 1;
    stage.assign(node, 10 * (i + 1), 10 * (i + 1) + 9);
    return node;
  });
  stage.state.size = 4;
  return { stage, nodes };
}

/** A PONG of `sender` that says of `about` what its flags are. */
function tell(stage: Stage, sender: ClusterNode, about: ClusterNode, flags: number): void {
  const peer = new Stage(sender.name);
  peer.state.myself.configEpoch = sender.configEpoch;
  if (sender.isReplica) {
    peer.state.myself.flags = NODE.myself | NODE.replica;
    peer.state.setMaster(peer.state.myself, peer.add(sender.master!.name[0]!));
  }
  peer.state.myself.slots.set(sender.slots);
  const entry = peer.state.find(about.name) ?? peer.add(about.name[0]!);
  entry.flags = flags;
  processFrame(stage, new FakeLink('from', sender), heartbeatFrame(peer, FRAME.pong, [entry]));
}

describe('a node that does not answer', () => {
  it('is unreachable after the node timeout without a sign of life, and the link is renewed before', () => {
    const { stage, nodes } = four();
    for (const node of nodes) Object.assign(node, { pongReceivedMs: NOW_MS, dataReceivedMs: NOW_MS });
    const silent = nodes[0]!;
    const link = silent.link as FakeLink;
    stage.nowMs = NOW_MS + 501;
    runCron(stage, 1);
    expect(silent.pingSentMs).toBe(stage.nowMs);
    expect(stage.sentTo(silent, FRAME.ping)).toHaveLength(1);
    stage.nowMs += 700;
    runCron(stage, 2);
    expect([link.isClosed, silent.has(NODE.pfail)]).toEqual([true, false]);
    stage.nowMs += 400;
    runCron(stage, 3);
    expect([silent.link === null, silent.has(NODE.pfail)]).toEqual([false, true]);
    // Anything that comes shows that it lives.
    const other = nodes[1]!;
    expect(other.pingSentMs).not.toBe(0);
    expect(other.has(NODE.pfail)).toBe(true);
    const alive = nodes[2]!;
    alive.clear(NODE.pfail);
    alive.dataReceivedMs = stage.nowMs - 10;
    runCron(stage, 4);
    expect(alive.has(NODE.pfail)).toBe(false);
  });

  it('has failed when a majority of masters has said so lately', () => {
    const { stage, nodes } = four();
    const [failing, second, third] = nodes as [ClusterNode, ClusterNode, ClusterNode];
    tell(stage, second, failing, NODE.master | NODE.pfail);
    tell(stage, third, failing, NODE.master | NODE.pfail);
    expect(failing.isFailing).toBe(false);
    failing.set(NODE.pfail);
    stage.nowMs += 2001;
    tell(stage, second, failing, NODE.master | NODE.pfail);
    expect([failing.isFailing, countFailureReports(stage, failing)]).toEqual([false, 1]);
    tell(stage, third, failing, NODE.master | NODE.fail);
    expect([failing.isFailing, failing.has(NODE.pfail), failing.failedMs]).toEqual([true, false, stage.nowMs]);
    expect(stage.sentTo(second, FRAME.fail)).toHaveLength(1);
  });

  it('has not failed because replicas say so, or masters that have changed their minds', () => {
    const { stage, nodes } = four();
    const [failing, second, third] = nodes as [ClusterNode, ClusterNode, ClusterNode];
    failing.set(NODE.pfail);
    const replica = stage.add('r', NODE.replica);
    stage.state.setMaster(replica, third);
    tell(stage, replica, failing, NODE.master | NODE.pfail);
    tell(stage, second, failing, NODE.master | NODE.pfail);
    tell(stage, second, failing, NODE.master);
    tell(stage, third, failing, NODE.master | NODE.pfail);
    expect([failing.isFailing, countFailureReports(stage, failing)]).toEqual([false, 1]);
  });

  it('has failed if somebody says that a majority has said so', () => {
    const { stage, nodes } = four();
    const [failing, second] = nodes as [ClusterNode, ClusterNode];
    const peer = new Stage(second.name);
    processFrame(stage, new FakeLink('from', second), failFrame(peer, peer.add('m')));
    expect(failing.isFailing).toBe(true);
    // Of me nobody can tell me that, and strangers can tell me nothing.
    processFrame(stage, new FakeLink('from', second), failFrame(peer, peer.add('a')));
    expect(stage.state.myself.isFailing).toBe(false);
    const stranger = new Stage(idOf('x'));
    processFrame(stage, new FakeLink('from', null), failFrame(stranger, stranger.add('n')));
    expect(second.isFailing).toBe(false);
    expect(stage.lines.at(-1)).toBe(`Ignoring FAIL message from unknown node ${idOf('x')} about ${idOf('n')}`);
  });

  it('is forgiven when it answers: a replica at once, a master with slots after two node timeouts', () => {
    const { stage, nodes } = four();
    const [failed] = nodes as [ClusterNode];
    const replica = stage.add('r', NODE.replica | NODE.fail);
    stage.state.setMaster(replica, failed);
    failed.set(NODE.fail);
    failed.failedMs = NOW_MS;
    const pong = (node: ClusterNode): void => {
      const peer = new Stage(node.name);
      peer.state.myself.slots.set(node.slots);
      peer.state.myself.configEpoch = node.configEpoch;
      if (node.isReplica) peer.state.setMaster(peer.state.myself, peer.add('m'));
      processFrame(stage, node.link as FakeLink, newFrame(peer, FRAME.pong, 0));
    };
    pong(replica);
    expect(replica.isFailing).toBe(false);
    stage.nowMs = NOW_MS + 2000;
    pong(failed);
    expect(failed.isFailing).toBe(true);
    stage.nowMs++;
    pong(failed);
    expect(failed.isFailing).toBe(false);
  });
});
