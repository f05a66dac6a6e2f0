/**
 * Zipmaps, in which Redis up to 2.4 kept small hashes. They are read, never written.
 *
 *   uint8 number of fields, 254: unknown | (length, field, length, uint8 free, value, free bytes) ... | 0xff
 *
 * A length is a byte below 254, or 0xfe and a little-endian uint32.
 */
const END = 0xff;
const BIG_LENGTH = 0xfe;

/** Called with a field and its value as ranges of `bytes`; false ends the walk. */
export type PairVisitor = (start: number, end: number, valueStart: number, valueEnd: number) => boolean;

/** Visits the fields of a zipmap. @returns whether all of it is one, not empty, and all visits said true. */
export function walkZipmap(bytes: Uint8Array, start: number, end: number, visit: PairVisitor): boolean {
  const last = end - 1;
  if (end - start < 2 || bytes[last] !== END) return false;
  let count = 0;
  let at = start + 1;
  while (at < last && bytes[at] !== END) {
    const field = at + lengthBytes(bytes, at);
    if (field > last) return false;
    const fieldEnd = field + lengthAt(bytes, at);
    if (fieldEnd >= last) return false;
    const free = fieldEnd + lengthBytes(bytes, fieldEnd);
    if (free >= last) return false;
    const value = free + 1;
    const valueEnd = value + lengthAt(bytes, fieldEnd);
    at = valueEnd + bytes[free]!;
    if (at > last || !visit(field, fieldEnd, value, valueEnd)) return false;
    count++;
  }
  return at === last && count > 0 && (bytes[start]! >= BIG_LENGTH || bytes[start] === count);
}

function lengthBytes(bytes: Uint8Array, at: number): number {
  return bytes[at]! < BIG_LENGTH ? 1 : 5;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  const head = bytes[at]!;
  if (head < BIG_LENGTH) return head;
  return (bytes[at + 1]! | (bytes[at + 2]! << 8) | (bytes[at + 3]! << 16) | (bytes[at + 4]! << 24)) >>> 0;
}
