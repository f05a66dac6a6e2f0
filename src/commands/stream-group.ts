/** Consumer groups: making and removing them and their consumers, and what commands share that deliver entries. */
import { fail } from '../core/errors.ts';
import { bytesOf } from '../core/latin1.ts';
import { NONE } from '../data/heap.ts';
import { counterOf, type Counter } from '../data/stream-counter.ts';
import { type Consumer, ConsumerGroup, UNKNOWN_ENTRIES_READ } from '../data/stream-group.ts';
import { ID_TEXT, StreamId } from '../data/stream-id.ts';
import { StreamValue } from '../data/stream-value.ts';
import { KIND } from '../data/value.ts';
import type { Context } from './context.ts';
import { failSubcommand, replyHelp } from './help.ts';
import { NOTIFY } from './notify-class.ts';
import { idAt, idsFrom, INVALID_ID, isCharacter, readStreamToChange, streamOf } from './stream-arguments.ts';

// -------------------------------------------------------------------------------------------------------------- shared

export function noGroup(c: Context, key: number, group: number, where = ''): never {
  return fail(`NOGROUP No such key '${c.args.cString(key)}' or consumer group '${c.args.cString(group)}'${where}`);
}

/** The consumer named at an argument, which is made if need be, and was seen just now. */
export function consumerAt(c: Context, key: number, group: ConsumerGroup, argument: number): Consumer {
  const name = c.args.binary(argument);
  const consumer = group.consumers.get(name);
  if (consumer === undefined) return makeConsumer(c, key, group, name);
  consumer.seenMs = c.now;
  return consumer;
}

function makeConsumer(c: Context, key: number, group: ConsumerGroup, name: string): Consumer {
  const consumer = group.addConsumer(name, c.now);
  c.services.countChanges(1);
  c.notify(key, NOTIFY.stream, 'xgroup-createconsumer');
  return consumer;
}

/** Tells other servers about the entry at the place of what is pending in a group, whose ID is `id`. */
export function propagatePending(
  c: Context,
  key: number,
  groupArgument: number,
  group: ConsumerGroup,
  id: StreamId,
): void {
  if (!c.services.propagates) return;
  const { args } = c;
  const where = ['XCLAIM', args.view(key), args.view(groupArgument), bytesOf(group.owner!.name), '0', id.text];
  const count = ['RETRYCOUNT', String(group.deliveries)];
  const rest = ['FORCE', 'JUSTID', 'LASTID', group.lastId.text];
  c.alsoPropagate([...where, 'TIME', String(group.deliveredMs), ...count, ...rest]);
}

/** Tells other servers what a group got to, where no pending entry does. */
export function propagateGroupId(c: Context, key: number, groupArgument: number, group: ConsumerGroup): void {
  if (!c.services.propagates) return;
  const { args } = c;
  const where = ['XGROUP', 'SETID', args.view(key), args.view(groupArgument)];
  c.alsoPropagate([...where, group.lastId.text, 'ENTRIESREAD', String(group.entriesRead)]);
}

/** What was done goes on as what it came to, or not at all. */
export function propagateOnlyEffects(c: Context): void {
  if (c.services.propagates) c.propagateInstead();
}

// -------------------------------------------------------------------------------------------------------------- xgroup

interface GroupOptions {
  readonly makesStream: boolean;
  readonly entriesRead: Counter;
}

function groupOptions(c: Context, allowed: 'create' | 'setid'): GroupOptions {
  const { args } = c;
  let makesStream = false;
  let entriesRead: Counter = UNKNOWN_ENTRIES_READ;
  for (let i = 5; i < args.count; i++) {
    if (allowed === 'create' && args.is(i, 'mkstream')) makesStream = true;
    else if (i + 1 < args.count && args.is(i, 'entriesread')) {
      entriesRead = counterOf(c.int64(++i));
      if (entriesRead < -1) fail('ERR value for ENTRIESREAD must be positive or -1');
    } else failSubcommand(c);
  }
  return { makesStream, entriesRead };
}

/** The stream at argument 2. */
function groupStream(c: Context): StreamValue {
  const entry = c.writeKind(2, KIND.stream);
  if (entry !== NONE) return streamOf(c, entry);
  return fail(
    'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option ' +
      'to create an empty stream automatically.',
  );
}

function groupOf(c: Context, stream: StreamValue): ConsumerGroup {
  const group = stream.groups.get(c.args.binary(3));
  if (group !== undefined) return group;
  return fail(`NOGROUP No such consumer group '${c.args.cString(3)}' for key name '${c.args.cString(2)}'`);
}

export function xgroupCreate(c: Context): void {
  const { args } = c;
  const { makesStream, entriesRead } = groupOptions(c, 'create');
  let entry = c.writeKind(2, KIND.stream);
  const existing = entry === NONE && makesStream ? null : groupStream(c);
  if (args.count > 8) failSubcommand(c);
  let id = new StreamId();
  if (!isCharacter(args, 4, '$')) id = idAt(c, 4);
  else if (existing !== null) id = existing.lastId;
  let stream = existing;
  if (stream === null) {
    stream = new StreamValue(c.keyspace.heap);
    entry = c.db.setObject(args.bytes, args.starts[2]!, args.ends[2]!, stream);
    c.services.keyModified(c.db, args.bytes, args.starts[2]!, args.ends[2]!);
  }
  const name = args.binary(3);
  if (stream.groups.has(name)) fail('BUSYGROUP Consumer Group name already exists');
  stream.groups.set(name, new ConsumerGroup(c.keyspace.heap, id, entriesRead));
  c.reply.ok();
  c.services.countChanges(1);
  c.notify(2, NOTIFY.stream, 'xgroup-create');
}

export function xgroupSetId(c: Context): void {
  const { args } = c;
  const { entriesRead } = groupOptions(c, 'setid');
  const stream = groupStream(c);
  const group = groupOf(c, stream);
  if (args.count > 7) failSubcommand(c);
  const id = new StreamId();
  if (isCharacter(args, 4, '$')) id.set(stream.lastId);
  else if (id.parse(args.bytes, args.starts[4]!, args.ends[4]!, ID_TEXT.bounds) === 'invalid') fail(INVALID_ID);
  group.lastId.set(id);
  group.entriesRead = entriesRead;
  c.reply.ok();
  c.services.countChanges(1);
  c.notify(2, NOTIFY.stream, 'xgroup-setid');
}

/** @returns whether there was a group to destroy. */
export function xgroupDestroy(c: Context): boolean {
  const stream = groupStream(c);
  const name = c.args.binary(3);
  const group = stream.groups.get(name);
  c.reply.integer(group === undefined ? 0 : 1);
  if (group === undefined) return false;
  stream.groups.delete(name);
  if (!group.releaseSome()) c.services.freeLater(() => group.releaseSome());
  c.services.countChanges(1);
  c.notify(2, NOTIFY.stream, 'xgroup-destroy');
  return true;
}

export function xgroupCreateConsumer(c: Context): void {
  const group = groupOf(c, groupStream(c));
  const name = c.args.binary(4);
  const isNew = !group.consumers.has(name);
  if (isNew) makeConsumer(c, 2, group, name);
  c.reply.integer(isNew ? 1 : 0);
}

export function xgroupDelConsumer(c: Context): void {
  const group = groupOf(c, groupStream(c));
  const consumer = group.consumers.get(c.args.binary(4));
  c.reply.integer(consumer?.pending.size ?? 0);
  if (consumer === undefined) return;
  group.removeConsumer(consumer);
  c.services.countChanges(1);
  c.notify(2, NOTIFY.stream, 'xgroup-delconsumer');
}

export function xgroupHelp(c: Context): void {
  replyHelp(c, [
    'CREATE <key> <groupname> <id|$> [option]',
    '    Makes a consumer group that begins behind an entry. Options are:',
    '    * MKSTREAM',
    '      Makes an empty stream where there is none.',
    '    * ENTRIESREAD entries_read',
    '      Sets how many entries the group counts as read (for internal use).',
    'CREATECONSUMER <key> <groupname> <consumer>',
    '    Makes a consumer in a group.',
    'DELCONSUMER <key> <groupname> <consumer>',
    '    Removes a consumer, and what is pending for it.',
    'DESTROY <key> <groupname>',
    '    Removes a group.',
    'SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]',
    '    Sets behind which entry a group goes on, and how many it has read.',
  ]);
}

// ---------------------------------------------------------------------------------------------------------------- xack

export function xack(c: Context): void {
  const group = readStreamToChange(c, 1)?.groups.get(c.args.binary(2));
  if (group === undefined) {
    c.reply.integer(0);
    return;
  }
  let acknowledged = 0;
  for (const id of idsFrom(c, 3)) {
    if (!group.pending.seek(id)) continue;
    group.acknowledge(id);
    acknowledged++;
  }
  if (acknowledged > 0) c.services.countChanges(acknowledged);
  c.reply.integer(acknowledged);
}
