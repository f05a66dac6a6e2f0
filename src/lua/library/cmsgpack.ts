/**
 * The `cmsgpack` library (lua_cmsgpack.c 0.4.0): MessagePack.
 *
 * Integers take as few bytes as they can; other numbers are floats if that is exact, else doubles. A table with the keys
 * 1..n is an array, an empty one too. Tables that are nested too deeply become nil.
 */
import type { Engine } from '../engine.ts';
import { LuaError } from '../lua-error.ts';
import { currentPosition } from '../stack.ts';
import { isNegative, nanOf } from '../nan.ts';
import { LuaTable } from '../table.ts';
import type { LuaFunction, LuaValue, Results } from '../value.ts';
import { CallArguments, libraryError, register } from './arguments.ts';
import { asResults } from './base.ts';

const NESTING_MAX = 16;
const INT_MAX = 2 ** 31 - 1;

/** Every engine has the same ones. */
const FUNCTIONS: Readonly<Record<string, LuaFunction>> = {
  pack: (...args) => pack(new CallArguments(args), args),
  unpack: (...args) => unpack(new CallArguments(args), 0, 0),
  unpack_one: (...args) => {
    const given = new CallArguments(args);
    return unpack(given, 1, given.integerOr(2, 0));
  },
  unpack_limit: (...args) => {
    const given = new CallArguments(args);
    return unpack(given, given.integer(2), given.integerOr(3, 0));
  },
};

export function registerCmsgpack(engine: Engine): void {
  const library = register(new LuaTable(), FUNCTIONS);
  library.setString('_NAME', 'cmsgpack');
  library.setString('_VERSION', 'lua-cmsgpack 0.4.0');
  library.setString('_COPYRIGHT', 'Copyright (C) 2012, Salvatore Sanfilippo');
  library.setString('_DESCRIPTION', 'MessagePack C implementation for Lua');
  engine.globals.setString('cmsgpack', library);
}

// --------------------------------------------------------------------------------------------------------------- packing

function pack(given: CallArguments, values: readonly LuaValue[]): string {
  if (values.length === 0) throw given.error(0, 'MessagePack pack needs input.');
  const parts: string[] = [];
  for (const value of values) packValue(value, parts, 0);
  return parts.join('');
}

function packValue(value: LuaValue, parts: string[], level: number): void {
  switch (typeof value) {
    case 'string':
      parts.push(stringHead(value.length), value);
      break;
    case 'boolean':
      parts.push(value ? '\xc3' : '\xc2');
      break;
    case 'number':
      parts.push(packNumber(value));
      break;
    default:
      if (value instanceof LuaTable && level < NESTING_MAX) packTable(value, parts, level);
      else parts.push('\xc0');
  }
}

/** A big-endian integer behind a type. */
function tagged(type: number, value: number | bigint, bytes: number): string {
  const buffer = Buffer.alloc(1 + bytes, type);
  if (typeof value === 'bigint') buffer.writeBigUInt64BE(BigInt.asUintN(64, value), 1);
  else if (value < 0) buffer.writeIntBE(value, 1, bytes);
  else buffer.writeUIntBE(value, 1, bytes);
  return buffer.toString('latin1');
}

function stringHead(length: number): string {
  if (length < 32) return String.fromCharCode(0xa0 | length);
  if (length <= 0xff) return tagged(0xd9, length, 1);
  return length <= 0xffff ? tagged(0xda, length, 2) : tagged(0xdb, length, 4);
}

function signedNan(bytes: Buffer, read: (bytes: Buffer) => number): number {
  const value = read(bytes);
  return Number.isNaN(value) ? nanOf((bytes[0]! & 0x80) !== 0) : value;
}

function packNumber(value: number): string {
  if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63) return packInteger(value);
  if (Number.isNaN(value)) return `\xcb${isNegative(value) ? '\xff' : '\x7f'}\xf8\0\0\0\0\0\0`;
  const isFloat = Math.fround(value) === value;
  const buffer = Buffer.alloc(isFloat ? 5 : 9, isFloat ? 0xca : 0xcb);
  if (isFloat) buffer.writeFloatBE(value, 1);
  else buffer.writeDoubleBE(value, 1);
  return buffer.toString('latin1');
}

function packInteger(value: number): string {
  if (value >= 0) {
    if (value <= 127) return String.fromCharCode(value);
    if (value <= 0xff) return tagged(0xcc, value, 1);
    if (value <= 0xffff) return tagged(0xcd, value, 2);
    return value <= 0xffffffff ? tagged(0xce, value, 4) : tagged(0xcf, BigInt(value), 8);
  }
  if (value >= -32) return String.fromCharCode(256 + value);
  if (value >= -128) return tagged(0xd0, value, 1);
  if (value >= -32768) return tagged(0xd1, value, 2);
  return value >= -(2 ** 31) ? tagged(0xd2, value, 4) : tagged(0xd3, BigInt(value), 8);
}

function packTable(table: LuaTable, parts: string[], level: number): void {
  const count = countIfArray(table);
  if (count !== null) {
    const { length } = table;
    parts.push(collectionHead(length, 0x90, 0xdc));
    for (let at = 1; at <= length; at++) packValue(table.getNumber(at), parts, level + 1);
    return;
  }
  const head = parts.push('') - 1;
  let pairs = 0;
  for (let at = table.positionFrom(0); at >= 0; at = table.positionFrom(at + 1)) {
    packValue(table.keyAt(at), parts, level + 1);
    packValue(table.valueAt(at), parts, level + 1);
    pairs++;
  }
  parts[head] = collectionHead(pairs, 0x80, 0xde);
}

function collectionHead(count: number, short: number, long: number): string {
  if (count <= 15) return String.fromCharCode(short | count);
  return count <= 0xffff ? tagged(long, count, 2) : tagged(long + 1, count, 4);
}

/** How many items a table has whose keys are 1..n; null if it is none. */
function countIfArray(table: LuaTable): number | null {
  let count = 0;
  let largest = 0;
  for (let at = table.positionFrom(0); at >= 0; at = table.positionFrom(at + 1)) {
    const key = table.keyAt(at);
    if (typeof key !== 'number' || key <= 0 || key > INT_MAX || !Number.isInteger(key)) return null;
    largest = Math.max(largest, key);
    count++;
  }
  return largest === count ? count : null;
}

// ------------------------------------------------------------------------------------------------------------- unpacking

/** @param limit how many values; with an offset, or a limit, the position behind them is the first result. */
/** As an error shows it, which has room for 32 bits. */
function intOf(value: number): number {
  return Number(BigInt.asIntN(32, BigInt(value)));
}

function unpack(given: CallArguments, limit: number, offset: number): Results {
  const text = given.string(1);
  if (offset < 0 || limit < 0) {
    throw libraryError(`Invalid request to unpack with offset of ${intOf(offset)} and limit of ${text.length}.`);
  }
  if (offset > text.length)
    throw libraryError(`Start offset ${intOf(offset)} greater than input length ${text.length}.`);
  const isWhole = limit === 0 && offset === 0;
  const reader = new Reader(text, offset);
  const values: LuaValue[] = [];
  const most = isWhole ? Infinity : limit;
  while (!reader.isAtEnd && values.length < most) values.push(reader.read());
  if (isWhole) return asResults(values);
  return asResults([reader.isAtEnd ? -1 : reader.at, ...values]);
}

/** Reads the string as it is: what is packed is mostly short texts, and a copy would cost more than they do. */
class Reader {
  readonly #text: string;
  at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#text.length;
  }

  /** Moves over some bytes. @returns where they start. */
  #take(count: number): number {
    const { at } = this;
    if (at + count > this.#text.length) throw libraryError('Missing bytes in input.');
    this.at += count;
    return at;
  }

  #unsigned(bytes: number): number {
    let value = 0;
    for (let at = this.#take(bytes); at < this.at; at++) value = value * 256 + this.#text.charCodeAt(at);
    return value;
  }

  #signed(bytes: number): number {
    const value = this.#unsigned(bytes);
    return value < 2 ** (8 * bytes - 1) ? value : value - 2 ** (8 * bytes);
  }

  #string(length: number): string {
    const at = this.#take(length);
    return this.#text.slice(at, at + length);
  }

  #bytes(count: number): Buffer {
    return Buffer.from(this.#string(count), 'latin1');
  }

  #double(): number {
    const at = this.at;
    const high = this.#unsigned(4);
    const low = this.#unsigned(4);
    if (high === 0 && low === 0) return 0;
    const exponent = (high >>> 20) & 0x7ff;
    // Those of every day are put together here; memory to lay the others out in costs more than all the rest.
    if (exponent === 0 || exponent === 0x7ff) {
      this.at = at;
      return signedNan(this.#bytes(8), (bytes) => bytes.readDoubleBE());
    }
    const fraction = 1 + ((high & 0xfffff) * 2 ** 32 + low) / 2 ** 52;
    return (high >= 2 ** 31 ? -fraction : fraction) * 2 ** (exponent - 1023);
  }

  read(): LuaValue {
    const type = this.#unsigned(1);
    if (type <= 0x7f) return type;
    if (type >= 0xe0) return type - 256;
    if (type <= 0x8f) return this.#map(type & 15);
    if (type <= 0x9f) return this.#array(type & 15);
    if (type <= 0xbf) return this.#string(type & 31);
    return this.#readTagged(type);
  }

  #readTagged(type: number): LuaValue {
    switch (type) {
      case 0xc0:
        return undefined;
      case 0xc2:
      case 0xc3:
        return type === 0xc3;
      case 0xca:
        return signedNan(this.#bytes(4), (bytes) => bytes.readFloatBE());
      case 0xcb:
        return this.#double();
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(2 ** (type - 0xcc));
      case 0xd0:
      case 0xd1:
      case 0xd2:
        return this.#signed(2 ** (type - 0xd0));
      // Redis' Lua has signed integers of 64 bits on the way: the upper half of the unsigned ones comes out negative.
      case 0xcf:
      case 0xd3:
        return Number(this.#bytes(8).readBigInt64BE());
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#string(this.#unsigned(2 ** (type - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(type === 0xdc ? 2 : 4));
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(type === 0xde ? 2 : 4));
      default:
        throw libraryError('Bad data format in input.');
    }
  }

  #array(count: number): LuaTable {
    const table = new LuaTable();
    for (let at = 1; at <= count; at++) table.setNumber(at, this.read());
    return table;
  }

  #map(count: number): LuaTable {
    const table = new LuaTable();
    for (let at = 0; at < count; at++) {
      const key = this.read();
      const value = this.read();
      if (key === undefined || Number.isNaN(key)) {
        throw new LuaError(`table index is ${key === undefined ? 'nil' : 'NaN'}`, currentPosition());
      }
      table.set(key, value);
    }
    return table;
  }
}
