/** Begin and end of a manual failover, on either side of it. What happens between: manual-failover.ts. */
import type { Core } from './core.ts';

/** Whatever the outcome: writes go on. */
export function resetManualFailover(core: Core): void {
  const { manualFailover } = core.state;
  if (manualFailover.replica !== null) core.services.resumeWrites();
  manualFailover.endMs = 0;
  manualFailover.canStart = false;
  manualFailover.replica = null;
  manualFailover.masterOffset = -1;
}
