/** The links that MIGRATE uses: made, kept for the next time, and closed when nobody has used them for a while. */
import type { Server } from '../server.ts';
import { MigrationLink } from './migration-link.ts';
import { MigrationWaits } from './migration-waits.ts';

const LINKS_MAX = 64;
const IDLE_MS_MAX = 10_000;

export class Migrations {
  readonly #server: Server;
  /** Links that are kept, by name. */
  readonly #kept = new Map<string, MigrationLink>();
  readonly #all = new Set<MigrationLink>();

  readonly waits: MigrationWaits;

  constructor(server: Server) {
    this.#server = server;
    this.waits = new MigrationWaits(server);
    server.cronDuties.push((nowMs) => this.#closeIdle(nowMs));
  }

  /** INFO migrate_cached_sockets. */
  get keptLinks(): number {
    return this.#kept.size;
  }

  /** A link that nobody uses, possibly still connecting. */
  acquire(address: string, port: string): MigrationLink {
    const name = `${address}:${port}`;
    const kept = this.#kept.get(name);
    if (kept !== undefined && kept.user === null) {
      kept.lastUseMs = this.#server.keyspace.nowMs;
      return kept;
    }
    // As C's atoi.
    const number = Number.parseInt(port, 10) || 0;
    const link = new MigrationLink(this.#server.host, name, address, number, (closed) => this.#forget(closed));
    link.lastUseMs = this.#server.keyspace.nowMs;
    this.#all.add(link);
    return link;
  }

  /** Takes a link back that works: it is kept, unless there is one like it. */
  giveBack(link: MigrationLink): void {
    link.user = null;
    if (link.isClosed) return;
    const kept = this.#kept.get(link.name);
    if (kept === link) return;
    if (kept !== undefined) {
      link.close();
      return;
    }
    if (this.#kept.size === LINKS_MAX) this.#dropOne();
    this.#kept.set(link.name, link);
  }

  #dropOne(): void {
    const idle = [...this.#kept.values()].filter(({ user }) => user === null);
    idle[this.#server.random.below(Math.max(1, idle.length))]?.close();
  }

  #forget(link: MigrationLink): void {
    this.#all.delete(link);
    if (this.#kept.get(link.name) === link) this.#kept.delete(link.name);
  }

  #closeIdle(nowMs: number): void {
    for (const link of this.#kept.values()) {
      if (link.user === null && nowMs - link.lastUseMs > IDLE_MS_MAX) link.close();
    }
  }

  /** The server stops. */
  close(): void {
    this.waits.stop();
    for (const link of this.#all) link.close();
  }
}
