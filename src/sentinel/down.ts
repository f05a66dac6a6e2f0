/**
 * Who is down. SDOWN is what one sentinel sees: no good answer to a PING for `down-after-milliseconds`. ODOWN is for
 * masters: enough sentinels see it. That is asked of them once a second while we see it ourselves, and with the same
 * question we ask for their vote once we want to fail over.
 */
import { ErrorReply, type ReplyValue } from '../client/reply-parser.ts';
import { announcedHost, isSameAddress } from './addresses.ts';
import { commandName, tendLink, usableConnection } from './connecting.ts';
import { announce } from './events.ts';
import type { Machine } from './machine.ts';
import { FLAG, type Instance } from './state.ts';

/** After so many periods without an answer, what a sentinel told last is forgotten. */
const STALE_ASK_PERIODS = 5;

// --------------------------------------------------------------------------------------------------------------- SDOWN

export function checkSubjectivelyDown(machine: Machine, instance: Instance): void {
  const silentMs = silenceOf(machine, instance);
  tendLink(machine, instance);
  const isDown =
    silentMs > instance.downAfterPeriod || deniesItsRole(machine, instance) || isSlowReboot(machine, instance);
  if (isDown === instance.has(FLAG.sDown)) return;
  if (isDown) {
    announce(machine, '+sdown', instance);
    instance.sDownSinceTime = machine.nowMs;
    instance.flags |= FLAG.sDown;
  } else {
    announce(machine, '-sdown', instance);
    instance.flags &= ~(FLAG.sDown | FLAG.scriptKillSent);
  }
}

function silenceOf({ nowMs }: Machine, { link }: Instance): number {
  if (link.actPingTime !== 0) return nowMs - link.actPingTime;
  return link.disconnected ? nowMs - link.lastAvailTime : 0;
}

/** A master that has been saying for long that it is a replica. */
function deniesItsRole({ nowMs, state }: Machine, instance: Instance): boolean {
  if (!instance.isMaster || instance.roleReported !== 'replica') return false;
  return nowMs - instance.roleReportedTime > instance.downAfterPeriod + state.periods.infoPeriod * 2;
}

/** A master that has restarted, and loads its data for longer than a failover would take. */
function isSlowReboot({ nowMs }: Machine, instance: Instance): boolean {
  if (!instance.has(FLAG.masterReboot)) return false;
  return nowMs - instance.masterRebootSinceTime > instance.masterRebootDownAfterPeriod;
}

// --------------------------------------------------------------------------------------------------------------- ODOWN

export function checkObjectivelyDown(machine: Machine, master: Instance): void {
  let agreeing = 0;
  if (master.has(FLAG.sDown)) {
    agreeing = 1;
    for (const sentinel of master.sentinels.values()) if (sentinel.has(FLAG.masterDown)) agreeing++;
  }
  const isDown = agreeing > 0 && agreeing >= master.quorum;
  if (isDown === master.has(FLAG.oDown)) return;
  if (isDown) {
    announce(machine, '+odown', master, `#quorum ${agreeing}/${master.quorum}`);
    master.flags |= FLAG.oDown;
    master.oDownSinceTime = machine.nowMs;
  } else {
    announce(machine, '-odown', master);
    master.flags &= ~FLAG.oDown;
  }
}

/** @param forced a failover begins: everybody is asked now. */
export function askOthers(machine: Machine, master: Instance, forced: boolean): void {
  const { askPeriod } = machine.state.periods;
  for (const sentinel of master.sentinels.values()) {
    const elapsed = machine.nowMs - sentinel.lastMasterDownReplyTime;
    if (elapsed > askPeriod * STALE_ASK_PERIODS) {
      sentinel.flags &= ~FLAG.masterDown;
      sentinel.leader = null;
    }
    if (master.has(FLAG.sDown) && (forced || elapsed >= askPeriod)) ask(machine, master, sentinel);
  }
}

function ask(machine: Machine, master: Instance, sentinel: Instance): void {
  const { state } = machine;
  const candidate = master.failoverState === 'none' ? '*' : state.myid;
  const { addr } = master;
  const address = [announcedHost(state, addr), String(addr.port)];
  usableConnection(sentinel)?.send(
    [commandName(sentinel, 'SENTINEL'), 'is-master-down-by-addr', ...address, String(state.currentEpoch), candidate],
    (reply) => takeAnswer(machine, sentinel, reply, isSameAddress(master.addr, addr)),
  );
}

/** @param isAboutMaster the master is still where it was when we asked. */
function takeAnswer(machine: Machine, sentinel: Instance, reply: ReplyValue, isAboutMaster: boolean): void {
  if (sentinel.isReleased || !Array.isArray(reply) || reply instanceof ErrorReply || reply.length !== 3) return;
  const [isDown, leader, epoch] = reply;
  if (typeof isDown !== 'number' || !Buffer.isBuffer(leader)) return;
  if (typeof epoch !== 'number' && typeof epoch !== 'bigint') return;
  sentinel.lastMasterDownReplyTime = machine.nowMs;
  if (isDown === 1 && isAboutMaster) sentinel.flags |= FLAG.masterDown;
  else sentinel.flags &= ~FLAG.masterDown;
  const id = leader.toString('latin1');
  if (id === '*') return;
  const leaderEpoch = BigInt.asUintN(64, BigInt(epoch));
  if (sentinel.leaderEpoch !== leaderEpoch) {
    machine.log('warning', `${sentinel.name} voted for ${id} ${leaderEpoch}`);
  }
  sentinel.leader = id;
  sentinel.leaderEpoch = leaderEpoch;
}
