/**
 * Which Lua functions are running, innermost first.
 *
 * The compiler leaves everything on its line, so JavaScript's own stack trace has the answer; it is asked only when
 * something has gone wrong. A library function that calls back into Lua is a level too, as in Lua: such calls go
 * through functions with the names below.
 */
import { callAt, type Callee, chunkNameOf, HEADER_LINES } from './compiler/source-url.ts';
import type { Position } from './lua-error.ts';

/**
 * Names of functions that stand for a level: those of Metatables by which library functions call, the generator that waits
 * for such a call, and the one for a function of which nothing is left but that it was there.
 */
const LIBRARY_LEVELS: ReadonlySet<string> = new Set([
  'callFromLibrary',
  'finishFromLibrary',
  'waitFromLibrary',
  'waitInTail',
]);
/** What runs in it is a coroutine, which has levels of its own. */
const THREAD_START = 'resumeThread';
/** Usually enough; a deep recursion of a library has more. */
const FRAMES = 200;

/** Of a Lua function; null stands for a library function. */
export type Level = LuaLevel | null;

export interface LuaLevel extends Position {
  /** What it is calling, as the source names it; null where it calls nothing. */
  readonly callee: Callee | null;
}

/** @param thrown an error of JavaScript whose levels are wanted; else those of the caller. */
export function luaLevels(thrown: Error | null = null): Level[] {
  const levels = readStack(thrown, FRAMES);
  return levels.length > 0 || thrown !== null ? levels : readStack(null, Infinity);
}

function readStack(thrown: Error | null, frames: number): Level[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.prepareStackTrace = (_, sites) => sites;
  if (thrown === null) Error.stackTraceLimit = frames;
  try {
    const { stack } = (thrown ?? new Error()) as unknown as { stack: NodeJS.CallSite[] | string };
    if (!Array.isArray(stack)) return [];
    const start = stack.findIndex((site) => nameOf(site) === THREAD_START);
    const own = start < 0 ? stack : stack.slice(0, start);
    return own.map(levelOf).filter((level) => level !== undefined);
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Of a function or method. */
function nameOf(site: NodeJS.CallSite): string {
  return site.getFunctionName()?.split('.').at(-1) ?? '';
}

/** Undefined for functions that are no level. */
function levelOf(site: NodeJS.CallSite): Level | undefined {
  const url = site.getScriptNameOrSourceURL();
  const chunkName = typeof url === 'string' ? chunkNameOf(url) : null;
  if (chunkName === null) {
    return LIBRARY_LEVELS.has(nameOf(site)) ? null : undefined;
  }
  const line = (site.getLineNumber() ?? 0) - HEADER_LINES;
  const callee = callAt(url!, line, site.getColumnNumber() ?? 0);
  return { chunkName, line: callee?.sourceLine ?? line, callee };
}

/** Of the innermost Lua function. */
export function currentPosition(): Position | null {
  return luaLevels().find((level) => level !== null) ?? null;
}

/** `user_script:3: `, or '' for what is no Lua function. @param level 1 is who called the library function. */
export function where(level: number): string {
  const levels = luaLevels();
  const position = levels[level - 1];
  if (position === null || position === undefined) return '';
  // Where it called a Lua function in its end, nothing is left of it but that it was there.
  const isReplaced = level > 1 && levels[level - 2] !== null && position.callee?.isTail === true;
  return isReplaced ? '' : `${position.chunkName}:${position.line}: `;
}
