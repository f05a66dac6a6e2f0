/**
 * How compiled chunks show up in stack traces: under a URL that says what they are called, and how their calls name
 * what they call. Errors of library functions use that: `bad argument #1 to 'insert'`.
 */

/** `new Function` puts its own head of two lines before the text, and the compiler one with the constants. */
export const HEADER_LINES = 3;
const PREFIX = 'lua-chunk:';

/** A call in a script, by where its arguments begin in the compiled text. */
export interface CallName {
  readonly line: number;
  readonly column: number;
  /** `?` if the source has no name for it. */
  readonly name: string;
  /** Called as `object:name()`. */
  readonly isMethod: boolean;
}

export function sourceUrl(chunkName: string, calls: readonly CallName[]): string {
  const list = calls.map(({ line, column, name, isMethod }) => `${line}.${column}${isMethod ? ':' : '.'}${name}`);
  return `${PREFIX}${encodeURIComponent(chunkName)}#${list.join(',')}`;
}

/** @returns null if the URL is not of a compiled chunk. */
export function chunkNameOf(url: string): string | null {
  return url.startsWith(PREFIX) ? decodeURIComponent(url.slice(PREFIX.length, url.indexOf('#'))) : null;
}

export function callAt(url: string, line: number, column: number): { name: string; isMethod: boolean } | null {
  const calls = `,${url.slice(url.indexOf('#') + 1)},`;
  const place = `,${line}.${column}`;
  const at = calls.indexOf(place);
  if (at < 0) return null;
  const from = at + place.length;
  return { name: calls.slice(from + 1, calls.indexOf(',', from)), isMethod: calls[from] === ':' };
}
