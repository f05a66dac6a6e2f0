/**
 * TILT is mistrust of oneself. If the clock went back, or more time has passed since the last tick than can be, then we
 * were asleep or the clock was set, and every timeout that seems to have run out may not have. So for a while we only
 * watch.
 *
 * A clock that goes back leaves moments behind that seem to lie in the future. Redis waits until they are past, which may
 * take hours in which nothing is asked and nobody is found down. Here they are taken for now.
 */
import { announceText } from './events.ts';
import type { Machine } from './machine.ts';
import type { Instance, InstanceLink } from './state.ts';

/** Before everything else in a tick. */
export function checkTilt(machine: Machine): void {
  const { state, nowMs } = machine;
  const elapsed = nowMs - state.previousTime;
  if (elapsed < 0 || elapsed > state.periods.tiltTrigger) {
    state.tilt = true;
    state.tiltStartTime = nowMs;
    announceText(machine, '+tilt', null, '#tilt mode entered');
  }
  if (elapsed < 0) forgetTheFuture(machine);
  state.previousTime = nowMs;
}

/** Whether to keep still. Leaves TILT when its time is up. */
export function isTilted(machine: Machine): boolean {
  const { state } = machine;
  if (!state.tilt) return false;
  if (machine.nowMs - state.tiltStartTime < state.periods.tiltPeriod) return true;
  state.tilt = false;
  announceText(machine, '-tilt', null, '#tilt mode exited');
  return false;
}

const LINK_TIMES = [
  'ccConnTime',
  'pcConnTime',
  'pcLastActivity',
  'lastAvailTime',
  'actPingTime',
  'lastPingTime',
  'lastPongTime',
  'lastReconnTime',
] as const satisfies readonly (keyof InstanceLink)[];

const INSTANCE_TIMES = [
  'lastPubTime',
  'lastHelloTime',
  'lastMasterDownReplyTime',
  'sDownSinceTime',
  'oDownSinceTime',
  'masterRebootSinceTime',
  'infoRefresh',
  'roleReportedTime',
  'slaveConfChangeTime',
  'slaveReconfSentTime',
  'failoverStateChangeTime',
  'failoverStartTime',
] as const satisfies readonly (keyof Instance)[];

function forgetTheFuture({ state, nowMs }: Machine): void {
  for (const master of state.masters.values()) {
    for (const instance of [master, ...master.replicas.values(), ...master.sentinels.values()]) {
      for (const name of INSTANCE_TIMES) instance[name] = Math.min(instance[name], nowMs);
      const { link } = instance;
      for (const name of LINK_TIMES) link[name] = Math.min(link[name], nowMs);
    }
  }
}
