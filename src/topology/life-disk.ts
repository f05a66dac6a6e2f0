/**
 * The disk of one life of a node, and what of its files is safe.
 *
 * A killed process loses no byte that it wrote; a machine without power loses what was not synced. `SyncedSizes` notes
 * for each file how much of it is safe, over all lives of the node, and cuts the files to that when the power goes. Bytes
 * at the end of files are all that can be lost here: renames and removals count as safe at once. (The disk of the
 * simulation, sim/disk.ts, loses those too.)
 */
import type { Disk, DiskError, DiskFile, ReleaseClaim } from '../host/host.ts';
import type { Gate } from './gate.ts';

export class SyncedSizes {
  /** Of files that hold more than is safe. */
  readonly #sizes = new Map<string, number>();

  /** The file is about to grow or to be emptied; so much of it is safe, if nothing else was said before. */
  unsafe(path: string, sizeBytes: number): void {
    if (!this.#sizes.has(path)) this.#sizes.set(path, sizeBytes);
  }

  synced(path: string, sizeBytes: number, wholeBytes: number): void {
    if (sizeBytes >= wholeBytes) this.#sizes.delete(path);
    else this.#sizes.set(path, sizeBytes);
  }

  shrunk(path: string, sizeBytes: number): void {
    const size = this.#sizes.get(path);
    if (size !== undefined && size > sizeBytes) this.#sizes.set(path, sizeBytes);
  }

  renamed(from: string, to: string): void {
    const size = this.#sizes.get(from);
    this.#sizes.delete(from);
    this.#sizes.delete(to);
    if (size !== undefined) this.#sizes.set(to, size);
  }

  removed(path: string): void {
    this.#sizes.delete(path);
  }

  /** The power is gone: what was not synced with it. */
  lose(disk: Disk): void {
    for (const [path, sizeBytes] of this.#sizes) {
      if (disk.stat(path) === null) continue;
      const file = disk.open(path, 'append');
      if (file.sizeBytes > sizeBytes) file.truncate(sizeBytes);
      file.close();
    }
    this.#sizes.clear();
  }
}

export class LifeDisk implements Disk {
  readonly #disk: Disk;
  readonly #gate: Gate;
  readonly #synced: SyncedSizes;
  readonly #open = new Set<DiskFile>();
  readonly #claims = new Set<ReleaseClaim>();

  constructor(disk: Disk, gate: Gate, synced: SyncedSizes) {
    this.#disk = disk;
    this.#gate = gate;
    this.#synced = synced;
  }

  read(path: string): Uint8Array | null {
    return this.#disk.read(path);
  }

  stat(path: string): { sizeBytes: number; isDirectory: boolean } | null {
    return this.#disk.stat(path);
  }

  list(directory: string): string[] {
    return this.#disk.list(directory);
  }

  makeDirectory(path: string): void {
    this.#disk.makeDirectory(path);
  }

  rename(from: string, to: string): void {
    this.#disk.rename(from, to);
    this.#synced.renamed(from, to);
  }

  unlink(path: string): void {
    this.#disk.unlink(path);
    this.#synced.removed(path);
  }

  syncDirectory(path: string, done?: Done): void {
    this.#disk.syncDirectory(path, done === undefined ? undefined : (error) => this.#gate.run(() => done(error)));
  }

  open(path: string, mode: 'read' | 'append' | 'create'): DiskFile {
    const file = this.#disk.open(path, mode);
    if (mode === 'create') this.#synced.unsafe(path, 0);
    this.#open.add(file);
    return new LifeFile(file, path, this.#gate, this.#synced, () => this.#open.delete(file));
  }

  claim(path: string): ReleaseClaim | null {
    const release = this.#disk.claim(path);
    if (release !== null) this.#claims.add(release);
    return release;
  }

  /** The descriptors and claims of a process that is no more. */
  closeAll(): void {
    for (const file of this.#open) file.close();
    this.#open.clear();
    for (const release of this.#claims) release();
    this.#claims.clear();
  }
}

type Done = (error: DiskError | null) => void;

class LifeFile implements DiskFile {
  readonly path: string;
  readonly #file: DiskFile;
  /** As its opener named it. */
  readonly #name: string;
  readonly #gate: Gate;
  readonly #synced: SyncedSizes;
  readonly #closed: () => void;

  constructor(file: DiskFile, name: string, gate: Gate, synced: SyncedSizes, closed: () => void) {
    this.path = file.path;
    this.#file = file;
    this.#name = name;
    this.#gate = gate;
    this.#synced = synced;
    this.#closed = closed;
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  get givesBack(): boolean {
    return this.#file.givesBack === true;
  }

  append(bytes: Uint8Array, done?: Done): void {
    this.#synced.unsafe(this.#name, this.sizeBytes);
    if (done === undefined) {
      this.#file.append(bytes);
      return;
    }
    this.#gate.pulse.pending++;
    this.#file.append(bytes, (error) => {
      this.#gate.pulse.pending--;
      this.#gate.run(() => done(error));
    });
  }

  sync(done: Done): void {
    const sizeBytes = this.sizeBytes;
    this.#gate.pulse.pending++;
    this.#file.sync((error) => {
      this.#gate.pulse.pending--;
      if (error === null && !this.#gate.isShut) this.#synced.synced(this.#name, sizeBytes, this.sizeBytes);
      this.#gate.run(() => done(error));
    });
  }

  appendNow(bytes: Uint8Array): void {
    this.#synced.unsafe(this.#name, this.sizeBytes);
    this.#file.appendNow(bytes);
  }

  syncNow(): void {
    this.#file.syncNow();
    this.#synced.synced(this.#name, this.sizeBytes, this.sizeBytes);
  }

  read(position: number, length: number): Uint8Array {
    return this.#file.read(position, length);
  }

  truncate(sizeBytes: number): void {
    this.#file.truncate(sizeBytes);
    this.#synced.shrunk(this.#name, sizeBytes);
  }

  close(): void {
    this.#closed();
    this.#file.close();
  }
}
