/**
 * The `bit` library (lua_bit.c, Lua BitOp): operations on 32 bits, results signed. A number is rounded to the nearest
 * integer, to the even one of two, and taken modulo 2^32.
 */
import type { Engine } from '../engine.ts';
import { LuaTable } from '../table.ts';
import type { LuaFunction } from '../value.ts';
import { CallArguments, register } from './arguments.ts';

/** 2^52 + 2^51: added to a double, it leaves the integer in the low bits. */
const ROUNDING = 6_755_399_441_055_744;
const EXACT_MAX = 2 ** 51;
const HEXADECIMAL_DIGITS = 8;

export function registerBit(engine: Engine): void {
  engine.globals.setString('bit', register(new LuaTable(), FUNCTIONS));
}

function bitFunctions(): Record<string, LuaFunction> {
  const many =
    (combine: (left: number, right: number) => number): LuaFunction =>
    (...args) => {
      const given = new CallArguments(args);
      let result = bits(given, 1);
      for (let index = args.length; index > 1; index--) result = combine(result, bits(given, index));
      return result;
    };
  const shift =
    (move: (value: number, count: number) => number): LuaFunction =>
    (...args) => {
      const given = new CallArguments(args);
      return move(bits(given, 1), bits(given, 2) & 31) | 0;
    };
  const one =
    (change: (value: number) => number): LuaFunction =>
    (...args) =>
      change(bits(new CallArguments(args), 1)) | 0;
  return {
    tobit: one((value) => value),
    bnot: one((value) => ~value),
    band: many((left, right) => left & right),
    bor: many((left, right) => left | right),
    bxor: many((left, right) => left ^ right),
    lshift: shift((value, count) => value << count),
    rshift: shift((value, count) => value >>> count),
    arshift: shift((value, count) => value >> count),
    rol: shift((value, count) => (value << count) | (value >>> (32 - count))),
    ror: shift((value, count) => (value << (32 - count)) | (value >>> count)),
    bswap: one((value) => (value >>> 24) | ((value >>> 8) & 0xff00) | ((value & 0xff00) << 8) | (value << 24)),
    tohex: (...args) => toHexadecimal(new CallArguments(args)),
  };
}

/** Every engine has the same ones. */
const FUNCTIONS: Readonly<Record<string, LuaFunction>> = bitFunctions();

function bits(given: CallArguments, index: number): number {
  const value = given.number(index);
  if (Number.isInteger(value) && Math.abs(value) <= EXACT_MAX) return value | 0;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value + ROUNDING);
  return view.getInt32(4);
}

/** A negative number of digits makes capital letters. */
function toHexadecimal(given: CallArguments): string {
  const value = bits(given, 1) >>> 0;
  const wanted = given.count < 2 ? HEXADECIMAL_DIGITS : bits(given, 2);
  const count = Math.min(Math.abs(wanted), HEXADECIMAL_DIGITS);
  const digits = value
    .toString(16)
    .padStart(HEXADECIMAL_DIGITS, '0')
    .slice(HEXADECIMAL_DIGITS - count);
  return wanted < 0 ? digits.toUpperCase() : digits;
}
