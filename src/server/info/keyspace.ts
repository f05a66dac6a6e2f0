/** INFO keyspace: the databases that hold keys. */
import type { Server } from '../server.ts';

export function keyspaceInfo({ keyspace }: Server): string[] {
  return keyspace.databases
    .filter(({ size }) => size > 0)
    .map(({ index, size, volatileSize, averageTtlMs }) => {
      return `db${index}:keys=${size},expires=${volatileSize},avg_ttl=${Math.floor(averageTtlMs)}`;
    });
}
