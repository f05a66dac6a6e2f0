/**
 * Commands on the ends of lists, and their parts from which the blocking commands are made: those take the index of a
 * key argument, and the entry that was found there.
 */
import type { Arguments } from '../core/arguments.ts';
import { fail, NOT_POSITIVE, SYNTAX_ERROR, wrongArity } from '../core/errors.ts';
import { NONE } from '../data/heap.ts';
import { copyAt } from '../data/list-elements.ts';
import { ListValue } from '../data/list-value.ts';
import { KIND } from '../data/value.ts';
import type { Context } from './context.ts';
import { sendEnd, sendRange } from './list-range.ts';
import { NOTIFY } from './notify-class.ts';

/** The list of an entry that holds one. */
export function listOf(c: Context, entry: number): ListValue {
  return c.db.object(entry) as ListValue;
}

/** Adds an empty list under the key at an argument, where nothing was found; the caller puts elements into it. */
function addList(c: Context, key: number): ListValue {
  const { args } = c;
  const list = new ListValue(c.keyspace.heap, c.services.settings.listNodeFill);
  c.db.setObject(args.bytes, args.starts[key]!, args.ends[key]!, list);
  return list;
}

/** Tells that a key changed, after the notifications about it. */
export function modified(c: Context, key: number, changes: number): void {
  const { args, services } = c;
  services.keyModified(c.db, args.bytes, args.starts[key]!, args.ends[key]!);
  services.countChanges(changes);
}

/** A list without elements is no list: removes its key. */
export function removeIfEmpty(c: Context, key: number, entry: number, list: ListValue): void {
  if (list.size > 0) return;
  c.db.remove(entry, 'server');
  c.notify(key, NOTIFY.generic, 'del');
}

// --------------------------------------------------------------------------------------------------------------- push

export function lpush(c: Context): void {
  push(c, true, c.writeKind(1, KIND.list));
}

export function rpush(c: Context): void {
  push(c, false, c.writeKind(1, KIND.list));
}

export function lpushx(c: Context): void {
  pushIfPresent(c, true);
}

export function rpushx(c: Context): void {
  pushIfPresent(c, false);
}

function pushIfPresent(c: Context, atHead: boolean): void {
  const entry = c.writeKind(1, KIND.list);
  if (entry === NONE) c.reply.integer(0);
  else push(c, atHead, entry);
}

function push(c: Context, atHead: boolean, entry: number): void {
  const { args } = c;
  const { bytes, starts, ends, count } = args;
  const threshold = c.services.settings.plainElementBytes;
  const list = entry === NONE ? addList(c, 1) : listOf(c, entry);
  for (let i = 2; i < count; i++) list.push(atHead, bytes, starts[i]!, ends[i]!, threshold);
  c.reply.integer(list.size);
  c.changed(1, NOTIFY.list, atHead ? 'lpush' : 'rpush', count - 2);
}

// ---------------------------------------------------------------------------------------------------------------- pop

function popEvent(atHead: boolean): string {
  return atHead ? 'lpop' : 'rpop';
}

export function lpop(c: Context): void {
  pop(c, true);
}

export function rpop(c: Context): void {
  pop(c, false);
}

function pop(c: Context, atHead: boolean): void {
  const { reply, args } = c;
  if (args.count > 3) fail(wrongArity(popEvent(atHead)));
  const hasCount = args.count === 3;
  const count = hasCount ? c.integerWithin(2, 0, Infinity, NOT_POSITIVE) : 1;
  const entry = c.writeKind(1, KIND.list);
  if (entry === NONE) {
    if (hasCount) reply.nilArray();
    else reply.nil();
  } else if (count === 0) reply.array(0);
  else if (hasCount) popRange(c, 1, entry, atHead, count);
  else popOne(c, 1, entry, atHead);
}

/** Takes an element off a list and replies it. */
export function popOne(c: Context, key: number, entry: number, atHead: boolean): void {
  const list = listOf(c, entry);
  sendEnd(c.reply, list, atHead);
  list.drop(atHead);
  c.notify(key, NOTIFY.list, popEvent(atHead));
  removeIfEmpty(c, key, entry, list);
  modified(c, key, 1);
}

/** Takes up to `count` elements off a list and replies them, the outermost first. @returns how many. */
export function popRange(c: Context, key: number, entry: number, atHead: boolean, count: number): number {
  const list = listOf(c, entry);
  const taken = Math.min(count, list.size);
  const index = atHead ? 0 : list.size - taken;
  sendRange(c.reply, list, index, taken, !atHead);
  list.removeRange(index, taken);
  c.notify(key, NOTIFY.list, popEvent(atHead));
  removeIfEmpty(c, key, entry, list);
  modified(c, key, taken);
  return taken;
}

/** Replies a key and up to `count` elements that are taken off its list; other servers are told to pop as many. */
export function popRangeWithKey(c: Context, key: number, entry: number, atHead: boolean, count: number): void {
  c.reply.array(2);
  c.reply.bulkBytes(c.args.view(key));
  const taken = popRange(c, key, entry, atHead, count);
  propagatePop(c, key, atHead, taken);
}

/** Replies a key and an element that is taken off its list. */
export function popOneWithKey(c: Context, key: number, entry: number, atHead: boolean): void {
  c.reply.array(2);
  c.reply.bulkBytes(c.args.view(key));
  popOne(c, key, entry, atHead);
  propagatePop(c, key, atHead);
}

/** What came as another command goes on as a plain pop. */
function propagatePop(c: Context, key: number, atHead: boolean, count?: number): void {
  if (!c.services.propagates) return;
  const command = [atHead ? 'LPOP' : 'RPOP', c.args.view(key)];
  c.propagateInstead(count === undefined ? command : [...command, String(count)]);
}

// -------------------------------------------------------------------------------------------------------------- lmpop

export interface MultiPop {
  readonly firstKey: number;
  /** Index after the last key. */
  readonly end: number;
  readonly atHead: boolean;
  readonly count: number;
}

/** LMPOP's arguments, which begin with the number of keys at an index. */
export function parseMultiPop(c: Context, index: number): MultiPop {
  const { args } = c;
  const keys = c.integerWithin(index, 1, Infinity, 'ERR numkeys should be greater than 0');
  const end = index + 1 + keys;
  if (end >= args.count) fail(SYNTAX_ERROR);
  const atHead = isLeft(args, end);
  let count = 0;
  for (let i = end + 1; i < args.count; i += 2) {
    if (count > 0 || i + 1 === args.count || !args.is(i, 'count')) fail(SYNTAX_ERROR);
    count = c.integerWithin(i + 1, 1, Infinity, 'ERR count should be greater than 0');
  }
  return { firstKey: index + 1, end, atHead, count: count === 0 ? 1 : count };
}

export function lmpop(c: Context): void {
  const { firstKey, end, atHead, count } = parseMultiPop(c, 1);
  for (let key = firstKey; key < end; key++) {
    const entry = c.writeKind(key, KIND.list);
    if (entry === NONE) continue;
    popRangeWithKey(c, key, entry, atHead, count);
    return;
  }
  c.reply.nilArray();
}

// --------------------------------------------------------------------------------------------------------------- move

/** The word LEFT or RIGHT at an argument. */
export function isLeft(args: Arguments, index: number): boolean {
  return args.is(index, 'left') || (args.is(index, 'right') ? false : fail(SYNTAX_ERROR));
}

export function lmove(c: Context): void {
  const fromHead = isLeft(c.args, 3);
  move(c, fromHead, isLeft(c.args, 4));
}

export function rpoplpush(c: Context): void {
  move(c, false, true);
}

function move(c: Context, fromHead: boolean, toHead: boolean): void {
  const entry = c.writeKind(1, KIND.list);
  if (entry === NONE) c.reply.nil();
  else moveOne(c, entry, fromHead, toHead);
}

/** Takes an element off the list at argument 1 and puts it on the one at argument 2, and replies it. */
export function moveOne(c: Context, entry: number, fromHead: boolean, toHead: boolean): void {
  const { args, services } = c;
  const target = c.writeKind(2, KIND.list);
  const list = listOf(c, entry);
  const element = copyAt(list, fromHead ? 0 : list.size - 1);
  list.drop(fromHead);
  const destination = target === NONE ? addList(c, 2) : listOf(c, target);
  services.keyModified(c.db, args.bytes, args.starts[2]!, args.ends[2]!);
  destination.push(toHead, element, 0, element.length, services.settings.plainElementBytes);
  c.notify(2, NOTIFY.list, toHead ? 'lpush' : 'rpush');
  c.reply.bulkBytes(element);
  c.notify(1, NOTIFY.list, popEvent(fromHead));
  removeIfEmpty(c, 1, entry, list);
  modified(c, 1, 1);
}
