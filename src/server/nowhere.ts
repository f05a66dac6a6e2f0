/** The connection of those who have none: scripts, the player of append-only files, a node that is dead. */
import type { Connection } from '../host/host.ts';

const HERE = { kind: 'tcp', host: '', port: 0 } as const;

/** Takes everything, leads nowhere. */
export const NOWHERE: Connection = {
  local: HERE,
  remote: HERE,
  queuedBytes: 0,
  write: () => true,
  pause: () => {},
  resume: () => {},
  end: () => {},
  destroy: () => {},
  reset: () => {},
  keepAlive: () => {},
  noDelay: () => {},
};
