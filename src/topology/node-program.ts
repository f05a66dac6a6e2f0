/**
 * What runs on a node: which configuration it starts from, and how a process is made of it. Topologies differ in their
 * programs; a `NodeHandle` starts, kills and starts any of them again.
 */
import type { Host } from '../host/host.ts';
import type { Server } from '../server/server.ts';
import { startUp } from '../server/start-up.ts';
import { configText, type ServerOptions } from './options.ts';
import { composeServer } from './server.ts';

export type NodeRole = 'master' | 'replica' | 'sentinel';

export interface NodeProgram {
  /** Name of the configuration file in the node's directory. */
  readonly fileName: string;
  /** What the file says before the first start. Later it is what the process made of it. */
  readonly configuration: string;
  /** A process that has opened nothing yet. @throws ResplicaError ERR_BAD_CONFIG */
  compose(host: Host, file: string): Server;
  /** `done` with null when it accepts connections, or with what the log says about the matter. */
  open(server: Server, done: (error: string | null) => void): void;
  role(server: Server): NodeRole;
  /** Before it is started. */
  readonly initialRole: NodeRole;
}

/** A server: a master or a replica. */
export function serverProgram(options: ServerOptions): NodeProgram {
  return {
    fileName: 'redis.conf',
    configuration: `${configText(options)}\n`,
    compose: (host, file) => composeServer(host, options, file),
    open: (server, done) => startUp(server, { anyPort: false, terminal: false, withoutConfiguration: null }, done),
    initialRole: options.replicaOf === undefined ? 'master' : 'replica',
    role: (server) => (server.hooks.replication?.isReplica === true ? 'replica' : 'master'),
  };
}
