/**
 * A growing buffer of commands in the form in which clients send them and the AOF holds them: arrays of bulk strings.
 * Whoever writes a lot empties it with `take` now and then.
 */
import type { Arguments } from '../../core/arguments.ts';
import { copyBytes, copyRequest } from '../../core/copy-bytes.ts';
import { writeInteger } from '../../core/integer.ts';
import { writeLatin1 } from '../../core/latin1.ts';

const INITIAL_BYTES = 1 << 12;
/** A buffer up to this size is used again after `take` was given a copy. */
const KEPT_BYTES = 1 << 16;
/** Memory that is given back is kept between these sizes, and so many pieces of it at most. */
const SPARE_BYTES_MAX = 1 << 18;
const SPARES_MAX = 64;
/** A head: the sign, up to 20 digits, the line end. */
const HEAD_BYTES = 24;
const CR = 13;
const LF = 10;
const STAR = 0x2a;
const DOLLAR = 0x24;

export class CommandWriter {
  #bytes: Buffer;
  #length = 0;
  readonly #spares: Buffer[] = [];

  constructor(initialBytes = INITIAL_BYTES) {
    this.#bytes = Buffer.allocUnsafeSlow(initialBytes);
  }

  /** Bytes that `take` would give. */
  get pendingBytes(): number {
    return this.#length;
  }

  /** Bytes of memory that are held. */
  get capacityBytes(): number {
    return this.#bytes.length;
  }

  /** What was written and not taken, without taking it; valid until the next write. */
  get pending(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** What was written since the last call; the caller may keep it. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes =
      this.#spares.pop() ?? Buffer.allocUnsafeSlow(Math.max(INITIAL_BYTES, Math.min(this.#bytes.length, KEPT_BYTES)));
    this.#length = 0;
    return taken;
  }

  /** Takes back what `take` gave, to write on it again. */
  reuse(bytes: Buffer): void {
    const { buffer } = bytes;
    const isUsual = buffer.byteLength >= KEPT_BYTES && buffer.byteLength <= SPARE_BYTES_MAX;
    if (isUsual && this.#spares.length < SPARES_MAX) this.#spares.push(Buffer.from(buffer));
  }

  /** Forgets what `pending` gave: it is on its way. Memory of a usual size is used again. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  }

  /** Forgets the first bytes. */
  drop(count: number): void {
    this.#bytes.copyWithin(0, count, this.#length);
    this.#length -= count;
  }

  #room(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#length + count, this.#bytes.length * 2));
    copyBytes(this.#bytes, 0, this.#length, grown, 0);
    this.#bytes = grown;
  }

  #head(sign: number, value: number): void {
    const bytes = this.#bytes;
    bytes[this.#length] = sign;
    const end = writeInteger(bytes, this.#length + 1, value);
    bytes[end] = CR;
    bytes[end + 1] = LF;
    this.#length = end + 2;
  }

  /** Begins a command of so many arguments. */
  command(count: number): void {
    this.#room(HEAD_BYTES);
    this.#head(STAR, count);
  }

  /** An argument: the bytes source[start..end). */
  bulk(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.#room(HEAD_BYTES + length + 2);
    this.#head(DOLLAR, length);
    copyBytes(source, start, end, this.#bytes, this.#length);
    const after = this.#length + length;
    this.#bytes[after] = CR;
    this.#bytes[after + 1] = LF;
    this.#length = after + 2;
  }

  /** Begins a long argument, whose bytes come as parts. */
  startBulk(length: number): void {
    this.#room(HEAD_BYTES);
    this.#head(DOLLAR, length);
  }

  part(source: Uint8Array, start: number, end: number): void {
    this.#room(end - start);
    copyBytes(source, start, end, this.#bytes, this.#length);
    this.#length += end - start;
  }

  endBulk(): void {
    this.raw('\r\n');
  }

  /** An argument that is a binary string. */
  text(value: string): void {
    this.#room(HEAD_BYTES + value.length + 2);
    this.#head(DOLLAR, value.length);
    const after = writeLatin1(this.#bytes, this.#length, value);
    this.#bytes[after] = CR;
    this.#bytes[after + 1] = LF;
    this.#length = after + 2;
  }

  /** Bytes as they are. */
  raw(text: string): void {
    this.#room(text.length);
    this.#length = writeLatin1(this.#bytes, this.#length, text);
  }

  /** A whole command. */
  arguments(args: Arguments): void {
    const { bytes, starts, ends, count } = args;
    const wireStart = args.wireStart;
    if (wireStart >= 0) {
      this.#copy(bytes, wireStart, ends[count - 1]! + 2);
      return;
    }
    this.command(count);
    for (let i = 0; i < count; i++) this.bulk(bytes, starts[i]!, ends[i]!);
  }

  #copy(bytes: Uint8Array, start: number, end: number): void {
    this.#room(end - start);
    copyRequest(bytes, start, end, this.#bytes, this.#length);
    this.#length += end - start;
  }

  /** The database that what follows is about. */
  select(database: number): void {
    this.command(2);
    this.text('SELECT');
    this.text(String(database));
  }

  /** A line that tells when what follows happened. */
  timestamp(unixSeconds: number): void {
    this.raw(`#TS:${unixSeconds}\r\n`);
  }
}
