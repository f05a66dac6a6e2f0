/** OBJECT: how a value is stored and used. Looking does not count as use. */
import { fail } from '../core/errors.ts';
import { encodingOf } from '../data/encoding.ts';
import { NONE } from '../data/heap.ts';
import { integerOf, stringEncoding } from '../data/string-value.ts';
import type { Context } from './context.ts';
import { replyHelp } from './help.ts';
import { keyAt, type Row } from './row.ts';

/** redis-server keeps one object for each of these integers, and never counts who refers to it. */
const SHARED_INTEGERS = 10_000;
const SHARED_REFERENCES = 0x7fff_ffff;
const ADJUSTMENT =
  'Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.';

/** The entry, or NONE after a null was replied. */
function entryOf(c: Context): number {
  const { args } = c;
  const entry = c.db.look(args.bytes, args.starts[2]!, args.ends[2]!, true);
  if (entry === NONE) c.reply.nil();
  return entry;
}

function encoding(c: Context): void {
  const entry = entryOf(c);
  if (entry !== NONE) c.reply.bulkBinary(encodingOf(c.db, entry));
}

function refcount(c: Context): void {
  const entry = entryOf(c);
  if (entry !== NONE) c.reply.integer(isShared(c, entry) ? SHARED_REFERENCES : 1);
}

function isShared(c: Context, entry: number): boolean {
  const { db } = c;
  if (!c.services.settings.sharesIntegers || !db.isString(entry) || stringEncoding(db, entry) !== 'int') return false;
  const value = integerOf(db, entry);
  return value >= 0 && value < SHARED_INTEGERS;
}

function idletime(c: Context): void {
  const entry = entryOf(c);
  if (entry === NONE) return;
  const { frequency } = c.keyspace;
  if (frequency !== null) fail(`ERR An LFU maxmemory policy is selected, idle time not tracked. ${ADJUSTMENT}`);
  c.reply.integer(c.keyspace.idleSeconds(c.db.usage(entry)));
}

function freq(c: Context): void {
  const entry = entryOf(c);
  if (entry === NONE) return;
  const { frequency, nowMs } = c.keyspace;
  if (frequency === null) {
    fail(`ERR An LFU maxmemory policy is not selected, access frequency not tracked. ${ADJUSTMENT}`);
  }
  c.reply.integer(frequency.count(c.db.usage(entry), nowMs));
}

function help(c: Context): void {
  replyHelp(c, [
    'ENCODING <key>',
    '    Returns how the value of <key> is stored.',
    'FREQ <key>',
    '    Returns how often <key> is used, on a logarithmic scale. Needs an LFU policy.',
    'IDLETIME <key>',
    '    Returns for how many seconds <key> was not used.',
    'REFCOUNT <key>',
    '    Returns how many references there are to the value of <key>.',
  ]);
}

export const objectSubcommands: readonly Row[] = [
  {
    name: 'encoding',
    arity: 3,
    flags: ['readonly'],
    keys: keyAt(2, 'RO'),
    tips: ['nondeterministic_output'],
    since: '2.2.3',
    summary: 'Returns how a value is stored',
    complexity: 'O(1)',
    syntax: 'key',
    run: encoding,
  },
  {
    name: 'freq',
    arity: 3,
    flags: ['readonly'],
    keys: keyAt(2, 'RO'),
    tips: ['nondeterministic_output'],
    since: '4.0.0',
    summary: 'Returns how often a key is used, on a logarithmic scale',
    complexity: 'O(1)',
    syntax: 'key',
    run: freq,
  },
  {
    name: 'help',
    arity: 2,
    flags: ['loading', 'stale'],
    since: '6.2.0',
    summary: 'Explains the subcommands',
    complexity: 'O(1)',
    run: help,
  },
  {
    name: 'idletime',
    arity: 3,
    flags: ['readonly'],
    keys: keyAt(2, 'RO'),
    tips: ['nondeterministic_output'],
    since: '2.2.3',
    summary: 'Returns for how many seconds a key was not used',
    complexity: 'O(1)',
    syntax: 'key',
    run: idletime,
  },
  {
    name: 'refcount',
    arity: 3,
    flags: ['readonly'],
    keys: keyAt(2, 'RO'),
    tips: ['nondeterministic_output'],
    since: '2.2.3',
    summary: 'Returns how many references there are to a value',
    complexity: 'O(1)',
    syntax: 'key',
    run: refcount,
  },
];
