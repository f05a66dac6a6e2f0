/**
 * What a machine's disk holds: the files as programs see them (the page cache), and what of them would survive if the
 * power went now.
 *
 * - A file has durable bytes and pending changes since its last sync. Power loss keeps a prefix of the pending changes;
 *   the last one kept may be cut at any byte, and what was cut may be there as zeros.
 * - A directory has durable names and pending changes of names. Power loss keeps a prefix of those. `syncDirectory` makes
 *   them durable; so does syncing a file for the changes up to its own creation, as journaling file systems do.
 * - A sync that fails with EIO drops the pending bytes for good: they can still be read, a later sync succeeds, and after
 *   a power loss there are zeros in their place. That is what Linux does.
 * - The system may write back on its own at any time; it does so here when many changes are pending, which keeps memory
 *   bounded.
 *
 * Killing the process loses nothing of all this.
 */
import type { Random } from '../host/host.ts';

/** A pending change of a file: bytes at its end, or a new size. */
type FileChange = Uint8Array | number;

/** Pending changes of a file or directory beyond which the older half is written back. */
const WRITE_BACK_CHANGES = 4096;

export class FileNode {
  #bytes: Buffer = Buffer.alloc(0);
  #sizeBytes = 0;
  #durable: Buffer = Buffer.alloc(0);
  #durableBytes = 0;
  #pending: FileChange[] = [];

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  append(bytes: Uint8Array): void {
    this.#bytes = appendTo(this.#bytes, this.#sizeBytes, bytes);
    this.#sizeBytes += bytes.length;
    this.#change(bytes);
  }

  truncate(sizeBytes: number): void {
    if (sizeBytes > this.#sizeBytes) {
      this.append(new Uint8Array(sizeBytes - this.#sizeBytes));
      return;
    }
    this.#sizeBytes = sizeBytes;
    this.#change(sizeBytes);
  }

  read(position: number, length: number): Uint8Array {
    const end = Math.min(position + length, this.#sizeBytes);
    return Uint8Array.prototype.slice.call(this.#bytes, Math.min(position, end), end);
  }

  #change(change: FileChange): void {
    this.#pending.push(change);
    if (this.#pending.length > WRITE_BACK_CHANGES) this.#writeBack(WRITE_BACK_CHANGES / 2);
  }

  /** Makes the first `count` pending changes durable. */
  #writeBack(count: number): void {
    for (const change of this.#pending.splice(0, count)) this.#applyDurably(change);
  }

  #applyDurably(change: FileChange): void {
    if (typeof change === 'number') {
      this.#durableBytes = change;
      return;
    }
    this.#durable = appendTo(this.#durable, this.#durableBytes, change);
    this.#durableBytes += change.length;
  }

  sync(): void {
    this.#writeBack(this.#pending.length);
  }

  /** A sync that failed: the system takes the pending bytes for written and forgets them. */
  failSync(): void {
    this.#pending = this.#pending.map((change) =>
      typeof change === 'number' ? change : new Uint8Array(change.length),
    );
  }

  losePower(random: Random): void {
    const kept = random.below(this.#pending.length + 1);
    const torn = this.#pending[kept];
    this.#writeBack(kept);
    if (torn !== undefined && typeof torn !== 'number' && torn.length > 0) {
      const whole = random.below(torn.length + 1);
      this.#applyDurably(torn.subarray(0, whole));
      if (random.below(4) === 0) this.#applyDurably(new Uint8Array(random.below(torn.length - whole + 1)));
    }
    this.#pending = [];
    this.#bytes = Buffer.from(this.#durable.subarray(0, this.#durableBytes));
    this.#sizeBytes = this.#durableBytes;
  }

  /** For tests: what is certain to survive. */
  durable(): Buffer {
    return Buffer.from(this.#durable.subarray(0, this.#durableBytes));
  }
}

function appendTo(buffer: Buffer, usedBytes: number, bytes: Uint8Array): Buffer {
  let target = buffer;
  if (usedBytes + bytes.length > buffer.length) {
    target = Buffer.alloc(Math.max(256, 2 * buffer.length, usedBytes + bytes.length));
    buffer.copy(target, 0, 0, usedBytes);
  }
  target.set(bytes, usedBytes);
  return target;
}

export type StorageNode = FileNode | DirectoryNode;

/**
 * A pending change of names: `node` appears as `name`, or disappears when null. A rename takes the old name away in the
 * same step, from whatever directory, as a journal does.
 */
interface NameChange {
  readonly name: string;
  readonly node: StorageNode | null;
  readonly leaves?: { readonly directory: DirectoryNode; readonly name: string };
}

export class DirectoryNode {
  readonly #names = new Map<string, StorageNode>();
  readonly #durable = new Map<string, StorageNode>();
  #pending: NameChange[] = [];

  get(name: string): StorageNode | undefined {
    return this.#names.get(name);
  }

  list(): string[] {
    return [...this.#names.keys()];
  }

  set(name: string, node: StorageNode): void {
    this.#names.set(name, node);
    this.#change({ name, node });
  }

  remove(name: string): void {
    this.#names.delete(name);
    this.#change({ name, node: null });
  }

  /** Moves what `from` calls `fromName` here, over what was here. */
  moveIn(name: string, node: StorageNode, from: DirectoryNode, fromName: string): void {
    from.#names.delete(fromName);
    this.#names.set(name, node);
    this.#change({ name, node, leaves: { directory: from, name: fromName } });
  }

  sync(): void {
    this.#writeBack(this.#pending.length);
  }

  /** Makes the changes durable up to the first that made `node` appear, if one is pending. */
  syncUpTo(node: StorageNode): void {
    const index = this.#pending.findIndex((change) => change.node === node);
    if (index >= 0) this.#writeBack(index + 1);
  }

  losePower(random: Random): void {
    this.#writeBack(random.below(this.#pending.length + 1));
  }

  /** The second step of a power loss, once every directory has kept its prefix. */
  forgetPending(): void {
    this.#pending = [];
    this.#names.clear();
    for (const [name, node] of this.#durable) this.#names.set(name, node);
  }

  /** All that may exist after a power loss. */
  *everything(): Iterable<StorageNode> {
    yield* this.#names.values();
    yield* this.#durable.values();
    for (const change of this.#pending) if (change.node !== null) yield change.node;
  }

  #change(change: NameChange): void {
    this.#pending.push(change);
    if (this.#pending.length > WRITE_BACK_CHANGES) this.#writeBack(WRITE_BACK_CHANGES / 2);
  }

  #writeBack(count: number): void {
    for (const { name, node, leaves } of this.#pending.splice(0, count)) {
      if (node === null) this.#durable.delete(name);
      else this.#durable.set(name, node);
      if (leaves !== undefined && leaves.directory.#durable.get(leaves.name) === node) {
        leaves.directory.#durable.delete(leaves.name);
      }
    }
  }
}

/** Applies a power loss to everything below `root`. */
export function losePower(root: DirectoryNode, random: Random): void {
  const directories = new Set<DirectoryNode>();
  const files = new Set<FileNode>();
  const visit = (directory: DirectoryNode): void => {
    if (directories.has(directory)) return;
    directories.add(directory);
    for (const node of directory.everything()) {
      if (node instanceof FileNode) files.add(node);
      else visit(node);
    }
  };
  visit(root);
  for (const directory of directories) directory.losePower(random);
  for (const directory of directories) directory.forgetPending();
  for (const file of files) file.losePower(random);
}
