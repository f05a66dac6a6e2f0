/**
 * The way down (server.c prepareForShutdown, finishShutdown): wait for replicas that lag behind, save if asked or if
 * save points are configured, close everything, in the order and with the log lines of redis-server.
 *
 * A client that says SHUTDOWN is answered only if nothing comes of it.
 */
import { mayBlock } from './blocking.ts';
import { PAUSE } from './pause.ts';
import type { Server } from './server.ts';
import type { Session } from './session.ts';

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

const MAY_NOT_WAIT = "ERR SHUTDOWN without NOW or ABORT isn't allowed for DENY BLOCKING client";

export class Shutdown {
  readonly #server: Server;
  /** Called when the server may go: the process exits, the embedder closes. */
  onReady: ((request: ShutdownRequest) => void) | null = null;
  /** Called when the server must stop at once and saves nothing: the process exits, the embedder closes. */
  onFailure: (() => void) | null = null;
  /**
   * Whether others have their turns while the dataset is saved, all clients waiting: where a signal can come that wants the
   * process to end without it.
   */
  savesInSlices = false;
  #begun = false;
  #isSaving = false;
  /** What waits for replicas, and until when, in Unix time. */
  #pending: { readonly request: ShutdownRequest; readonly deadlineMs: number } | null = null;
  /** What a signal asks for, until the cron comes by. */
  #signalled: ShutdownRequest | null = null;
  /** Clients that said SHUTDOWN. They are answered only if nothing comes of it. */
  readonly #clients = new Set<Session>();

  constructor(server: Server) {
    this.#server = server;
    server.cronDuties.push((nowMs) => this.#look(nowMs));
  }

  get inProgress(): boolean {
    return this.#begun || this.#isSaving || this.#pending !== null || this.#signalled !== null;
  }

  /** Whether all has been done that is done before the end. */
  get isOver(): boolean {
    return this.#begun;
  }

  /** Milliseconds until replicas are not waited for any longer, or null. */
  get remainingMs(): number | null {
    return this.#pending === null ? null : this.#pending.deadlineMs - this.#server.host.clock.wallMs();
  }

  /** A client says SHUTDOWN. @returns the error reply if it may not, else null: it waits for the end. */
  requestBy(session: Session, request: ShutdownRequest): string | null {
    if (!request.now && !mayBlock(session)) return MAY_NOT_WAIT;
    this.#clients.add(session);
    this.#server.blocking.block(session, {
      kind: 'shutdown',
      deadlineMs: 0,
      giveUp: null,
      leave: (client) => this.#clients.delete(client),
    });
    this.request(request);
    return null;
  }

  /** A signal asks for it: the cron begins. */
  signal(request: ShutdownRequest): void {
    this.#signalled ??= request;
  }

  /** Begins to shut down. */
  request(asked: ShutdownRequest): void {
    this.#signalled = null;
    if (this.inProgress) return;
    const { log, config, hooks, host, pause } = this.#server;
    // A sentinel has no dataset.
    const request = config.sentinel ? { ...asked, save: false, nosave: true } : asked;
    log.warning('User requested shutdown...');
    const timeoutSeconds = config.values['shutdown-timeout'];
    if (request.now || timeoutSeconds === 0 || hooks.replication === null || hooks.replication.isInSync) {
      this.#finish(request);
      return;
    }
    this.#pending = { request, deadlineMs: host.clock.wallMs() + timeoutSeconds * 1000 };
    if (!pause.isActive) hooks.replication.requestAcks();
    pause.begin('shutdown', Infinity, PAUSE.writes);
    log.notice('Waiting for replicas before shutting down.');
  }

  /** Whether those who were waited for are in sync, or it takes too long. */
  #look(nowMs: number): void {
    if (this.#signalled !== null) this.request(this.#signalled);
    const pending = this.#pending;
    if (pending === null) return;
    if (nowMs >= pending.deadlineMs || this.#server.hooks.replication?.isInSync === true) this.#finish(pending.request);
  }

  #finish(request: ShutdownRequest): void {
    const { persistence, hooks, pause } = this.#server;
    hooks.replication?.logLag();
    if (!this.savesInSlices) {
      this.#conclude(request, persistence.finish(request));
      return;
    }
    this.#pending = null;
    this.#isSaving = true;
    pause.begin('shutdown', Infinity, PAUSE.all);
    persistence.finishInSlices(request, (mayStop) => {
      this.#isSaving = false;
      this.#conclude(request, mayStop);
    });
  }

  /** What had to be saved is saved, or cannot be. */
  #conclude(request: ShutdownRequest, mayStop: boolean): void {
    const { log, config, hooks } = this.#server;
    if (!mayStop) {
      log.warning('Errors trying to shut down the server. Check the logs for more information.');
      this.#cancel();
      return;
    }
    this.#begun = true;
    this.#pending = null;
    if (config.values.pidfile !== '') log.notice('Removing the pid file.');
    if (config.values.unixsocket !== '') log.notice('Removing the unix socket file.');
    hooks.replication?.flush();
    log.warning(`${config.sentinel ? 'Sentinel' : 'Redis'} is now ready to exit, bye bye...`);
    this.onReady?.(request);
  }

  /** Nothing comes of it. */
  #cancel(): void {
    this.#pending = null;
    for (const session of this.#clients) {
      session.reply.error(FAILED);
      session.flushSoon();
      this.#server.blocking.unblock(session);
    }
    this.#server.pause.end('shutdown');
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
    if (this.#pending === null && this.#signalled === null) return 'ERR No shutdown in progress.';
    this.#signalled = null;
    this.#cancel();
    this.#server.log.notice('Shutdown manually aborted.');
    return null;
  }
}
