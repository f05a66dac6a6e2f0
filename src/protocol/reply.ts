/**
 * Encodes replies, RESP2 and RESP3, into reused buffers.
 *
 * A `Reply` belongs to one connection. It takes a chunk of memory from the server's pool when the first byte is
 * written and gives it back when the connection has taken the bytes, so an idle connection holds none. A command
 * that runs writes straight into the chunk; nothing is allocated per reply. Long values are lent by the heap and go
 * out as they lie.
 *
 * Aggregates are written head first. Where the number of elements is known only afterwards, `mark()` before and
 * `arrayAt(mark, n)` after inserts the head. `rollback(mark)` forgets what came after a mark: a command that fails half
 * way, or a client that wants no replies.
 *
 * Types that RESP2 lacks degrade as in networking.c: maps become flat arrays, sets and pushes arrays, doubles and
 * verbatim strings bulk strings, booleans integers, nulls null bulks.
 */
import { copyBytes } from '../core/copy-bytes.ts';
import { formatDouble17g, isPlainInteger } from '../core/double.ts';
import { decimalLength, writeInteger } from '../core/integer.ts';
import { writeLatin1 } from '../core/latin1.ts';
import { LENT_REPLY_BYTES, REPLY_CHUNK_BYTES } from '../core/limits.ts';

const CR = 13;
const LF = 10;
const MINUS = 0x2d;
const DOLLAR = 36;
const COLON = 58;
const ZERO = 48;
const EMPTY = Buffer.alloc(0);
const POOLED_CHUNKS_MAX = 64;

/** Memory for replies in the making, shared by all connections of a server. */
export class ReplyPool {
  readonly #chunks: Buffer[] = [];

  take(): Buffer {
    return this.#chunks.pop() ?? Buffer.allocUnsafeSlow(REPLY_CHUNK_BYTES);
  }

  give(chunk: Buffer): void {
    if (chunk.length === REPLY_CHUNK_BYTES && this.#chunks.length < POOLED_CHUNKS_MAX) this.#chunks.push(chunk);
  }
}

/** A place in what was written; void once it is flushed. */
export interface Mark {
  readonly chunks: number;
  readonly at: number;
}

/** Bytes that are ready to be sent. */
interface Sealed {
  readonly chunk: Buffer;
  readonly length: number;
  /** The memory belongs to the pool and may go back there. */
  readonly pooled: boolean;
}

export class Reply {
  readonly #pool: ReplyPool;
  #chunk: Buffer = EMPTY;
  #at = 0;
  /** Full chunks and lent values, before #chunk. */
  #sealed: Sealed[] = [];
  #sealedBytes = 0;
  /** 2 or 3. */
  protocol = 2;
  /** Called with the text of each error reply, "ERR ..." without the dash: errorstats count here. */
  onError: ((text: string) => void) | null = null;
  /** Called whenever another chunk is full: the owner may find that it is enough, and call `drop`. */
  onGrowth: (() => void) | null = null;
  #dropping = false;

  constructor(pool: ReplyPool) {
    this.#pool = pool;
  }

  /** Bytes written and not yet flushed. */
  get pendingBytes(): number {
    return this.#sealedBytes + this.#at;
  }

  get isEmpty(): boolean {
    return this.#at === 0 && this.#sealedBytes === 0;
  }

  // ---------------------------------------------------------------------------------------------------------- memory

  #room(bytes: number): void {
    if (this.#at + bytes > this.#chunk.length) this.#nextChunk(bytes);
  }

  #nextChunk(bytes: number): void {
    this.#seal();
    if (this.#sealedBytes > 0) this.onGrowth?.();
    this.#chunk = bytes > REPLY_CHUNK_BYTES ? Buffer.allocUnsafeSlow(bytes) : this.#pool.take();
  }

  #seal(): void {
    if (this.#at > 0 && !this.#dropping) {
      this.#sealed.push({ chunk: this.#chunk, length: this.#at, pooled: true });
      this.#sealedBytes += this.#at;
    } else if (this.#chunk.length > 0) this.#pool.give(this.#chunk);
    this.#chunk = EMPTY;
    this.#at = 0;
  }

  /** Forgets everything that was not flushed, and from now on whatever is written: nobody will read it. */
  drop(): void {
    this.discard();
    this.#dropping = true;
  }

  /** Whether the reply goes nowhere. Handlers of endless replies stop when they see it. */
  get isDropping(): boolean {
    return this.#dropping;
  }

  /**
   * Hands everything written to `send`, in order, and starts anew. `send` answers whether it is done with the memory
   * (see host.ts Connection.write).
   */
  flush(send: (bytes: Buffer) => boolean): void {
    if (this.#dropping) this.discard();
    if (this.#sealed.length > 0) {
      const sealed = this.#sealed;
      this.#sealed = [];
      this.#sealedBytes = 0;
      for (const part of sealed) {
        if (part.length === 0) continue;
        const done = send(part.length === part.chunk.length ? part.chunk : part.chunk.subarray(0, part.length));
        if (done && part.pooled) this.#pool.give(part.chunk);
      }
    }
    if (this.#at > 0) {
      const chunk = this.#chunk;
      const length = this.#at;
      this.#chunk = EMPTY;
      this.#at = 0;
      if (send(chunk.subarray(0, length))) this.#pool.give(chunk);
    }
  }

  /** Forgets everything that was not flushed. */
  discard(): void {
    for (const part of this.#sealed) if (part.pooled) this.#pool.give(part.chunk);
    this.#sealed = [];
    this.#sealedBytes = 0;
    this.#at = 0;
    this.#seal();
  }

  /** Everything written and not flushed, as one copy. */
  contents(): Buffer {
    const parts = this.#sealed.map((part) => part.chunk.subarray(0, part.length));
    return Buffer.concat([...parts, this.#chunk.subarray(0, this.#at)]);
  }

  /** What was written and not flushed, from 0 to `markAt`, where it lies: until it is written to. Null if it is in pieces. */
  get piece(): Buffer | null {
    return this.#sealed.length === 0 ? this.#chunk : null;
  }

  /** As `discard`, but what is written next needs no new memory. */
  rewind(): void {
    if (this.#sealed.length === 0 && this.#chunk.length <= REPLY_CHUNK_BYTES) this.#at = 0;
    else this.discard();
  }

  mark(): Mark {
    return { chunks: this.#sealed.length, at: this.#at };
  }

  /** The two halves of a mark, for those who take one for every command. */
  get markChunks(): number {
    return this.#sealed.length;
  }

  get markAt(): number {
    return this.#at;
  }

  /** Whether anything was written since. */
  isAfter(mark: Mark): boolean {
    return this.#sealed.length !== mark.chunks || this.#at !== mark.at;
  }

  rollback(mark: Mark): void {
    this.rollbackTo(mark.chunks, mark.at);
  }

  /** A copy of what was written between two marks. */
  copyBetween(from: Mark, to: Mark): Buffer {
    const parts: Buffer[] = [];
    for (let i = from.chunks; i <= to.chunks; i++) {
      const sealed = this.#sealed[i];
      const chunk = sealed === undefined ? this.#chunk.subarray(0, this.#at) : sealed.chunk.subarray(0, sealed.length);
      parts.push(chunk.subarray(i === from.chunks ? from.at : 0, i === to.chunks ? to.at : chunk.length));
    }
    return Buffer.concat(parts);
  }

  rollbackTo(chunks: number, at: number): void {
    if (this.#dropping) return;
    while (this.#sealed.length > chunks) {
      const part = this.#sealed.pop()!;
      this.#sealedBytes -= part.length;
      if (this.#chunk.length > 0) this.#pool.give(this.#chunk);
      this.#chunk = part.pooled ? part.chunk : EMPTY;
      if (!part.pooled && this.#sealed.length === chunks && at > 0) {
        // Not ours to write on: what stays of it stays sealed.
        this.#sealed.push({ chunk: part.chunk.subarray(0, at), length: at, pooled: false });
        this.#sealedBytes += at;
        this.#at = 0;
        return;
      }
    }
    this.#at = at;
  }

  /** Inserts `head` at a mark: short tails are moved, long ones get the head as a part of its own. */
  #insertAt(mark: Mark, head: Buffer): void {
    if (this.#sealed.length === mark.chunks) this.#room(head.length);
    if (this.#dropping) return;
    if (this.#sealed.length === mark.chunks) {
      this.#chunk.copyWithin(mark.at + head.length, mark.at, this.#at);
      head.copy(this.#chunk, mark.at);
      this.#at += head.length;
      return;
    }
    const split = this.#sealed[mark.chunks]!;
    const before: Sealed = { chunk: split.chunk.subarray(0, mark.at), length: mark.at, pooled: false };
    const after: Sealed = {
      chunk: split.chunk.subarray(mark.at, split.length),
      length: split.length - mark.at,
      pooled: false,
    };
    const inserted: Sealed = { chunk: head, length: head.length, pooled: false };
    this.#sealed.splice(mark.chunks, 1, before, inserted, after);
    this.#sealedBytes += head.length;
  }

  // ------------------------------------------------------------------------------------------------------------ heads

  #head(type: number, value: number): void {
    this.#room(32);
    this.#chunk[this.#at] = type;
    const end = writeInteger(this.#chunk, this.#at + 1, value);
    this.#chunk[end] = CR;
    this.#chunk[end + 1] = LF;
    this.#at = end + 2;
  }

  array(count: number): void {
    this.#head(0x2a, count);
  }

  /** Number of pairs; RESP2 gets an array of twice as many. */
  map(pairs: number): void {
    if (this.protocol === 3) this.#head(0x25, pairs);
    else this.#head(0x2a, pairs * 2);
  }

  set(count: number): void {
    this.#head(this.protocol === 3 ? 0x7e : 0x2a, count);
  }

  push(count: number): void {
    this.#head(this.protocol === 3 ? 0x3e : 0x2a, count);
  }

  /** Attributes of the reply that follows; RESP2 has none, so the caller leaves them out there. */
  attributes(pairs: number): void {
    this.#head(0x7c, pairs);
  }

  arrayAt(mark: Mark, count: number): void {
    this.#insertAt(mark, Buffer.from(`*${count}\r\n`, 'latin1'));
  }

  mapAt(mark: Mark, pairs: number): void {
    this.#insertAt(mark, Buffer.from(this.protocol === 3 ? `%${pairs}\r\n` : `*${pairs * 2}\r\n`, 'latin1'));
  }

  setAt(mark: Mark, count: number): void {
    this.#insertAt(mark, Buffer.from(`${this.protocol === 3 ? '~' : '*'}${count}\r\n`, 'latin1'));
  }

  // ----------------------------------------------------------------------------------------------------------- values

  /** Bytes that are a reply already. */
  raw(bytes: Uint8Array): void {
    this.rawPart(bytes, 0, bytes.length);
  }

  /** The same for source[start..start + length). */
  rawPart(source: Uint8Array, start: number, length: number): void {
    this.#room(length);
    copyBytes(source, start, start + length, this.#chunk, this.#at);
    this.#at += length;
  }

  ok(): void {
    this.raw(OK);
  }

  /** `+text`. The text has no line ends. */
  simple(text: string): void {
    this.#line('+', text);
  }

  /** An error, given as Redis writes it without the dash: "ERR syntax error". Line ends become spaces, at its end nothing. */
  error(text: string): void {
    this.onError?.(text);
    this.#line('-', /[\r\n]/.test(text) ? text.replace(/[\r\n]+$/, '').replaceAll(/[\r\n]/g, ' ') : text);
  }

  #line(type: string, text: string): void {
    const line = `${type}${text}\r\n`;
    this.#room(line.length);
    this.#at = writeLatin1(this.#chunk, this.#at, line);
  }

  /** A safe integer. */
  integer(value: number): void {
    this.#head(COLON, value);
  }

  /** An integer of 64 bits. */
  bigInteger(value: bigint): void {
    this.#line(':', value.toString());
  }

  /** The bytes source[start..start + length) as a bulk string. */
  bulk(source: Uint8Array, start: number, length: number): void {
    this.#room(length + 32);
    const chunk = this.#chunk;
    let at = this.#at;
    chunk[at++] = DOLLAR;
    if (length < 10) chunk[at++] = ZERO + length;
    else if (length < 100) {
      const tens = (length / 10) | 0;
      chunk[at] = ZERO + tens;
      chunk[at + 1] = ZERO + length - tens * 10;
      at += 2;
    } else at = writeInteger(chunk, at, length);
    chunk[at] = CR;
    chunk[at + 1] = LF;
    at += 2;
    copyBytes(source, start, start + length, chunk, at);
    at += length;
    chunk[at] = CR;
    chunk[at + 1] = LF;
    this.#at = at + 2;
  }

  bulkBytes(bytes: Uint8Array): void {
    this.bulk(bytes, 0, bytes.length);
  }

  /** A bulk string whose memory nobody writes any more: it is sent as it lies, without a copy. */
  bulkLent(bytes: Buffer): void {
    this.#head(DOLLAR, bytes.length);
    this.#seal();
    this.#lend(bytes);
    this.raw(CRLF);
  }

  #lend(bytes: Buffer): void {
    if (this.#dropping) return;
    this.#sealed.push({ chunk: bytes, length: bytes.length, pooled: false });
    this.#sealedBytes += bytes.length;
  }

  /** As `raw`, for bytes that nobody writes any more: long ones are sent as they lie, without a copy. */
  rawLent(bytes: Buffer): void {
    if (bytes.length < LENT_REPLY_BYTES) {
      this.raw(bytes);
      return;
    }
    this.#seal();
    this.#lend(bytes);
    this.onGrowth?.();
  }

  /** A bulk string given as a binary string (one character per byte). */
  bulkBinary(value: string): void {
    this.#room(value.length + 32);
    this.#head(DOLLAR, value.length);
    this.#at = writeLatin1(this.#chunk, this.#at, value);
    this.#chunk[this.#at] = CR;
    this.#chunk[this.#at + 1] = LF;
    this.#at += 2;
  }

  /** A bulk string given as text, sent as UTF-8. */
  bulkText(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    this.bulk(bytes, 0, bytes.length);
  }

  /** A safe integer as a bulk string. */
  bulkInteger(value: number): void {
    const length = decimalLength(value);
    this.#head(DOLLAR, length);
    this.#room(length + 2);
    const end = writeInteger(this.#chunk, this.#at, value);
    this.#chunk[end] = CR;
    this.#chunk[end + 1] = LF;
    this.#at = end + 2;
  }

  /** Two integers from 0 on with a dash between: the ID of a stream's entry. */
  bulkIntegerPair(first: number, second: number): void {
    const length = decimalLength(first) + 1 + decimalLength(second);
    this.#head(DOLLAR, length);
    this.#room(length + 2);
    const dash = writeInteger(this.#chunk, this.#at, first);
    this.#chunk[dash] = MINUS;
    const end = writeInteger(this.#chunk, dash + 1, second);
    this.#chunk[end] = CR;
    this.#chunk[end + 1] = LF;
    this.#at = end + 2;
  }

  /** Text for people, with the format "txt" or "mkd" under RESP3. */
  verbatim(text: string, format = 'txt'): void {
    this.verbatimBytes(Buffer.from(text, 'utf8'), format);
  }

  verbatimBytes(bytes: Uint8Array, format = 'txt'): void {
    if (this.protocol === 2) {
      this.bulkBytes(bytes);
      return;
    }
    this.#head(0x3d, bytes.length + 4);
    this.raw(Buffer.from(`${format}:`, 'latin1'));
    this.raw(bytes);
    this.raw(CRLF);
  }

  /** RESP3 `,1.5`; RESP2 a bulk string with 17 significant digits. */
  double(value: number): void {
    if (this.protocol === 3) this.#line(',', formatDouble17g(value));
    else if (isPlainInteger(value)) this.bulkInteger(value);
    else this.bulkBinary(formatDouble17g(value));
  }

  /** A double whose digits the caller chose. */
  doubleText(text: string): void {
    if (this.protocol === 3) this.#line(',', text);
    else this.bulkBinary(text);
  }

  boolean(value: boolean): void {
    if (this.protocol === 3) this.raw(value ? TRUE : FALSE);
    else this.integer(value ? 1 : 0);
  }

  /** RESP3 `(123`; RESP2 a bulk string. */
  bigNumber(digits: string): void {
    if (this.protocol === 3) this.#line('(', digits);
    else this.bulkBinary(digits);
  }

  /** The absent value: RESP2 null bulk, RESP3 null. */
  nil(): void {
    this.raw(this.protocol === 3 ? NULL : NULL_BULK);
  }

  /** The absent array: RESP2 null array, RESP3 null. */
  nilArray(): void {
    this.raw(this.protocol === 3 ? NULL : NULL_ARRAY);
  }

  // Compound shapes that many commands share.

  bulkArray(values: readonly string[]): void {
    this.array(values.length);
    for (const value of values) this.bulkBinary(value);
  }

  /** Lines of a HELP subcommand: simple strings. */
  help(lines: readonly string[]): void {
    this.array(lines.length);
    for (const line of lines) this.simple(line);
  }
}

const OK = Buffer.from('+OK\r\n');
const CRLF = Buffer.from('\r\n');
const NULL = Buffer.from('_\r\n');
const NULL_BULK = Buffer.from('$-1\r\n');
const NULL_ARRAY = Buffer.from('*-1\r\n');
const TRUE = Buffer.from('#t\r\n');
const FALSE = Buffer.from('#f\r\n');
