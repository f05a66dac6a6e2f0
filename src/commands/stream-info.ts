/** XINFO: what there is to know about a stream, its consumer groups and their consumers. */
import { fail, NO_SUCH_KEY } from '../core/errors.ts';
import { countRadixNodes } from '../data/radix-nodes.ts';
import { StreamCursor } from '../data/stream-cursor.ts';
import { type Consumer, type ConsumerGroup, UNKNOWN_ENTRIES_READ } from '../data/stream-group.ts';
import { StreamId } from '../data/stream-id.ts';
import type { StreamValue } from '../data/stream-value.ts';
import type { Reply } from '../protocol/reply.ts';
import type { Context } from './context.ts';
import { failSubcommand, replyHelp } from './help.ts';
import { readStream } from './stream-arguments.ts';
import { sendCounter, sendEntry, sendId, sendRange } from './stream-send.ts';

const DEFAULT_COUNT = 10;

function streamAt(c: Context): StreamValue {
  return readStream(c, 2) ?? fail(NO_SUCH_KEY);
}

export function xinfoStream(c: Context): void {
  const { args, reply } = c;
  const stream = streamAt(c);
  const full = args.count > 3;
  let count = DEFAULT_COUNT;
  if (full) {
    if ((args.count !== 4 && args.count !== 6) || !args.is(3, 'full')) failSubcommand(c);
    if (args.count === 6) {
      if (!args.is(4, 'count')) failSubcommand(c);
      const given = c.integer(5);
      if (given >= 0) count = given;
    }
  }
  reply.map(full ? 9 : 10);
  reply.bulkBinary('length');
  reply.integer(stream.size);
  reply.bulkBinary('radix-tree-keys');
  reply.integer(stream.nodeCount);
  reply.bulkBinary('radix-tree-nodes');
  reply.integer(countRadixNodes(stream));
  reply.bulkBinary('last-generated-id');
  sendId(reply, stream.lastId);
  reply.bulkBinary('max-deleted-entry-id');
  sendId(reply, stream.maxDeletedId);
  reply.bulkBinary('entries-added');
  sendCounter(reply, stream.entriesAdded);
  reply.bulkBinary('recorded-first-entry-id');
  sendId(reply, stream.firstId);
  if (full) sendContents(reply, stream, count);
  else sendEnds(reply, stream);
}

function sendEnds(reply: Reply, stream: StreamValue): void {
  const cursor = new StreamCursor();
  reply.bulkBinary('groups');
  reply.integer(stream.groups.size);
  for (const reverse of [false, true]) {
    reply.bulkBinary(reverse ? 'last-entry' : 'first-entry');
    if (cursor.start(stream, undefined, undefined, reverse).next()) sendEntry(reply, cursor);
    else reply.nil();
  }
}

function sendContents(reply: Reply, stream: StreamValue, count: number): void {
  reply.bulkBinary('entries');
  sendRange(reply, stream, undefined, undefined, count);
  reply.bulkBinary('groups');
  reply.array(stream.groups.size);
  for (const [name, group] of stream.sortedGroups()) {
    reply.map(7);
    reply.bulkBinary('name');
    reply.bulkBinary(name);
    sendProgress(reply, stream, group);
    reply.bulkBinary('pel-count');
    reply.integer(group.pending.size);
    reply.bulkBinary('pending');
    sendPending(reply, group, null, count);
    reply.bulkBinary('consumers');
    reply.array(group.consumers.size);
    for (const consumer of group.sortedConsumers()) {
      reply.map(4);
      reply.bulkBinary('name');
      reply.bulkBinary(consumer.name);
      reply.bulkBinary('seen-time');
      reply.integer(consumer.seenMs);
      reply.bulkBinary('pel-count');
      reply.integer(consumer.pending.size);
      reply.bulkBinary('pending');
      sendPending(reply, group, consumer, count);
    }
  }
}

function sendProgress(reply: Reply, stream: StreamValue, group: ConsumerGroup): void {
  reply.bulkBinary('last-delivered-id');
  sendId(reply, group.lastId);
  reply.bulkBinary('entries-read');
  if (group.entriesRead === UNKNOWN_ENTRIES_READ) reply.nil();
  else sendCounter(reply, group.entriesRead);
  reply.bulkBinary('lag');
  const lag = stream.lagOf(group);
  if (lag === null) reply.nil();
  else sendCounter(reply, lag);
}

/** Pending entries of a group, with their consumers, or of one consumer, without. */
function sendPending(reply: Reply, group: ConsumerGroup, consumer: Consumer | null, count: number): void {
  const table = consumer === null ? group.pending : consumer.pending;
  const sent = count === 0 ? table.size : Math.min(count, table.size);
  const id = new StreamId();
  reply.array(sent);
  table.seekFirst();
  for (let left = sent; left > 0; left--, table.next()) {
    table.readId(id);
    if (consumer !== null) group.pending.seek(id);
    reply.array(consumer === null ? 4 : 3);
    sendId(reply, id);
    if (consumer === null) reply.bulkBinary(group.owner!.name);
    reply.integer(group.deliveredMs);
    sendCounter(reply, group.deliveries);
  }
}

export function xinfoGroups(c: Context): void {
  const { reply } = c;
  const stream = streamAt(c);
  reply.array(stream.groups.size);
  for (const [name, group] of stream.sortedGroups()) {
    reply.map(6);
    reply.bulkBinary('name');
    reply.bulkBinary(name);
    reply.bulkBinary('consumers');
    reply.integer(group.consumers.size);
    reply.bulkBinary('pending');
    reply.integer(group.pending.size);
    sendProgress(reply, stream, group);
  }
}

export function xinfoConsumers(c: Context): void {
  const { args, reply } = c;
  const group = streamAt(c).groups.get(args.binary(3));
  if (group === undefined) {
    return fail(`NOGROUP No such consumer group '${args.cString(3)}' for key name '${args.cString(2)}'`);
  }
  reply.array(group.consumers.size);
  for (const consumer of group.sortedConsumers()) {
    reply.map(3);
    reply.bulkBinary('name');
    reply.bulkBinary(consumer.name);
    reply.bulkBinary('pending');
    reply.integer(consumer.pending.size);
    reply.bulkBinary('idle');
    reply.integer(Math.max(0, c.now - consumer.seenMs));
  }
}

export function xinfoHelp(c: Context): void {
  replyHelp(c, [
    'CONSUMERS <key> <groupname>',
    '    Lists the consumers of a group.',
    'GROUPS <key>',
    '    Lists the groups of a stream.',
    'STREAM <key> [FULL [COUNT <count>]',
    '    Tells about a stream; with FULL, all there is in it.',
  ]);
}
