/**
 * What a node does ten times a second: keeps a link to every other node, asks those that have been silent for a while, takes
 * those for unreachable that do not answer in time, and goes on with failovers.
 */
import { FRAME } from './bus/layout.ts';
import { updateClusterState } from './cluster-state.ts';
import type { Core } from './core.ts';
import { stepElection } from './election.ts';
import { handshakeLimitMs } from './handshake.ts';
import { sendHeartbeat } from './heartbeat.ts';
import { endLateManualFailover, stepManualFailover } from './manual-failover.ts';
import { updateHostname } from './myself.ts';
import { countReplicas, migrateIfWanted, type ReplicaCounts } from './replica-migration.ts';
import { type ClusterNode, NODE, type NodeLink } from './state.ts';

/** Runs between two PINGs to a random node. */
const RUNS_PER_SAMPLE = 10;
const SAMPLES = 5;

/** @param run number of this run. */
export function runCron(core: Core, run: number): void {
  const { state } = core;
  updateHostname(core);
  keepLinks(core);
  if (run % RUNS_PER_SAMPLE === 0) pingSilentSample(core);
  const counts: ReplicaCounts = { orphanedMasters: 0, most: 0, ours: 0 };
  let isChanged = false;
  for (const node of state.nodes.values()) {
    if (node.has(NODE.myself | NODE.noAddress | NODE.handshake)) continue;
    if (state.myself.isReplica) countReplicas(core, node, counts);
    if (lookAfter(core, node)) isChanged = true;
  }
  followMaster(core);
  endLateManualFailover(core);
  if (state.myself.isReplica) {
    stepManualFailover(core);
    stepElection(core);
    if (state.myself.isReplica) migrateIfWanted(core, counts);
  }
  if (isChanged || !state.isOk) updateClusterState(core);
}

function keepLinks(core: Core): void {
  const { state, services, nowMs } = core;
  const limitMs = handshakeLimitMs(core);
  state.pfailCount = 0;
  for (const node of state.nodes.values()) {
    endOverfullLink(core, node.link);
    endOverfullLink(core, node.inboundLink);
    if (node.has(NODE.myself | NODE.noAddress)) continue;
    if (node.has(NODE.pfail)) state.pfailCount++;
    if (node.has(NODE.handshake) && nowMs - node.createdMs > limitMs) state.remove(node);
    else if (node.link === null) {
      if (node.ip !== '') services.connect(node);
      else if (node.pingSentMs === 0) node.pingSentMs = nowMs;
    }
  }
}

/** A node that does not read what it is sent must not cost us memory. */
function endOverfullLink({ state, settings, log }: Core, link: NodeLink | null): void {
  const limit = settings.linkBufferLimitBytes;
  if (link === null || limit === 0 || link.queuedBytes <= limit) return;
  log.warning(
    `Freeing cluster link(${link.direction} node ${link.node?.name ?? ''}, used memory: ${link.queuedBytes}) due to exceeding send buffer memory limit.`,
  );
  link.close();
  state.messages.linksBufferLimitExceeded++;
}

/** Of a few nodes, the one that has been silent for longest. */
function pingSilentSample(core: Core): void {
  const { state, random, log } = core;
  const all = [...state.nodes.values()];
  let longest: ClusterNode | null = null;
  for (let i = 0; i < SAMPLES; i++) {
    const node = all[random.below(all.length)]!;
    if (node.link === null || node.pingSentMs !== 0 || node.has(NODE.myself | NODE.handshake)) continue;
    if (longest === null || node.pongReceivedMs < longest.pongReceivedMs) longest = node;
  }
  if (longest === null) return;
  log.debug(`Pinging node ${longest.name}`);
  sendHeartbeat(core, longest.link!, FRAME.ping);
}

/** @returns whether it is taken for unreachable from now on. */
function lookAfter(core: Core, node: ClusterNode): boolean {
  const { state, settings, log, nowMs } = core;
  const { nodeTimeoutMs } = settings;
  const pingDelayMs = nowMs - node.pingSentMs;
  const silenceMs = nowMs - node.dataReceivedMs;
  const isOverdue = node.pingSentMs !== 0 && pingDelayMs > nodeTimeoutMs / 2 && silenceMs > nodeTimeoutMs / 2;
  // The link may be at fault, not the node.
  if (isOverdue && node.link !== null && nowMs - node.link.createdMs > nodeTimeoutMs) node.link.close();
  const { link } = node;
  if (link !== null && node.pingSentMs === 0 && nowMs - node.pongReceivedMs > nodeTimeoutMs / 2) {
    sendHeartbeat(core, link, FRAME.ping);
    return false;
  }
  const { manualFailover, myself } = state;
  if (link !== null && manualFailover.endMs !== 0 && myself.isMaster && manualFailover.replica === node) {
    sendHeartbeat(core, link, FRAME.ping);
    return false;
  }
  if (node.pingSentMs === 0 || node.has(NODE.pfail | NODE.fail)) return false;
  // Anything that comes shows that it lives: under load answers may be late.
  if (Math.min(pingDelayMs, silenceMs) <= nodeTimeoutMs) return false;
  log.debug(`*** NODE ${node.name} possibly failing`);
  node.set(NODE.pfail);
  core.note({ kind: 'unreachable', node: node.name });
  return true;
}

/** A replica that has just been started, or that did not know where its master is. */
function followMaster({ state, services }: Core): void {
  const { master, isReplica } = state.myself;
  if (!isReplica || services.isFollowing || master === null) return;
  if (!master.has(NODE.noAddress) && master.ip !== '') services.follow(master.ip, master.port);
}
