/** A server with everything that belongs to it, from all floors. Whoever starts one, binary or embedder, makes it here. */
import type { Family } from '../commands/row.ts';
import { attachCluster } from '../cluster/attach.ts';
import { clusterCommands } from '../cluster/commands/cluster-commands.ts';
import { attachReplication } from '../replication/attach.ts';
import { replicationCommands } from '../replication/commands.ts';
import type { Call } from '../server/call.ts';
import { standaloneFamilies } from '../server/families.ts';
import { Server, type ServerOptions } from '../server/server.ts';

/** The commands of a server. */
export const serverFamilies = [
  ...standaloneFamilies,
  ...replicationCommands,
  clusterCommands,
] as readonly Family<Call>[] as readonly Family[];

export function composeNode(options: Omit<ServerOptions, 'families'>): Server {
  const server = new Server({ ...options, families: serverFamilies });
  const replication = attachReplication(server);
  if (server.config.values['cluster-enabled']) attachCluster(server, replication);
  return server;
}
