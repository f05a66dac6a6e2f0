/**
 * The disk of a machine, with its faults. It outlives the processes; `SimDisk` (disk.ts) is one process' port to it.
 *
 * Everything here is for tests: delays, a capacity, syncs that fail, and a look at the files from outside.
 */
import type { Random, ReleaseClaim } from '../host/host.ts';
import { DirectoryNode, FileNode, losePower, type StorageNode } from './storage.ts';

/** Least and most, in milliseconds; each operation draws its own, the small ones more often. */
export type Delay = readonly [number, number];

export interface DiskOptions {
  readonly appendMs?: Delay;
  readonly syncMs?: Delay;
  /** Bytes that all files may have together; beyond it appends fail with ENOSPC. */
  readonly capacityBytes?: number;
}

export const WORKING_DIRECTORY = '/data';

export class MachineDisk {
  readonly root = new DirectoryNode();
  /** How long an append takes. */
  appendMs: Delay;
  /** How long a sync takes. */
  syncMs: Delay;
  capacityBytes: number;
  readonly random: Random;
  #failingSyncs = 0;
  #stalls: { readonly delayMs: number }[] = [];
  /** Claimed files, each with the life that has it. */
  readonly #claims = new Map<string, { readonly alive: boolean }>();

  constructor(random: Random, options: DiskOptions) {
    this.random = random;
    this.appendMs = options.appendMs ?? [0.005, 0.2];
    this.syncMs = options.syncMs ?? [0.2, 10];
    this.capacityBytes = options.capacityBytes ?? Infinity;
    this.root.set(WORKING_DIRECTORY.slice(1), new DirectoryNode());
    this.root.sync();
  }

  /** The next `count` syncs, of files and of directories, fail with EIO. */
  failSyncs(count: number): void {
    this.#failingSyncs = count;
  }

  /** For the port: whether this sync is one of those that fail. */
  takeSyncFailure(): boolean {
    if (this.#failingSyncs === 0) return false;
    this.#failingSyncs--;
    return true;
  }

  /** For the port: a dead life claims nothing. */
  claim(path: string, life: { readonly alive: boolean }): ReleaseClaim | null {
    const claims = this.#claims;
    if (claims.get(path)?.alive === true) return null;
    const owner = {
      get alive(): boolean {
        return life.alive;
      },
    };
    claims.set(path, owner);
    return () => {
      if (claims.get(path) === owner) claims.delete(path);
    };
  }

  /** Content as programs on this machine see it, or null. */
  read(path: string): Uint8Array | null {
    const node = this.find(path);
    return node instanceof FileNode ? node.read(0, node.sizeBytes) : null;
  }

  /** The bytes that have been synced, provided that the file's name survives, too. */
  durable(path: string): Uint8Array | null {
    const node = this.find(path);
    return node instanceof FileNode ? node.durable() : null;
  }

  /** Flips one bit, as a bad sector might. @returns false when there is no such byte. */
  flipBit(path: string, position: number, bit = 0): boolean {
    const node = this.find(path);
    if (!(node instanceof FileNode) || position < 0 || position >= node.sizeBytes) return false;
    const tail = node.read(position, node.sizeBytes);
    tail[0]! ^= 1 << (bit & 7);
    node.truncate(position);
    node.append(tail);
    node.sync();
    return true;
  }

  losePower(): void {
    losePower(this.root, this.random);
  }

  usedBytes(): number {
    return sizeOf(this.root);
  }

  find(path: string): StorageNode | undefined {
    let node: StorageNode | undefined = this.root;
    for (const part of pathParts(path)) {
      if (!(node instanceof DirectoryNode)) return undefined;
      node = node.get(part);
    }
    return node;
  }

  /** Until what it returns is called everything takes that long; of several such times the one that began last counts. */
  stall(delayMs: number): () => void {
    const stall = { delayMs };
    this.#stalls.push(stall);
    return () => {
      this.#stalls = this.#stalls.filter((one) => one !== stall);
    };
  }

  drawUs(usual: Delay): number {
    const stall = this.#stalls.at(-1);
    const [least, most] = stall === undefined ? usual : [stall.delayMs, stall.delayMs];
    // Cubed: most operations are quick, few are slow.
    const place = (this.random.u32() / 2 ** 32) ** 3;
    return Math.round(1000 * (least + place * (most - least)));
  }
}

/** Names from the root down; `.` and `..` are resolved, relative paths start in the working directory. */
export function pathParts(path: string): string[] {
  const full = path.startsWith('/') ? path : `${WORKING_DIRECTORY}/${path}`;
  const parts: string[] = [];
  for (const part of full.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts;
}

function sizeOf(node: StorageNode): number {
  if (node instanceof FileNode) return node.sizeBytes;
  let total = 0;
  for (const name of node.list()) total += sizeOf(node.get(name)!);
  return total;
}
