/** Entries of streams as replies. */
import type { Counter } from '../data/stream-counter.ts';
import { StreamCursor } from '../data/stream-cursor.ts';
import type { StreamId } from '../data/stream-id.ts';
import type { StreamValue } from '../data/stream-value.ts';
import type { Reply } from '../protocol/reply.ts';
import { sendElement } from './send-element.ts';

export function sendId(reply: Reply, id: StreamId): void {
  if (id.isSafe) reply.bulkIntegerPair(id.ms, id.seq);
  else reply.bulkBinary(id.text);
}

export function sendCounter(reply: Reply, value: Counter): void {
  if (typeof value === 'bigint') reply.bigInteger(value);
  else reply.integer(value);
}

/** Replies the entry that a cursor has come to: its ID, then its fields and values. */
export function sendEntry(reply: Reply, cursor: StreamCursor): void {
  reply.array(2);
  sendId(reply, cursor.id);
  reply.array(cursor.fieldCount * 2);
  for (let left = cursor.fieldCount; left > 0; left--) {
    cursor.nextField();
    sendElement(reply, cursor.bytes, cursor.field);
    sendElement(reply, cursor.bytes, cursor.value);
  }
}

/** Replies an entry by itself. @returns whether it is there; else nothing is replied. */
export function sendOne(reply: Reply, stream: StreamValue, cursor: StreamCursor, id: StreamId): boolean {
  if (!cursor.start(stream, id, id).next()) return false;
  sendEntry(reply, cursor);
  return true;
}

/** Replies the entries of a range, `count` at most; 0: all. */
export function sendRange(
  reply: Reply,
  stream: StreamValue,
  from: StreamId | undefined,
  to: StreamId | undefined,
  count: number,
  reverse = false,
): void {
  const mark = reply.mark();
  const cursor = new StreamCursor().start(stream, from, to, reverse);
  const most = count === 0 ? Infinity : count;
  let sent = 0;
  while (sent < most && !reply.isDropping && cursor.next()) {
    sendEntry(reply, cursor);
    sent++;
  }
  reply.arrayAt(mark, sent);
}
