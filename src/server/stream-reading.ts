/**
 * XREAD and XREADGROUP, which may wait for entries, and XGROUP, which may end such a wait.
 *
 * Who waits is served when an entry with an ID greater than the last one seen is there. For a group that is the group's
 * last one at that time: several consumers may wait, and the first of them moves the group on.
 */
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import { keyAt, type KeySpec } from '../commands/row.ts';
import { idAt, isCharacter, readStream, readStreamToChange, streamOf } from '../commands/stream-arguments.ts';
import { deliver, deliverAgain, type Delivery } from '../commands/stream-deliver.ts';
import {
  consumerAt,
  noGroup,
  propagateOnlyEffects,
  xgroupCreate,
  xgroupCreateConsumer,
  xgroupDelConsumer,
  xgroupDestroy,
  xgroupHelp,
  xgroupSetId,
} from '../commands/stream-group.ts';
import { sendRange } from '../commands/stream-send.ts';
import type { ConsumerGroup } from '../data/stream-group.ts';
import { StreamId } from '../data/stream-id.ts';
import type { StreamValue } from '../data/stream-value.ts';
import { KIND } from '../data/value.ts';
import { deadlineOf, mayBlock } from './blocking.ts';
import type { Call } from './call.ts';
import type { KeyWait } from './key-waits.ts';
import { serverFamily } from './rows.ts';
import { SESSION, type Session } from './session.ts';

/** Entries that one who waited without COUNT gets at most. */
const COUNT_AFTER_WAIT = 1000;
const NO_WAIT = -1;

interface Request {
  firstKey: number;
  /** Number of keys, and of IDs behind them. */
  keys: number;
  /** 0: all. */
  count: number;
  /** NO_WAIT, 0 for no end, or Unix time in ms. */
  deadlineMs: number;
  noAck: boolean;
  /** Index of the group's name, that of the consumer behind it; 0 without. */
  group: number;
}

function xread(c: Call): void {
  read(c, parse(c, false), false);
}

function xreadgroup(c: Call): void {
  const request = parse(c, true);
  if (request.group === 0) fail('ERR Missing GROUP option for XREADGROUP');
  read(c, request, true);
}

function parse(c: Call, isGroup: boolean): Request {
  const { args } = c;
  const request: Request = { firstKey: 0, keys: 0, count: 0, deadlineMs: NO_WAIT, noAck: false, group: 0 };
  for (let i = 1; i < args.count; i++) {
    const more = args.count - 1 - i;
    if (more > 0 && args.is(i, 'block')) {
      if (c.session.has(SESSION.inScript)) {
        fail(`ERR ${args.cString(0)} command is not allowed with BLOCK option from scripts`);
      }
      request.deadlineMs = deadlineOf(c, ++i);
    } else if (more > 0 && args.is(i, 'count')) request.count = Math.max(0, c.integer(++i));
    else if (more > 0 && args.is(i, 'streams')) {
      if (more % 2 === 1)
        fail("ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.");
      request.firstKey = i + 1;
      request.keys = more / 2;
      return request;
    } else if (more > 1 && args.is(i, 'group')) {
      if (!isGroup) fail('ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.');
      request.group = i + 1;
      i += 2;
    } else if (args.is(i, 'noack')) {
      if (!isGroup) fail('ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.');
      request.noAck = true;
    } else fail(SYNTAX_ERROR);
  }
  return fail(SYNTAX_ERROR);
}

function read(c: Call, request: Request, isGroup: boolean): void {
  const { reply } = c;
  const { firstKey, keys, deadlineMs } = request;
  const ids: StreamId[] = [];
  for (let i = 0; i < keys; i++) {
    const key = firstKey + i;
    ids.push(isGroup ? groupIdAt(c, request, key, key + keys) : plainIdAt(c, key, key + keys));
  }
  const mark = reply.mark();
  let served = 0;
  for (let i = 0; i < keys; i++) {
    const stream = isGroup ? readStreamToChange(c, firstKey + i) : readStream(c, firstKey + i);
    if (stream === null || !readOne(c, request, firstKey + i, stream, ids[i]!)) continue;
    served++;
  }
  if (isGroup) propagateOnlyEffects(c);
  if (served === 0) {
    if (deadlineMs !== NO_WAIT && mayBlock(c.session)) wait(c, request, ids);
    else reply.nilArray();
  } else if (reply.protocol === 3) reply.mapAt(mark, served);
  else reply.arrayAt(mark, served);
}

/** The ID behind which XREAD reads. */
function plainIdAt(c: Call, key: number, index: number): StreamId {
  const stream = readStream(c, key);
  if (isCharacter(c.args, index, '$')) {
    return stream === null ? new StreamId() : StreamId.of(stream.lastId);
  }
  if (isCharacter(c.args, index, '>')) {
    fail('ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.');
  }
  return idAt(c, index);
}

/** The ID behind which XREADGROUP reads what was delivered before; the greatest one for what was not. */
function groupIdAt(c: Call, request: Request, key: number, index: number): StreamId {
  const group = readStream(c, key)?.groups.get(c.args.binary(request.group));
  if (group === undefined) noGroup(c, key, request.group, ' in XREADGROUP with GROUP option');
  if (isCharacter(c.args, index, '$')) {
    fail(
      'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by ' +
        'specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.',
    );
  }
  return isCharacter(c.args, index, '>') ? StreamId.max() : idAt(c, index);
}

/** Replies what a stream has behind an ID. @returns whether that is anything. */
function readOne(c: Call, request: Request, key: number, stream: StreamValue, behind: StreamId): boolean {
  const last = new StreamId();
  if (request.group === 0) {
    if (stream.size === 0) return false;
    stream.edge(false, false, last);
    if (last.compare(behind) <= 0) return false;
    sendBehind(c, request, key, stream, null, behind);
    return true;
  }
  const group = stream.groups.get(c.args.binary(request.group))!;
  if (!behind.isMax) {
    sendBehind(c, request, key, stream, group, behind, true);
    return true;
  }
  if (stream.size === 0) return false;
  stream.edge(false, false, last);
  if (last.compare(group.lastId) <= 0) return false;
  sendBehind(c, request, key, stream, group, group.lastId);
  return true;
}

function sendBehind(
  c: Call,
  request: Request,
  key: number,
  stream: StreamValue,
  group: ConsumerGroup | null,
  behind: StreamId,
  again = false,
): void {
  const { reply, args } = c;
  const { count, noAck } = request;
  const from = StreamId.of(behind);
  from.increment();
  if (reply.protocol === 2) reply.array(2);
  reply.bulkBytes(args.view(key));
  if (group === null) {
    sendRange(reply, stream, from, undefined, count);
    return;
  }
  const isNew = !group.consumers.has(args.binary(request.group + 1));
  const consumer = consumerAt(c, key, group, request.group + 1);
  if (isNew && noAck && c.services.propagates) {
    const where = ['XGROUP', 'CREATECONSUMER', args.view(key), args.view(request.group)];
    c.alsoPropagate([...where, args.view(request.group + 1)]);
  }
  const delivery: Delivery = { key, groupArgument: request.group, stream, group, consumer, count, noAck };
  if (again) deliverAgain(c, delivery, from);
  else deliver(c, delivery, from);
  c.services.countChanges(1);
}

// ---------------------------------------------------------------------------------------------------------------- wait

function wait(c: Call, request: Request, ids: readonly StreamId[]): void {
  const { firstKey, keys, deadlineMs, count } = request;
  const later: Request = { ...request, count: count === 0 ? COUNT_AFTER_WAIT : count };
  const keyWait: KeyWait = {
    kind: 'stream',
    value: KIND.stream,
    firstKey,
    end: firstKey + keys,
    deadlineMs,
    giveUp,
    serve: (call, key, entry) => serveLater(call, later, key, streamOf(call, entry), ids[key - firstKey]!),
    ...(request.group !== 0 && { missing: keyIsGone }),
  };
  c.server.keyWaits.block(c, keyWait);
}

function serveLater(c: Call, request: Request, key: number, stream: StreamValue, id: StreamId): boolean {
  let group: ConsumerGroup | null = null;
  if (request.group !== 0) {
    group = stream.groups.get(c.args.binary(request.group)) ?? null;
    if (group === null) return fail('NOGROUP the consumer group this client was blocked on no longer exists');
  }
  const behind = group === null ? id : group.lastId;
  if (stream.lastId.compare(behind) <= 0) return false;
  if (c.reply.protocol === 3) c.reply.map(1);
  else c.reply.array(1);
  sendBehind(c, request, key, stream, group, behind);
  return true;
}

function keyIsGone(): never {
  return fail('UNBLOCKED the stream key no longer exists');
}

function giveUp(session: Session): void {
  session.reply.nilArray();
}

// -------------------------------------------------------------------------------------------------------------- xgroup

function destroy(c: Call): void {
  if (!xgroupDestroy(c)) return;
  const { args, server } = c;
  if (server.keyWaits.count > 0) server.keyWaits.changed(c.db, args.bytes, args.starts[2]!, args.ends[2]!);
}

// ---------------------------------------------------------------------------------------------------------------- rows

function keysBehindStreams(from: number): KeySpec[] {
  return [{ flags: 'RO access', begin: { keyword: 'STREAMS', from }, find: { last: -1, step: 1, limit: 2 } }];
}

const GROUP_ID = 'id=<id | new_id="$">';

export const streamReadingCommands = serverFamily('stream', [
  {
    name: 'xgroup',
    arity: -2,
    flags: [],
    since: '5.0.0',
    summary: 'A container for commands on consumer groups',
    complexity: 'Depends on subcommand',
    subcommands: [
      {
        name: 'create',
        arity: -5,
        flags: ['write', 'denyoom'],
        keys: keyAt(2, 'RW insert'),
        since: '5.0.0',
        summary: 'Makes a consumer group',
        complexity: 'O(1)',
        syntax: `key groupname ${GROUP_ID} [MKSTREAM] [ENTRIESREAD entries_read:integer]`,
        history: [['7.0.0', 'Takes ENTRIESREAD']],
        run: xgroupCreate,
      },
      {
        name: 'createconsumer',
        arity: 5,
        flags: ['write', 'denyoom'],
        keys: keyAt(2, 'RW insert'),
        since: '6.2.0',
        summary: 'Makes a consumer in a group',
        complexity: 'O(N) with N consumers in the group',
        syntax: 'key groupname consumername',
        run: xgroupCreateConsumer,
      },
      {
        name: 'delconsumer',
        arity: 5,
        flags: ['write'],
        keys: keyAt(2, 'RW delete'),
        since: '5.0.0',
        summary: 'Removes a consumer from a group, and returns how many entries were pending for it',
        complexity: 'O(N log N) with N entries that are pending for it',
        syntax: 'key groupname consumername',
        run: xgroupDelConsumer,
      },
      {
        name: 'destroy',
        arity: 4,
        flags: ['write'],
        keys: keyAt(2, 'RW delete'),
        since: '5.0.0',
        summary: 'Removes a consumer group',
        complexity: 'O(1); what was pending is freed later',
        syntax: 'key groupname',
        run: destroy,
      },
      {
        name: 'help',
        arity: 2,
        flags: ['loading', 'stale'],
        since: '5.0.0',
        summary: 'Explains the subcommands',
        complexity: 'O(1)',
        run: xgroupHelp,
      },
      {
        name: 'setid',
        arity: -5,
        flags: ['write'],
        keys: keyAt(2, 'RW update'),
        since: '5.0.0',
        summary: 'Sets behind which entry a consumer group goes on',
        complexity: 'O(1)',
        syntax: `key groupname ${GROUP_ID} [ENTRIESREAD entries_read:integer]`,
        history: [['7.0.0', 'Takes ENTRIESREAD']],
        run: xgroupSetId,
      },
    ],
  },
  {
    name: 'xread',
    arity: -4,
    flags: ['readonly', 'blocking'],
    keys: keysBehindStreams(1),
    since: '5.0.0',
    summary: 'Entries of several streams behind given IDs; waits for some if asked to',
    complexity: 'O(log K + N) for each stream with K nodes, of which N entries are returned',
    syntax: '[COUNT count:integer] [BLOCK milliseconds:integer] STREAMS streams=<key ... id ...>',
    run: xread,
  },
  {
    name: 'xreadgroup',
    arity: -7,
    flags: ['write', 'blocking'],
    keys: keysBehindStreams(4),
    since: '5.0.0',
    summary: 'Entries that a consumer of a group is to process, or has not acknowledged; waits for some if asked to',
    complexity: 'O(log K + N log P) for each stream with K nodes, P pending entries, and N entries that are returned',
    syntax:
      'GROUP <group consumer> [COUNT count:integer] [BLOCK milliseconds:integer] [NOACK] STREAMS streams=<key ... id ...>',
    run: xreadgroup,
  },
]);
