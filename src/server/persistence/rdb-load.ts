/**
 * Fills a keyspace from the bytes of an RDB file: for the start, for DEBUG RELOAD, for a replica's full sync, for the
 * base of an append-only file. Bytes come in chunks (`push`), from a file or a link, and are taken in in slices (`run`),
 * so that clients can be told -LOADING meanwhile.
 *
 *   const load = new RdbLoad(server, { dropsExpired: true });
 *   load.push(chunk); load.push(chunk); load.complete();
 *   load.run(() => true)                       // 'done', or it throws an RdbError
 *
 * Which state the server is in meanwhile, and what becomes of half a dataset, is for the caller to decide (`Loading`,
 * `Keyspace.clear`).
 */
import type { Database } from '../../data/database.ts';
import type { Keyspace } from '../../data/keyspace.ts';
import { DatasetLoader, type DatasetListener } from '../../persistence/rdb/dataset-loader.ts';
import { RdbReader, type RdbProgress } from '../../persistence/rdb/rdb-reader.ts';
import type { LoadedKey } from '../../persistence/rdb/rdb-visitor.ts';
import type { ReplicationPosition } from '../hooks.ts';
import type { Server } from '../server.ts';
import { delayUs } from './children.ts';

export interface RdbLoadOptions {
  /** Where the keys go; the server's own keyspace if absent. */
  readonly keyspace?: Keyspace;
  /** Keys whose time has passed are left out: on a master that loads its own file. */
  readonly dropsExpired: boolean;
  /** Keys that are there already are replaced. */
  readonly allowsDuplicates?: boolean;
  /** A key was left out: it has to be deleted on replicas. */
  readonly droppedExpired?: (database: Database, key: LoadedKey) => void;
  /** rdbchecksum, if absent. */
  readonly checksums?: boolean;
}

const RUN_ID_LENGTH = 40;
/** Of the file, between two looks at the clock. */
const STEP_BYTES = 1 << 16;
const DELAYED_STEP_BYTES = 64;

export class RdbLoad implements DatasetListener {
  #id: string | null = null;
  #offset = -1;
  #streamDatabase = -1;
  readonly #server: Server;
  readonly #reader: RdbReader;
  readonly #loader: DatasetLoader;
  readonly #options: RdbLoadOptions;
  #owedUs = 0;
  #keysBefore = 0;

  constructor(server: Server, options: RdbLoadOptions) {
    this.#server = server;
    this.#options = options;
    const keyspace = options.keyspace ?? server.keyspace;
    const { dropsExpired, allowsDuplicates = false } = options;
    this.#loader = new DatasetLoader(keyspace, { dropsExpired, allowsDuplicates, listener: this });
    const checksums = (options.checksums ?? server.config.values.rdbchecksum) && !server.debugging.skipsChecksums;
    this.#reader = new RdbReader(keyspace, server.settings, this.#loader, { checksums });
  }

  /** Where the dataset stands in the history of a master, if the file says so. */
  get replicationPosition(): ReplicationPosition | null {
    const id = this.#id;
    if (id === null || this.#offset === -1 || this.#streamDatabase === -1) return null;
    return { id, offset: this.#offset, database: this.#streamDatabase };
  }

  get isDone(): boolean {
    return this.#reader.isDone;
  }

  /** Bytes that were read so far. */
  get position(): number {
    return this.#reader.position;
  }

  /** What was pushed and follows the file. Valid until the next `push`. */
  get rest(): Buffer {
    return this.#reader.rest;
  }

  /** Takes a copy of the next bytes. */
  push(chunk: Uint8Array): void {
    this.#reader.push(chunk);
  }

  /** Nothing more comes: what is missing is an error from now on. */
  complete(): void {
    this.#reader.complete();
  }

  /**
   * Takes in what was pushed, as long as `mayGoOn` says so; it is asked now and then.
   * @returns 'input' if all of it is taken in, 'done' at the end of the file, 'more' if it was stopped.
   * @throws RdbError
   */
  run(mayGoOn: () => boolean): RdbProgress {
    const reader = this.#reader;
    const { loading } = this.#server.persistence;
    const keyDelayUs = delayUs(this.#server.config.values['key-load-delay']);
    for (;;) {
      const progress = reader.step(keyDelayUs === 0 ? STEP_BYTES : DELAYED_STEP_BYTES);
      loading.loadedBytes = reader.position;
      loading.keysLoaded = this.#loader.keysLoaded;
      loading.keysExpired = this.#loader.keysExpired;
      if (keyDelayUs > 0) this.#delay(keyDelayUs);
      if (progress !== 'more' || !mayGoOn()) return progress;
    }
  }

  /** key-load-delay, for tests: redis-server sleeps after each key. */
  #delay(keyDelayUs: number): void {
    const keys = this.#loader.keysLoaded;
    this.#owedUs += (keys - this.#keysBefore) * keyDelayUs;
    this.#keysBefore = keys;
    if (this.#owedUs < 1000) return;
    this.#server.host.timers.sleep(this.#owedUs / 1000);
    this.#owedUs = 0;
  }

  /** Frees a value that was begun. Nothing more is read. */
  abandon(): void {
    this.#reader.abandon();
  }

  // ----------------------------------------------------------------------------------------------------- what it learns

  aux(name: string, value: string): void {
    const { log, host, persistence } = this.#server;
    const number = Number.parseInt(value, 10) || 0;
    if (name.startsWith('%')) {
      log.notice(`RDB '${name}': ${value}`);
      return;
    }
    switch (name.toLowerCase()) {
      case 'repl-stream-db':
        this.#streamDatabase = number;
        return;
      case 'repl-id':
        if (value.length === RUN_ID_LENGTH) this.#id = value;
        return;
      case 'repl-offset':
        this.#offset = number;
        return;
      case 'redis-ver':
        log.notice(`Loading RDB produced by version ${value}`);
        return;
      case 'ctime':
        log.notice(`RDB age ${Math.max(0, Math.floor(host.clock.wallMs() / 1000) - number)} seconds`);
        return;
      case 'used-mem':
        log.notice(`RDB memory usage when created ${(number / 1024 ** 2).toFixed(2)} Mb`);
        persistence.loading.originalMemoryBytes = number;
        return;
      case 'aof-preamble':
        if (number !== 0) log.notice('RDB has an AOF tail');
        return;
      case 'aof-base':
        if (number !== 0) log.notice('RDB is base AOF');
        return;
      case 'lua':
      case 'redis-bits':
        return;
      default:
        log.debug(`Unrecognized RDB AUX field: '${name}'`);
    }
  }

  functionLibrary(source: Buffer): void {
    this.#server.persistence.functions?.load(source, this.#options.allowsDuplicates === true);
  }

  droppedExpired(database: Database, key: LoadedKey): void {
    this.#options.droppedExpired?.(database, key);
  }

  log(level: 'debug' | 'notice' | 'warning', line: string): void {
    this.#server.log[level](line);
  }
}
