/** Sorted sets: what adds, scores and removes single members. Ranges are removed in sorted-set-range.ts. */
import { fail, NOT_POSITIVE, SYNTAX_ERROR } from '../core/errors.ts';
import { NONE } from '../data/heap.ts';
import { KIND } from '../data/value.ts';
import { addMember, createZset, removeMembers, setMemberScore, zsetAt } from '../data/zset-entry.ts';
import { ByteRange } from '../data/zset-reader.ts';
import type { Context } from './context.ts';
import { NOTIFY } from './notify-class.ts';
import { sendMember } from './sorted-set-send.ts';

const NAN_SCORE = 'ERR resulting score is not a number (NaN)';

/** Options of ZADD, as bits. */
const NX = 1;
const XX = 2;
const GT = 4;
const LT = 8;
const INCR = 16;
const CH = 32;

const LETTERS_FROM = 0x41;

const OPTIONS: readonly (readonly [string, number])[] = [
  ['nx', NX],
  ['xx', XX],
  ['gt', GT],
  ['lt', LT],
  ['incr', INCR],
  ['ch', CH],
];

/** What became of a pair of score and member. */
const SKIPPED = 0;
const UNCHANGED = 1;
const ADDED = 2;
const UPDATED = 3;

export function zadd(c: Context): void {
  add(c, 0);
}

export function zincrby(c: Context): void {
  add(c, INCR);
}

function add(c: Context, given: number): void {
  const { args } = c;
  let options = given;
  let first = 2;
  for (let option = optionAt(c, first); option !== 0; option = optionAt(c, ++first)) options |= option;
  checkOptions(options, args.count - first);
  for (let i = first; i < args.count; i += 2) c.double(i);
  const run = new Addition(c, options);
  run.entry = c.writeKind(1, KIND.zset);
  if (run.entry !== NONE || (options & XX) === 0) {
    for (let i = first; i < args.count; i += 2) run.take(i);
  }
  run.announce();
  run.reply();
}

function optionAt(c: Context, index: number): number {
  const { args } = c;
  if (index >= args.count || args.length(index) > 4) return 0;
  // Most calls have a score here, which begins with a digit or a sign.
  if (args.bytes[args.starts[index]!]! < LETTERS_FROM) return 0;
  for (const [name, bit] of OPTIONS) if (c.args.is(index, name)) return bit;
  return 0;
}

function checkOptions(options: number, rest: number): void {
  if (rest === 0 || rest % 2 !== 0) fail(SYNTAX_ERROR);
  if ((options & NX) !== 0 && (options & XX) !== 0) {
    fail('ERR XX and NX options at the same time are not compatible');
  }
  if (((options & (GT | LT)) !== 0 && (options & NX) !== 0) || ((options & GT) !== 0 && (options & LT) !== 0)) {
    fail('ERR GT, LT, and/or NX options at the same time are not compatible');
  }
  if ((options & INCR) !== 0 && rest > 2) fail('ERR INCR option supports a single increment-element pair');
}

/** One ZADD or ZINCRBY. */
class Addition {
  entry = NONE;
  readonly #c: Context;
  readonly #options: number;
  #added = 0;
  #updated = 0;
  /** Of the last pair; NaN if it was skipped. */
  #score = NaN;

  constructor(c: Context, options: number) {
    this.#c = c;
    this.#options = options;
  }

  /** Executes the pair of score and member at an index. */
  take(index: number): void {
    const outcome = this.#apply(index);
    if (outcome === ADDED) this.#added++;
    else if (outcome === UPDATED) this.#updated++;
    else if (outcome === SKIPPED) this.#score = NaN;
  }

  #apply(index: number): number {
    const { args, db, services } = this.#c;
    const { bytes } = args;
    const start = args.starts[index + 1]!;
    const end = args.ends[index + 1]!;
    const limits = services.settings.zsetLimits;
    this.#score = args.double(index);
    if (this.entry === NONE) {
      this.entry = createZset(db, bytes, args.starts[1]!, args.ends[1]!, end - start, limits);
    }
    const set = zsetAt(db, this.entry);
    const member = set.find(bytes, start, end);
    if (member !== NONE) return this.#update(member, set.score(member), bytes, start, end);
    if ((this.#options & XX) !== 0) return SKIPPED;
    this.entry = addMember(db, this.entry, this.#score, bytes, start, end, limits);
    return ADDED;
  }

  #update(member: number, current: number, bytes: Uint8Array, start: number, end: number): number {
    const options = this.#options;
    if ((options & NX) !== 0) return SKIPPED;
    if ((options & INCR) !== 0) {
      this.#score += current;
      if (Number.isNaN(this.#score)) fail(NAN_SCORE);
    }
    const score = this.#score;
    if (((options & LT) !== 0 && score >= current) || ((options & GT) !== 0 && score <= current)) return SKIPPED;
    if (score === current) return UNCHANGED;
    this.entry = setMemberScore(this.#c.db, this.entry, member, score, bytes, start, end);
    return UPDATED;
  }

  announce(): void {
    const changes = this.#added + this.#updated;
    if (changes > 0) this.#c.changed(1, NOTIFY.zset, (this.#options & INCR) !== 0 ? 'zincr' : 'zadd', changes);
  }

  reply(): void {
    const { reply } = this.#c;
    if ((this.#options & INCR) === 0) {
      reply.integer((this.#options & CH) !== 0 ? this.#added + this.#updated : this.#added);
    } else if (Number.isNaN(this.#score)) reply.nil();
    else reply.double(this.#score);
  }
}

export function zrem(c: Context): void {
  const { args, db } = c;
  let entry = c.writeKind(1, KIND.zset);
  let removed = 0;
  for (let i = 2; i < args.count && entry !== NONE; i++) {
    const set = zsetAt(db, entry);
    const member = set.find(args.bytes, args.starts[i]!, args.ends[i]!);
    if (member === NONE) continue;
    removed++;
    entry = removeMembers(db, entry, member, 1);
    if (zsetAt(db, entry).size > 0) continue;
    db.remove(entry);
    entry = NONE;
  }
  if (removed > 0) {
    c.changed(1, NOTIFY.zset, 'zrem', removed);
    if (entry === NONE) c.notify(1, NOTIFY.generic, 'del');
  }
  c.reply.integer(removed);
}

// ---------------------------------------------------------------------------------------------------------------- pop

export type End = 'min' | 'max';

export function zpopmin(c: Context): void {
  popFromKey(c, 'min');
}

export function zpopmax(c: Context): void {
  popFromKey(c, 'max');
}

function popFromKey(c: Context, end: End): void {
  const { args, reply } = c;
  if (args.count > 3) fail(SYNTAX_ERROR);
  const count = args.count === 3 ? c.integerWithin(2, 0, Infinity, NOT_POSITIVE) : 1;
  const entry = c.writeKind(1, KIND.zset);
  if (entry === NONE || count === 0) {
    reply.array(0);
    return;
  }
  const popped = Math.min(count, zsetAt(c.db, entry).size);
  const isNested = args.count === 3 && reply.protocol === 3;
  reply.array(isNested ? popped : popped * 2);
  pop(c, 1, entry, end, popped, isNested);
}

/** Removes so many members of the set under a key argument, all of them there, from one end, and replies them. */
function pop(c: Context, key: number, entry: number, end: End, count: number, isNested: boolean): void {
  const { db, reply } = c;
  const set = zsetAt(db, entry);
  const isWhole = count === set.size;
  const range = new ByteRange();
  let member = end === 'min' ? set.first : set.last;
  let first = member;
  for (let left = count; left > 0; left--) {
    if (isNested) reply.array(2);
    sendMember(reply, set, member, range);
    reply.double(set.score(member));
    first = member;
    member = end === 'min' ? set.next(member) : set.previous(member);
  }
  if (isWhole) db.remove(entry, 'server');
  else removeMembers(db, entry, end === 'min' ? set.first : first, count);
  c.changed(key, NOTIFY.zset, end === 'min' ? 'zpopmin' : 'zpopmax', count);
  if (isWhole) c.notify(key, NOTIFY.generic, 'del');
}

export interface MultiplePop {
  readonly firstKey: number;
  readonly keys: number;
  readonly end: End;
  readonly count: number;
}

/** Arguments of ZMPOP and BZMPOP from the number of keys on. */
export function parseMultiplePop(c: Context, index: number): MultiplePop {
  const { args } = c;
  const keys = c.integerWithin(index, 1, Infinity, 'ERR numkeys should be greater than 0');
  const at = index + keys + 1;
  if (at >= args.count) fail(SYNTAX_ERROR);
  const end = args.is(at, 'min') ? 'min' : args.is(at, 'max') ? 'max' : fail(SYNTAX_ERROR);
  let count = NaN;
  for (let i = at + 1; i < args.count; i += 2) {
    if (!Number.isNaN(count) || !args.is(i, 'count') || i + 1 === args.count) fail(SYNTAX_ERROR);
    count = c.integerWithin(i + 1, 1, Infinity, 'ERR count should be greater than 0');
  }
  return { firstKey: index + 1, keys, end, count: Number.isNaN(count) ? 1 : count };
}

export function zmpop(c: Context): void {
  if (!popFromFirst(c, parseMultiplePop(c, 1))) c.reply.nilArray();
}

/** Pops from the first of the keys that there is. @returns whether there is one. */
function popFromFirst(c: Context, { firstKey, keys, end, count }: MultiplePop): boolean {
  for (let key = firstKey; key < firstKey + keys; key++) {
    const entry = c.writeKind(key, KIND.zset);
    if (entry === NONE) continue;
    popManyWithKey(c, key, entry, end, count);
    return true;
  }
  return false;
}

/** Pops up to `count` members and replies the key and pairs, as ZMPOP does. */
export function popManyWithKey(c: Context, key: number, entry: number, end: End, count: number): void {
  const { args, reply } = c;
  const popped = Math.min(count, zsetAt(c.db, entry).size);
  reply.array(2);
  reply.bulk(args.bytes, args.starts[key]!, args.length(key));
  reply.array(popped);
  pop(c, key, entry, end, popped, true);
  if (c.services.propagates) c.propagateInstead([`ZPOP${end.toUpperCase()}`, args.copy(key), String(popped)]);
}

/** Pops one member and replies key, member and score, as BZPOPMIN does. */
export function popOneWithKey(c: Context, key: number, entry: number, end: End): void {
  const { args, reply } = c;
  reply.array(3);
  reply.bulk(args.bytes, args.starts[key]!, args.length(key));
  pop(c, key, entry, end, 1, false);
  if (c.services.propagates) c.propagateInstead([`ZPOP${end.toUpperCase()}`, args.copy(key)]);
}
