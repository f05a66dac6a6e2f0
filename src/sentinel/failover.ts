/**
 * The failover of a master, one function per state:
 *
 *   none -> wait_start -> select_slave -> send_slaveof_noone -> wait_promotion -> reconf_slaves -> update_config -> none
 *
 * Up to `wait_promotion` it can be given up. From the moment on that the replica says that it is a master (info-reply.ts)
 * the new configuration holds, hellos spread it, and the failover ends in any case: with every replica told, or when time is
 * up.
 */
import { announce, announceText, place } from './events.ts';
import { switchMaster } from './instances.ts';
import type { Machine } from './machine.ts';
import { sendReplicaOf } from './reconfigure.ts';
import { selectReplica } from './select-replica.ts';
import { FAILURE, FLAG, type FailoverState, type Instance } from './state.ts';
import { formatLocalTime } from './local-time.ts';
import { DESYNC_MAX_MS, findLeader } from './vote.ts';

const RECONFIGURING = FLAG.reconfSent | FLAG.reconfInProgress;
const SETTLED = FLAG.promoted | FLAG.reconfDone;

/** @returns whether a failover was started. */
export function startFailoverIfNeeded(machine: Machine, master: Instance): boolean {
  if (!master.has(FLAG.oDown) || master.has(FLAG.failoverInProgress)) return false;
  const allowedMs = master.failoverStartTime + master.failoverTimeout * 2;
  if (machine.nowMs < allowedMs) {
    if (master.failoverDelayLogged !== master.failoverStartTime) {
      master.failoverDelayLogged = master.failoverStartTime;
      const when = formatLocalTime(allowedMs, machine.timeZoneOffsetMinutes(allowedMs));
      machine.log('warning', `Next failover delay: I will not start a failover before ${when}`);
    }
    return false;
  }
  startFailover(machine, master);
  return true;
}

export function startFailover(machine: Machine, master: Instance): void {
  const { state } = machine;
  master.failoverState = 'wait_start';
  master.flags |= FLAG.failoverInProgress;
  // 64 bits, as everybody counts: a peer that lies about epochs can bring them to their end.
  state.currentEpoch = BigInt.asUintN(64, state.currentEpoch + 1n);
  master.failoverEpoch = state.currentEpoch;
  announceText(machine, '+new-epoch', master, String(state.currentEpoch));
  announce(machine, '+try-failover', master);
  master.failoverStartTime = machine.nowMs + machine.random.below(DESYNC_MAX_MS);
  master.failoverStateChangeTime = machine.nowMs;
  // In TILT it may take long until we vote, and hellos tell the epoch meanwhile.
  machine.save();
}

/** Goes on with a failover, if there is one. */
export function stepFailover(machine: Machine, master: Instance): void {
  if (master.has(FLAG.failoverInProgress)) states[master.failoverState](machine, master);
}

const states: Readonly<Record<FailoverState, (machine: Machine, master: Instance) => void>> = {
  none: stay,
  wait_start: waitStart,
  select_slave: selectPromoted,
  send_slaveof_noone: promote,
  wait_promotion: waitPromotion,
  reconf_slaves: reconfigureReplicas,
  update_config: stay,
};

function stay(): void {}

function enter(machine: Machine, master: Instance, state: FailoverState): void {
  master.failoverState = state;
  master.failoverStateChangeTime = machine.nowMs;
}

function waitStart(machine: Machine, master: Instance): void {
  const { electionTimeout } = machine.state.periods;
  const leader = findLeader(machine, master, master.failoverEpoch);
  const isLeader = leader !== null && leader.toLowerCase() === machine.state.myid.toLowerCase();
  if (!isLeader && !master.has(FLAG.forceFailover)) {
    const timeoutMs = Math.min(electionTimeout, master.failoverTimeout);
    if (machine.nowMs - master.failoverStartTime > timeoutMs) {
      announce(machine, '-failover-abort-not-elected', master);
      abortFailover(machine, master);
    }
    return;
  }
  announce(machine, '+elected-leader', master);
  if ((machine.state.simulatedFailures & FAILURE.crashAfterElection) !== 0) machine.crash();
  enter(machine, master, 'select_slave');
  announce(machine, '+failover-state-select-slave', master);
}

function selectPromoted(machine: Machine, master: Instance): void {
  const replica = selectReplica(machine, master);
  if (replica === null) {
    announce(machine, '-failover-abort-no-good-slave', master);
    abortFailover(machine, master);
    return;
  }
  announce(machine, '+selected-slave', replica);
  replica.flags |= FLAG.promoted;
  master.promotedReplica = replica;
  enter(machine, master, 'send_slaveof_noone');
  announce(machine, '+failover-state-send-slaveof-noone', replica);
}

function promote(machine: Machine, master: Instance): void {
  const replica = master.promotedReplica;
  if (replica === null || !sendReplicaOf(machine, replica, null)) {
    abortIfLate(machine, master);
    return;
  }
  announce(machine, '+failover-state-wait-promotion', replica);
  enter(machine, master, 'wait_promotion');
}

function waitPromotion(machine: Machine, master: Instance): void {
  abortIfLate(machine, master);
}

function abortIfLate(machine: Machine, master: Instance): void {
  if (machine.nowMs - master.failoverStateChangeTime <= master.failoverTimeout) return;
  announce(machine, '-failover-abort-slave-timeout', master);
  abortFailover(machine, master);
}

export function abortFailover(machine: Machine, master: Instance): void {
  master.flags &= ~(FLAG.failoverInProgress | FLAG.forceFailover);
  enter(machine, master, 'none');
  if (master.promotedReplica !== null) master.promotedReplica.flags &= ~FLAG.promoted;
  master.promotedReplica = null;
}

// ------------------------------------------------------------------------------------------------------ reconfiguration

function reconfigureReplicas(machine: Machine, master: Instance): void {
  const promoted = master.promotedReplica;
  if (promoted === null) return;
  let busy = 0;
  for (const replica of master.replicas.values()) if (replica.has(RECONFIGURING)) busy++;
  for (const replica of master.replicas.values()) {
    if (busy >= master.parallelSyncs) break;
    if (reconfigure(machine, replica, promoted)) busy++;
  }
  detectEnd(machine, master, promoted);
}

/** @returns whether the replica was told its new master now. */
function reconfigure(machine: Machine, replica: Instance, promoted: Instance): boolean {
  if (replica.has(SETTLED)) return false;
  const { slaveReconfTimeout } = machine.state.periods;
  if (replica.has(FLAG.reconfSent) && machine.nowMs - replica.slaveReconfSentTime > slaveReconfTimeout) {
    // It is put right later, as any replica that follows somebody else.
    announce(machine, '-slave-reconf-sent-timeout', replica);
    replica.flags = (replica.flags & ~FLAG.reconfSent) | FLAG.reconfDone;
  }
  if (replica.has(RECONFIGURING) || !sendReplicaOf(machine, replica, promoted.addr)) return false;
  replica.flags |= FLAG.reconfSent;
  replica.slaveReconfSentTime = machine.nowMs;
  announce(machine, '+slave-reconf-sent', replica);
  return true;
}

function detectEnd(machine: Machine, master: Instance, promoted: Instance): void {
  if (promoted.has(FLAG.sDown)) return;
  let open = 0;
  for (const replica of master.replicas.values()) if (!replica.has(SETTLED | FLAG.sDown)) open++;
  const isLate = machine.nowMs - master.failoverStateChangeTime > master.failoverTimeout;
  if (isLate) announce(machine, '+failover-end-for-timeout', master);
  else if (open > 0) return;
  announce(machine, '+failover-end', master);
  enter(machine, master, 'update_config');
  if (isLate) tellTheRest(machine, master, promoted);
}

function tellTheRest(machine: Machine, master: Instance, promoted: Instance): void {
  for (const replica of master.replicas.values()) {
    if (replica.has(SETTLED | FLAG.reconfSent) || !sendReplicaOf(machine, replica, promoted.addr)) continue;
    announce(machine, '+slave-reconf-sent-be', replica);
    replica.flags |= FLAG.reconfSent;
  }
}

/** The last step, taken after everything else of a tick: the promoted replica becomes the master that we watch. */
export function switchToPromoted(machine: Machine, master: Instance): void {
  const { addr } = master.promotedReplica ?? master;
  const { state } = machine;
  const text = `${master.name} ${place(state, master.addr)} ${place(state, addr)}`;
  announceText(machine, '+switch-master', master, text);
  switchMaster(machine, master, addr);
}
