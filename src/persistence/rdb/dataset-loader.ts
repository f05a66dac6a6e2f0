/**
 * Fills databases from an RDB file (rdb.c rdbLoadRio): the visitor for start-up, full synchronisation and the base of an
 * AOF.
 *
 *   const loader = new DatasetLoader(keyspace, { dropsExpired: true, allowsDuplicates: false });
 *   const reader = new RdbReader(keyspace, limits, loader, { checksums: true });
 *
 * Keys go to the keyspace's databases as they come; so whoever must not show half of a dataset gives it a keyspace of
 * its own. Subclasses, or `listener`, learn what else is in the file.
 */
import { latin1Of } from '../../core/latin1.ts';
import { type Database, NO_EXPIRY } from '../../data/database.ts';
import { NONE } from '../../data/heap.ts';
import type { Keyspace } from '../../data/keyspace.ts';
import { type LoadedValue, releaseLoaded, storeLoaded } from './loaded-value.ts';
import { RdbError } from './rdb-error.ts';
import type { LoadedKey, RdbVisitor } from './rdb-visitor.ts';

export interface DatasetLoaderOptions {
  /** A master that reads a snapshot leaves out what has expired; a replica, and the base of an AOF, keep it. */
  readonly dropsExpired: boolean;
  /** A key that is there already is replaced instead of being an error: DEBUG RELOAD MERGE. */
  readonly allowsDuplicates: boolean;
  readonly listener?: DatasetListener;
}

/** Who wants to know what else a file holds. */
export interface DatasetListener {
  aux?(name: string, value: string): void;
  /** The source of a library of functions. It throws an RdbError if it cannot be loaded. */
  functionLibrary?(source: Buffer): void;
  /** A key was left out because its time has passed: on replicas it has to be deleted. */
  droppedExpired?(database: Database, key: LoadedKey): void;
  /** A line for the log, with its level. */
  log?(level: 'debug' | 'notice' | 'warning', line: string): void;
}

/** Tables are not made larger than this on the word of a file alone. */
const HINT_MAX = 1 << 22;
const EMPTY_KEYS_LOGGED = 10;
const COUNT_MAX = 255;
const RECENCY_MASK = 0xffffff;

export class DatasetLoader implements RdbVisitor {
  readonly #keyspace: Keyspace;
  readonly #options: DatasetLoaderOptions;
  readonly #listener: DatasetListener;
  #database: Database;
  /** As INFO tells them: rdb_last_load_keys_loaded, rdb_last_load_keys_expired. */
  keysLoaded = 0;
  keysExpired = 0;
  emptyKeysSkipped = 0;

  constructor(keyspace: Keyspace, options: DatasetLoaderOptions) {
    this.#keyspace = keyspace;
    this.#options = options;
    this.#listener = options.listener ?? {};
    this.#database = keyspace.databases[0]!;
  }

  aux(name: string, value: string): void {
    this.#listener.aux?.(name, value);
  }

  functionLibrary(source: Buffer): void {
    this.#listener.functionLibrary?.(source);
  }

  selectDb(index: number): void {
    const { databases } = this.#keyspace;
    if (index >= databases.length) {
      throw new RdbError(
        'unsupported',
        `FATAL: Data file was created with a Redis server configured to handle more than ${databases.length} databases. Exiting`,
      );
    }
    this.#database = databases[index]!;
  }

  resizeDb(keys: number): void {
    if (this.#database.size === 0) this.#database.dict.reserve(Math.min(keys, HINT_MAX));
  }

  emptyKey(key: LoadedKey): void {
    if (this.emptyKeysSkipped++ >= EMPTY_KEYS_LOGGED) return;
    this.#listener.log?.('warning', `rdbLoadObject skipping empty key: ${textOf(key)}`);
  }

  entry(key: LoadedKey, value: LoadedValue): void {
    const database = this.#database;
    const { keyBytes, keyStart, keyEnd, expireMs } = key;
    if (this.#options.dropsExpired && expireMs !== NO_EXPIRY && expireMs < this.#keyspace.nowMs) {
      releaseLoaded(value);
      this.keysExpired++;
      this.#listener.droppedExpired?.(database, key);
      return;
    }
    this.#makeRoom(key);
    let entry = storeLoaded(database, keyBytes, keyStart, keyEnd, value, expireMs !== NO_EXPIRY);
    if (expireMs !== NO_EXPIRY) entry = database.setExpiry(entry, expireMs);
    setLoadedUsage(database, entry, key.idleSeconds, key.frequency);
    this.keysLoaded++;
  }

  /** Sees to it that the key is not there. */
  #makeRoom(key: LoadedKey): void {
    const database = this.#database;
    const { keyBytes, keyStart, keyEnd } = key;
    const old = database.dict.find(keyBytes, keyStart, keyEnd);
    if (old === NONE) return;
    if (!this.#options.allowsDuplicates) {
      throw new RdbError('corrupt', `RDB has duplicated key '${textOf(key)}' in DB ${database.index}`);
    }
    database.remove(old, 'server');
    database.dict.find(keyBytes, keyStart, keyEnd);
  }

  end(isChecked: boolean): void {
    const { keysLoaded, keysExpired, emptyKeysSkipped } = this;
    const log = this.#listener.log?.bind(this.#listener);
    if (log === undefined) return;
    if (!isChecked) log('warning', 'RDB file was saved with checksum disabled: no check performed.');
    const skipped = emptyKeysSkipped > 0 ? `, empty keys skipped: ${emptyKeysSkipped}` : '';
    const line = `Done loading RDB, keys loaded: ${keysLoaded}, keys expired: ${keysExpired}${skipped}.`;
    log(emptyKeysSkipped > 0 ? 'warning' : 'notice', line);
  }
}

/** Restores how a key was used, as far as the policy that is configured now counts it. */
export function setLoadedUsage(db: Database, entry: number, idleSeconds: number, frequency: number): void {
  const { keyspace } = db;
  if (keyspace.frequency !== null) {
    if (frequency < 0) return;
    const minutes = keyspace.frequency.initial(keyspace.nowMs) & ~COUNT_MAX;
    db.setUsage(entry, minutes | Math.min(frequency, COUNT_MAX));
  } else if (idleSeconds >= 0) {
    db.setUsage(entry, (keyspace.recency - Math.min(idleSeconds, RECENCY_MASK)) & RECENCY_MASK);
  }
}

function textOf({ keyBytes, keyStart, keyEnd }: LoadedKey): string {
  return latin1Of(keyBytes, keyStart, keyEnd);
}
