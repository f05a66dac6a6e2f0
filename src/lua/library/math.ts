/**
 * The `math` library (manual section 5.6; lmathlib.c) with Redis' own random numbers (rand.c): the 48-bit congruential
 * generator of drand48. It is the same on every machine and starts the same in every server.
 */
import type { Engine } from '../engine.ts';
import { nanOf } from '../nan.ts';
import { exponential, naturalLogarithm, power } from '../power.ts';
import type { LuaFunction } from '../value.ts';
import { CallArguments, libraryError, registerAs } from './arguments.ts';

const RANDOM_MAX = 2 ** 31 - 1;
/** In the order in which Lua registers them, which `pairs` shows. */
const FUNCTIONS =
  'abs acos asin atan2 atan ceil cosh cos deg exp floor fmod frexp ldexp log10 log max min modf pow rad random ' +
  'randomseed sinh sin sqrt tanh tan';
const INITIAL_STATE = 0x1234abcd330en;

/** The state of `math.random`. */
export class ScriptRandom {
  #state = INITIAL_STATE;

  /** @param seed its low 32 bits count. */
  seed(seed: number): void {
    this.#state = (BigInt.asUintN(32, BigInt(seed)) << 16n) | 0x330en;
  }

  /** 31 random bits. */
  next(): number {
    this.#state = BigInt.asUintN(48, this.#state * 0x5deece66dn + 0xbn);
    return Number(this.#state >> 17n);
  }
}

export function registerMath(engine: Engine): void {
  const functions = { ...STATELESS, ...randomFunctions(engine.random) };
  const library = registerAs(FUNCTIONS, functions);
  library.setString('pi', Math.PI);
  library.setString('huge', Infinity);
  library.setString('mod', library.getString('fmod'));
  engine.globals.setString('math', library);
}

function oneArgument(): Record<string, LuaFunction> {
  const functions: Record<string, (value: number) => number> = {
    abs: Math.abs,
    ceil: Math.ceil,
    floor: Math.floor,
    sqrt: Math.sqrt,
    exp: exponential,
    log: naturalLogarithm,
    log10: Math.log10,
    sin: Math.sin,
    cos: Math.cos,
    tan: Math.tan,
    asin: Math.asin,
    acos: Math.acos,
    atan: Math.atan,
    sinh: Math.sinh,
    cosh: Math.cosh,
    tanh: Math.tanh,
    deg: (value) => value / (Math.PI / 180),
    rad: (value) => value * (Math.PI / 180),
  };
  const entries = Object.entries(functions).map(([name, compute]): [string, LuaFunction] => [
    name,
    (...args) => {
      const value = typeof args[0] === 'number' ? args[0] : new CallArguments(args).number(1);
      const result = compute(value);
      return result === result ? result : nanFrom(name, value);
    },
  ]);
  return Object.fromEntries(entries);
}

/** What C's functions make of what they have no result for. */
function nanFrom(name: string, value: number): number {
  if (value !== value) return name === 'abs' ? nanOf(false) : value;
  return nanOf(!['log10', 'acos', 'asin'].includes(name));
}

function severalArguments(): Record<string, LuaFunction> {
  const extreme =
    (isBetter: (value: number, best: number) => boolean): LuaFunction =>
    (...args) => {
      const given = new CallArguments(args);
      let best = given.number(1);
      for (let index = 2; index <= args.length; index++) {
        const value = given.number(index);
        if (isBetter(value, best)) best = value;
      }
      return best;
    };
  const two =
    (compute: (first: number, second: number) => number): LuaFunction =>
    (...args) => {
      // In C, the second argument is looked at first.
      const given = new CallArguments(args);
      const second = given.number(2);
      return compute(given.number(1), second);
    };
  return {
    max: extreme((value, best) => value > best),
    min: extreme((value, best) => value < best),
    pow: two(power),
    fmod: two((value, divisor) => value % divisor),
    atan2: two(Math.atan2),
    ldexp: (...args) => {
      const given = new CallArguments(args);
      const exponent = given.int(2);
      return given.number(1) * 2 ** exponent;
    },
    modf: (...args) => {
      const value = new CallArguments(args).number(1);
      const whole = Math.trunc(value);
      if (Number.isNaN(value)) return [value, value];
      // The fraction has the sign of the number, also when it is zero.
      const fraction = Number.isFinite(value) ? Math.abs(value - whole) : 0;
      return [whole, value < 0 || Object.is(value, -0) ? -fraction : fraction];
    },
    frexp: (...args) => frexp(new CallArguments(args).number(1)),
  };
}

/** A mantissa of at least one half, below one, and the power of two that goes with it. */
function frexp(value: number): readonly [number, number] {
  if (value === 0 || !Number.isFinite(value)) return [value, 0];
  let exponent = Math.max(-1023, Math.floor(Math.log2(Math.abs(value))) + 1);
  let mantissa = value * 2 ** -exponent;
  while (Math.abs(mantissa) < 0.5) {
    mantissa *= 2;
    exponent--;
  }
  while (Math.abs(mantissa) >= 1) {
    mantissa /= 2;
    exponent++;
  }
  return [mantissa, exponent];
}

function randomFunctions(random: ScriptRandom): Record<string, LuaFunction> {
  return {
    random: (...args) => {
      const given = new CallArguments(args);
      const fraction = (random.next() % RANDOM_MAX) / RANDOM_MAX;
      if (args.length === 0) return fraction;
      if (args.length > 2) throw libraryError('wrong number of arguments');
      const low = args.length === 1 ? 1 : given.int(1);
      const high = given.int(args.length);
      if (low > high) throw given.error(args.length, 'interval is empty');
      return Math.floor(fraction * (high - low + 1)) + low;
    },
    randomseed: (...args) => {
      random.seed(new CallArguments(args).int(1));
      return [];
    },
  };
}

/** Every engine has the same ones. */
const STATELESS: Readonly<Record<string, LuaFunction>> = { ...oneArgument(), ...severalArguments() };
