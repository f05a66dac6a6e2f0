/**
 * The replication stream in memory: what every replica is sent and what the backlog remembers, in one copy.
 *
 * The stream is a chain of blocks. Each byte has an offset; the first byte ever written has offset 1, so that an offset is
 * also the number of bytes up to and including it. Who reads (a replica's link) is a position in the chain, a
 * `StreamReader`. The backlog is the chain itself from its first block on. A block goes when it is the first one, no
 * reader stands on it, and without it the chain still holds at least `repl-backlog-size` bytes. So a slow replica makes the
 * backlog longer instead of keeping a second copy, and whoever reconnects meanwhile profits from it.
 *
 * Bytes are never changed once they are written: a view of them may be handed to a connection that keeps it.
 *
 * Facts: replication.c feedReplicationBuffer, incrementalTrimReplicationBacklog.
 */
import { copyBytes, copyRequest } from '../core/copy-bytes.ts';

const BLOCK_BYTES_MIN = 16 * 1024;
/** What enters the stream in one turn leaves with one or two writes, where the backlog is large enough for that. */
const BLOCK_BYTES = 64 * 1024;
/** A block is no larger than this share of the backlog, or the backlog could not follow its size. */
const BACKLOG_SHARE = 16;
/** Smallest backlog; a smaller `repl-backlog-size` is raised to it. */
export const BACKLOG_BYTES_MIN = 16 * 1024;
/** What a block costs besides its bytes, as INFO counts it. */
const BLOCK_OVERHEAD_BYTES = 72;
const TRIMMED_PER_CALL = 64;

interface Block {
  readonly index: number;
  readonly bytes: Buffer;
  /** Offset of its first byte in the stream. */
  offset: number;
  used: number;
  /** Readers that stand here. */
  readers: number;
  next: Block | null;
}

/** Who reads the stream, and up to where it has come. Made and released by the buffer. */
export class StreamReader {
  /** @internal Null while there is no block yet. */
  block: Block | null = null;
  /** @internal */
  at = 0;
}

export class ReplicationBuffer {
  readonly #sizeBytes: () => number;
  #first: Block | null = null;
  #last: Block | null = null;
  #index = 0;
  #memoryBytes = 0;
  #historyBytes = 0;
  #endOffset = 0;
  /** Readers that came before the first block. */
  #early: StreamReader[] = [];
  /** Called after another block was begun: readers may have fallen too far behind. */
  onGrowth: (() => void) | null = null;
  /** Sees all that is written, where it lies now, once it is there: for whoever judges simulations. */
  observer: ((bytes: Buffer, from: number, to: number) => void) | null = null;

  /** @param sizeBytes gives `repl-backlog-size`. */
  constructor(sizeBytes: () => number) {
    this.#sizeBytes = sizeBytes;
  }

  /** Offset of the last byte. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /** Number of bytes that are here. */
  get historyBytes(): number {
    return this.#historyBytes;
  }

  /** Offset of the first byte that is here, or that will be written next. */
  get firstOffset(): number {
    return this.#endOffset - this.#historyBytes + 1;
  }

  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** Forgets everything; the next byte follows `offset`. Readers that are left read nothing more. */
  restart(offset: number): void {
    this.#first = this.#last = null;
    this.#early = [];
    this.#memoryBytes = this.#historyBytes = 0;
    this.#endOffset = offset;
  }

  /** All that is here lies so much further on in the stream than was thought. */
  rebase(by: number): void {
    for (let block = this.#first; block !== null; block = block.next) block.offset += by;
    this.#endOffset += by;
  }

  // ---------------------------------------------------------------------------------------------------------- writing

  /** Room at the end of the last block. */
  get tailRoom(): number {
    return this.#last === null ? 0 : this.#last.bytes.length - this.#last.used;
  }

  /**
   * Lets `write` put bytes directly behind the last ones; there must be room for them.
   * @param write gets the memory and a position and returns the position behind what it wrote.
   */
  appendWith<T>(write: (target: Buffer, at: number, what: T) => number, what: T): void {
    const last = this.#last!;
    this.#advance(last, write(last.bytes, last.used, what) - last.used);
  }

  /** Appends a copy of a request, source[start..end), for which there is room behind the last bytes. */
  appendRequest(source: Uint8Array, start: number, end: number): void {
    const last = this.#last!;
    copyRequest(source, start, end, last.bytes, last.used);
    this.#advance(last, end - start);
  }

  /** Appends a copy of source[start..end). */
  append(source: Uint8Array, start = 0, end = source.length): void {
    let from = start;
    while (from < end) {
      const grows = this.tailRoom === 0;
      if (grows) this.#addBlock(end - from);
      const last = this.#last!;
      const count = Math.min(end - from, last.bytes.length - last.used);
      copyBytes(source, from, from + count, last.bytes, last.used);
      from += count;
      this.#advance(last, count);
      if (!grows) continue;
      this.onGrowth?.();
      this.trim();
    }
  }

  #advance(last: Block, count: number): void {
    last.used += count;
    this.#endOffset += count;
    this.#historyBytes += count;
    if (this.observer !== null) this.observer(last.bytes, last.used - count, last.used);
  }

  #addBlock(wishedBytes: number): void {
    const limit = Math.max(Math.floor(this.#sizeBytes() / BACKLOG_SHARE), BLOCK_BYTES_MIN);
    const bytes = Buffer.allocUnsafeSlow(Math.min(Math.max(wishedBytes, BLOCK_BYTES), limit));
    const block: Block = { index: this.#index++, bytes, offset: this.#endOffset + 1, used: 0, readers: 0, next: null };
    if (this.#last === null) {
      this.#first = block;
      for (const reader of this.#early.splice(0)) this.#place(reader, block, 0);
    } else this.#last.next = block;
    this.#last = block;
    this.#memoryBytes += bytes.length + BLOCK_OVERHEAD_BYTES;
  }

  /** Lets go of the oldest blocks that nobody needs; a part of them, if there are many. */
  trim(): void {
    const sizeBytes = Math.max(this.#sizeBytes(), BACKLOG_BYTES_MIN);
    for (let left = TRIMMED_PER_CALL; left > 0; left--) {
      const first = this.#first;
      if (first === null || first.next === null || first.readers > 0) return;
      if (this.#historyBytes - first.bytes.length <= sizeBytes) return;
      this.#first = first.next;
      this.#historyBytes -= first.used;
      this.#memoryBytes -= first.bytes.length + BLOCK_OVERHEAD_BYTES;
    }
  }

  // ---------------------------------------------------------------------------------------------------------- reading

  /** Whether all bytes from an offset on are here, or it is that of the next byte. */
  reaches(offset: number): boolean {
    return offset >= this.firstOffset && offset <= this.#endOffset + 1;
  }

  /** A reader whose next byte is that of an offset; `reaches(offset)` must hold. */
  reader(offset = this.#endOffset + 1): StreamReader {
    const reader = new StreamReader();
    let block = this.#first;
    if (block === null) {
      this.#early.push(reader);
      return reader;
    }
    if (offset > this.#last!.offset) block = this.#last!;
    while (block.next !== null && block.offset + block.used < offset) block = block.next;
    this.#place(reader, block, offset - block.offset);
    return reader;
  }

  /** A second reader at the position of another one. */
  copyReader(of: StreamReader): StreamReader {
    const reader = new StreamReader();
    if (of.block === null) this.#early.push(reader);
    else this.#place(reader, of.block, of.at);
    return reader;
  }

  #place(reader: StreamReader, block: Block, at: number): void {
    block.readers++;
    reader.block = block;
    reader.at = at;
  }

  /** The reader is gone: blocks may go that were kept for it. */
  release(reader: StreamReader): void {
    const { block } = reader;
    if (block === null) {
      const index = this.#early.indexOf(reader);
      if (index >= 0) this.#early.splice(index, 1);
      return;
    }
    block.readers--;
    reader.block = null;
    this.trim();
  }

  /** The next bytes for a reader, up to the end of a block, or null. They stay valid. */
  read(reader: StreamReader): Buffer | null {
    let { block } = reader;
    if (block === null) return null;
    if (reader.at === block.used && block.next !== null) {
      block.readers--;
      block = block.next;
      this.#place(reader, block, 0);
      this.trim();
    }
    if (reader.at === block.used) return null;
    const bytes = block.bytes.subarray(reader.at, block.used);
    reader.at = block.used;
    return bytes;
  }

  /** Whether `read` would give something. */
  hasMore({ block, at }: StreamReader): boolean {
    return block !== null && (at < block.used || block.next !== null);
  }

  /** A copy of the last bytes, at most so many. */
  tail(length: number): Buffer {
    const reader = this.reader(Math.max(this.firstOffset, this.#endOffset + 1 - length));
    const parts: Buffer[] = [];
    for (let bytes = this.read(reader); bytes !== null; bytes = this.read(reader)) parts.push(bytes);
    this.release(reader);
    return Buffer.concat(parts);
  }

  /** Bytes that a reader has not read. */
  pendingBytes({ block, at }: StreamReader): number {
    return block === null ? 0 : this.#endOffset + 1 - (block.offset + at);
  }

  /** Memory of the blocks that a reader still needs, whole, as its output limit counts it. */
  pendingMemory({ block }: StreamReader): number {
    if (block === null) return 0;
    const last = this.#last!;
    const bytes = last.offset + last.bytes.length - block.offset;
    return bytes + (last.index - block.index + 1) * BLOCK_OVERHEAD_BYTES;
  }
}
