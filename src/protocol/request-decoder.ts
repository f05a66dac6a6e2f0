/**
 * Decodes requests from a stream of bytes, without I/O: multibulk (`*2\r\n$3\r\nGET\r\n$1\r\nk\r\n`) and inline (`GET k\r\n`).
 *
 * Requests are decoded where they lie. A chunk that holds whole requests is never copied; only what is left of an
 * unfinished request at the end of a chunk goes to `#held`. Decoding resumes where it stopped, so that a request that
 * arrives in n pieces costs O(size), not O(size * n); for a big argument, room of the exact size is made at once.
 *
 * Usage: `feed(chunk)`, then `next()` until it no longer says REQUEST, then `retain()`: after that the chunk's memory
 * may be reused. `args` is valid until the next call of `next`, `feed` or `retain`.
 *
 * Which bytes are errors, and with what text, follows networking.c processMultibulkBuffer and processInlineBuffer.
 */
import { Arguments } from '../core/arguments.ts';
import { parseInteger } from '../core/integer.ts';
import { bytesOf } from '../core/latin1.ts';
import {
  ARGUMENTS_MAX,
  BIG_ARGUMENT_BYTES,
  INLINE_BYTES_MAX,
  UNAUTHENTICATED_ARGUMENTS_MAX,
  UNAUTHENTICATED_BULK_BYTES_MAX,
} from '../core/limits.ts';
import { splitArguments } from '../core/split-args.ts';

/** What `next` found. */
export const MORE = 0;
export const REQUEST = 1;
export const BROKEN = 2;
export type DecodeResult = typeof MORE | typeof REQUEST | typeof BROKEN;

const CR = 13;
const LF = 10;
const STAR = 42;
const DOLLAR = 36;
const ZERO = 48;
const DOUBLE_QUOTE = 34;
const SINGLE_QUOTE = 39;
const EMPTY = Buffer.alloc(0);
const HELD_BYTES_MIN = 1024;

export interface DecoderLimits {
  /** proto-max-bulk-len. */
  readonly bulkBytesMax: number;
}

export class RequestDecoder {
  readonly args = new Arguments(EMPTY);
  /** Text of the protocol error after BROKEN, without "ERR". */
  error = '';
  /** While false, the limits for unauthenticated clients hold. */
  authenticated = true;
  /** A link from a master may send bulks of any size. */
  trusted = false;
  readonly #limits: DecoderLimits;

  /** Where decoding goes on; either the chunk that was fed or #held. */
  #bytes: Buffer = EMPTY;
  #at = 0;
  #end = 0;
  /** Memory for unfinished requests; its content ends at #end while #bytes is it. */
  #held: Buffer = EMPTY;
  /** Start of the request being decoded, in #bytes. */
  #requestStart = 0;
  /** Arguments of the current multibulk that are still to come; 0 between requests. */
  #missing = 0;
  /** Length of the argument being read, -1 when its length line is yet to come. */
  #bulkLength = -1;

  constructor(limits: DecoderLimits) {
    this.#limits = limits;
  }

  /** Bytes that wait for the rest of their request, or for the client to be unblocked. */
  get pendingBytes(): number {
    return this.#end - this.#at + (this.#missing > 0 ? this.#at - this.#requestStart : 0);
  }

  /** Bytes of memory that this decoder holds between chunks. */
  get heldBytes(): number {
    return this.#held.length;
  }

  feed(chunk: Buffer): void {
    const kept = this.#end - this.#requestStart;
    if (kept === 0) {
      this.#bytes = chunk;
      this.#requestStart = this.#at = 0;
      this.#end = chunk.length;
      return;
    }
    // #bytes is #held here: `retain` put it there.
    this.#makeRoom(chunk.length);
    this.#held.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Room for `more` bytes after #end in #held; the unfinished request moves to the front. */
  #makeRoom(more: number): void {
    const kept = this.#end - this.#requestStart;
    let needed = kept + more;
    if (this.#bulkLength >= BIG_ARGUMENT_BYTES) {
      needed = Math.max(needed, this.#at - this.#requestStart + this.#bulkLength + 2);
    }
    if (needed > this.#held.length) {
      const exact = this.#bulkLength >= BIG_ARGUMENT_BYTES && this.#missing === 1;
      this.#moveTo(Buffer.allocUnsafe(exact ? needed : Math.max(HELD_BYTES_MIN, needed * 2)));
    } else if (this.#end + more > this.#held.length) this.#moveTo(this.#held);
  }

  /** Copies the unfinished request to the start of `target`, which becomes #held. */
  #moveTo(target: Buffer): void {
    const from = this.#requestStart;
    this.#bytes.copy(target, 0, from, this.#end);
    this.#held = target;
    this.#bytes = target;
    if (this.#missing > 0) {
      this.args.bytes = target;
      for (let i = 0; i < this.args.count; i++) {
        this.args.starts[i]! -= from;
        this.args.ends[i]! -= from;
      }
    }
    this.#at -= from;
    this.#end -= from;
    this.#requestStart = 0;
  }

  /** Keeps what was not decoded; the chunk's memory is not referred to any more. */
  retain(): void {
    if (this.#missing === 0) this.args.clear();
    if (this.#requestStart === this.#end) {
      this.#bytes = EMPTY;
      this.args.bytes = EMPTY;
      this.#requestStart = this.#at = this.#end = 0;
      this.#held = EMPTY;
    } else if (this.#bytes !== this.#held) {
      this.#makeRoomForRest();
    }
  }

  #makeRoomForRest(): void {
    const kept = this.#end - this.#requestStart;
    let size = Math.max(HELD_BYTES_MIN, kept);
    if (this.#bulkLength >= BIG_ARGUMENT_BYTES) size = this.#at - this.#requestStart + this.#bulkLength + 2;
    this.#moveTo(Buffer.allocUnsafe(Math.max(size, kept)));
  }

  /** Decodes the next request. An empty line or an empty multibulk is skipped, as Redis does. */
  next(): DecodeResult {
    while (this.#missing > 0 || this.#at < this.#end) {
      if (this.#missing > 0) return this.#bulks();
      this.#requestStart = this.#at;
      this.args.clear();
      this.args.bytes = this.#bytes;
      const result = this.#bytes[this.#at] === STAR ? this.#multibulk() : this.#inline();
      if (result !== SKIP) return result;
      this.#requestStart = this.#at;
    }
    this.#requestStart = this.#at;
    return MORE;
  }

  #multibulk(): DecodeResult | typeof SKIP {
    const bytes = this.#bytes;
    const lineEnd = this.#lineEnd('too big mbulk count string');
    if (lineEnd < 0) return this.error === '' ? MORE : BROKEN;
    const count = parseInteger(bytes, this.#at + 1, lineEnd);
    if (!(count <= ARGUMENTS_MAX)) {
      return this.#fail('invalid multibulk length');
    }
    if (count > UNAUTHENTICATED_ARGUMENTS_MAX && !this.authenticated) {
      return this.#fail('unauthenticated multibulk length');
    }
    this.#at = lineEnd + 2;
    if (count <= 0) return SKIP;
    this.#missing = count;
    this.#bulkLength = -1;
    return this.#bulks();
  }

  #bulks(): DecodeResult {
    const bytes = this.#bytes;
    const { args } = this;
    const end = this.#end;
    while (this.#missing > 0) {
      if (this.#bulkLength < 0) {
        const result = this.#bulkHeader();
        if (result !== REQUEST) return result;
      }
      const start = this.#at;
      const stop = start + this.#bulkLength;
      if (stop + 2 > end) return MORE;
      args.starts[args.count] = start;
      args.ends[args.count] = stop;
      args.count++;
      this.#at = stop + 2;
      this.#bulkLength = -1;
      this.#missing--;
    }
    args.bytes = bytes;
    this.#requestStart = this.#at;
    return REQUEST;
  }

  /** Reads `$<length>\r\n`; REQUEST means that #bulkLength is known. */
  #bulkHeader(): DecodeResult {
    const bytes = this.#bytes;
    // The common case first: a length of one or two digits that is here as a whole.
    const at = this.#at;
    if (bytes[at] === DOLLAR && at + 4 < this.#end) {
      const first = bytes[at + 1]! - ZERO;
      const second = bytes[at + 2]! - ZERO;
      if (second === CR - ZERO && bytes[at + 3] === LF && first >= 0 && first <= 9) {
        this.#bulkLength = first;
        this.#at = at + 4;
        return REQUEST;
      }
      if (bytes[at + 3] === CR && bytes[at + 4] === LF && first > 0 && first <= 9 && second >= 0 && second <= 9) {
        this.#bulkLength = first * 10 + second;
        this.#at = at + 5;
        return REQUEST;
      }
    }
    return this.#bulkHeaderSlow();
  }

  #bulkHeaderSlow(): DecodeResult {
    const bytes = this.#bytes;
    if (this.#at >= this.#end) return MORE;
    const lineEnd = this.#lineEnd('too big bulk count string');
    if (lineEnd < 0) return this.error === '' ? MORE : BROKEN;
    if (bytes[this.#at] !== DOLLAR) {
      return this.#fail(`expected '$', got '${String.fromCharCode(bytes[this.#at]!)}'`);
    }
    const length = parseInteger(bytes, this.#at + 1, lineEnd);
    if (!(length >= 0) || (!this.trusted && length > this.#limits.bulkBytesMax))
      return this.#fail('invalid bulk length');
    if (length > UNAUTHENTICATED_BULK_BYTES_MAX && !this.authenticated) {
      return this.#fail('unauthenticated bulk length');
    }
    this.#at = lineEnd + 2;
    this.#bulkLength = length;
    return REQUEST;
  }

  /** Position of the CR that ends the current line, with one more byte behind it; -1 if there is none yet. */
  #lineEnd(tooLong: string): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#at;
    while (at < end && bytes[at] !== CR) at++;
    if (at + 1 < end) return at;
    if (at === end && end - this.#at > INLINE_BYTES_MAX) this.#fail(tooLong);
    return -1;
  }

  #inline(): DecodeResult | typeof SKIP {
    const bytes = this.#bytes;
    const lineFeed = bytes.indexOf(LF, this.#at);
    if (lineFeed < 0 || lineFeed >= this.#end) {
      return this.#end - this.#at > INLINE_BYTES_MAX ? this.#fail('too big inline request') : MORE;
    }
    const start = this.#at;
    let stop = lineFeed;
    this.#at = stop + 1;
    if (stop > start && bytes[stop - 1] === CR) stop--;
    return this.#splitPlain(start, stop) ? this.#plainInline() : this.#splitQuoted(start, stop);
  }

  /** Words without quotes lie in the request as they are. False if there is a byte that needs the full grammar. */
  #splitPlain(start: number, stop: number): boolean {
    const bytes = this.#bytes;
    const { args } = this;
    let at = start;
    while (at < stop) {
      while (at < stop && isBlank(bytes[at]!)) at++;
      const wordStart = at;
      while (at < stop && !isBlank(bytes[at]!)) {
        const byte = bytes[at]!;
        if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE || byte === 0) return false;
        at++;
      }
      if (at > wordStart) args.push(wordStart, at);
    }
    return true;
  }

  #plainInline(): DecodeResult | typeof SKIP {
    if (this.args.count === 0) return SKIP;
    this.#requestStart = this.#at;
    return REQUEST;
  }

  #splitQuoted(start: number, stop: number): DecodeResult | typeof SKIP {
    const { args } = this;
    args.clear();
    // C strings end at the first NUL, and so does an inline request.
    const nul = this.#bytes.subarray(start, stop).indexOf(0);
    const words = splitArguments(this.#bytes.toString('latin1', start, nul < 0 ? stop : start + nul));
    if (words === null) return this.#fail('unbalanced quotes in request');
    if (words.length === 0) return SKIP;
    args.bytes = bytesOf(words.join(''));
    let at = 0;
    for (const word of words) {
      args.push(at, at + word.length);
      at += word.length;
    }
    this.#requestStart = this.#at;
    return REQUEST;
  }

  #fail(text: string): typeof BROKEN {
    this.error = `Protocol error: ${text}`;
    return BROKEN;
  }
}

const SKIP = 3;

/** C's isspace, as sds.c splits by. */
function isBlank(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}
