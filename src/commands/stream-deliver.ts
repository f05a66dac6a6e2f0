/** Entries that are delivered to a consumer, and those that were delivered to it before. */
import { plus } from '../data/stream-counter.ts';
import { StreamCursor } from '../data/stream-cursor.ts';
import type { Consumer, ConsumerGroup } from '../data/stream-group.ts';
import { StreamId } from '../data/stream-id.ts';
import type { StreamValue } from '../data/stream-value.ts';
import type { Context } from './context.ts';
import { propagateGroupId, propagatePending } from './stream-group.ts';
import { sendEntry, sendId, sendOne } from './stream-send.ts';

/** Who reads what. */
export interface Delivery {
  /** Indexes of the arguments with the key and the group's name. */
  readonly key: number;
  readonly groupArgument: number;
  readonly stream: StreamValue;
  readonly group: ConsumerGroup;
  readonly consumer: Consumer;
  /** Entries at most; 0: all. */
  readonly count: number;
  /** Whether nothing is pending afterwards. */
  readonly noAck: boolean;
}

/** Replies entries from an ID on, and delivers them. */
export function deliver(c: Context, delivery: Delivery, from: StreamId): void {
  const { key, groupArgument, stream, group, consumer, noAck } = delivery;
  const { reply } = c;
  const most = delivery.count === 0 ? Infinity : delivery.count;
  const mark = reply.mark();
  const cursor = new StreamCursor().start(stream, from);
  const { id } = cursor;
  let sent = 0;
  let movesOn = false;
  while (sent < most && cursor.next()) {
    if (id.compare(group.lastId) > 0) {
      stream.advance(group, id);
      movesOn = noAck;
    }
    sendEntry(reply, cursor);
    sent++;
    if (noAck) continue;
    // It may be pending already: XGROUP SETID can go back.
    if (!group.pending.seek(id)) group.pending.insert(id);
    group.assign(id, consumer);
    group.deliveredMs = c.now;
    group.deliveries = 1;
    propagatePending(c, key, groupArgument, group, id);
  }
  if (movesOn) propagateGroupId(c, key, groupArgument, group);
  reply.arrayAt(mark, sent);
}

/** Replies what is pending for a consumer from an ID on; entries that are no more without their fields. */
export function deliverAgain(c: Context, { stream, group, consumer, count }: Delivery, from: StreamId): void {
  const { reply } = c;
  const { pending } = consumer;
  const most = count === 0 ? Infinity : count;
  const mark = reply.mark();
  const cursor = new StreamCursor();
  const id = new StreamId();
  let sent = 0;
  for (pending.seek(from); pending.hasRecord && sent < most && !reply.isDropping; pending.next()) {
    pending.readId(id);
    if (sendOne(reply, stream, cursor, id)) {
      group.pending.seek(id);
      group.deliveredMs = c.now;
      group.deliveries = plus(group.deliveries, 1);
    } else {
      reply.array(2);
      sendId(reply, id);
      reply.nilArray();
    }
    sent++;
  }
  reply.arrayAt(mark, sent);
}
