/** String values as replies: copied from the heap into the reply at once, or lent to it where they are long. */
import { LENT_REPLY_BYTES } from '../core/limits.ts';
import { Heap } from '../data/heap.ts';
import { keyLengthAt, keyOffsetAt, LENGTH } from '../data/record.ts';
import type { Context } from './context.ts';

/** Replies a string entry's whole value. The hot half of GET, so it looks the record up once. */
export function sendString(c: Context, entry: number): void {
  const { heap } = c.db.keyspace;
  const words = heap.wordsOf(entry);
  const record = Heap.wordOffset(entry);
  const at = keyOffsetAt(words, record) + keyLengthAt(words, record);
  sendBytes(c, entry, at, words[record + LENGTH]!);
}

/** Replies part of a string entry's value; the part lies within it. */
export function sendSubstring(c: Context, entry: number, from: number, length: number): void {
  sendBytes(c, entry, c.db.valueOffset(entry) + from, length);
}

function sendBytes(c: Context, entry: number, at: number, length: number): void {
  const { heap } = c.db.keyspace;
  const bytes = heap.bytesOf(entry);
  if (length >= LENT_REPLY_BYTES && heap.lend(entry)) c.reply.bulkLent(bytes.subarray(at, at + length));
  else c.reply.bulk(bytes, at, length);
}
