/**
 * Votes: who may carry out the failover of a master in an epoch. Each sentinel has one vote per master and epoch, and
 * gives it to whoever asks first; it is on disk before it is told. Who has the votes of more than half of all sentinels
 * that are known, reachable or not, and of no fewer than the quorum, is the leader. Two majorities share a sentinel, and
 * that one has voted once: so there is one leader at most.
 */
import { announceText } from './events.ts';
import type { Machine } from './machine.ts';
import type { Instance } from './state.ts';

/** Up to how much later we try ourselves, drawn anew each time so that not everybody tries at once. */
export const DESYNC_MAX_MS = 1000;

export interface Vote {
  /** Null after a restart: the file keeps the epoch and not the name. */
  readonly leader: string | null;
  readonly epoch: bigint;
}

/** Votes for `candidate`, if there was no vote in this epoch or a later one. @returns the vote that holds. */
export function voteLeader(machine: Machine, master: Instance, epoch: bigint, candidate: string): Vote {
  const { state } = machine;
  if (epoch > state.currentEpoch) {
    state.currentEpoch = epoch;
    machine.save();
    announceText(machine, '+new-epoch', master, String(epoch));
  }
  if (master.leaderEpoch < epoch && state.currentEpoch <= epoch) {
    master.leader = candidate;
    master.leaderEpoch = state.currentEpoch;
    machine.save();
    announceText(machine, '+vote-for-leader', master, `${candidate} ${master.leaderEpoch}`);
    // Somebody else is at it: we hold back.
    if (candidate.toLowerCase() !== state.myid) {
      master.failoverStartTime = machine.nowMs + machine.random.below(DESYNC_MAX_MS);
    }
  }
  return { leader: master.leader, epoch: master.leaderEpoch };
}

/** The leader for an epoch, as far as votes have come. Votes ourselves, if that was not done yet. */
export function findLeader(machine: Machine, master: Instance, epoch: bigint): string | null {
  const counts = new Map<string, number>();
  for (const { leader, leaderEpoch } of master.sentinels.values()) {
    if (leader !== null && leaderEpoch === epoch) counts.set(leader, (counts.get(leader) ?? 0) + 1);
  }
  // Our own vote goes to whoever is ahead.
  const vote = voteLeader(machine, master, epoch, mostVoted(counts) ?? machine.state.myid);
  if (vote.leader !== null && vote.epoch === epoch) counts.set(vote.leader, (counts.get(vote.leader) ?? 0) + 1);
  const winner = mostVoted(counts);
  const votes = winner === null ? 0 : counts.get(winner)!;
  return votes >= neededVotes(master) ? winner : null;
}

/** More than half of all sentinels that were ever seen, and no fewer than the quorum. */
export function neededVotes(master: Instance): number {
  return Math.max(Math.floor((master.sentinels.size + 1) / 2) + 1, master.quorum);
}

function mostVoted(counts: ReadonlyMap<string, number>): string | null {
  let winner: string | null = null;
  let most = 0;
  for (const [id, count] of counts) {
    if (count <= most) continue;
    most = count;
    winner = id;
  }
  return winner;
}
