/** Sorted sets: sizes, scores, ranks, random members, ZSCAN. */
import { formatDouble17g } from '../core/double.ts';
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import { NONE } from '../data/heap.ts';
import { nextElement } from '../data/listpack.ts';
import { PackedZset } from '../data/packed-zset.ts';
import { KIND } from '../data/value.ts';
import { zsetAt } from '../data/zset-entry.ts';
import { ByteRange } from '../data/zset-reader.ts';
import type { ZsetValue } from '../data/zset-value.ts';
import type { Context } from './context.ts';
import { checkPairCount, drawToFront, parseRandomCount, repetitions } from './random-count.ts';
import { parseCursor, parseScanOptions, scanDict } from './scan.ts';
import { sendElement } from './send-element.ts';
import { sendMember, sendMemberAndScore, sendMembersHead } from './sorted-set-send.ts';

/** From this share of the set on, drawing from a list of all members is cheaper than drawing until all differ. */
const LIST_SHARE = 3;

export function zcard(c: Context): void {
  const entry = c.readKind(1, KIND.zset);
  c.reply.integer(entry === NONE ? 0 : zsetAt(c.db, entry).size);
}

export function zscore(c: Context): void {
  sendScore(c, c.readKind(1, KIND.zset), 2);
}

export function zmscore(c: Context): void {
  const entry = c.readKind(1, KIND.zset);
  c.reply.array(c.args.count - 2);
  for (let i = 2; i < c.args.count; i++) sendScore(c, entry, i);
}

function sendScore(c: Context, entry: number, index: number): void {
  const { args, reply } = c;
  const set = entry === NONE ? null : zsetAt(c.db, entry);
  const member = set === null ? NONE : set.find(args.bytes, args.starts[index]!, args.ends[index]!);
  if (set === null || member === NONE) reply.nil();
  else reply.double(set.score(member));
}

export function zrank(c: Context): void {
  sendRank(c, false);
}

export function zrevrank(c: Context): void {
  sendRank(c, true);
}

function sendRank(c: Context, isReverse: boolean): void {
  const { args, reply } = c;
  const entry = c.readKind(1, KIND.zset);
  const set = entry === NONE ? null : zsetAt(c.db, entry);
  const member = set === null ? NONE : set.find(args.bytes, args.starts[2]!, args.ends[2]!);
  if (set === null || member === NONE) {
    reply.nil();
    return;
  }
  const rank = set.rankOf(member);
  reply.integer(isReverse ? set.size - 1 - rank : rank);
}

// -------------------------------------------------------------------------------------------------------------- random

export function zrandmember(c: Context): void {
  const { args, reply } = c;
  if (args.count === 2) {
    const entry = c.readKind(1, KIND.zset);
    if (entry === NONE) reply.nil();
    else {
      const set = zsetAt(c.db, entry);
      sendMember(reply, set, randomMember(c, set), new ByteRange());
    }
    return;
  }
  const count = parseRandomCount(c, 2);
  if (args.count > 4 || (args.count === 4 && !args.is(3, 'withscores'))) fail(SYNTAX_ERROR);
  const withScores = args.count === 4;
  if (withScores) checkPairCount(c, 2);
  const entry = c.readKind(1, KIND.zset);
  if (entry === NONE || count === 0) reply.array(0);
  else if (count < 0) sendRepeatedly(c, zsetAt(c.db, entry), repetitions(count), withScores);
  else sendDistinct(c, zsetAt(c.db, entry), count, withScores);
}

function randomMember(c: Context, set: PackedZset | ZsetValue): number {
  return set instanceof PackedZset ? set.at(c.services.random.below(set.size)) : set.random();
}

function allMembers(set: PackedZset | ZsetValue): number[] {
  const members: number[] = [];
  for (let member = set.first; member !== NONE; member = set.next(member)) members.push(member);
  return members;
}

function sendRepeatedly(c: Context, set: PackedZset | ZsetValue, count: number, withScores: boolean): void {
  const { reply, services } = c;
  const range = new ByteRange();
  const members = set instanceof PackedZset ? allMembers(set) : null;
  sendMembersHead(reply, count, withScores);
  for (let left = count; left > 0 && !reply.isDropping; left--) {
    const member = members === null ? randomMember(c, set) : members[services.random.below(members.length)]!;
    sendMemberAndScore(reply, set, member, range, withScores);
  }
}

function sendDistinct(c: Context, set: PackedZset | ZsetValue, count: number, withScores: boolean): void {
  const members = distinctMembers(c, set, Math.min(count, set.size));
  const range = new ByteRange();
  sendMembersHead(c.reply, Math.min(count, set.size), withScores);
  for (const member of members) sendMemberAndScore(c.reply, set, member, range, withScores);
}

function distinctMembers(c: Context, set: PackedZset | ZsetValue, count: number): Iterable<number> {
  if (count === 1) return [randomMember(c, set)];
  const { size } = set;
  if (set instanceof PackedZset || count * LIST_SHARE > size) {
    const members = allMembers(set);
    if (count === size) return members;
    drawToFront(members, count, c.services.random);
    return members.slice(0, count);
  }
  const drawn = new Set<number>();
  while (drawn.size < count) drawn.add(randomMember(c, set));
  return drawn;
}

// ---------------------------------------------------------------------------------------------------------------- scan

/** Packed sets are returned in one go. Scores are bulk strings here, whatever the protocol. */
export function zscan(c: Context): void {
  const { reply } = c;
  const cursor = parseCursor(c, 2);
  const entry = c.readKind(1, KIND.zset);
  if (entry === NONE) {
    reply.array(2);
    reply.bulkInteger(0);
    reply.array(0);
    return;
  }
  const { count, glob } = parseScanOptions(c, 3, false);
  const set = zsetAt(c.db, entry);
  const range = new ByteRange();
  let found: number[] = [];
  let next = 0;
  if (set instanceof PackedZset) found = allMembers(set);
  else next = scanDict(set.dict, cursor, count, found);
  const selected = found.filter((member) => {
    set.locate(member, range);
    return glob === null || glob.matches(range.bytes, range.start, range.end);
  });
  reply.array(2);
  reply.bulkInteger(next);
  reply.array(selected.length * 2);
  for (const member of selected) {
    sendMember(reply, set, member, range);
    if (set instanceof PackedZset) sendElement(reply, set.bytes, nextElement(set.bytes, member));
    else reply.bulkBinary(formatDouble17g(set.score(member)));
  }
}
