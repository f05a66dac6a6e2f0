/** Elements of packed collections as replies. */
import { isBigInteger } from '../core/integer.ts';
import { bigMemberAt, memberAt } from '../data/intset.ts';
import { bigIntegerOfElement, integerOfElement, isIntegerElement, textLength, textOffset } from '../data/listpack.ts';
import type { Reply } from '../protocol/reply.ts';

/** Replies the element of a listpack at `p` as a bulk string. */
export function sendElement(reply: Reply, bytes: Uint8Array, p: number): void {
  if (!isIntegerElement(bytes, p)) {
    reply.bulk(bytes, textOffset(bytes, p), textLength(bytes, p));
    return;
  }
  const value = integerOfElement(bytes, p);
  if (isBigInteger(value)) reply.bulkBinary(String(bigIntegerOfElement(bytes, p)));
  else reply.bulkInteger(value);
}

/** Replies the member of an intset at an index as a bulk string. */
export function sendMember(reply: Reply, bytes: Uint8Array, at: number, index: number): void {
  const value = memberAt(bytes, at, index);
  if (isBigInteger(value)) reply.bulkBinary(String(bigMemberAt(bytes, at, index)));
  else reply.bulkInteger(value);
}
