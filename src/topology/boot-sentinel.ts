/**
 * `bootSentinel`: a sentinel on whatever host it is given, a node of a simulated world for instance:
 *
 *   world.boot('sentinel', bootSentinel({ masters: [{ name: 'mymaster', host: '10.0.0.1', quorum: 2 }] }));
 *
 * It keeps its state in a file on the node's disk. The options are that file's first text; a node that is booted again
 * goes on from what the file says by then.
 */
import { bytesOf } from '../core/latin1.ts';
import type { Host } from '../host/host.ts';
import { replaceFile } from '../host/replace-file.ts';
import { Config } from '../server/config/config.ts';
import { ConfigError } from '../server/config/config-error.ts';
import { loadConfiguration } from '../server/config/grammar.ts';
import type { Server } from '../server/server.ts';
import { composeSentinel, openSentinel } from './compose-sentinel.ts';
import { ResplicaError } from './errors.ts';
import { checkSentinelOptions, type SentinelConfiguration, sentinelText } from './sentinel-options.ts';

export type { SentinelConfiguration };

const FILE = 'sentinel.conf';

/** By default it listens on port 26379 of all addresses. */
export function bootSentinel(options: SentinelConfiguration): (host: Host) => void {
  checkSentinelOptions(options);
  return (host) => {
    const { disk, system } = host;
    const path = `${system.workingDirectory}/${FILE}`;
    if (disk.stat(path) === null) replaceFile(disk, path, bytesOf(sentinelText(options)), '.new');
    const server = makeSentinel(host, path);
    server.shutdown.onFailure = (): void => server.close(() => {});
    server.shutdown.onReady = (): void => server.close(() => {});
    openSentinel(server, { anyPort: false, terminal: false, withoutConfiguration: null }, (error) => {
      if (error instanceof ConfigError) throw badConfiguration(error);
      if (error !== null) throw new ResplicaError('ERR_CANNOT_LISTEN', error);
    });
  };
}

/** A sentinel as a file on the host's disk describes it; nothing is opened yet. @throws ResplicaError ERR_BAD_CONFIG */
export function makeSentinel(host: Host, file: string): Server {
  const config = new Config({ disk: host.disk, workingDirectory: host.system.workingDirectory, sentinel: true, file });
  try {
    return composeSentinel({ host, config, directives: loadConfiguration(config, { stdin: null, options: null }) });
  } catch (error) {
    throw error instanceof ConfigError ? badConfiguration(error) : error;
  }
}

function badConfiguration(error: ConfigError): ResplicaError {
  return new ResplicaError('ERR_BAD_CONFIG', `The configuration of a sentinel is not valid: ${error.message.trim()}`, {
    cause: error,
  });
}
