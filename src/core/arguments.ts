/**
 * The arguments of one request, as positions in the bytes that arrived.
 *
 * Requests are executed where they lie: nothing is allocated per argument. A handler decodes what it needs, when it
 * needs it: a key is looked up by its bytes, a number is parsed in place, and only what is stored is copied. The
 * bytes are valid until the handler returns; whoever keeps a request (a transaction, a blocked client, a replication
 * stream) takes `detach()`.
 *
 * A "binary string" is a JS string with one character per byte (latin1). It is how names and patterns are kept where
 * a JS Map or comparison is wanted: it is exact for any bytes.
 */
import { bytesOf, cString, equalsIgnoreCase, latin1Of } from './latin1.ts';
import { parseDouble } from './double.ts';
import { decimalLength, isBigInteger, isCanonicalInt64, parseInt64, parseInteger } from './integer.ts';

const CR = 13;
const LF = 10;
const STAR = 42;
const DOLLAR = 36;

export class Arguments {
  bytes: Buffer;
  /** Number of arguments, the command's name included. */
  count = 0;
  /** Position of the first byte of each argument in `bytes`; entries from `count` on are stale. */
  readonly starts: number[] = [];
  /** Position after the last byte of each argument. */
  readonly ends: number[] = [];

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Arguments made from JS values; strings are taken as UTF-8. */
  static from(values: readonly (string | Uint8Array)[]): Arguments {
    return Arguments.ofBuffers(values.map((value) => (typeof value === 'string' ? Buffer.from(value, 'utf8') : value)));
  }

  /** Arguments made from binary strings. */
  static ofBinary(values: readonly string[]): Arguments {
    return Arguments.ofBuffers(values.map(bytesOf));
  }

  static ofBuffers(values: readonly Uint8Array[]): Arguments {
    let size = 0;
    for (const value of values) size += value.length;
    const result = new Arguments(Buffer.allocUnsafe(size));
    let at = 0;
    for (const value of values) {
      result.bytes.set(value, at);
      result.push(at, at + value.length);
      at += value.length;
    }
    return result;
  }

  push(start: number, end: number): void {
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.count++;
  }

  clear(): void {
    this.count = 0;
  }

  length(index: number): number {
    return this.ends[index]! - this.starts[index]!;
  }

  /** Bytes of all arguments together: what CLIENT LIST calls argv-mem. */
  totalLength(): number {
    let total = 0;
    for (let i = 0; i < this.count; i++) total += this.ends[i]! - this.starts[i]!;
    return total;
  }

  /** A view, valid as long as the request's bytes are. */
  view(index: number): Buffer {
    return this.bytes.subarray(this.starts[index], this.ends[index]);
  }

  /** A copy that the caller owns. */
  copy(index: number): Buffer {
    return Buffer.from(this.view(index));
  }

  /** The argument as a binary string. */
  binary(index: number): string {
    return latin1Of(this.bytes, this.starts[index]!, this.ends[index]!);
  }

  /** The argument as C prints it: for the texts of errors. */
  cString(index: number): string {
    return cString(this.binary(index));
  }

  /** The argument read as UTF-8: for messages to people only. */
  text(index: number): string {
    return this.bytes.toString('utf8', this.starts[index], this.ends[index]);
  }

  /** Whether the argument is `name`, given in lower case, in any case. */
  is(index: number, name: string): boolean {
    return equalsIgnoreCase(this.bytes, this.starts[index]!, this.ends[index]!, name);
  }

  /**
   * The argument as a 64-bit integer in Redis' strict form, as a JS number.
   * NaN when it is not one; integers beyond 2^53 are rounded to the nearest double, see `int64`.
   */
  integer(index: number): number {
    const value = parseInteger(this.bytes, this.starts[index]!, this.ends[index]!);
    return isBigInteger(value) ? Number(this.int64(index)) : value;
  }

  /** The exact 64-bit integer, or null when the argument is not one. */
  int64(index: number): bigint | null {
    return parseInt64(this.bytes, this.starts[index]!, this.ends[index]!);
  }

  isInteger(index: number): boolean {
    return isCanonicalInt64(this.bytes, this.starts[index]!, this.ends[index]!);
  }

  /** The argument as a double, infinities included; NaN when it is not one. */
  double(index: number): number {
    return parseDouble(this.bytes, this.starts[index]!, this.ends[index]!);
  }

  /**
   * Where the request begins, if it stands in `bytes` as an array of bulk strings in the form in which servers write one;
   * it ends two bytes behind its last argument. Else -1: it was typed in a line, or made by others than a client.
   */
  get wireStart(): number {
    const { bytes, count, starts, ends } = this;
    if (count === 0) return -1;
    let end = 0;
    for (let i = 0; i < count; i++) {
      const start = starts[i]!;
      const head = 5 + decimalLength(ends[i]! - start);
      // Between two arguments stand a line end, which is in no typed line, and the length of the second one.
      if (i > 0 && (start - end !== head || bytes[end] !== CR || bytes[end + 1] !== LF)) return -1;
      end = ends[i]!;
    }
    const first = starts[0]! - decimalLength(ends[0]! - starts[0]!) - 3;
    const begin = first - decimalLength(count) - 3;
    const isWhole = begin >= 0 && bytes[begin] === STAR && bytes[first] === DOLLAR;
    if (!isWhole || bytes[end] !== CR || bytes[end + 1] !== LF) return -1;
    return parseInteger(bytes, begin + 1, first - 2) === count ? begin : -1;
  }

  /** A copy that stays valid. */
  detach(): Arguments {
    if (this.count === 0) return new Arguments(Buffer.alloc(0));
    const first = this.starts[0]!;
    const last = this.ends[this.count - 1]!;
    const result = new Arguments(Buffer.from(this.bytes.subarray(first, last)));
    for (let i = 0; i < this.count; i++) result.push(this.starts[i]! - first, this.ends[i]! - first);
    return result;
  }
}
