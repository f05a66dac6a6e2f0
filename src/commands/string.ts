/**
 * Strings: the rows of all commands of the group, and the handlers that only read. What stores is in string-set.ts,
 * what counts in string-number.ts, what touches parts of strings in string-range.ts.
 */
import { NONE } from '../data/heap.ts';
import type { Context } from './context.ts';
import { family, keyAt, keysFrom } from './row.ts';
import { sendString } from './send-string.ts';
import { decr, decrby, incr, incrby, incrbyfloat } from './string-number.ts';
import { append, getrange, lcs, setrange, strlen } from './string-range.ts';
import { getdel, getex, getset, keysOfSet, mset, msetnx, psetex, set, setex, setnx } from './string-set.ts';

function get(c: Context): void {
  const entry = c.readString(1);
  if (entry === NONE) c.reply.nil();
  else sendString(c, entry);
}

function mget(c: Context): void {
  c.reply.array(c.args.count - 1);
  for (let i = 1; i < c.args.count; i++) {
    const entry = c.read(i);
    if (entry === NONE || !c.db.isString(entry)) c.reply.nil();
    else sendString(c, entry);
  }
}

const TIMES =
  'EX seconds:integer | PX milliseconds:integer | EXAT unix-time-seconds:unix-time | PXAT unix-time-milliseconds:unix-time';
const SET_TIMES =
  'EX seconds:integer@2.6.12 | PX milliseconds:integer@2.6.12 | EXAT unix-time-seconds:unix-time@6.2.0 | ' +
  'PXAT unix-time-milliseconds:unix-time@6.2.0 | KEEPTTL@6.0.0';

export const stringCommands = family('string', [
  {
    name: 'append',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW insert'),
    since: '2.0.0',
    summary: 'Adds bytes to the end of a string; a missing key is made',
    complexity: 'O(1) on average over many calls: strings grow with room to spare',
    syntax: 'key value',
    run: append,
  },
  {
    name: 'decr',
    arity: 2,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW access update'),
    since: '1.0.0',
    summary: 'Subtracts one from the integer that a key holds',
    complexity: 'O(1)',
    syntax: 'key',
    run: decr,
  },
  {
    name: 'decrby',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW access update'),
    since: '1.0.0',
    summary: 'Subtracts a number from the integer that a key holds',
    complexity: 'O(1)',
    syntax: 'key decrement:integer',
    run: decrby,
  },
  {
    name: 'get',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: keyAt(1, 'RO access'),
    since: '1.0.0',
    summary: 'Returns the string that a key holds',
    complexity: 'O(1)',
    syntax: 'key',
    run: get,
  },
  {
    name: 'getdel',
    arity: 2,
    flags: ['write', 'fast'],
    keys: keyAt(1, 'RW access delete'),
    since: '6.2.0',
    summary: 'Returns the string that a key holds and removes the key',
    complexity: 'O(1)',
    syntax: 'key',
    run: getdel,
  },
  {
    name: 'getex',
    arity: -2,
    flags: ['write', 'fast'],
    keys: keyAt(1, 'RW access update'),
    since: '6.2.0',
    summary: 'Returns the string that a key holds, and sets or clears the time when the key expires',
    complexity: 'O(1)',
    syntax: `key expiration=[${TIMES} | PERSIST]`,
    run: getex,
  },
  {
    name: 'getrange',
    arity: 4,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    since: '2.4.0',
    summary: 'Returns the part of a string between two positions, both included',
    complexity: 'O(N) with the length N of that part',
    syntax: 'key start:integer end:integer',
    run: getrange,
  },
  {
    name: 'getset',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW access update'),
    since: '1.0.0',
    summary: 'Stores a string and returns the one that was there before',
    complexity: 'O(1)',
    syntax: 'key value',
    deprecated: { since: '6.2.0', instead: '`SET` with the `!GET` argument' },
    run: getset,
  },
  {
    name: 'incr',
    arity: 2,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW access update'),
    since: '1.0.0',
    summary: 'Adds one to the integer that a key holds',
    complexity: 'O(1)',
    syntax: 'key',
    run: incr,
  },
  {
    name: 'incrby',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW access update'),
    since: '1.0.0',
    summary: 'Adds a number to the integer that a key holds',
    complexity: 'O(1)',
    syntax: 'key increment:integer',
    run: incrby,
  },
  {
    name: 'incrbyfloat',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW access update'),
    since: '2.6.0',
    summary: 'Adds a number with a fraction to the number that a key holds',
    complexity: 'O(1)',
    syntax: 'key increment:double',
    run: incrbyfloat,
  },
  {
    name: 'lcs',
    arity: -3,
    flags: ['readonly'],
    keys: keysFrom(1, 'RO access', 1),
    since: '7.0.0',
    summary: 'Finds the longest common subsequence of two strings',
    complexity: 'O(N*M) with the lengths N and M of the strings',
    syntax: 'key1:key key2:key#0 [LEN] [IDX] [MINMATCHLEN len:integer] [WITHMATCHLEN]',
    run: lcs,
  },
  {
    name: 'mget',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: keysFrom(1, 'RO access'),
    tips: ['request_policy:multi_shard'],
    since: '1.0.0',
    summary: 'Returns the strings that several keys hold',
    complexity: 'O(N) with the number N of keys',
    syntax: 'key ...',
    run: mget,
  },
  {
    name: 'mset',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: keysFrom(1, 'OW update', -1, 2),
    tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
    since: '1.0.1',
    summary: 'Stores strings under several keys at once',
    complexity: 'O(N) with the number N of keys',
    syntax: '<key value> ...',
    run: mset,
  },
  {
    name: 'msetnx',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: keysFrom(1, 'OW insert', -1, 2),
    tips: ['request_policy:multi_shard', 'response_policy:agg_min'],
    since: '1.0.1',
    summary: 'Stores strings under several keys at once, unless one of the keys is there already',
    complexity: 'O(N) with the number N of keys',
    syntax: '<key value> ...',
    run: msetnx,
  },
  {
    name: 'psetex',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: keyAt(1, 'OW update'),
    since: '2.6.0',
    summary: 'Stores a string that expires after some milliseconds',
    complexity: 'O(1)',
    syntax: 'key milliseconds:integer value',
    run: psetex,
  },
  {
    name: 'set',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: keyAt(1, 'RW access update variable_flags'),
    findKeys: keysOfSet,
    since: '1.0.0',
    summary: 'Stores a string under a key, over whatever the key held',
    complexity: 'O(1)',
    syntax: `key value condition=[NX | XX]@2.6.12 [GET]@6.2.0 expiration=[${SET_TIMES}]`,
    history: [
      ['2.6.12', 'Options `EX`, `PX`, `NX` and `XX`'],
      ['6.0.0', 'Option `KEEPTTL`'],
      ['6.2.0', 'Options `GET`, `EXAT` and `PXAT`'],
      ['7.0.0', '`NX` and `GET` may stand together'],
    ],
    run: set,
  },
  {
    name: 'setex',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: keyAt(1, 'OW update'),
    since: '2.0.0',
    summary: 'Stores a string that expires after some seconds',
    complexity: 'O(1)',
    syntax: 'key seconds:integer value',
    run: setex,
  },
  {
    name: 'setnx',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'OW insert'),
    since: '1.0.0',
    summary: 'Stores a string, unless the key is there already',
    complexity: 'O(1)',
    syntax: 'key value',
    run: setnx,
  },
  {
    name: 'setrange',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: keyAt(1, 'RW update'),
    since: '2.2.0',
    summary: 'Writes bytes over a string from a position on; the string grows as needed',
    complexity: 'O(M) with the number M of bytes, more when the string has to move',
    syntax: 'key offset:integer value',
    run: setrange,
  },
  {
    name: 'strlen',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: keyAt(1, 'RO'),
    since: '2.2.0',
    summary: 'Returns the length of a string in bytes',
    complexity: 'O(1)',
    syntax: 'key',
    run: strlen,
  },
  {
    name: 'substr',
    arity: 4,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    since: '1.0.0',
    summary: 'Returns the part of a string between two positions, both included',
    complexity: 'O(N) with the length N of that part',
    syntax: 'key start:integer end:integer',
    deprecated: { since: '2.0.0', instead: '`GETRANGE`' },
    run: getrange,
  },
]);
