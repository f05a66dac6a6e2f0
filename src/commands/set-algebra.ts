/**
 * Intersections, unions and differences, replied or stored. Missing keys are empty sets. Results that are stored are
 * built beside the keyspace first, so that the destination may be one of the sources.
 */
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import type { Database } from '../data/database.ts';
import { NONE } from '../data/heap.ts';
import { SetBuilder } from '../data/set-builder.ts';
import { eachMember, isMember, setSize } from '../data/set-entry.ts';
import type { MemberVisitor } from '../data/set-value.ts';
import { KIND } from '../data/value.ts';
import type { Context } from './context.ts';
import { NOTIFY } from './notify-class.ts';
import { sendMembers } from './set-random.ts';

/** The sets at arguments `first` to `last`; NONE for a missing key. */
function readSets(c: Context, first: number, last: number): number[] {
  const sets: number[] = [];
  for (let i = first; i <= last; i++) sets.push(c.readKind(i, KIND.set));
  return sets;
}

function sizeOf(db: Database, set: number): number {
  return set === NONE ? 0 : setSize(db, set);
}

// ------------------------------------------------------------------------------------------------------- intersections

export function sinter(c: Context): void {
  const sets = readSets(c, 1, c.args.count - 1);
  const { reply } = c;
  if (sets.includes(NONE)) reply.set(0);
  else if (sets.length === 1) {
    reply.set(setSize(c.db, sets[0]!));
    sendMembers(c, sets[0]!);
  } else replySet(c, (visit) => eachCommon(c.db, sets, visit));
}

export function sinterstore(c: Context): void {
  const sets = readSets(c, 2, c.args.count - 1);
  const result = newBuilder(c);
  if (!sets.includes(NONE)) eachCommon(c.db, sets, (bytes, start, end) => result.add(bytes, start, end));
  store(c, result, 'sinterstore');
}

export function sintercard(c: Context): void {
  const { args } = c;
  const notPositive = 'ERR numkeys should be greater than 0';
  const keys = c.integer(1, notPositive);
  if (keys < 1) fail(notPositive);
  if (keys > args.count - 2) fail("ERR Number of keys can't be greater than number of args");
  let limit = 0;
  for (let i = 2 + keys; i < args.count; i += 2) {
    if (!args.is(i, 'limit') || i + 1 === args.count) fail(SYNTAX_ERROR);
    limit = c.integer(i + 1, LIMIT_ERROR);
    if (limit < 0) fail(LIMIT_ERROR);
  }
  const sets = readSets(c, 2, 1 + keys);
  let count = 0;
  if (!sets.includes(NONE)) eachCommon(c.db, sets, () => ++count !== limit);
  c.reply.integer(count);
}

const LIMIT_ERROR = "ERR LIMIT can't be negative";

/** Visits what all sets have in common: the members of the smallest one that the others have too. */
function eachCommon(db: Database, sets: readonly number[], visit: MemberVisitor): void {
  const [smallest, ...others] = [...new Set(sets)].sort((a, b) => setSize(db, a) - setSize(db, b));
  eachMember(db, smallest!, (bytes, start, end) => {
    for (const other of others) if (!isMember(db, other, bytes, start, end)) return true;
    return visit(bytes, start, end);
  });
}

// -------------------------------------------------------------------------------------------------------------- unions

export function sunion(c: Context): void {
  replyBuilt(c, union(c, 1));
}

export function sunionstore(c: Context): void {
  store(c, union(c, 2), 'sunionstore');
}

function union(c: Context, first: number): SetBuilder {
  const sets = readSets(c, first, c.args.count - 1);
  const result = newBuilder(c);
  for (const set of sets) {
    if (set !== NONE) eachMember(c.db, set, (bytes, start, end) => result.add(bytes, start, end));
  }
  return result;
}

// --------------------------------------------------------------------------------------------------------- differences

export function sdiff(c: Context): void {
  const sets = readSets(c, 1, c.args.count - 1);
  if (isWorthAsking(c.db, sets)) replySet(c, (visit) => eachOwn(c.db, sets, visit));
  else replyBuilt(c, subtract(c, sets));
}

export function sdiffstore(c: Context): void {
  const sets = readSets(c, 2, c.args.count - 1);
  let result: SetBuilder;
  if (isWorthAsking(c.db, sets)) {
    result = newBuilder(c);
    eachOwn(c.db, sets, (bytes, start, end) => result.add(bytes, start, end));
  } else result = subtract(c, sets);
  store(c, result, 'sdiffstore');
}

/**
 * There are two ways to a difference: to ask for each member of the first set all others, or to take a copy of the
 * first set and remove from it whatever the others have. The first does less per step, and more steps, if the first
 * set is large and others are small.
 */
function isWorthAsking(db: Database, sets: readonly number[]): boolean {
  const present = sets.filter((set) => set !== NONE);
  const asked = Math.floor((sizeOf(db, sets[0]!) * present.length) / 2);
  return asked <= present.reduce((sum, set) => sum + setSize(db, set), 0);
}

/** Visits the members of the first set that no other set has. */
function eachOwn(db: Database, sets: readonly number[], visit: MemberVisitor): void {
  const [first, ...others] = sets;
  if (first === NONE || others.includes(first!)) return;
  // Large sets first: they are the likeliest to settle it.
  const ordered = others.filter((set) => set !== NONE).sort((a, b) => setSize(db, b) - setSize(db, a));
  eachMember(db, first!, (bytes, start, end) => {
    for (const other of ordered) if (isMember(db, other, bytes, start, end)) return true;
    return visit(bytes, start, end);
  });
}

function subtract(c: Context, sets: readonly number[]): SetBuilder {
  const { db } = c;
  const [first, ...others] = sets;
  const result = newBuilder(c);
  if (first === NONE || others.includes(first!)) return result;
  eachMember(db, first!, (bytes, start, end) => result.add(bytes, start, end));
  for (const other of others) {
    if (other === NONE) continue;
    eachMember(db, other, (bytes, start, end) => {
      result.remove(bytes, start, end);
      return result.size > 0;
    });
  }
  return result;
}

// ------------------------------------------------------------------------------------------------------------- results

function newBuilder(c: Context): SetBuilder {
  return new SetBuilder(c.keyspace, c.services.settings.intsetMembersMax);
}

/** Replies the members that `walk` visits. */
function replySet(c: Context, walk: (visit: MemberVisitor) => void): void {
  const { reply } = c;
  const start = reply.mark();
  let count = 0;
  walk((bytes, from, end) => {
    reply.bulk(bytes, from, end - from);
    count++;
  });
  reply.setAt(start, count);
}

function replyBuilt(c: Context, result: SetBuilder): void {
  c.reply.set(result.size);
  result.each((bytes, start, end) => c.reply.bulk(bytes, start, end - start));
  result.release();
}

/** Puts a result under the key at argument 1; an empty one removes the key. */
function store(c: Context, result: SetBuilder, event: string): void {
  const { db } = c;
  const { bytes, starts, ends } = c.args;
  const { size } = result;
  if (size > 0) {
    result.store(db, bytes, starts[1]!, ends[1]!);
    c.changed(1, NOTIFY.set, event);
  } else {
    // An expired key counts as removed here: only its absence is asked for.
    const old = db.dict.find(bytes, starts[1]!, ends[1]!);
    if (old !== NONE) {
      db.remove(old, 'server');
      c.changed(1, NOTIFY.generic, 'del');
    }
    result.release();
  }
  c.reply.integer(size);
}
