/** Closing and releasing the connections to an instance; making them is in connecting.ts. */
import type { Instance, InstanceLink, LinkConnection } from './state.ts';

/** Closes one of the connections of a link; the next tick makes it anew. */
export function closeConnection(link: InstanceLink, connection: LinkConnection | null): void {
  if (connection === null) return;
  if (link.cc === connection) link.cc = null;
  if (link.pc === connection) link.pc = null;
  link.disconnected = true;
  connection.close();
}

export function closeLink(link: InstanceLink): void {
  closeConnection(link, link.cc);
  closeConnection(link, link.pc);
}

/** One instance less uses the link. */
export function releaseLink(link: InstanceLink): void {
  if (--link.refcount === 0) closeLink(link);
}

/** Other credentials: the connections to the master and its replicas are made anew. */
export function dropServerConnections(master: Instance): void {
  closeLink(master.link);
  for (const replica of master.replicas.values()) closeLink(replica.link);
}

/** The connections to all other sentinels are made anew. */
export function dropSentinelConnections(masters: Iterable<Instance>): void {
  for (const master of masters) {
    for (const sentinel of master.sentinels.values()) if (!sentinel.link.disconnected) closeLink(sentinel.link);
  }
}
