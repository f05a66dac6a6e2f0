/**
 * SORT and SORT_RO: the elements of a list, set or sorted set in the order of their numbers or bytes, or of values that
 * are looked up for each (BY), replied as they are or as other values that are looked up (GET), or stored as a list.
 *
 * A pattern stands for a key, with the element in the place of its first `*`; `pattern->field` for a field of a hash.
 * A BY pattern without `*` means: in the order in which the collection has its elements.
 */
import { fail, SYNTAX_ERROR, WRONG_TYPE } from '../core/errors.ts';
import type { Arguments } from '../core/arguments.ts';
import { parseDoubleLeniently } from '../core/double.ts';
import { findField } from '../data/hash-entry.ts';
import { NONE } from '../data/heap.ts';
import { eachElement } from '../data/list-elements.ts';
import { ListValue } from '../data/list-value.ts';
import { copyElement, elementLength } from '../data/listpack.ts';
import { eachMember } from '../data/set-entry.ts';
import { KIND } from '../data/value.ts';
import { unpackZset, zsetAt } from '../data/zset-entry.ts';
import { ByteRange } from '../data/zset-reader.ts';
import type { Context } from './context.ts';
import { NOTIFY } from './notify-class.ts';
import { type FoundKey, family, keyAt, type KeySpec } from './row.ts';

const BAD_SCORE = "ERR One or more scores can't be converted into double";
const BY_DENIED = 'ERR BY option of SORT denied due to insufficient ACL permissions.';
const GET_DENIED = 'ERR GET option of SORT denied due to insufficient ACL permissions.';
const STAR = 0x2a;

interface SortOptions {
  descending: boolean;
  alpha: boolean;
  offset: number;
  /** Negative: all. */
  count: number;
  /** Argument index of the pattern, 0 for none. */
  by: number;
  /** BY without `*`. */
  unsorted: boolean;
  /** Argument indexes of patterns. */
  gets: number[];
  /** Argument index of the destination, 0 for none. */
  store: number;
}

export function sort(c: Context): void {
  run(c, parseOptions(c, true));
}

export function sortRo(c: Context): void {
  run(c, parseOptions(c, false));
}

function parseOptions(c: Context, mayStore: boolean): SortOptions {
  const { args } = c;
  const options: SortOptions = {
    descending: false,
    alpha: false,
    offset: 0,
    count: -1,
    by: 0,
    unsorted: false,
    gets: [],
    store: 0,
  };
  const { isClusterNode } = c.services.settings;
  for (let i = 2; i < args.count; i++) {
    const left = args.count - i - 1;
    if (args.is(i, 'asc')) options.descending = false;
    else if (args.is(i, 'desc')) options.descending = true;
    else if (args.is(i, 'alpha')) options.alpha = true;
    else if (args.is(i, 'limit') && left >= 2) {
      options.offset = c.integer(++i);
      options.count = c.integer(++i);
    } else if (mayStore && args.is(i, 'store') && left >= 1) options.store = ++i;
    else if (args.is(i, 'by') && left >= 1) {
      options.by = ++i;
      if (!args.view(i).includes(STAR)) options.unsorted = true;
      else if (isClusterNode) fail('ERR BY option of SORT denied in Cluster mode.');
      else if (!c.services.readsAnyKey(c)) fail(BY_DENIED);
    } else if (args.is(i, 'get') && left >= 1) {
      if (isClusterNode) fail('ERR GET option of SORT denied in Cluster mode.');
      if (!c.services.readsAnyKey(c)) fail(GET_DENIED);
      options.gets.push(++i);
    } else fail(SYNTAX_ERROR);
  }
  return options;
}

function run(c: Context, options: SortOptions): void {
  const entry = c.read(1);
  const kind = entry === NONE ? KIND.list : c.db.kind(entry);
  if (kind !== KIND.list && kind !== KIND.set && kind !== KIND.zset) fail(WRONG_TYPE);
  if (options.unsorted && kind === KIND.set && (options.store > 0 || c.services.isScripted(c))) {
    // What is stored, and what a script does, must not depend on the order in which a set happens to have its members.
    options.unsorted = false;
    options.alpha = true;
    options.by = 0;
  }
  let elements = entry === NONE ? [] : elementsOf(c, entry);
  if (!options.unsorted) elements = order(c, elements, options);
  else if (options.descending && kind !== KIND.set) elements.reverse();
  const chosen = slice(elements, options);
  if (options.store > 0) store(c, chosen, options);
  else reply(c, chosen, options);
}

/** Copies, because lookups by pattern may remove expired keys. */
function elementsOf(c: Context, entry: number): Buffer[] {
  const { db } = c;
  const elements: Buffer[] = [];
  const take = (bytes: Uint8Array, start: number, end: number): void => {
    elements.push(Buffer.from(bytes.subarray(start, end)));
  };
  if (db.kind(entry) === KIND.list) eachElement(db.object(entry) as ListValue, take);
  else if (db.kind(entry) === KIND.set) eachMember(db, entry, take);
  else {
    // Redis turns a small sorted set into a large one here, for good, and OBJECT ENCODING shows it.
    const set = zsetAt(db, unpackZset(db, entry));
    const range = new ByteRange();
    for (let member = set.first; member !== NONE; member = set.next(member)) {
      set.locate(member, range);
      take(range.bytes, range.start, range.end);
    }
  }
  return elements;
}

function slice(elements: Buffer[], { offset, count }: SortOptions): Buffer[] {
  const start = Math.max(offset, 0);
  return elements.slice(start, count < 0 ? undefined : start + count);
}

// -------------------------------------------------------------------------------------------------------------- order

interface Weighed {
  readonly element: Buffer;
  readonly score: number;
  /** What BY found, for ALPHA; null for nothing. */
  readonly value: Buffer | null;
}

function order(c: Context, elements: readonly Buffer[], options: SortOptions): Buffer[] {
  // All are looked up before one is refused: keys may be missed.
  const weighed = elements.map((element) => weigh(c, element, options));
  if (weighed.some(({ score }) => Number.isNaN(score))) fail(BAD_SCORE);
  const direction = options.descending ? -1 : 1;
  const compare = options.alpha ? alphaOrder(options) : byScore;
  weighed.sort((a, b) => direction * compare(a, b));
  return weighed.map(({ element }) => element);
}

function weigh(c: Context, element: Buffer, { by, alpha }: SortOptions): Weighed {
  const value = by > 0 ? lookUp(c, c.args.view(by), element) : element;
  return { element, value, score: alpha || value === null ? 0 : scoreOf(value) };
}

/** As strtod reads it: leading blanks are fine, an empty string is 0, a number out of a double's range is none: NaN. */
function scoreOf(value: Buffer): number {
  const score = parseDoubleLeniently(value, 0, value.length);
  const isOverflow = !Number.isFinite(score) && /\d/.test(value.toString('latin1'));
  return isOverflow ? NaN : score;
}

function byScore(a: Weighed, b: Weighed): number {
  if (a.score !== b.score) return a.score < b.score ? -1 : 1;
  return Buffer.compare(a.element, b.element);
}

/** By bytes. Without STORE, Redis compares as the C locale does: up to the first NUL. */
function alphaOrder({ by, store }: SortOptions): (a: Weighed, b: Weighed) => number {
  const text = store > 0 ? (bytes: Buffer): Buffer => bytes : untilNul;
  return (a, b) => {
    const left = by > 0 ? a.value : a.element;
    const right = by > 0 ? b.value : b.element;
    if (left === null || right === null) return left === right ? 0 : left === null ? -1 : 1;
    return Buffer.compare(text(left), text(right));
  };
}

function untilNul(bytes: Buffer): Buffer {
  const nul = bytes.indexOf(0);
  return nul < 0 ? bytes : bytes.subarray(0, nul);
}

// ----------------------------------------------------------------------------------------------------------- patterns

/** The value that a pattern leads to from an element; null if there is none. */
function lookUp(c: Context, pattern: Buffer, element: Buffer): Buffer | null {
  if (pattern.length === 1 && pattern[0] === 0x23) return element;
  const star = pattern.indexOf(STAR);
  if (star < 0) return null;
  const arrow = pattern.indexOf('->', star + 1, 'latin1');
  const hasField = arrow >= 0 && arrow + 2 < pattern.length;
  const end = hasField ? arrow : pattern.length;
  const key = Buffer.concat([pattern.subarray(0, star), element, pattern.subarray(star + 1, end)]);
  const entry = c.db.read(key, 0, key.length);
  if (entry === NONE) return null;
  if (hasField) return fieldOf(c, entry, pattern.subarray(arrow + 2));
  return c.db.kind(entry) === KIND.string ? Buffer.from(c.db.view(entry)) : null;
}

function fieldOf(c: Context, entry: number, field: Buffer): Buffer | null {
  const { db } = c;
  if (db.kind(entry) !== KIND.hash) return null;
  const place = findField(db, entry, field, 0, field.length);
  if (place === NONE) return null;
  if (!db.isPacked(entry)) return Buffer.from(db.view(place));
  const bytes = db.bytes(entry);
  const value = Buffer.allocUnsafe(elementLength(bytes, place));
  copyElement(bytes, place, value, 0);
  return value;
}

// ------------------------------------------------------------------------------------------------------------- result

function reply(c: Context, elements: readonly Buffer[], { gets }: SortOptions): void {
  c.reply.array(elements.length * Math.max(1, gets.length));
  for (const element of elements) {
    if (gets.length === 0) c.reply.bulkBytes(element);
    for (const get of gets) {
      const value = lookUp(c, c.args.view(get), element);
      if (value === null) c.reply.nil();
      else c.reply.bulkBytes(value);
    }
  }
}

function store(c: Context, elements: readonly Buffer[], options: SortOptions): void {
  const { args, db } = c;
  const { settings } = c.services;
  const list = new ListValue(c.keyspace.heap, settings.listNodeFill);
  const push = (value: Buffer): void => list.push(false, value, 0, value.length, settings.plainElementBytes);
  for (const element of elements) {
    if (options.gets.length === 0) push(element);
    for (const get of options.gets) push(lookUp(c, args.view(get), element) ?? Buffer.alloc(0));
  }
  const { size } = list;
  const start = args.starts[options.store]!;
  const end = args.ends[options.store]!;
  if (size > 0) {
    db.setObject(args.bytes, start, end, list);
    c.changed(options.store, NOTIFY.list, 'sortstore', size);
  } else {
    const old = db.stored(args.bytes, start, end);
    if (old !== NONE) {
      db.remove(old);
      c.changed(options.store, NOTIFY.generic, 'del');
    }
  }
  c.reply.integer(size);
}

/** The key, and the last STORE's destination. */
function keysOfSort(args: Arguments): FoundKey[] {
  const keys: FoundKey[] = [{ index: 1, flags: 'RO access' }];
  let destination = 0;
  for (let i = 2; i < args.count; i++) {
    const left = args.count - i - 1;
    if (args.is(i, 'limit')) i += 2;
    else if (args.is(i, 'get') || args.is(i, 'by')) i++;
    else if (args.is(i, 'store') && left >= 1) destination = ++i;
  }
  return destination > 0 ? [...keys, { index: destination, flags: 'OW update' }] : keys;
}

const UNKNOWN = { begin: { unknown: true }, find: { unknown: true } } as const;
const SOURCE: KeySpec[] = [...keyAt(1, 'RO access'), { flags: 'RO access', ...UNKNOWN }];
const SYNTAX =
  'key [BY pattern#1] offset_count=[LIMIT <offset:integer count:integer>] [GET... pattern#1] order=[ASC | DESC] ' +
  'sorting=[ALPHA]';

export const sortCommands = family('generic', [
  {
    name: 'sort',
    arity: -2,
    flags: ['write', 'denyoom', 'movablekeys'],
    keys: [...SOURCE, { flags: 'OW update', ...UNKNOWN }],
    findKeys: keysOfSort,
    acl: ['set', 'sortedset', 'list', 'dangerous'],
    since: '1.0.0',
    summary: 'Sorts the elements of a list, set or sorted set, and replies or stores the result',
    complexity: 'O(N+M*log(M)) for N elements of which M are replied',
    syntax: `${SYNTAX} [STORE destination:key#2]`,
    run: sort,
  },
  {
    name: 'sort_ro',
    arity: -2,
    flags: ['readonly', 'movablekeys'],
    keys: SOURCE,
    findKeys: (args) => keysOfSort(args).slice(0, 1),
    acl: ['set', 'sortedset', 'list', 'dangerous'],
    since: '7.0.0',
    summary: 'Sorts the elements of a list, set or sorted set, and replies the result',
    complexity: 'O(N+M*log(M)) for N elements of which M are replied',
    syntax: SYNTAX,
    run: sortRo,
  },
]);
