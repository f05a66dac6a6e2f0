/** What CONFIG SET of `cluster-*` parameters changes at once: what this node says of itself. */
import type { Config } from '../server/config/config.ts';
import type { Cluster } from './cluster.ts';
import { updateIp, updateMyself, updatePorts } from './myself.ts';

const OF_MYSELF = [
  'cluster-announce-ip',
  'cluster-announce-hostname',
  'cluster-announce-port',
  'cluster-announce-tls-port',
  'cluster-announce-bus-port',
  'cluster-replica-no-failover',
] as const;

export function wireClusterConfig(cluster: Cluster, config: Config): void {
  let announcedIp = cluster.settings.announceIp;
  const update = (): null => {
    cluster.turn(() => {
      updatePorts(cluster);
      updateMyself(cluster);
      updateIp(cluster, announcedIp);
    });
    announcedIp = cluster.settings.announceIp;
    return null;
  };
  for (const name of OF_MYSELF) config.onChange(name, update);
}
