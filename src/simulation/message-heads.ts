/**
 * Bytes on their way between nodes as lines that people read: commands and replies, snapshots, frames of the cluster's bus.
 * Each direction of a connection has a reader, which says what it is given as soon as it is complete. It is there to be
 * looked at: what it cannot make sense of is shown as so many bytes, and never an error.
 */
import { FRAME, HEADER_BYTES, SIGNATURE } from '../cluster/bus/layout.ts';
import { Frame } from '../cluster/bus/frame.ts';
import { FrameReader } from '../cluster/bus/frame-reader.ts';
import { FRAME_NAMES } from '../cluster/state.ts';

export interface Heads {
  /** Takes the next bytes. @returns a line for each message that they complete. */
  feed(bytes: Buffer): string[];
}

const WORD_MAX = 48;
const HEAD_MAX = 240;
/** An unfinished message that is longer is given up. */
const HELD_MAX_BYTES = 1 << 20;
const MARK_BYTES = 40;
const CR = 13;
const LF = 10;

/** @param nameOf the node with an id of the cluster, or the id. */
export function headsFor(firstBytes: Buffer, nameOf: (id: string) => string): Heads {
  return firstBytes.toString('latin1', 0, 4) === SIGNATURE ? new BusHeads(nameOf) : new RespHeads();
}

// ------------------------------------------------------------------------------------------------------------------- bus

class BusHeads implements Heads {
  readonly #reader = new FrameReader();
  readonly #nameOf: (id: string) => string;

  constructor(nameOf: (id: string) => string) {
    this.#nameOf = nameOf;
  }

  feed(bytes: Buffer): string[] {
    const heads: string[] = [];
    this.#reader.feed(bytes, (frame) => {
      heads.push(frame.length < HEADER_BYTES ? `bus frame, ${frame.length} bytes` : this.#describe(new Frame(frame)));
      return true;
    });
    return heads;
  }

  #describe(frame: Frame): string {
    const name = (FRAME_NAMES[frame.type] ?? 'frame').toUpperCase();
    const epochs = `epoch ${frame.currentEpoch}, configuration ${frame.configEpoch}`;
    switch (frame.type) {
      case FRAME.fail:
        return `bus FAIL of ${this.#nameOf(frame.failed)}, ${epochs}`;
      case FRAME.update:
        return `bus UPDATE: ${this.#nameOf(frame.updateId)} in epoch ${frame.updateEpoch}`;
      case FRAME.publish:
      case FRAME.publishShard:
        return `bus ${name} ${shorten(frame.channel.toString())} ${shorten(frame.message.toString())}`;
      case FRAME.ping:
      case FRAME.pong:
        return `bus ${name}, ${epochs}, offset ${frame.replicationOffset}, gossip of ${frame.gossipCount}`;
      default:
        return `bus ${name}, ${epochs}`;
    }
  }
}

// ------------------------------------------------------------------------------------------------------------------ RESP

interface Parsed {
  readonly text: string;
  readonly next: number;
}

type Snapshot = { readonly kind: 'length'; left: number } | { readonly kind: 'mark'; readonly mark: Buffer };

class RespHeads implements Heads {
  #held: Buffer = Buffer.alloc(0);
  #snapshot: Snapshot | null = null;
  #snapshotBytes = 0;

  feed(bytes: Buffer): string[] {
    let here = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const heads: string[] = [];
    for (;;) {
      const parsed = this.#snapshot === null ? this.#message(here) : this.#restOfSnapshot(here, this.#snapshot);
      if (parsed === null) break;
      here = here.subarray(parsed.next);
      if (parsed.text !== '') heads.push(parsed.text.slice(0, HEAD_MAX));
    }
    // A copy: the bytes are only lent.
    this.#held = here.length > HELD_MAX_BYTES ? Buffer.alloc(0) : Buffer.from(here);
    return heads;
  }

  #message(bytes: Buffer): Parsed | null {
    if (bytes.length === 0) return null;
    const line = lineAt(bytes, 0);
    if (line === null) return null;
    const mark = /^\$EOF:(.{40})$/.exec(line.text)?.[1];
    if (mark !== undefined) {
      this.#snapshot = { kind: 'mark', mark: Buffer.from(mark, 'latin1') };
      return { text: '', next: line.next };
    }
    const length = /^\$(\d+)$/.exec(line.text)?.[1];
    if (length !== undefined) {
      const left = Number(length);
      if (left >= 5 && bytes.length < line.next + 5) return null;
      if (bytes.toString('latin1', line.next, line.next + 5) === 'REDIS') {
        this.#snapshot = { kind: 'length', left };
        return { text: '', next: line.next };
      }
    }
    return valueAt(bytes, 0, 0);
  }

  #restOfSnapshot(bytes: Buffer, snapshot: Snapshot): Parsed | null {
    if (bytes.length === 0) return null;
    if (snapshot.kind === 'length') {
      const taken = Math.min(snapshot.left, bytes.length);
      snapshot.left -= taken;
      return this.#took(taken, snapshot.left === 0, taken);
    }
    const end = bytes.indexOf(snapshot.mark);
    if (end >= 0) return this.#took(end, true, end + MARK_BYTES);
    const taken = bytes.length - MARK_BYTES;
    return taken <= 0 ? null : this.#took(taken, false, taken);
  }

  #took(bytes: number, isOver: boolean, next: number): Parsed {
    this.#snapshotBytes += bytes;
    if (!isOver) return { text: '', next };
    const text = `snapshot, ${this.#snapshotBytes} bytes`;
    this.#snapshot = null;
    this.#snapshotBytes = 0;
    return { text, next };
  }
}

const DEPTH_MAX = 16;

/** A value, or a request that is a plain line; null if it is not all here. */
function valueAt(bytes: Buffer, at: number, depth: number): Parsed | null {
  const line = lineAt(bytes, at);
  if (line === null) return null;
  const rest = line.text.slice(1);
  switch (line.text[0]) {
    case '$':
    case '=':
    case '!':
      return bulkAt(bytes, Number(rest), line.next);
    case '*':
    case '~':
    case '>':
      return depth > DEPTH_MAX ? line : arrayAt(bytes, Number(rest), line.next, depth);
    case '%':
      return depth > DEPTH_MAX ? line : arrayAt(bytes, 2 * Number(rest), line.next, depth);
    case '+':
    case '-':
      return { text: rest, next: line.next };
    case ':':
    case ',':
    case '(':
    case '#':
      return { text: rest, next: line.next };
    case '_':
      return { text: 'nil', next: line.next };
    case undefined:
      return { text: '', next: line.next };
    default:
      return { text: shorten(line.text), next: line.next };
  }
}

function bulkAt(bytes: Buffer, length: number, at: number): Parsed | null {
  if (!(length >= 0)) return { text: 'nil', next: at };
  if (bytes.length < at + length + 2) return null;
  const next = at + length + 2;
  if (bytes.toString('latin1', at, at + 9) === '# Server\r') return { text: `INFO of ${length} bytes`, next };
  return { text: shorten(bytes.toString('utf8', at, at + Math.min(length, 4 * WORD_MAX))), next };
}

function arrayAt(bytes: Buffer, length: number, at: number, depth: number): Parsed | null {
  if (!(length >= 0)) return { text: 'nil', next: at };
  const words: string[] = [];
  let next = at;
  let size = 0;
  for (let i = 0; i < length; i++) {
    const value = valueAt(bytes, next, depth + 1);
    if (value === null) return null;
    next = value.next;
    size += value.text.length;
    if (size < HEAD_MAX) words.push(value.text === '' ? "''" : value.text);
  }
  const text = words.length < length ? `${words.join(' ')} …` : words.join(' ');
  return { text: depth === 0 ? text : `[${text}]`, next };
}

/** A line without its end; keepalives of a master that prepares a snapshot are empty ones. */
function lineAt(bytes: Buffer, at: number): Parsed | null {
  const end = bytes.indexOf(LF, at);
  if (end < 0) return null;
  const last = end > at && bytes[end - 1] === CR ? end - 1 : end;
  return { text: bytes.toString('latin1', at, last), next: end + 1 };
}

function shorten(text: string): string {
  // oxlint-disable-next-line no-control-regex
  const shown = text.replace(/[\u0000-\u001f\u007f\ufffd]/g, '·');
  return shown.length > WORD_MAX ? `${shown.slice(0, WORD_MAX - 1)}…` : shown;
}
