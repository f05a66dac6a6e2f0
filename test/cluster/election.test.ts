import { describe, expect, it } from 'vitest';
import { FRAME } from '../../src/cluster/bus/layout.ts';
import { authRequestFrame, newFrame } from '../../src/cluster/bus/write-frame.ts';
import { runCron } from '../../src/cluster/cron.ts';
import { stepElection } from '../../src/cluster/election.ts';
import { processFrame } from '../../src/cluster/machine.ts';
import { type ClusterNode, NODE, DUE } from '../../src/cluster/state.ts';
import { FakeLink, idOf, NOW_MS, Stage } from './stage.ts';

/** A replica of `m` among the masters `m`, `n` and `o`; `m` has failed. */
function replicaOfFailed(): { stage: Stage; masters: ClusterNode[] } {
  const stage = new Stage();
  const { state } = stage;
  const masters = ['m', 'n', 'o'].map((letter) => stage.add(letter));
  masters.forEach((master, i) => {
    master.configEpoch = i + 1;
    stage.assign(master, i * 10, i * 10 + 9);
  });
  state.currentEpoch = 3;
  state.size = 3;
  state.myself.flags = NODE.myself | NODE.replica;
  state.setMaster(state.myself, masters[0]!);
  masters[0]!.set(NODE.fail);
  masters[0]!.failedMs = NOW_MS;
  return { stage, masters };
}

/** What `voter` sends when it votes. */
function vote(stage: Stage, voter: ClusterNode, epoch: number): void {
  const peer = new Stage(voter.name);
  peer.state.currentEpoch = epoch;
  processFrame(stage, new FakeLink('from', voter), newFrame(peer, FRAME.authAck, 0));
}

function ask(): { stage: Stage; masters: ClusterNode[] } {
  const { stage, masters } = replicaOfFailed();
  stepElection(stage);
  stage.nowMs = stage.state.election.timeMs;
  stepElection(stage);
  return { stage, masters };
}

describe('a replica whose master has failed', () => {
  it('waits half a second to a second, and tells its siblings how far it is', () => {
    const { stage, masters } = replicaOfFailed();
    const sibling = stage.add('b', NODE.replica);
    stage.state.setMaster(sibling, masters[0]!);
    stepElection(stage);
    const { election } = stage.state;
    expect(election.timeMs - NOW_MS).toBeGreaterThanOrEqual(500);
    expect(election.timeMs - NOW_MS).toBeLessThan(1000);
    expect(stage.sentTo(sibling, FRAME.pong)).toHaveLength(1);
    expect(stage.sentTo(masters[1]!)).toEqual([]);
  });

  it('waits a second longer for each sibling that has more', () => {
    const { stage, masters } = replicaOfFailed();
    stepElection(stage);
    const { election } = stage.state;
    const before = election.timeMs;
    for (const letter of ['b', 'c', 'd']) {
      const sibling = stage.add(letter, NODE.replica);
      stage.state.setMaster(sibling, masters[0]!);
      sibling.replicationOffset = 10;
    }
    stage.state.find(idOf('d'))!.set(NODE.noFailover);
    stepElection(stage);
    expect([election.rank, election.timeMs - before]).toEqual([2, 2000]);
  });

  it('asks everybody for votes in a new epoch, which it saves first', () => {
    const { stage, masters } = ask();
    expect(stage.state.currentEpoch).toBe(4);
    expect(stage.state.due & (DUE.save | DUE.sync)).toBe(DUE.save | DUE.sync);
    for (const master of masters) expect(stage.sentTo(master, FRAME.authRequest)).toHaveLength(1);
  });

  it('takes over with the votes of a majority, each counted once', () => {
    const { stage, masters } = ask();
    const { state } = stage;
    vote(stage, masters[1]!, 4);
    vote(stage, masters[1]!, 4);
    stepElection(stage);
    expect(state.myself.isMaster).toBe(false);
    vote(stage, masters[2]!, 4);
    stepElection(stage);
    expect(state.myself.isMaster).toBe(true);
    expect([state.myself.configEpoch, state.myself.slotCount, masters[0]!.slotCount]).toEqual([4, 10, 0]);
    expect(stage.services.asked).toEqual(['promote']);
    expect(stage.sentTo(masters[2]!, FRAME.pong)).toHaveLength(1);
    expect(state.election.isSent).toBe(false);
  });

  it('does not count votes of another epoch, of replicas, or of masters without slots', () => {
    const { stage, masters } = ask();
    const { state } = stage;
    vote(stage, masters[1]!, 3);
    expect(stage.events.at(-1)).toEqual({ kind: 'late-vote', epoch: 3 });
    masters[2]!.flags = NODE.replica;
    vote(stage, masters[2]!, 4);
    vote(stage, stage.add('p'), 4);
    expect(state.election.votes.size).toBe(0);
  });

  it('asks again, in another epoch, after four node timeouts without enough votes', () => {
    const { stage } = ask();
    const { state } = stage;
    stage.nowMs = state.election.timeMs + 2001;
    stepElection(stage);
    expect(state.currentEpoch).toBe(4);
    stage.nowMs = state.election.timeMs + 4001;
    stepElection(stage);
    stage.nowMs = state.election.timeMs;
    stepElection(stage);
    expect(state.currentEpoch).toBe(5);
  });

  it('stays what it is if its data is too old or it must not fail over', () => {
    const old = replicaOfFailed().stage;
    old.services.dataAgeMs = 10_000 + 10 * 1000 + 1000 + 1000;
    stepElection(old);
    expect(old.state.election.timeMs).toBe(0);
    old.services.dataAgeMs -= 1000;
    stepElection(old);
    expect(old.state.election.timeMs).not.toBe(0);
    const barred = replicaOfFailed().stage;
    barred.settings.replicaNoFailover = true;
    runCron(barred, 1);
    expect(barred.state.election.timeMs).toBe(0);
  });
});

describe('a master that is asked for its vote', () => {
  function master(): { stage: Stage; failed: ClusterNode; replica: ClusterNode } {
    const stage = new Stage();
    const { state } = stage;
    stage.assign(state.myself, 0, 9);
    const failed = stage.add('m');
    failed.configEpoch = 2;
    stage.assign(failed, 10, 19);
    failed.set(NODE.fail);
    const replica = stage.add('r', NODE.replica);
    state.setMaster(replica, failed);
    state.currentEpoch = 4;
    return { stage, failed, replica };
  }

  /** Lets the replica ask. @returns whether it got the vote. */
  function request(
    { stage, failed, replica }: ReturnType<typeof master>,
    { epoch = 5, configEpoch = 2, isForced = false } = {},
  ): boolean {
    const peer = new Stage(replica.name);
    const claimed = peer.add('m');
    claimed.configEpoch = configEpoch;
    peer.assign(claimed, 10, 19);
    peer.state.myself.flags = NODE.myself | NODE.replica;
    peer.state.setMaster(peer.state.myself, claimed);
    peer.state.currentEpoch = epoch;
    processFrame(stage, new FakeLink('from', replica), authRequestFrame(peer, isForced));
    expect(failed.name).toBe(idOf('m'));
    return stage.sentTo(replica, FRAME.authAck).length > 0;
  }

  it('gives it once per epoch, and saves that first', () => {
    const all = master();
    expect(request(all)).toBe(true);
    const { state } = all.stage;
    expect([state.lastVoteEpoch, state.currentEpoch, all.failed.votedMs]).toEqual([5, 5, NOW_MS]);
    expect(state.due & (DUE.save | DUE.sync)).toBe(DUE.save | DUE.sync);
    all.stage.nowMs += 10_000;
    expect(request(all)).toBe(false);
    expect(request(all, { epoch: 6 })).toBe(true);
  });

  it.each([
    ['reqEpoch (3) < curEpoch(4)', { epoch: 3 }, (): void => {}],
    ["I don't know its master", {}, ({ stage, replica }) => stage.state.setMaster(replica, null)],
    ['its master is up', {}, ({ failed }) => failed.clear(NODE.fail)],
    ['it is a master node', {}, ({ replica }) => (replica.flags = NODE.master)],
    ["can't vote about this master before 1500 milliseconds", {}, ({ failed }) => (failed.votedMs = NOW_MS - 500)],
    ['slot 12 epoch (9) > reqEpoch (2)', {}, ({ stage }) => giveAway(stage)],
  ] as [string, Parameters<typeof request>[1], (all: ReturnType<typeof master>) => void][])(
    'denies it, saying: %s',
    (reason, options, prepare) => {
      const all = master();
      prepare(all);
      expect(request(all, options)).toBe(false);
      expect(all.stage.lines.at(-1)).toBe(`Failover auth denied to ${all.replica.name}: ${reason}`);
      expect(all.stage.state.lastVoteEpoch).toBe(0);
    },
  );

  function giveAway(stage: Stage): void {
    const newer = stage.add('z');
    newer.configEpoch = 9;
    stage.state.unassign(12);
    stage.state.assign(12, newer);
  }

  it('gives it for a manual failover although the other master works', () => {
    const all = master();
    all.failed.clear(NODE.fail);
    expect(request(all, { isForced: true })).toBe(true);
  });

  it('has none without slots, or as a replica', () => {
    const slotless = master();
    slotless.stage.state.unassignAllOf(slotless.stage.state.myself);
    expect(request(slotless)).toBe(false);
    const replica = master();
    replica.stage.state.myself.flags = NODE.myself | NODE.replica;
    expect(request(replica)).toBe(false);
  });
});
