/**
 * `bootServer`: a server on whatever host it is given. It is what a node of a simulated world runs:
 *
 *   const world = new World({ seed: 42 });
 *   world.boot('redis', bootServer({ config: { maxmemory: '1mb' } }));
 *
 * Nothing is returned: the server lives and dies with its node, and is spoken to over the node's network.
 */
import type { Host } from '../host/host.ts';
import { startUp } from '../server/start-up.ts';
import { ResplicaError } from './errors.ts';
import { checkOptions, type ServerOptions } from './options.ts';
import { composeServer } from './server.ts';

export type BootServerOptions = Pick<ServerOptions, 'host' | 'port' | 'password' | 'config'>;

const PORT = 6379;

/** By default it listens on port 6379 of all addresses, and lets everybody in. */
export function bootServer(options: BootServerOptions = {}): (host: Host) => void {
  const { host: address = '0.0.0.0', port = PORT, config = {}, ...others } = options;
  const all = { ...others, host: address, port, config: { 'protected-mode': false, ...config } };
  checkOptions(all);
  return (host) => {
    const server = composeServer(host, all);
    server.shutdown.onFailure = (): void => server.close(() => {});
    startUp(server, { anyPort: false, terminal: false, withoutConfiguration: null }, (error) => {
      if (error !== null) throw new ResplicaError('ERR_CANNOT_LISTEN', error);
    });
  };
}
