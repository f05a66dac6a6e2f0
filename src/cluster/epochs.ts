/**
 * Epochs of configurations. Elections give them out one at a time, by majority; a node may also take one by itself, when slots
 * were moved to it or when it is told to take over. Then two masters can come to have the same, and the one with the
 * smaller id moves on, until all are different.
 */
import type { Core } from './core.ts';
import { type ClusterNode, DUE } from './state.ts';

/** Takes a new epoch without asking anybody, unless ours is the highest already. @returns whether it did. */
export function bumpEpoch(core: Core): boolean {
  const { state } = core;
  const { myself, maxEpoch } = state;
  if (myself.configEpoch !== 0 && myself.configEpoch === maxEpoch) return false;
  takeNextEpoch(core);
  core.log.warning(`New configEpoch set to ${myself.configEpoch}`);
  return true;
}

/** Another master has the same epoch. */
export function resolveCollision(core: Core, sender: ClusterNode): void {
  const { myself } = core.state;
  if (sender.configEpoch !== myself.configEpoch || !sender.isMaster || !myself.isMaster) return;
  if (sender.name <= myself.name) return;
  takeNextEpoch(core);
  core.log.verbose(`WARNING: configEpoch collision with node ${sender.name}. configEpoch set to ${myself.configEpoch}`);
}

function takeNextEpoch({ state }: Core): void {
  state.currentEpoch++;
  state.myself.configEpoch = state.currentEpoch;
  state.doBeforeSleep(DUE.save | DUE.sync);
}
