/**
 * What happens ten to twenty times a second: the clock is looked at, then every instance in turn. For each there is a
 * half that watches, which always runs, and a half that acts, which rests in TILT (tilt.ts).
 */
import { reconnect } from './connecting.ts';
import { askOthers, checkObjectivelyDown, checkSubjectivelyDown } from './down.ts';
import { startFailoverIfNeeded, stepFailover, switchToPromoted } from './failover.ts';
import { receiveHello } from './hello.ts';
import type { Machine } from './machine.ts';
import { sendPeriodicCommands, sendPing } from './periodic.ts';
import type { Instance } from './state.ts';
import { checkTilt, isTilted } from './tilt.ts';

const handlers = { sendPing, receiveHello };

export function tick(machine: Machine): void {
  checkTilt(machine);
  let switched: Instance | null = null;
  for (const master of machine.state.masters.values()) {
    handle(machine, master);
    for (const replica of master.replicas.values()) handle(machine, replica);
    for (const sentinel of master.sentinels.values()) handle(machine, sentinel);
    if (master.failoverState === 'update_config') switched = master;
  }
  // After the loop, which the instances that this makes would disturb.
  if (switched !== null) switchToPromoted(machine, switched);
}

function handle(machine: Machine, instance: Instance): void {
  reconnect(machine, instance, handlers);
  sendPeriodicCommands(machine, instance);
  if (isTilted(machine)) return;
  checkSubjectivelyDown(machine, instance);
  if (!instance.isMaster) return;
  checkObjectivelyDown(machine, instance);
  if (startFailoverIfNeeded(machine, instance)) askOthers(machine, instance, true);
  stepFailover(machine, instance);
  askOthers(machine, instance, false);
}
