/**
 * maxmemory-clients: when the memory of all clients together is too much, the largest are closed (networking.c
 * evictClients).
 *
 * The limit is a number of bytes or a share of maxmemory. Each client's cost is what CLIENT LIST calls tot-mem; the
 * sum is kept up to date as clients read, write, queue, watch and subscribe, which costs something only while there is
 * a limit: this one or maxmemory, against which clients count too. Clients that called CLIENT NO-EVICT count, but stay;
 * replicas and masters do neither.
 */
import { clientInfo, restingMemory, totalMemory } from './client-info.ts';
import type { Server } from './server.ts';
import { SESSION, type Session } from './session.ts';

/** With less than this nobody could talk to the server at all. */
const LIMIT_BYTES_MIN = 128 * 1024;
const UNCOUNTED = SESSION.replica | SESSION.master | SESSION.internal;

export class ClientEviction {
  readonly #server: Server;
  #limitBytes = 0;
  /** Of all clients that count; kept while `isCounting`. */
  totalBytes = 0;
  /** Whether the sum is wanted. */
  isCounting = false;

  constructor(server: Server) {
    this.#server = server;
  }

  get isOn(): boolean {
    return this.#limitBytes > 0;
  }

  /** Follows the configuration: bytes, or negative for percents of maxmemory, or 0. */
  configure(maxmemoryClients: number, maxmemory: number): void {
    const share = Math.floor((maxmemory * -maxmemoryClients) / 100);
    const bytes = maxmemoryClients < 0 && maxmemory > 0 ? share : maxmemoryClients;
    this.#limitBytes = bytes > 0 ? Math.max(LIMIT_BYTES_MIN, bytes) : 0;
    this.isCounting = this.isOn || maxmemory > 0;
    for (const session of this.#server.sessions.values()) this.count(session);
  }

  /** Brings the sum up to date with what a client costs now. Those that stay anyway are left to the cron. */
  update(session: Session): void {
    if (!session.has(SESSION.noEvict)) this.count(session);
  }

  /** As `update`, for every client: one that stays counts as it is between its requests. */
  count(session: Session): void {
    const counts = this.isCounting && !session.has(UNCOUNTED | SESSION.closed | SESSION.closing);
    const bytes = counts ? (session.has(SESSION.noEvict) ? restingMemory(session) : totalMemory(session)) : 0;
    this.totalBytes += bytes - session.countedBytes;
    session.countedBytes = bytes;
  }

  /** Closes clients, the largest first, until the others are within the limit. */
  evict(): void {
    if (this.totalBytes < this.#limitBytes || !this.isOn) return;
    const { log, sessions, statistics } = this.#server;
    const candidates = [...sessions.values()].filter(
      (session) => session.countedBytes > 0 && !session.has(SESSION.noEvict | SESSION.closing),
    );
    candidates.sort((a, b) => b.countedBytes - a.countedBytes);
    for (const session of candidates) {
      log.notice(`Evicting client: ${clientInfo(session)}`);
      statistics.evictedClients++;
      session.closeSoon();
      this.totalBytes -= session.countedBytes;
      session.countedBytes = 0;
      if (this.totalBytes < this.#limitBytes) return;
    }
    log.warning('Over client maxmemory after evicting all evictable clients');
  }
}
