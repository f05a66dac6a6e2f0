/**
 * Which Lua functions are running, innermost first.
 *
 * The compiler leaves everything on its line, so JavaScript's own stack trace has the answer; it is asked only when
 * something has gone wrong. Functions of the libraries that call back into Lua count as levels too, as in Lua; they are
 * recognised by their names.
 */
import { HEADER_LINES, SOURCE_URL_PREFIX } from './compiler/source-url.ts';
import type { Position } from './lua-error.ts';

/** Names of library functions that call what they are given: `function nativeSort(...)`. */
const NATIVE = /^native[A-Z]/;
const FRAMES_MAX = 200;

/** A level is a position in a script, or null for a library function. */
export type Level = Position | null;

/** @param thrown an error of JavaScript whose levels are wanted; else those of the caller. */
export function luaLevels(thrown: Error | null = null): Level[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.prepareStackTrace = (_, sites) => sites;
  if (thrown === null) Error.stackTraceLimit = FRAMES_MAX;
  try {
    const { stack } = (thrown ?? new Error()) as unknown as { stack: NodeJS.CallSite[] | string };
    return Array.isArray(stack) ? stack.map(levelOf).filter((level) => level !== undefined) : [];
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Undefined for functions that are no level. */
function levelOf(site: NodeJS.CallSite): Level | undefined {
  const url = site.getScriptNameOrSourceURL();
  if (typeof url === 'string' && url.startsWith(SOURCE_URL_PREFIX)) {
    const chunkName = decodeURIComponent(url.slice(SOURCE_URL_PREFIX.length));
    return { chunkName, line: (site.getLineNumber() ?? HEADER_LINES) - HEADER_LINES };
  }
  return NATIVE.test(site.getFunctionName() ?? '') ? null : undefined;
}

/** Of the innermost Lua function. */
export function currentPosition(): Position | null {
  return luaLevels().find((level) => level !== null) ?? null;
}

/** `user_script:3: `, or '' for what is no Lua function. @param level 1 is who called the library function. */
export function where(level: number): string {
  const position = luaLevels()[level - 1];
  return position === null || position === undefined ? '' : `${position.chunkName}:${position.line}: `;
}
