/** INFO clients: how many there are, and what state they are in. */
import { SESSION } from '../session.ts';
import type { Server } from '../server.ts';

export function clientsInfo(server: Server): string[] {
  const { clients, blocking } = server;
  let replicas = 0;
  for (const session of server.sessions.values()) if (session.has(SESSION.replica)) replicas++;
  return [
    `connected_clients:${clients.count - replicas}`,
    `cluster_connections:${clients.clusterConnections}`,
    `maxclients:${server.config.values.maxclients}`,
    `client_recent_max_input_buffer:${server.clientPeaks.input}`,
    `client_recent_max_output_buffer:${server.clientPeaks.output}`,
    `blocked_clients:${blocking.count}`,
    `tracking_clients:${server.tracking.clientCount}`,
    `clients_in_timeout_table:${blocking.withDeadline}`,
  ];
}
