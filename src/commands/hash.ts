/**
 * Hashes: the rows of all commands of the group, and the handlers that read. What changes hashes is in hash-write.ts,
 * HRANDFIELD in hash-random.ts.
 */
import { eachPair, findField, hashSize, hashValueOf, lengthAtPlace } from '../data/hash-entry.ts';
import { NONE } from '../data/heap.ts';
import { firstElement, nextElement } from '../data/listpack.ts';
import { NO_ELEMENT } from '../data/listpack-format.ts';
import { KIND } from '../data/value.ts';
import type { Context } from './context.ts';
import { hrandfield } from './hash-random.ts';
import { hdel, hincrby, hincrbyfloat, hmset, hset, hsetnx } from './hash-write.ts';
import { matchesKey, sendKey } from './keys.ts';
import { family, keyAt } from './row.ts';
import { parseCursor, parseScanOptions, scanDict, type ScanOptions } from './scan.ts';
import { sendElement } from './send-element.ts';
import { sendString } from './send-string.ts';

function hget(c: Context): void {
  sendField(c, c.readKind(1, KIND.hash), 2);
}

function hmget(c: Context): void {
  const entry = c.readKind(1, KIND.hash);
  c.reply.array(c.args.count - 2);
  for (let i = 2; i < c.args.count; i++) sendField(c, entry, i);
}

/** Replies the value of the field at an argument. */
function sendField(c: Context, entry: number, index: number): void {
  const place = placeOf(c, entry, index);
  if (place === NONE) c.reply.nil();
  else if (c.db.isPacked(entry)) sendElement(c.reply, c.db.bytes(entry), place);
  else sendString(c, place);
}

function placeOf(c: Context, entry: number, index: number): number {
  const { args } = c;
  return entry === NONE ? NONE : findField(c.db, entry, args.bytes, args.starts[index]!, args.ends[index]!);
}

function hexists(c: Context): void {
  c.reply.integer(placeOf(c, c.readKind(1, KIND.hash), 2) === NONE ? 0 : 1);
}

function hlen(c: Context): void {
  const entry = c.readKind(1, KIND.hash);
  c.reply.integer(entry === NONE ? 0 : hashSize(c.db, entry));
}

function hstrlen(c: Context): void {
  const entry = c.readKind(1, KIND.hash);
  const place = placeOf(c, entry, 2);
  c.reply.integer(place === NONE ? 0 : lengthAtPlace(c.db, entry, place));
}

// ---------------------------------------------------------------------------------------------------------- the whole

function hgetall(c: Context): void {
  const entry = c.readKind(1, KIND.hash);
  c.reply.map(entry === NONE ? 0 : hashSize(c.db, entry));
  if (entry !== NONE) sendAll(c, entry, true, true);
}

function hkeys(c: Context): void {
  const entry = c.readKind(1, KIND.hash);
  c.reply.array(entry === NONE ? 0 : hashSize(c.db, entry));
  if (entry !== NONE) sendAll(c, entry, true, false);
}

function hvals(c: Context): void {
  const entry = c.readKind(1, KIND.hash);
  c.reply.array(entry === NONE ? 0 : hashSize(c.db, entry));
  if (entry !== NONE) sendAll(c, entry, false, true);
}

function sendAll(c: Context, entry: number, fields: boolean, values: boolean): void {
  const { db, reply } = c;
  if (!db.isPacked(entry)) {
    hashValueOf(db, entry).dict.forEach((record) => {
      if (fields) sendKey(c, record);
      if (values) sendString(c, record);
    });
    return;
  }
  const bytes = db.bytes(entry);
  let p = firstElement(bytes, db.valueOffset(entry));
  while (p !== NO_ELEMENT) {
    if (fields) sendElement(reply, bytes, p);
    p = nextElement(bytes, p);
    if (values) sendElement(reply, bytes, p);
    p = nextElement(bytes, p);
  }
}

function hscan(c: Context): void {
  const cursor = parseCursor(c, 2);
  const entry = c.readKind(1, KIND.hash);
  if (entry === NONE) {
    c.reply.array(2);
    c.reply.bulkInteger(0);
    c.reply.array(0);
    return;
  }
  const options = parseScanOptions(c, 3, false);
  c.reply.array(2);
  if (c.db.isPacked(entry)) scanPacked(c, entry, options);
  else scanLarge(c, entry, cursor, options);
}

/** A packed hash is small: all of it comes at once. */
function scanPacked(c: Context, entry: number, { glob }: ScanOptions): void {
  const { db, reply } = c;
  reply.bulkInteger(0);
  const start = reply.mark();
  let count = 0;
  eachPair(db.bytes(entry), db.valueOffset(entry), (field, fieldStart, fieldEnd, value, valueStart, valueEnd) => {
    if (glob !== null && !glob.matches(field, fieldStart, fieldEnd)) return;
    reply.bulk(field, fieldStart, fieldEnd - fieldStart);
    reply.bulk(value, valueStart, valueEnd - valueStart);
    count++;
  });
  reply.arrayAt(start, 2 * count);
}

function scanLarge(c: Context, entry: number, cursor: number, { count, glob }: ScanOptions): void {
  const { db, reply } = c;
  const found: number[] = [];
  reply.bulkInteger(scanDict(hashValueOf(db, entry).dict, cursor, count, found));
  const selected = glob === null ? found : found.filter((record) => matchesKey(glob, db, record));
  reply.array(2 * selected.length);
  for (const record of selected) {
    sendKey(c, record);
    sendString(c, record);
  }
}

export const hashCommands = family('hash', [
  {
    name: 'hdel',
    arity: -3,
    flags: ['write', 'fast'],
    keys: keyAt(1, 'RW delete'),
    since: '2.0.0',
    summary: 'Removes fields of a hash; a hash without fields goes',
    complexity: 'O(N) with the number N of fields to remove',
    syntax: 'key field ...',
    history: [['2.4.0', 'Several fields']],
    run: hdel,
  },
  {
    name: 'hexists',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: keyAt(1, 'RO'),
    since: '2.0.0',
    summary: 'Tells whether a hash has a field',
    complexity: 'O(1)',
    syntax: 'key field',
    run: hexists,
  },
  {
    name: 'hget',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: keyAt(1, 'RO access'),
    since: '2.0.0',
    summary: 'Returns the value of a field',
    complexity: 'O(1)',
    syntax: 'key field',
    run: hget,
  },
  {
    name: 'hgetall',
    arity: 2,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    tips: ['nondeterministic_output_order'],
    since: '2.0.0',
    summary: 'Returns all fields of a hash with their values',
    complexity: 'O(N) with the size N of the hash',
    syntax: 'key',
    run: hgetall,
  },
  {
    name: 'hincrby',
    arity: 4,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW access update'),
    since: '2.0.0',
    summary: 'Adds a number to the integer in a field; a missing field counts as 0',
    complexity: 'O(1)',
    syntax: 'key field increment:integer',
    run: hincrby,
  },
  {
    name: 'hincrbyfloat',
    arity: 4,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW access update'),
    since: '2.6.0',
    summary: 'Adds a number to the floating point number in a field; a missing field counts as 0',
    complexity: 'O(1)',
    syntax: 'key field increment:double',
    run: hincrbyfloat,
  },
  {
    name: 'hkeys',
    arity: 2,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    tips: ['nondeterministic_output_order'],
    since: '2.0.0',
    summary: 'Returns all fields of a hash',
    complexity: 'O(N) with the size N of the hash',
    syntax: 'key',
    run: hkeys,
  },
  {
    name: 'hlen',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: keyAt(1, 'RO'),
    since: '2.0.0',
    summary: 'Returns how many fields a hash has',
    complexity: 'O(1)',
    syntax: 'key',
    run: hlen,
  },
  {
    name: 'hmget',
    arity: -3,
    flags: ['readonly', 'fast'],
    keys: keyAt(1, 'RO access'),
    since: '2.0.0',
    summary: 'Returns the values of several fields',
    complexity: 'O(N) with the number N of fields that are asked for',
    syntax: 'key field ...',
    run: hmget,
  },
  {
    name: 'hmset',
    arity: -4,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW update'),
    since: '2.0.0',
    summary: 'Sets fields of a hash to values',
    complexity: 'O(N) with the number N of fields to set',
    syntax: 'key field_value=<field value> ...',
    deprecated: { since: '4.0.0', instead: '`HSET` with multiple field-value pairs' },
    run: hmset,
  },
  {
    name: 'hrandfield',
    arity: -2,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    tips: ['nondeterministic_output'],
    since: '6.2.0',
    summary: 'Returns random fields of a hash, with a negative count possibly some of them more than once',
    complexity: 'O(N) with the number N of fields to return',
    syntax: 'key options=[<count:integer withvalues=[WITHVALUES]>]',
    run: hrandfield,
  },
  {
    name: 'hscan',
    arity: -3,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    tips: ['nondeterministic_output'],
    since: '2.8.0',
    summary: 'Goes on with a walk over the fields of a hash and their values',
    complexity: 'O(1) per call, O(N) for a whole walk over N fields',
    syntax: 'key cursor:integer [MATCH pattern:pattern] [COUNT count:integer]',
    run: hscan,
  },
  {
    name: 'hset',
    arity: -4,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW update'),
    since: '2.0.0',
    summary: 'Sets fields of a hash to values and returns how many of the fields are new',
    complexity: 'O(N) with the number N of fields to set',
    syntax: 'key field_value=<field value> ...',
    history: [['4.0.0', 'Several fields']],
    run: hset,
  },
  {
    name: 'hsetnx',
    arity: 4,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW insert'),
    since: '2.0.0',
    summary: 'Sets a field of a hash to a value unless the field is there',
    complexity: 'O(1)',
    syntax: 'key field value',
    run: hsetnx,
  },
  {
    name: 'hstrlen',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: keyAt(1, 'RO'),
    since: '3.2.0',
    summary: 'Returns the length in bytes of the value of a field',
    complexity: 'O(1)',
    syntax: 'key field',
    run: hstrlen,
  },
  {
    name: 'hvals',
    arity: 2,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    tips: ['nondeterministic_output_order'],
    since: '2.0.0',
    summary: 'Returns the values of all fields of a hash',
    complexity: 'O(N) with the size N of the hash',
    syntax: 'key',
    run: hvals,
  },
]);
