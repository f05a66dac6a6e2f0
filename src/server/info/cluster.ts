/** INFO cluster. */
import type { Server } from '../server.ts';

export function clusterInfo({ config }: Server): string[] {
  return [`cluster_enabled:${config.values['cluster-enabled'] ? 1 : 0}`];
}
