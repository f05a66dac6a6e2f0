/**
 * Sets: the rows of all commands of the group, and the handlers for members that are named. Random ones are in
 * set-random.ts, intersections and the like in set-algebra.ts.
 */
import { NONE } from '../data/heap.ts';
import { addMember, eachInteger, insertSet, isMember, removeMember, setSize, setValueOf } from '../data/set-entry.ts';
import { KIND } from '../data/value.ts';
import type { Context } from './context.ts';
import { matchesKey, sendKey } from './keys.ts';
import { NOTIFY } from './notify-class.ts';
import { removeEmpty } from './remove-empty.ts';
import { family, keyAt, keyPair, keysFrom, numberedKeys } from './row.ts';
import { parseCursor, parseScanOptions, scanDict, type ScanOptions } from './scan.ts';
import { sdiff, sdiffstore, sinter, sintercard, sinterstore, sunion, sunionstore } from './set-algebra.ts';
import { sendMembers, spop, srandmember } from './set-random.ts';

function sadd(c: Context): void {
  const { db } = c;
  const found = c.writeKind(1, KIND.set);
  const before = found === NONE ? 0 : setSize(db, found);
  const entry = found === NONE ? fillNew(c) : fill(c, found);
  const added = setSize(db, entry) - before;
  if (added > 0) c.changed(1, NOTIFY.set, 'sadd', added);
  c.reply.integer(added);
}

function fill(c: Context, entry: number): number {
  const { bytes, starts, ends, count } = c.args;
  const { intsetMembersMax } = c.services.settings;
  let set = entry;
  for (let i = 2; i < count; i++) set = addMember(c.db, set, bytes, starts[i]!, ends[i]!, intsetMembersMax);
  return set;
}

/** Where memory runs out, no set without members stays behind. */
function fillNew(c: Context): number {
  const entry = insertFor(c, 1, 2, c.args.count - 2);
  try {
    return fill(c, entry);
  } catch (error) {
    removeEmpty(c, 1, setSize);
    throw error;
  }
}

/** An empty set for the member at an argument, under a key for which `write` has just found nothing. */
function insertFor(c: Context, key: number, member: number, count: number): number {
  const { bytes, starts, ends } = c.args;
  return insertSet(c.db, bytes, starts[key]!, ends[key]!, bytes, starts[member]!, ends[member]!, count);
}

function srem(c: Context): void {
  const { args, db } = c;
  let entry = c.writeKind(1, KIND.set);
  if (entry === NONE) {
    c.reply.integer(0);
    return;
  }
  const before = setSize(db, entry);
  let left = before;
  for (let i = 2; i < args.count && left > 0; i++) {
    entry = removeMember(db, entry, args.bytes, args.starts[i]!, args.ends[i]!);
    left = setSize(db, entry);
  }
  if (left === 0) db.remove(entry);
  if (left < before) c.changed(1, NOTIFY.set, 'srem', before - left);
  if (left === 0) c.notify(1, NOTIFY.generic, 'del');
  c.reply.integer(before - left);
}

function smove(c: Context): void {
  const { db } = c;
  const { bytes, starts, ends } = c.args;
  const source = c.write(1);
  const target = c.write(2);
  if (source === NONE) {
    c.reply.integer(0);
    return;
  }
  c.demandKind(source, KIND.set);
  if (target !== NONE) c.demandKind(target, KIND.set);
  const isHere = isMember(db, source, bytes, starts[3]!, ends[3]!);
  c.reply.integer(isHere ? 1 : 0);
  if (!isHere || source === target) return;
  const left = removeMember(db, source, bytes, starts[3]!, ends[3]!);
  const isEmpty = setSize(db, left) === 0;
  if (isEmpty) db.remove(left);
  c.changed(1, NOTIFY.set, 'srem');
  if (isEmpty) c.notify(1, NOTIFY.generic, 'del');
  // The place for a new key is only known after another look for it.
  const set = target === NONE && c.write(2) === NONE ? insertFor(c, 2, 3, 1) : target;
  const before = setSize(db, set);
  const grown = addMember(db, set, bytes, starts[3]!, ends[3]!, c.services.settings.intsetMembersMax);
  if (setSize(db, grown) > before) c.changed(2, NOTIFY.set, 'sadd');
}

// ------------------------------------------------------------------------------------------------------------- reading

function sismember(c: Context): void {
  c.reply.integer(hasMember(c, c.readKind(1, KIND.set), 2) ? 1 : 0);
}

function smismember(c: Context): void {
  const entry = c.readKind(1, KIND.set);
  c.reply.array(c.args.count - 2);
  for (let i = 2; i < c.args.count; i++) c.reply.integer(hasMember(c, entry, i) ? 1 : 0);
}

function hasMember(c: Context, entry: number, index: number): boolean {
  const { args } = c;
  return entry !== NONE && isMember(c.db, entry, args.bytes, args.starts[index]!, args.ends[index]!);
}

function scard(c: Context): void {
  const entry = c.readKind(1, KIND.set);
  c.reply.integer(entry === NONE ? 0 : setSize(c.db, entry));
}

function smembers(c: Context): void {
  const entry = c.readKind(1, KIND.set);
  c.reply.set(entry === NONE ? 0 : setSize(c.db, entry));
  if (entry !== NONE) sendMembers(c, entry);
}

function sscan(c: Context): void {
  const cursor = parseCursor(c, 2);
  const entry = c.readKind(1, KIND.set);
  if (entry === NONE) {
    c.reply.array(2);
    c.reply.bulkInteger(0);
    c.reply.array(0);
    return;
  }
  const options = parseScanOptions(c, 3, false);
  c.reply.array(2);
  if (c.db.isPacked(entry)) scanIntset(c, entry, options);
  else scanLarge(c, entry, cursor, options);
}

/** An intset is small: all of it comes at once. */
function scanIntset(c: Context, entry: number, { glob }: ScanOptions): void {
  const { db, reply } = c;
  reply.bulkInteger(0);
  const mark = reply.mark();
  let count = 0;
  eachInteger(db.bytes(entry), db.valueOffset(entry), (bytes, start, end) => {
    if (glob !== null && !glob.matches(bytes, start, end)) return;
    reply.bulk(bytes, start, end - start);
    count++;
  });
  reply.arrayAt(mark, count);
}

function scanLarge(c: Context, entry: number, cursor: number, { count, glob }: ScanOptions): void {
  const { db, reply } = c;
  const found: number[] = [];
  reply.bulkInteger(scanDict(setValueOf(db, entry).dict, cursor, count, found));
  const selected = glob === null ? found : found.filter((record) => matchesKey(glob, db, record));
  reply.array(selected.length);
  for (const record of selected) sendKey(c, record);
}

const SOURCES = keysFrom(2, 'RO access');

export const setCommands = family('set', [
  {
    name: 'sadd',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW insert'),
    since: '1.0.0',
    summary: 'Adds members to a set and returns how many of them are new',
    complexity: 'O(N) with the number N of members to add',
    syntax: 'key member ...',
    history: [['2.4.0', 'Several members']],
    run: sadd,
  },
  {
    name: 'scard',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: keyAt(1, 'RO'),
    since: '1.0.0',
    summary: 'Returns how many members a set has',
    complexity: 'O(1)',
    syntax: 'key',
    run: scard,
  },
  {
    name: 'sdiff',
    arity: -2,
    flags: ['readonly'],
    keys: keysFrom(1, 'RO access'),
    tips: ['nondeterministic_output_order'],
    since: '1.0.0',
    summary: 'Returns the members of the first set that no other set has',
    complexity: 'O(N) with the number N of members of all sets',
    syntax: 'key ...',
    run: sdiff,
  },
  {
    name: 'sdiffstore',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: [...keyAt(1, 'OW update'), ...SOURCES],
    since: '1.0.0',
    summary: 'Stores the members of the first set that no other set has',
    complexity: 'O(N) with the number N of members of all sets',
    syntax: 'destination:key key ...',
    run: sdiffstore,
  },
  {
    name: 'sinter',
    arity: -2,
    flags: ['readonly'],
    keys: keysFrom(1, 'RO access'),
    tips: ['nondeterministic_output_order'],
    since: '1.0.0',
    summary: 'Returns the members that all sets have',
    complexity: 'O(N*M) at worst, with the size N of the smallest set and the number M of sets',
    syntax: 'key ...',
    run: sinter,
  },
  {
    name: 'sintercard',
    arity: -3,
    flags: ['readonly', 'movablekeys'],
    keys: numberedKeys(1, 'RO access'),
    since: '7.0.0',
    summary: 'Returns how many members all sets have in common',
    complexity: 'O(N*M) at worst, with the size N of the smallest set and the number M of sets',
    syntax: 'numkeys:integer key ... [LIMIT limit:integer]',
    run: sintercard,
  },
  {
    name: 'sinterstore',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: [...keyAt(1, 'RW update'), ...SOURCES],
    since: '1.0.0',
    summary: 'Stores the members that all sets have',
    complexity: 'O(N*M) at worst, with the size N of the smallest set and the number M of sets',
    syntax: 'destination:key key ...',
    run: sinterstore,
  },
  {
    name: 'sismember',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: keyAt(1, 'RO'),
    since: '1.0.0',
    summary: 'Tells whether a set has a member',
    complexity: 'O(1)',
    syntax: 'key member',
    run: sismember,
  },
  {
    name: 'smembers',
    arity: 2,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    tips: ['nondeterministic_output_order'],
    since: '1.0.0',
    summary: 'Returns all members of a set',
    complexity: 'O(N) with the size N of the set',
    syntax: 'key',
    run: smembers,
  },
  {
    name: 'smismember',
    arity: -3,
    flags: ['readonly', 'fast'],
    keys: keyAt(1, 'RO access'),
    since: '6.2.0',
    summary: 'Tells of several members whether a set has them',
    complexity: 'O(N) with the number N of members that are asked for',
    syntax: 'key member ...',
    run: smismember,
  },
  {
    name: 'smove',
    arity: 4,
    flags: ['write', 'fast'],
    keys: keyPair('RW access delete', 'RW insert'),
    since: '1.0.0',
    summary: 'Moves a member from one set to another',
    complexity: 'O(1)',
    syntax: 'source:key destination:key member',
    run: smove,
  },
  {
    name: 'spop',
    arity: -2,
    flags: ['write', 'fast'],
    keys: keyAt(1, 'RW access delete'),
    tips: ['nondeterministic_output'],
    since: '1.0.0',
    summary: 'Removes random members of a set and returns them',
    complexity: 'O(N) with the number N of members to remove',
    syntax: 'key [count:integer]@3.2.0',
    history: [['3.2.0', 'The argument `count`']],
    run: spop,
  },
  {
    name: 'srandmember',
    arity: -2,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    tips: ['nondeterministic_output'],
    since: '1.0.0',
    summary: 'Returns random members of a set, with a negative count possibly some of them more than once',
    complexity: 'O(N) with the number N of members to return',
    syntax: 'key [count:integer]@2.6.0',
    history: [['2.6.0', 'The argument `count`']],
    run: srandmember,
  },
  {
    name: 'srem',
    arity: -3,
    flags: ['write', 'fast'],
    keys: keyAt(1, 'RW delete'),
    since: '1.0.0',
    summary: 'Removes members from a set; a set without members goes',
    complexity: 'O(N) with the number N of members to remove',
    syntax: 'key member ...',
    history: [['2.4.0', 'Several members']],
    run: srem,
  },
  {
    name: 'sscan',
    arity: -3,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    tips: ['nondeterministic_output'],
    since: '2.8.0',
    summary: 'Goes on with a walk over the members of a set',
    complexity: 'O(1) per call, O(N) for a whole walk over N members',
    syntax: 'key cursor:integer [MATCH pattern] [COUNT count:integer]',
    run: sscan,
  },
  {
    name: 'sunion',
    arity: -2,
    flags: ['readonly'],
    keys: keysFrom(1, 'RO access'),
    tips: ['nondeterministic_output_order'],
    since: '1.0.0',
    summary: 'Returns the members of all sets',
    complexity: 'O(N) with the number N of members of all sets',
    syntax: 'key ...',
    run: sunion,
  },
  {
    name: 'sunionstore',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: [...keyAt(1, 'OW update'), ...SOURCES],
    since: '1.0.0',
    summary: 'Stores the members of all sets',
    complexity: 'O(N) with the number N of members of all sets',
    syntax: 'destination:key key ...',
    run: sunionstore,
  },
]);
