/**
 * Ziplists, which Redis up to 6.2 wrote where listpacks stand now. They are read, never written.
 *
 *   uint32 total bytes | uint32 offset of the last entry | uint16 count, 65535: unknown | entry ... | 0xff
 *
 * Numbers in the header are little-endian. An entry is the length of the one before (a byte, or 0xfe and uint32), an
 * encoding, and data:
 *
 *   00llllll            text of up to 63 bytes
 *   01llllll +1         text of 14 bits of length, big-endian
 *   10000000 +4         text of 32 bits of length, big-endian
 *   1100.., 1101.., 1110..  integers of 16, 32, 64 bits
 *   11110000 11111110   integers of 24, 8 bits
 *   1111xxxx            integer 0..12, plus one
 */
import { INT64_MAX_LENGTH, writeBigInteger, writeInteger } from '../../core/integer.ts';

const HEADER_BYTES = 10;
const END = 0xff;
const COUNT_UNKNOWN = 0xffff;
const BIG_LENGTH = 0xfe;

/** Called with an element as a range of bytes that is valid until it returns; false ends the walk. */
export type ElementVisitor = (bytes: Uint8Array, start: number, end: number) => boolean;

/** Visits the elements of a ziplist. @returns whether all of it is one, and all visits said true. */
export function walkZiplist(source: Uint8Array, start: number, end: number, visit: ElementVisitor): boolean {
  const size = end - start;
  if (size < HEADER_BYTES + 1) return false;
  const bytes = Buffer.from(source.buffer, source.byteOffset + start, size);
  const tail = bytes.readUInt32LE(4);
  if (bytes.readUInt32LE(0) !== size || bytes[size - 1] !== END || tail > size - 1) return false;
  const entry = new Entry(bytes);
  let count = 0;
  let at = HEADER_BYTES;
  let before = 0;
  let last = -1;
  while (at < size - 1 && bytes[at] !== END) {
    if (!entry.read(at, before) || !visit(entry.bytes, entry.start, entry.end)) return false;
    last = at;
    before = entry.next - at;
    at = entry.next;
    count++;
  }
  if (at !== size - 1 || (last >= 0 && last !== tail)) return false;
  const known = bytes.readUInt16LE(8);
  return known === COUNT_UNKNOWN || known === count;
}

class Entry {
  readonly #list: Buffer;
  readonly #digits = Buffer.allocUnsafe(INT64_MAX_LENGTH);
  /** Where the data ends at the latest. */
  readonly #limit: number;
  bytes: Buffer;
  start = 0;
  end = 0;
  /** The position behind it. */
  next = 0;

  constructor(list: Buffer) {
    this.#list = list;
    this.#limit = list.length - 1;
    this.bytes = list;
  }

  /** @param before bytes of the entry before. @returns false if there is no entry. */
  read(at: number, before: number): boolean {
    const list = this.#list;
    let p = at + 1;
    let stated = list[at]!;
    if (stated === BIG_LENGTH) {
      if (at + 5 > this.#limit) return false;
      stated = list.readUInt32LE(at + 1);
      p = at + 5;
    }
    if (stated !== before || p >= this.#limit) return false;
    const head = list[p]!;
    return head < 0xc0 ? this.#readText(p, head) : this.#readInteger(p, head);
  }

  #readText(p: number, head: number): boolean {
    const list = this.#list;
    const form = head >> 6;
    const headBytes = form === 0 ? 1 : form === 1 ? 2 : 5;
    if (p + headBytes > this.#limit || (form === 2 && head !== 0x80)) return false;
    const length = form === 0 ? head : form === 1 ? ((head & 0x3f) << 8) | list[p + 1]! : list.readUInt32BE(p + 1);
    this.bytes = list;
    this.start = p + headBytes;
    this.end = this.next = this.start + length;
    return this.end <= this.#limit;
  }

  #readInteger(p: number, head: number): boolean {
    const dataBytes = integerBytes(head);
    if (dataBytes < 0) return false;
    this.next = p + 1 + dataBytes;
    if (this.next > this.#limit) return false;
    this.bytes = this.#digits;
    this.start = 0;
    if (dataBytes === 8) this.end = writeBigInteger(this.#digits, 0, this.#list.readBigInt64LE(p + 1));
    else {
      const value = dataBytes === 0 ? (head & 0x0f) - 1 : this.#list.readIntLE(p + 1, dataBytes);
      this.end = writeInteger(this.#digits, 0, value);
    }
    return true;
  }
}

/** Bytes of data of an integer, -1 if it is none. */
function integerBytes(head: number): number {
  switch (head) {
    case 0xc0:
      return 2;
    case 0xd0:
      return 4;
    case 0xe0:
      return 8;
    case 0xf0:
      return 3;
    case 0xfe:
      return 1;
    default:
      return head > 0xf0 && head < 0xfe ? 0 : -1;
  }
}
