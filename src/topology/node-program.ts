/**
 * What runs on a node: which configuration it starts from, and how a process is made of it. Topologies differ in their
 * programs; a `NodeHandle` starts, kills and starts any of them again.
 */
import type { Host } from '../host/host.ts';
import type { ChunkCache } from '../lua/compiler/chunk-cache.ts';
import { userLineCheck } from '../server/acl/user-lines.ts';
import { CommandTable } from '../server/command-table.ts';
import { ConfigError } from '../server/config/config-error.ts';
import { Config } from '../server/config/config.ts';
import { loadConfiguration } from '../server/config/grammar.ts';
import type { Server } from '../server/server.ts';
import { startUp } from '../server/start-up.ts';
import { configText, type ServerOptions } from './options.ts';
import { DirectClients } from './direct-client.ts';
import { composeSentinel, openSentinel, sentinelCommands } from './compose-sentinel.ts';
import { ResplicaError } from './errors.ts';
import type { SentinelPace } from './replica-set-options.ts';
import { composeServer, textOf } from './server.ts';

export type NodeRole = 'master' | 'replica' | 'sentinel';

export interface NodeProgram {
  /** Name of the configuration file in the node's directory. */
  readonly fileName: string;
  /** What the file says before the first start. Later it is what the process made of it. */
  readonly configuration: string;
  /** Other files that are there before the first start, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** A process that has opened nothing yet. @throws ResplicaError ERR_BAD_CONFIG */
  compose(host: Host, file: string): Server;
  /** `done` with null when it accepts connections, or with what the log says about the matter. */
  open(server: Server, done: (error: string | ResplicaError | null) => void): void;
  role(server: Server): NodeRole;
  /** Before it is started. */
  readonly initialRole: NodeRole;
}

const START_UP = { anyPort: false, terminal: false, withoutConfiguration: null } as const;

/** A server: a master or a replica. @param chunks compiled scripts that the nodes share. */
export function serverProgram(options: ServerOptions, chunks?: ChunkCache): NodeProgram {
  return {
    fileName: 'redis.conf',
    configuration: `${configText(options)}\n`,
    compose: (host, file) => composeServer(host, options, file, chunks),
    open: (server, done) => startUp(server, START_UP, done),
    initialRole: options.replicaOf === undefined ? 'master' : 'replica',
    role: (server) => (server.hooks.replication?.isReplica === true ? 'replica' : 'master'),
  };
}

/** A sentinel. */
export function sentinelProgram(configuration: string, pace: SentinelPace): NodeProgram {
  return {
    fileName: 'sentinel.conf',
    configuration,
    compose: composeSentinelFromFile,
    open: (server, done) => {
      if (pace.hz !== null) server.hooks.sentinel!.hz = pace.hz;
      openSentinel(server, START_UP, (error) => {
        if (error !== null) done(error instanceof ConfigError ? badSentinelConfig(error) : error);
        else if (pace.periods.length === 0) done(null);
        else {
          const hurry = new DirectClients(server).execute(['SENTINEL', 'DEBUG', ...pace.periods], false);
          hurry.then(
            () => done(null),
            (reason: Error) => done(reason.message),
          );
        }
      });
    },
    initialRole: 'sentinel',
    role: () => 'sentinel',
  };
}

function composeSentinelFromFile(host: Host, file: string): Server {
  const config = new Config({
    disk: host.disk,
    workingDirectory: host.system.workingDirectory,
    sentinel: true,
    file,
  });
  const commands = new CommandTable(sentinelCommands);
  const checks = {
    renameCommand: (from: string, to: string): string | null => commands.rename(from, to),
    user: userLineCheck(commands, config),
  };
  try {
    const directives = loadConfiguration(config, { stdin: null, options: null }, checks);
    return composeSentinel({ host, config, directives });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw badSentinelConfig(error);
  }
}

function badSentinelConfig(error: ConfigError): ResplicaError {
  const text = textOf(error.message).trim();
  return new ResplicaError('ERR_BAD_CONFIG', `Option "sentinelConfig" is not valid: ${text}`, { cause: error });
}
