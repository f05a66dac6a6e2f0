/** Expire times: setting them under conditions, asking for them, clearing them. */
import { fail } from '../core/errors.ts';
import { NO_EXPIRY } from '../data/database.ts';
import { NONE } from '../data/heap.ts';
import type { Context } from './context.ts';
import { anyExpireTime, isPast, type TimeUnit, UNIT, type UnixMs } from './expire-time.ts';
import { NOTIFY } from './notify-class.ts';

/** Conditions under which a time is set, as bits. */
const NX = 1 << 0;
const XX = 1 << 1;
const GT = 1 << 2;
const LT = 1 << 3;

function parseConditions(c: Context): number {
  const { args } = c;
  let bits = 0;
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, 'nx')) bits |= NX;
    else if (args.is(i, 'xx')) bits |= XX;
    else if (args.is(i, 'gt')) bits |= GT;
    else if (args.is(i, 'lt')) bits |= LT;
    else fail(`ERR Unsupported option ${args.cString(i)}`);
  }
  if ((bits & NX) !== 0 && bits !== NX) {
    fail('ERR NX and XX, GT or LT options at the same time are not compatible');
  }
  if ((bits & GT) !== 0 && (bits & LT) !== 0) fail('ERR GT and LT options at the same time are not compatible');
  return bits;
}

/** A key without expire time lives for ever: no time is greater, every time is less. */
function allows(conditions: number, time: UnixMs, current: UnixMs): boolean {
  const isVolatile = current !== NO_EXPIRY;
  if ((conditions & NX) !== 0 && isVolatile) return false;
  if ((conditions & XX) !== 0 && !isVolatile) return false;
  if ((conditions & GT) !== 0 && (!isVolatile || time <= current)) return false;
  return (conditions & LT) === 0 || !isVolatile || time < current;
}

function setTime(c: Context, unit: TimeUnit, command: string): void {
  const conditions = parseConditions(c);
  const time = anyExpireTime(c, 2, unit, command);
  const entry = c.write(1);
  if (entry === NONE || (conditions !== 0 && !allows(conditions, time, c.db.exactExpiryOf(entry)))) {
    c.reply.integer(0);
    return;
  }
  if (isPast(c, time)) removeNow(c, entry);
  else {
    c.db.setExpiry(entry, time);
    c.changed(1, NOTIFY.generic, 'expire');
    if (c.services.propagates && unit !== UNIT.PXAT) propagateTime(c, time);
  }
  c.reply.integer(1);
}

function removeNow(c: Context, entry: number): void {
  c.db.remove(entry, 'expire');
  c.changed(1, NOTIFY.generic, 'del');
  if (c.services.propagates) c.propagateInstead([c.services.settings.lazyExpire ? 'UNLINK' : 'DEL', c.args.view(1)]);
}

function propagateTime(c: Context, time: UnixMs): void {
  const { args } = c;
  const conditions: Uint8Array[] = [];
  for (let i = 3; i < args.count; i++) conditions.push(args.view(i));
  c.propagateInstead(['PEXPIREAT', args.view(1), String(time), ...conditions]);
}

export function expire(c: Context): void {
  setTime(c, UNIT.EX, 'expire');
}

export function pexpire(c: Context): void {
  setTime(c, UNIT.PX, 'pexpire');
}

export function expireat(c: Context): void {
  setTime(c, UNIT.EXAT, 'expireat');
}

export function pexpireat(c: Context): void {
  setTime(c, UNIT.PXAT, 'pexpireat');
}

export function persist(c: Context): void {
  const entry = c.write(1);
  if (entry === NONE || !c.db.clearExpiry(entry)) {
    c.reply.integer(0);
    return;
  }
  c.changed(1, NOTIFY.generic, 'persist');
  c.reply.integer(1);
}

// ------------------------------------------------------------------------------------------------------------- asking

export function ttl(c: Context): void {
  replyTime(c, UNIT.EX);
}

export function pttl(c: Context): void {
  replyTime(c, UNIT.PX);
}

export function expiretime(c: Context): void {
  replyTime(c, UNIT.EXAT);
}

export function pexpiretime(c: Context): void {
  replyTime(c, UNIT.PXAT);
}

/** Seconds are rounded to the nearest. -2: no key, -1: no expire time. */
function replyTime(c: Context, unit: TimeUnit): void {
  const entry = c.look(1);
  const expiry = entry === NONE ? NO_EXPIRY : c.db.exactExpiryOf(entry);
  if (expiry === NO_EXPIRY) c.reply.integer(entry === NONE ? -2 : -1);
  else if (typeof expiry === 'bigint') replyFarTime(c, expiry, unit);
  else {
    const time = Math.max(0, unit.isRelative ? expiry - c.now : expiry);
    c.reply.integer(unit.inSeconds ? Math.floor((time + 500) / 1000) : time);
  }
}

function replyFarTime(c: Context, expiry: bigint, unit: TimeUnit): void {
  const difference = unit.isRelative ? expiry - BigInt(c.now) : expiry;
  const time = difference < 0n ? 0n : difference;
  c.reply.bigInteger(unit.inSeconds ? (time + 500n) / 1000n : time);
}
