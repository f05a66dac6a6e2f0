/**
 * Keys of a writable replica that its own clients gave an expire time.
 *
 * A replica removes no key by itself: its master says when. But the master does not know of a time that was set here, so
 * the replica remembers these keys and removes them when their time has passed (expire.c expireSlaveKeys). Whatever the
 * master does to such a key later may make that wrong; that is the price of writing to a replica.
 */
import { bytesOf, latin1Of } from '../core/latin1.ts';
import type { Database } from '../data/database.ts';
import { NONE } from '../data/heap.ts';
import type { Server } from '../server/server.ts';

const CHECKED_PER_CALL = 1000;
/** Redis remembers the databases of a key as bits of one word. */
const DATABASES_MAX = 64;

export class LocalExpiry {
  readonly #server: Server;
  /** By database, keys as binary strings. */
  readonly #keys = new Map<Database, Set<string>>();

  constructor(server: Server) {
    this.#server = server;
  }

  /** INFO slave_expires_tracked_keys. */
  get count(): number {
    let count = 0;
    for (const keys of this.#keys.values()) count += keys.size;
    return count;
  }

  /** Begins, goes on or ends to watch. What the master's stream does is not watched. */
  watch(on: boolean): void {
    const { keyspace } = this.#server;
    keyspace.expirySet = on ? (database, entry) => this.#remember(database, entry) : null;
    if (!on) this.#keys.clear();
  }

  #remember(database: Database, entry: number): void {
    if (this.#server.keyspace.frozen || database.index >= DATABASES_MAX) return;
    const bytes = database.bytes(entry);
    const at = database.keyOffset(entry);
    const key = latin1Of(bytes, at, at + database.keyLength(entry));
    const keys = this.#keys.get(database);
    if (keys === undefined) this.#keys.set(database, new Set([key]));
    else keys.add(key);
  }

  /** Removes what has expired. To be called with each run of the cron. */
  expire(): void {
    let left = Math.min(CHECKED_PER_CALL, this.count);
    for (const [database, keys] of this.#keys) {
      for (const key of keys) {
        if (left-- === 0) return;
        // It goes to the end of the line, or out of it.
        keys.delete(key);
        const bytes = bytesOf(key);
        const entry = database.dict.find(bytes, 0, bytes.length);
        if (entry === NONE || !database.isVolatile(entry)) continue;
        if (database.isExpired(entry)) database.expire(entry);
        else keys.add(key);
      }
    }
  }
}
