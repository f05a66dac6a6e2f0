/** CLUSTER RESET: back to a node that knows nobody. */
import { randomId } from '../core/ids.ts';
import type { Core } from './core.ts';
import { resetManualFailover } from './manual-failover-state.ts';
import { setAsMaster } from './roles.ts';
import { SLOTS, DUE } from './state.ts';

/** @param isHard also forgets epochs and who it was. */
export function resetCluster(core: Core, isHard: boolean): void {
  const { state, services, log } = core;
  const { myself } = state;
  if (myself.isReplica) {
    setAsMaster(core, myself);
    services.promote();
    services.emptyDataset();
  }
  state.closeAllSlots();
  resetManualFailover(core);
  for (let slot = 0; slot < SLOTS; slot++) state.unassign(slot);
  for (const node of state.nodes.values()) if (node !== myself) state.remove(node);
  if (isHard) {
    state.currentEpoch = 0;
    state.lastVoteEpoch = 0;
    myself.configEpoch = 0;
    log.warning('configEpoch set to 0 via CLUSTER RESET HARD');
    state.rename(myself, randomId(core.random));
    log.notice(`Node hard reset, now I'm ${myself.name}`);
  }
  state.doBeforeSleep(DUE.save | DUE.updateState | DUE.sync);
}
