/**
 * Requests to the debugger (eval.c ldbReplParseCommand): the usual arrays of bulk strings, of which it wants no long ones.
 */
const WORDS_MAX = 1024;
const WORD_BYTES_MAX = 1024;

export const PROTOCOL_ERROR = 'protocol error';

/** @returns the words; null if there is more to come; `PROTOCOL_ERROR`. */
export function readDebugRequest(text: string): string[] | typeof PROTOCOL_ERROR | null {
  if (text === '') return null;
  const start = text.indexOf('*');
  if (start < 0) return PROTOCOL_ERROR;
  const head = lineAt(text, start + 1);
  if (head === null) return null;
  if (!(head.number > 0 && head.number <= WORDS_MAX)) return PROTOCOL_ERROR;
  const words: string[] = [];
  let { at } = head;
  while (words.length < head.number) {
    if (at === text.length) return null;
    if (text[at] !== '$') return PROTOCOL_ERROR;
    const size = lineAt(text, at + 1);
    if (size === null) return null;
    const { number: length, at: from } = size;
    if (!(length > 0 && length <= WORD_BYTES_MAX)) return PROTOCOL_ERROR;
    if (from + length + 2 > text.length) return null;
    words.push(text.slice(from, from + length));
    at = from + length + 2;
    if (text.slice(at - 2, at) !== '\r\n') return PROTOCOL_ERROR;
  }
  return words;
}

/** A number, and where the next line begins; null if the line has not come yet. */
function lineAt(text: string, start: number): { number: number; at: number } | null {
  const end = text.indexOf('\r\n', start);
  return end < 0 ? null : { number: Number.parseInt(text.slice(start, end), 10), at: end + 2 };
}
