/** INFO persistence. */
import type { Server } from '../server.ts';

export function persistenceInfo(server: Server): string[] {
  return server.persistence.infoLines();
}
