/**
 * HRANDFIELD. Whatever is asked for, it takes time in proportion to the reply and, for a packed hash, to its length:
 *
 * - A negative count draws every field anew from the whole hash, so fields may repeat.
 * - A count of at least the size gives everything.
 * - A count of more than a third of the size draws from a list of all fields.
 * - A smaller count draws from the dict until enough different fields have come up (t_hash.c).
 */
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import { hashSize, hashValueOf } from '../data/hash-entry.ts';
import { NONE } from '../data/heap.ts';
import { firstElement, nextElement, seekElement } from '../data/listpack.ts';
import { NO_ELEMENT } from '../data/listpack-format.ts';
import { KIND } from '../data/value.ts';
import type { Context } from './context.ts';
import { sendKey } from './keys.ts';
import { checkPairCount, drawToFront, parseRandomCount, repetitions } from './random-count.ts';
import { sendElement } from './send-element.ts';
import { sendString } from './send-string.ts';

/** From this share of the hash on, drawing from a list of all fields is cheaper than drawing until all differ. */
const LIST_SHARE = 3;

export function hrandfield(c: Context): void {
  const { args, reply } = c;
  if (args.count === 2) {
    const entry = c.readKind(1, KIND.hash);
    if (entry === NONE) reply.nil();
    else sendField(c, entry, randomField(c, entry), false);
    return;
  }
  const count = parseRandomCount(c, 2);
  if (args.count > 4 || (args.count === 4 && !args.is(3, 'withvalues'))) fail(SYNTAX_ERROR);
  const withValues = args.count === 4;
  if (withValues) checkPairCount(c, 2);
  const entry = c.readKind(1, KIND.hash);
  if (entry === NONE || count === 0) reply.array(0);
  else if (count < 0) sendRepeatedly(c, entry, repetitions(count), withValues);
  else sendDistinct(c, entry, Math.min(count, hashSize(c.db, entry)), withValues);
}

/** A random field: its position in a packed hash, its record in a large one. */
function randomField(c: Context, entry: number): number {
  const { db } = c;
  const { random } = c.services;
  if (!db.isPacked(entry)) return hashValueOf(db, entry).dict.fairRandom(random);
  return seekElement(db.bytes(entry), db.valueOffset(entry), 2 * random.below(hashSize(db, entry)));
}

/** The fields of a packed hash, as positions, or of a large one, as records. */
function allFields(c: Context, entry: number): number[] {
  const { db } = c;
  const found: number[] = [];
  if (!db.isPacked(entry)) {
    hashValueOf(db, entry).dict.forEach((record) => found.push(record));
    return found;
  }
  const bytes = db.bytes(entry);
  let p = firstElement(bytes, db.valueOffset(entry));
  while (p !== NO_ELEMENT) {
    found.push(p);
    p = nextElement(bytes, nextElement(bytes, p));
  }
  return found;
}

function sendRepeatedly(c: Context, entry: number, count: number, withValues: boolean): void {
  const fields = c.db.isPacked(entry) ? allFields(c, entry) : null;
  const { random } = c.services;
  sendHead(c, count, withValues);
  for (let left = count; left > 0 && !c.reply.isDropping; left--) {
    const field = fields === null ? randomField(c, entry) : fields[random.below(fields.length)]!;
    sendField(c, entry, field, withValues);
  }
}

function sendDistinct(c: Context, entry: number, count: number, withValues: boolean): void {
  sendHead(c, count, withValues);
  for (const field of distinctFields(c, entry, count)) sendField(c, entry, field, withValues);
}

function distinctFields(c: Context, entry: number, count: number): Iterable<number> {
  const size = hashSize(c.db, entry);
  if (count === 1) return [randomField(c, entry)];
  if (c.db.isPacked(entry) || count * LIST_SHARE > size) {
    const fields = allFields(c, entry);
    if (count === size) return fields;
    drawToFront(fields, count, c.services.random);
    return fields.slice(0, count);
  }
  const drawn = new Set<number>();
  while (drawn.size < count) drawn.add(randomField(c, entry));
  return drawn;
}

function sendHead(c: Context, count: number, withValues: boolean): void {
  c.reply.array(withValues && c.reply.protocol === 2 ? 2 * count : count);
}

function sendField(c: Context, entry: number, field: number, withValue: boolean): void {
  const { db, reply } = c;
  if (withValue && reply.protocol === 3) reply.array(2);
  if (db.isPacked(entry)) {
    const bytes = db.bytes(entry);
    sendElement(reply, bytes, field);
    if (withValue) sendElement(reply, bytes, nextElement(bytes, field));
  } else {
    sendKey(c, field);
    if (withValue) sendString(c, field);
  }
}
