/**
 * The real file system behind `Disk`. Paths are resolved against the host's own working directory, not the process',
 * because several servers with different directories live in one process.
 */
import * as fs from 'node:fs';
import { resolve } from 'node:path';
import { diskErrorOf } from '../error-texts.ts';
import type { Disk, DiskError, DiskFile, ReleaseClaim } from '../host.ts';
import { NodeDiskFile } from './disk-file.ts';
import { diskError } from './errors.ts';
import { claimFile } from './file-claim.ts';

const { O_APPEND, O_CREAT, O_RDONLY, O_RDWR, O_TRUNC } = fs.constants;

const OPEN_FLAGS = {
  read: O_RDONLY,
  append: O_RDWR | O_CREAT | O_APPEND,
  create: O_RDWR | O_CREAT | O_APPEND | O_TRUNC,
} as const;

/** Redis creates its files for all to read; the umask has the last word. */
const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;
/** Windows has no handle for a directory that could be synced; its file system journals renames by itself. */
const DIRECTORIES_CAN_BE_SYNCED = process.platform !== 'win32';
/** From here on it takes noticeable time to give back a file's blocks. */
const LARGE_FILE_BYTES = 1 << 20;

export class NodeDisk implements Disk {
  readonly #workingDirectory: string;

  constructor(workingDirectory: string = process.cwd()) {
    this.#workingDirectory = resolve(workingDirectory);
  }

  read(path: string): Uint8Array | null {
    return attempt(() => unlessMissing(() => fs.readFileSync(this.#resolve(path))));
  }

  stat(path: string): { sizeBytes: number; isDirectory: boolean } | null {
    return attempt(() => {
      const stat = fs.statSync(this.#resolve(path), { throwIfNoEntry: false });
      return stat === undefined ? null : { sizeBytes: stat.size, isDirectory: stat.isDirectory() };
    });
  }

  list(directory: string): string[] {
    return attempt(() => fs.readdirSync(this.#resolve(directory)));
  }

  makeDirectory(path: string): void {
    attempt(() => fs.mkdirSync(this.#resolve(path), { recursive: true, mode: DIRECTORY_MODE }));
  }

  rename(from: string, to: string): void {
    const target = this.#resolve(to);
    attempt(() => whileHeld(target, () => fs.renameSync(this.#resolve(from), target)));
  }

  unlink(path: string): void {
    const target = this.#resolve(path);
    attempt(() => whileHeld(target, () => fs.unlinkSync(target)));
  }

  syncDirectory(path: string, done?: (error: DiskError | null) => void): void {
    const resolved = this.#resolve(path);
    if (done !== undefined) {
      syncInBackground(resolved, (error) => done(error === null ? null : diskError(error)));
      return;
    }
    if (!DIRECTORIES_CAN_BE_SYNCED) return;
    attempt(() => {
      const descriptor = fs.openSync(resolved, O_RDONLY);
      try {
        fs.fsyncSync(descriptor);
      } finally {
        fs.closeSync(descriptor);
      }
    });
  }

  open(path: string, mode: 'read' | 'append' | 'create'): DiskFile {
    const resolved = this.#resolve(path);
    return attempt(() => {
      const descriptor = fs.openSync(resolved, OPEN_FLAGS[mode], FILE_MODE);
      const stat = fs.fstatSync(descriptor);
      if (stat.isDirectory()) {
        fs.closeSync(descriptor);
        throw diskErrorOf('EISDIR');
      }
      return new NodeDiskFile(resolved, descriptor, stat.size);
    });
  }

  claim(path: string): ReleaseClaim | null {
    return attempt(() => claimFile(this.#resolve(path)));
  }

  #resolve(path: string): string {
    return resolve(this.#workingDirectory, path);
  }
}

function syncInBackground(path: string, done: (error: NodeJS.ErrnoException | null) => void): void {
  if (!DIRECTORIES_CAN_BE_SYNCED) {
    setImmediate(done, null);
    return;
  }
  fs.open(path, O_RDONLY, (error, descriptor) => {
    if (error !== null) done(error);
    else fs.fsync(descriptor, (failure) => fs.close(descriptor, () => done(failure)));
  });
}

/**
 * Takes away the name of a file, which may be the last thing that keeps it. The system then gives back its blocks at once,
 * which takes long for a large file; who holds it open meanwhile can let go of it in the background.
 */
function whileHeld(path: string, act: () => void): void {
  const held = holdLargeFile(path);
  try {
    act();
  } finally {
    if (held !== null) fs.close(held);
  }
}

/** @returns its descriptor, or null where there is nothing to hold. */
function holdLargeFile(path: string): number | null {
  // Windows does not let go of the name of a file that is open.
  if (process.platform === 'win32') return null;
  try {
    const stat = fs.lstatSync(path);
    return stat.isFile() && stat.size >= LARGE_FILE_BYTES ? fs.openSync(path, O_RDONLY) : null;
  } catch {
    return null;
  }
}

function attempt<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw diskError(error);
  }
}

function unlessMissing<T>(act: () => T): T | null {
  try {
    return act();
  } catch (error) {
    if (diskError(error).code === 'ENOENT') return null;
    throw error;
  }
}
