/**
 * From "I cannot reach it" (PFAIL) to "it has failed" (FAIL). Masters tell in their gossip whom they cannot reach; that is a
 * report, good for two node timeouts. Whoever has the reports of a majority, and cannot reach the node either, declares it
 * failed and tells everybody.
 */
import { failFrame } from './bus/write-frame.ts';
import { majorityOf } from './cluster-state.ts';
import type { Core } from './core.ts';
import { broadcast } from './send.ts';
import { type ClusterNode, NODE, DUE } from './state.ts';

/** Reports are good for that many node timeouts; a failed master that nobody replaces is forgiven after as many. */
const VALIDITY_TIMEOUTS = 2;

/** @returns whether it is a new one. */
export function addFailureReport(core: Core, failing: ClusterNode, reporter: ClusterNode): boolean {
  const known = failing.failureReports.find((report) => report.reporter === reporter);
  if (known !== undefined) {
    known.timeMs = core.nowMs;
    return false;
  }
  failing.failureReports.push({ reporter, timeMs: core.nowMs });
  return true;
}

/** @returns whether there was one. */
export function removeFailureReport(core: Core, failing: ClusterNode, reporter: ClusterNode): boolean {
  const at = failing.failureReports.findIndex((report) => report.reporter === reporter);
  if (at < 0) return false;
  failing.failureReports.splice(at, 1);
  dropOldReports(core, failing);
  return true;
}

/** Reports about a node that are still good. */
export function countFailureReports(core: Core, node: ClusterNode): number {
  dropOldReports(core, node);
  return node.failureReports.length;
}

function dropOldReports({ settings, nowMs }: Core, { failureReports }: ClusterNode): void {
  const maxAgeMs = settings.nodeTimeoutMs * VALIDITY_TIMEOUTS;
  for (let i = failureReports.length - 1; i >= 0; i--) {
    if (nowMs - failureReports[i]!.timeMs > maxAgeMs) failureReports.splice(i, 1);
  }
}

/** Declares a node failed if a majority says so. */
export function markFailedIfAgreed(core: Core, node: ClusterNode): void {
  const { state, log } = core;
  if (!node.has(NODE.pfail) || node.isFailing) return;
  const voices = countFailureReports(core, node) + Number(state.myself.isMaster);
  if (voices < majorityOf(state)) return;
  log.notice(`Marking node ${node.name} as failing (quorum reached).`);
  setFailed(core, node);
  core.note({ kind: 'failed', node: node.name, voices, told: false });
  broadcast(core, failFrame(core, node));
}

export function setFailed({ state, nowMs }: Core, node: ClusterNode): void {
  node.clear(NODE.pfail);
  node.set(NODE.fail);
  node.failedMs = nowMs;
  state.doBeforeSleep(DUE.updateState | DUE.save);
}

/** A failed node has answered. */
export function forgiveIfPossible(core: Core, node: ClusterNode): void {
  const { state, settings, log, nowMs } = core;
  let reason: string;
  if (node.isReplica || node.slotCount === 0) {
    reason = `${node.isReplica ? 'replica' : 'master without slots'} is reachable again.`;
  } else if (node.isMaster && nowMs - node.failedMs > settings.nodeTimeoutMs * VALIDITY_TIMEOUTS) {
    reason = 'is reachable again and nobody is serving its slots after some time.';
  } else return;
  core.note({ kind: 'recovered', node: node.name });
  log.notice(`Clear FAIL state for node ${node.name}: ${reason}`);
  node.clear(NODE.fail);
  state.doBeforeSleep(DUE.updateState | DUE.save);
}
