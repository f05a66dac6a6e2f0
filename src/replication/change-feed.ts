/**
 * From changes of the dataset to the replication stream: commands as they would be sent to a server, with a SELECT before
 * those that ran in another database than the last one.
 *
 * The server feeds it (`ChangeSink`) while it is a master and keeps the stream. What is written goes to all replicas at the
 * end of the turn.
 *
 * Facts: replication.c replicationFeedSlaves.
 */
import type { Arguments } from '../core/arguments.ts';
import { copyBytes } from '../core/copy-bytes.ts';
import { decimalLength, writeInteger } from '../core/integer.ts';
import type { ChangeSink } from '../server/hooks.ts';
import type { ReplicationState } from './state.ts';

const CR = 13;
const LF = 10;
const STAR = 42;
const DOLLAR = 36;
/** In lower case: that is how Redis spells it, and offsets count its bytes. */
const PING = Buffer.from('*1\r\n$4\r\nping\r\n');
const GETACK = Buffer.from('*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n');
const SCRATCH_BYTES = 16 * 1024;

export class ChangeFeed implements ChangeSink {
  readonly takesMessages = true;
  readonly #state: ReplicationState;
  readonly #wrote: () => void;
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

  /** @param wrote called after something was written: the replicas are to be sent it soon. */
  constructor(state: ReplicationState, wrote: () => void) {
    this.#state = state;
    this.#wrote = wrote;
  }

  feed(database: number, args: Arguments): void {
    const state = this.#state;
    if (database !== state.database) {
      state.buffer.append(selectCommand(database));
      state.database = database;
    }
    this.#append(args);
    this.#wrote();
  }

  /** Lets replicas know that their master is there. */
  ping(): void {
    this.#state.buffer.append(PING);
    this.#wrote();
  }

  /** Asks all replicas for their offsets. */
  requestAcks(): void {
    this.#state.buffer.append(GETACK);
    this.#wrote();
  }

  #append(args: Arguments): void {
    const { buffer } = this.#state;
    const start = args.wireStart;
    if (start >= 0) {
      const end = args.ends[args.count - 1]! + 2;
      if (end - start <= buffer.tailRoom) buffer.appendRequest(args.bytes, start, end);
      else buffer.append(args.bytes, start, end);
      return;
    }
    const length = encodedLength(args);
    if (length <= buffer.tailRoom) buffer.appendWith(encode, args);
    else {
      const target = length <= SCRATCH_BYTES ? this.#scratch : Buffer.allocUnsafe(length);
      buffer.append(target, 0, encode(target, 0, args));
    }
  }
}

function selectCommand(database: number): Buffer {
  const index = String(database);
  return Buffer.from(`*2\r\n$6\r\nSELECT\r\n$${index.length}\r\n${index}\r\n`, 'latin1');
}

function encodedLength({ count, starts, ends }: Arguments): number {
  let length = decimalLength(count) + 3;
  for (let i = 0; i < count; i++) {
    const argument = ends[i]! - starts[i]!;
    length += argument + decimalLength(argument) + 5;
  }
  return length;
}

/** Writes a command at a position. @returns the position behind it. */
function encode(target: Buffer, from: number, { count, starts, ends, bytes }: Arguments): number {
  let at = from;
  target[at] = STAR;
  at = endLine(target, writeInteger(target, at + 1, count));
  for (let i = 0; i < count; i++) {
    const start = starts[i]!;
    const end = ends[i]!;
    target[at] = DOLLAR;
    at = endLine(target, writeInteger(target, at + 1, end - start));
    copyBytes(bytes, start, end, target, at);
    at = endLine(target, at + end - start);
  }
  return at;
}

function endLine(target: Buffer, at: number): number {
  target[at] = CR;
  target[at + 1] = LF;
  return at + 2;
}
