/**
 * An open file with a queue of asynchronous appends and syncs that complete in the order in which they were asked for.
 *
 * One operation of the thread pool runs at a time per file; appends that wait behind it leave together in one gathered
 * write. When an append fails, the file is cut back to the end of the last append that is whole, and everything that
 * waits behind it fails with the same error: the file then holds a prefix of what was appended, never a gap, and the
 * caller may append the failed rest again. `sizeBytes` tells where the file stands.
 */
import * as fs from 'node:fs';
import type { DiskError, DiskFile } from '../host.ts';
import { diskError } from './errors.ts';

type Done = (error: DiskError | null) => void;

/** `bytes` is null for a sync. */
interface Operation {
  readonly bytes: Uint8Array | null;
  readonly done: Done | undefined;
}

/** Gathering is bounded by what one writev takes and by how long it may keep a thread of the pool. */
const GATHERED_WRITES = 512;
const GATHERED_BYTES = 4 << 20;

export class NodeDiskFile implements DiskFile {
  readonly path: string;
  readonly givesBack = true;
  readonly #descriptor: number;
  #sizeBytes: number;
  #waiting: Operation[] = [];
  #busy = false;
  #closing = false;
  #closed = false;

  constructor(path: string, descriptor: number, sizeBytes: number) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#sizeBytes = sizeBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  append(bytes: Uint8Array, done?: Done): void {
    this.#assertOpen();
    this.#sizeBytes += bytes.length;
    this.#enqueue({ bytes, done });
  }

  sync(done: Done): void {
    this.#assertOpen();
    this.#enqueue({ bytes: null, done });
  }

  appendNow(bytes: Uint8Array): void {
    this.#assertIdle();
    const before = this.#sizeBytes;
    try {
      let offset = 0;
      while (offset < bytes.length) offset += fs.writeSync(this.#descriptor, bytes, offset);
      this.#sizeBytes += bytes.length;
    } catch (error) {
      this.#cutBack(before);
      throw diskError(error);
    }
  }

  syncNow(): void {
    this.#assertIdle();
    try {
      fs.fdatasyncSync(this.#descriptor);
    } catch (error) {
      throw diskError(error);
    }
  }

  read(position: number, length: number): Uint8Array {
    this.#assertOpen();
    try {
      const available = Math.max(0, Math.min(length, fs.fstatSync(this.#descriptor).size - position));
      const result = Buffer.allocUnsafeSlow(available);
      let filled = 0;
      while (filled < available) {
        const count = fs.readSync(this.#descriptor, result, filled, available - filled, position + filled);
        if (count === 0) break;
        filled += count;
      }
      return result.subarray(0, filled);
    } catch (error) {
      throw diskError(error);
    }
  }

  truncate(sizeBytes: number): void {
    this.#assertIdle();
    try {
      this.#truncate(sizeBytes);
      this.#sizeBytes = sizeBytes;
    } catch (error) {
      throw diskError(error);
    }
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#closeIfIdle();
  }

  #enqueue(operation: Operation): void {
    this.#waiting.push(operation);
    if (!this.#busy) this.#next();
  }

  #next(): void {
    const first = this.#waiting[0];
    if (first === undefined) {
      this.#closeIfIdle();
      return;
    }
    this.#busy = true;
    if (first.bytes !== null) {
      this.#write(this.#gather());
      return;
    }
    this.#waiting.shift();
    fs.fdatasync(this.#descriptor, (error) => {
      if (error === null) this.#complete([first], null);
      else this.#fail([first], error);
    });
  }

  /** Takes the appends at the head of the queue. */
  #gather(): Operation[] {
    let count = 0;
    let bytes = 0;
    for (const operation of this.#waiting) {
      if (operation.bytes === null || count === GATHERED_WRITES || bytes >= GATHERED_BYTES) break;
      bytes += operation.bytes.length;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  #write(batch: Operation[]): void {
    let left = batch.map((operation) => operation.bytes!);
    let written = 0;
    const step = (): void => {
      fs.writev(this.#descriptor, left, (error, count) => {
        written += count ?? 0;
        if (error !== null) {
          this.#failWrite(batch, written, error);
          return;
        }
        left = withoutFirst(left, count);
        if (left.length > 0) step();
        else this.#complete(batch, null);
      });
    };
    step();
  }

  /** Some of the batch may be whole on disk: those succeed, the file is cut after them, the rest fails. */
  #failWrite(batch: Operation[], written: number, error: NodeJS.ErrnoException): void {
    let whole = 0;
    let wholeBytes = 0;
    while (whole < batch.length && wholeBytes + batch[whole]!.bytes!.length <= written) {
      wholeBytes += batch[whole++]!.bytes!.length;
    }
    const failed = batch.slice(whole);
    const pendingBytes = totalBytes(failed) + totalBytes(this.#waiting);
    this.#sizeBytes -= pendingBytes;
    this.#cutBack(this.#sizeBytes);
    for (const operation of batch.slice(0, whole)) operation.done?.(null);
    this.#failRest(failed, error);
  }

  #fail(failed: Operation[], error: NodeJS.ErrnoException): void {
    // Nothing was written for the appends that wait behind a failed sync.
    this.#sizeBytes -= totalBytes(this.#waiting);
    this.#failRest(failed, error);
  }

  #failRest(failed: Operation[], error: NodeJS.ErrnoException): void {
    const all = failed.concat(this.#waiting);
    this.#waiting = [];
    this.#complete(all, diskError(error));
  }

  #complete(operations: Operation[], error: DiskError | null): void {
    this.#busy = false;
    try {
      for (const operation of operations) operation.done?.(error);
    } finally {
      // A callback may have queued more and started it.
      if (!this.#busy) this.#next();
    }
  }

  #cutBack(sizeBytes: number): void {
    try {
      this.#truncate(sizeBytes);
    } catch {
      // The failure that led here is the one to report. What is left over is a torn tail, as after a crash.
    }
  }

  #truncate(sizeBytes: number): void {
    // A handle that only appends may not truncate on Windows.
    if (process.platform === 'win32') fs.truncateSync(this.path, sizeBytes);
    else fs.ftruncateSync(this.#descriptor, sizeBytes);
  }

  #closeIfIdle(): void {
    if (!this.#closing || this.#closed || this.#busy || this.#waiting.length > 0) return;
    this.#closed = true;
    try {
      fs.closeSync(this.#descriptor);
    } catch {
      // Nothing is left to be done with the descriptor, whatever the system says.
    }
  }

  #assertOpen(): void {
    if (this.#closing) throw new Error(`${this.path} is closed`);
  }

  #assertIdle(): void {
    this.#assertOpen();
    if (this.#busy || this.#waiting.length > 0) throw new Error(`${this.path} has pending appends or syncs`);
  }
}

function totalBytes(operations: readonly Operation[]): number {
  let total = 0;
  for (const operation of operations) total += operation.bytes?.length ?? 0;
  return total;
}

/** The buffers without their first `count` bytes. */
function withoutFirst(buffers: Uint8Array[], count: number): Uint8Array[] {
  let skip = count;
  let first = 0;
  while (first < buffers.length && skip >= buffers[first]!.length) skip -= buffers[first++]!.length;
  const rest = buffers.slice(first);
  if (skip > 0) rest[0] = rest[0]!.subarray(skip);
  return rest;
}
