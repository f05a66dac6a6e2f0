/**
 * A library of functions: its source, with the line that names it, and what it has registered (functions.c,
 * function_lua.c).
 *
 *   #!lua name=mylib
 *   redis.register_function('f', function(keys, args) ... end)
 */
import { fail } from '../../core/errors.ts';
import { splitArguments } from '../../core/split-args.ts';
import type { LuaFunction } from '../../lua/value.ts';

export const ENGINE_NAME = 'LUA';
const BAD_NAME =
  'Library names can only contain letters, numbers, or underscores(_) and must be at least one character long';
/** Of a library and of a function, besides names and source. */
const OVERHEAD_BYTES = 64;

export interface LibraryFunction {
  readonly name: string;
  readonly description: string | null;
  /** Bits of SCRIPT_FLAG. */
  readonly flags: number;
  /** Called with the list of keys and the list of other arguments. */
  readonly callback: LuaFunction;
}

export class Library {
  readonly name: string;
  /** Binary string. */
  readonly source: string;
  readonly functions = new Map<string, LibraryFunction>();

  constructor(name: string, source: string) {
    this.name = name;
    this.source = source;
  }

  /** @returns why a function cannot be added, or null. */
  add(added: LibraryFunction): string | null {
    if (!isName(added.name)) return BAD_NAME;
    if (this.functions.has(added.name)) return 'Function already exists in the library';
    this.functions.set(added.name, added);
    return null;
  }

  get usedBytes(): number {
    let bytes = OVERHEAD_BYTES + this.name.length + this.source.length;
    for (const { name, description } of this.functions.values()) {
      bytes += OVERHEAD_BYTES + name.length + (description?.length ?? 0);
    }
    return bytes;
  }
}

function isName(text: string): boolean {
  return /^[a-zA-Z0-9_]+$/.test(text);
}

export interface LibraryHeader {
  readonly name: string;
  /** The source without its first line, but with its end, so that lines keep their numbers. */
  readonly body: string;
}

/** Reads the first line of a library. Throws a ReplyError. */
export function readLibraryHeader(source: string): LibraryHeader {
  if (!source.startsWith('#!')) fail('ERR Missing library metadata');
  const end = source.indexOf('\n');
  const words = end < 0 ? null : splitArguments(source.slice(0, end));
  const [first, ...options] = words ?? [];
  if (first === undefined) fail('ERR Invalid library metadata');
  let name: string | null = null;
  for (const option of options) {
    if (!/^name=/i.test(option)) fail(`ERR Invalid metadata value given: ${option}`);
    if (name !== null) fail('ERR Invalid metadata value, name argument was given multiple times');
    name = option.slice('name='.length);
  }
  if (name === null) fail('ERR Library name was not given');
  if (!isName(name)) fail(`ERR ${BAD_NAME}`);
  const engine = first.slice(2);
  if (engine.toUpperCase() !== ENGINE_NAME) fail(`ERR Engine '${engine}' not found`);
  return { name, body: source.slice(end) };
}
