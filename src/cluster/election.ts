/**
 * How a replica becomes the master of its shard.
 *
 * When its master has failed, it waits: long enough for everybody to know of the failure, and a second longer for each
 * sibling that has more of the data. Then it raises the epoch and asks all nodes for votes. Masters with slots vote, once
 * per epoch, and not again for the same shard for two node timeouts. With the votes of a majority the replica takes the
 * epoch of the election as its own and all slots of its master.
 *
 * A manual failover comes through here too, without the delay and although the master works.
 */
import { FRAME, MESSAGE_FLAG } from './bus/layout.ts';
import type { Frame } from './bus/frame.ts';
import { authRequestFrame, newFrame } from './bus/write-frame.ts';
import { majorityOf } from './cluster-state.ts';
import type { Core } from './core.ts';
import { broadcastPong } from './heartbeat.ts';
import { replaceMaster } from './roles.ts';
import { broadcast, send } from './send.ts';
import { type ClusterNode, type Obstacle, SLOTS, DUE } from './state.ts';

const SAY_AGAIN_MS = 10_000;
const SAY_NOTHING_MS = 5000;

const OBSTACLE_TEXTS: Record<Exclude<Obstacle, 'none'>, string> = {
  'data-age':
    "Disconnected from master for longer than allowed. Please check the 'cluster-replica-validity-factor' configuration option.",
  'waiting-delay': 'Waiting the delay before I can start a new failover.',
  expired: 'Failover attempt expired.',
  'waiting-votes': 'Waiting for votes, but majority still not reached.',
};

/** To be called ten times a second on a replica, and when something has happened that matters. */
export function stepElection(core: Core): void {
  const { state, settings, nowMs } = core;
  const { election, manualFailover, myself } = state;
  state.due &= ~DUE.failover;
  const isManual = manualFailover.endMs !== 0 && manualFailover.canStart;
  if (!isWanted(core, isManual)) {
    election.obstacle = 'none';
    return;
  }
  if (!isManual && isDataTooOld(core)) {
    sayObstacle(core, 'data-age');
    return;
  }
  const votingMs = Math.max(settings.nodeTimeoutMs * 2, settings.pace.votingMinMs);
  const ageMs = nowMs - election.timeMs;
  if (ageMs > votingMs * 2) {
    schedule(core);
    return;
  }
  if (!election.isSent && manualFailover.endMs === 0) delayByRank(core);
  if (nowMs < election.timeMs) sayObstacle(core, 'waiting-delay');
  else if (ageMs > votingMs) sayObstacle(core, 'expired');
  else if (!election.isSent) askForVotes(core);
  else if (election.votes.size < majorityOf(state)) sayObstacle(core, 'waiting-votes');
  else {
    core.log.warning("Failover election won: I'm the new master.");
    core.note({ kind: 'elected', epoch: election.epoch, votes: election.votes.size });
    if (myself.configEpoch < election.epoch) {
      myself.configEpoch = election.epoch;
      core.log.warning(`configEpoch set to ${myself.configEpoch} after successful failover`);
    }
    replaceMaster(core);
    forgetElection(core);
  }
}

function isWanted({ state, settings }: Core, isManual: boolean): boolean {
  const { master, isMaster } = state.myself;
  if (isMaster || master === null || master.slotCount === 0) return false;
  return isManual || (master.isFailing && !settings.replicaNoFailover);
}

/** The votes of one election must never count in another one. */
function forgetElection({ state: { election } }: Core): void {
  election.timeMs = 0;
  election.isSent = false;
  election.votes.clear();
}

function isDataTooOld({ settings, services }: Core): boolean {
  const { nodeTimeoutMs, replicaValidityFactor, replicationPingPeriodMs } = settings;
  if (replicaValidityFactor === 0) return false;
  const { dataAgeMs } = services;
  // The time that it took to find out about the failure does not count.
  const ageMs = dataAgeMs > nodeTimeoutMs ? dataAgeMs - nodeTimeoutMs : dataAgeMs;
  return ageMs > replicationPingPeriodMs + nodeTimeoutMs * replicaValidityFactor;
}

function schedule(core: Core): void {
  const { state, log, nowMs } = core;
  const { electionDelayMs, electionRandomMs, electionRankMs } = core.settings.pace;
  const { election } = state;
  const isManual = state.manualFailover.endMs !== 0;
  election.votes.clear();
  election.isSent = false;
  election.rank = isManual ? 0 : rankOf(core);
  const delayMs = electionDelayMs + core.random.below(electionRandomMs) + election.rank * electionRankMs;
  election.timeMs = nowMs + (isManual ? 0 : delayMs);
  if (isManual) state.doBeforeSleep(DUE.failover);
  log.warning(
    `Start of election delayed for ${election.timeMs - nowMs} milliseconds (rank #${election.rank}, offset ${core.services.replicationOffset}).`,
  );
  // So that siblings know whether they have more.
  broadcastPong(core, 'replicas of the shard');
}

/** Siblings may have told meanwhile that they have more. */
function delayByRank(core: Core): void {
  const { election } = core.state;
  const rank = rankOf(core);
  if (rank <= election.rank) return;
  const addedMs = (rank - election.rank) * core.settings.pace.electionRankMs;
  election.timeMs += addedMs;
  election.rank = rank;
  core.log.warning(`Replica rank updated to #${rank}, added ${addedMs} milliseconds of delay.`);
}

/** Siblings that could fail over and have more of the data. */
function rankOf({ state, services }: Core): number {
  const { myself } = state;
  let rank = 0;
  for (const sibling of myself.master?.replicas ?? []) {
    if (sibling === myself || sibling.neverFailsOver) continue;
    if (sibling.replicationOffset > services.replicationOffset) rank++;
  }
  return rank;
}

function askForVotes(core: Core): void {
  const { state } = core;
  const { election } = state;
  state.currentEpoch++;
  election.epoch = state.currentEpoch;
  election.votes.clear();
  core.log.warning(`Starting a failover election for epoch ${state.currentEpoch}.`);
  broadcast(core, authRequestFrame(core, state.manualFailover.endMs !== 0));
  election.isSent = true;
  core.note({ kind: 'election', epoch: election.epoch });
  state.doBeforeSleep(DUE.save | DUE.updateState | DUE.sync);
}

/** Somebody has voted for us. The vote is for the epoch that its frame names, and for no other one. */
export function hearVote(core: Core, voter: ClusterNode, epoch: number): void {
  const { state } = core;
  const { election } = state;
  if (!election.isSent || epoch !== election.epoch) {
    core.note({ kind: 'late-vote', epoch });
    return;
  }
  if (!voter.isMaster || voter.slotCount === 0) return;
  election.votes.add(voter.name);
  state.doBeforeSleep(DUE.failover);
}

/** A replica asks for our vote. */
export function voteIfPossible(core: Core, replica: ClusterNode, request: Frame): void {
  const { state, log, nowMs } = core;
  const { myself } = state;
  if (myself.isReplica || myself.slotCount === 0) return;
  const refusal = refusalOf(core, replica, request);
  if (refusal !== null) {
    log.warning(`Failover auth denied to ${replica.name}: ${refusal}`);
    return;
  }
  state.lastVoteEpoch = state.currentEpoch;
  replica.master!.votedMs = nowMs;
  state.doBeforeSleep(DUE.save | DUE.sync);
  send(core, replica.link, newFrame(core, FRAME.authAck, 0));
  core.note({ kind: 'vote', epoch: state.currentEpoch, replica: replica.name });
  log.warning(`Failover auth granted to ${replica.name} for epoch ${state.currentEpoch}`);
}

function refusalOf(core: Core, replica: ClusterNode, request: Frame): string | null {
  const { state, settings, nowMs } = core;
  const { currentEpoch } = state;
  const { master } = replica;
  if (request.currentEpoch < currentEpoch) return `reqEpoch (${request.currentEpoch}) < curEpoch(${currentEpoch})`;
  if (state.lastVoteEpoch >= currentEpoch) return `already voted for epoch ${currentEpoch}`;
  if (replica.isMaster) return 'it is a master node';
  if (master === null) return "I don't know its master";
  if (!master.isFailing && !request.hasMessageFlag(MESSAGE_FLAG.forceAck)) return 'its master is up';
  const waitMs = settings.nodeTimeoutMs * 2 - (nowMs - master.votedMs);
  if (waitMs > 0) return `can't vote about this master before ${waitMs} milliseconds`;
  const { slots, configEpoch } = request;
  for (let slot = 0; slot < SLOTS; slot++) {
    if ((slots[slot >> 3]! & (1 << (slot & 7))) === 0) continue;
    const owner = state.owners[slot]!;
    if (owner === null || state.isUnclaimed(slot) || owner.configEpoch <= configEpoch) continue;
    return `slot ${slot} epoch (${owner.configEpoch}) > reqEpoch (${configEpoch})`;
  }
  return null;
}

/** Says what is in the way, but not again and again, and not while all may still go well. */
function sayObstacle(core: Core, obstacle: Exclude<Obstacle, 'none'>): void {
  const { state, settings, nowMs, log } = core;
  const { election, myself } = state;
  if (obstacle === election.obstacle && nowMs - election.saidMs < SAY_AGAIN_MS) return;
  election.obstacle = obstacle;
  const { master } = myself;
  if (master?.isFailing === true && nowMs - master.failedMs < settings.nodeTimeoutMs + SAY_NOTHING_MS) return;
  election.saidMs = nowMs;
  log.warning(`Currently unable to failover: ${OBSTACLE_TEXTS[obstacle]}`);
}
