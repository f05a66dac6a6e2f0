/**
 * Commands on the entries of streams. Reading that waits and consumer groups have modules of their own; see
 * data/stream-value.ts for what a stream is.
 */
import { fail, NO_SUCH_KEY, SYNTAX_ERROR, wrongArity } from '../core/errors.ts';
import { NONE } from '../data/heap.ts';
import { counterOf, type Counter } from '../data/stream-counter.ts';
import { StreamId } from '../data/stream-id.ts';
import { NODE_BYTES_MAX, StreamValue } from '../data/stream-value.ts';
import { KIND } from '../data/value.ts';
import type { Context } from './context.ts';
import { NOTIFY } from './notify-class.ts';
import { family, keyAt } from './row.ts';
import {
  endAt,
  idAt,
  idsFrom,
  readStream,
  startAt,
  streamOf,
  type TrimArguments,
  trimArguments,
} from './stream-arguments.ts';
import { sendId, sendRange } from './stream-send.ts';

// ----------------------------------------------------------------------------------------------------------------- add

const NOT_GREATER = 'ERR The ID specified in XADD is equal or smaller than the target stream top item';

function xadd(c: Context): void {
  const { args, services } = c;
  const options = trimArguments(c, true);
  const first = options.idIndex + 1;
  const values = args.count - first;
  if (values < 2 || values % 2 === 1) fail(wrongArity('xadd'));
  if (options.hasSequence && options.id!.isZero) fail('ERR The ID specified in XADD must be greater than 0-0');
  const entry = c.writeKind(1, KIND.stream);
  if (entry === NONE && !options.makesStream) {
    c.reply.nil();
    return;
  }
  const stream = entry === NONE ? new StreamValue(c.keyspace.heap) : streamOf(c, entry);
  if (stream.lastId.isMax) fail('ERR The stream has exhausted the last possible ID, unable to add more items');
  const id = newId(c, stream, options);
  if (id.compare(stream.lastId) <= 0) fail(NOT_GREATER);
  let bytes = 0;
  for (let i = first; i < args.count; i++) bytes += args.length(i);
  if (bytes > NODE_BYTES_MAX) fail('ERR Elements are too large to be stored');
  stream.append(id, args, first, values / 2, bytes, services.settings.streamLimits);
  if (entry === NONE) c.db.setObject(args.bytes, args.starts[1]!, args.ends[1]!, stream);
  sendId(c.reply, id);
  c.changed(1, NOTIFY.stream, 'xadd');
  if (options.trim(stream) > 0) c.notify(1, NOTIFY.stream, 'xtrim');
  if (services.propagates && (!options.hasSequence || options.approximately)) {
    propagateAdd(c, stream, options, id);
  }
}

/** The ID of a new entry, not yet checked against the stream's last one. */
function newId(c: Context, { lastId, nextId }: StreamValue, { id, hasSequence }: TrimArguments): StreamId {
  if (hasSequence) return id!;
  if (id === null) {
    // The clock may have gone back, and more than one entry may come in a millisecond.
    if (nextId.setTime(c.now).compare(lastId) <= 0) nextId.set(lastId).increment();
    return nextId;
  }
  if (!id.hasTimeOf(lastId)) return id;
  if (lastId.hasLastSequence) fail(NOT_GREATER);
  nextId.set(lastId).increment();
  return nextId;
}

function propagateAdd(c: Context, stream: StreamValue, options: TrimArguments, id: StreamId): void {
  const command = options.exact(c, stream);
  if (!options.hasSequence) command[command.length - (c.args.count - options.idIndex)] = id.text;
  c.propagateInstead(command);
}

// -------------------------------------------------------------------------------------------------------------- remove

function xdel(c: Context): void {
  const entry = c.writeKind(1, KIND.stream);
  if (entry === NONE) {
    c.reply.integer(0);
    return;
  }
  const stream = streamOf(c, entry);
  let deleted = 0;
  for (const id of idsFrom(c, 2)) if (stream.delete(id)) deleted++;
  if (deleted > 0) c.changed(1, NOTIFY.stream, 'xdel', deleted);
  c.reply.integer(deleted);
}

function xtrim(c: Context): void {
  const { args, services } = c;
  const options = trimArguments(c, false);
  const entry = c.writeKind(1, KIND.stream);
  const stream = entry === NONE ? null : streamOf(c, entry);
  const removed = stream === null ? 0 : options.trim(stream);
  if (removed > 0) {
    c.notify(1, NOTIFY.stream, 'xtrim');
    if (services.propagates && options.approximately) c.propagateInstead(options.exact(c, stream!));
    services.keyModified(c.db, args.bytes, args.starts[1]!, args.ends[1]!);
    services.countChanges(removed);
  }
  c.reply.integer(removed);
}

// ---------------------------------------------------------------------------------------------------------------- read

function xlen(c: Context): void {
  c.reply.integer(readStream(c, 1)?.size ?? 0);
}

function xrange(c: Context): void {
  range(c, false);
}

function xrevrange(c: Context): void {
  range(c, true);
}

function range(c: Context, reverse: boolean): void {
  const { args, reply } = c;
  const from = startAt(c, reverse ? 3 : 2);
  const to = endAt(c, reverse ? 2 : 3);
  let count = -1;
  for (let i = 4; i < args.count; i += 2) {
    if (!args.is(i, 'count') || i + 1 === args.count) fail(SYNTAX_ERROR);
    count = Math.max(0, c.integer(i + 1));
  }
  const stream = readStream(c, 1);
  if (stream === null) reply.array(0);
  else if (count === 0) reply.nilArray();
  else sendRange(reply, stream, from, to, Math.max(0, count), reverse);
}

// --------------------------------------------------------------------------------------------------------------- setid

function xsetid(c: Context): void {
  const { args } = c;
  const id = idAt(c, 2);
  let added: Counter | null = null;
  let maxDeleted: StreamId | null = null;
  for (let i = 3; i < args.count; i += 2) {
    const hasMore = i + 1 < args.count;
    if (hasMore && args.is(i, 'entriesadded')) {
      added = counterOf(c.int64(i + 1));
      if (added < 0) fail('ERR entries_added must be positive');
    } else if (hasMore && args.is(i, 'maxdeletedid')) {
      maxDeleted = idAt(c, i + 1);
      if (id.compare(maxDeleted) < 0) {
        fail('ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id');
      }
    } else fail(SYNTAX_ERROR);
  }
  const entry = c.writeKind(1, KIND.stream);
  if (entry === NONE) fail(NO_SUCH_KEY);
  const stream = streamOf(c, entry);
  if (stream.size > 0) checkSetId(stream, id, added);
  stream.lastId.set(id);
  if (added !== null) stream.entriesAdded = added;
  if (maxDeleted !== null && !maxDeleted.isZero) stream.maxDeletedId.set(maxDeleted);
  c.reply.ok();
  c.services.countChanges(1);
  c.notify(1, NOTIFY.stream, 'xsetid');
}

function checkSetId(stream: StreamValue, id: StreamId, added: Counter | null): void {
  const last = new StreamId();
  stream.edge(false, false, last);
  if (id.compare(last) < 0) fail('ERR The ID specified in XSETID is smaller than the target stream top item');
  if (added !== null && stream.size > added) {
    fail('ERR The entries_added specified in XSETID is smaller than the target stream length');
  }
}

// ---------------------------------------------------------------------------------------------------------------- rows

const TRIM =
  '<strategy=<MAXLEN | MINID@6.2.0> operator=[equal="=" | approximately="~"] threshold [LIMIT count:integer]@6.2.0>';
const EXCLUSIVE = ['6.2.0', 'Bounds may be exclusive'] as const;

export const streamCommands = family('stream', [
  {
    name: 'xadd',
    arity: -5,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW update'),
    tips: ['nondeterministic_output'],
    since: '5.0.0',
    summary: 'Appends an entry to a stream, which may be trimmed on the occasion',
    complexity: 'O(1), and O(N) when N entries are trimmed',
    syntax: `key [NOMKSTREAM]@6.2.0 trim=[${TRIM.slice(1, -1)}] id_or_auto=<auto_id="*" | id> <field value> ...`,
    history: [
      ['6.2.0', 'Takes NOMKSTREAM, MINID and LIMIT'],
      ['7.0.0', 'The sequence alone may be left open: <ms>-*'],
    ],
    run: xadd,
  },
  {
    name: 'xdel',
    arity: -3,
    flags: ['write', 'fast'],
    keys: keyAt(1, 'RW delete'),
    since: '5.0.0',
    summary: 'Removes entries with given IDs, and returns how many there were',
    complexity: 'O(1) for each entry',
    syntax: 'key id ...',
    run: xdel,
  },
  {
    name: 'xlen',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: keyAt(1, 'RO'),
    since: '5.0.0',
    summary: 'Number of entries of a stream',
    complexity: 'O(1)',
    syntax: 'key',
    run: xlen,
  },
  {
    name: 'xrange',
    arity: -4,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    since: '5.0.0',
    summary: 'Entries of a stream whose IDs are in a range',
    complexity: 'O(N) with N returned entries',
    syntax: 'key start end [COUNT count:integer]',
    history: [EXCLUSIVE],
    run: xrange,
  },
  {
    name: 'xrevrange',
    arity: -4,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    since: '5.0.0',
    summary: 'Entries of a stream whose IDs are in a range, the last one first',
    complexity: 'O(N) with N returned entries',
    syntax: 'key end start [COUNT count:integer]',
    history: [EXCLUSIVE],
    run: xrevrange,
  },
  {
    name: 'xsetid',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW update'),
    since: '5.0.0',
    summary: 'Sets the last ID of a stream and its counters: for replication and persistence',
    complexity: 'O(1)',
    syntax: 'key last-id [ENTRIESADDED entries_added:integer]@7.0.0 [MAXDELETEDID max_deleted_entry_id]@7.0.0',
    history: [['7.0.0', 'Takes ENTRIESADDED and MAXDELETEDID']],
    run: xsetid,
  },
  {
    name: 'xtrim',
    arity: -4,
    flags: ['write'],
    keys: keyAt(1, 'RW delete'),
    tips: ['nondeterministic_output'],
    since: '5.0.0',
    summary: 'Removes the oldest entries of a stream, until its length or its first ID is as given',
    complexity: 'O(N) with N removed entries',
    syntax: `key trim=${TRIM}`,
    history: [['6.2.0', 'Takes MINID and LIMIT']],
    run: xtrim,
  },
]);
