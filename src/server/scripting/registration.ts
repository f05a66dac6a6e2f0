/** What `redis.register_function` was called with: a name and a function, or a table of named arguments. */
import { toText } from '../../lua/metatables.ts';
import { LuaTable } from '../../lua/table.ts';
import type { LuaFunction, LuaValue } from '../../lua/value.ts';
import type { LibraryFunction } from './function-library.ts';
import { raise } from './redis-library.ts';
import { scriptFlags } from './script-header.ts';

/** Throws a LuaError. */
export function readRegistration(args: readonly LuaValue[]): LibraryFunction {
  if (args.length < 1 || args.length > 2) raise('wrong number of arguments to redis.register_function');
  if (args.length === 1) return readNamed(args[0]);
  const name = toText(args[0]);
  const callback = args[1];
  if (name === undefined) raise('first argument to redis.register_function must be a string');
  if (typeof callback !== 'function') raise('second argument to redis.register_function must be a function');
  return { name, description: null, flags: 0, callback };
}

function readNamed(table: LuaValue): LibraryFunction {
  if (!(table instanceof LuaTable)) {
    raise(
      'calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).',
    );
  }
  let name: string | null = null;
  let description: string | null = null;
  let callback: LuaFunction | null = null;
  let flags = 0;
  for (let at = table.positionFrom(0); at >= 0; at = table.positionFrom(at + 1)) {
    const key = toText(table.keyAt(at));
    const value = table.valueAt(at);
    if (key === undefined) raise('named argument key given to redis.register_function is not a string');
    switch (key.toLowerCase()) {
      case 'function_name':
        name = toText(value) ?? raise('function_name argument given to redis.register_function must be a string');
        break;
      case 'description':
        description = toText(value) ?? raise('description argument given to redis.register_function must be a string');
        break;
      case 'callback':
        if (typeof value !== 'function') raise('callback argument given to redis.register_function must be a function');
        callback = value;
        break;
      case 'flags':
        if (!(value instanceof LuaTable)) {
          raise('flags argument to redis.register_function must be a table representing function flags');
        }
        flags = flagsOf(value);
        break;
      default:
        raise('unknown argument given to redis.register_function');
    }
  }
  if (name === null) raise('redis.register_function must get a function name argument');
  if (callback === null) raise('redis.register_function must get a callback argument');
  return { name, description, flags, callback };
}

function flagsOf(list: LuaTable): number {
  let flags = 0;
  for (let at = 1; ; at++) {
    const value = list.getNumber(at);
    if (value === undefined) return flags;
    const name = toText(value);
    flags |= (name === undefined ? undefined : scriptFlags.get(name.toLowerCase())) ?? raise('unknown flag given');
  }
}
