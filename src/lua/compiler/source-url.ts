/**
 * How compiled chunks show up in stack traces: under a URL that says what they are called, and how their calls name
 * what they call. Errors of library functions use that: `bad argument #1 to 'insert'`.
 */

/** `new Function` puts its own head of two lines before the text, and the compiler one with the constants. */
export const HEADER_LINES = 3;
const PREFIX = 'lua-chunk:';
/** What follows the place of a call: of functions, methods, and of both in tail calls. */
const KINDS = '.:!;';
/** What follows the name if the call is not on the line where it was written. */
const SOURCE_LINE = '@';

/** A call in a script, by where its arguments begin in the compiled text, or where its function waits for it. */
export interface CallName {
  readonly line: number;
  readonly column: number;
  /** Of the call in the source: what waits stands where the arguments end, which may be further down. */
  readonly sourceLine: number;
  /** `?` if the source has no name for it. */
  readonly name: string;
  /** Called as `object:name()`. */
  readonly isMethod: boolean;
  /** What it gives is what the function returns: in Lua, the function has left the stack by then. */
  readonly isTail: boolean;
}

export function sourceUrl(chunkName: string, calls: readonly CallName[]): string {
  const list = calls.map(
    ({ line, column, sourceLine, name, isMethod, isTail }) =>
      `${line}.${column}${KINDS[(isMethod ? 1 : 0) + (isTail ? 2 : 0)]}${encodeURIComponent(name)}` +
      (sourceLine === line ? '' : `${SOURCE_LINE}${sourceLine}`),
  );
  return `${PREFIX}${encodeURIComponent(chunkName)}#${list.join(',')}`;
}

/** @returns null if the URL is not of a compiled chunk. */
export function chunkNameOf(url: string): string | null {
  return url.startsWith(PREFIX) ? decodeURIComponent(url.slice(PREFIX.length, url.indexOf('#'))) : null;
}

/** What a script calls. */
export type Callee = Pick<CallName, 'sourceLine' | 'name' | 'isMethod' | 'isTail'>;

/** @returns null if nothing is called at that place. */
export function callAt(url: string, line: number, column: number): Callee | null {
  const calls = `,${url.slice(url.indexOf('#') + 1)},`;
  const place = `,${line}.${column}`;
  for (let at = calls.indexOf(place); at >= 0; at = calls.indexOf(place, at + 1)) {
    const from = at + place.length;
    const kind = KINDS.indexOf(calls[from]!);
    if (kind < 0) continue;
    const [name, sourceLine = line] = calls.slice(from + 1, calls.indexOf(',', from)).split(SOURCE_LINE);
    return {
      sourceLine: Number(sourceLine),
      name: decodeURIComponent(name!),
      isMethod: kind % 2 === 1,
      isTail: kind >= 2,
    };
  }
  return null;
}
