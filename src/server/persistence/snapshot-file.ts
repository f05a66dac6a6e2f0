/**
 * A file that takes a snapshot as it is being made, without holding up anybody: bytes are written and synced in the
 * background. It is written under a temporary name, and whoever wrote it renames it when it is whole and synced.
 *
 * There are two. Where the node has a process to itself, another process beside it writes the file (`ProcessSnapshotFile`,
 * as redis-server's child does): it can be seen, and killed. Otherwise threads of the host do (`OwnSnapshotFile`).
 */
import { type Disk, DiskError, type DiskFile } from '../../host/host.ts';
import type { Saver, Saving } from '../../host/saver.ts';
import type { SnapshotSink } from '../../persistence/snapshot-pump.ts';

/** Syncing now and then keeps the last sync short (rdb-save-incremental-fsync, REDIS_AUTOSYNC_BYTES). */
export const SYNC_EVERY_BYTES = 4 << 20;

/** Number of the signal that ends a save without counting as its failure, on Linux. */
export const SIGUSR1 = 10;

/** The process that wrote a file has ended before the file was whole: by a signal, or by itself (0). */
export class WriterEnded extends Error {
  readonly signal: number;

  constructor(signal: number) {
    super(signal === 0 ? 'The process that writes it has failed' : `Terminated by signal ${signal}`);
    this.name = 'WriterEnded';
    this.signal = signal;
  }
}

export type SnapshotFailure = DiskError | WriterEnded;

export interface SnapshotFile extends SnapshotSink {
  readonly path: string;
  /** Number of the process that writes it. */
  readonly pid: number;
  /** Called once, when something could not be written. */
  onError: ((error: SnapshotFailure) => void) | null;
  /** Closes the file. @param done with null when all that was written is durable; not called after `discard`. */
  finish(done: (error: SnapshotFailure | null) => void): void;
  /** Gives up: closes and removes the file. Idempotent. */
  discard(): void;
}

export class OwnSnapshotFile implements SnapshotFile {
  readonly path: string;
  readonly pid: number;
  onDrain: (() => void) | null = null;
  onSpare: ((bytes: Buffer) => void) | null = null;
  onError: ((error: SnapshotFailure) => void) | null = null;
  queuedBytes = 0;
  readonly #disk: Disk;
  readonly #file: DiskFile;
  readonly #syncsNowAndThen: boolean;
  #unsyncedBytes = 0;
  #error: DiskError | null = null;
  #isClosed = false;

  /** @throws DiskError */
  constructor(disk: Disk, path: string, pid: number, syncsNowAndThen: boolean) {
    this.#disk = disk;
    this.path = path;
    this.pid = pid;
    this.#syncsNowAndThen = syncsNowAndThen;
    this.#file = disk.open(path, 'create');
  }

  write(bytes: Buffer): void {
    if (this.#isClosed || this.#error !== null) return;
    const { length } = bytes;
    this.queuedBytes += length;
    this.#file.append(bytes, (error) => {
      this.queuedBytes -= length;
      if (error !== null) this.#fail(error);
      else if (!this.#isClosed) {
        if (this.#file.givesBack === true) this.onSpare?.(bytes);
        this.onDrain?.();
      }
    });
    this.#unsyncedBytes += length;
    if (!this.#syncsNowAndThen || this.#unsyncedBytes < SYNC_EVERY_BYTES) return;
    this.#unsyncedBytes = 0;
    this.#file.sync((error) => {
      if (error !== null) this.#fail(error);
    });
  }

  #fail(error: DiskError): void {
    if (this.#error !== null || this.#isClosed) return;
    this.#error = error;
    this.onError?.(error);
  }

  finish(done: (error: SnapshotFailure | null) => void): void {
    this.#file.sync((error) => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      this.#file.close();
      done(this.#error ?? error);
    });
  }

  discard(): void {
    if (!this.#isClosed) this.#file.close();
    this.#isClosed = true;
    removeQuietly(this.#disk, this.path);
  }
}

export class ProcessSnapshotFile implements SnapshotFile {
  readonly path: string;
  readonly pid: number;
  onDrain: (() => void) | null = null;
  onSpare: ((bytes: Buffer) => void) | null = null;
  onError: ((error: SnapshotFailure) => void) | null = null;
  readonly #disk: Disk;
  readonly #saving: Saving;
  #finished: ((error: SnapshotFailure | null) => void) | null = null;

  /** @param pid from `prepare` of the saver. @throws DiskError */
  constructor(disk: Disk, path: string, pid: number, saver: Saver, title: string, syncsNowAndThen: boolean) {
    this.#disk = disk;
    this.path = path;
    this.pid = pid;
    // It is there from now on, and if it cannot be, that is known at once.
    disk.open(path, 'create').close();
    this.#saving = saver.begin(
      { path, title, syncEveryBytes: syncsNowAndThen ? SYNC_EVERY_BYTES : 0 },
      {
        sent: (bytes) => {
          this.onSpare?.(bytes);
          this.onDrain?.();
        },
        ended: (failure) =>
          this.#ended(failure === null || failure instanceof DiskError ? failure : new WriterEnded(failure.signal)),
      },
    );
  }

  get queuedBytes(): number {
    return this.#saving.queuedBytes;
  }

  write(bytes: Buffer): void {
    this.#saving.write(bytes);
  }

  #ended(failure: SnapshotFailure | null): void {
    if (this.#finished !== null) this.#finished(failure);
    else if (failure !== null) this.onError?.(failure);
  }

  finish(done: (error: SnapshotFailure | null) => void): void {
    this.#finished = done;
    this.#saving.finish();
  }

  discard(): void {
    this.#saving.abandon();
    removeQuietly(this.#disk, this.path);
  }
}

export function removeQuietly(disk: Disk, path: string): void {
  try {
    disk.unlink(path);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
  }
}
