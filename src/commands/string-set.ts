/**
 * Commands that store whole strings: SET with its options, its older siblings, MSET, and GETEX, which shares the
 * options of SET that concern time.
 */
import { equalsIgnoreCase } from '../core/latin1.ts';
import { fail, SYNTAX_ERROR, wrongArity } from '../core/errors.ts';
import { NONE } from '../data/heap.ts';
import type { Context } from './context.ts';
import { isPast, positiveExpireTime, type TimeUnit, UNIT, type UnixMs } from './expire-time.ts';
import { NOTIFY } from './notify-class.ts';
import type { FoundKey } from './row.ts';
import { sendString } from './send-string.ts';
import type { Arguments } from '../core/arguments.ts';

/** Bits of the options of SET and GETEX. */
const NX = 1 << 0;
const XX = 1 << 1;
const GET = 1 << 2;
const KEEPTTL = 1 << 3;
const PERSIST = 1 << 4;
const EX = 1 << 5;
const PX = 1 << 6;
const EXAT = 1 << 7;
const PXAT = 1 << 8;
const EXPIRATION = EX | PX | EXAT | PXAT | KEEPTTL | PERSIST;

interface Option {
  readonly name: string;
  readonly bit: number;
  /** Options that it cannot stand beside; most may be repeated. */
  readonly excludes: number;
  /** The unit of the argument that follows it. */
  readonly unit: TimeUnit | null;
}

function option(name: string, bit: number, excludes: number, unit: TimeUnit | null = null): Option {
  return { name, bit, excludes: excludes & ~bit, unit };
}

const TIME_OPTIONS: readonly Option[] = [
  option('ex', EX, EXPIRATION, UNIT.EX),
  option('px', PX, EXPIRATION, UNIT.PX),
  option('exat', EXAT, EXPIRATION, UNIT.EXAT),
  option('pxat', PXAT, EXPIRATION, UNIT.PXAT),
];
const SET_OPTIONS: readonly Option[] = [
  option('nx', NX, XX),
  option('xx', XX, NX),
  option('get', GET, 0),
  option('keepttl', KEEPTTL, EXPIRATION),
  ...TIME_OPTIONS,
];
const GETEX_OPTIONS: readonly Option[] = [option('persist', PERSIST, EXPIRATION), ...TIME_OPTIONS];

interface Options {
  bits: number;
  unit: TimeUnit | null;
  /** Index of the argument with the expire time, 0 for none. */
  timeIndex: number;
}

function parseOptions(c: Context, first: number, known: readonly Option[]): Options {
  const { args } = c;
  const options: Options = { bits: 0, unit: null, timeIndex: 0 };
  for (let i = first; i < args.count; i++) {
    const found = findOption(args, i, known);
    if (found === null || (options.bits & found.excludes) !== 0) fail(SYNTAX_ERROR);
    options.bits |= found.bit;
    if (found.unit === null) continue;
    if (++i === args.count) fail(SYNTAX_ERROR);
    options.unit = found.unit;
    options.timeIndex = i;
  }
  return options;
}

function findOption(args: Arguments, index: number, known: readonly Option[]): Option | null {
  const start = args.starts[index]!;
  const end = args.ends[index]!;
  for (const candidate of known) if (equalsIgnoreCase(args.bytes, start, end, candidate.name)) return candidate;
  return null;
}

// ---------------------------------------------------------------------------------------------------------------- SET

export function set(c: Context): void {
  if (c.args.count > 3) {
    setWithOptions(c);
    return;
  }
  c.setString(1, 2);
  c.changed(1, NOTIFY.string, 'set');
  c.reply.ok();
}

function setWithOptions(c: Context): void {
  const { bits, unit, timeIndex } = parseOptions(c, 3, SET_OPTIONS);
  const time = unit === null ? null : positiveExpireTime(c, timeIndex, unit, 'set');
  if ((bits & GET) !== 0) replyOld(c);
  if ((bits & (NX | XX)) !== 0) {
    const exists = c.write(1) !== NONE;
    if (exists === ((bits & NX) !== 0)) {
      if ((bits & GET) === 0) c.reply.nil();
      return;
    }
  }
  store(c, 2, time, (bits & KEEPTTL) !== 0);
  if ((bits & GET) === 0) c.reply.ok();
  else if (time === null && c.services.propagates) c.propagateInstead(withoutGet(c.args));
}

/** Replies what the key holds, which must be a string or nothing. */
function replyOld(c: Context): void {
  const entry = c.readString(1);
  if (entry === NONE) c.reply.nil();
  else sendString(c, entry);
}

/** Stores argument `value` under the key. With a time, what is propagated has it as an absolute one. */
function store(c: Context, value: number, time: UnixMs | null, keepExpiry = false): void {
  if (time === null) {
    c.setString(1, value, keepExpiry);
    c.changed(1, NOTIFY.string, 'set');
    return;
  }
  const { args } = c;
  const { starts, ends, bytes } = args;
  const entry = c.db.setString(bytes, starts[1]!, ends[1]!, bytes, starts[value]!, ends[value]!, false, true);
  c.db.setExpiry(entry, time);
  c.changed(1, NOTIFY.string, 'set');
  c.notify(1, NOTIFY.generic, 'expire');
  if (c.services.propagates) c.propagateInstead(['SET', args.view(1), args.view(value), 'PXAT', String(time)]);
}

function withoutGet(args: Arguments): Uint8Array[] {
  const kept: Uint8Array[] = [];
  for (let i = 0; i < args.count; i++) if (i < 3 || !args.is(i, 'get')) kept.push(args.view(i));
  return kept;
}

/** SET reads its key only with GET. */
export function keysOfSet(args: Arguments): FoundKey[] {
  for (let i = 3; i < args.count; i++) if (args.is(i, 'get')) return [{ index: 1, flags: 'RW access update' }];
  return [{ index: 1, flags: 'OW update' }];
}

export function setnx(c: Context): void {
  if (c.write(1) !== NONE) {
    c.reply.integer(0);
    return;
  }
  store(c, 2, null);
  c.reply.integer(1);
}

export function setex(c: Context): void {
  store(c, 3, positiveExpireTime(c, 2, UNIT.EX, 'setex'));
  c.reply.ok();
}

export function psetex(c: Context): void {
  store(c, 3, positiveExpireTime(c, 2, UNIT.PX, 'psetex'));
  c.reply.ok();
}

export function getset(c: Context): void {
  replyOld(c);
  store(c, 2, null);
  if (c.services.propagates) c.propagateInstead(['SET', c.args.view(1), c.args.view(2)]);
}

// --------------------------------------------------------------------------------------------------------------- MSET

export function mset(c: Context): void {
  requirePairs(c, 'mset');
  storePairs(c);
  c.reply.ok();
}

export function msetnx(c: Context): void {
  requirePairs(c, 'msetnx');
  for (let i = 1; i < c.args.count; i += 2) {
    if (c.write(i) === NONE) continue;
    c.reply.integer(0);
    return;
  }
  storePairs(c);
  c.reply.integer(1);
}

function requirePairs(c: Context, command: string): void {
  if (c.args.count % 2 === 0) fail(wrongArity(command));
}

function storePairs(c: Context): void {
  for (let i = 1; i < c.args.count; i += 2) {
    c.setString(i, i + 1);
    c.changed(i, NOTIFY.string, 'set');
  }
}

// -------------------------------------------------------------------------------------------------------------- GETEX

export function getex(c: Context): void {
  const { bits, unit, timeIndex } = parseOptions(c, 2, GETEX_OPTIONS);
  const entry = c.readString(1);
  if (entry === NONE) {
    c.reply.nil();
    return;
  }
  const time = unit === null ? null : positiveExpireTime(c, timeIndex, unit, 'getex');
  sendString(c, entry);
  if (time !== null) expireRead(c, entry, time, unit!);
  else if ((bits & PERSIST) !== 0 && c.db.clearExpiry(entry)) {
    c.changed(1, NOTIFY.generic, 'persist');
    if (c.services.propagates) c.propagateInstead(['PERSIST', c.args.view(1)]);
  }
}

/** Only an absolute time can have passed: a relative one is positive. */
function expireRead(c: Context, entry: number, time: UnixMs, unit: TimeUnit): void {
  if (!unit.isRelative && isPast(c, time)) {
    removeRead(c, entry, 'expire', c.services.settings.lazyExpire);
    return;
  }
  c.db.setExpiry(entry, time);
  c.changed(1, NOTIFY.generic, 'expire');
  if (c.services.propagates) c.propagateInstead(['PEXPIREAT', c.args.view(1), String(time)]);
}

export function getdel(c: Context): void {
  const entry = c.readString(1);
  if (entry === NONE) {
    c.reply.nil();
    return;
  }
  sendString(c, entry);
  removeRead(c, entry, 'user', c.services.settings.lazyUserDelete);
}

function removeRead(c: Context, entry: number, removal: 'user' | 'expire', lazy: boolean): void {
  c.db.remove(entry, removal);
  c.changed(1, NOTIFY.generic, 'del');
  if (c.services.propagates) c.propagateInstead([lazy ? 'UNLINK' : 'DEL', c.args.view(1)]);
}
