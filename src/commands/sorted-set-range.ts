/**
 * Ranges of sorted sets: by rank, by score, by bytes; replied, stored, counted, removed. ZRANGE can do all of what its
 * older relatives do, so they share one parser and one search.
 */
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import { NONE } from '../data/heap.ts';
import { KIND } from '../data/value.ts';
import { removeMembers, zsetAt } from '../data/zset-entry.ts';
import {
  ByteRange,
  countInRange,
  firstInRange,
  lastInRange,
  type ZsetRange,
  type ZsetReader,
} from '../data/zset-reader.ts';
import { ZsetValue } from '../data/zset-value.ts';
import type { Context } from './context.ts';
import { NOTIFY } from './notify-class.ts';
import { parseLexRange, parseScoreRange } from './sorted-set-bounds.ts';
import { sendMemberAndScore, sendRun } from './sorted-set-send.ts';
import { storeResult } from './sorted-set-store.ts';

type By = 'rank' | 'score' | 'lex';

interface Query {
  readonly by: By;
  readonly isReverse: boolean;
  readonly withScores: boolean;
  readonly offset: number;
  /** Negative: no limit. */
  readonly limit: number;
  /** By rank. */
  readonly start: number;
  readonly stop: number;
  /** By score or bytes. */
  readonly range: ZsetRange | null;
}

/** Neighbours in a set, from `first` on in the direction of the query. */
interface Run {
  readonly first: number;
  readonly count: number;
}

const NOTHING: Run = { first: NONE, count: 0 };

/**
 * @param key index of the key that is searched; both ends of the range and the options follow it.
 * @param by what the command's name says, or null: options do. The same goes for `isReverse`.
 */
function parseQuery(c: Context, key: number, stores: boolean, by: By | null, isReverse: boolean | null): Query {
  const { args } = c;
  const options = { by, isReverse, withScores: false, offset: 0, limit: -1 };
  for (let i = key + 3; i < args.count; i++) {
    if (!stores && args.is(i, 'withscores')) options.withScores = true;
    else if (args.is(i, 'limit') && i + 2 < args.count) {
      options.offset = c.integer(i + 1);
      options.limit = c.integer(i + 2);
      i += 2;
    } else if (options.isReverse === null && args.is(i, 'rev')) options.isReverse = true;
    else if (options.by === null && args.is(i, 'bylex')) options.by = 'lex';
    else if (options.by === null && args.is(i, 'byscore')) options.by = 'score';
    else fail(SYNTAX_ERROR);
  }
  const query = { ...options, by: options.by ?? 'rank', isReverse: options.isReverse ?? false };
  if (query.limit !== -1 && query.by === 'rank') {
    fail('ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX');
  }
  if (query.withScores && query.by === 'lex') {
    fail('ERR syntax error, WITHSCORES not supported in combination with BYLEX');
  }
  if (query.by === 'rank') return { ...query, start: c.integer(key + 1), stop: c.integer(key + 2), range: null };
  const min = query.isReverse ? key + 2 : key + 1;
  const max = query.isReverse ? key + 1 : key + 2;
  const range = query.by === 'score' ? parseScoreRange(c, min, max) : parseLexRange(c, min, max);
  return { ...query, start: 0, stop: 0, range };
}

// ------------------------------------------------------------------------------------------------------------- replied

export function zrange(c: Context): void {
  sendRange(c, null, null);
}

export function zrevrange(c: Context): void {
  sendRange(c, 'rank', true);
}

export function zrangebyscore(c: Context): void {
  sendRange(c, 'score', false);
}

export function zrevrangebyscore(c: Context): void {
  sendRange(c, 'score', true);
}

export function zrangebylex(c: Context): void {
  sendRange(c, 'lex', false);
}

export function zrevrangebylex(c: Context): void {
  sendRange(c, 'lex', true);
}

function sendRange(c: Context, by: By | null, isReverse: boolean | null): void {
  const query = parseQuery(c, 1, false, by, isReverse);
  const entry = c.readKind(1, KIND.zset);
  if (entry === NONE) {
    c.reply.array(0);
    return;
  }
  const set = zsetAt(c.db, entry);
  const bytes = new ByteRange();
  if (query.range === null) {
    const { start, stop, isReverse, withScores } = query;
    const { first, count } = runByRank(set, start, stop, isReverse);
    sendRun(c.reply, set, first, count, isReverse, withScores, bytes);
  } else sendWhileInside(c, set, query, query.range, bytes);
}

/** The length is known at the end only, as in Redis; counting ahead would take the search twice. */
function sendWhileInside(c: Context, set: ZsetReader, query: Query, range: ZsetRange, bytes: ByteRange): void {
  const { reply } = c;
  const { isReverse, withScores } = query;
  const head = reply.mark();
  let count = 0;
  let member = firstOf(set, query, range);
  while (member !== NONE && count !== query.limit && !isOutside(set, member, query, range) && !reply.isDropping) {
    sendMemberAndScore(reply, set, member, bytes, withScores);
    count++;
    member = isReverse ? set.previous(member) : set.next(member);
  }
  reply.arrayAt(head, withScores && reply.protocol === 2 ? count * 2 : count);
}

/** Whether the walk has left the range at its far end. */
function isOutside(set: ZsetReader, member: number, query: Query, range: ZsetRange): boolean {
  return query.isReverse ? range.isBelow(set, member) : range.isAbove(set, member);
}

function firstOf(set: ZsetReader, { by, isReverse, offset }: Query, range: ZsetRange): number {
  if (offset < 0 || (by === 'score' && offset > 0 && offset >= set.size)) return NONE;
  const member = isReverse ? lastInRange(set, range) : firstInRange(set, range);
  if (member === NONE || offset === 0) return member;
  const rank = set.rankOf(member);
  return set.at(isReverse ? rank - offset : rank + offset);
}

function runByRank(set: ZsetReader, start: number, stop: number, isReverse: boolean): Run {
  const { size } = set;
  const from = Math.max(0, start < 0 ? size + start : start);
  const to = Math.min(size - 1, stop < 0 ? size + stop : stop);
  if (from > to || from >= size) return NOTHING;
  return { first: set.at(isReverse ? size - 1 - from : from), count: to - from + 1 };
}

// -------------------------------------------------------------------------------------------------------------- stored

export function zrangestore(c: Context): void {
  const query = parseQuery(c, 2, true, null, null);
  const entry = c.readKind(2, KIND.zset);
  const result = new ZsetValue(c.keyspace);
  if (entry !== NONE) {
    const set = zsetAt(c.db, entry);
    const { start, stop, isReverse, range } = query;
    const run = range === null ? runByRank(set, start, stop, isReverse) : runInside(set, query, range);
    copyRun(set, run, isReverse, result);
  }
  storeResult(c, 1, result, 'zrangestore');
}

function runInside(set: ZsetReader, query: Query, range: ZsetRange): Run {
  const first = firstOf(set, query, range);
  let count = 0;
  let member = first;
  while (member !== NONE && count !== query.limit && !isOutside(set, member, query, range)) {
    count++;
    member = query.isReverse ? set.previous(member) : set.next(member);
  }
  return { first, count };
}

/** Copies from the last to the first, because members are cheap to add at the front. */
function copyRun(set: ZsetReader, { first, count }: Run, isReverse: boolean, result: ZsetValue): void {
  if (count === 0) return;
  const bytes = new ByteRange();
  result.reserve(count);
  let member = isReverse || count === 1 ? first : set.at(set.rankOf(first) + count - 1);
  for (let left = count; left > 0; left--) {
    set.locate(member, bytes);
    result.prepend(bytes.bytes, bytes.start, bytes.end, set.score(member));
    member = set.previous(member);
  }
}

// ------------------------------------------------------------------------------------------------- counted and removed

export function zcount(c: Context): void {
  count(c, parseScoreRange(c, 2, 3));
}

export function zlexcount(c: Context): void {
  count(c, parseLexRange(c, 2, 3));
}

function count(c: Context, range: ZsetRange): void {
  const entry = c.readKind(1, KIND.zset);
  c.reply.integer(entry === NONE ? 0 : countInRange(zsetAt(c.db, entry), range));
}

export function zremrangebyrank(c: Context): void {
  const start = c.integer(2);
  const stop = c.integer(3);
  removeRange(c, 'zremrangebyrank', (set) => runByRank(set, start, stop, false));
}

export function zremrangebyscore(c: Context): void {
  const range = parseScoreRange(c, 2, 3);
  removeRange(c, 'zremrangebyscore', (set) => runOf(set, range));
}

export function zremrangebylex(c: Context): void {
  const range = parseLexRange(c, 2, 3);
  removeRange(c, 'zremrangebylex', (set) => runOf(set, range));
}

function runOf(set: ZsetReader, range: ZsetRange): Run {
  const first = firstInRange(set, range);
  return first === NONE ? NOTHING : { first, count: set.countFrom(first, range) };
}

function removeRange(c: Context, event: string, select: (set: ZsetReader) => Run): void {
  const { db } = c;
  const entry = c.writeKind(1, KIND.zset);
  const set = entry === NONE ? null : zsetAt(db, entry);
  const { first, count } = set === null ? NOTHING : select(set);
  if (set !== null && count > 0) {
    const isWhole = count === set.size;
    if (isWhole) db.remove(entry, 'server');
    else removeMembers(db, entry, first, count);
    c.changed(1, NOTIFY.zset, event, count);
    if (isWhole) c.notify(1, NOTIFY.generic, 'del');
  }
  c.reply.integer(count);
}
