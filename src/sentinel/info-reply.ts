/**
 * What a server's INFO tells, in two halves: what it is, which is noted in any case, and what is to be done about it,
 * which is left out in TILT.
 *
 * INFO is how a sentinel sees anything happen: that a replica was promoted, that it follows its new master, that the old
 * master is back and must be made a replica.
 */
import { isHost, isHostOf, whenResolved } from './addresses.ts';
import { announce, callReconfigScript } from './events.ts';
import { abortFailover } from './failover.ts';
import { forceHellos } from './hello.ts';
import { createInstance, findReplica, noDownFor } from './instances.ts';
import type { Machine } from './machine.ts';
import { parseEpoch, parsePort } from './numbers.ts';
import { sendReplicaOf } from './reconfigure.ts';
import { FAILURE, FLAG, Instance } from './state.ts';

type Role = 'master' | 'replica' | null;

/** INFO that is longer than this is cut: it is kept whole for SENTINEL INFO-CACHE. */
const INFO_LENGTH_MAX = 1 << 20;
const RUN_ID_LENGTH = 40;

export function takeInfo(machine: Machine, instance: Instance, info: string): void {
  instance.info = info.slice(0, INFO_LENGTH_MAX);
  instance.masterLinkDownTime = 0;
  let role: Role = null;
  for (const line of instance.info.split('\r\n')) {
    const cut = line.indexOf(':');
    if (cut < 0) continue;
    const name = line.slice(0, cut);
    const value = line.slice(cut + 1);
    if (name === 'role') role = value.startsWith('master') ? 'master' : value.startsWith('slave') ? 'replica' : role;
    else if (name === 'run_id') noteRunId(machine, instance, value);
    else if (name === 'master_link_down_since_seconds') instance.masterLinkDownTime = readSeconds(value) * 1000;
    else if (instance.isMaster && /^slave\d/.test(name)) noteReplica(machine, instance, value);
    else if (role === 'replica') noteOfReplica[name]?.(instance, value, machine.nowMs);
  }
  instance.infoRefresh = machine.nowMs;
  noteRole(machine, instance, role);
  if (!machine.state.tilt && instance.isReplica) act(machine, instance, role);
}

// -------------------------------------------------------------------------------------------------------------- noting

function noteRunId(machine: Machine, instance: Instance, value: string): void {
  if (value.length < RUN_ID_LENGTH) return;
  const runid = value.slice(0, RUN_ID_LENGTH);
  if (instance.runid !== null && instance.runid !== runid) {
    announce(machine, '+reboot', instance);
    if (instance.isMaster && instance.masterRebootDownAfterPeriod !== 0) {
      instance.flags |= FLAG.masterReboot;
      instance.masterRebootSinceTime = machine.nowMs;
    }
  }
  instance.runid = runid;
}

/** `ip=10.0.0.2,port=6379,state=...`, or as servers before 2.8 had it: `10.0.0.2,6379,online`. */
function noteReplica(machine: Machine, master: Instance, value: string): void {
  const parts = value.split(',');
  const isNew = value.includes('ip=');
  const host = isNew ? fieldOf(parts, 'ip=') : parts[0];
  const portText = isNew ? fieldOf(parts, 'port=') : parts[1];
  if (host === undefined || portText === undefined || !isHost(host)) return;
  if (!isNew && parts.length < 3) return;
  const port = parsePort(portText);
  whenResolved(machine, host, () => {
    if (master.isReleased || findReplica(machine, master, host, port) !== null) return;
    const replica = createInstance(machine, { kind: 'replica', name: '', host, port, master });
    if (!(replica instanceof Instance)) return;
    announce(machine, '+slave', replica);
    machine.save();
  });
}

function fieldOf(parts: readonly string[], name: string): string | undefined {
  return parts.find((part) => part.startsWith(name))?.slice(name.length);
}

/** Lines that count only after `role:slave`. */
const noteOfReplica: Readonly<Record<string, (instance: Instance, value: string, nowMs: number) => void>> = {
  master_host(instance, value, nowMs) {
    if (instance.slaveMasterHost?.toLowerCase() === value.toLowerCase()) return;
    instance.slaveMasterHost = value;
    instance.slaveConfChangeTime = nowMs;
  },
  master_port(instance, value, nowMs) {
    const port = parsePort(value);
    if (instance.slaveMasterPort === port) return;
    instance.slaveMasterPort = port;
    instance.slaveConfChangeTime = nowMs;
  },
  master_link_status(instance, value) {
    instance.slaveMasterLinkUp = value.toLowerCase() === 'up';
  },
  slave_priority(instance, value) {
    instance.slavePriority = parsePort(value);
  },
  slave_repl_offset(instance, value) {
    instance.slaveReplOffset = parseEpoch(value);
  },
  replica_announced(instance, value) {
    instance.replicaAnnounced = parsePort(value) !== 0;
  },
};

function readSeconds(text: string): number {
  const seconds = Number.parseInt(text, 10);
  return Number.isSafeInteger(seconds) ? seconds : 0;
}

function noteRole(machine: Machine, instance: Instance, role: Role): void {
  if (role === instance.roleReported || role === null) return;
  instance.roleReportedTime = machine.nowMs;
  instance.roleReported = role;
  if (role === 'replica') instance.slaveConfChangeTime = machine.nowMs;
  const fits = instance.has(FLAG[role]);
  const word = role === 'master' ? 'master' : 'slave';
  announce(machine, fits ? '+role-change' : '-role-change', instance, `new reported role is ${word}`);
}

// -------------------------------------------------------------------------------------------------------------- acting

function act(machine: Machine, replica: Instance, role: Role): void {
  const { master } = replica;
  if (master === null) return;
  if (role === 'master') {
    const isAwaited = replica.has(FLAG.promoted) && master.has(FLAG.failoverInProgress);
    if (isAwaited && master.failoverState === 'wait_promotion') finishPromotion(machine, master, replica);
    else demoteStranger(machine, master, replica);
  } else if (role === 'replica') {
    fixMaster(machine, master, replica);
    followReconfiguration(machine, master, replica);
  }
}

/** The replica that we have promoted says that it is a master: from now on the failover cannot be undone. */
function finishPromotion(machine: Machine, master: Instance, replica: Instance): void {
  if (master.configEpoch >= master.failoverEpoch) {
    // A later failover than ours is over already. Its configuration stays, and our replica is demoted again.
    machine.log(
      'warning',
      `Failover of epoch ${master.failoverEpoch} given up, there is a configuration of a later one`,
    );
    abortFailover(machine, master);
    return;
  }
  master.configEpoch = master.failoverEpoch;
  master.failoverState = 'reconf_slaves';
  master.failoverStateChangeTime = machine.nowMs;
  machine.save();
  announce(machine, '+promoted-slave', replica);
  if ((machine.state.simulatedFailures & FAILURE.crashAfterPromotion) !== 0) machine.crash();
  announce(machine, '+failover-state-reconf-slaves', master);
  callReconfigScript(machine, master, 'leader', master.addr, replica.addr);
  forceHellos(machine, master);
}

/** A replica of ours that is a master, most often the old one that came back. Others may know more: it gets time. */
function demoteStranger(machine: Machine, master: Instance, replica: Instance): void {
  const waitMs = machine.state.periods.publishPeriod * 4;
  if (replica.has(FLAG.promoted) || !looksSane(machine, master) || !noDownFor(machine, replica, waitMs)) return;
  if (machine.nowMs - replica.roleReportedTime <= waitMs) return;
  if (sendReplicaOf(machine, replica, master.addr)) announce(machine, '+convert-to-slave', replica);
}

/** A replica that follows somebody else for too long is told again. */
function fixMaster(machine: Machine, master: Instance, replica: Instance): void {
  const host = replica.slaveMasterHost ?? '';
  if (replica.slaveMasterPort === master.addr.port && isHostOf(machine, master.addr, host)) return;
  const waitMs = master.failoverTimeout;
  if (!looksSane(machine, master) || !noDownFor(machine, replica, waitMs)) return;
  if (machine.nowMs - replica.slaveConfChangeTime <= waitMs) return;
  if (sendReplicaOf(machine, replica, master.addr)) announce(machine, '+fix-slave-config', replica);
}

function followReconfiguration(machine: Machine, master: Instance, replica: Instance): void {
  const promoted = master.promotedReplica;
  if (replica.has(FLAG.reconfSent) && promoted !== null && replica.slaveMasterHost !== null) {
    const isTold = isHostOf(machine, promoted.addr, replica.slaveMasterHost);
    if (isTold && replica.slaveMasterPort === promoted.addr.port) {
      replica.flags = (replica.flags & ~FLAG.reconfSent) | FLAG.reconfInProgress;
      announce(machine, '+slave-reconf-inprog', replica);
    }
  }
  if (replica.has(FLAG.reconfInProgress) && replica.slaveMasterLinkUp) {
    replica.flags = (replica.flags & ~FLAG.reconfInProgress) | FLAG.reconfDone;
    announce(machine, '+slave-reconf-done', replica);
  }
}

/** Whether the master is one by all that we know, so that others may be sent there. */
function looksSane(machine: Machine, master: Instance): boolean {
  const isFresh = machine.nowMs - master.infoRefresh < machine.state.periods.infoPeriod * 2;
  return master.isMaster && master.roleReported === 'master' && !master.isDown && isFresh;
}
