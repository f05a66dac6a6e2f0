/** Replies made of members and scores. With scores, RESP2 gets them in turn, RESP3 an array of pairs. */
import type { Reply } from '../protocol/reply.ts';
import { NONE } from '../data/heap.ts';
import type { ByteRange, ZsetReader } from '../data/zset-reader.ts';

export function sendMember(reply: Reply, set: ZsetReader, member: number, range: ByteRange): void {
  set.locate(member, range);
  reply.bulk(range.bytes, range.start, range.end - range.start);
}

/** The head of `count` members, or members with scores. */
export function sendMembersHead(reply: Reply, count: number, withScores: boolean): void {
  reply.array(withScores && reply.protocol === 2 ? count * 2 : count);
}

export function sendMemberAndScore(
  reply: Reply,
  set: ZsetReader,
  member: number,
  range: ByteRange,
  withScores: boolean,
): void {
  if (withScores && reply.protocol === 3) reply.array(2);
  sendMember(reply, set, member, range);
  if (withScores) reply.double(set.score(member));
}

/** A whole run of members, which are there, from one on. */
export function sendRun(
  reply: Reply,
  set: ZsetReader,
  first: number,
  count: number,
  isReverse: boolean,
  withScores: boolean,
  range: ByteRange,
): void {
  sendMembersHead(reply, count, withScores);
  let member = first;
  for (let left = count; left > 0 && member !== NONE && !reply.isDropping; left--) {
    sendMemberAndScore(reply, set, member, range, withScores);
    member = isReverse ? set.previous(member) : set.next(member);
  }
}
