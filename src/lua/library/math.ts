/**
 * The `math` library (manual section 5.6; lmathlib.c) with Redis' own random numbers (rand.c): the 48-bit congruential
 * generator of drand48. It is the same on every machine and starts the same in every server.
 */
import type { Engine } from '../engine.ts';
import { LuaTable } from '../table.ts';
import type { LuaFunction } from '../value.ts';
import { CallArguments, libraryError, register } from './arguments.ts';

const RANDOM_MAX = 2 ** 31 - 1;
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
  const library = new LuaTable();
  register(library, { ...oneArgument(), ...severalArguments(), ...randomFunctions(engine.random) });
  library.setString('mod', library.getString('fmod'));
  library.setString('pi', Math.PI);
  library.setString('huge', Infinity);
  engine.globals.setString('math', library);
}

function oneArgument(): Record<string, LuaFunction> {
  const functions: Record<string, (value: number) => number> = {
    abs: Math.abs,
    ceil: Math.ceil,
    floor: Math.floor,
    sqrt: Math.sqrt,
    exp: Math.exp,
    log: Math.log,
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
    (...args) => (typeof args[0] === 'number' ? compute(args[0]) : compute(new CallArguments(name, args).number(1))),
  ]);
  return Object.fromEntries(entries);
}

function severalArguments(): Record<string, LuaFunction> {
  const extreme =
    (name: string, isBetter: (value: number, best: number) => boolean): LuaFunction =>
    (...args) => {
      const given = new CallArguments(name, args);
      let best = given.number(1);
      for (let index = 2; index <= args.length; index++) {
        const value = given.number(index);
        if (isBetter(value, best)) best = value;
      }
      return best;
    };
  const two =
    (name: string, compute: (first: number, second: number) => number): LuaFunction =>
    (...args) => {
      // In C, the second argument is looked at first.
      const given = new CallArguments(name, args);
      const second = given.number(2);
      return compute(given.number(1), second);
    };
  return {
    max: extreme('max', (value, best) => value > best),
    min: extreme('min', (value, best) => value < best),
    pow: two('pow', (base, exponent) => base ** exponent),
    fmod: two('fmod', (value, divisor) => value % divisor),
    atan2: two('atan2', Math.atan2),
    ldexp: (...args) => {
      const given = new CallArguments('ldexp', args);
      const exponent = given.int(2);
      return given.number(1) * 2 ** exponent;
    },
    modf: (...args) => {
      const value = new CallArguments('modf', args).number(1);
      const whole = Math.trunc(value);
      if (Number.isNaN(value)) return [NaN, NaN];
      // The fraction has the sign of the number, also when it is zero.
      const fraction = Number.isFinite(value) ? Math.abs(value - whole) : 0;
      return [whole, value < 0 || Object.is(value, -0) ? -fraction : fraction];
    },
    frexp: (...args) => frexp(new CallArguments('frexp', args).number(1)),
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
      const given = new CallArguments('random', args);
      const fraction = (random.next() % RANDOM_MAX) / RANDOM_MAX;
      if (args.length === 0) return fraction;
      if (args.length > 2) throw libraryError('wrong number of arguments');
      const low = args.length === 1 ? 1 : given.int(1);
      const high = given.int(args.length);
      if (low > high) throw given.error(args.length, 'interval is empty');
      return Math.floor(fraction * (high - low + 1)) + low;
    },
    randomseed: (...args) => {
      random.seed(new CallArguments('randomseed', args).int(1));
      return [];
    },
  };
}
