/**
 * Reads replies of RESP2 and RESP3 from a growing buffer, for tests.
 *
 * Independent of the server's own protocol code on purpose: a mistake made twice would not show. It favours clarity
 * over speed and re-reads an incomplete reply from its start when more bytes come.
 */

/** An error reply. Returned as a value, never thrown: an error is as good an answer as any to a test. */
export class RespError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** A RESP3 verbatim string. */
export class RespVerbatim {
  readonly format: string;
  readonly text: string;

  constructor(format: string, text: string) {
    this.format = format;
    this.text = text;
  }
}

/** A RESP3 push message; its first element is the kind. */
export class RespPush {
  readonly items: readonly Reply[];

  constructor(items: readonly Reply[]) {
    this.items = items;
  }
}

/**
 * A decoded reply. Simple and bulk strings are both strings (or a bulk is a Buffer, where the reader was asked for
 * bytes); integers are numbers, or bigints beyond 2^53; RESP3's doubles are numbers, maps are Maps, sets are Sets.
 * Where the difference between two forms matters, compare the raw bytes.
 */
export type Reply =
  | string
  | Buffer
  | number
  | bigint
  | boolean
  | null
  | RespError
  | RespVerbatim
  | RespPush
  | Reply[]
  | Map<Reply, Reply>
  | Set<Reply>;

export interface ReadReply {
  readonly reply: Reply;
  /** Bytes that the reply takes. */
  readonly length: number;
}

/** Thrown for bytes that are no RESP at all. */
export class RespSyntaxError extends Error {}

class Incomplete extends Error {}

interface Cursor {
  readonly bytes: Buffer;
  readonly bulkAsBuffer: boolean;
  at: number;
}

/** Reads one reply from the start of `bytes`; null when it is not complete yet. */
export function readReply(bytes: Buffer, bulkAsBuffer = false): ReadReply | null {
  const cursor: Cursor = { bytes, bulkAsBuffer, at: 0 };
  try {
    return { reply: readValue(cursor), length: cursor.at };
  } catch (error) {
    if (error instanceof Incomplete) return null;
    throw error;
  }
}

function readValue(cursor: Cursor): Reply {
  if (cursor.at >= cursor.bytes.length) throw new Incomplete();
  const type = String.fromCharCode(cursor.bytes[cursor.at++]!);
  const read = READERS[type];
  if (read === undefined) throw new RespSyntaxError(`No reply starts with ${JSON.stringify(type)}: ${excerpt(cursor)}`);
  return read(cursor, readLine(cursor));
}

const READERS: Readonly<Record<string, (cursor: Cursor, line: string) => Reply>> = {
  '+': (_, line) => line,
  '-': (_, line) => new RespError(line),
  ':': (_, line) => toInteger(line),
  '(': (_, line) => BigInt(line),
  ',': (_, line) => toDouble(line),
  '#': (_, line) => toBoolean(line),
  _: () => null,
  $: (cursor, line) => readBulk(cursor, line),
  '!': (cursor, line) => new RespError(readBytes(cursor, toLength(line)).toString()),
  '=': (cursor, line) => readVerbatim(cursor, line),
  '*': (cursor, line) => (line === '-1' ? null : readValues(cursor, toLength(line))),
  '~': (cursor, line) => new Set(readValues(cursor, toLength(line))),
  '>': (cursor, line) => new RespPush(readValues(cursor, toLength(line))),
  '%': (cursor, line) => readMap(cursor, toLength(line)),
  '|': (cursor, line) => readAfterAttributes(cursor, toLength(line)),
};

function readLine(cursor: Cursor): string {
  const end = cursor.bytes.indexOf('\r\n', cursor.at);
  if (end < 0) throw new Incomplete();
  const line = cursor.bytes.toString('utf8', cursor.at, end);
  cursor.at = end + 2;
  return line;
}

function readBytes(cursor: Cursor, length: number): Buffer {
  const end = cursor.at + length;
  if (end + 2 > cursor.bytes.length) throw new Incomplete();
  if (cursor.bytes.toString('latin1', end, end + 2) !== '\r\n') {
    throw new RespSyntaxError(`A bulk of ${length} bytes does not end with a line end: ${excerpt(cursor)}`);
  }
  const bytes = Buffer.from(cursor.bytes.subarray(cursor.at, end));
  cursor.at = end + 2;
  return bytes;
}

function readBulk(cursor: Cursor, line: string): Reply {
  if (line === '-1') return null;
  const bytes = readBytes(cursor, toLength(line));
  return cursor.bulkAsBuffer ? bytes : bytes.toString();
}

function readVerbatim(cursor: Cursor, line: string): Reply {
  const text = readBytes(cursor, toLength(line)).toString();
  if (text[3] !== ':') throw new RespSyntaxError(`A verbatim string needs a format of three letters: ${text}`);
  return new RespVerbatim(text.slice(0, 3), text.slice(4));
}

function readValues(cursor: Cursor, count: number): Reply[] {
  const values: Reply[] = [];
  for (let at = 0; at < count; at++) values.push(readValue(cursor));
  return values;
}

function readMap(cursor: Cursor, pairs: number): Map<Reply, Reply> {
  const map = new Map<Reply, Reply>();
  for (let at = 0; at < pairs; at++) {
    const key = readValue(cursor);
    map.set(key, readValue(cursor));
  }
  return map;
}

/** Attributes stand before the reply that they describe. */
function readAfterAttributes(cursor: Cursor, pairs: number): Reply {
  readMap(cursor, pairs);
  return readValue(cursor);
}

function toInteger(line: string): number | bigint {
  if (!/^[+-]?\d+$/.test(line)) throw new RespSyntaxError(`Not an integer: ${line}`);
  const value = Number(line);
  return Number.isSafeInteger(value) ? value : BigInt(line);
}

function toLength(line: string): number {
  if (!/^\d+$/.test(line)) throw new RespSyntaxError(`Not a length: ${line}`);
  return Number(line);
}

function toDouble(line: string): number {
  if (line === 'inf') return Infinity;
  if (line === '-inf') return -Infinity;
  if (line === 'nan' || line === '-nan') return NaN;
  if (!/^-?\d/.test(line)) throw new RespSyntaxError(`Not a double: ${line}`);
  return Number(line);
}

function toBoolean(line: string): boolean {
  if (line !== 't' && line !== 'f') throw new RespSyntaxError(`Not a boolean: ${line}`);
  return line === 't';
}

function excerpt(cursor: Cursor): string {
  return JSON.stringify(cursor.bytes.toString('latin1', Math.max(0, cursor.at - 1), cursor.at + 60));
}
