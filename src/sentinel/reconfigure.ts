/**
 * Telling a server whom to follow. It is one transaction: the new role, the file rewritten to outlive a restart, and the
 * clients sent away, so that they come back and ask where the master is. What comes of it is seen by INFO.
 */
import { announcedHost } from './addresses.ts';
import { commandName, ignoreReply, usableConnection } from './connecting.ts';
import type { Machine } from './machine.ts';
import type { Instance, InstanceAddress } from './state.ts';

/** @param address the master to follow, null to be one. @returns false if there is no connection. */
export function sendReplicaOf(machine: Machine, server: Instance, address: InstanceAddress | null): boolean {
  const connection = usableConnection(server);
  if (connection === null) return false;
  const target = address === null ? ['NO', 'ONE'] : [announcedHost(machine.state, address), String(address.port)];
  const client = commandName(server, 'CLIENT');
  const transaction = [
    [commandName(server, 'MULTI')],
    [commandName(server, 'SLAVEOF'), ...target],
    [commandName(server, 'CONFIG'), 'REWRITE'],
    [client, 'KILL', 'TYPE', 'normal'],
    [client, 'KILL', 'TYPE', 'pubsub'],
    [commandName(server, 'EXEC')],
  ];
  for (const command of transaction) connection.send(command, ignoreReply);
  return true;
}
