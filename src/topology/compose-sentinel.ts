/** A sentinel with everything that belongs to it, from all floors: for the binary, for topologies, for simulated worlds. */
import { attachSentinel, configFileProblem } from '../sentinel/attach.ts';
import type { SentinelNode } from '../sentinel/commands/node.ts';
import { sentinelFamilies } from '../sentinel/commands/table.ts';
import { ConfigError } from '../server/config/config-error.ts';
import { Server, type ServerOptions } from '../server/server.ts';
import { startUp, type StartUpOptions } from '../server/start-up.ts';
import { serverFamilies } from './compose.ts';

export interface SentinelOptions extends Omit<ServerOptions, 'families'> {
  /** SENTINEL SIMULATE-FAILURE ends the process with this status; by default the server closes. */
  readonly exit?: (code: number) => void;
}

/** Made only to be looked at: names, arities, flags. Its commands cannot be called. */
export const sentinelCommands = sentinelFamilies(serverFamilies, () => {
  throw new Error('no sentinel belongs to these commands');
});

/** @param options `config` is made with `sentinel: true` */
export function composeSentinel(options: SentinelOptions): Server {
  const { exit, ...others } = options;
  const node: { current: SentinelNode | null } = { current: null };
  const families = sentinelFamilies(serverFamilies, () => node.current!);
  const server = new Server({ ...others, families });
  server.log.role = 'X';
  node.current = attachSentinel(server, { exit: exit ?? ((): void => server.shutdown.onFailure?.()) });
  return server;
}

/**
 * Opens a sentinel.
 * @param done called once: with null when it listens, with a ConfigError for what the configuration says wrongly, or
 *   with the text that the log ends with.
 */
export function openSentinel(
  server: Server,
  options: StartUpOptions,
  done: (error: ConfigError | string | null) => void,
): void {
  server.hooks.sentinel!.load((error) => {
    if (error !== null && !(error instanceof ConfigError)) throw error;
    const problem = error ?? configFileProblem(server);
    if (problem === null) {
      startUp(server, options, done);
      return;
    }
    if (typeof problem === 'string') server.log.warning(problem);
    done(problem);
  });
}
