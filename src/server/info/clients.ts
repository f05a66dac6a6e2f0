/** INFO clients: how many there are, and what state they are in. */
import { SESSION } from '../session.ts';
import type { Server } from '../server.ts';

export function clientsInfo(server: Server): string[] {
  let connected = 0;
  let blocked = 0;
  let tracking = 0;
  for (const session of server.sessions.values()) {
    if (!session.has(SESSION.replica | SESSION.internal)) connected++;
    if (session.has(SESSION.blocked)) blocked++;
    if (session.has(SESSION.tracking)) tracking++;
  }
  return [
    `connected_clients:${connected}`,
    'cluster_connections:0',
    `maxclients:${server.config.values.maxclients}`,
    `client_recent_max_input_buffer:${server.clientPeaks.input}`,
    `client_recent_max_output_buffer:${server.clientPeaks.output}`,
    `blocked_clients:${blocked}`,
    `tracking_clients:${tracking}`,
    'clients_in_timeout_table:0',
  ];
}
