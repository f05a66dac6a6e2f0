/**
 * WATCH: which clients want to know that a key was changed before their EXEC.
 *
 * A watched key belongs to the number of a database, not to its contents: SWAPDB leaves it where it is. A client whose
 * key was touched is marked `dirty` and watches nothing more; its next EXEC answers null.
 *
 * Expiry makes this delicate (multi.c). A key whose time passes between WATCH and EXEC counts as changed, which EXEC
 * finds out by looking (`hasExpired`). A key whose time had passed when it was watched counts as absent, whether it is
 * still there or not: that it is deleted then is no change, and that it is put there again is one.
 */
import { latin1Of } from '../core/latin1.ts';
import type { Database } from '../data/database.ts';
import { NONE } from '../data/heap.ts';
import { SESSION, type Session } from './session.ts';

export interface WatchedKey {
  readonly session: Session;
  readonly database: Database;
  readonly key: string;
  readonly bytes: Buffer;
  /** Its time had passed when it was watched, and it is still there. */
  expired: boolean;
}

type KeysOfDatabase = Map<string, Set<WatchedKey>>;

export class Watches {
  readonly #databases = new Map<Database, KeysOfDatabase>();
  /** Number of watched keys, of all clients together. */
  count = 0;

  watch(session: Session, database: Database, bytes: Buffer): void {
    const key = latin1Of(bytes, 0, bytes.length);
    const keys = this.#keysOf(database);
    const watchers = keys.get(key);
    if (watchers !== undefined) for (const watched of watchers) if (watched.session === session) return;
    const watched: WatchedKey = { session, database, key, bytes, expired: isExpired(database, bytes) };
    if (watchers === undefined) keys.set(key, new Set([watched]));
    else watchers.add(watched);
    session.watched.push(watched);
    this.count++;
  }

  /** Forgets what a client watches. Whether it is dirty stays. */
  unwatch(session: Session): void {
    if (session.watched.length === 0) return;
    for (const watched of session.watched) {
      const keys = this.#databases.get(watched.database)!;
      const watchers = keys.get(watched.key)!;
      watchers.delete(watched);
      if (watchers.size === 0) keys.delete(watched.key);
    }
    this.count -= session.watched.length;
    session.watched = [];
  }

  /** Whether the time of a watched key has passed since it was watched. */
  hasExpired(session: Session): boolean {
    return session.watched.some(({ database, bytes, expired }) => !expired && isExpired(database, bytes));
  }

  /** The key was changed, created or removed. */
  touch(database: Database, bytes: Uint8Array, start: number, end: number): void {
    const watchers = this.#databases.get(database)?.get(latin1Of(bytes, start, end));
    if (watchers === undefined) return;
    for (const watched of watchers) {
      if (watched.expired) {
        // Redis looks no further: all others who watch the key came later, to the same expired key.
        if (exists(database, watched.bytes)) return;
        watched.expired = false;
      } else this.#soil(watched.session);
    }
  }

  #soil(session: Session): void {
    session.set(SESSION.dirty);
    this.unwatch(session);
  }

  /**
   * The whole contents of a database are about to go, or to be replaced by those of another one (SWAPDB). To be called
   * before that happens; for SWAPDB once for each of the two.
   */
  touchAll(database: Database, replacement: Database | null = null): void {
    const keys = this.#databases.get(database);
    if (keys === undefined || keys.size === 0) return;
    const touched = new Set<Session>();
    for (const watchers of keys.values()) {
      for (const watched of watchers) if (changesBy(watched, database, replacement)) touched.add(watched.session);
    }
    for (const session of touched) this.#soil(session);
  }

  #keysOf(database: Database): KeysOfDatabase {
    let keys = this.#databases.get(database);
    if (keys === undefined) {
      keys = new Map();
      this.#databases.set(database, keys);
    }
    return keys;
  }
}

/** Whether emptying or replacing the database means a change of the watched key. Keeps `expired` true to it. */
function changesBy(watched: WatchedKey, database: Database, replacement: Database | null): boolean {
  const { bytes } = watched;
  const existed = exists(database, bytes);
  const willExist = replacement !== null && exists(replacement, bytes);
  if (!existed && !willExist) return false;
  const willBeExpired = replacement !== null && isExpired(replacement, bytes);
  if (watched.expired) {
    if (!willExist) {
      watched.expired = false;
      return false;
    }
    return !willBeExpired;
  }
  if (existed || !willBeExpired) return true;
  watched.expired = true;
  return false;
}

/** Whether the key is there, its time passed or not. */
function exists(database: Database, bytes: Buffer): boolean {
  return database.dict.find(bytes, 0, bytes.length) !== NONE;
}

function isExpired(database: Database, bytes: Buffer): boolean {
  const entry = database.dict.find(bytes, 0, bytes.length);
  return entry !== NONE && database.isExpired(entry);
}
