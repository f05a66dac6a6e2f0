/**
 * HyperLogLog sketches in Redis' string format (hyperloglog.c):
 *
 * | byte | what |
 * |---|---|
 * | 0  | "HYLL" |
 * | 4  | encoding: 0 dense, 1 sparse; then three unused bytes |
 * | 8  | the last count, 64 bits little-endian; the top bit of byte 15 says that it is out of date |
 * | 16 | dense: 16384 registers of 6 bits, least significant bits first. Sparse: a run-length code of them |
 *
 * The sparse code has three kinds of runs: `00nnnnnn` n+1 registers at zero, `01nnnnnn nnnnnnnn` the same with 14 bits,
 * `1vvvvvnn` n+1 registers at v+1. A run that changes is split in at most three, and neighbours that became equal are
 * joined, by the very steps that Redis takes: two servers that saw the same commands hold the same bytes.
 *
 * A sparse sketch becomes dense when a register exceeds 32 or the code its limit. A sketch may come from a client's SET:
 * every walk over the code checks it and says when it is corrupt.
 */
import { Murmur64 } from '../core/murmur64.ts';

export const HEADER_BYTES = 16;
export const REGISTERS = 16384;
export const DENSE_BYTES = HEADER_BYTES + (REGISTERS * 6) / 8;
const ENCODING = 4;
const DENSE = 0;
const SPARSE = 1;
const COUNT = 8;
const STALE = 15;

const INDEX_BITS = 14;
/** Bits of the hash that runs of zeros are looked for in. */
const RUN_BITS = 50;
const SEED = 0xadc83b19;
const ALPHA = 0.7213475204444817;

const VALUE_MAX = 32;
const VALUE_RUN_MAX = 4;
const ZERO_RUN_MAX = 64;
/** A change makes the sparse code longer by at most this. */
const SPLIT_BYTES = 3;

/** Outcome of a change. */
export const UNCHANGED = 0;
export const CHANGED = 1;
export const CORRUPT = -1;
export type Outcome = typeof UNCHANGED | typeof CHANGED | typeof CORRUPT;

/** Whether bytes can be a sketch, as far as the header tells. */
export function looksLikeSketch(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_BYTES || bytes[0] !== 0x48 || bytes[1] !== 0x59) return false;
  if (bytes[2] !== 0x4c || bytes[3] !== 0x4c || bytes[ENCODING]! > SPARSE) return false;
  return bytes[ENCODING] !== DENSE || bytes.length === DENSE_BYTES;
}

export class Sketch {
  /** The content is the first `length` bytes; a sparse sketch has room behind it. */
  bytes: Buffer;
  length: number;
  readonly #hash = new Murmur64();

  /** A working copy of a sketch. */
  constructor(content: Uint8Array) {
    this.bytes = Buffer.alloc(Math.max(content.length + 64, 128));
    this.bytes.set(content);
    this.length = content.length;
  }

  static empty(): Sketch {
    const content = Buffer.alloc(HEADER_BYTES + 2);
    content.write('HYLL', 'latin1');
    content[ENCODING] = SPARSE;
    content[HEADER_BYTES] = 0x40 | ((REGISTERS - 1) >> 8);
    content[HEADER_BYTES + 1] = (REGISTERS - 1) & 0xff;
    return new Sketch(content);
  }

  get content(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  get isDense(): boolean {
    return this.bytes[ENCODING] === DENSE;
  }

  // --------------------------------------------------------------------------------------------------------- changes

  /** @param sparseBytesMax hll-sparse-max-bytes. */
  add(element: Uint8Array, start: number, end: number, sparseBytesMax: number): Outcome {
    const { low, high } = this.#hash.hash(element, start, end, SEED);
    return this.set(low & (REGISTERS - 1), runOf(low, high), sparseBytesMax);
  }

  /** Raises a register to a value, if it is lower. */
  set(index: number, value: number, sparseBytesMax: number): Outcome {
    if (this.isDense) return this.#setDense(index, value);
    if (value > VALUE_MAX) return this.#promote(index, value);
    return this.#setSparse(index, value, sparseBytesMax);
  }

  #setDense(index: number, value: number): Outcome {
    if (value <= this.#getDense(index)) return UNCHANGED;
    const bit = index * 6;
    const at = HEADER_BYTES + (bit >> 3);
    const shift = bit & 7;
    const { bytes } = this;
    bytes[at] = (bytes[at]! & ~(63 << shift)) | (value << shift);
    if (shift > 2) bytes[at + 1] = (bytes[at + 1]! & ~(63 >> (8 - shift))) | (value >> (8 - shift));
    return CHANGED;
  }

  #getDense(index: number): number {
    const bit = index * 6;
    const at = HEADER_BYTES + (bit >> 3);
    const shift = bit & 7;
    return ((this.bytes[at]! >> shift) | (shift > 2 ? this.bytes[at + 1]! << (8 - shift) : 0)) & 63;
  }

  #promote(index: number, value: number): Outcome {
    return this.toDense() ? this.#setDense(index, value) : CORRUPT;
  }

  /** @returns false if the code is corrupt; nothing is changed then. */
  toDense(): boolean {
    if (this.isDense) return true;
    const dense = new Sketch(Buffer.alloc(DENSE_BYTES));
    dense.bytes.set(this.bytes.subarray(0, HEADER_BYTES));
    dense.bytes[ENCODING] = DENSE;
    const isSound = this.forEachRun((first, run, value) => {
      if (value > 0) for (let index = first; index < first + run; index++) dense.#setDense(index, value);
    });
    if (!isSound) return false;
    this.bytes = dense.bytes;
    this.length = DENSE_BYTES;
    return true;
  }

  #setSparse(index: number, value: number, sparseBytesMax: number): Outcome {
    const { bytes, length } = this;
    let at = HEADER_BYTES;
    let previous = -1;
    let first = 0;
    let run = 0;
    while (at < length) {
      run = runAt(bytes, at);
      if (index < first + run) break;
      previous = at;
      at += codeBytes(bytes[at]!);
      first += run;
    }
    if (run === 0 || at >= length) return CORRUPT;
    const old = valueAt(bytes[at]!);
    if (old >= value) return UNCHANGED;
    if (run === 1 && codeBytes(bytes[at]!) === 1) bytes[at] = valueCode(value, 1);
    else {
      const sequence = [
        ...runCodes(old, index - first),
        valueCode(value, 1),
        ...runCodes(old, first + run - 1 - index),
      ];
      if (!this.#splice(at, sequence, sparseBytesMax)) return this.#promote(index, value);
    }
    this.#join(previous < 0 ? HEADER_BYTES : previous);
    this.markStale();
    return CHANGED;
  }

  /** Puts other codes in the place of the one at `at`. @returns false if the sketch would exceed its limit. */
  #splice(at: number, sequence: readonly number[], sparseBytesMax: number): boolean {
    const oldBytes = codeBytes(this.bytes[at]!);
    const growth = sequence.length - oldBytes;
    if (growth > 0 && this.length + growth > sparseBytesMax) return false;
    if (this.length + SPLIT_BYTES > this.bytes.length) {
      const larger = Buffer.alloc(this.bytes.length * 2);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes.copyWithin(at + sequence.length, at + oldBytes, this.length);
    this.bytes.set(sequence, at);
    this.length += growth;
    return true;
  }

  /** Joins neighbouring runs of one value, looking at five codes from `from` on. */
  #join(from: number): void {
    const { bytes } = this;
    let at = from;
    for (let steps = 5; steps > 0 && at < this.length; steps--) {
      const code = bytes[at]!;
      const next = at + 1 < this.length ? bytes[at + 1]! : 0;
      if ((code & 0x80) === 0) {
        at += codeBytes(code);
        continue;
      }
      const run = (code & 3) + (next & 3) + 2;
      if ((next & 0x80) !== 0 && code >> 2 === next >> 2 && run <= VALUE_RUN_MAX) {
        bytes[at + 1] = valueCode(valueAt(code), run);
        bytes.copyWithin(at, at + 1, this.length);
        this.length--;
      } else at++;
    }
  }

  // -------------------------------------------------------------------------------------------------------- counting

  markStale(): void {
    this.bytes[STALE]! |= 0x80;
  }

  /** The count that was stored last, or null when it is out of date. */
  get cachedCount(): bigint | null {
    return (this.bytes[STALE]! & 0x80) === 0 ? this.bytes.readBigUInt64LE(COUNT) : null;
  }

  cacheCount(count: bigint): void {
    this.bytes.writeBigUInt64LE(count, COUNT);
  }

  /** Numbers of registers by value, or null if the code is corrupt. */
  histogram(): Int32Array | null {
    const histogram = new Int32Array(64);
    const isSound = this.forEachRun((_first, run, value) => {
      histogram[value]! += run;
    });
    return isSound ? histogram : null;
  }

  /** Raises each of `registers` to this sketch's. @returns false if the code is corrupt. */
  mergeInto(registers: Uint8Array): boolean {
    return this.forEachRun((first, run, value) => {
      for (let index = first; index < first + run; index++) if (registers[index]! < value) registers[index] = value;
    });
  }

  /** Visits runs of registers of one value. @returns false as soon as the code is found to be corrupt. */
  forEachRun(visit: (first: number, run: number, value: number) => void): boolean {
    if (this.isDense) {
      for (let index = 0; index < REGISTERS; index++) visit(index, 1, this.#getDense(index));
      return true;
    }
    let first = 0;
    for (let at = HEADER_BYTES; at < this.length; at += codeBytes(this.bytes[at]!)) {
      const run = runAt(this.bytes, at);
      if (first + run > REGISTERS) return false;
      visit(first, run, valueAt(this.bytes[at]!));
      first += run;
    }
    return first === REGISTERS;
  }

  /** The sparse code for people: "Z:n" and "z:n" runs of zeros, "v:value,n" others. */
  describe(): string {
    const words: string[] = [];
    for (let at = HEADER_BYTES; at < this.length; at += codeBytes(this.bytes[at]!)) {
      const run = runAt(this.bytes, at);
      const value = valueAt(this.bytes[at]!);
      words.push(value > 0 ? `v:${value},${run}` : `${codeBytes(this.bytes[at]!) === 2 ? 'Z' : 'z'}:${run}`);
    }
    return words.join(' ');
  }
}

/** Length of the run of zero bits above the register's index, and the one that ends it. */
function runOf(low: number, high: number): number {
  const lower = low >>> INDEX_BITS;
  if (lower !== 0) return trailingZeros(lower) + 1;
  return high !== 0 ? 32 - INDEX_BITS + trailingZeros(high) + 1 : RUN_BITS + 1;
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

function codeBytes(code: number): number {
  return (code & 0xc0) === 0x40 ? 2 : 1;
}

function runAt(bytes: Uint8Array, at: number): number {
  const code = bytes[at]!;
  if ((code & 0x80) !== 0) return (code & 3) + 1;
  return (code & 0x40) === 0 ? (code & 0x3f) + 1 : (((code & 0x3f) << 8) | (bytes[at + 1] ?? 0)) + 1;
}

function valueAt(code: number): number {
  return (code & 0x80) === 0 ? 0 : ((code >> 2) & 0x1f) + 1;
}

function valueCode(value: number, run: number): number {
  return 0x80 | ((value - 1) << 2) | (run - 1);
}

/** Codes for a run that may be empty. */
function runCodes(value: number, run: number): number[] {
  if (run === 0) return [];
  if (value > 0) return [valueCode(value, run)];
  return run > ZERO_RUN_MAX ? [0x40 | ((run - 1) >> 8), (run - 1) & 0xff] : [run - 1];
}

/** The estimated number of distinct elements (Otmar Ertl's improved estimator). */
export function estimate(histogram: Int32Array): bigint {
  let z = REGISTERS * tau((REGISTERS - histogram[RUN_BITS + 1]!) / REGISTERS);
  for (let value = RUN_BITS; value >= 1; value--) z = (z + histogram[value]!) * 0.5;
  z += REGISTERS * sigma(histogram[0]! / REGISTERS);
  const count = (ALPHA * REGISTERS * REGISTERS) / z;
  // Half away from zero, as llroundl: Math.round differs only below zero.
  return BigInt(Math.round(count));
}

function sigma(start: number): number {
  if (start === 1) return Infinity;
  let x = start;
  let y = 1;
  let z = x;
  for (let before = NaN; before !== z; y += y) {
    x *= x;
    before = z;
    z += x * y;
  }
  return z;
}

function tau(start: number): number {
  if (start === 0 || start === 1) return 0;
  let x = start;
  let y = 1;
  let z = 1 - x;
  for (let before = NaN; before !== z;) {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  }
  return z / 3;
}
