/**
 * A growing buffer that takes the atoms of the RDB format: bytes, lengths, strings. Whoever writes a lot empties it with
 * `take` now and then.
 */
import { bytesOf } from '../../core/latin1.ts';
import { parseInteger } from '../../core/integer.ts';
import { copyBytes } from '../../core/copy-bytes.ts';
import {
  INTEGER_TEXT_BYTES_MAX,
  LENGTH_14,
  LENGTH_32,
  LENGTH_64,
  LZF_GAIN_BYTES,
  STRING_INT16,
  STRING_INT32,
  STRING_INT8,
  STRING_LZF,
  UNCOMPRESSED_BYTES_MAX,
} from './format.ts';
import { LzfCompressor } from './lzf.ts';

const INITIAL_BYTES = 1 << 14;
/** A buffer that grew beyond this was filled by something that does not come often. */
const BIG_BYTES = 1 << 18;
/** Memory that is given back is kept if it has room for a usual portion, and so much of it at most. */
const SPARE_BYTES_MIN = 1 << 14;
const SPARES_MAX = 64;
const WORD = 0x1_0000_0000;

export class ByteSink {
  /** rdbcompression */
  readonly compresses: boolean;
  #bytes: Buffer;
  #length = 0;
  #taken = 0;
  #compressor: LzfCompressor | null = null;
  readonly #spares: Buffer[] = [];

  constructor(compresses: boolean, initialBytes = INITIAL_BYTES) {
    this.compresses = compresses;
    this.#bytes = Buffer.allocUnsafe(initialBytes);
  }

  /** Bytes that `take` would give. */
  get pendingBytes(): number {
    return this.#length;
  }

  /** Bytes that were ever written. */
  get writtenBytes(): number {
    return this.#taken + this.#length;
  }

  /** What `take` would give; valid until the next write. */
  peek(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** What was written since the last call; the caller may keep it. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes =
      this.#spares.pop() ?? Buffer.allocUnsafe(Math.min(BIG_BYTES, Math.max(INITIAL_BYTES, 2 * this.#length)));
    this.#taken += this.#length;
    this.#length = 0;
    return taken;
  }

  /**
   * Takes back what `take` gave, to write on it again. Memory outside the heap that comes and goes by the megabyte makes
   * the collector look through everything.
   */
  reuse(bytes: Buffer): void {
    const { buffer } = bytes;
    const isUsual = buffer.byteLength >= SPARE_BYTES_MIN && buffer.byteLength <= BIG_BYTES;
    if (isUsual && this.#spares.length < SPARES_MAX) this.#spares.push(Buffer.from(buffer));
  }

  get compressor(): LzfCompressor {
    return (this.#compressor ??= new LzfCompressor());
  }

  /** Makes room for so many bytes. @returns the position for the first of them. */
  #extend(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#length, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, at);
      this.#bytes = grown;
    }
    return at;
  }

  byte(value: number): void {
    const at = this.#extend(1);
    this.#bytes[at] = value;
  }

  /** The bytes source[start..end) as they are. */
  raw(source: Uint8Array, start = 0, end = source.length): void {
    const at = this.#extend(end - start);
    copyBytes(source, start, end, this.#bytes, at);
  }

  /** A number of 64 bits, least significant byte first. */
  int64(value: number | bigint): void {
    const at = this.#extend(8);
    const isNumber = typeof value === 'number';
    this.#bytes.writeInt32LE(isNumber ? value | 0 : Number(BigInt.asIntN(32, value)), at);
    this.#bytes.writeInt32LE(isNumber ? Math.floor(value / WORD) | 0 : Number(BigInt.asIntN(32, value >> 32n)), at + 4);
  }

  double(value: number): void {
    const at = this.#extend(8);
    this.#bytes.writeDoubleLE(value, at);
  }

  /** Two words, most significant byte first. */
  words(high: number, low: number): void {
    const at = this.#extend(8);
    this.#bytes.writeUInt32BE(high, at);
    this.#bytes.writeUInt32BE(low, at + 4);
  }

  /** A length of up to 2^53, in as few bytes as it takes. */
  length(value: number): void {
    if (value < LENGTH_14) this.byte(value);
    else if (value < 1 << 14) {
      const at = this.#extend(2);
      this.#bytes[at] = LENGTH_14 | (value >> 8);
      this.#bytes[at + 1] = value;
    } else if (value < WORD) {
      const at = this.#extend(5);
      this.#bytes[at] = LENGTH_32;
      this.#bytes.writeUInt32BE(value, at + 1);
    } else {
      this.byte(LENGTH_64);
      this.words(Math.floor(value / WORD), value >>> 0);
    }
  }

  /** A number of 64 bits in the form of a length; negative ones as C makes them unsigned. */
  length64(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0) return this.length(value);
    const unsigned = BigInt.asUintN(64, BigInt(value));
    if (unsigned <= BigInt(Number.MAX_SAFE_INTEGER)) return this.length(Number(unsigned));
    this.byte(LENGTH_64);
    this.words(Number(unsigned >> 32n), Number(unsigned & 0xffff_ffffn));
  }

  /** The string source[start..end): as an integer, compressed, or as it is. */
  string(source: Uint8Array, start = 0, end = source.length): void {
    const length = end - start;
    if (length <= INTEGER_TEXT_BYTES_MAX) {
      if (this.#integer(parseInteger(source, start, end))) return;
    } else if (this.compresses && length > UNCOMPRESSED_BYTES_MAX) {
      const { compressor } = this;
      compressor.start(source, start, end, length - LZF_GAIN_BYTES);
      const compressed = compressor.run();
      if (compressed > 0) {
        this.compressedLengths(compressed, length);
        this.raw(compressor.result, 0, compressed);
      }
      compressor.finish();
      if (compressed > 0) return;
    }
    this.length(length);
    this.raw(source, start, end);
  }

  /** What stands before the `length` bytes that a string of `originalLength` bytes was compressed to. */
  compressedLengths(length: number, originalLength: number): void {
    this.byte(STRING_LZF);
    this.length(length);
    this.length(originalLength);
  }

  #integer(value: number): boolean {
    if (!(value >= -0x8000_0000 && value <= 0x7fff_ffff)) return false;
    const bytes = value >= -0x80 && value <= 0x7f ? 1 : value >= -0x8000 && value <= 0x7fff ? 2 : 4;
    const at = this.#extend(1 + bytes);
    this.#bytes[at] = bytes === 1 ? STRING_INT8 : bytes === 2 ? STRING_INT16 : STRING_INT32;
    for (let i = 0; i < bytes; i++) this.#bytes[at + 1 + i] = value >> (8 * i);
    return true;
  }

  /** A string of latin1 text, or a number as one. */
  text(value: string | number): void {
    this.string(bytesOf(String(value)));
  }
}
