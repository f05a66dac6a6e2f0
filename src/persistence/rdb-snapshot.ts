/**
 * A snapshot as an RDB file: what BGSAVE, SAVE, a full sync and the base of an append-only file write.
 *
 * Keys of a database stand together, but for those that were handed over: each has its own SELECTDB where it needs one,
 * which readers have to expect anyway. What is handed over while a long value is being written waits in a writer of its
 * own until that value is complete.
 */
import type { Database } from '../data/database.ts';
import { RdbWriter, type RdbWriterOptions } from './rdb/rdb-writer.ts';
import type { SnapshotEncoder } from './snapshot.ts';

export interface RdbSnapshotOptions extends RdbWriterOptions {
  /** Fields about the file, in their order: names and binary strings or integers. */
  readonly aux: readonly (readonly [string, string | number])[];
  /** Sources of libraries of functions. */
  readonly functions?: readonly Uint8Array[];
}

const NO_DATABASE = -1;

export class RdbSnapshotEncoder implements SnapshotEncoder {
  readonly #options: RdbSnapshotOptions;
  readonly #writer: RdbWriter;
  /** Sizes that are not written yet, by database. */
  readonly #sizes = new Map<number, { readonly keys: number; readonly volatileKeys: number }>();
  #selected = NO_DATABASE;
  /** Takes what is handed over while an entry is incomplete. */
  #aside: RdbWriter | null = null;
  #asideSelected = NO_DATABASE;

  constructor(options: RdbSnapshotOptions) {
    this.#options = options;
    this.#writer = new RdbWriter(options);
  }

  get pendingBytes(): number {
    return this.#writer.pendingBytes + (this.#aside?.pendingBytes ?? 0);
  }

  /** Bytes that were made so far. */
  get writtenBytes(): number {
    return this.#writer.writtenBytes;
  }

  start(): void {
    this.#writer.header();
    for (const [name, value] of this.#options.aux) this.#writer.aux(name, value);
    for (const source of this.#options.functions ?? []) this.#writer.functionLibrary(source);
  }

  database(index: number, keys: number, volatileKeys: number): void {
    this.#sizes.set(index, { keys, volatileKeys });
  }

  startEntry(index: number, db: Database, entry: number): void {
    if (index !== this.#selected) this.#select(index);
    this.#writer.startEntry(db, entry);
  }

  #select(index: number): void {
    this.#selected = index;
    this.#writer.selectDb(index);
    const sizes = this.#sizes.get(index);
    if (sizes === undefined) return;
    this.#writer.resizeDb(sizes.keys, sizes.volatileKeys);
    this.#sizes.delete(index);
  }

  writeMore(bytesMax: number): boolean {
    if (!this.#writer.writeMore(bytesMax)) return false;
    if (this.#aside !== null) this.#appendAside(this.#aside);
    return true;
  }

  #appendAside(aside: RdbWriter): void {
    this.#writer.append(aside.take());
    this.#selected = this.#asideSelected;
    this.#aside = null;
  }

  handOver(index: number, db: Database, entry: number): void {
    if (!this.#writer.isInEntry) {
      this.startEntry(index, db, entry);
      this.#writer.finishEntry();
      return;
    }
    if (this.#aside === null) {
      this.#aside = new RdbWriter({ ...this.#options, checksums: false });
      this.#asideSelected = NO_DATABASE;
    }
    if (index !== this.#asideSelected) this.#aside.selectDb(index);
    this.#asideSelected = index;
    this.#aside.entry(db, entry);
  }

  end(): void {
    this.#writer.end();
  }

  take(): Buffer {
    return this.#writer.take();
  }

  reuse(bytes: Buffer): void {
    this.#writer.reuse(bytes);
  }

  abandon(): void {
    this.#writer.abandon();
    this.#aside = null;
  }
}
