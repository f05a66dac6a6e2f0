/**
 * The `struct` library (lua_struct.c 0.2): numbers and strings as bytes, by a format of one letter per item. `>` and `<`
 * set the byte order, `!` the alignment. Sizes are those of a 64-bit machine.
 */
import type { Engine } from '../engine.ts';
import { isNegative, nanOf } from '../nan.ts';
import { LuaTable } from '../table.ts';
import type { LuaFunction, LuaValue, Results } from '../value.ts';
import { CallArguments, libraryError, register, toInteger } from './arguments.ts';
import { asResults } from './base.ts';

const INTEGER_BYTES_MAX = 32;
const INT_MAX = 2 ** 31 - 1;
const SIGN_BIT = 0x80;
const ALIGNMENT_DEFAULT = 8;
const INTEGERS = 'bBhHlLTiI';
const SIZES: Readonly<Record<string, number>> = { b: 1, B: 1, h: 2, H: 2, l: 8, L: 8, T: 8, f: 4, d: 8, x: 1 };

/** Every engine has the same ones. */
const FUNCTIONS: Readonly<Record<string, LuaFunction>> = {
  // What is missing counts as nil: a marker stands there on Lua's stack.
  pack: (...args) => pack(new CallArguments([...args, undefined])),
  unpack: (...args) => unpack(new CallArguments(args)),
  size: (...args) => size(new CallArguments(args)),
};

export function registerStruct(engine: Engine): void {
  const library = register(new LuaTable(), FUNCTIONS);
  engine.globals.setString('struct', library);
}

/** Goes through a format. */
class Format {
  readonly #text: string;
  readonly #given: CallArguments;
  #at = 0;
  #alignment = 1;
  isLittleEndian = true;
  /** Of the item that was read last. */
  option = '';
  size = 0;

  constructor(given: CallArguments) {
    const text = given.string(1);
    const end = text.indexOf('\0');
    this.#text = end < 0 ? text : text.slice(0, end);
    this.#given = given;
  }

  /** Reads the next letter. @returns false at the end. */
  next(): boolean {
    if (this.#at >= this.#text.length) return false;
    this.option = this.#text[this.#at++]!;
    this.size = this.#sizeOf(this.option);
    return true;
  }

  #number(otherwise: number): number {
    const digits = /^\d+/.exec(this.#text.slice(this.#at))?.[0];
    if (digits === undefined) return otherwise;
    this.#at += digits.length;
    const value = Number(digits);
    if (value > INT_MAX) throw libraryError('integral size overflow');
    return value;
  }

  #sizeOf(option: string): number {
    if (option === 'c') return this.#number(1);
    if (option !== 'i' && option !== 'I') return SIZES[option] ?? 0;
    const bytes = this.#number(4);
    if (bytes > INTEGER_BYTES_MAX) {
      throw libraryError(`integral size ${bytes} is larger than limit of ${INTEGER_BYTES_MAX}`);
    }
    return bytes;
  }

  /** How many bytes of padding the item needs at a position. */
  padding(position: number): number {
    if (this.size === 0 || this.option === 'c') return 0;
    const bytes = Math.min(this.size, this.#alignment);
    return (bytes - (position & (bytes - 1))) & (bytes - 1);
  }

  /** A letter that stands for no item. */
  control(): void {
    switch (this.option) {
      case ' ':
        break;
      case '>':
      case '<':
        this.isLittleEndian = this.option === '<';
        break;
      case '!': {
        const alignment = this.#number(ALIGNMENT_DEFAULT);
        if (alignment <= 0 || (alignment & (alignment - 1)) !== 0) {
          throw libraryError(`alignment ${alignment} is not a power of 2`);
        }
        this.#alignment = alignment;
        break;
      }
      default:
        throw this.#given.error(1, `invalid format option '${this.option}'`);
    }
  }
}

// --------------------------------------------------------------------------------------------------------------- packing

function pack(given: CallArguments): string {
  const format = new Format(given);
  let packed = '';
  let argument = 2;
  while (format.next()) {
    packed += '\0'.repeat(format.padding(packed.length));
    const { option, size } = format;
    if (INTEGERS.includes(option)) packed += integerBytes(given.number(argument++), format);
    else if (option === 'x') packed += '\0';
    else if (option === 'f' || option === 'd') packed += doubleBytes(given.number(argument++), format);
    else if (option === 'c' || option === 's') {
      const text = given.string(argument++);
      const length = size === 0 ? text.length : size;
      if (text.length < length) throw given.error(argument, 'string too short');
      packed += text.slice(0, length) + (option === 's' ? '\0' : '');
    } else format.control();
  }
  return packed;
}

/** C converts to 64 bits first; further bytes are zeros. */
function integerBytes(value: number, { size, isLittleEndian }: Format): string {
  let rest = BigInt.asUintN(64, value < 0 ? BigInt(toInteger(value)) : unsignedOf(value));
  const codes: number[] = [];
  for (let at = 0; at < size; at++) {
    codes.push(Number(rest & 0xffn));
    rest >>= 8n;
  }
  return String.fromCharCode(...(isLittleEndian ? codes : codes.reverse()));
}

function unsignedOf(value: number): bigint {
  if (value < 2 ** 64) return BigInt(Math.trunc(value));
  return Number.isNaN(value) ? 2n ** 63n : 0n;
}

function doubleBytes(value: number, { option, isLittleEndian }: Format): string {
  const view = new DataView(new ArrayBuffer(option === 'f' ? 4 : 8));
  if (option === 'f') view.setFloat32(0, value, isLittleEndian);
  else view.setFloat64(0, value, isLittleEndian);
  if (Number.isNaN(value)) setNan(view, isNegative(value), isLittleEndian);
  return String.fromCharCode(...new Uint8Array(view.buffer));
}

/** What the processor makes where a number is expected; of either sign. */
function setNan(view: DataView, hasSign: boolean, isLittleEndian: boolean): void {
  const high = view.byteLength === 4 ? 0x7fc0 : 0x7ff8;
  const at = isLittleEndian ? view.byteLength - 2 : 0;
  for (let index = 0; index < view.byteLength; index++) view.setUint8(index, 0);
  view.setUint16(at, hasSign ? high | 0x8000 : high, isLittleEndian);
}

// ------------------------------------------------------------------------------------------------------------- unpacking

function unpack(given: CallArguments): Results {
  const format = new Format(given);
  const data = given.string(2);
  const start = given.integerOr(3, 1);
  if (start === 0) throw given.error(3, 'offset must be 1 or greater');
  let at = start < 0 ? Infinity : start - 1;
  const values: LuaValue[] = [];
  while (format.next()) {
    at += format.padding(at);
    if (at + format.size > data.length) throw given.error(2, 'data string too short');
    at += unpackItem(format, data, at, values, given);
  }
  values.push(at + 1);
  return asResults(values);
}

/** @returns how many bytes the item took. */
function unpackItem(format: Format, data: string, at: number, values: LuaValue[], given: CallArguments): number {
  const { option, size } = format;
  if (INTEGERS.includes(option)) values.push(integerOf(data.slice(at, at + size), format));
  else if (option === 'f' || option === 'd') values.push(doubleOf(data.slice(at, at + size), format));
  else if (option === 's') {
    const end = data.indexOf('\0', at);
    if (end < 0) throw libraryError('unfinished string in data');
    values.push(data.slice(at, end));
    return end - at + 1;
  } else if (option === 'c') {
    const length = size === 0 ? previousSize(values) : size;
    if (at + length > data.length) throw given.error(2, 'data string too short');
    values.push(data.slice(at, at + length));
    return length;
  } else if (option !== 'x') format.control();
  return size;
}

function previousSize(values: LuaValue[]): number {
  const length = values.pop();
  if (typeof length !== 'number') throw libraryError("format 'c0' needs a previous size");
  return length < 0 ? Infinity : Math.trunc(length);
}

function integerOf(bytes: string, { option, isLittleEndian }: Format): number {
  let value = 0n;
  for (let at = 0; at < bytes.length; at++) {
    value = (value << 8n) | BigInt(bytes.charCodeAt(isLittleEndian ? bytes.length - 1 - at : at));
  }
  value = BigInt.asUintN(64, value);
  if (option === option.toUpperCase()) return Number(value);
  return Number(BigInt.asIntN(Math.min(bytes.length, 8) * 8, value));
}

function doubleOf(bytes: string, { option, isLittleEndian }: Format): number {
  const view = new DataView(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)).buffer);
  const value = option === 'f' ? view.getFloat32(0, isLittleEndian) : view.getFloat64(0, isLittleEndian);
  if (!Number.isNaN(value)) return value;
  return nanOf((view.getUint8(isLittleEndian ? view.byteLength - 1 : 0) & SIGN_BIT) !== 0);
}

function size(given: CallArguments): number {
  const format = new Format(given);
  let total = 0;
  while (format.next()) {
    total += format.padding(total);
    if (format.option === 's') throw given.error(1, "option 's' has no fixed size");
    if (format.option === 'c' && format.size === 0) throw given.error(1, "option 'c0' has no fixed size");
    if (!/[0-9a-zA-Z]/.test(format.option)) format.control();
    total += format.size;
  }
  return total;
}
