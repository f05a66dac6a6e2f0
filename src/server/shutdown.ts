/**
 * The way down (server.c prepareForShutdown, finishShutdown): wait for replicas that lag behind, save if asked or if
 * save points are configured, close everything, in the order and with the log lines of redis-server.
 *
 * Replication and persistence take part through hooks. Without them nothing can delay or refuse a shutdown.
 */
import type { Server } from './server.ts';

export interface ShutdownRequest {
  readonly save: boolean;
  readonly nosave: boolean;
  /** Do not wait for replicas. */
  readonly now: boolean;
  /** Go down whatever fails. */
  readonly force: boolean;
}

export const PLAIN_SHUTDOWN: ShutdownRequest = { save: false, nosave: false, now: false, force: false };
const FAILED = 'ERR Errors trying to SHUTDOWN. Check logs.';

export class Shutdown {
  readonly #server: Server;
  /** Called when the server may go: the process exits, the embedder closes. */
  onReady: ((request: ShutdownRequest) => void) | null = null;
  /** Called when the server must stop at once and saves nothing: the process exits, the embedder closes. */
  onFailure: (() => void) | null = null;
  #begun = false;

  constructor(server: Server) {
    this.#server = server;
  }

  get inProgress(): boolean {
    return this.#begun;
  }

  /** @returns null when the server is going down, or the error reply for who asked. */
  request(request: ShutdownRequest): string | null {
    if (this.#begun) return null;
    const { log, persistence, config } = this.#server;
    log.warning('User requested shutdown...');
    if (!persistence.finish(request)) {
      log.warning('Errors trying to shut down the server. Check the logs for more information.');
      return FAILED;
    }
    this.#begun = true;
    if (config.values.pidfile !== '') log.notice('Removing the pid file.');
    if (config.values.unixsocket !== '') log.notice('Removing the unix socket file.');
    log.warning('Redis is now ready to exit, bye bye...');
    this.onReady?.(request);
    return null;
  }

  /** Something happened after which the server must not go on. @param reason the last line of its log. */
  fail(reason: string): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#server.log.warning(reason);
    this.onFailure?.();
  }

  /** SHUTDOWN ABORT. @returns null, or the error reply. */
  abort(): string | null {
    return 'ERR No shutdown in progress.';
  }
}
