/** What this node is to others: its address, name and flags, as far as they come from the configuration. */
import type { Core } from './core.ts';
import { NODE, DUE } from './state.ts';

/** To be called at the start and when a parameter has changed. */
export function updateMyself(core: Core): void {
  const { state, settings } = core;
  const { myself } = state;
  const before = myself.flags;
  myself.clear(NODE.noFailover);
  if (settings.replicaNoFailover) myself.set(NODE.noFailover);
  if (myself.flags !== before) state.doBeforeSleep(DUE.save | DUE.updateState);
  updateHostname(core);
}

export function updatePorts({ state, settings }: Core): void {
  state.myself.port = settings.announcedPort;
  state.myself.busPort = settings.announcedBusPort;
}

export function updateHostname({ state, settings }: Core): void {
  if (state.myself.hostname === settings.announceHostname) return;
  state.myself.hostname = settings.announceHostname;
  state.doBeforeSleep(DUE.save);
}

/** @param before what `cluster-announce-ip` was. Without one, the address is to be found out anew. */
export function updateIp({ state, settings }: Core, before: string): void {
  const { announceIp } = settings;
  if (announceIp === before) return;
  state.myself.ip = announceIp;
  state.doBeforeSleep(DUE.save);
}
