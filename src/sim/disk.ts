/**
 * The `Disk` port of one life of a node. Synchronous calls take the node's time (it is busy meanwhile); asynchronous ones
 * complete as later events, in order per file. What happens to the bytes at a power loss is in storage.ts.
 */
import { diskErrorOf, errorText } from '../host/error-texts.ts';
import type { Disk, DiskError, DiskFile, ReleaseClaim } from '../host/host.ts';
import { Fifo } from './fifo.ts';
import type { Life } from './life.ts';
import { type MachineDisk, pathParts } from './machine-disk.ts';
import { DirectoryNode, FileNode, type StorageNode } from './storage.ts';
import { hashBytes, hashText, KIND } from './trace.ts';

export class SimDisk implements Disk {
  readonly #life: Life;
  readonly #disk: MachineDisk;

  readonly #files = new Set<SimDiskFile>();
  #fileCount = 0;

  constructor(life: Life, disk: MachineDisk) {
    this.#life = life;
    this.#disk = disk;
  }

  read(path: string): Uint8Array | null {
    const node = this.#lookUp(path);
    if (node === undefined) return null;
    if (node instanceof DirectoryNode) throw diskErrorOf('EISDIR');
    return node.read(0, node.sizeBytes);
  }

  stat(path: string): { sizeBytes: number; isDirectory: boolean } | null {
    const node = this.#lookUp(path);
    if (node === undefined) return null;
    return node instanceof FileNode
      ? { sizeBytes: node.sizeBytes, isDirectory: false }
      : { sizeBytes: 4096, isDirectory: true };
  }

  list(directory: string): string[] {
    const node = this.#lookUp(directory);
    if (node === undefined) throw diskErrorOf('ENOENT');
    if (node instanceof FileNode) throw diskErrorOf('ENOTDIR');
    return node.list();
  }

  makeDirectory(path: string): void {
    this.#life.check();
    let directory = this.#disk.root;
    const parts = pathParts(path);
    for (const [index, part] of parts.entries()) {
      let next = directory.get(part);
      if (next === undefined) {
        next = new DirectoryNode();
        directory.set(part, next);
      }
      if (next instanceof FileNode) throw diskErrorOf(index === parts.length - 1 ? 'EEXIST' : 'ENOTDIR');
      directory = next;
    }
    this.#note(KIND.directory, hashText(path));
  }

  rename(from: string, to: string): void {
    const source = this.#parentOf(from);
    const node = source.directory.get(source.name);
    if (node === undefined) throw diskErrorOf('ENOENT');
    const target = this.#parentOf(to);
    const replaced = target.directory.get(target.name);
    if (replaced instanceof DirectoryNode && node instanceof FileNode) throw diskErrorOf('EISDIR');
    if (replaced instanceof FileNode && node instanceof DirectoryNode) throw diskErrorOf('ENOTDIR');
    if (replaced === node) return;
    target.directory.moveIn(target.name, node, source.directory, source.name);
    this.#note(KIND.directory, hashText(to));
  }

  unlink(path: string): void {
    const { directory, name } = this.#parentOf(path);
    const node = directory.get(name);
    if (node === undefined) throw diskErrorOf('ENOENT');
    if (node instanceof DirectoryNode) throw diskErrorOf('EISDIR');
    directory.remove(name);
    this.#note(KIND.directory, hashText(path));
  }

  syncDirectory(path: string, done?: (error: DiskError | null) => void): void {
    const life = this.#life;
    const node = this.#lookUp(path);
    const delayUs = this.#disk.drawUs(this.#disk.syncMs);
    this.#note(KIND.sync, hashText(path));
    life.check();
    if (done !== undefined) {
      const perform = (): void => {
        if (!life.alive) return;
        const failure = node === undefined ? diskErrorOf('ENOENT') : this.#sync(node, path);
        life.deliver(() => done(failure));
      };
      life.scheduler.at(life.scheduler.nowUs + delayUs, life.index, null, perform);
      return;
    }
    if (node === undefined) throw diskErrorOf('ENOENT');
    life.spend(delayUs);
    const failure = this.#sync(node, path);
    if (failure !== null) throw failure;
  }

  #sync(node: StorageNode, path: string): DiskError | null {
    if (this.#disk.takeSyncFailure()) return diskErrorOf('EIO');
    if (node instanceof DirectoryNode) node.sync();
    this.#note(KIND.synced, hashText(path));
    return null;
  }

  open(path: string, mode: 'read' | 'append' | 'create'): DiskFile {
    const { directory, name } = this.#parentOf(path);
    let node = directory.get(name);
    if (node instanceof DirectoryNode) throw diskErrorOf('EISDIR');
    if (node === undefined) {
      if (mode === 'read') throw diskErrorOf('ENOENT');
      node = new FileNode();
      directory.set(name, node);
    } else if (mode === 'create') node.truncate(0);
    const site = { life: this.#life, disk: this.#disk, number: ++this.#fileCount, parents: this.#chain(path) };
    const file = new SimDiskFile(site, `/${pathParts(path).join('/')}`, node, mode !== 'read', () => {
      this.#files.delete(file);
    });
    this.#files.add(file);
    return file;
  }

  claim(path: string): ReleaseClaim | null {
    this.#parentOf(path);
    return this.#disk.claim(`/${pathParts(path).join('/')}`, this.#life);
  }

  /** The process was killed: the operation that was under way may have happened, the others did not. */
  closeByKernel(): void {
    for (const file of this.#files) file.kill();
  }

  #lookUp(path: string): StorageNode | undefined {
    this.#life.check();
    return this.#disk.find(path);
  }

  #parentOf(path: string): { directory: DirectoryNode; name: string } {
    this.#life.check();
    const parts = pathParts(path);
    const name = parts.pop();
    if (name === undefined) throw diskErrorOf('EISDIR');
    const directory = this.#disk.find(`/${parts.join('/')}`);
    if (directory === undefined) throw diskErrorOf('ENOENT');
    if (directory instanceof FileNode) throw diskErrorOf('ENOTDIR');
    return { directory, name };
  }

  /** The directories above `path`, the nearest first, each with what it holds of the way down. */
  #chain(path: string): DirectoryNode[] {
    const chain: DirectoryNode[] = [];
    let node: StorageNode | undefined = this.#disk.root;
    for (const part of pathParts(path)) {
      if (!(node instanceof DirectoryNode)) break;
      chain.unshift(node);
      node = node.get(part);
    }
    return chain;
  }

  #note(kind: number, value: number): void {
    this.#life.scheduler.note(this.#life.index, kind, 0, value);
  }
}

interface FileSite {
  readonly life: Life;
  readonly disk: MachineDisk;
  readonly number: number;
  readonly parents: readonly DirectoryNode[];
}

/** `bytes` is null for a sync. */
interface Operation {
  readonly bytes: Uint8Array | null;
  readonly done: ((error: DiskError | null) => void) | undefined;
}

class SimDiskFile implements DiskFile {
  readonly path: string;
  readonly #site: FileSite;
  readonly #node: FileNode;
  readonly #writable: boolean;
  readonly #onClosed: () => void;
  readonly #waiting = new Fifo<Operation>();
  #pendingBytes = 0;
  /** The operation at the head of the queue has been done; its callback has not been called. */
  #performed = false;
  #closed = false;

  constructor(site: FileSite, path: string, node: FileNode, writable: boolean, onClosed: () => void) {
    this.#site = site;
    this.path = path;
    this.#node = node;
    this.#writable = writable;
    this.#onClosed = onClosed;
  }

  get sizeBytes(): number {
    return this.#node.sizeBytes + this.#pendingBytes;
  }

  append(bytes: Uint8Array, done?: (error: DiskError | null) => void): void {
    this.#assertOpen();
    this.#note(KIND.append, hashBytes(bytes));
    this.#pendingBytes += bytes.length;
    this.#enqueue({ bytes, done });
  }

  sync(done: (error: DiskError | null) => void): void {
    this.#assertOpen();
    this.#note(KIND.sync, 0);
    this.#enqueue({ bytes: null, done });
  }

  appendNow(bytes: Uint8Array): void {
    this.#assertIdle();
    this.#note(KIND.append, hashBytes(bytes));
    this.#site.life.spend(this.#drawUs(false));
    // What is not durable is kept, and the caller may use the array again.
    const failure = this.#write(Buffer.from(bytes));
    if (failure !== null) throw failure;
  }

  syncNow(): void {
    this.#assertIdle();
    this.#note(KIND.sync, 0);
    // Whoever observes that may have taken the power.
    this.#site.life.check();
    this.#site.life.spend(this.#drawUs(true));
    const failure = this.#syncNode();
    if (failure !== null) throw failure;
  }

  read(position: number, length: number): Uint8Array {
    this.#assertOpen();
    return this.#node.read(position, length);
  }

  truncate(sizeBytes: number): void {
    this.#assertIdle();
    this.#node.truncate(sizeBytes);
  }

  close(): void {
    if (this.#closed) return;
    this.#site.life.check();
    this.#closed = true;
    if (this.#waiting.size === 0) this.#onClosed();
  }

  kill(): void {
    const first = this.#waiting.peek();
    if (first === undefined || this.#performed || this.#site.disk.random.below(2) === 0) return;
    if (first.bytes !== null) this.#node.append(first.bytes);
    else this.#syncNode();
  }

  #enqueue(operation: Operation): void {
    this.#waiting.push(operation);
    if (this.#waiting.size === 1) this.#start(operation);
  }

  #start(operation: Operation): void {
    const { life } = this.#site;
    const delayUs = this.#drawUs(operation.bytes === null);
    // The kernel finishes what is under way whether or not the node is paused; only the callback waits for it.
    life.scheduler.at(life.scheduler.nowUs + delayUs, life.index, null, () => this.#perform(operation));
  }

  #perform(operation: Operation): void {
    const { life } = this.#site;
    if (!life.alive) return;
    const { bytes } = operation;
    const failure = bytes === null ? this.#syncNode() : this.#write(bytes);
    if (bytes !== null) this.#pendingBytes -= bytes.length;
    this.#performed = true;
    life.deliver(() => this.#complete(failure));
  }

  #complete(failure: DiskError | null): void {
    this.#performed = false;
    const finished = [this.#waiting.shift()!];
    if (failure !== null) this.#takeWaiting(finished);
    const next = this.#waiting.peek();
    if (next !== undefined) this.#start(next);
    for (const { bytes, done } of finished) {
      this.#note(bytes === null ? KIND.synced : KIND.appended, failure === null ? 0 : failure.message.length);
      done?.(failure);
    }
    if (this.#closed && this.#waiting.size === 0) this.#onClosed();
  }

  /** What waits behind a failure fails with it, so that the file never has a gap. */
  #takeWaiting(failed: Operation[]): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) failed.push(next);
    this.#pendingBytes = 0;
  }

  #write(bytes: Uint8Array): DiskError | null {
    const { disk } = this.#site;
    if (!this.#writable) return diskErrorOf('EUNKNOWN', errorText('EBADF'));
    const full = disk.capacityBytes !== Infinity && disk.usedBytes() + bytes.length > disk.capacityBytes;
    if (full) return diskErrorOf('ENOSPC');
    this.#node.append(bytes);
    return null;
  }

  #syncNode(): DiskError | null {
    const { disk, parents } = this.#site;
    if (disk.takeSyncFailure()) {
      this.#node.failSync();
      return diskErrorOf('EIO');
    }
    this.#node.sync();
    let child: StorageNode = this.#node;
    for (const directory of parents) {
      directory.syncUpTo(child);
      child = directory;
    }
    return null;
  }

  #drawUs(isSync: boolean): number {
    const { disk } = this.#site;
    return disk.drawUs(isSync ? disk.syncMs : disk.appendMs);
  }

  #note(kind: number, value: number): void {
    const { life, number } = this.#site;
    life.scheduler.note(life.index, kind, number, value);
  }

  #assertOpen(): void {
    this.#site.life.check();
    if (this.#closed) throw new Error(`${this.path} is closed`);
  }

  #assertIdle(): void {
    this.#assertOpen();
    if (this.#waiting.size > 0) throw new Error(`${this.path} has pending appends or syncs`);
  }
}
