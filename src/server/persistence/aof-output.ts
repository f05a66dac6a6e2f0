/**
 * The increment that is being written. It has two handles: one is written to and synced at once, the other one syncs in
 * the background, which may take long; a sync covers what was written by either.
 */
import { type Disk, DiskError, type DiskFile } from '../../host/host.ts';

export class AofOutput {
  readonly path: string;
  readonly #file: DiskFile;
  readonly #syncs: DiskFile;
  /** A write failed: what is beyond the size that is known has to go before the next one. */
  #isTorn = false;
  #syncing = 0;
  sizeBytes: number;
  /** So much of it is on disk, or is being synced right now. */
  syncStartedBytes: number;

  /** @throws DiskError */
  constructor(disk: Disk, path: string, mode: 'append' | 'create') {
    this.path = path;
    this.#file = disk.open(path, mode);
    try {
      this.#syncs = disk.open(path, 'append');
    } catch (error) {
      this.#file.close();
      throw error;
    }
    this.sizeBytes = this.syncStartedBytes = this.#file.sizeBytes;
  }

  /** Whether a background sync is under way. */
  get isSyncing(): boolean {
    return this.#syncing > 0;
  }

  /** @throws DiskError, with the file as it was before. */
  write(bytes: Uint8Array): void {
    if (this.#isTorn) this.#file.truncate(this.sizeBytes);
    this.#isTorn = true;
    this.#file.appendNow(bytes);
    this.#isTorn = false;
    this.sizeBytes += bytes.length;
  }

  /** Syncs in the background. */
  sync(done: (error: DiskError | null) => void): void {
    this.#syncing++;
    this.syncStartedBytes = this.sizeBytes;
    this.#syncs.sync((error) => {
      this.#syncing--;
      done(error);
    });
  }

  /** @throws DiskError */
  syncNow(): void {
    this.#file.syncNow();
    this.syncStartedBytes = this.sizeBytes;
  }

  close(): void {
    this.#file.close();
    this.#syncs.close();
  }

  /** Syncs and closes in the background. */
  syncAndClose(): void {
    this.#syncs.sync(() => {});
    this.close();
  }
}
