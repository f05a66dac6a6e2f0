/** Makes a server a node of a cluster. To be called once, before the server starts, if `cluster-enabled` says so. */
import type { Replication } from '../replication/replication.ts';
import { CONDITION } from '../server/gates.ts';
import type { Server } from '../server/server.ts';
import { Cluster } from './cluster.ts';
import { wireClusterConfig } from './config-wiring.ts';
import { provideClusterDebugCommands } from './debug-commands.ts';
import { NodesFile } from './nodes-file.ts';
import { Router } from './router.ts';
import { WaitingClients } from './waiting-clients.ts';

export function attachCluster(server: Server, replication: Replication): Cluster {
  const cluster = new Cluster(server, replication, new NodesFile(server));
  const router = new Router(server, cluster);
  const waiting = new WaitingClients(server, router);
  server.hooks.cluster = cluster;
  server.hooks.router = router;
  server.setCondition(CONDITION.cluster, true);
  server.keyspace.databases[0]!.indexSlots();
  server.cronDuties.push((nowMs) => waiting.redirect(nowMs));
  provideClusterDebugCommands(cluster);
  wireClusterConfig(cluster, server.config);
  return cluster;
}
