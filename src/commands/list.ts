/**
 * Lists: the rows of all commands of the group that answer at once, and the handlers that read. What happens at the
 * ends of lists is in list-ends.ts, what changes them in their middle in list-edit.ts. The commands that may wait for an
 * element see the server: they stand on its floor.
 */
import { INT64_MIN } from '../core/integer.ts';
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import { NONE } from '../data/heap.ts';
import { ListSearch } from '../data/list-search.ts';
import { KIND } from '../data/value.ts';
import type { Context } from './context.ts';
import { linsert, lrem, lset, ltrim } from './list-edit.ts';
import { listOf, lmove, lmpop, lpop, lpush, lpushx, rpop, rpoplpush, rpush, rpushx } from './list-ends.ts';
import { sendAt, sendRange } from './list-range.ts';
import { family, keyAt, keyPair, numberedKeys } from './row.ts';

function llen(c: Context): void {
  const entry = c.readKind(1, KIND.list);
  c.reply.integer(entry === NONE ? 0 : listOf(c, entry).size);
}

function lindex(c: Context): void {
  const entry = c.readKind(1, KIND.list);
  if (entry === NONE) {
    c.reply.nil();
    return;
  }
  const list = listOf(c, entry);
  const given = c.integer(2);
  const index = given < 0 ? list.size + given : given;
  if (index < 0 || index >= list.size) c.reply.nil();
  else sendAt(c.reply, list, index);
}

function lrange(c: Context): void {
  const start = c.integer(2);
  const stop = c.integer(3);
  const entry = c.readKind(1, KIND.list);
  if (entry === NONE) {
    c.reply.array(0);
    return;
  }
  const list = listOf(c, entry);
  const first = Math.max(start < 0 ? list.size + start : start, 0);
  const last = Math.min(stop < 0 ? list.size + stop : stop, list.size - 1);
  sendRange(c.reply, list, first, Math.max(0, last - first + 1));
}

// --------------------------------------------------------------------------------------------------------------- LPOS

interface LposOptions {
  /** The first match that counts, from 1. */
  rank: number;
  fromTail: boolean;
  /** Matches to return; 0: all; -1: one, and not in an array. */
  count: number;
  /** Elements to look at. */
  limit: number;
  /** RANK -2^63, whose absolute value Redis cannot hold: COUNT has no effect then. */
  endless: boolean;
}

function parseLpos(c: Context): LposOptions {
  const { args } = c;
  const options: LposOptions = { rank: 1, fromTail: false, count: -1, limit: Infinity, endless: false };
  for (let i = 3; i < args.count; i += 2) {
    const value = i + 1;
    if (value === args.count) fail(SYNTAX_ERROR);
    if (args.is(i, 'rank')) parseRank(c, value, options);
    else if (args.is(i, 'count')) options.count = c.integerWithin(value, 0, Infinity, "ERR COUNT can't be negative");
    else if (args.is(i, 'maxlen')) {
      const length = c.integerWithin(value, 0, Infinity, "ERR MAXLEN can't be negative");
      options.limit = length === 0 ? Infinity : length;
    } else fail(SYNTAX_ERROR);
  }
  return options;
}

function parseRank(c: Context, index: number, options: LposOptions): void {
  const rank = c.integer(index);
  if (rank === 0) {
    fail(
      "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
        'or use negative to start from the end of the list',
    );
  }
  options.fromTail = rank < 0;
  options.endless = c.args.int64(index) === INT64_MIN;
  options.rank = options.endless ? 1 : Math.abs(rank);
}

function lpos(c: Context): void {
  const { args, reply } = c;
  const { rank, fromTail, count, limit, endless } = parseLpos(c);
  const entry = c.readKind(1, KIND.list);
  if (entry === NONE) {
    if (count >= 0) reply.array(0);
    else reply.nil();
    return;
  }
  const list = listOf(c, entry);
  const search = new ListSearch(list, fromTail, args.bytes, args.starts[2]!, args.ends[2]!);
  const wanted = count === 0 || (endless && count > 0) ? Infinity : Math.abs(count);
  const start = reply.mark();
  let matches = 0;
  while (matches < rank - 1 + wanted && search.next(limit)) {
    matches++;
    if (matches >= rank) reply.integer(fromTail ? list.size - search.seen : search.seen - 1);
  }
  const found = Math.max(0, matches - rank + 1);
  if (count >= 0) reply.arrayAt(start, found);
  else if (found === 0) reply.nil();
}

export const listCommands = family('list', [
  {
    name: 'lindex',
    arity: 3,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    since: '1.0.0',
    summary: 'Returns the element at an index',
    complexity: 'O(N) with the number N of elements between the index and the nearer end',
    syntax: 'key index:integer',
    run: lindex,
  },
  {
    name: 'linsert',
    arity: 5,
    flags: ['write', 'denyoom'],
    keys: keyAt(1, 'RW insert'),
    since: '2.2.0',
    summary: 'Inserts an element before or after another one',
    complexity: 'O(N) with the number N of elements before the other one',
    syntax: 'key where=<BEFORE | AFTER> pivot element',
    run: linsert,
  },
  {
    name: 'llen',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: keyAt(1, 'RO'),
    since: '1.0.0',
    summary: 'Returns the number of elements',
    complexity: 'O(1)',
    syntax: 'key',
    run: llen,
  },
  {
    name: 'lmove',
    arity: 5,
    flags: ['write', 'denyoom'],
    keys: keyPair('RW access delete', 'RW insert'),
    since: '6.2.0',
    summary: 'Moves an element from an end of a list to an end of another one, and returns it',
    complexity: 'O(1)',
    syntax: 'source:key destination:key wherefrom=<LEFT | RIGHT> whereto=<LEFT | RIGHT>',
    run: lmove,
  },
  {
    name: 'lmpop',
    arity: -4,
    flags: ['write'],
    keys: numberedKeys(1, 'RW access delete'),
    since: '7.0.0',
    summary: 'Takes elements off the first of several lists that has any, and returns them',
    complexity: 'O(N+M) with N keys and M returned elements',
    syntax: 'numkeys:integer key ... where=<LEFT | RIGHT> [COUNT count:integer]',
    run: lmpop,
  },
  {
    name: 'lpop',
    arity: -2,
    flags: ['write', 'fast'],
    keys: keyAt(1, 'RW access delete'),
    since: '1.0.0',
    summary: 'Takes elements off the head of a list and returns them',
    complexity: 'O(N) with N returned elements',
    syntax: 'key [count:integer]@6.2.0',
    history: [['6.2.0', 'Several elements']],
    run: lpop,
  },
  {
    name: 'lpos',
    arity: -3,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    since: '6.0.6',
    summary: 'Returns the indexes of elements that equal a given one',
    complexity: 'O(N) with N elements that are looked at',
    syntax: 'key element [RANK rank:integer] [COUNT num-matches:integer] [MAXLEN len:integer]',
    run: lpos,
  },
  {
    name: 'lpush',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW insert'),
    since: '1.0.0',
    summary: 'Puts elements before the head of a list',
    complexity: 'O(1) for each element',
    syntax: 'key element ...',
    history: [['2.4.0', 'Several elements']],
    run: lpush,
  },
  {
    name: 'lpushx',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW insert'),
    since: '2.2.0',
    summary: 'Puts elements before the head of a list that exists',
    complexity: 'O(1) for each element',
    syntax: 'key element ...',
    history: [['4.0.0', 'Several elements']],
    run: lpushx,
  },
  {
    name: 'lrange',
    arity: 4,
    flags: ['readonly'],
    keys: keyAt(1, 'RO access'),
    since: '1.0.0',
    summary: 'Returns the elements between two indexes',
    complexity: 'O(S+N) with the distance S of the first from the nearer end and N returned elements',
    syntax: 'key start:integer stop:integer',
    run: lrange,
  },
  {
    name: 'lrem',
    arity: 4,
    flags: ['write'],
    keys: keyAt(1, 'RW delete'),
    since: '1.0.0',
    summary: 'Removes elements that equal a given one',
    complexity: 'O(N+M) with the size N of the list and M removed elements',
    syntax: 'key count:integer element',
    run: lrem,
  },
  {
    name: 'lset',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: keyAt(1, 'RW update'),
    since: '1.0.0',
    summary: 'Replaces the element at an index',
    complexity: 'O(N) with the number N of elements between the index and the nearer end',
    syntax: 'key index:integer element',
    run: lset,
  },
  {
    name: 'ltrim',
    arity: 4,
    flags: ['write'],
    keys: keyAt(1, 'RW delete'),
    since: '1.0.0',
    summary: 'Removes the elements outside of two indexes',
    complexity: 'O(N) with N removed elements',
    syntax: 'key start:integer stop:integer',
    run: ltrim,
  },
  {
    name: 'rpop',
    arity: -2,
    flags: ['write', 'fast'],
    keys: keyAt(1, 'RW access delete'),
    since: '1.0.0',
    summary: 'Takes elements off the tail of a list and returns them',
    complexity: 'O(N) with N returned elements',
    syntax: 'key [count:integer]@6.2.0',
    history: [['6.2.0', 'Several elements']],
    run: rpop,
  },
  {
    name: 'rpoplpush',
    arity: 3,
    flags: ['write', 'denyoom'],
    keys: keyPair('RW access delete', 'RW insert'),
    since: '1.2.0',
    summary: 'Moves the last element of a list before the head of another one, and returns it',
    complexity: 'O(1)',
    syntax: 'source:key destination:key',
    deprecated: { since: '6.2.0', instead: '`LMOVE` with the `RIGHT` and `LEFT` arguments' },
    run: rpoplpush,
  },
  {
    name: 'rpush',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW insert'),
    since: '1.0.0',
    summary: 'Puts elements behind the tail of a list',
    complexity: 'O(1) for each element',
    syntax: 'key element ...',
    history: [['2.4.0', 'Several elements']],
    run: rpush,
  },
  {
    name: 'rpushx',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keys: keyAt(1, 'RW insert'),
    since: '2.2.0',
    summary: 'Puts elements behind the tail of a list that exists',
    complexity: 'O(1) for each element',
    syntax: 'key element ...',
    history: [['4.0.0', 'Several elements']],
    run: rpushx,
  },
]);
