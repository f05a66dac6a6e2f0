/**
 * Which replica becomes the master: of those that are well, connected, recently heard of and not cut off from the old
 * master for too long, the one with the lowest priority, then the one that has received most, then the one with the
 * smallest run id.
 */
import type { Machine } from './machine.ts';
import { FLAG, type Instance } from './state.ts';

export function selectReplica(machine: Machine, master: Instance): Instance | null {
  let best: Instance | null = null;
  for (const replica of master.replicas.values()) {
    if (isEligible(machine, master, replica) && (best === null || compare(replica, best) < 0)) best = replica;
  }
  return best;
}

function isEligible(machine: Machine, master: Instance, replica: Instance): boolean {
  const { nowMs } = machine;
  const { pingPeriod, infoPeriod } = machine.state.periods;
  if (replica.isDown || replica.link.disconnected || replica.slavePriority === 0) return false;
  if (nowMs - replica.link.lastAvailTime > pingPeriod * 5) return false;
  const isMasterDown = master.has(FLAG.sDown);
  // While the master is down, replicas are asked for INFO every second.
  if (nowMs - replica.infoRefresh > (isMasterDown ? pingPeriod * 5 : infoPeriod * 3)) return false;
  const downForMs = isMasterDown ? nowMs - master.sDownSinceTime : 0;
  return replica.masterLinkDownTime <= downForMs + master.downAfterPeriod * 10;
}

/** Negative if `a` is the better one. */
function compare(a: Instance, b: Instance): number {
  if (a.slavePriority !== b.slavePriority) return a.slavePriority - b.slavePriority;
  if (a.slaveReplOffset !== b.slaveReplOffset) return a.slaveReplOffset > b.slaveReplOffset ? -1 : 1;
  if (a.runid === null || b.runid === null) return a.runid === b.runid ? 0 : a.runid === null ? 1 : -1;
  const [x, y] = [a.runid.toLowerCase(), b.runid.toLowerCase()];
  return x < y ? -1 : x > y ? 1 : 0;
}
