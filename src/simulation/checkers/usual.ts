/** The checkers of a run, unless its maker chooses. */
import type { MakeChecker } from '../checker.ts';
import type { Witness } from '../oracle/witness.ts';
import type { TopologyKind } from '../schedule.ts';
import { historyCheckers } from './history.ts';
import { replicationCheckers } from './replication.ts';

/** Makers for one run: call this anew for the next. */
export function usualCheckers(_kind: TopologyKind): MakeChecker[] {
  let witness: Witness | null = null;
  return [...replicationCheckers((made) => (witness = made)), ...historyCheckers(() => witness!)];
}
