/** Bitmaps: strings looked at bit by bit. BITFIELD, which sees them as arrays of integers, is in bitfield.ts. */
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import { countBits, findBit } from '../data/bits.ts';
import { NONE } from '../data/heap.ts';
import { bitOffset, stringWithBit } from './bit-string.ts';
import { bitfield, bitfieldRo, keysOfBitfield } from './bitfield.ts';
import type { Context } from './context.ts';
import { NOTIFY } from './notify-class.ts';
import { family, keyAt } from './row.ts';

const BAD_BIT = 'ERR bit is not an integer or out of range';
const EMPTY = Buffer.alloc(0);

function setbit(c: Context): void {
  const offset = bitOffset(c, 2);
  const on = c.integer(3, BAD_BIT);
  if (on !== 0 && on !== 1) fail(BAD_BIT);
  const { entry, grew } = stringWithBit(c, offset);
  const bytes = c.db.bytes(entry);
  const at = c.db.valueOffset(entry) + Math.floor(offset / 8);
  const mask = 0x80 >> (offset % 8);
  const was = (bytes[at]! & mask) === 0 ? 0 : 1;
  if (grew || was !== on) {
    bytes[at] = on === 1 ? bytes[at]! | mask : bytes[at]! & ~mask;
    c.changed(1, NOTIFY.string, 'setbit');
  }
  c.reply.integer(was);
}

function getbit(c: Context): void {
  const offset = bitOffset(c, 2);
  const entry = c.readString(1);
  const byte = Math.floor(offset / 8);
  const isThere = entry !== NONE && byte < c.db.length(entry);
  const value = isThere ? c.db.bytes(entry)[c.db.valueOffset(entry) + byte]! : 0;
  c.reply.integer((value >> (7 - (offset % 8))) & 1);
}

// ------------------------------------------------------------------------------------------------------------- ranges

/** Bits from `first` to `last`, both included, of a string; empty when first > last. */
interface BitRange {
  readonly first: number;
  readonly last: number;
}

/** A range of bytes or bits given by two ends, of which negative ones count from the string's end. */
function bitRange(length: number, start: number, end: number, isBits: boolean): BitRange {
  const total = isBits ? length * 8 : length;
  const first = Math.max(0, start < 0 ? total + start : start);
  const last = Math.min(total - 1, Math.max(0, end < 0 ? total + end : end));
  if (isBits || first > last) return { first, last };
  return { first: first * 8, last: last * 8 + 7 };
}

/** Whether the unit argument says BIT; false for BYTE. */
function isBitUnit(c: Context, index: number): boolean {
  if (c.args.is(index, 'bit')) return true;
  return c.args.is(index, 'byte') ? false : fail(SYNTAX_ERROR);
}

function bitcount(c: Context): void {
  const { args, db } = c;
  const entry = c.readString(1);
  if (entry === NONE) {
    c.reply.integer(0);
    return;
  }
  const length = db.length(entry);
  let range: BitRange = { first: 0, last: length * 8 - 1 };
  if (args.count === 4 || args.count === 5) {
    const start = c.integer(2);
    const end = c.integer(3);
    const isBackwards = start < 0 && end < 0 && c.int64(2) > c.int64(3);
    // Here and in Redis, a range that is the wrong way round hides a wrong unit.
    if (isBackwards) range = { first: 1, last: 0 };
    else range = bitRange(length, start, end, args.count === 5 && isBitUnit(c, 4));
  } else if (args.count !== 2) fail(SYNTAX_ERROR);
  c.reply.integer(range.first > range.last ? 0 : countRange(c, entry, range));
}

function countRange(c: Context, entry: number, { first, last }: BitRange): number {
  const { heap } = c.keyspace;
  const bytes = heap.bytesOf(entry);
  const base = c.db.valueOffset(entry);
  const start = base + Math.floor(first / 8);
  const end = base + Math.floor(last / 8);
  const count = countBits(bytes, heap.wordsOf(entry), start, end + 1);
  const before = bytes[start]! & ~(0xff >> (first % 8));
  const behind = bytes[end]! & (0x7f >> (last % 8));
  const outside = Uint8Array.of(before & 0xff, behind, 0, 0);
  return count - countBits(outside, new Int32Array(outside.buffer), 0, 2);
}

function bitpos(c: Context): void {
  const { args, db, reply } = c;
  const bit = c.integer(2);
  if (bit !== 0 && bit !== 1) fail('ERR The bit argument must be 1 or 0.');
  const entry = c.readString(1);
  if (entry === NONE) {
    reply.integer(bit === 1 ? -1 : 0);
    return;
  }
  if (args.count > 6) fail(SYNTAX_ERROR);
  const length = db.length(entry);
  let range: BitRange = { first: 0, last: length * 8 - 1 };
  if (args.count > 3) {
    const start = c.integer(3);
    const isBits = args.count === 6 && isBitUnit(c, 5);
    range = bitRange(length, start, args.count > 4 ? c.integer(4) : length - 1, isBits);
  }
  if (range.first > range.last) {
    reply.integer(-1);
    return;
  }
  const found = findInRange(c, entry, bit, range);
  // Without an end, the string goes on with zeros for ever.
  const isOpen = args.count < 5 && bit === 0;
  reply.integer(found < 0 && isOpen ? range.last + 1 : found);
}

function findInRange(c: Context, entry: number, bit: number, { first, last }: BitRange): number {
  const { heap } = c.keyspace;
  const base = c.db.valueOffset(entry);
  const firstByte = Math.floor(first / 8);
  const range = {
    start: base + firstByte,
    end: base + Math.floor(last / 8) + 1,
    firstBit: first % 8,
    lastBit: last % 8,
  };
  const found = findBit(heap.bytesOf(entry), heap.wordsOf(entry), bit, range);
  return found < 0 ? found : firstByte * 8 + found;
}

// -------------------------------------------------------------------------------------------------------------- BITOP

type Combine = (a: number, b: number) => number;

const OPERATIONS: Readonly<Record<string, Combine>> = {
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  not: (a) => ~a,
};

function bitop(c: Context): void {
  const { args, db } = c;
  const name = Object.keys(OPERATIONS).find((operation) => args.is(1, operation)) ?? fail(SYNTAX_ERROR);
  if (name === 'not' && args.count !== 4) fail('ERR BITOP NOT must be called with a single source key.');
  const sources: Buffer[] = [];
  for (let i = 3; i < args.count; i++) {
    const entry = c.readString(i);
    sources.push(entry === NONE ? EMPTY : db.view(entry));
  }
  const result = combine(sources, OPERATIONS[name]!, name === 'not');
  if (result.length > 0) {
    const entry = db.setString(args.bytes, args.starts[2]!, args.ends[2]!, result, 0, result.length);
    db.resizeString(entry, result.length, true);
    c.changed(2, NOTIFY.string, 'set');
  } else {
    const old = db.stored(args.bytes, args.starts[2]!, args.ends[2]!);
    if (old !== NONE) {
      db.remove(old);
      c.changed(2, NOTIFY.generic, 'del');
    }
  }
  c.reply.integer(result.length);
}

/** Sources that are shorter than the longest count as followed by zeros. */
function combine(sources: readonly Buffer[], operation: Combine, isNot: boolean): Buffer {
  const length = Math.max(...sources.map((source) => source.length));
  const result = Buffer.alloc(length);
  result.set(sources[0]!);
  if (isNot) {
    for (let i = 0; i < length; i++) result[i] = ~result[i]!;
    return result;
  }
  for (const source of sources.slice(1)) {
    for (let i = 0; i < source.length; i++) result[i] = operation(result[i]!, source[i]!);
    for (let i = source.length; i < length; i++) result[i] = operation(result[i]!, 0);
  }
  return result;
}

const UNIT = 'index_unit=[BYTE | BIT]@7.0.0';

export const bitmapCommands = family('bitmap', [
  {
    name: 'bitcount',
    arity: -2,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    since: '2.6.0',
    summary: 'Counts the set bits of a string, or of a range of it',
    complexity: 'O(N)',
    syntax: `key index=[start:integer end:integer ${UNIT}]`,
    history: [['7.0.0', 'Added the `BYTE|BIT` option.']],
    run: bitcount,
  },
  {
    name: 'bitfield',
    arity: -2,
    flags: ['write', 'denyoom'],
    keys: keyAt(1, 'RW access update variable_flags'),
    findKeys: keysOfBitfield,
    since: '3.2.0',
    summary: 'Reads and writes integers of any width at any bit of a string',
    complexity: 'O(1) for each operation',
    syntax:
      'key operation=[GET encoding_offset=<encoding offset:integer> | write=<wrap_sat_fail=[OVERFLOW <WRAP | SAT | FAIL>] ' +
      'write_operation=<SET encoding_offset_value=<encoding offset:integer value:integer> | ' +
      'INCRBY encoding_offset_increment=<encoding offset:integer increment:integer>>>] ...',
    run: bitfield,
  },
  {
    name: 'bitfield_ro',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: keyAt(1, 'RO access'),
    since: '6.0.0',
    summary: 'Reads integers of any width at any bit of a string',
    complexity: 'O(1) for each operation',
    syntax: 'key encoding_offset=[GET... <encoding offset:integer>]',
    run: bitfieldRo,
  },
  {
    name: 'bitop',
    arity: -4,
    flags: ['write', 'denyoom'],
    keys: [
      ...keyAt(2, 'OW update'),
      { flags: 'RO access', begin: { index: 3 }, find: { last: -1, step: 1, limit: 0 } },
    ],
    since: '2.6.0',
    summary: 'Combines strings bit by bit and stores the result',
    complexity: 'O(N)',
    syntax: 'operation destkey:key key ...',
    run: bitop,
  },
  {
    name: 'bitpos',
    arity: -3,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    since: '2.8.7',
    summary: 'Finds the first bit that is set, or clear',
    complexity: 'O(N)',
    syntax: `key bit:integer index=[start:integer end_index=[end:integer ${UNIT}]]`,
    history: [['7.0.0', 'Added the `BYTE|BIT` option.']],
    run: bitpos,
  },
  {
    name: 'getbit',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: keyAt(1, 'RO access'),
    since: '2.2.0',
    summary: 'Replies the bit at an offset of a string',
    complexity: 'O(1)',
    syntax: 'key offset:integer',
    run: getbit,
  },
  {
    name: 'setbit',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: keyAt(1, 'RW access update'),
    since: '2.2.0',
    summary: 'Sets or clears the bit at an offset of a string, and replies what it was',
    complexity: 'O(1)',
    syntax: 'key offset:integer value:integer',
    run: setbit,
  },
]);
