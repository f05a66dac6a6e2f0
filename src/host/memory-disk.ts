/**
 * A disk that is memory and has no faults: for servers that keep nothing, whose snapshots shall be written and read
 * nevertheless. Nothing of it is left when its owner is gone. The disk of the simulation (sim/disk.ts) is another thing: it
 * has delays, limits and power losses.
 */
import { type Disk, DiskError, type DiskFile, type ReleaseClaim } from './host.ts';

/** Content in chunks, as they were appended. */
class Content {
  readonly chunks: Buffer[] = [];
  sizeBytes = 0;

  append(bytes: Uint8Array): void {
    this.chunks.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    this.sizeBytes += bytes.length;
  }

  all(): Buffer {
    if (this.chunks.length > 1) this.chunks.splice(0, this.chunks.length, Buffer.concat(this.chunks));
    return this.chunks[0] ?? Buffer.alloc(0);
  }

  truncate(sizeBytes: number): void {
    const kept = this.all().subarray(0, sizeBytes);
    this.chunks.splice(0, this.chunks.length, kept);
    this.sizeBytes = kept.length;
  }
}

export class MemoryDisk implements Disk {
  readonly #files = new Map<string, Content>();
  /** Those that were made, be there anything in them or not. */
  readonly #directories = new Set<string>();
  /** Which claim each claimed file belongs to. */
  readonly #claims = new Map<string, ReleaseClaim>();
  readonly #soon: (run: () => void) => void;

  /** @param soon calls back at the end of the turn. */
  constructor(soon: (run: () => void) => void) {
    this.#soon = soon;
  }

  read(path: string): Uint8Array | null {
    return this.#files.get(path)?.all() ?? null;
  }

  stat(path: string): { sizeBytes: number; isDirectory: boolean } | null {
    const content = this.#files.get(path);
    if (content !== undefined) return { sizeBytes: content.sizeBytes, isDirectory: false };
    const isDirectory = this.#directories.has(path) || this.list(path).length > 0;
    return isDirectory ? { sizeBytes: 0, isDirectory } : null;
  }

  list(directory: string): string[] {
    const prefix = `${directory}/`;
    return [...this.#files.keys()].filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
  }

  makeDirectory(path: string): void {
    this.#directories.add(path);
  }

  rename(from: string, to: string): void {
    this.#files.set(to, this.#find(from));
    if (from !== to) this.#files.delete(from);
  }

  unlink(path: string): void {
    this.#find(path);
    this.#files.delete(path);
  }

  syncDirectory(_path?: string, done?: (error: DiskError | null) => void): void {
    if (done !== undefined) this.#soon(() => done(null));
  }

  open(path: string, mode: 'read' | 'append' | 'create'): DiskFile {
    let content = this.#files.get(path);
    if (content === undefined && mode === 'read') content = this.#find(path);
    if (content === undefined || mode === 'create') this.#files.set(path, (content = new Content()));
    return new MemoryFile(path, content, this.#soon);
  }

  claim(path: string): ReleaseClaim | null {
    if (this.#claims.has(path)) return null;
    const release = (): void => {
      if (this.#claims.get(path) === release) this.#claims.delete(path);
    };
    this.#claims.set(path, release);
    return release;
  }

  #find(path: string): Content {
    const content = this.#files.get(path);
    if (content === undefined) throw new DiskError('ENOENT', 'No such file or directory');
    return content;
  }
}

class MemoryFile implements DiskFile {
  readonly path: string;
  readonly #content: Content;
  readonly #soon: (run: () => void) => void;

  constructor(path: string, content: Content, soon: (run: () => void) => void) {
    this.path = path;
    this.#content = content;
    this.#soon = soon;
  }

  get sizeBytes(): number {
    return this.#content.sizeBytes;
  }

  append(bytes: Uint8Array, done?: (error: DiskError | null) => void): void {
    this.#content.append(bytes);
    if (done !== undefined) this.#soon(() => done(null));
  }

  sync(done: (error: DiskError | null) => void): void {
    this.#soon(() => done(null));
  }

  appendNow(bytes: Uint8Array): void {
    this.#content.append(Buffer.from(bytes));
  }

  syncNow(): void {}

  read(position: number, length: number): Uint8Array {
    return this.#content.all().subarray(position, position + length);
  }

  truncate(sizeBytes: number): void {
    this.#content.truncate(sizeBytes);
  }

  close(): void {}
}
