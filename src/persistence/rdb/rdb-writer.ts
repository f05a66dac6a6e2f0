/**
 * Writes an RDB file into memory, without any I/O:
 *
 *   const writer = new RdbWriter({ compresses: true, checksums: true, usage: 'none' });
 *   writer.header();
 *   writer.aux('redis-ver', '7.0.15');
 *   writer.functionLibrary(source);            // all of them before the first key
 *   writer.selectDb(0);
 *   writer.resizeDb(db.size, db.volatileSize);
 *   writer.startEntry(db, entry);
 *   while (!writer.writeMore(65536)) ... send(writer.take()) ...
 *   writer.end();
 *   send(writer.take());
 *
 * Whoever drives it decides the pace. Between `startEntry` and the `writeMore` that says true nothing else may be
 * written, and the entry's value must neither change nor go: complete it first with `finishEntry`, or give it up with
 * `abandon`. A value that was written elsewhere, by an `RdbWriter` of its own without header and end, goes in as a whole
 * with `append`.
 *
 * The checksum is that of all bytes that were taken, in this order.
 */
import { Crc64 } from '../../core/crc64.ts';
import { NO_EXPIRY, type Database } from '../../data/database.ts';
import { ByteSink } from './byte-sink.ts';
import { OPCODE, RDB_VERSION } from './format.ts';
import type { ValueEncoder } from './piece-encoder.ts';
import { startValue, typeOfValue } from './value-encoder.ts';

/** What is told of how a key is used: under an LRU policy how long it was not, under an LFU policy how often. */
export type UsageForm = 'none' | 'idle' | 'frequency';

export interface RdbWriterOptions {
  /** rdbcompression */
  readonly compresses: boolean;
  /** rdbchecksum */
  readonly checksums: boolean;
  readonly usage: UsageForm;
}

const CHECKSUM_BYTES = 8;
const RECENCY_MASK = 0xffffff;
const MAGIC = Buffer.from(`REDIS${String(RDB_VERSION).padStart(4, '0')}`, 'latin1');

export class RdbWriter {
  readonly #sink: ByteSink;
  readonly #checksums: boolean;
  readonly #usage: UsageForm;
  readonly #crc = new Crc64();
  #value: ValueEncoder | null = null;
  #isEnded = false;

  constructor(options: RdbWriterOptions) {
    this.#sink = new ByteSink(options.compresses);
    this.#checksums = options.checksums;
    this.#usage = options.usage;
  }

  /** Bytes that `take` would give. */
  get pendingBytes(): number {
    return this.#sink.pendingBytes;
  }

  /** Bytes that were written so far, taken or not. */
  get writtenBytes(): number {
    return this.#sink.writtenBytes;
  }

  /** Whether an entry is not complete yet. */
  get isInEntry(): boolean {
    return this.#value !== null;
  }

  /** What was written since the last call. The caller owns it. */
  take(): Buffer {
    const bytes = this.#sink.take();
    if (this.#checksums && !this.#isEnded) this.#crc.update(bytes);
    return bytes;
  }

  /** Takes back what `take` gave, to write on it again. */
  reuse(bytes: Buffer): void {
    this.#sink.reuse(bytes);
  }

  // --------------------------------------------------------------------------------------------------- around the keys

  header(): void {
    this.#sink.raw(MAGIC);
  }

  /** @param value a binary string, or an integer. */
  aux(name: string, value: string | number): void {
    this.#sink.byte(OPCODE.aux);
    this.#sink.text(name);
    this.#sink.text(value);
  }

  /** A library of functions, given as its source with the line that names it. */
  functionLibrary(source: Uint8Array): void {
    this.#sink.byte(OPCODE.functionLibrary);
    this.#sink.string(source);
  }

  /** The keys that follow are in another database. */
  selectDb(index: number): void {
    this.#sink.byte(OPCODE.selectDb);
    this.#sink.length(index);
  }

  /** How many keys and keys with an expire time the database has, for the reader's tables. */
  resizeDb(keys: number, expires: number): void {
    this.#sink.byte(OPCODE.resizeDb);
    this.#sink.length(keys);
    this.#sink.length(expires);
  }

  /** Adds what another writer has written. */
  append(bytes: Uint8Array): void {
    this.#sink.raw(bytes);
  }

  /** Ends the file with its checksum. */
  end(): void {
    this.#sink.byte(OPCODE.end);
    const trailer = Buffer.alloc(CHECKSUM_BYTES);
    if (this.#checksums) {
      this.#crc.update(this.#sink.peek());
      this.#crc.writeTo(trailer, 0);
    }
    this.#sink.raw(trailer);
    this.#isEnded = true;
  }

  // --------------------------------------------------------------------------------------------------------------- keys

  /** Writes a key with all of its value. */
  entry(db: Database, entry: number): void {
    this.startEntry(db, entry);
    this.finishEntry();
  }

  /** Writes a key and begins with its value; `writeMore` goes on until it says that all is written. */
  startEntry(db: Database, entry: number): void {
    const sink = this.#sink;
    const expiry = db.exactExpiryOf(entry);
    if (expiry !== NO_EXPIRY) {
      sink.byte(OPCODE.expireMs);
      sink.int64(expiry);
    }
    if (this.#usage === 'idle') {
      sink.byte(OPCODE.idle);
      sink.length((db.keyspace.recency - db.usage(entry)) & RECENCY_MASK);
    } else if (this.#usage === 'frequency') {
      const { frequency, nowMs } = db.keyspace;
      sink.byte(OPCODE.frequency);
      sink.byte(frequency === null ? db.usage(entry) & 0xff : frequency.count(db.usage(entry), nowMs));
    }
    sink.byte(typeOfValue(db, entry));
    const at = db.keyOffset(entry);
    sink.string(db.bytes(entry), at, at + db.keyLength(entry));
    this.#value = startValue(sink, db, entry);
  }

  /** Goes on with the value, for about so many bytes. @returns whether the entry is complete. */
  writeMore(bytesMax: number): boolean {
    if (this.#value === null) return true;
    if (!this.#value.writeTo(this.#sink.writtenBytes + bytesMax)) return false;
    this.#value = null;
    return true;
  }

  /** Writes the rest of the value. */
  finishEntry(): void {
    this.writeMore(Infinity);
  }

  /** Lets go of a value that is not going to be completed; what was written of it is of no use. */
  abandon(): void {
    this.#value?.close();
    this.#value = null;
  }
}
