/** A disk in memory with what configuration needs of one: whole files, directories, and replacement by rename. */
import { posix } from 'node:path';
import { DiskError, type Disk, type DiskFile } from '../../../src/host/host.ts';

export class MemoryDisk implements Disk {
  readonly files = new Map<string, Buffer>();
  readonly directories = new Set<string>(['/', '/srv']);
  /** Paths that cannot be opened or replaced. */
  readonly forbidden = new Set<string>();

  constructor(files: Readonly<Record<string, string>> = {}) {
    for (const [path, text] of Object.entries(files)) this.write(path, text);
  }

  write(path: string, text: string): void {
    this.files.set(path, Buffer.from(text, 'latin1'));
    for (let cut = path.lastIndexOf('/'); cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
      this.directories.add(path.slice(0, cut));
    }
  }

  text(path: string): string | null {
    return this.files.get(path)?.toString('latin1') ?? null;
  }

  read(name: string): Uint8Array | null {
    const path = this.#reach(name);
    if (this.directories.has(path)) throw new DiskError('EISDIR', 'Is a directory');
    return this.files.get(path) ?? null;
  }

  stat(name: string): { sizeBytes: number; isDirectory: boolean } | null {
    const path = posix.resolve(name);
    if (this.directories.has(path)) return { sizeBytes: 0, isDirectory: true };
    const file = this.files.get(path);
    return file ? { sizeBytes: file.length, isDirectory: false } : null;
  }

  list(name: string): string[] {
    const directory = posix.resolve(name);
    if (!this.directories.has(directory)) throw new DiskError('ENOENT', 'No such file or directory');
    const prefix = directory === '/' ? '/' : `${directory}/`;
    return [...this.files.keys(), ...this.directories]
      .filter((path) => path.startsWith(prefix) && path.length > prefix.length)
      .map((path) => path.slice(prefix.length))
      .filter((name) => !name.includes('/'));
  }

  makeDirectory(path: string): void {
    this.directories.add(path);
  }

  rename(from: string, to: string): void {
    this.files.set(this.#reach(to), this.files.get(from)!);
    this.files.delete(from);
  }

  claim(): () => void {
    return () => {};
  }

  unlink(path: string): void {
    if (!this.files.delete(path)) throw new DiskError('ENOENT', 'No such file or directory');
  }

  syncDirectory(): void {}

  open(name: string, mode: 'read' | 'append' | 'create'): DiskFile {
    const path = this.#reach(name);
    if (this.directories.has(path)) throw new DiskError('EISDIR', 'Is a directory');
    const directory = path.slice(0, path.lastIndexOf('/')) || '/';
    if (!this.directories.has(directory)) throw new DiskError('ENOENT', 'No such file or directory');
    if (mode === 'create' || !this.files.has(path)) this.files.set(path, Buffer.alloc(0));
    return new MemoryFile(this, path);
  }

  /** The path without `..`; throws where the system would not let anyone through. */
  #reach(name: string): string {
    const path = posix.resolve(name);
    if (this.forbidden.has(path)) throw new DiskError('EACCES', 'Permission denied');
    for (let parent = posix.dirname(path); parent !== '/'; parent = posix.dirname(parent)) {
      if (this.files.has(parent)) throw new DiskError('ENOTDIR', 'Not a directory');
    }
    return path;
  }
}

class MemoryFile implements DiskFile {
  readonly path: string;
  readonly #disk: MemoryDisk;

  constructor(disk: MemoryDisk, path: string) {
    this.#disk = disk;
    this.path = path;
  }

  get sizeBytes(): number {
    return this.#disk.files.get(this.path)!.length;
  }

  append(bytes: Uint8Array, done?: (error: DiskError | null) => void): void {
    this.appendNow(bytes);
    done?.(null);
  }

  sync(done: (error: DiskError | null) => void): void {
    done(null);
  }

  appendNow(bytes: Uint8Array): void {
    this.#disk.files.set(this.path, Buffer.concat([this.#disk.files.get(this.path)!, bytes]));
  }

  syncNow(): void {}

  read(position: number, length: number): Uint8Array {
    return this.#disk.files.get(this.path)!.subarray(position, position + length);
  }

  truncate(sizeBytes: number): void {
    this.#disk.files.set(this.path, this.#disk.files.get(this.path)!.subarray(0, sizeBytes));
  }

  close(): void {}
}
