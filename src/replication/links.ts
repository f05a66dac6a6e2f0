/**
 * The replicas of a server, in the order in which they came, and those who have only introduced themselves so far.
 *
 * A client becomes a replica by SYNC or PSYNC. What it tells before that by REPLCONF is kept with a link that is not yet
 * `attached`.
 */
import type { Server } from '../server/server.ts';
import type { Session } from '../server/session.ts';
import { SESSION } from '../server/session.ts';
import { ReplicaLink } from './link.ts';
import type { ReplicationBuffer } from './replication-buffer.ts';

export class ReplicaLinks {
  readonly #server: Server;
  readonly #buffer: ReplicationBuffer;
  readonly #bySession = new Map<Session, ReplicaLink>();
  readonly #attached = new Set<ReplicaLink>();
  /** Unix time in ms since when there has been no replica. */
  lonelySinceMs: number;
  /** Called with an error that a replica would have been answered. */
  onError: ((session: Session, text: string) => void) | null = null;
  /** Called when a replica has gone, after it was taken off the list. */
  onDetached: ((link: ReplicaLink) => void) | null = null;

  constructor(server: Server, buffer: ReplicationBuffer) {
    this.#server = server;
    this.#buffer = buffer;
    this.lonelySinceMs = server.keyspace.nowMs;
  }

  get count(): number {
    return this.#attached.size;
  }

  [Symbol.iterator](): IterableIterator<ReplicaLink> {
    return this.#attached[Symbol.iterator]();
  }

  /** What is known of a client as a replica. */
  of(session: Session): ReplicaLink {
    let link = this.#bySession.get(session);
    if (link === undefined) {
      link = new ReplicaLink(session, this.#buffer);
      this.#bySession.set(session, link);
      const made = link;
      session.onClose.push(() => this.#forget(made));
    }
    return link;
  }

  /** The link of a client that is a replica, or null. */
  attachedOf(session: Session): ReplicaLink | null {
    const link = this.#bySession.get(session);
    return link !== undefined && this.#attached.has(link) ? link : null;
  }

  /** From now on the client is a replica. */
  attach(link: ReplicaLink): void {
    const { session } = link;
    session.becomeLink(SESSION.replica, (text) => this.onError?.(session, text));
    session.source = link;
    this.#attached.add(link);
  }

  #forget(link: ReplicaLink): void {
    this.#bySession.delete(link.session);
    if (!this.#attached.delete(link)) return;
    this.#server.log.warning(`Connection with replica ${link.name} lost.`);
    link.close();
    if (this.#attached.size === 0) this.lonelySinceMs = this.#server.host.clock.wallMs();
    this.onDetached?.(link);
  }

  /** Closes all replicas: they are to ask anew. */
  disconnectAll(): void {
    for (const link of this.#attached) link.session.close();
  }

  /** Number of replicas that have acknowledged an offset. */
  acknowledging(offset: number): number {
    let count = 0;
    for (const link of this.#attached) if (link.isOnline && link.ackOffset >= offset) count++;
    return count;
  }

  /** Number of replicas that are online and gave a sign of life within so many seconds. */
  countWithin(lagSecondsMax: number, nowMs: number): number {
    let count = 0;
    for (const link of this.#attached) if (link.isOnline && link.lagSeconds(nowMs) <= lagSecondsMax) count++;
    return count;
  }

  /** Whether all have acknowledged an offset, and nothing beyond it. */
  allAt(offset: number): boolean {
    for (const link of this.#attached) if (link.ackOffset !== offset) return false;
    return true;
  }

  find(host: string, port: number): ReplicaLink | null {
    const wanted = host.toLowerCase();
    for (const link of this.#attached) {
      if (link.listeningPort === port && link.address?.toLowerCase() === wanted) return link;
    }
    return null;
  }
}
