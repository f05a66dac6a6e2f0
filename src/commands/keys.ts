/** Commands on keys whatever they hold: removing, finding, naming, copying. */
import { DB_INDEX_OUT_OF_RANGE, fail, NO_SUCH_KEY, SAME_OBJECT, SYNTAX_ERROR } from '../core/errors.ts';
import { Glob } from '../core/glob.ts';
import type { Database } from '../data/database.ts';
import { NONE } from '../data/heap.ts';
import { KIND_NAMES, type Removal } from '../data/value.ts';
import type { Context } from './context.ts';
import { NOTIFY } from './notify-class.ts';

export function del(c: Context): void {
  removeKeys(c, 'user');
}

export function unlink(c: Context): void {
  removeKeys(c, 'unlink');
}

function removeKeys(c: Context, removal: Removal): void {
  const { args } = c;
  let count = 0;
  for (let i = 1; i < args.count; i++) {
    const entry = c.db.stored(args.bytes, args.starts[i]!, args.ends[i]!);
    if (entry === NONE) continue;
    c.db.remove(entry, removal);
    c.changed(i, NOTIFY.generic, 'del');
    count++;
  }
  c.reply.integer(count);
}

export function exists(c: Context): void {
  let count = 0;
  for (let i = 1; i < c.args.count; i++) if (c.look(i) !== NONE) count++;
  c.reply.integer(count);
}

export function touch(c: Context): void {
  let count = 0;
  for (let i = 1; i < c.args.count; i++) if (c.read(i) !== NONE) count++;
  c.reply.integer(count);
}

export function type(c: Context): void {
  const entry = c.look(1);
  c.reply.simple(entry === NONE ? 'none' : KIND_NAMES[c.db.kind(entry)]);
}

/** Replies an entry's key. */
export function sendKey(c: Context, entry: number): void {
  c.reply.bulk(c.db.bytes(entry), c.db.keyOffset(entry), c.db.keyLength(entry));
}

export function randomkey(c: Context): void {
  const entry = c.db.random();
  if (entry === NONE) c.reply.nil();
  else sendKey(c, entry);
}

/** Keys whose time has passed are left out, and left alone. */
export function keys(c: Context): void {
  const { db, reply } = c;
  const glob = new Glob(c.args.view(1));
  const start = reply.mark();
  let count = 0;
  db.dict.forEach((entry) => {
    if (!glob.isMatchAll && !matchesKey(glob, db, entry)) return;
    if (db.isExpired(entry)) return;
    sendKey(c, entry);
    count++;
  });
  reply.arrayAt(start, count);
}

export function matchesKey(glob: Glob, db: Database, entry: number): boolean {
  const at = db.keyOffset(entry);
  return glob.matches(db.bytes(entry), at, at + db.keyLength(entry));
}

// ----------------------------------------------------------------------------------------------------- names and places

export function rename(c: Context): void {
  renameKey(c, false);
  c.reply.ok();
}

export function renamenx(c: Context): void {
  c.reply.integer(renameKey(c, true) ? 1 : 0);
}

/** @returns whether the key has the new name now, and had another one before. */
function renameKey(c: Context, onlyIfAbsent: boolean): boolean {
  const { args, db, services } = c;
  const source = c.write(1);
  if (source === NONE) fail(NO_SUCH_KEY);
  if (areEqual(c, 1, 2)) return false;
  if (c.write(2) !== NONE && onlyIfAbsent) return false;
  db.moveTo(source, db, args.bytes, args.starts[2]!, args.ends[2]!);
  keyModified(c, db, 1);
  keyModified(c, db, 2);
  c.notify(1, NOTIFY.generic, 'rename_from');
  c.notify(2, NOTIFY.generic, 'rename_to');
  services.countChanges(1);
  return true;
}

export function move(c: Context): void {
  const { args, db } = c;
  if (c.services.settings.isClusterNode) fail('ERR MOVE is not allowed in cluster mode');
  const target = databaseAt(c, 2);
  if (target === db) fail(SAME_OBJECT);
  const entry = c.write(1);
  const start = args.starts[1]!;
  const end = args.ends[1]!;
  if (entry === NONE || target.write(args.bytes, start, end) !== NONE) {
    c.reply.integer(0);
    return;
  }
  db.moveTo(entry, target, args.bytes, start, end);
  keyModified(c, db, 1);
  keyModified(c, target, 1);
  notify(c, 'move_from', db, 1);
  notify(c, 'move_to', target, 1);
  c.services.countChanges(1);
  c.reply.integer(1);
}

export function copy(c: Context): void {
  const { args, db } = c;
  const { target, replaces } = parseCopyOptions(c);
  if (c.services.settings.isClusterNode && target.index !== 0) {
    fail('ERR Copying to another database is not allowed in cluster mode');
  }
  if (target === db && areEqual(c, 1, 2)) fail(SAME_OBJECT);
  const entry = c.read(1);
  const start = args.starts[2]!;
  const end = args.ends[2]!;
  if (entry === NONE || (target.write(args.bytes, start, end) !== NONE && !replaces)) {
    c.reply.integer(0);
    return;
  }
  db.copyTo(entry, target, args.bytes, start, end);
  keyModified(c, target, 2);
  notify(c, 'copy_to', target, 2);
  c.services.countChanges(1);
  c.reply.integer(1);
}

function parseCopyOptions(c: Context): { target: Database; replaces: boolean } {
  const { args } = c;
  let target = c.db;
  let replaces = false;
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, 'replace')) replaces = true;
    else if (args.is(i, 'db') && i + 1 < args.count) target = databaseAt(c, ++i);
    else fail(SYNTAX_ERROR);
  }
  return { target, replaces };
}

/** The database whose number an argument gives. */
export function databaseAt(c: Context, index: number): Database {
  const number = c.integer(index);
  if (number < -0x8000_0000 || number > 0x7fff_ffff) {
    fail('ERR value is out of range, value must between -2147483648 and 2147483647');
  }
  return c.keyspace.databases[number] ?? fail(DB_INDEX_OUT_OF_RANGE);
}

function areEqual(c: Context, a: number, b: number): boolean {
  const { args } = c;
  return args.length(a) === args.length(b) && args.view(a).equals(args.view(b));
}

function keyModified(c: Context, db: Database, index: number): void {
  const { args } = c;
  c.services.keyModified(db, args.bytes, args.starts[index]!, args.ends[index]!);
}

function notify(c: Context, event: string, db: Database, index: number): void {
  const { args } = c;
  c.services.notify(NOTIFY.generic, event, db, args.bytes, args.starts[index]!, args.ends[index]!);
}
