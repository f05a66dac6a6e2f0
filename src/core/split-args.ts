/**
 * Splits a line into arguments the way redis.conf, inline commands and redis-cli do.
 *
 * Lines and arguments are binary strings: one character per byte, 0 to 255. Arguments are separated by whitespace.
 * Inside double quotes a backslash introduces an escape (`\n \r \t \b \a`, `\xHH`, or the character itself); inside
 * single quotes only `\'` is one. A quote may open in the middle of an argument, but where it closes the argument
 * ends: anything but whitespace or the end of the line behind it is an error. As in C, a NUL byte ends the line.
 *
 * The separators differ by place, and on purpose: six characters count as whitespace before an argument and after a
 * closing quote, but only four of them (not \v and \f) end an unquoted argument.
 */

const NUL = 0;
const BACKSLASH = 0x5c;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;

/** @returns the arguments (none for a blank line), or null when quotes are unbalanced. */
export function splitArguments(line: string): string[] | null {
  const found: string[] = [];
  let position = skipSpace(line, 0);
  while (codeAt(line, position) !== NUL) {
    const end = readArgument(line, position, found);
    if (end < 0) return null;
    position = skipSpace(line, end);
  }
  return found;
}

/** Appends the argument that starts at `start` to `found`. Returns the position behind it, or -1. */
function readArgument(line: string, start: number, found: string[]): number {
  let position = start;
  for (;;) {
    const code = codeAt(line, position);
    if (endsPlainArgument(code)) break;
    if (code === DOUBLE_QUOTE || code === SINGLE_QUOTE) {
      const plain = line.slice(start, position);
      return code === DOUBLE_QUOTE
        ? readDoubleQuoted(line, position + 1, plain, found)
        : readSingleQuoted(line, position + 1, plain, found);
    }
    position++;
  }
  found.push(line.slice(start, position));
  return position;
}

function readDoubleQuoted(line: string, start: number, before: string, found: string[]): number {
  let text = before;
  let position = start;
  for (;;) {
    const code = codeAt(line, position);
    if (code === NUL) return -1;
    if (code === DOUBLE_QUOTE) return closeQuote(line, position, text, found);
    if (code !== BACKSLASH || codeAt(line, position + 1) === NUL) {
      text += line[position];
      position++;
      continue;
    }
    const hex = /^x[0-9a-fA-F]{2}/.exec(line.slice(position + 1, position + 4));
    if (hex) {
      text += String.fromCharCode(Number.parseInt(hex[0].slice(1), 16));
      position += 4;
    } else {
      text += unescape(line[position + 1]!);
      position += 2;
    }
  }
}

function readSingleQuoted(line: string, start: number, before: string, found: string[]): number {
  let text = before;
  let position = start;
  for (;;) {
    const code = codeAt(line, position);
    if (code === NUL) return -1;
    if (code === SINGLE_QUOTE) return closeQuote(line, position, text, found);
    if (code === BACKSLASH && codeAt(line, position + 1) === SINGLE_QUOTE) position++;
    text += line[position];
    position++;
  }
}

function closeQuote(line: string, quote: number, text: string, found: string[]): number {
  const next = codeAt(line, quote + 1);
  if (next !== NUL && !isSpace(next)) return -1;
  found.push(text);
  return quote + 1;
}

function unescape(letter: string): string {
  switch (letter) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\x07';
    default:
      return letter;
  }
}

function skipSpace(line: string, start: number): number {
  let position = start;
  while (isSpace(codeAt(line, position))) position++;
  return position;
}

function codeAt(line: string, position: number): number {
  return position < line.length ? line.charCodeAt(position) : NUL;
}

/** C's isspace: tab, newline, \v, \f, carriage return and space. */
function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function endsPlainArgument(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d || code === NUL;
}
