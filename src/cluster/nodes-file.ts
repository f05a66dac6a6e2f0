/**
 * The file that keeps what a node knows of its cluster. It is replaced as a whole, so that a crash leaves the old one or
 * the new one: a node that came back without it would be somebody else.
 */
import { latin1Of } from '../core/latin1.ts';
import { DiskError } from '../host/host.ts';
import { replaceFile } from '../host/replace-file.ts';
import type { Server } from '../server/server.ts';
import { configText, CorruptNodesError, parseNodes } from './nodes-conf.ts';
import type { ClusterState } from './state.ts';

export class NodesFile {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  get #path(): string {
    const { config } = this.#server;
    return config.path(config.values['cluster-config-file']);
  }

  /**
   * @returns what the file says, or null if there is none or it is empty.
   * @throws an Error whose message is what the log ends with.
   */
  load(nowMs: number): ClusterState | null {
    const { log, config, persistence } = this.#server;
    const name = config.values['cluster-config-file'];
    try {
      const bytes = persistence.disk.read(this.#path);
      const text = bytes === null ? '' : latin1Of(bytes, 0, bytes.length);
      return parseNodes(text, nowMs, (line) => log.warning(line));
    } catch (error) {
      if (error instanceof CorruptNodesError) throw error;
      if (!(error instanceof DiskError)) throw error;
      throw new Error(`Loading the cluster node config from ${name}: ${error.message}`, { cause: error });
    }
  }

  /** @returns what the system says went wrong, or null. */
  save(state: ClusterState): string | null {
    const { persistence, host } = this.#server;
    const content = Buffer.from(configText(state), 'latin1');
    try {
      replaceFile(persistence.disk, this.#path, content, `.${host.system.pid}.tmp`);
      return null;
    } catch (error) {
      if (error instanceof DiskError) return error.message;
      throw error;
    }
  }
}
