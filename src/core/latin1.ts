/**
 * Between bytes and binary strings: JS strings with one character per byte (latin1), exact for any bytes.
 *
 * The native conversion costs a call out of JavaScript, some 50 ns whatever the length. Most of what is converted is
 * short (names, fields, keys), so up to 32 bytes are put together in JavaScript instead, in half that time.
 *
 * Upper and lower case are ASCII's alone: `toLowerCase()` would also change bytes beyond 127.
 */
import { SHORT_TEXT_MAX, shortText } from './short-text.ts';

/** V8 and Node's own conversion, present on every Buffer of every Node version, missing in the declared types. */
const { latin1Slice, latin1Write } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  latin1Write(this: Uint8Array, text: string, offset: number, length: number): number;
};

/** The longest text that is taken apart here; longer ones are worth the native call. */
const SHORT_WRITE = 24;

/** The bytes as a binary string. */
export function latin1Of(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  return length > SHORT_TEXT_MAX ? latin1Slice.call(bytes, start, end) : shortText(bytes, start, length);
}

/** A binary string up to its first NUL: what C prints of it, in the texts of errors for example. */
export function cString(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** The bytes of a binary string. */
export function bytesOf(binaryString: string): Buffer {
  return Buffer.from(binaryString, 'latin1');
}

/** Writes a binary string that has room in `target` and returns the offset after it. */
export function writeLatin1(target: Uint8Array, offset: number, binaryString: string): number {
  const length = binaryString.length;
  if (length > SHORT_WRITE) return offset + latin1Write.call(target, binaryString, offset, length);
  for (let i = 0; i < length; i++) target[offset + i] = binaryString.charCodeAt(i);
  return offset + length;
}

/** Whether the bytes spell `lowerCaseAsciiName` in any mixture of cases. */
export function equalsIgnoreCase(bytes: Uint8Array, start: number, end: number, lowerCaseAsciiName: string): boolean {
  const length = lowerCaseAsciiName.length;
  if (end - start !== length) return false;
  for (let i = 0; i < length; i++) {
    if (lowerCaseByte(bytes[start + i]!) !== lowerCaseAsciiName.charCodeAt(i)) return false;
  }
  return true;
}

/** ASCII capitals become small letters; every other byte stays. */
export function lowerCaseByte(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

/** The bytes as a binary string with ASCII capitals made small: the form in which names are looked up. */
export function lowerCaseOf(bytes: Uint8Array, start: number, end: number): string {
  return lowerCaseAscii(latin1Of(bytes, start, end));
}

/** A binary string with ASCII capitals made small. */
export function lowerCaseAscii(binaryString: string): string {
  let i = 0;
  while (i < binaryString.length && !isUpperCase(binaryString.charCodeAt(i))) i++;
  if (i === binaryString.length) return binaryString;
  return binaryString.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());
}

function isUpperCase(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}
