/** Commands that change lists in their middle. */
import { fail, INDEX_OUT_OF_RANGE, NO_SUCH_KEY, SYNTAX_ERROR } from '../core/errors.ts';
import { NONE } from '../data/heap.ts';
import { ListSearch } from '../data/list-search.ts';
import { KIND } from '../data/value.ts';
import type { Context } from './context.ts';
import { listOf, modified, removeIfEmpty } from './list-ends.ts';
import { NOTIFY } from './notify-class.ts';

export function lset(c: Context): void {
  const { bytes, starts, ends } = c.args;
  const entry = c.writeKind(1, KIND.list);
  if (entry === NONE) fail(NO_SUCH_KEY);
  const list = listOf(c, entry);
  const given = c.integer(2);
  const index = given < 0 ? list.size + given : given;
  if (index < 0 || index >= list.size) fail(INDEX_OUT_OF_RANGE);
  list.replace(list.placeOf(index), bytes, starts[3]!, ends[3]!, c.services.settings.plainElementBytes);
  c.reply.ok();
  c.changed(1, NOTIFY.list, 'lset');
}

export function linsert(c: Context): void {
  const { args, reply } = c;
  const { bytes, starts, ends } = args;
  const after = args.is(2, 'after');
  if (!after && !args.is(2, 'before')) fail(SYNTAX_ERROR);
  const entry = c.writeKind(1, KIND.list);
  if (entry === NONE) {
    reply.integer(0);
    return;
  }
  const list = listOf(c, entry);
  const search = new ListSearch(list, false, bytes, starts[3]!, ends[3]!);
  if (!search.next()) {
    reply.integer(-1);
    return;
  }
  list.insert(search, after, bytes, starts[4]!, ends[4]!, c.services.settings.plainElementBytes);
  c.changed(1, NOTIFY.list, 'linsert');
  reply.integer(list.size);
}

/** Redis counts the elements to remove down from a negative number, and never gets there from -2^63: it removes all. */
export function lrem(c: Context): void {
  const { bytes, starts, ends } = c.args;
  const given = c.integer(2);
  const entry = c.writeKind(1, KIND.list);
  if (entry === NONE) {
    c.reply.integer(0);
    return;
  }
  const list = listOf(c, entry);
  const limit = given === 0 ? Infinity : Math.abs(given);
  const search = new ListSearch(list, given < 0, bytes, starts[3]!, ends[3]!);
  let removed = 0;
  while (removed < limit && search.next()) {
    search.removed(list.removeAt(search));
    removed++;
  }
  if (removed > 0) {
    c.changed(1, NOTIFY.list, 'lrem', removed);
    removeIfEmpty(c, 1, entry, list);
  }
  c.reply.integer(removed);
}

export function ltrim(c: Context): void {
  const start = c.integer(2);
  const stop = c.integer(3);
  const entry = c.writeKind(1, KIND.list);
  if (entry === NONE) {
    c.reply.ok();
    return;
  }
  const list = listOf(c, entry);
  const { size } = list;
  const first = Math.max(start < 0 ? size + start : start, 0);
  const last = Math.min(stop < 0 ? size + stop : stop, size - 1);
  const isEmpty = first > last;
  const atHead = isEmpty ? size : first;
  const atTail = isEmpty ? 0 : size - 1 - last;
  list.removeRange(0, atHead);
  list.removeRange(list.size - atTail, atTail);
  c.notify(1, NOTIFY.list, 'ltrim');
  removeIfEmpty(c, 1, entry, list);
  modified(c, 1, atHead + atTail);
  c.reply.ok();
}
