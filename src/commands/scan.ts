/**
 * SCAN, and what HSCAN, SSCAN and ZSCAN share with it: the cursor and the options.
 *
 * A cursor is opaque to clients, who hand back what they got. It is made of the dict's own (see dict.ts `scan`): what
 * is there from the first call to the last is returned at least once. Any unsigned 64-bit number is accepted.
 */
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import { Glob } from '../core/glob.ts';
import { UINT64_MAX } from '../core/integer.ts';
import { lowerCaseOf } from '../core/latin1.ts';
import { NONE } from '../data/heap.ts';
import type { Dict } from '../data/dict.ts';
import { KIND_NAMES } from '../data/value.ts';
import type { Context } from './context.ts';
import { matchesKey, sendKey } from './keys.ts';

const DEFAULT_COUNT = 10;
/** In a sparse table a call gives up after so many buckets per element that was asked for. */
const BUCKETS_PER_ELEMENT = 10;
const INVALID_CURSOR = 'ERR invalid cursor';

export interface ScanOptions {
  readonly count: number;
  /** Null: everything matches. */
  readonly glob: Glob | null;
  /** In small letters; null: any. */
  readonly typeName: string | null;
}

/** The cursor at an argument, as the C library's strtoul reads it: signs pass, and so does nothing at all. */
export function parseCursor(c: Context, index: number): number {
  const text = c.args.binary(index).split('\0', 1)[0]!;
  if (text === '') return 0;
  const isNegative = text.startsWith('-');
  const digits = isNegative || text.startsWith('+') ? text.slice(1) : text;
  if (!/^[0-9]+$/.test(digits)) fail(INVALID_CURSOR);
  const magnitude = BigInt(digits);
  if (magnitude > UINT64_MAX) fail(INVALID_CURSOR);
  return Number(BigInt.asUintN(32, isNegative ? -magnitude : magnitude));
}

/** @param first index of the first option. */
export function parseScanOptions(c: Context, first: number, allowsType: boolean): ScanOptions {
  const { args } = c;
  let count = DEFAULT_COUNT;
  let glob: Glob | null = null;
  let typeName: string | null = null;
  for (let i = first; i < args.count; i += 2) {
    if (i + 1 === args.count) fail(SYNTAX_ERROR);
    if (args.is(i, 'count')) {
      count = c.integer(i + 1);
      if (count < 1) fail(SYNTAX_ERROR);
    } else if (args.is(i, 'match')) {
      glob = new Glob(args.view(i + 1));
      if (glob.isMatchAll) glob = null;
    } else if (allowsType && args.is(i, 'type')) {
      typeName = lowerCaseOf(args.bytes, args.starts[i + 1]!, args.ends[i + 1]!);
    } else fail(SYNTAX_ERROR);
  }
  return { count, glob, typeName };
}

/** Adds at least `count` records to `found`, if there are as many, and returns the next cursor. */
export function scanDict(dict: Dict, cursor: number, count: number, found: number[]): number {
  let bucketsLeft = count * BUCKETS_PER_ELEMENT;
  let at = cursor;
  do at = dict.scan(at, (address) => found.push(address));
  while (at !== 0 && bucketsLeft-- > 0 && found.length < count);
  return at;
}

export function scan(c: Context): void {
  const cursor = parseCursor(c, 1);
  const options = parseScanOptions(c, 2, true);
  const found: number[] = [];
  const next = scanDict(c.db.dict, cursor, options.count, found);
  const selected = found.filter((entry) => isSelected(c, entry, options));
  c.reply.array(2);
  c.reply.bulkInteger(next);
  c.reply.array(selected.length);
  for (const entry of selected) sendKey(c, entry);
}

/** Entries whose time has passed are removed on the way. */
function isSelected(c: Context, entry: number, { glob, typeName }: ScanOptions): boolean {
  const { db } = c;
  if (glob !== null && !matchesKey(glob, db, entry)) return false;
  if (typeName !== null) {
    const at = db.keyOffset(entry);
    if (db.look(db.bytes(entry), at, at + db.keyLength(entry)) === NONE) return false;
    return KIND_NAMES[db.kind(entry)] === typeName;
  }
  if (!db.isExpired(entry)) return true;
  if (db.keyspace.expires) db.expire(entry);
  return false;
}
