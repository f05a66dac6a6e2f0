/** The `cjson` library (lua_cjson.c 2.1.0): JSON with its settings. */
import type { Engine } from '../engine.ts';
import { LuaTable } from '../table.ts';
import type { LuaFunction, LuaValue, Results } from '../value.ts';
import { CallArguments, register } from './arguments.ts';
import { decodeJson } from './json-decode.ts';
import { encodeJson } from './json-encode.ts';
import { defaultJsonSettings, JSON_NULL, type JsonSettings } from './json-settings.ts';

const INTEGER_MAX = 2 ** 31 - 1;
/** In the order in which they are registered, which `pairs` shows. */
const FUNCTIONS = [
  'encode',
  'decode',
  'encode_sparse_array',
  'encode_max_depth',
  'decode_max_depth',
  'encode_number_precision',
  'encode_keep_buffer',
  'encode_invalid_numbers',
  'decode_invalid_numbers',
  'new',
];
const SWITCH = ['off', 'on'] as const;

export function registerCjson(engine: Engine): void {
  engine.globals.setString('cjson', library());
}

function library(): LuaTable {
  const settings = defaultJsonSettings();
  const functions: Readonly<Record<string, LuaFunction>> = {
    ...codec(settings),
    ...switches(settings),
    new: () => library(),
  };
  const table = register(new LuaTable(), Object.fromEntries(FUNCTIONS.map((name) => [name, functions[name]!])));
  table.setString('null', JSON_NULL);
  table.setString('_NAME', 'cjson');
  table.setString('_VERSION', '2.1.0');
  return table;
}

function codec(settings: JsonSettings): Record<string, LuaFunction> {
  const only = (args: readonly LuaValue[]): CallArguments => {
    const given = new CallArguments(args);
    if (args.length !== 1) throw given.error(1, 'expected 1 argument');
    return given;
  };
  return {
    encode: (...args) => encodeJson(only(args).at(1), settings),
    decode: (...args) => decodeJson(only(args).string(1), settings),
  };
}

/** Each takes new settings, or nil, and gives what holds then. */
function switches(settings: JsonSettings): Record<string, LuaFunction> {
  const depth =
    (key: 'encodeMaxDepth' | 'decodeMaxDepth'): LuaFunction =>
    (...args) => {
      settings[key] = integer(limited(args, 1), 1, settings[key], 1, INTEGER_MAX);
      return settings[key];
    };
  return {
    encode_max_depth: depth('encodeMaxDepth'),
    decode_max_depth: depth('decodeMaxDepth'),
    encode_number_precision: (...args) => {
      const given = limited(args, 1);
      settings.encodeNumberPrecision = integer(given, 1, settings.encodeNumberPrecision, 1, 14);
      return settings.encodeNumberPrecision;
    },
    encode_sparse_array: (...args) => {
      const given = limited(args, 3);
      settings.sparseConvert = isOn(given, settings.sparseConvert);
      settings.sparseRatio = integer(given, 2, settings.sparseRatio, 0, INTEGER_MAX);
      settings.sparseSafe = integer(given, 3, settings.sparseSafe, 0, INTEGER_MAX);
      return [settings.sparseConvert, settings.sparseRatio, settings.sparseSafe];
    },
    encode_keep_buffer: (...args) => {
      settings.encodeKeepBuffer = isOn(limited(args, 1), settings.encodeKeepBuffer);
      return settings.encodeKeepBuffer;
    },
    encode_invalid_numbers: (...args) => invalidNumbers(limited(args, 1), settings),
    decode_invalid_numbers: (...args) => {
      settings.decodeInvalidNumbers = isOn(limited(args, 1), settings.decodeInvalidNumbers);
      return settings.decodeInvalidNumbers;
    },
  };
}

function limited(args: readonly LuaValue[], count: number): CallArguments {
  const given = new CallArguments(args);
  if (args.length > count) throw given.error(count + 1, 'found too many arguments');
  return given;
}

function integer(given: CallArguments, index: number, otherwise: number, least: number, most: number): number {
  if (!given.has(index)) return otherwise;
  const value = given.integer(index);
  if (value < least || value > most) throw given.error(1, `expected integer between ${least} and ${most}`);
  return value;
}

function isOn(given: CallArguments, otherwise: boolean): boolean {
  const value = given.at(1);
  if (value === undefined) return otherwise;
  return typeof value === 'boolean' ? value : given.option(1, SWITCH) === 'on';
}

function invalidNumbers(given: CallArguments, settings: JsonSettings): Results {
  const value = given.at(1);
  if (typeof value === 'boolean') settings.encodeInvalidNumbers = value ? 'on' : 'off';
  else if (value !== undefined) settings.encodeInvalidNumbers = given.option(1, ['off', 'on', 'null'] as const);
  const now = settings.encodeInvalidNumbers;
  return now === 'null' ? now : now === 'on';
}
