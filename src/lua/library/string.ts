/** The `string` library (manual section 5.4; lstrlib.c). Indexes count from 1, from the end if negative. */
import type { Engine } from '../engine.ts';
import { LuaError } from '../lua-error.ts';
import { isTrue, join } from '../metatables.ts';
import { currentPosition } from '../stack.ts';
import { LuaTable } from '../table.ts';
import { type LuaFunction, type LuaValue, type Results, typeName } from '../value.ts';
import { CallArguments, libraryError, registerInOrder } from './arguments.ts';
import { asResults } from './base.ts';
import { format } from './format.ts';
import { isPlainPattern, Matcher } from './pattern.ts';

/** As V8 limits a string. */
const STRING_BYTES_MAX = 2 ** 29 - 24;
const SLICE_MAX = 8000;

/** Nobody can load a dump: Redis refuses what begins like this. */
const DUMP_HEADER = '\x1bLuaQ\0\x01\x04\x08\x04\x08\0';

export function registerString(engine: Engine): void {
  const gsub: LuaFunction = (...args) => substitute(engine, new CallArguments(args));
  const library = registerInOrder({ ...TEXT_FUNCTIONS, ...PATTERN_FUNCTIONS, gsub });
  engine.globals.setString('string', library);
  const metatable = new LuaTable();
  metatable.setString('__index', library);
  engine.metatables.string = metatable;
}

/** Position from the start, 1-based; may be out of range. */
function fromStart(position: number, length: number): number {
  if (position >= 0) return position;
  return Math.max(position + length + 1, 0);
}

/** Every engine has the same ones. */
const TEXT_FUNCTIONS: Readonly<Record<string, LuaFunction>> = {
  len: (...args) => new CallArguments(args).string(1).length,
  sub: (...args) => {
    const given = new CallArguments(args);
    const text = given.string(1);
    const from = Math.max(fromStart(given.integer(2), text.length), 1);
    const to = fromStart(given.integerOr(3, -1), text.length);
    return from > to ? '' : text.slice(from - 1, to);
  },
  upper: (...args) => new CallArguments(args).string(1).replace(/[a-z]+/g, (letters) => letters.toUpperCase()),
  lower: (...args) => new CallArguments(args).string(1).replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
  reverse: (...args) => [...new CallArguments(args).string(1)].reverse().join(''),
  rep: (...args) => {
    const given = new CallArguments(args);
    const text = given.string(1);
    const count = Math.max(given.int(2), 0);
    if (text.length * count > STRING_BYTES_MAX) throw outOfMemory();
    return text.repeat(text === '' ? 0 : count);
  },
  byte: (...args) => bytes(new CallArguments(args)),
  char: (...args) => {
    const given = new CallArguments(args);
    return args
      .map((_, at) => {
        const code = given.int(at + 1);
        if (code < 0 || code > 255) throw given.error(at + 1, 'invalid value');
        return String.fromCharCode(code);
      })
      .join('');
  },
  format: (...args) => format(new CallArguments(args)),
  dump: (...args) => {
    const dumped = new CallArguments(args).function(1);
    // What is compiled is written `function`, what is ours with arrows.
    if (!String(dumped).startsWith('function')) throw libraryError('unable to dump given function');
    return DUMP_HEADER;
  },
};

function outOfMemory(): LuaError {
  return new LuaError('not enough memory', currentPosition());
}

function bytes(given: CallArguments): Results {
  const text = given.string(1);
  const first = fromStart(given.integerOr(2, 1), text.length);
  const from = Math.max(first, 1);
  const to = Math.min(fromStart(given.integerOr(3, first), text.length), text.length);
  if (from > to) return [];
  if (to - from + 1 > SLICE_MAX) throw libraryError('stack overflow (string slice too long)');
  return asResults(Array.from({ length: to - from + 1 }, (_, at) => text.charCodeAt(from - 1 + at)));
}

// -------------------------------------------------------------------------------------------------------------- patterns

/** The iterator of `gmatch`. */
const matchesOf: LuaFunction = (...args) => {
  const given = new CallArguments(args);
  return matches(given.string(1), given.string(2));
};

/** Every engine has the same ones. */
const PATTERN_FUNCTIONS: Readonly<Record<string, LuaFunction>> = {
  find: (...args) => find(new CallArguments(args), true),
  match: (...args) => find(new CallArguments(args), false),
  gmatch: matchesOf,
  gfind: matchesOf,
};

function find(given: CallArguments, isFind: boolean): Results {
  const text = given.string(1);
  const pattern = given.string(2);
  const position = fromStart(given.integerOr(3, 1), text.length) - 1;
  const from = Math.min(Math.max(position, 0), text.length);
  if (isFind && (isTrue(given.at(4)) || isPlainPattern(pattern))) {
    const at = text.indexOf(pattern, from);
    return at < 0 ? undefined : [at + 1, at + pattern.length];
  }
  const isAnchored = pattern.startsWith('^');
  const matcher = new Matcher(text, pattern);
  for (let start = from; start <= text.length; start++) {
    const end = matcher.match(start, isAnchored ? 1 : 0);
    if (end >= 0) {
      if (!isFind) return asResults(matcher.captures(start, end));
      return [start + 1, end, ...(matcher.captureCount > 0 ? matcher.captures(start, end) : [])];
    }
    if (isAnchored) break;
  }
  return undefined;
}

/** A `^` has no meaning in it. */
function matches(text: string, pattern: string): LuaFunction {
  const matcher = new Matcher(text, pattern);
  let from = 0;
  return () => {
    for (let start = from; start <= text.length; start++) {
      const end = matcher.match(start);
      if (end < 0) continue;
      from = end === start ? end + 1 : end;
      return asResults(matcher.captures(start, end));
    }
    return [];
  };
}

function substitute(engine: Engine, given: CallArguments): Results {
  const text = given.string(1);
  const pattern = given.string(2);
  const replacement = given.at(3);
  if (!['number', 'string', 'table', 'function'].includes(typeName(replacement))) {
    throw given.error(3, 'string/function/table expected');
  }
  const limit = given.intOr(4, text.length + 1);
  const isAnchored = pattern.startsWith('^');
  const matcher = new Matcher(text, pattern);
  let result = '';
  let at = 0;
  let count = 0;
  while (count < limit) {
    const end = matcher.match(at, isAnchored ? 1 : 0);
    if (end >= 0) {
      count++;
      result = join(result, replaced(engine, matcher, replacement, text, at, end), null);
    }
    if (end > at) at = end;
    else if (at < text.length) result += text[at++]!;
    else break;
    if (isAnchored) break;
  }
  return [result + text.slice(at), count];
}

/** What stands in the place of a match: false and nil leave it as it is. */
function replaced(engine: Engine, matcher: Matcher, by: LuaValue, text: string, start: number, end: number): string {
  let value: LuaValue;
  if (by instanceof LuaTable) value = engine.metatables.index(by, matcher.capture(0, start, end), null);
  else if (typeof by === 'function') value = engine.metatables.finishFromLibrary(by, matcher.captures(start, end));
  else return expand(matcher, String(engine.toString(by)), start, end);
  if (!isTrue(value)) return text.slice(start, end);
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(engine.toString(value));
  throw libraryError(`invalid replacement value (a ${typeName(value)})`);
}

/** `%1` is a capture, `%0` the whole match, and `%` before anything else stands for that. */
function expand(matcher: Matcher, template: string, start: number, end: number): string {
  if (!template.includes('%')) return template;
  return template.replace(/%([^]?)/g, (_, character: string) => {
    if (!/\d/.test(character)) return character === '' ? '\0' : character;
    const number = Number(character);
    const value = number === 0 ? matcher.whole(start, end) : matcher.capture(number - 1, start, end);
    return typeof value === 'number' ? String(value) : (value as string);
  });
}
