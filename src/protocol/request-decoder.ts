/**
 * Decodes requests from a stream of bytes, without I/O: multibulk (`*2\r\n$3\r\nGET\r\n$1\r\nk\r\n`) and inline (`GET k\r\n`).
 *
 * Requests are decoded where they lie. A chunk that holds whole requests is never copied; only what is left of an
 * unfinished request at the end of a chunk goes to `#held`. Decoding resumes where it stopped, so that a request that
 * arrives in n pieces costs O(size), not O(size * n); for a big argument, room of the exact size is made at once.
 *
 * Usage: `feed(chunk)`, then `next()` until it no longer says REQUEST, then `retain()`: after that the chunk's memory
 * may be reused. `args` is valid until the next call of `next`, `feed` or `retain`. A request that cannot run yet is
 * put back with `putBack()`; it is decoded again when the client is served again.
 *
 * Which bytes are errors, and with what text, follows networking.c processMultibulkBuffer and processInlineBuffer,
 * with C's view of text where it shows: a NUL hides the rest of the buffer from the search for a line end, so that
 * such a line is never complete and in the end too long. Where Redis' answer depends on how the network cut the
 * stream, it is fixed here: a line end counts only within the first 64 KiB.
 */
import { Arguments } from '../core/arguments.ts';
import { isSpace, parseInteger } from '../core/integer.ts';
import { bytesOf } from '../core/latin1.ts';
import {
  ARGUMENTS_MAX,
  BIG_ARGUMENT_BYTES,
  INLINE_BYTES_MAX,
  REQUEST_BYTES_MAX,
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
/** Places of more arguments than this are not kept for the next request. */
const ARGUMENT_PLACES_KEPT = 4096;
const TOO_LARGE = 'request too large';

export interface DecoderLimits {
  /** proto-max-bulk-len. */
  readonly bulkBytesMax: number;
}

export class RequestDecoder {
  readonly args = new Arguments(EMPTY);
  /** Text of the protocol error after BROKEN, without "ERR". */
  error = '';
  /** What the log calls it. */
  errorForLog = '';
  /** While false, the limits for unauthenticated clients hold. */
  authenticated = true;
  /** Empty lines and multibulks that were skipped: a replica sends them as signs of life. */
  emptyRequests = 0;
  /** A link from a master may send bulks of any size. */
  trusted = false;
  readonly #limits: DecoderLimits;

  /** Where decoding goes on; either the chunk that was fed or #held. */
  #bytes: Buffer = EMPTY;
  #at = 0;
  #end = 0;
  /** Memory for unfinished requests; its content ends at #end while #bytes is it. */
  #held: Buffer = EMPTY;
  /** Start of the request being decoded, in #bytes. Behind a whole request it is the start of the next one. */
  #requestStart = 0;
  /** Start of the request that `args` holds. */
  #lastStart = 0;
  /** Arguments of the current multibulk that are still to come; 0 between requests. */
  #missing = 0;
  /** Length of the argument being read, -1 when its length line is yet to come. */
  #bulkLength = -1;
  /** Up to here there is no end of the line at #at: a long line that comes in small pieces is searched once. */
  #searched = 0;
  /** There was no memory for the rest of a request. */
  #overflowed = false;

  constructor(limits: DecoderLimits) {
    this.#limits = limits;
  }

  /** Bytes that were received and are not arguments yet. While a request runs, those that came with it count. */
  get bufferedBytes(): number {
    return this.#bytes === this.#held ? this.#end - this.#at : this.#end;
  }

  /** Bytes that came and belong to no request that was decoded as a whole. */
  get undecodedBytes(): number {
    return this.#end - this.#requestStart;
  }

  /** Bytes of the arguments of an unfinished request that are here as a whole. */
  get argumentBytes(): number {
    return this.#missing > 0 ? this.args.totalLength() : 0;
  }

  /** Number of these arguments. */
  get argumentCount(): number {
    return this.#missing > 0 ? this.args.count : 0;
  }

  /** Length of the argument that is being read, 0 if none is. */
  get awaitedBytes(): number {
    return Math.max(0, this.#bulkLength);
  }

  /** Bytes of memory that this decoder holds between chunks. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** What is not decoded yet; after BROKEN it starts with the offending line. */
  rest(): Buffer {
    return this.#bytes.subarray(this.#at, this.#end);
  }

  feed(chunk: Buffer): void {
    const kept = this.#end - this.#requestStart;
    if (kept === 0) {
      this.#bytes = chunk;
      this.#requestStart = this.#at = this.#searched = 0;
      this.#end = chunk.length;
      return;
    }
    // #bytes is #held here: `retain` put it there.
    if (!this.#makeRoom(chunk.length)) return;
    this.#held.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Room for `more` bytes after #end in #held; the unfinished request moves to the front. */
  #makeRoom(more: number): boolean {
    const kept = this.#end - this.#requestStart;
    let needed = kept + more;
    const isBig = this.#bulkLength >= BIG_ARGUMENT_BYTES;
    if (isBig) needed = Math.max(needed, this.#at - this.#requestStart + this.#bulkLength + 2);
    if (needed > this.#held.length) {
      const exact = isBig && this.#missing === 1;
      return this.#moveTo(needed, exact ? needed : Math.max(HELD_BYTES_MIN, needed * 2));
    }
    if (this.#end + more > this.#held.length) this.#moveInto(this.#held);
    return true;
  }

  /** Moves the unfinished request into fresh memory, of `wished` bytes if there can be so much. */
  #moveTo(needed: number, wished: number): boolean {
    if (needed <= REQUEST_BYTES_MAX) {
      try {
        this.#moveInto(Buffer.allocUnsafe(Math.min(wished, REQUEST_BYTES_MAX)));
        return true;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }
    this.#overflowed = true;
    return false;
  }

  /** Copies the unfinished request to the start of `target`, which becomes #held. */
  #moveInto(target: Buffer): void {
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
    this.#searched = Math.max(0, this.#searched - from);
    this.#requestStart = 0;
  }

  /** Keeps what was not decoded; the chunk's memory is not referred to any more. */
  retain(): void {
    const { args } = this;
    if (this.#missing === 0) {
      args.clear();
      if (args.starts.length > ARGUMENT_PLACES_KEPT) args.starts.length = args.ends.length = 0;
    }
    if (this.#requestStart === this.#end) {
      this.#bytes = EMPTY;
      args.bytes = EMPTY;
      this.#requestStart = this.#at = this.#end = 0;
      this.#held = EMPTY;
    } else if (this.#bytes !== this.#held) {
      const kept = this.#end - this.#requestStart;
      const big = this.#bulkLength >= BIG_ARGUMENT_BYTES ? this.#at - this.#requestStart + this.#bulkLength + 2 : 0;
      const size = Math.max(HELD_BYTES_MIN, kept, big);
      this.#moveTo(size, size);
    }
  }

  /** Forgets everything: the client is gone. */
  discard(): void {
    this.#bytes = this.#held = EMPTY;
    this.args.bytes = EMPTY;
    this.args.clear();
    this.#requestStart = this.#at = this.#end = this.#searched = this.#missing = 0;
    this.#bulkLength = -1;
  }

  /** Undoes the last `next`, which said REQUEST: the request will be decoded once more. */
  putBack(): void {
    this.#at = this.#requestStart = this.#lastStart;
    this.#searched = 0;
    this.args.clear();
  }

  /** Decodes the next request. An empty line or an empty multibulk is skipped, as Redis does. */
  next(): DecodeResult {
    if (this.#overflowed) return this.#fail(TOO_LARGE);
    while (this.#missing > 0 || this.#at < this.#end) {
      if (this.#missing > 0) return this.#bulks();
      this.#requestStart = this.#at;
      this.args.clear();
      if (this.args.bytes !== this.#bytes) this.args.bytes = this.#bytes;
      const result = this.#bytes[this.#at] === STAR ? this.#multibulk() : this.#inline();
      if (result !== SKIP) return result;
      this.emptyRequests++;
      this.#requestStart = this.#at;
    }
    this.#requestStart = this.#at;
    return MORE;
  }

  #multibulk(): DecodeResult | typeof SKIP {
    const bytes = this.#bytes;
    const lineEnd = this.#lineEnd(CR);
    if (lineEnd === TOO_LONG) return this.#fail('too big mbulk count string');
    if (lineEnd < 0 || lineEnd + 1 >= this.#end) return MORE;
    const count = parseInteger(bytes, this.#at + 1, lineEnd);
    if (!(count <= ARGUMENTS_MAX)) return this.#fail('invalid multibulk length', 'invalid mbulk count');
    if (count > UNAUTHENTICATED_ARGUMENTS_MAX && !this.authenticated) {
      return this.#fail('unauthenticated multibulk length', 'unauth mbulk count');
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
    if (args.bytes !== bytes) args.bytes = bytes;
    return this.#found();
  }

  #found(): typeof REQUEST {
    this.#lastStart = this.#requestStart;
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
    const lineEnd = this.#lineEnd(CR);
    if (lineEnd === TOO_LONG) return this.#fail('too big bulk count string');
    if (lineEnd < 0 || lineEnd + 1 >= this.#end) return MORE;
    if (bytes[this.#at] !== DOLLAR) {
      const found = String.fromCharCode(bytes[this.#at]!);
      return this.#fail(`expected '$', got '${found}'`, 'expected $ but got something else');
    }
    const length = parseInteger(bytes, this.#at + 1, lineEnd);
    if (!(length >= 0) || (!this.trusted && length > this.#limits.bulkBytesMax)) {
      return this.#fail('invalid bulk length');
    }
    if (length > UNAUTHENTICATED_BULK_BYTES_MAX && !this.authenticated) {
      return this.#fail('unauthenticated bulk length', 'unauth bulk length');
    }
    this.#at = lineEnd + 2;
    this.#bulkLength = length;
    return REQUEST;
  }

  /** Position of the byte that ends the line at #at; NO_LINE_END if it is not there yet, or TOO_LONG. */
  #lineEnd(terminator: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    const stop = Math.min(end, this.#at + INLINE_BYTES_MAX + 1);
    let at = Math.max(this.#at, this.#searched);
    while (at < stop && bytes[at] !== terminator && bytes[at] !== 0) at++;
    if (at < stop && bytes[at] === terminator) return at;
    this.#searched = at;
    return end - this.#at > INLINE_BYTES_MAX ? TOO_LONG : NO_LINE_END;
  }

  #inline(): DecodeResult | typeof SKIP {
    const bytes = this.#bytes;
    const lineFeed = this.#lineEnd(LF);
    if (lineFeed === TOO_LONG) return this.#fail('too big inline request');
    if (lineFeed < 0) return MORE;
    const start = this.#at;
    const stop = lineFeed > start && bytes[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed;
    const result = this.#splitPlain(start, stop) || this.#splitQuoted(start, stop);
    if (!result) return this.#fail('unbalanced quotes in request', 'unbalanced quotes in inline request');
    this.#at = lineFeed + 1;
    return this.args.count === 0 ? SKIP : this.#found();
  }

  /** Words without quotes lie in the request as they are. False if there is a byte that needs the full grammar. */
  #splitPlain(start: number, stop: number): boolean {
    const bytes = this.#bytes;
    const { args } = this;
    let at = start;
    while (at < stop) {
      while (at < stop && isSpace(bytes[at]!)) at++;
      const wordStart = at;
      while (at < stop && !endsWord(bytes[at]!)) {
        const byte = bytes[at]!;
        if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) return false;
        at++;
      }
      if (at > wordStart) args.push(wordStart, at);
    }
    return true;
  }

  #splitQuoted(start: number, stop: number): boolean {
    const { args } = this;
    args.clear();
    const words = splitArguments(this.#bytes.toString('latin1', start, stop));
    if (words === null) return false;
    args.bytes = bytesOf(words.join(''));
    let at = 0;
    for (const word of words) {
      args.push(at, at + word.length);
      at += word.length;
    }
    return true;
  }

  #fail(text: string, forLog = text): typeof BROKEN {
    this.error = `Protocol error: ${text}`;
    this.errorForLog = forLog;
    return BROKEN;
  }
}

const SKIP = 3;
const NO_LINE_END = -1;
const TOO_LONG = -2;

/** What ends a word without quotes; \v and \f only stand between words (sds.c sdssplitargs). */
function endsWord(byte: number): boolean {
  return byte === 32 || byte === 9 || byte === LF || byte === CR;
}
