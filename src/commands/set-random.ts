/**
 * SPOP and SRANDMEMBER. Both take time in proportion to the count, never to the set, unless the count is a good part
 * of it:
 *
 * - SRANDMEMBER with a negative count draws every member anew from the whole set, so members may repeat.
 * - A count of at least the size takes everything.
 * - SRANDMEMBER of more than a third of the members draws from a list of all.
 * - SPOP that leaves only few members draws those that stay, and gives the others away.
 * - Else members are drawn from the set until there are enough (t_set.c).
 */
import { fail, NOT_POSITIVE, SYNTAX_ERROR } from '../core/errors.ts';
import { NONE } from '../data/heap.ts';
import { copyMember, intsetLength } from '../data/intset.ts';
import { removeMemberFromEntry } from '../data/packed-value.ts';
import { SetBuilder } from '../data/set-builder.ts';
import { eachMember, setSize, setValueOf } from '../data/set-entry.ts';
import { KIND } from '../data/value.ts';
import type { Context } from './context.ts';
import { sendKey } from './keys.ts';
import { NOTIFY } from './notify-class.ts';
import { drawToFront, parseRandomCount, repetitions } from './random-count.ts';
import { sendMember } from './send-element.ts';

/** From this share of the set on, drawing from a list of all members is cheaper than drawing until all differ. */
const LIST_SHARE = 3;
/** When so many times what stays is less than what goes, SPOP draws what stays. */
const STAY_SHARE = 5;
const DIGITS_MAX = 20;

/** A random member: its index in an intset, its record in a large set. */
function randomMember(c: Context, entry: number): number {
  const { db } = c;
  const { random } = c.services;
  if (!db.isPacked(entry)) return setValueOf(db, entry).dict.fairRandom(random);
  return random.below(intsetLength(db.bytes(entry), db.valueOffset(entry)));
}

function sendRandomMember(c: Context, entry: number, member: number): void {
  if (c.db.isPacked(entry)) sendMember(c.reply, c.db.bytes(entry), c.db.valueOffset(entry), member);
  else sendKey(c, member);
}

/** A copy of a member. */
function copyOf(c: Context, entry: number, member: number): Buffer {
  const { db } = c;
  if (!db.isPacked(entry)) return db.keyOf(member);
  const digits = Buffer.allocUnsafe(DIGITS_MAX);
  return digits.subarray(0, copyMember(db.bytes(entry), db.valueOffset(entry), member, digits, 0));
}

/** @returns the entry, which may be left without members. */
function removeRandomMember(c: Context, entry: number, member: number): number {
  if (c.db.isPacked(entry)) return removeMemberFromEntry(c.db, entry, member);
  setValueOf(c.db, entry).removeRecord(member);
  return entry;
}

// --------------------------------------------------------------------------------------------------------------- SPOP

export function spop(c: Context): void {
  if (c.args.count > 3) fail(SYNTAX_ERROR);
  if (c.args.count === 3) {
    popMany(c);
    return;
  }
  let entry = c.writeKind(1, KIND.set);
  if (entry === NONE) {
    c.reply.nil();
    return;
  }
  const member = randomMember(c, entry);
  sendRandomMember(c, entry, member);
  if (c.services.propagates) c.propagateInstead(['SREM', c.args.view(1), copyOf(c, entry, member)]);
  entry = removeRandomMember(c, entry, member);
  c.changed(1, NOTIFY.set, 'spop');
  if (setSize(c.db, entry) > 0) return;
  c.db.remove(entry);
  c.notify(1, NOTIFY.generic, 'del');
}

function popMany(c: Context): void {
  const count = c.integer(2, NOT_POSITIVE);
  if (count < 0) fail(NOT_POSITIVE);
  const entry = c.writeKind(1, KIND.set);
  if (entry === NONE || count === 0) {
    c.reply.set(0);
    return;
  }
  const size = setSize(c.db, entry);
  c.reply.set(Math.min(count, size));
  if (count >= size) popAll(c, entry, size);
  else if ((size - count) * STAY_SHARE > count) popSome(c, entry, count);
  else popMost(c, entry, count, size - count);
}

function popAll(c: Context, entry: number, size: number): void {
  // Redis looks the key up once more to read it, and counts that.
  c.keyspace.statistics.hits++;
  sendMembers(c, entry);
  c.db.remove(entry, 'server');
  c.changed(1, NOTIFY.set, 'spop', size);
  c.notify(1, NOTIFY.generic, 'del');
  if (c.services.propagates) c.propagateInstead(['DEL', c.args.view(1)]);
}

function popSome(c: Context, entry: number, count: number): void {
  const removals: (readonly (string | Uint8Array)[])[] = [];
  let set = entry;
  for (let left = count; left > 0; left--) {
    const member = randomMember(c, set);
    sendRandomMember(c, set, member);
    if (c.services.propagates) removals.push(['SREM', c.args.view(1), copyOf(c, set, member)]);
    set = removeRandomMember(c, set, member);
  }
  if (c.services.propagates) c.propagateInstead(...removals);
  c.changed(1, NOTIFY.set, 'spop', count);
}

function popMost(c: Context, entry: number, count: number, staying: number): void {
  const { db } = c;
  const rest = new SetBuilder(db.keyspace, c.services.settings.intsetMembersMax);
  let set = entry;
  for (let left = staying; left > 0; left--) {
    const member = randomMember(c, set);
    const bytes = copyOf(c, set, member);
    rest.add(bytes, 0, bytes.length);
    set = removeRandomMember(c, set, member);
  }
  sendMembers(c, set);
  if (c.services.propagates) {
    const removals: (readonly (string | Uint8Array)[])[] = [];
    eachMember(db, set, (bytes, start, end) => {
      removals.push(['SREM', c.args.view(1), Buffer.from(bytes.subarray(start, end))]);
    });
    c.propagateInstead(...removals);
  }
  rest.replace(db, set);
  c.changed(1, NOTIFY.set, 'spop', count);
}

/** Replies all members, without a head. */
export function sendMembers(c: Context, entry: number): void {
  const { db, reply } = c;
  if (!db.isPacked(entry)) {
    setValueOf(db, entry).dict.forEach((record) => sendKey(c, record));
    return;
  }
  const bytes = db.bytes(entry);
  const at = db.valueOffset(entry);
  const length = intsetLength(bytes, at);
  for (let index = 0; index < length; index++) sendMember(reply, bytes, at, index);
}

// -------------------------------------------------------------------------------------------------------- SRANDMEMBER

export function srandmember(c: Context): void {
  const { args, reply } = c;
  if (args.count > 3) fail(SYNTAX_ERROR);
  if (args.count === 2) {
    const entry = c.readKind(1, KIND.set);
    if (entry === NONE) reply.nil();
    else sendRandomMember(c, entry, randomMember(c, entry));
    return;
  }
  const count = parseRandomCount(c, 2);
  const entry = c.readKind(1, KIND.set);
  if (entry === NONE || count === 0) reply.array(0);
  else if (count < 0) sendRepeatedly(c, entry, repetitions(count));
  else sendDistinct(c, entry, Math.min(count, setSize(c.db, entry)));
}

function sendRepeatedly(c: Context, entry: number, count: number): void {
  c.reply.array(count);
  for (let left = count; left > 0 && !c.reply.isDropping; left--) {
    sendRandomMember(c, entry, randomMember(c, entry));
  }
}

function sendDistinct(c: Context, entry: number, count: number): void {
  const size = setSize(c.db, entry);
  c.reply.array(count);
  if (count === size) sendMembers(c, entry);
  else if (count * LIST_SHARE > size) {
    const members = allMembers(c, entry, size);
    drawToFront(members, count, c.services.random);
    for (let i = 0; i < count; i++) sendRandomMember(c, entry, members[i]!);
  } else {
    const drawn = new Set<number>();
    while (drawn.size < count) drawn.add(randomMember(c, entry));
    for (const member of drawn) sendRandomMember(c, entry, member);
  }
}

/** The indexes of an intset, the records of a large set. */
function allMembers(c: Context, entry: number, size: number): number[] {
  if (c.db.isPacked(entry)) return Array.from({ length: size }, (_, index) => index);
  const records: number[] = [];
  setValueOf(c.db, entry).dict.forEach((record) => records.push(record));
  return records;
}
