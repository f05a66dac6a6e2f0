/**
 * What a sentinel tells the world: each event is a log line, a message on a channel that bears its name, and, if it is
 * serious, a call of the master's notification script.
 */
import type { LogLevel } from '../server/log.ts';
import { announcedHost } from './addresses.ts';
import type { Machine } from './machine.ts';
import type { Instance, InstanceAddress, SentinelState } from './state.ts';

/** Events that are logged at another level than `warning`. */
const LEVELS: Readonly<Record<string, LogLevel>> = {
  '+slave': 'notice',
  '+sentinel': 'notice',
  '+sentinel-address-switch': 'notice',
  '+sentinel-address-update': 'notice',
  '+sentinel-invalid-addr': 'notice',
  '+reboot': 'notice',
  '+convert-to-slave': 'notice',
  '+fix-slave-config': 'notice',
  '+failover-state-send-slaveof-noone': 'notice',
  '+failover-state-wait-promotion': 'notice',
  '+slave-reconf-sent': 'notice',
  '+slave-reconf-sent-be': 'notice',
  '+slave-reconf-inprog': 'notice',
  '+slave-reconf-done': 'notice',
  '-slave-reconf-sent-timeout': 'notice',
  '+role-change': 'verbose',
  '-role-change': 'verbose',
  '-cmd-link-reconnection': 'debug',
  '-pubsub-link-reconnection': 'debug',
  '+script-child': 'debug',
  '-script-child': 'debug',
};

/** An event about an instance: its description, then what else there is to say. */
export function announce(machine: Machine, type: string, instance: Instance, addition = ''): void {
  const text = describe(machine.state, instance);
  announceText(machine, type, instance, addition === '' ? text : `${text} ${addition}`);
}

/** An event with a text of its own. @param instance whose script is called; null for events of the sentinel itself. */
export function announceText(machine: Machine, type: string, instance: Instance | null, payload: string): void {
  const level = LEVELS[type] ?? 'warning';
  machine.log(level, `${type} ${payload}`);
  if (level !== 'debug') machine.publish(type, payload);
  if (level !== 'warning' || instance === null) return;
  const script = (instance.isMaster ? instance : instance.master)?.notificationScript ?? null;
  if (script !== null) machine.schedule([script, type, payload]);
}

/** `slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 6379`. */
export function describe(state: SentinelState, instance: Instance): string {
  const kind = instance.isMaster ? 'master' : instance.isReplica ? 'slave' : 'sentinel';
  const own = `${kind} ${instance.name} ${place(state, instance.addr)}`;
  const { master } = instance;
  return instance.isMaster || master === null ? own : `${own} @ ${master.name} ${place(state, master.addr)}`;
}

/** `10.0.0.1 6379`. */
export function place(state: SentinelState, address: InstanceAddress): string {
  return `${announcedHost(state, address)} ${address.port}`;
}

/** Calls the script that tells clients of a new master. */
export function callReconfigScript(
  machine: Machine,
  master: Instance,
  role: 'leader' | 'observer',
  from: InstanceAddress,
  to: InstanceAddress,
): void {
  const script = master.clientReconfigScript;
  if (script === null) return;
  const { state } = machine;
  const places = [from, to].flatMap((address) => [announcedHost(state, address), String(address.port)]);
  machine.schedule([script, master.name, role, 'start', ...places]);
}
