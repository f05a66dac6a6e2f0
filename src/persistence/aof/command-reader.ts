/**
 * Reads the commands of an AOF, with the offsets by which a torn file is cut (aof.c loadSingleAppendOnlyFile).
 *
 * Bytes are fed as they are read from the file; `next` finds one command after the other in them, without copying.
 * Numbers are read as C reads them. Lines that begin with `#` are annotations and mean nothing here. What ends an argument
 * has to be there: redis-server passes over it, but where a power loss has left zeros for the end of a file, it tells
 * that the command is not what was written.
 *
 * What a file that ends in the middle of a command is called, is for the caller to say: `next` then just wants more.
 */
import { Arguments } from '../../core/arguments.ts';

/** A command is in `args`. */
export const COMMAND = 0;
/** More bytes have to be fed. */
export const MORE = 1;
/** This is no AOF. */
export const BROKEN = 2;
export type ReadResult = typeof COMMAND | typeof MORE | typeof BROKEN;

/** Longest line, its end included; longer annotations are cut, and what is left over is a line of its own. */
const LINE_BYTES_MAX = 1023;
const ARGUMENTS_MAX = 0x7fff_ffff;
/** No argument is longer: nothing could hold it. */
const ARGUMENT_BYTES_MAX = 0xffff_0000;
const CR = 13;
const LF = 10;
const HASH = 0x23;
const STAR = 0x2a;
const DOLLAR = 0x24;
const EMPTY = Buffer.alloc(0);

export class CommandReader {
  /** The last command; valid until the next call. */
  readonly args = new Arguments(EMPTY);
  #bytes: Buffer = EMPTY;
  /** Place in the file of the first of #bytes. */
  #base: number;
  /** Where the command begins that is being read, and how far that got. */
  #start = 0;
  #at = 0;
  /** Arguments that are still to come; -1 between commands. */
  #left = -1;
  /** Length of the argument that is being read; -1 before its head. */
  #length = -1;
  /** Place in the file behind the last whole command. */
  offset: number;

  /** @param offset of the first byte that will be fed. */
  constructor(offset = 0) {
    this.#base = this.offset = offset;
  }

  /** Place in the file behind what was fed. */
  get fedOffset(): number {
    return this.#base + this.#bytes.length;
  }

  /** How many bytes are worth feeding at once: what is lacking is read in few pieces, however long it is. */
  get wantedBytes(): number {
    const held = this.#bytes.length - this.#start;
    return Math.max(held, this.#length < 0 ? 0 : this.#at + this.#length + 2 - this.#bytes.length);
  }

  /** Whether a command, or the line before one, is cut off where the bytes end. */
  get isInCommand(): boolean {
    return this.#left >= 0 || (this.#start < this.#bytes.length && this.#bytes[this.#start] !== HASH);
  }

  /** @param bytes stay as they are until they are read. */
  feed(bytes: Buffer): void {
    const kept = this.#bytes.subarray(this.#start);
    const shift = this.#start;
    this.#base += shift;
    this.#bytes = kept.length === 0 ? bytes : Buffer.concat([kept, bytes]);
    this.#start = 0;
    this.#at -= shift;
    const { args } = this;
    if (this.#left < 0) return;
    for (let i = 0; i < args.count; i++) {
      args.starts[i]! -= shift;
      args.ends[i]! -= shift;
    }
  }

  next(): ReadResult {
    if (this.#left < 0) {
      const head = this.#readHead();
      if (head !== COMMAND) return head;
    }
    while (this.#left > 0) {
      const argument = this.#readArgument();
      if (argument !== COMMAND) return argument;
    }
    this.args.bytes = this.#bytes;
    this.#left = -1;
    this.#start = this.#at;
    this.offset = this.#base + this.#at;
    return COMMAND;
  }

  /** Begins with the next command, behind annotations. */
  #readHead(): ReadResult {
    for (;;) {
      this.#start = this.#at;
      const sign = this.#bytes[this.#at];
      if (sign === undefined) return MORE;
      if (sign !== HASH && sign !== STAR) return BROKEN;
      const end = this.#lineEnd();
      if (end < 0) return MORE;
      if (sign === STAR) {
        const count = this.#number(end);
        if (!(count >= 1 && count <= ARGUMENTS_MAX)) return BROKEN;
        this.#left = count;
        this.#at = end;
        this.args.clear();
        return COMMAND;
      }
      this.#at = end;
    }
  }

  #readArgument(): ReadResult {
    if (this.#length < 0) {
      const sign = this.#bytes[this.#at];
      if (sign === undefined) return MORE;
      if (sign !== DOLLAR) return BROKEN;
      const end = this.#lineEnd();
      if (end < 0) return MORE;
      const length = this.#number(end);
      if (!(length >= 0 && length <= ARGUMENT_BYTES_MAX)) return BROKEN;
      this.#length = length;
      this.#at = end;
    }
    const end = this.#at + this.#length;
    if (end + 2 > this.#bytes.length) return MORE;
    if (this.#bytes[end] !== CR || this.#bytes[end + 1] !== LF) return BROKEN;
    this.args.push(this.#at, end);
    this.#at = end + 2;
    this.#length = -1;
    this.#left--;
    return COMMAND;
  }

  /** The place behind the line that begins at #at, or -1 while its end is not there. */
  #lineEnd(): number {
    const limit = this.#at + LINE_BYTES_MAX;
    const newline = this.#bytes.indexOf(LF, this.#at);
    if (newline >= 0 && newline < limit) return newline + 1;
    return this.#bytes.length >= limit ? limit : -1;
  }

  /** The number behind the sign of a line, as atoi reads it. */
  #number(end: number): number {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    while (bytes[at] === 0x20 || (bytes[at]! >= 9 && bytes[at]! <= 13)) at++;
    const isNegative = bytes[at] === 0x2d;
    if (isNegative || bytes[at] === 0x2b) at++;
    let value = 0;
    for (; at < end && bytes[at]! >= 0x30 && bytes[at]! <= 0x39; at++) value = value * 10 + (bytes[at]! - 0x30);
    return isNegative ? -value : value;
  }
}
