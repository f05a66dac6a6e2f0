/**
 * Snapshots into the file `dbfilename`: SAVE at once, BGSAVE in slices, and by themselves at the save points.
 *
 * The file is replaced as a whole. A snapshot goes to a temporary file beside it, which is synced, renamed over the old
 * one, and the directory is synced: whatever happens, there is the old file or the new one. What went wrong is in the log
 * and in INFO, and while the last background save failed, writes may be refused (`refusal`).
 */
import { type Disk, DiskError } from '../../host/host.ts';
import type { RdbSnapshotEncoder } from '../../persistence/rdb-snapshot.ts';
import { Snapshot } from '../../persistence/snapshot.ts';
import { joinPath, pathOfBinary } from '../config/paths.ts';
import type { Server } from '../server.ts';
import { type Child, type Children, delayUs } from './children.ts';
import { removeQuietly, SIGUSR1, type SnapshotFailure, SnapshotFile, WriterEnded } from './snapshot-file.ts';
import { openSnapshotFile } from './snapshot-writer.ts';

/** After a failure, save points do not try again sooner. */
const RETRY_DELAY_S = 5;
const CHUNK_BYTES = 1 << 16;

export const SAVE_REFUSAL =
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may " +
  'modify the data set are disabled, because this instance is configured to report errors during writes if RDB ' +
  'snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.';

/** Where snapshots are written and who makes their bytes. */
export interface SavePorts {
  readonly disk: Disk;
  readonly children: Children;
  encoder(): RdbSnapshotEncoder;
  /** The outcome of the last background save, or what depends on it, changed. */
  stateChanged(): void;
}

export class RdbSaves {
  /** Saves that were started. */
  count = 0;
  /** Unix seconds of the last save that succeeded, at first of the start. */
  lastSaveSeconds: number;
  /** How long the last background save took, or -1. */
  lastDurationSeconds = -1;
  lastSucceeded = true;
  /** BGSAVE SCHEDULE waits for another child. */
  isScheduled = false;
  /** Called when a background save of the file ended, well or not. */
  readonly onEnded: ((succeeded: boolean) => void)[] = [];
  readonly #server: Server;
  readonly #ports: SavePorts;
  /** `server.changes` at the last save. */
  #savedChanges = 0;
  #lastTrySeconds = 0;
  /** The file of the save before the end. */
  #lastFile: SnapshotFile | null = null;
  #running: { readonly child: Child; readonly file: SnapshotFile; readonly changes: number } | null = null;

  constructor(server: Server, ports: SavePorts) {
    this.#server = server;
    this.#ports = ports;
    this.lastSaveSeconds = Math.floor(server.host.clock.wallMs() / 1000);
  }

  /** Changes of the dataset that no file has. */
  get unsavedChanges(): number {
    return this.#server.changes - this.#savedChanges;
  }

  /** The dataset is that of the file now: it was loaded from there. */
  markSaved(): void {
    this.#savedChanges = this.#server.changes;
  }

  /** Whether the file is being written in the background; another child may be taking a snapshot for replicas. */
  get isSaving(): boolean {
    return this.#running !== null;
  }

  /** Number of the process that writes the file in the background, or of the server. */
  get pid(): number {
    return this.#running?.file.pid ?? this.#server.host.system.pid;
  }

  get path(): string {
    return this.#pathOf(pathOfBinary(this.#server.config.values.dbfilename));
  }

  get hasSavePoints(): boolean {
    return this.#server.config.values.save.length > 0;
  }

  /** MISCONF, while writes are refused because the last background save failed; else null. */
  get refusal(): string | null {
    const stops = this.#server.config.values['stop-writes-on-bgsave-error'];
    return stops && this.hasSavePoints && !this.lastSucceeded ? SAVE_REFUSAL : null;
  }

  #pathOf(name: string): string {
    return joinPath(pathOfBinary(this.#server.config.values.dir), name);
  }

  get #nowSeconds(): number {
    return Math.floor(this.#server.host.clock.wallMs() / 1000);
  }

  // ------------------------------------------------------------------------------------------------------------- at once

  /** Saves while everybody waits. @returns whether it succeeded; the log says what did not. */
  saveNow(): boolean {
    const name = `temp-${this.#server.host.system.pid}.rdb`;
    const temporary = this.#pathOf(name);
    const { disk } = this.#ports;
    let file;
    try {
      file = disk.open(temporary, 'create');
    } catch (error) {
      this.#warnOfOpening(name, error);
      return false;
    }
    try {
      this.#writeNow((bytes) => file.appendNow(bytes));
      file.syncNow();
      file.close();
    } catch (error) {
      file.close();
      removeQuietly(disk, temporary);
      this.#warnOfWriting(error);
      return false;
    }
    return this.#install(temporary);
  }

  /** Puts a complete file in its place while everybody waits. @returns whether it is there, for ever. */
  #install(temporary: string): boolean {
    if (!this.#move(temporary)) return false;
    try {
      this.#ports.disk.syncDirectory(this.#directory);
    } catch (error) {
      this.#warnOfWriting(error, 'fsyncFileDir');
      return false;
    }
    this.#server.log.notice('DB saved on disk');
    this.#noteSaved(this.#server.changes);
    return true;
  }

  #writeNow(write: (bytes: Buffer) => void): void {
    const { keyspace, host, config } = this.#server;
    const encoder = this.#ports.encoder();
    const snapshot = new Snapshot(keyspace, encoder, true);
    const keyDelayUs = delayUs(config.values['rdb-key-save-delay']);
    let owedUs = 0;
    let keysBefore = 0;
    const look = (): boolean => {
      if (encoder.pendingBytes >= CHUNK_BYTES) {
        const bytes = encoder.take();
        write(bytes);
        encoder.reuse(bytes);
      }
      owedUs += (snapshot.keysDone - keysBefore) * keyDelayUs;
      keysBefore = snapshot.keysDone;
      if (owedUs >= 1000) {
        host.timers.sleep(owedUs / 1000);
        owedUs = 0;
      }
      return true;
    };
    while (!snapshot.run(look, keyDelayUs === 0 ? undefined : 0));
    if (snapshot.error !== null) throw snapshot.error;
    write(encoder.take());
  }

  /**
   * As `saveNow`, but others have their turns, so that a signal can still end the process. Nobody may change the dataset.
   * @param done called once, now or later, with whether it succeeded.
   */
  saveInSlices(done: (succeeded: boolean) => void): void {
    const { children, disk } = this.#ports;
    if (children.active !== null) {
      done(this.saveNow());
      return;
    }
    const { pid } = this.#server.host.system;
    const name = `temp-${pid}.rdb`;
    let file: SnapshotFile;
    try {
      file = new SnapshotFile(disk, this.#pathOf(name), pid, true, null);
    } catch (error) {
      this.#warnOfOpening(name, error);
      done(false);
      return;
    }
    this.#lastFile = file;
    const end = (error: unknown): void => {
      if (error !== null) {
        this.#warnOfWriting(error);
        file.discard();
      }
      child.kill();
      this.#lastFile = null;
      done(error === null && this.#install(file.path));
    };
    file.onError = end;
    const child = children.start('rdb', this.#ports.encoder(), file, (error) => {
      if (error === null) file.finish(end);
      else end(error);
    });
  }

  /** The process ends at once: what is unfinished is removed. */
  abandon(): void {
    this.#lastFile?.discard();
    this.#running?.file.discard();
  }

  // ------------------------------------------------------------------------------------------------- in the background

  /** Starts a save. To be called when no child is active. @returns whether it could be started. */
  saveInBackground(): boolean {
    const { log, config, changes } = this.#server;
    this.count++;
    this.#lastTrySeconds = this.#nowSeconds;
    let name = '';
    const opened = openSnapshotFile(this.#server, this.#ports.disk, {
      nameOf: (writer) => this.#pathOf((name = `temp-${writer}.rdb`)),
      syncsNowAndThen: config.values['rdb-save-incremental-fsync'],
    });
    log.notice(`Background saving started by pid ${opened.pid}`);
    if (opened.error !== null) {
      this.#warnOfOpening(name, opened.error);
      log.warning('Background saving error');
      this.#end(false);
      return true;
    }
    const { file } = opened;
    file.onError = (error): void => this.#fail(file, error);
    const child = this.#ports.children.start('rdb', this.#ports.encoder(), file, (error) => {
      if (error === null) file.finish((reason) => this.#finish(file, reason));
      else this.#fail(file, error);
    });
    this.#running = { child, file, changes };
    return true;
  }

  /** The whole file is written; it is synced unless there is a reason. */
  #finish(file: SnapshotFile, reason: SnapshotFailure | null): void {
    const running = this.#running;
    if (running === null || running.file !== file) return;
    if (reason !== null) this.#fail(file, reason);
    else if (!this.#move(file.path)) this.#fail(file, null);
    else this.#ports.disk.syncDirectory(this.#directory, (error) => this.#settle(file, error));
  }

  /** The file is in its place; for ever, unless there was an error. */
  #settle(file: SnapshotFile, error: DiskError | null): void {
    const running = this.#running;
    if (running === null || running.file !== file) return;
    const { log } = this.#server;
    if (error !== null) {
      this.#warnOfWriting(error, 'fsyncFileDir');
      this.#fail(file, null);
      return;
    }
    log.notice('DB saved on disk');
    log.notice('Background saving terminated with success');
    this.#noteSaved(running.changes);
    this.#end(true);
  }

  /** @param error what the log does not know yet. */
  #fail(file: SnapshotFile, error: unknown): void {
    if (this.#running?.file !== file) return;
    if (error instanceof WriterEnded && error.signal !== 0) {
      this.#terminate(error.signal);
      return;
    }
    if (error !== null) this.#warnOfWriting(error);
    this.#server.log.warning('Background saving error');
    file.discard();
    this.#end(false);
  }

  /** A signal has ended the process that writes the file, or would have. */
  #terminate(signal: number): void {
    const { log, host, latency } = this.#server;
    log.warning(`Background saving terminated by signal ${signal}`);
    const startUs = host.clock.monotonicUs();
    this.#running!.file.discard();
    latency.note('rdb-unlink-temp-file', host.clock.monotonicUs() - startUs);
    this.#end(signal === SIGUSR1 ? this.lastSucceeded : false, false);
  }

  /** @param status of the last save from now on. */
  #end(status: boolean, succeeded = status): void {
    const running = this.#running;
    this.#running = null;
    if (running !== null) {
      this.lastDurationSeconds = this.#nowSeconds - Math.floor(running.child.startedMs / 1000);
      // Stops the walk too, where a write has failed in the middle of it.
      running.child.kill();
    } else this.lastDurationSeconds = 0;
    this.lastSucceeded = status;
    this.#ports.stateChanged();
    for (const listener of this.onEnded) listener(succeeded);
  }

  /** Stops a background save of the file, if one is under way. It counts as no failure. */
  kill(): void {
    if (this.#running !== null) this.#terminate(SIGUSR1);
  }

  // ----------------------------------------------------------------------------------------------------- periodic work

  /** Saves where a save point is reached, or BGSAVE SCHEDULE asked for it. */
  cron(): void {
    if (this.#ports.children.active !== null) return;
    const seconds = this.#nowSeconds;
    const mayTry = this.lastSucceeded || seconds - this.#lastTrySeconds > RETRY_DELAY_S;
    if (!mayTry) return;
    const { config, log } = this.#server;
    const point = config.values.save.find(
      (each) => this.unsavedChanges >= each.changes && seconds - this.lastSaveSeconds > each.seconds,
    );
    if (point !== undefined) {
      log.notice(`${point.changes} changes in ${point.seconds} seconds. Saving...`);
      this.saveInBackground();
    } else if (this.isScheduled && this.saveInBackground()) this.isScheduled = false;
  }

  // ---------------------------------------------------------------------------------------------------------- the file

  get #directory(): string {
    return pathOfBinary(this.#server.config.values.dir);
  }

  /** Puts a complete file in the place of the old one. @returns whether it is there; its name is not synced yet. */
  #move(temporary: string): boolean {
    const { disk } = this.#ports;
    const { config, log } = this.#server;
    try {
      disk.rename(temporary, this.path);
    } catch (error) {
      log.warning(
        `Error moving temp DB file ${nameOf(temporary)} on the final destination ${config.values.dbfilename} ` +
          `(in server root dir ${config.values.dir}): ${reasonOf(error)}`,
      );
      removeQuietly(disk, temporary);
      return false;
    }
    return true;
  }

  #noteSaved(changes: number): void {
    this.#savedChanges = changes;
    this.lastSaveSeconds = this.#nowSeconds;
    this.lastSucceeded = true;
    this.#ports.stateChanged();
  }

  #warnOfOpening(name: string, error: unknown): void {
    const { config, log } = this.#server;
    log.warning(
      `Failed opening the temp RDB file ${name} (in server root dir ${config.values.dir}) for saving: ${reasonOf(error)}`,
    );
  }

  #warnOfWriting(error: unknown, operation = 'rdbSaveRio'): void {
    this.#server.log.warning(`Write error saving DB on disk(${operation}): ${reasonOf(error)}`);
  }
}

function nameOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** The text of a disk's error; of anything else, which is a fault, all that is known. */
function reasonOf(error: unknown): string {
  if (error instanceof DiskError || error instanceof WriterEnded) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
