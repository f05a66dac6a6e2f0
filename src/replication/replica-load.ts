/**
 * A master's snapshot on its way into the keyspace.
 *
 * By way of a file: it is received whole, synced and put in the place of the dump file, then the old dataset goes and the
 * file is loaded, while clients are told -LOADING. Or as it comes (`repl-diskless-load`): into the emptied keyspace, or
 * (`swapdb`) into a second one that takes the place of the first when it is complete. If that is a later state of the
 * dataset that is here, clients are served from the old one meanwhile.
 *
 * Whoever receives gives bytes to `take`, and stops reading while `isBehind`. The outcome comes by `onEnd`: null, or the
 * line for the log that says what went wrong.
 */
import { type Disk, DiskError, type DiskFile } from '../host/host.ts';
import { Keyspace } from '../data/keyspace.ts';
import { RdbError } from '../persistence/rdb/rdb-error.ts';
import { joinPath, pathOfBinary } from '../server/config/paths.ts';
import { RdbFileLoad } from '../server/persistence/rdb-file-load.ts';
import { RdbLoad } from '../server/persistence/rdb-load.ts';
import type { Server } from '../server/server.ts';
import type { TransferEnd } from './replica-transfer.ts';

/** What receives a snapshot. */
export interface SnapshotReceiver {
  /** As the log says it: "to disk" or "to parser". */
  readonly destination: string;
  /** No more bytes are to be read for now; `onCaughtUp` follows. */
  readonly isBehind: boolean;
  /** All has come, and is on its way into the keyspace: nothing more depends on the link. */
  readonly isComplete: boolean;
  /** Takes bytes of the snapshot, its mark included; they may be reused afterwards. */
  take(chunk: Buffer): void;
  /** The transfer is over without success: what was received is dropped. */
  abort(): void;
}

export interface ReceiverEvents {
  /** The old dataset is about to go: nobody can go on from it any more. */
  onReplace(): void;
  onCaughtUp(): void;
  /** @param reason null if the dataset is here. @param database that the stream goes on in. */
  onEnd(reason: string | null, database: number): void;
}

const SYNC_EVERY_BYTES = 8 << 20;
const QUEUED_BYTES_MAX = 8 << 20;
/** Clients are served after so long at the latest. */
const SLICE_US = 10_000;

/** Empties all databases for a dataset that is about to come. */
function emptyDataset(server: Server): void {
  server.emptyDatabases();
  server.persistence.functions?.clear();
}

/** Background work on the old dataset is of no use any more, and would put its file over the new one. */
function killChildren(server: Server, viaFile: boolean): void {
  const { persistence, log } = server;
  persistence.aof.stop();
  if (!persistence.children.isActive('rdb')) return;
  if (viaFile) {
    log.notice(
      'Replica is about to load the RDB file received from the master, but there is a pending RDB child running. ' +
        `Killing process ${persistence.saves.pid} and removing its temp file to avoid any race`,
    );
  }
  if (persistence.saves.isSaving) persistence.saves.kill();
  else server.hooks.replication?.abandonSnapshot();
}

// -------------------------------------------------------------------------------------------------------- via a file

export class FileReceiver implements SnapshotReceiver {
  readonly destination = 'to disk';
  readonly #server: Server;
  readonly #end: TransferEnd;
  readonly #events: ReceiverEvents;
  readonly #disk: Disk;
  readonly #path: string;
  readonly #file: DiskFile;
  /** The last bytes, which may be the mark. */
  #held: Buffer = Buffer.alloc(0);
  #queuedBytes = 0;
  #unsyncedBytes = 0;
  #isLoading = false;
  #isOver = false;

  /** @throws DiskError */
  constructor(server: Server, end: TransferEnd, events: ReceiverEvents) {
    this.#server = server;
    this.#end = end;
    this.#events = events;
    const { values } = server.config;
    this.#disk = server.persistence.disk;
    const seconds = Math.floor(server.host.clock.wallMs() / 1000);
    const name = `temp-${seconds}.${server.host.system.pid}-${server.identity.runId.slice(0, 8)}.rdb`;
    this.#path = joinPath(pathOfBinary(values.dir), name);
    this.#file = this.#disk.open(this.#path, 'create');
  }

  get isBehind(): boolean {
    return this.#queuedBytes > QUEUED_BYTES_MAX;
  }

  get isComplete(): boolean {
    return this.#end.isReached;
  }

  take(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#held, chunk]);
    const keep = Math.min(this.#end.trailerBytes, bytes.length);
    this.#held = bytes.subarray(bytes.length - keep);
    this.#write(bytes.subarray(0, bytes.length - keep));
    if (this.#end.isReached) this.#finish();
  }

  #write(bytes: Buffer): void {
    const { length } = bytes;
    if (length === 0) return;
    this.#queuedBytes += length;
    this.#file.append(bytes, (error) => {
      const wasBehind = this.isBehind;
      this.#queuedBytes -= length;
      if (error !== null) this.#failWriting(error);
      else if (wasBehind && !this.isBehind && !this.#isOver) this.#events.onCaughtUp();
    });
    this.#unsyncedBytes += length;
    if (this.#unsyncedBytes < SYNC_EVERY_BYTES) return;
    this.#unsyncedBytes = 0;
    this.#file.sync(() => {});
  }

  #failWriting(error: DiskError): void {
    this.#fail(
      'Write error or short write writing to the DB dump file needed for MASTER <-> REPLICA synchronization: ' +
        error.message,
    );
  }

  #fail(reason: string): void {
    if (this.#isOver) return;
    this.abort();
    this.#events.onEnd(reason, 0);
  }

  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#isLoading) return;
    this.#file.close();
    removeQuietly(this.#disk, this.#path);
  }

  #finish(): void {
    this.#file.sync((error) => {
      if (this.#isOver) return;
      if (error === null) this.#server.enter(() => this.#load());
      else {
        this.#fail(`Failed trying to sync the temp DB to disk in MASTER <-> REPLICA synchronization: ${error.message}`);
      }
    });
  }

  #load(): void {
    const server = this.#server;
    const { values } = server.config;
    killChildren(server, true);
    const { path } = server.persistence.saves;
    this.#file.close();
    try {
      this.#disk.rename(this.#path, path);
      this.#disk.syncDirectory(pathOfBinary(values.dir));
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#fail(
        `Failed trying to rename the temp DB into ${values.dbfilename} in MASTER <-> REPLICA synchronization: ` +
          error.message,
      );
      return;
    }
    this.#isLoading = true;
    this.#events.onReplace();
    server.log.notice('MASTER <-> REPLICA sync: Flushing old data');
    emptyDataset(server);
    server.log.notice('MASTER <-> REPLICA sync: Loading DB in memory');
    try {
      this.#run(new RdbFileLoad(server, this.#disk, path, { dropsExpired: false }));
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#ended(error.message, 0);
    }
  }

  #run(load: RdbFileLoad): void {
    load.run((failure) => this.#ended(failure?.text ?? null, load.load.replicationPosition?.database ?? 0));
  }

  #ended(reason: string | null, database: number): void {
    const { config, log, persistence } = this.#server;
    this.#isOver = true;
    const { values } = config;
    if (values['rdb-del-sync-files'] && !values.appendonly && values.save.length === 0) {
      log.notice('Removing the RDB file obtained from the master. This replica has persistence disabled');
      removeQuietly(this.#disk, persistence.saves.path);
    }
    const text = reason === null ? null : `Failed trying to load the MASTER synchronization DB from disk: ${reason}`;
    this.#events.onEnd(text, database);
  }
}

function removeQuietly(disk: Disk, path: string): void {
  try {
    disk.unlink(path);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
  }
}

// ----------------------------------------------------------------------------------------------------------- as it comes

/** Fills a second keyspace. Libraries of functions wait until it takes the place of the first. */
class SpareLoad extends RdbLoad {
  readonly libraries: Buffer[] = [];

  constructor(server: Server, keyspace: Keyspace) {
    super(server, { dropsExpired: false, keyspace });
  }

  override functionLibrary(source: Buffer): void {
    this.libraries.push(Buffer.from(source));
  }
}

export class MemoryReceiver implements SnapshotReceiver {
  readonly destination = 'to parser';
  readonly #server: Server;
  readonly #end: TransferEnd;
  readonly #events: ReceiverEvents;
  /** The keyspace that takes the place of the server's; null where that is filled itself. */
  readonly #spare: Keyspace | null;
  readonly #load: RdbLoad;
  #isScheduled = false;
  #isOver = false;

  /** @param isSameHistory the snapshot is of a later state of the dataset that is here. */
  constructor(server: Server, end: TransferEnd, swaps: boolean, isSameHistory: boolean, events: ReceiverEvents) {
    this.#server = server;
    this.#end = end;
    this.#events = events;
    killChildren(server, false);
    this.#spare = swaps ? new Keyspace(server.keyspace.databases.length, server.random) : null;
    if (this.#spare === null) {
      events.onReplace();
      server.log.notice('MASTER <-> REPLICA sync: Flushing old data');
      emptyDataset(server);
    } else prepareSpare(this.#spare, server.keyspace);
    server.log.notice('MASTER <-> REPLICA sync: Loading DB in memory');
    server.persistence.loading.start(end.totalBytes, swaps && isSameHistory);
    this.#load =
      this.#spare === null ? new RdbLoad(server, { dropsExpired: false }) : new SpareLoad(server, this.#spare);
  }

  get isBehind(): boolean {
    return this.#isScheduled;
  }

  get isComplete(): boolean {
    return this.#end.isReached;
  }

  take(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#load.push(chunk);
    if (!this.#isScheduled) this.#slice();
  }

  #slice(): void {
    const { clock, timers } = this.#server.host;
    const untilUs = clock.monotonicUs() + SLICE_US;
    let progress;
    try {
      progress = this.#load.run(() => clock.monotonicUs() < untilUs);
    } catch (error) {
      this.#fail(reasonOf(error));
      return;
    }
    if (progress === 'more') {
      this.#isScheduled = true;
      timers.soon(() => {
        if (this.#isOver) return;
        this.#isScheduled = false;
        this.#slice();
        if (!this.#isScheduled && !this.#isOver) this.#events.onCaughtUp();
      });
    } else if (progress === 'done') this.#checkEnd();
    else if (this.#end.isReached) this.#fail('Input/output error');
  }

  #checkEnd(): void {
    const { rest } = this.#load;
    if (!this.#end.hasMark) {
      if (this.#end.isReached) this.#finish();
    } else if (rest.length >= this.#end.trailerBytes) {
      if (this.#end.isMark(rest)) this.#finish();
      else {
        this.#server.log.warning('Replication stream EOF marker is broken');
        this.#drop(null);
      }
    }
  }

  #fail(reason: string): void {
    this.#logPlace(reason);
    this.#drop(`Failed trying to load the MASTER synchronization DB from socket: ${reason}`);
  }

  /** As redis-server ends what it says about a snapshot that it cannot read. */
  #logPlace(reason: string): void {
    const where = `Internal error in RDB reading offset ${this.#load.position}, function at rdb.c:0`;
    this.#server.log.warning(`${where} -> ${reason}`);
  }

  #drop(reason: string | null): void {
    this.#discard();
    this.#events.onEnd(reason ?? 'The snapshot of the master is broken.', 0);
  }

  abort(): void {
    if (this.#isOver) return;
    this.#logPlace('Unexpected EOF reading RDB file');
    this.#discard();
  }

  #discard(): void {
    this.#isOver = true;
    const server = this.#server;
    this.#load.abandon();
    server.persistence.loading.stop();
    if (this.#spare === null) emptyDataset(server);
    else server.log.notice('MASTER <-> REPLICA sync: Discarding temporary DB in background');
  }

  #finish(): void {
    const server = this.#server;
    this.#isOver = true;
    if (this.#spare !== null) {
      this.#events.onReplace();
      server.log.notice('MASTER <-> REPLICA sync: Swapping active DB with loaded DB');
      this.#swap(this.#spare);
      server.log.notice('MASTER <-> REPLICA sync: Discarding old DB in background');
    }
    server.countChanges(1);
    server.persistence.loading.stop();
    this.#events.onEnd(null, this.#load.replicationPosition?.database ?? 0);
  }

  #swap(spare: Keyspace): void {
    const { keyspace } = this.#server;
    for (const [index, database] of keyspace.databases.entries()) {
      this.#server.databaseChanges(database, spare.databases[index]!);
    }
    this.#server.tracking.flushed();
    keyspace.exchange(spare);
    if (this.#load instanceof SpareLoad) this.#swapFunctions(this.#load.libraries);
  }

  #swapFunctions(libraries: readonly Buffer[]): void {
    const { functions } = this.#server.persistence;
    functions?.clear();
    try {
      for (const source of libraries) functions?.load(source, true);
    } catch (error) {
      this.#server.log.warning(`A library of functions of the master cannot be loaded: ${reasonOf(error)}`);
    }
  }
}

/** Keys are to be kept in both keyspaces in the same way. */
function prepareSpare(spare: Keyspace, keyspace: Keyspace): void {
  spare.setTime(keyspace.nowMs);
  spare.frequency = keyspace.frequency;
  spare.orderUses(keyspace.usesOrdered);
  for (const { index, slots } of keyspace.databases) if (slots !== null) spare.databases[index]!.indexSlots();
}

function reasonOf(error: unknown): string {
  if (error instanceof RdbError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
