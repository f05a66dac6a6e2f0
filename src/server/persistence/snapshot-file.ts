/**
 * A file that takes a snapshot as it is being made, without holding up anybody: bytes are written and synced in the
 * background. It is written under a temporary name, and whoever wrote it renames it when it is whole and synced.
 *
 * Where another process stands for it (host/save-process.ts), the end of that process is the end of the file.
 */
import { type Disk, DiskError, type DiskFile } from '../../host/host.ts';
import type { SnapshotSink } from '../../persistence/snapshot-pump.ts';

/** Syncing now and then keeps the last sync short (rdb-save-incremental-fsync, REDIS_AUTOSYNC_BYTES). */
export const SYNC_EVERY_BYTES = 4 << 20;

/** Number of the signal that ends a save without counting as its failure, on Linux. */
export const SIGUSR1 = 10;

/** The process that stands for a file has ended before the file was whole: by a signal, or by itself (0). */
export class WriterEnded extends Error {
  readonly signal: number;

  constructor(signal: number) {
    super(signal === 0 ? 'The process that stands for it has ended' : `Terminated by signal ${signal}`);
    this.name = 'WriterEnded';
    this.signal = signal;
  }
}

export type SnapshotFailure = DiskError | WriterEnded;

/** Tells when the process that stands for the file ends. @returns no longer. */
type Attend = (ended: (signal: number) => void) => () => void;

export class SnapshotFile implements SnapshotSink {
  readonly path: string;
  /** Number of the process that stands for it, or of our own. */
  readonly pid: number;
  onDrain: (() => void) | null = null;
  onSpare: ((bytes: Buffer) => void) | null = null;
  /** Called once, when something could not be written. */
  onError: ((error: SnapshotFailure) => void) | null = null;
  queuedBytes = 0;
  readonly #disk: Disk;
  readonly #file: DiskFile;
  readonly #syncsNowAndThen: boolean;
  #unsyncedBytes = 0;
  /** Lets the process go. */
  readonly #leave: () => void;
  #error: SnapshotFailure | null = null;
  #isClosed = false;

  /** @throws DiskError */
  constructor(disk: Disk, path: string, pid: number, syncsNowAndThen: boolean, attend: Attend | null) {
    this.#disk = disk;
    this.path = path;
    this.pid = pid;
    this.#syncsNowAndThen = syncsNowAndThen;
    this.#file = disk.open(path, 'create');
    this.#leave = attend?.((signal) => this.#fail(new WriterEnded(signal))) ?? ((): void => {});
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

  #fail(error: SnapshotFailure): void {
    if (this.#error !== null || this.#isClosed) return;
    this.#error = error;
    this.onError?.(error);
  }

  /** Closes the file. @param done with null when all that was written is durable; not called after `discard`. */
  finish(done: (error: SnapshotFailure | null) => void): void {
    this.#file.sync((error) => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      this.#leave();
      this.#file.close();
      done(this.#error ?? error);
    });
  }

  /** Gives up: closes and removes the file. Idempotent. */
  discard(): void {
    this.#leave();
    if (!this.#isClosed) this.#file.close();
    this.#isClosed = true;
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
