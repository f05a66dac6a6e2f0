/**
 * Whether the cluster serves, as this node sees it: all slots are covered (unless that is not asked for), and a majority of
 * masters can be reached. Nobody asks others for their view.
 *
 * A master is slow to believe that all is well: after a start, and after it was with a minority, somebody else may have
 * taken its place, and it gets some time to hear of that before it accepts writes again.
 */
import type { Core } from './core.ts';
import { NODE, SLOTS, DUE, type ClusterState } from './state.ts';

const REJOIN_DELAY_MIN_MS = 500;
const REJOIN_DELAY_MAX_MS = 5000;

export function updateClusterState(core: Core): void {
  const { state, settings, nowMs } = core;
  state.due &= ~DUE.updateState;
  state.firstUpdateMs ??= nowMs;
  const isMaster = state.myself.isMaster;
  if (isMaster && !state.isOk && nowMs - state.firstUpdateMs < settings.pace.writableDelayMs) return;
  let isOk = !settings.requireFullCoverage || isCovered(state);
  let reachable = 0;
  state.size = 0;
  for (const node of state.nodes.values()) {
    if (!node.isMaster || node.slotCount === 0) continue;
    state.size++;
    if (!node.has(NODE.fail | NODE.pfail)) reachable++;
  }
  if (reachable < majorityOf(state)) {
    isOk = false;
    state.minorityMs = nowMs;
  }
  if (isOk === state.isOk) return;
  const delayMs = Math.min(Math.max(settings.nodeTimeoutMs, REJOIN_DELAY_MIN_MS), REJOIN_DELAY_MAX_MS);
  if (isOk && isMaster && nowMs - state.minorityMs < delayMs) return;
  core.log.warning(`Cluster state changed: ${isOk ? 'ok' : 'fail'}`);
  state.isOk = isOk;
  core.note({ kind: 'state', isOk });
}

/** Masters that make a majority. */
export function majorityOf(state: ClusterState): number {
  return Math.floor(state.size / 2) + 1;
}

/** Each slot has one owner at most, so that they need only be counted. */
function isCovered({ nodes }: ClusterState): boolean {
  let count = 0;
  for (const node of nodes.values()) {
    if (node.slotCount > 0 && node.isFailing) return false;
    count += node.slotCount;
  }
  return count === SLOTS;
}
