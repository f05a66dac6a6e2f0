/** The checkers of a run, unless its maker chooses. */
import type { MakeChecker } from '../checker.ts';
import { Ground } from '../oracle/ground.ts';
import type { TopologyKind } from '../schedule.ts';
import { acknowledgementCheckers } from './acknowledged.ts';
import { clusterCheckers } from './cluster.ts';
import { historyCheckers } from './history.ts';
import { replicationCheckers } from './replication.ts';
import { sentinelCheckers } from './sentinel.ts';

/** Makers for one run: call this anew for the next. */
export function usualCheckers(kind: TopologyKind): MakeChecker[] {
  const ground = new Ground();
  const ofData = [
    ...replicationCheckers((witness) => (ground.witness = witness)),
    ...acknowledgementCheckers(ground),
    ...historyCheckers(ground),
  ];
  if (kind === 'sentinel') return [...ofData, ...sentinelCheckers()];
  return kind === 'cluster' ? [...ofData, ...clusterCheckers()] : ofData;
}
