/**
 * Decodes RESP2 replies: of servers that we connect to, and of our own server for `execute()`.
 *
 * The bytes may come in any pieces. What is not complete is kept: at most one line, the parts of one bulk string, and
 * the arrays around it; nothing is decoded twice. The chunk itself belongs to the caller again when `feed` returns.
 *
 * Integers are numbers, or bigints where a number would not be exact. An error within an array (EXEC) stays a value.
 */
import { constants } from 'node:buffer';
import { isBigInteger, parseInteger } from '../core/integer.ts';

/** A decoded RESP2 reply. Bulk strings are strings, or Buffers if asked for. */
export type ReplyValue = string | Buffer | number | bigint | null | ErrorReply | ReplyValue[];

/** An error that the server answered. `message` is the whole text, `code` its first word. */
export class ErrorReply extends Error {
  readonly code: string;

  constructor(text: string) {
    super(text);
    this.name = 'ErrorReply';
    this.code = text.split(' ', 1)[0] ?? '';
  }
}

export interface ReplyParserOptions {
  /** Bulk strings as Buffers instead of UTF-8 strings. */
  readonly buffers?: boolean;
  onReply(reply: ReplyValue): void;
  /** The bytes are not RESP2: the connection is of no use any more, and further bytes are ignored. */
  onBroken(error: Error): void;
}

/** An array whose elements are still coming. */
interface OpenArray {
  readonly values: ReplyValue[];
  missing: number;
}

const LINE_BYTES_MAX = 64 * 1024;
const ARRAY_DEPTH_MAX = 1024;
const QUOTED_BYTES_MAX = 32;
const NEAR_BYTES = 32;
const LINE_END = '\r\n';
const CR = 13;
const LF = 10;
const EMPTY = Buffer.alloc(0);

export class ReplyParser {
  /** Whether the next bulk strings become Buffers. */
  buffers: boolean;
  readonly #options: ReplyParserOptions;
  readonly #arrays: OpenArray[] = [];
  /** Start of a line that is not here as a whole. */
  #line: Buffer = EMPTY;
  /** Length of the bulk string being read, -1 when none is. */
  #bulkLength = -1;
  #bulkParts: Buffer[] = [];
  /** Bytes in #bulkParts. */
  #bulkHere = 0;
  #broken = false;

  constructor(options: ReplyParserOptions) {
    this.#options = options;
    this.buffers = options.buffers === true;
  }

  feed(chunk: Buffer): void {
    if (this.#broken) return;
    const bytes = this.#line.length === 0 ? chunk : Buffer.concat([this.#line, chunk]);
    this.#line = EMPTY;
    try {
      let at = 0;
      while (at < bytes.length && !this.#broken) {
        at = this.#bulkLength >= 0 ? this.#readBulk(bytes, at) : this.#readLine(bytes, at);
      }
    } catch (error) {
      if (!(error instanceof BrokenStream)) throw error;
      this.#broken = true;
      this.#options.onBroken(error);
    }
  }

  /** @returns where to go on. */
  #readLine(bytes: Buffer, at: number): number {
    const end = lineEnd(bytes, at);
    if (end < 0) {
      if (bytes.length - at > LINE_BYTES_MAX) throw new BrokenStream('A line without an end.');
      this.#line = Buffer.from(bytes.subarray(at));
      return bytes.length;
    }
    const next = end + LINE_END.length;
    switch (bytes[at]) {
      case 0x2b: // +
        this.#add(bytes.toString('utf8', at + 1, end));
        return next;
      case 0x2d: // -
        this.#add(new ErrorReply(bytes.toString('utf8', at + 1, end)));
        return next;
      case 0x3a: // :
        this.#add(readInteger(bytes, at + 1, end));
        return next;
      case 0x24: // $
        this.#bulkLength = readLength(bytes, at + 1, end);
        if (this.#bulkLength < 0) this.#add(null);
        return next;
      case 0x2a: // *
        this.#openArray(readLength(bytes, at + 1, end));
        return next;
      default:
        throw new BrokenStream(`No reply starts with ${quote(bytes, at, at + 1)}.`);
    }
  }

  #readBulk(bytes: Buffer, at: number): number {
    const whole = this.#bulkLength + LINE_END.length;
    const stop = at + whole - this.#bulkHere;
    if (stop > bytes.length) {
      this.#bulkParts.push(Buffer.from(bytes.subarray(at)));
      this.#bulkHere += bytes.length - at;
      return bytes.length;
    }
    if (this.#bulkHere === 0) this.#endBulk(bytes, at, true);
    else {
      this.#bulkParts.push(bytes.subarray(at, stop));
      const all = Buffer.concat(this.#bulkParts, whole);
      this.#bulkParts = [];
      this.#bulkHere = 0;
      this.#endBulk(all, 0, false);
    }
    return stop;
  }

  /** @param borrowed the bytes belong to whoever fed them. */
  #endBulk(bytes: Buffer, start: number, borrowed: boolean): void {
    const length = this.#bulkLength;
    const end = start + length;
    if (bytes[end] !== CR || bytes[end + 1] !== LF) throw new BrokenStream('A bulk string of another length.');
    this.#bulkLength = -1;
    if (this.buffers) this.#add(borrowed ? Buffer.from(bytes.subarray(start, end)) : bytes.subarray(start, end));
    else if (length > constants.MAX_STRING_LENGTH) throw new BrokenStream(`${length} bytes do not fit into a string.`);
    else this.#add(bytes.toString('utf8', start, end));
  }

  #openArray(length: number): void {
    if (length < 0) this.#add(null);
    else if (length === 0) this.#add([]);
    else if (this.#arrays.length === ARRAY_DEPTH_MAX) throw new BrokenStream('Arrays are nested too deeply.');
    else this.#arrays.push({ values: [], missing: length });
  }

  /** Puts a value where it belongs; closes the arrays that it completes. */
  #add(value: ReplyValue): void {
    for (let array = this.#arrays.at(-1); array !== undefined; array = this.#arrays.at(-1)) {
      array.values.push(value);
      if (--array.missing > 0) return;
      this.#arrays.pop();
      value = array.values;
    }
    this.#options.onReply(value);
  }
}

class BrokenStream extends Error {}

/** Where the line ends that begins at `start`; -1 if that is not here. Most lines are a few bytes long. */
function lineEnd(bytes: Buffer, start: number): number {
  const near = Math.min(bytes.length - 1, start + NEAR_BYTES);
  for (let i = start; i < near; i++) if (bytes[i] === CR && bytes[i + 1] === LF) return i;
  return near < start + NEAR_BYTES ? -1 : bytes.indexOf(LINE_END, near, 'latin1');
}

function readInteger(bytes: Buffer, start: number, end: number): number | bigint {
  const value = parseInteger(bytes, start, end);
  if (Number.isNaN(value)) throw new BrokenStream(`${quote(bytes, start, end)} is no integer.`);
  return isBigInteger(value) ? BigInt(bytes.toString('latin1', start, end)) : value;
}

function readLength(bytes: Buffer, start: number, end: number): number {
  const length = parseInteger(bytes, start, end);
  if (!(length >= -1)) throw new BrokenStream(`${quote(bytes, start, end)} is no length.`);
  return length;
}

function quote(bytes: Buffer, start: number, end: number): string {
  return JSON.stringify(bytes.toString('latin1', start, Math.min(end, start + QUOTED_BYTES_MAX)));
}
