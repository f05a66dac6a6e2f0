/** The keys of a slot, as the cluster deals with them. */
import { NONE } from '../data/heap.ts';
import type { Server } from '../server/server.ts';

export function countKeysInSlot({ keyspace }: Server, slot: number): number {
  return keyspace.databases[0]!.slots?.count(slot) ?? 0;
}

/**
 * Removes what is left of a slot that belongs to another node now. Replicas and files are told, as redis-server does from
 * 7.2 on: a master that has other slots stays one, and would differ from its replicas for ever.
 * @returns how many keys there were.
 */
export function deleteKeysInSlot(server: Server, slot: number): number {
  const database = server.keyspace.databases[0]!;
  const { slots } = database;
  if (slots === null) return 0;
  let count = 0;
  for (let entry = slots.newest(slot); entry !== NONE; entry = slots.newest(slot)) {
    const key = database.keyOf(entry);
    database.remove(entry, 'server');
    server.keyModified(database, key, 0, key.length);
    server.propagation.deletion(database.index, key, server.config.values['lazyfree-lazy-server-del']);
    count++;
  }
  server.countChanges(count);
  return count;
}
