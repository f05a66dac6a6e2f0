/**
 * CLUSTER FAILOVER: a replica takes over from a master that works, without losing a write.
 *
 *   replica: MFSTART ->  master: holds back writes, says in its headers where its stream stands still
 *   replica: has processed all of it -> asks for votes, which are given although the master works -> takes over
 *
 * FORCE does not ask the master; TAKEOVER does not ask anybody. Whatever is not over after five seconds has failed; the
 * master holds writes back for twice as long, so that it does not go on before the replica has given up.
 */
import { FRAME } from './bus/layout.ts';
import { newFrame } from './bus/write-frame.ts';
import type { Core } from './core.ts';
import { bumpEpoch } from './epochs.ts';
import { sendHeartbeat } from './heartbeat.ts';
import { resetManualFailover } from './manual-failover-state.ts';
import { replaceMaster } from './roles.ts';
import { send } from './send.ts';
import { type ClusterNode, type NodeLink, DUE } from './state.ts';

const LIMIT_MS = 5000;
const PAUSE_FACTOR = 2;

export type FailoverMode = 'normal' | 'force' | 'takeover';

/** On the replica, which has a master. */
export function beginManualFailover(core: Core, mode: FailoverMode, who: string): void {
  const { state, log, nowMs } = core;
  const { manualFailover, myself } = state;
  resetManualFailover(core);
  manualFailover.endMs = nowMs + LIMIT_MS;
  if (mode === 'takeover') {
    log.warning(`Taking over the master (user request${who}).`);
    bumpEpoch(core);
    replaceMaster(core);
  } else if (mode === 'force') {
    log.warning(`Forced failover user request accepted${who}.`);
    manualFailover.canStart = true;
    state.doBeforeSleep(DUE.manualFailover);
  } else {
    log.warning(`Manual failover user request accepted${who}.`);
    send(core, myself.master!.link, newFrame(core, FRAME.mfStart, 0));
  }
}

/** On the master: one of its replicas wants to take over. */
export function hearFailoverStart(core: Core, sender: ClusterNode, link: NodeLink): void {
  const { state, log, nowMs } = core;
  if (sender.master !== state.myself) return;
  resetManualFailover(core);
  state.manualFailover.endMs = nowMs + LIMIT_MS;
  state.manualFailover.replica = sender;
  core.services.pauseWrites(nowMs + LIMIT_MS * PAUSE_FACTOR);
  log.warning(`Manual failover requested by replica ${sender.name}.`);
  sendHeartbeat(core, link, FRAME.ping);
}

/** On the replica: the master stands still at an offset. */
export function hearPausedOffset(core: Core, offset: number): void {
  const { state, log } = core;
  state.manualFailover.masterOffset = offset;
  state.doBeforeSleep(DUE.manualFailover);
  log.warning(`Received replication offset for paused master manual failover: ${offset}`);
}

export function endLateManualFailover(core: Core): void {
  const { endMs } = core.state.manualFailover;
  if (endMs === 0 || endMs >= core.nowMs) return;
  core.log.warning('Manual failover timed out.');
  resetManualFailover(core);
}

/** On the replica, ten times a second, and when something has happened that matters. */
export function stepManualFailover(core: Core): void {
  const { state, services, log } = core;
  const { manualFailover } = state;
  if (manualFailover.endMs === 0 || manualFailover.canStart || manualFailover.masterOffset < 0) return;
  if (manualFailover.masterOffset !== services.replicationOffset) return;
  manualFailover.canStart = true;
  log.warning('All master replication stream processed, manual failover can start.');
  state.doBeforeSleep(DUE.failover);
}
