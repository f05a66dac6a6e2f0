/** What is pending in a consumer group: XPENDING shows it, XCLAIM and XAUTOCLAIM give it to another consumer. */
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import { counterOf, plus, type Counter } from '../data/stream-counter.ts';
import { StreamCursor } from '../data/stream-cursor.ts';
import type { Consumer, ConsumerGroup } from '../data/stream-group.ts';
import { ID_TEXT, StreamId } from '../data/stream-id.ts';
import type { StreamValue } from '../data/stream-value.ts';
import type { Context } from './context.ts';
import { endAt, idAt, startAt, streamToChange } from './stream-arguments.ts';
import { consumerAt, noGroup, propagateGroupId, propagateOnlyEffects, propagatePending } from './stream-group.ts';
import { sendCounter, sendId, sendOne } from './stream-send.ts';

interface Claimed {
  readonly stream: StreamValue;
  readonly group: ConsumerGroup;
}

/** The stream at argument 1 and its group named at argument 2. */
function groupAt(c: Context): Claimed {
  return groupOf(c, c.read(1));
}

function groupOf(c: Context, entry: number): Claimed {
  const stream = streamToChange(c, entry);
  const group = stream?.groups.get(c.args.binary(2));
  return stream === null || group === undefined ? noGroup(c, 1, 2) : { stream, group };
}

// ------------------------------------------------------------------------------------------------------------ xpending

export function xpending(c: Context): void {
  const { args } = c;
  if (args.count === 3) {
    summarize(c, groupAt(c).group);
    return;
  }
  if (args.count < 6 || args.count > 9) fail(SYNTAX_ERROR);
  let first = 3;
  let minIdleMs = 0;
  if (args.is(3, 'idle')) {
    minIdleMs = c.integer(4);
    if (args.count < 8) fail(SYNTAX_ERROR);
    first = 5;
  }
  const count = Math.max(0, c.integer(first + 2));
  const from = startAt(c, first);
  const to = endAt(c, first + 1);
  const { group } = groupAt(c);
  if (first + 3 >= args.count) list(c, group, null, from, to, count, minIdleMs);
  else {
    const consumer = group.consumers.get(args.binary(first + 3));
    if (consumer === undefined) c.reply.array(0);
    else list(c, group, consumer, from, to, count, minIdleMs);
  }
}

function summarize({ reply }: Context, group: ConsumerGroup): void {
  const { pending } = group;
  reply.array(4);
  reply.integer(pending.size);
  if (pending.size === 0) {
    reply.nil();
    reply.nil();
    reply.nilArray();
    return;
  }
  const id = new StreamId();
  pending.seekFirst();
  sendId(reply, pending.readId(id));
  pending.seekLast();
  sendId(reply, pending.readId(id));
  const busy = group.sortedConsumers().filter((each) => each.pending.size > 0);
  reply.array(busy.length);
  for (const consumer of busy) {
    reply.array(2);
    reply.bulkBinary(consumer.name);
    reply.bulkInteger(consumer.pending.size);
  }
}

function list(
  c: Context,
  group: ConsumerGroup,
  consumer: Consumer | null,
  from: StreamId,
  to: StreamId,
  count: number,
  minIdleMs: number,
): void {
  const { reply } = c;
  const table = consumer === null ? group.pending : consumer.pending;
  const id = new StreamId();
  const mark = reply.mark();
  let sent = 0;
  for (table.seek(from); sent < count && table.hasRecord && !reply.isDropping; table.next()) {
    if (table.readId(id).compare(to) > 0) break;
    if (consumer !== null) group.pending.seek(id);
    const idleMs = c.now - group.deliveredMs;
    if (minIdleMs !== 0 && idleMs < minIdleMs) continue;
    reply.array(4);
    sendId(reply, id);
    reply.bulkBinary(group.owner!.name);
    reply.integer(Math.max(0, idleMs));
    sendCounter(reply, group.deliveries);
    sent++;
  }
  reply.arrayAt(mark, sent);
}

// -------------------------------------------------------------------------------------------------------------- claims

interface ClaimOptions {
  deliveredMs: number;
  /** Null: one more than before. */
  retryCount: Counter | null;
  force: boolean;
  justId: boolean;
  lastId: StreamId | null;
}

export function xclaim(c: Context): void {
  const { args } = c;
  const { stream, group } = groupAt(c);
  const minIdleMs = Math.max(0, c.integer(4, 'ERR Invalid min-idle-time argument for XCLAIM'));
  const ids: StreamId[] = [];
  let i = 5;
  for (; i < args.count; i++) {
    const id = new StreamId();
    if (id.parse(args.bytes, args.starts[i]!, args.ends[i]!, ID_TEXT.strict) === 'invalid') break;
    ids.push(id);
  }
  const options = claimOptions(c, i);
  let movesOn = false;
  if (options.lastId !== null && options.lastId.compare(group.lastId) > 0) {
    group.lastId.set(options.lastId);
    movesOn = true;
  }
  const claimed: StreamId[] = [];
  let consumer: Consumer | null = null;
  for (const id of ids) {
    if (!stream.has(id)) {
      if (drop(c, group, id)) movesOn = false;
      continue;
    }
    if (!findPending(c, group, id, minIdleMs, options.force)) continue;
    // Making the consumer may notify, but changes no place.
    consumer ??= consumerAt(c, 1, group, 3);
    claim(c, group, id, consumer, options);
    claimed.push(id);
    movesOn = false;
  }
  if (movesOn) {
    propagateGroupId(c, 1, 2, group);
    c.services.countChanges(1);
  }
  sendClaimed(c, stream, claimed, options.justId);
  propagateOnlyEffects(c);
}

function claimOptions(c: Context, from: number): ClaimOptions {
  const { args } = c;
  const options: ClaimOptions = { deliveredMs: -1, retryCount: null, force: false, justId: false, lastId: null };
  for (let i = from; i < args.count; i++) {
    const hasMore = i + 1 < args.count;
    if (args.is(i, 'force')) options.force = true;
    else if (args.is(i, 'justid')) options.justId = true;
    else if (hasMore && args.is(i, 'idle')) {
      options.deliveredMs = c.now - c.integer(++i, 'ERR Invalid IDLE option argument for XCLAIM');
    } else if (hasMore && args.is(i, 'time')) {
      options.deliveredMs = c.integer(++i, 'ERR Invalid TIME option argument for XCLAIM');
    } else if (hasMore && args.is(i, 'retrycount')) {
      options.retryCount = counterOf(c.args.int64(++i) ?? fail('ERR Invalid RETRYCOUNT option argument for XCLAIM'));
    } else if (hasMore && args.is(i, 'lastid')) options.lastId = idAt(c, ++i);
    else fail(`ERR Unrecognized XCLAIM option '${args.cString(i)}'`);
  }
  // Clients may reckon with a clock that goes ahead of this one.
  if (options.deliveredMs < 0 || options.deliveredMs > c.now) options.deliveredMs = c.now;
  if (options.retryCount !== null && options.retryCount < 0) options.retryCount = null;
  return options;
}

/** An entry that is no more in the stream stops being pending when somebody comes across it. @returns whether it was. */
function drop(c: Context, group: ConsumerGroup, id: StreamId): boolean {
  if (!group.pending.seek(id)) return false;
  propagatePending(c, 1, 2, group, id);
  c.services.countChanges(1);
  group.acknowledge(id);
  return true;
}

/** Goes to a pending entry that has been idle for long enough; with `force` one is made where there is none. */
function findPending(c: Context, group: ConsumerGroup, id: StreamId, minIdleMs: number, force: boolean): boolean {
  const { pending } = group;
  if (pending.seek(id)) return minIdleMs === 0 || c.now - group.deliveredMs >= minIdleMs;
  if (!force) return false;
  pending.insert(id);
  group.deliveries = 1;
  return true;
}

/** Gives the entry at the place to a consumer. */
function claim(c: Context, group: ConsumerGroup, id: StreamId, consumer: Consumer, options: ClaimOptions): void {
  group.assign(id, consumer);
  group.deliveredMs = options.deliveredMs;
  if (options.retryCount !== null) group.deliveries = options.retryCount;
  else if (!options.justId) group.deliveries = plus(group.deliveries, 1);
  propagatePending(c, 1, 2, group, id);
  c.services.countChanges(1);
}

function sendClaimed({ reply }: Context, stream: StreamValue, ids: readonly StreamId[], justId: boolean): void {
  const cursor = new StreamCursor();
  reply.array(ids.length);
  for (const id of ids) {
    if (justId) sendId(reply, id);
    else sendOne(reply, stream, cursor, id);
  }
}

// ---------------------------------------------------------------------------------------------------------- xautoclaim

const DEFAULT_COUNT = 100;
const COUNT_TOO_SMALL = 'ERR COUNT must be > 0';
/** Pending entries that are looked at for each that is claimed. */
const ATTEMPTS_PER_ENTRY = 10;
/** 2^63 / 16: what redis-server could reckon with, and what it could keep the IDs of in any memory. */
const COUNT_MAX = 576_460_752_303_423_487n;
const COUNT_IN_MEMORY_MAX = 2 ** 43;

export function xautoclaim(c: Context): void {
  const { reply } = c;
  // Read before anything is refused: it may be missed.
  const entry = c.read(1);
  const minIdleMs = Math.max(0, c.integer(4, 'ERR Invalid min-idle-time argument for XAUTOCLAIM'));
  const from = startAt(c, 5);
  const { count, justId } = autoClaimOptions(c);
  const { stream, group } = groupOf(c, entry);
  if (count > COUNT_IN_MEMORY_MAX) {
    fail('ERR Insufficient memory, failed allocating transient memory, COUNT too high.');
  }
  const options: ClaimOptions = { deliveredMs: c.now, retryCount: null, force: false, justId, lastId: null };
  const { pending } = group;
  const claimed: StreamId[] = [];
  const deleted: StreamId[] = [];
  let consumer: Consumer | null = null;
  let attempts = count * ATTEMPTS_PER_ENTRY;
  pending.seek(from);
  for (; attempts > 0 && claimed.length + deleted.length < count && pending.hasRecord; attempts--) {
    const id = pending.readId(new StreamId());
    if (!stream.has(id)) {
      drop(c, group, id);
      deleted.push(id);
      continue;
    }
    if (minIdleMs === 0 || c.now - group.deliveredMs >= minIdleMs) {
      consumer ??= consumerAt(c, 1, group, 3);
      claim(c, group, id, consumer, options);
      claimed.push(id);
    }
    pending.next();
  }
  reply.array(3);
  const next = new StreamId();
  sendId(reply, pending.hasRecord ? pending.readId(next) : next);
  sendClaimed(c, stream, claimed, justId);
  reply.array(deleted.length);
  for (const id of deleted) sendId(reply, id);
  propagateOnlyEffects(c);
}

function autoClaimOptions(c: Context): { count: number; justId: boolean } {
  const { args } = c;
  let count = DEFAULT_COUNT;
  let justId = false;
  for (let i = 6; i < args.count; i++) {
    if (i + 1 < args.count && args.is(i, 'count')) {
      const given = c.int64(++i, COUNT_TOO_SMALL);
      if (given < 1n || given > COUNT_MAX) fail(COUNT_TOO_SMALL);
      count = Number(given);
    } else if (args.is(i, 'justid')) justId = true;
    else fail(SYNTAX_ERROR);
  }
  return { count, justId };
}
