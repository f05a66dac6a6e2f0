/** All scenarios, by name. */
import { lastFailoverWins, minorityWindow, replicaMigration } from './of-clusters.ts';
import {
  oneReplicaAtLeast,
  pairWithLowQuorum,
  sentinelPartition,
  twoReplicasAtLeast,
  waitUnderPartition,
} from './of-sentinels.ts';
import type { Scenario } from './scenario.ts';

export const scenarios: readonly Scenario[] = [
  sentinelPartition,
  oneReplicaAtLeast,
  twoReplicasAtLeast,
  waitUnderPartition,
  pairWithLowQuorum,
  minorityWindow,
  lastFailoverWins,
  replicaMigration,
];
