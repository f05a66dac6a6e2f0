/**
 * A replica of a master that has several goes to one that has lost its last. Of all that could, the one with the smallest id
 * does; and only after the master has been without for some seconds, since after a failover its own replicas are on their way.
 */
import type { Core } from './core.ts';
import { followNode } from './roles.ts';
import { type ClusterNode, NODE } from './state.ts';

const ORPHANED_MS = 5000;

/** What the cron has counted. */
export interface ReplicaCounts {
  /** Masters without a working replica that should have one. */
  orphanedMasters: number;
  /** Working replicas of the master that has most. */
  most: number;
  /** Those of our own master. */
  ours: number;
}

/** Counts one master in. */
export function countReplicas(core: Core, node: ClusterNode, counts: ReplicaCounts): void {
  if (!node.isMaster || node.isFailing) return;
  const { workingReplicas } = node;
  if (workingReplicas === 0 && node.slotCount > 0 && node.has(NODE.migrateTo)) counts.orphanedMasters++;
  counts.most = Math.max(counts.most, workingReplicas);
  if (core.state.myself.master === node) counts.ours = workingReplicas;
}

export function migrateIfWanted(core: Core, counts: ReplicaCounts): void {
  const { state, settings, log, nowMs } = core;
  const { myself } = state;
  if (!settings.allowReplicaMigration || counts.orphanedMasters === 0) return;
  if (counts.most < 2 || counts.ours !== counts.most || !state.isOk || myself.master === null) return;
  let left = 0;
  for (const replica of myself.master.replicas) if (!replica.has(NODE.fail | NODE.pfail)) left++;
  if (left <= settings.migrationBarrier) return;
  const { target, candidate } = choose(core, counts.most);
  if (target === null || candidate !== myself || nowMs - target.orphanedMs <= ORPHANED_MS) return;
  log.warning(`Migrating to orphaned master ${target.name}`);
  followNode(core, target);
}

function choose({ state, nowMs }: Core, most: number): { target: ClusterNode | null; candidate: ClusterNode } {
  let target: ClusterNode | null = null;
  let candidate = state.myself;
  for (const node of state.nodes.values()) {
    const { workingReplicas } = node;
    if (node.isReplica || node.isFailing || !node.has(NODE.migrateTo) || workingReplicas > 0) node.orphanedMs = 0;
    else {
      if (node.slotCount > 0) target ??= node;
      if (node.orphanedMs === 0) node.orphanedMs = nowMs;
    }
    if (!node.isMaster || workingReplicas !== most) continue;
    for (const replica of node.replicas) if (replica.name < candidate.name) candidate = replica;
  }
  return { target, candidate };
}
