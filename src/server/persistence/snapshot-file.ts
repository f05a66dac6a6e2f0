/**
 * A file that takes a snapshot as it is being made, without holding up anybody: bytes are appended and synced in the
 * background. It is written under a temporary name, and whoever wrote it renames it when it is whole and synced.
 */
import { type Disk, DiskError, type DiskFile } from '../../host/host.ts';
import type { SnapshotSink } from '../../persistence/snapshot-pump.ts';

/** Syncing now and then keeps the last sync short (rdb-save-incremental-fsync, REDIS_AUTOSYNC_BYTES). */
const SYNC_EVERY_BYTES = 4 << 20;

export class SnapshotFile implements SnapshotSink {
  readonly path: string;
  onDrain: (() => void) | null = null;
  /** Called once, when something could not be written. */
  onError: ((error: DiskError) => void) | null = null;
  queuedBytes = 0;
  readonly #disk: Disk;
  readonly #file: DiskFile;
  readonly #syncsNowAndThen: boolean;
  #unsyncedBytes = 0;
  #error: DiskError | null = null;
  #isClosed = false;

  /** @throws DiskError */
  constructor(disk: Disk, path: string, syncsNowAndThen: boolean) {
    this.#disk = disk;
    this.path = path;
    this.#syncsNowAndThen = syncsNowAndThen;
    this.#file = disk.open(path, 'create');
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  write(bytes: Buffer): void {
    if (this.#isClosed || this.#error !== null) return;
    const { length } = bytes;
    this.queuedBytes += length;
    this.#file.append(bytes, (error) => {
      this.queuedBytes -= length;
      if (error !== null) this.#fail(error);
      else if (!this.#isClosed) this.onDrain?.();
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

  /** Closes the file. @param done with null when all that was written is durable; not called after `discard`. */
  finish(done: (error: DiskError | null) => void): void {
    this.#file.sync((error) => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      this.#file.close();
      done(this.#error ?? error);
    });
  }

  /** Gives up: closes and removes the file. Idempotent. */
  discard(): void {
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
