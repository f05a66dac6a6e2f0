/** Changes of role: of other nodes, as they tell, and of this one. */
import { broadcastPong } from './heartbeat.ts';
import type { Core } from './core.ts';
import { resetManualFailover } from './manual-failover-state.ts';
import { type ClusterNode, NODE, SLOTS, DUE } from './state.ts';
import { updateClusterState } from './cluster-state.ts';

/** A node that was a replica says that it is a master. */
export function setAsMaster(core: Core, node: ClusterNode): void {
  const { state } = core;
  if (node.isMaster) return;
  const hadMaster = node.master !== null;
  state.setMaster(node, null);
  node.clear(NODE.replica);
  node.set(NODE.master);
  if (hadMaster && !node.isMyself) node.set(NODE.migrateTo);
  state.doBeforeSleep(DUE.save | DUE.updateState);
}

/** This node becomes a replica of another one, or of yet another one. It owns no slots any more. */
export function followNode(core: Core, master: ClusterNode): void {
  const { state, services } = core;
  const { myself } = state;
  if (myself.isMaster) {
    myself.clear(NODE.master | NODE.migrateTo);
    myself.set(NODE.replica);
    state.closeAllSlots();
  }
  state.setMaster(myself, master);
  services.follow(master.ip, master.port);
  core.note({ kind: 'follows', master: master.name });
  resetManualFailover(core);
}

/** This replica takes over from its master: all slots are its own now. It has its new epoch already. */
export function replaceMaster(core: Core): void {
  const { state, services } = core;
  const { myself } = state;
  const master = myself.master;
  if (myself.isMaster || master === null) return;
  setAsMaster(core, myself);
  services.promote();
  for (let slot = 0; slot < SLOTS; slot++) {
    if (!master.holdsSlot(slot)) continue;
    state.unassign(slot);
    state.assign(slot, myself);
  }
  core.note({ kind: 'promoted', epoch: myself.configEpoch, master: master.name });
  updateClusterState(core);
  state.doBeforeSleep(DUE.save | DUE.sync);
  broadcastPong(core, 'all');
  resetManualFailover(core);
}
