/** Commands that read or write a part of a string, and LCS, which compares two. */
import { fail, NOT_AN_INTEGER, STRING_TOO_LONG, SYNTAX_ERROR } from '../core/errors.ts';
import { lcsLength, LcsTable, lcsTableBytes } from '../core/lcs.ts';
import { STRING_BYTES_MAX } from '../data/database.ts';
import { copyBytes } from '../core/copy-bytes.ts';
import { NONE } from '../data/heap.ts';
import { KIND } from '../data/value.ts';
import type { Context } from './context.ts';
import { NOTIFY } from './notify-class.ts';
import { sendSubstring } from './send-string.ts';

const EMPTY = Buffer.alloc(0);

export function getrange(c: Context): void {
  const start = c.integer(2);
  const end = c.integer(3);
  const entry = c.readString(1);
  const length = entry === NONE ? 0 : c.db.length(entry);
  if (length === 0 || isBackwards(c, start, end)) {
    c.reply.bulk(EMPTY, 0, 0);
    return;
  }
  const first = Math.max(0, start < 0 ? length + start : start);
  const last = Math.min(length - 1, Math.max(0, end < 0 ? length + end : end));
  if (first > last) c.reply.bulk(EMPTY, 0, 0);
  else sendSubstring(c, entry, first, last - first + 1);
}

/** Both ends are counted from the string's end, in the wrong order: no clamping makes a range of them. */
function isBackwards(c: Context, start: number, end: number): boolean {
  if (start >= 0 || end >= 0 || start < end) return false;
  return start > end || (!Number.isSafeInteger(start) && c.int64(2) > c.int64(3));
}

export function setrange(c: Context): void {
  const offset = c.integer(2);
  if (offset < 0) fail('ERR offset is out of range');
  const { args, db } = c;
  const added = args.length(3);
  let entry = c.writeString(1);
  if (added === 0) {
    c.reply.integer(entry === NONE ? 0 : db.length(entry));
    return;
  }
  requireLength(c, offset + added);
  let length = offset + added;
  if (entry === NONE) {
    entry = db.insertString(args.bytes, args.starts[1]!, args.ends[1]!, length);
    db.view(entry).fill(0, 0, offset);
  } else length = Math.max(length, db.length(entry));
  entry = db.resizeString(entry, length, true);
  copyBytes(args.bytes, args.starts[3]!, args.ends[3]!, db.bytes(entry), db.valueOffset(entry) + offset);
  c.changed(1, NOTIFY.string, 'setrange');
  c.reply.integer(length);
}

export function append(c: Context): void {
  const { args, db } = c;
  const added = args.length(2);
  let entry = c.writeString(1);
  let length = added;
  if (entry === NONE) c.setString(1, 2);
  else {
    const old = db.length(entry);
    length += old;
    requireLength(c, length);
    entry = db.resizeString(entry, length, true);
    copyBytes(args.bytes, args.starts[2]!, args.ends[2]!, db.bytes(entry), db.valueOffset(entry) + old);
  }
  c.changed(1, NOTIFY.string, 'append');
  c.reply.integer(length);
}

function requireLength(c: Context, length: number): void {
  if (length > Math.min(c.services.settings.bulkBytesMax, STRING_BYTES_MAX)) fail(STRING_TOO_LONG);
}

export function strlen(c: Context): void {
  const entry = c.readString(1);
  c.reply.integer(entry === NONE ? 0 : c.db.length(entry));
}

// ---------------------------------------------------------------------------------------------------------------- LCS

interface LcsOptions {
  indexes: boolean;
  onlyLength: boolean;
  withMatchLength: boolean;
  minMatchLength: number;
}

export function lcs(c: Context): void {
  const first = c.read(1);
  const second = c.read(2);
  for (const entry of [first, second]) {
    if (entry !== NONE && c.db.kind(entry) !== KIND.string) fail('ERR The specified keys must contain string values');
  }
  const options = parseLcsOptions(c);
  const a = first === NONE ? EMPTY : c.db.view(first);
  const b = second === NONE ? EMPTY : c.db.view(second);
  if (lcsTableBytes(a.length, b.length) > c.services.settings.bulkBytesMax) {
    fail('ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len');
  }
  if (options.onlyLength) {
    c.reply.integer(lcsLength(a, b));
    return;
  }
  const table = LcsTable.build(a, b) ?? fail('ERR Insufficient memory, failed allocating transient memory for LCS');
  if (options.indexes) replyMatches(c, table, options);
  else c.reply.bulkBytes(table.subsequence());
}

function parseLcsOptions(c: Context): LcsOptions {
  const { args } = c;
  const options = { indexes: false, onlyLength: false, withMatchLength: false, minMatchLength: 0 };
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, 'idx')) options.indexes = true;
    else if (args.is(i, 'len')) options.onlyLength = true;
    else if (args.is(i, 'withmatchlen')) options.withMatchLength = true;
    else if (args.is(i, 'minmatchlen') && i + 1 < args.count) {
      options.minMatchLength = Math.max(0, c.integer(++i, NOT_AN_INTEGER));
    } else fail(SYNTAX_ERROR);
  }
  if (options.onlyLength && options.indexes) {
    fail('ERR If you want both the length and indexes, please just use IDX.');
  }
  return options;
}

function replyMatches(c: Context, table: LcsTable, options: LcsOptions): void {
  const { reply } = c;
  const matches = table.matches(options.minMatchLength);
  reply.map(2);
  reply.bulkBinary('matches');
  reply.array(matches.length);
  for (const match of matches) {
    reply.array(options.withMatchLength ? 3 : 2);
    reply.array(2);
    reply.integer(match.aStart);
    reply.integer(match.aEnd);
    reply.array(2);
    reply.integer(match.bStart);
    reply.integer(match.bEnd);
    if (options.withMatchLength) reply.integer(match.length);
  }
  reply.bulkBinary('len');
  reply.integer(table.length);
}
