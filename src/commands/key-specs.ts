/**
 * Where the keys of a request are, and what the command does to them.
 *
 * A key spec has two halves: where the search begins (an argument's index, or the place behind a keyword) and how many
 * keys follow from there (up to a last one, or as many as an argument says). Most commands are described exactly by
 * their specs. Three kinds are not, and their rows bring a function of their own (`Row.findKeys`): keys at places that
 * no spec can name (SORT ... STORE), specs that are true only of some requests (MIGRATE ... KEYS), and specs whose
 * flags depend on the options (SET with GET reads its key, without it does not).
 *
 * Used by COMMAND GETKEYS; ACL rules and cluster slots ask the same question of every request. `FoundKeys` is therefore
 * reused: looking up keys by specs allocates nothing.
 */
import type { Arguments } from '../core/arguments.ts';
import { INT64_MAX, INT64_MIN } from '../core/integer.ts';
import type { FoundKey, KeySpec, Row } from './row.ts';

/** What of a row decides where its keys are. */
export type KeyedRow = Pick<Row, 'keys' | 'findKeys'>;

/** The keys of one request. */
export class FoundKeys {
  count = 0;
  /** Indexes of arguments; entries from `count` on are stale. */
  readonly indexes: number[] = [];
  /** Words of a spec's flags, beside each index. */
  readonly flags: string[] = [];

  add(index: number, flags: string): void {
    this.indexes[this.count] = index;
    this.flags[this.count] = flags;
    this.count++;
  }

  set(keys: readonly FoundKey[]): void {
    this.count = 0;
    for (const { index, flags } of keys) this.add(index, flags);
  }
}

/** Whether the command can have keys at all. */
export function hasKeys(row: KeyedRow): boolean {
  return row.findKeys !== undefined || (row.keys ?? []).some((spec) => !isNoKey(spec));
}

/**
 * Finds the keys of a request; the result replaces what was in `found`. A request whose keys cannot be told, because its
 * syntax is wrong, has none.
 */
export function findKeys(row: KeyedRow, args: Arguments, found: FoundKeys): void {
  const specs = row.keys ?? [];
  found.count = 0;
  if (specs.length > 0 && !specs.some(hasVariableFlags) && findBySpecs(specs, args, found)) return;
  found.count = 0;
  if (row.findKeys !== undefined) found.set(row.findKeys(args));
  else findLeniently(specs, args, found);
}

/**
 * Where the number of keys is not one, or does not fit, Redis looks again with an eye for whatever number the argument
 * begins with, and knows no flags then; keys in front of the number come last (db.c genericGetKeys).
 */
export function findLeniently(specs: readonly KeySpec[], args: Arguments, found: FoundKeys): void {
  for (const { begin, find } of specs) {
    if (!('count' in find) || !('index' in begin)) continue;
    const first = begin.index + find.first;
    const count = leadingInteger(args, begin.index + find.count);
    if (count < 1 || count > args.count - first) return;
    for (let i = 0; i < count; i++) found.add(first + i, '');
  }
  if (found.count === 0) return;
  for (const { begin, find } of specs) if ('last' in find && 'index' in begin) found.add(begin.index, '');
}

/** As C's atoi: blanks, a sign, digits, cut to 32 bits. */
function leadingInteger(args: Arguments, index: number): number {
  const digits = index < args.count ? /^[ \t-\r]*([-+]?[0-9]+)/.exec(args.cString(index)) : null;
  if (digits === null) return 0;
  const value = BigInt(digits[1]!);
  return Number(BigInt.asIntN(32, value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : value));
}

/** @returns false when a spec is not enough to tell the keys, or does not fit the request. */
function findBySpecs(specs: readonly KeySpec[], args: Arguments, found: FoundKeys): boolean {
  for (const spec of specs) {
    if (isNoKey(spec)) continue;
    const begin = beginOf(spec, args);
    if (begin === UNKNOWN) return false;
    if (begin !== ABSENT && !addRange(spec, begin, args, found)) return false;
    if (begin !== ABSENT && has(spec, 'incomplete')) return false;
  }
  return true;
}

/** Numbers of keys are cut to 32 bits. */
const INT32_END = 2 ** 31;
const UNKNOWN = -1;
/** The keyword is not in the request. */
const ABSENT = -2;

/** Index of the argument where a spec's keys (or their number) begin. */
function beginOf({ begin }: KeySpec, args: Arguments): number {
  if ('index' in begin) return begin.index;
  if ('unknown' in begin) return UNKNOWN;
  const word = begin.keyword.toLowerCase();
  const forward = begin.from > 0;
  const start = forward ? begin.from : args.count + begin.from;
  const end = forward ? args.count - 1 : 1;
  const step = start <= end ? 1 : -1;
  for (let i = start; i !== end && i < args.count && i >= 1; i += step) {
    if (args.is(i, word)) return i + 1;
  }
  return ABSENT;
}

function addRange(spec: KeySpec, begin: number, args: Arguments, found: FoundKeys): boolean {
  const { find } = spec;
  if ('unknown' in find) return false;
  let first = begin;
  let last: number;
  if ('count' in find) {
    const at = begin + find.count;
    const number = at < args.count ? args.integer(at) : NaN;
    if (Number.isNaN(number) || number < 0) return false;
    const count = number < INT32_END ? number : Number(BigInt.asIntN(32, args.int64(at)!));
    first += find.first;
    last = first + count - 1;
  } else if (find.last >= 0) last = first + find.last;
  else if (find.limit === 0) last = args.count + find.last;
  else last = first + Math.trunc((args.count - first) / find.limit) + find.last;
  if (last >= args.count || last < first || first >= args.count) return false;
  for (let i = first; i <= last; i += find.step) found.add(i, spec.flags);
  return true;
}

function has(spec: KeySpec, flag: string): boolean {
  return spec.flags.includes(flag);
}

/** The argument is treated like a key by cluster clients, but is none: a shard channel. */
function isNoKey(spec: KeySpec): boolean {
  return has(spec, 'not_key');
}

function hasVariableFlags(spec: KeySpec): boolean {
  return has(spec, 'variable_flags');
}

// ------------------------------------------------------------------------------------------------------ legacy ranges

/** First key, last key and step, as COMMAND has shown them since 2.8; all 0 without keys. */
export interface LegacyRange {
  readonly first: number;
  /** Negative: counted from the end. */
  readonly last: number;
  readonly step: number;
  /** The range does not tell the whole truth: COMMAND flags the command `movablekeys`. */
  readonly movable: boolean;
}

/** What is left of the specs when they are pressed into one range (server.c populateCommandLegacyRangeSpec). */
export function legacyRange(specs: readonly KeySpec[]): LegacyRange {
  const none = { first: 0, last: 0, step: 0, movable: false };
  if (specs.length === 0) return none;
  const only = specs.length === 1 ? asRange(specs[0]!) : null;
  if (only !== null) return { ...only, movable: has(specs[0]!, 'incomplete') };
  let movable = false;
  let first = 0;
  let last = 0;
  for (const spec of specs) {
    const range = asRange(spec);
    if (range === null || range.step !== 1 || (last !== 0 && last !== range.first - 1)) {
      movable = true;
      continue;
    }
    movable ||= has(spec, 'incomplete');
    first = first === 0 ? range.first : Math.min(first, range.first);
    // As unsigned numbers: a last key that is counted from the end lies behind every one counted from the start.
    last = Math.max(last >>> 0, range.last >>> 0) | 0;
  }
  return first === 0 ? { ...none, movable: true } : { first, last, step: 1, movable };
}

function asRange({ begin, find }: KeySpec): { first: number; last: number; step: number } | null {
  if (!('index' in begin) || !('last' in find)) return null;
  return { first: begin.index, last: find.last >= 0 ? begin.index + find.last : find.last, step: find.step };
}
