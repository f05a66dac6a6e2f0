/**
 * The bytes of an RDB file or payload as they come, and the atoms in them: bytes, lengths, strings.
 *
 * A reader takes the bytes apart in small units, of which each is read as a whole or not at all: where a unit's bytes are
 * not all there, an atom throws SHORT_INPUT, and the reader goes back to the `mark` at the unit's beginning and waits for more.
 * So there is no state within a unit. What a unit changes elsewhere, it changes after its last atom.
 */
import { BLOCK_BYTES_MAX } from '../../data/heap.ts';
import { INT64_MAX_LENGTH, writeInteger } from '../../core/integer.ts';
import { latin1Of } from '../../core/latin1.ts';
import { LENGTH_32, LENGTH_64, STRING_INT16, STRING_INT32, STRING_INT8, STRING_LZF } from './format.ts';
import { decompressLzf } from './lzf.ts';
import { corrupt, RdbError, SHORT_READ } from './rdb-error.ts';

/** Thrown where a unit goes beyond the bytes that are there. */
export const SHORT_INPUT = Symbol('short input');

const EMPTY = Buffer.alloc(0);
const WORD = 0x1_0000_0000;
const INITIAL_BYTES = 1 << 16;
/** A larger buffer is given back once it is empty. */
const KEPT_BYTES_MAX = 1 << 20;
const SCRATCH_BYTES = 1 << 12;
/** A reference of three bytes stands for so many: more cannot come of compressed data. */
const LZF_EXPANSION_MAX = 264;
/** Longest string: that of a value. */
const STRING_BYTES_MAX = BLOCK_BYTES_MAX - 2 ** 29;

/** A string that was read: bytes[start..end), valid until the next unit or the next string read into it. */
export class RdbString {
  bytes: Uint8Array = EMPTY;
  start = 0;
  end = 0;
  #scratch: Buffer = EMPTY;

  get length(): number {
    return this.end - this.start;
  }

  set(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  copy(): Buffer {
    return Buffer.from(this.bytes.subarray(this.start, this.end));
  }

  get text(): string {
    return latin1Of(this.bytes, this.start, this.end);
  }

  /** Room for so many bytes, which become the string. */
  room(length: number): Buffer {
    if (length > SCRATCH_BYTES) this.bytes = Buffer.allocUnsafe(length);
    else {
      if (this.#scratch.length === 0) this.#scratch = Buffer.allocUnsafe(SCRATCH_BYTES);
      this.bytes = this.#scratch;
    }
    this.start = 0;
    this.end = length;
    return this.bytes as Buffer;
  }
}

export class RdbInput {
  #bytes: Buffer;
  #at = 0;
  #end: number;
  #mark = 0;
  #taken = 0;
  /** Bytes from the mark that the unit is known to need. */
  #needed = 0;
  #passed = 0;
  #isComplete = false;
  /** Set by `#head`: whether the length was the number of a special string. */
  #isSpecial = false;

  /** @param bytes all that is to be read, if it is known already; they must stay. */
  constructor(bytes: Buffer | null = null) {
    this.#bytes = bytes ?? EMPTY;
    this.#end = this.#bytes.length;
    this.#isComplete = bytes !== null;
  }

  /** Takes a copy of the next bytes. */
  push(chunk: Uint8Array): void {
    const rest = this.#end - this.#at;
    if (this.#end + chunk.length > this.#bytes.length) {
      const needed = rest + chunk.length;
      const fits = needed <= this.#bytes.length && rest <= this.#at;
      const target = fits ? this.#bytes : Buffer.allocUnsafe(Math.max(INITIAL_BYTES, needed + (needed >> 1)));
      this.#bytes.copy(target, 0, this.#at, this.#end);
      this.#passed += this.#at;
      this.#bytes = target;
      this.#at = this.#mark = this.#taken = 0;
      this.#end = rest;
    }
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Nothing comes any more: what is short then, is an error. */
  complete(): void {
    this.#isComplete = true;
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#passed + this.#at;
  }

  /** Bytes that are there and not read. */
  get available(): number {
    return this.#end - this.#at;
  }

  /** Whether a unit that was short may be tried again. */
  get hasNeeded(): boolean {
    return this.#isComplete || this.#end - this.#at >= this.#needed;
  }

  /** What was not read; valid until the next `push`. */
  get rest(): Buffer {
    return this.#bytes.subarray(this.#at, this.#end);
  }

  /** A unit begins. */
  mark(): void {
    this.#mark = this.#at;
    this.#needed = 0;
  }

  /** Goes back to where the unit began. */
  rewind(): void {
    this.#at = this.#mark;
  }

  /** The bytes of all units since the last call, but for the one that is under way: for the checksum. */
  takeUnits(): Buffer {
    const units = this.#bytes.subarray(this.#taken, this.#mark);
    this.#taken = this.#mark;
    return units;
  }

  /** Gives back the memory of a long value, where nothing is left in it. */
  trim(): void {
    if (this.#at < this.#end || this.#bytes.length <= KEPT_BYTES_MAX || this.#isComplete) return;
    this.#passed += this.#at;
    this.#bytes = EMPTY;
    this.#at = this.#end = this.#mark = this.#taken = 0;
  }

  /** @throws SHORT_INPUT if there are not so many bytes. */
  #demand(count: number): void {
    if (this.#end - this.#at >= count) return;
    if (this.#isComplete) throw new RdbError('short', SHORT_READ);
    this.#needed = this.#at - this.#mark + count;
    // eslint-disable-next-line no-throw-literal
    throw SHORT_INPUT;
  }

  // --------------------------------------------------------------------------------------------------------------- atoms

  byte(): number {
    if (this.#at >= this.#end) this.#demand(1);
    return this.#bytes[this.#at++]!;
  }

  /** Reads `count` bytes as they are. */
  raw(count: number, into: RdbString): void {
    this.#demand(count);
    into.set(this.#bytes, this.#at, this.#at + count);
    this.#at += count;
  }

  uint32(): number {
    this.#demand(4);
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  int32LE(): number {
    this.#demand(4);
    this.#at += 4;
    return this.#bytes.readInt32LE(this.#at - 4);
  }

  /** An int64, least significant byte first; a bigint beyond 2^53. */
  int64(): number | bigint {
    this.#demand(8);
    this.#at += 8;
    const low = this.#bytes.readUInt32LE(this.#at - 8);
    const high = this.#bytes.readInt32LE(this.#at - 4);
    const value = high * WORD + low;
    return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low);
  }

  double(): number {
    this.#demand(8);
    this.#at += 8;
    return this.#bytes.readDoubleLE(this.#at - 8);
  }

  /** A length, or if #isSpecial the number that says how a string is encoded. A double beyond 2^53. */
  #head(): number {
    const head = this.byte();
    this.#isSpecial = head >= STRING_INT8;
    if (head < 0x40) return head;
    if (head < 0x80) return ((head & 0x3f) << 8) | this.byte();
    if (head === LENGTH_32) return this.uint32();
    if (head === LENGTH_64) {
      const high = this.uint32();
      return high * WORD + this.uint32();
    }
    if (this.#isSpecial) return head;
    return corrupt(`Unknown length encoding ${head} in rdbLoadLen()`);
  }

  /** A length or count; where it is none that could be true, an error. */
  length(): number {
    const length = this.#head();
    if (this.#isSpecial || length > Number.MAX_SAFE_INTEGER) throw new RdbError('short', SHORT_READ);
    return length;
  }

  /** A number of 64 bits in the form of a length, as a signed one. */
  length64(): number | bigint {
    const length = this.#head();
    if (this.#isSpecial) throw new RdbError('short', SHORT_READ);
    if (length <= Number.MAX_SAFE_INTEGER) return length;
    const value = this.#bytes.readBigInt64BE(this.#at - 8);
    return value >= Number.MIN_SAFE_INTEGER && value < 0n ? Number(value) : value;
  }

  string(into: RdbString): void {
    const length = this.#head();
    if (this.#isSpecial) this.#specialString(length, into);
    else {
      if (length > STRING_BYTES_MAX) throw new RdbError('short', SHORT_READ);
      this.raw(length, into);
    }
  }

  #specialString(encoding: number, into: RdbString): void {
    if (encoding === STRING_LZF) return this.#compressedString(into);
    const bytes = encoding === STRING_INT8 ? 1 : encoding === STRING_INT16 ? 2 : encoding === STRING_INT32 ? 4 : 0;
    if (bytes === 0) corrupt(`Unknown RDB string encoding type ${encoding & 0x3f}`);
    this.#demand(bytes);
    this.#at += bytes;
    const value = this.#bytes.readIntLE(this.#at - bytes, bytes);
    into.end = writeInteger(into.room(INT64_MAX_LENGTH), 0, value);
  }

  #compressedString(into: RdbString): void {
    const compressed = this.length();
    const length = this.length();
    if (compressed > STRING_BYTES_MAX || length > STRING_BYTES_MAX) throw new RdbError('short', SHORT_READ);
    this.#demand(compressed);
    if (length > compressed * LZF_EXPANSION_MAX) corrupt('Invalid LZF compressed string');
    const target = into.room(length);
    const start = this.#at;
    this.#at += compressed;
    if (!decompressLzf(this.#bytes, start, this.#at, target, 0, length)) corrupt('Invalid LZF compressed string');
  }
}
