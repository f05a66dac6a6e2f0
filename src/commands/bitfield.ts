/**
 * BITFIELD: a string as an array of integers of any width up to 64 bits, at any bit.
 *
 * All operations are parsed before any is carried out. The arithmetic is that of 64-bit integers, so it is done with
 * BigInt; what does not fit a field is wrapped, saturated or refused as the last OVERFLOW says.
 */
import type { Arguments } from '../core/arguments.ts';
import { fail, SYNTAX_ERROR } from '../core/errors.ts';
import { parseInteger } from '../core/integer.ts';
import { readField, writeField } from '../data/bits.ts';
import { NONE } from '../data/heap.ts';
import { bitOffset, stringWithBit } from './bit-string.ts';
import type { Context } from './context.ts';
import { NOTIFY } from './notify-class.ts';
import type { FoundKey } from './row.ts';

const BAD_TYPE = 'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.';

type Overflow = 'wrap' | 'sat' | 'fail';

interface FieldType {
  readonly signed: boolean;
  readonly width: number;
}

interface Operation {
  readonly kind: 'get' | 'set' | 'incrby';
  readonly type: FieldType;
  readonly offset: number;
  /** The new value, or the increment. */
  readonly operand: bigint;
  readonly overflow: Overflow;
}

export function bitfield(c: Context): void {
  run(c, parseOperations(c));
}

export function bitfieldRo(c: Context): void {
  const operations = parseOperations(c);
  if (operations.some(({ kind }) => kind !== 'get')) fail('ERR BITFIELD_RO only supports the GET subcommand');
  run(c, operations);
}

/** With nothing but GETs the key is only read. */
export function keysOfBitfield(args: Arguments): FoundKey[] {
  let isRead = args.count > 2;
  for (let i = 2; i < args.count; i += 3) if (!args.is(i, 'get')) isRead = false;
  return [{ index: 1, flags: isRead ? 'RO access' : 'RW access update' }];
}

function parseOperations(c: Context): Operation[] {
  const { args } = c;
  const operations: Operation[] = [];
  let overflow: Overflow = 'wrap';
  for (let i = 2; i < args.count;) {
    const left = args.count - i - 1;
    if (args.is(i, 'overflow') && left >= 1) {
      overflow = parseOverflow(c, i + 1);
      i += 2;
      continue;
    }
    const kind = args.is(i, 'get') && left >= 2 ? 'get' : null;
    const write = left < 3 ? null : args.is(i, 'set') ? 'set' : args.is(i, 'incrby') ? 'incrby' : null;
    const found = kind ?? write ?? fail(SYNTAX_ERROR);
    const type = parseType(c, i + 1);
    const offset = bitOffset(c, i + 2, type.width);
    operations.push({ kind: found, type, offset, operand: found === 'get' ? 0n : c.int64(i + 3), overflow });
    i += found === 'get' ? 3 : 4;
  }
  return operations;
}

function parseOverflow(c: Context, index: number): Overflow {
  for (const overflow of ['wrap', 'sat', 'fail'] as const) if (c.args.is(index, overflow)) return overflow;
  return fail('ERR Invalid OVERFLOW type specified');
}

function parseType(c: Context, index: number): FieldType {
  const { bytes, starts, ends } = c.args;
  const letter = bytes[starts[index]!];
  const signed = letter === 0x69;
  if (c.args.length(index) === 0 || (!signed && letter !== 0x75)) fail(BAD_TYPE);
  const width = parseInteger(bytes, starts[index]! + 1, ends[index]!);
  if (!(width >= 1) || width > (signed ? 64 : 63)) fail(BAD_TYPE);
  return { signed, width };
}

function run(c: Context, operations: readonly Operation[]): void {
  const { db, reply } = c;
  let highest = -1;
  for (const { kind, offset, type } of operations) {
    if (kind !== 'get') highest = Math.max(highest, offset + type.width - 1);
  }
  const { entry, grew } = highest < 0 ? { entry: c.readString(1), grew: false } : stringWithBit(c, highest);
  const bytes = entry === NONE ? Buffer.alloc(0) : db.bytes(entry);
  const start = entry === NONE ? 0 : db.valueOffset(entry);
  const length = entry === NONE ? 0 : db.length(entry);
  let changes = 0;
  reply.array(operations.length);
  for (const operation of operations) {
    const { type, offset } = operation;
    const old = inType(type, readField(bytes, start, length, offset, type.width));
    if (operation.kind === 'get') {
      reply.bigInteger(old);
      continue;
    }
    const value = newValue(operation, old);
    if (value === null) {
      reply.nil();
      continue;
    }
    reply.bigInteger(operation.kind === 'set' ? old : value);
    writeField(bytes, start, offset, type.width, value);
    if (grew || value !== old) changes++;
  }
  if (changes > 0) c.changed(1, NOTIFY.string, 'setbit', changes);
}

function inType({ signed, width }: FieldType, bits: bigint): bigint {
  return signed ? BigInt.asIntN(width, bits) : BigInt.asUintN(width, bits);
}

/** What is to be stored, or null when it does not fit and OVERFLOW FAIL is in force. */
function newValue({ kind, type, operand, overflow }: Operation, old: bigint): bigint | null {
  const max = (1n << BigInt(type.signed ? type.width - 1 : type.width)) - 1n;
  const min = type.signed ? -max - 1n : 0n;
  // SET on an unsigned field takes its operand as an unsigned number of 64 bits.
  const base = kind === 'incrby' ? old : type.signed ? operand : BigInt.asUintN(64, operand);
  const increment = kind === 'incrby' ? operand : 0n;
  const side = type.signed
    ? signedOverflow(base, increment, type.width, min, max)
    : unsignedOverflow(base, increment, max);
  if (side === 0) return base + increment;
  if (overflow === 'fail') return null;
  if (overflow === 'wrap') return inType(type, base + increment);
  return side > 0 ? max : min;
}

/**
 * 1 if the sum is too big, -1 if it is too small, 0 if it fits. The distances to the limits are taken in 64 bits, as
 * bitops.c checkSignedBitfieldOverflow does: a base that is far outside of a narrow field ends on the wrong side.
 */
function signedOverflow(base: bigint, increment: bigint, width: number, min: bigint, max: bigint): number {
  const toMax = BigInt.asIntN(64, max - base);
  const toMin = BigInt.asIntN(64, min - base);
  const isNarrow = width !== 64;
  if (base > max || ((isNarrow || (base >= 0n && increment > 0n)) && increment > toMax)) return 1;
  if (base < min || ((isNarrow || (base < 0n && increment < 0n)) && increment < toMin)) return -1;
  return 0;
}

function unsignedOverflow(base: bigint, increment: bigint, max: bigint): number {
  if (base > max || (increment > 0n && increment > BigInt.asIntN(64, max - base))) return 1;
  return increment < 0n && increment < BigInt.asIntN(64, -base) ? -1 : 0;
}
