/**
 * Instances come and go: masters by configuration, replicas by what masters say, sentinels by hellos. A master that moves
 * keeps its name, its sentinels and its epochs; everything around it is made anew (`switchMaster`).
 */
import { Glob } from '../core/glob.ts';
import { announcedName, createAddress, isSameAddress } from './addresses.ts';
import { announce } from './events.ts';
import { closeConnection, releaseLink } from './link.ts';
import type { Machine } from './machine.ts';
import { FAILOVER_ORDER, FLAG, Instance, type InstanceAddress } from './state.ts';

/** Why an instance was not made: the host, the port, or that there is one already. */
export type CreateProblem = 'unresolved' | 'port' | 'duplicate';

/** Replicas of a master, and sentinels around it, that are remembered: what names more than that lies. */
const INSTANCES_MAX = 4096;

export interface NewInstance {
  readonly kind: 'master' | 'replica' | 'sentinel';
  /** Ignored for replicas, which are named after their address. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** What `host` and `port` are known to stand for. */
  readonly address?: InstanceAddress;
  /** Of masters. */
  readonly quorum?: number;
  /** Of replicas and sentinels. */
  readonly master?: Instance;
}

export function createInstance(machine: Machine, made: NewInstance): Instance | CreateProblem {
  const { state } = machine;
  if (!(made.port >= 0 && made.port <= 65_535)) return 'port';
  const address = made.address ?? createAddress(machine, made.host, made.port, true);
  if (address === null) return 'unresolved';
  const master = made.master ?? null;
  const name = made.kind === 'replica' ? announcedName(state, address) : made.name;
  const table = tableOf(machine, made.kind, master);
  if (table.has(name) || table.size >= INSTANCES_MAX) return 'duplicate';
  const instance = new Instance(FLAG[made.kind], name, address, machine.nowMs, state.periods);
  instance.quorum = made.quorum ?? master?.quorum ?? 0;
  instance.master = master;
  if (master !== null) instance.downAfterPeriod = master.downAfterPeriod;
  table.set(name, instance);
  return instance;
}

function tableOf(machine: Machine, kind: NewInstance['kind'], master: Instance | null): Map<string, Instance> {
  if (kind === 'master' || master === null) return machine.state.masters;
  return kind === 'replica' ? master.replicas : master.sentinels;
}

/** Takes an instance, and those around it, out of the world. Whoever calls takes it out of its table. */
export function releaseInstance(instance: Instance): void {
  for (const other of [...instance.replicas.values(), ...instance.sentinels.values()]) releaseInstance(other);
  releaseLink(instance.link);
  instance.isReleased = true;
  const { master } = instance;
  if (master !== null && master.promotedReplica === instance) master.promotedReplica = null;
}

export function removeMaster(machine: Machine, master: Instance): void {
  machine.state.masters.delete(master.name);
  releaseInstance(master);
}

export function findReplica(machine: Machine, master: Instance, host: string, port: number): Instance | null {
  const address = createAddress(machine, host, port, false);
  return address === null ? null : (master.replicas.get(announcedName(machine.state, address)) ?? null);
}

/** The sentinel with that id at that address. */
export function findSentinel(
  machine: Machine,
  master: Instance,
  runid: string,
  host: string,
  port: number,
): Instance | null {
  const found = findSentinelById(master, runid);
  if (found === null) return null;
  const address = createAddress(machine, host, port, true);
  return address !== null && isSameAddress(found.addr, address) ? found : null;
}

export function findSentinelById(master: Instance, runid: string): Instance | null {
  for (const sentinel of master.sentinels.values()) if (sentinel.runid === runid) return sentinel;
  return null;
}

export function findByAddress(
  machine: Machine,
  instances: Iterable<Instance>,
  host: string,
  port: number,
): Instance | null {
  const address = createAddress(machine, host, port, true);
  if (address === null) return null;
  for (const instance of instances) if (isSameAddress(instance.addr, address)) return instance;
  return null;
}

/** @returns whether there was one. */
export function removeSentinel(master: Instance, runid: string): boolean {
  const found = findSentinelById(master, runid);
  if (found === null) return false;
  master.sentinels.delete(found.name);
  releaseInstance(found);
  return true;
}

/** Forgets what was learned about a master. @param keepsSentinels the master only moves. */
export function resetMaster(machine: Machine, master: Instance, keepsSentinels: boolean): void {
  const { nowMs } = machine;
  for (const replica of master.replicas.values()) releaseInstance(replica);
  master.replicas.clear();
  if (!keepsSentinels) {
    for (const sentinel of master.sentinels.values()) releaseInstance(sentinel);
    master.sentinels.clear();
  }
  const { link } = master;
  closeConnection(link, link.cc);
  closeConnection(link, link.pc);
  master.flags &= FLAG.master;
  master.leader = null;
  master.failoverState = 'none';
  master.failoverStateChangeTime = 0;
  master.failoverStartTime = 0;
  master.promotedReplica = null;
  master.runid = null;
  master.slaveMasterHost = null;
  link.actPingTime = nowMs;
  link.lastPingTime = 0;
  link.lastAvailTime = nowMs;
  link.lastPongTime = nowMs;
  master.roleReportedTime = nowMs;
  master.roleReported = 'master';
}

/** SENTINEL RESET. @returns how many masters it was. */
export function resetMatching(machine: Machine, pattern: string): number {
  const glob = new Glob(pattern);
  let count = 0;
  for (const master of machine.state.masters.values()) {
    const name = Buffer.from(master.name, 'latin1');
    if (!glob.matches(name, 0, name.length)) continue;
    resetMaster(machine, master, false);
    announce(machine, '+reset-master', master);
    count++;
  }
  return count;
}

/**
 * The master is somewhere else now. Its replicas stay its replicas, and the old master becomes one of them: when it
 * comes back it is found to be none, and made one.
 */
export function switchMaster(machine: Machine, master: Instance, address: InstanceAddress): void {
  const replicas: InstanceAddress[] = [];
  for (const { addr } of master.replicas.values()) if (!isSameAddress(addr, address)) replicas.push(addr);
  if (!isSameAddress(address, master.addr)) {
    replicas.push(master.addr);
    // What others thought of the old master says nothing about the new one.
    for (const sentinel of master.sentinels.values()) sentinel.flags &= ~FLAG.masterDown;
  }
  resetMaster(machine, master, true);
  master.addr = address;
  master.oDownSinceTime = 0;
  master.sDownSinceTime = 0;
  for (const known of replicas) {
    const { hostname: host, port } = known;
    const made = createInstance(machine, { kind: 'replica', name: '', host, port, address: known, master });
    if (made instanceof Instance) announce(machine, '+slave', made);
  }
  machine.save();
}

/** Where clients find the master: from the moment on that a promoted replica says that it is one, that is there. */
export function currentMasterAddress(master: Instance): InstanceAddress {
  const isPromoted =
    master.has(FLAG.failoverInProgress) && FAILOVER_ORDER[master.failoverState] >= FAILOVER_ORDER.reconf_slaves;
  return isPromoted && master.promotedReplica !== null ? master.promotedReplica.addr : master.addr;
}

/** A master's `down-after-milliseconds` holds for everybody around it. */
export function spreadDownAfter(master: Instance): void {
  for (const replica of master.replicas.values()) replica.downAfterPeriod = master.downAfterPeriod;
  for (const sentinel of master.sentinels.values()) sentinel.downAfterPeriod = master.downAfterPeriod;
}

/** Whether it has been neither SDOWN nor ODOWN for that long. */
export function noDownFor(machine: Machine, instance: Instance, durationMs: number): boolean {
  const latest = Math.max(instance.sDownSinceTime, instance.oDownSinceTime);
  return latest === 0 || machine.nowMs - latest > durationMs;
}
