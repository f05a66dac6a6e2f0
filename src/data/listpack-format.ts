/** The format of listpacks (listpack.ts), as far as reading and writing share it. */
export const NO_ELEMENT = 0;
export const HEADER_BYTES = 6;
/** A listpack without elements. */
export const EMPTY_LISTPACK_BYTES = HEADER_BYTES + 1;
/** What commands let a listpack grow to (listpack.c LISTPACK_MAX_SAFETY_SIZE). */
export const LISTPACK_BYTES_MAX = 1 << 30;

export const END = 0xff;
export const COUNT_UNKNOWN = 0xffff;

export const SHORT_TEXT = 0x80;
export const INTEGER_13 = 0xc0;
export const MEDIUM_TEXT = 0xe0;
export const LONG_TEXT = 0xf0;
export const INTEGER_16 = 0xf1;
export const INTEGER_24 = 0xf2;
export const INTEGER_32 = 0xf3;
export const INTEGER_64 = 0xf4;

export const SHORT_TEXT_MAX = 63;
export const MEDIUM_TEXT_MAX = 4095;
export const BACK_LENGTH_BYTES_MAX = 5;
export const WORD = 0x1_0000_0000;

export function setBytes(bytes: Uint8Array, at: number, total: number): void {
  bytes[at] = total;
  bytes[at + 1] = total >>> 8;
  bytes[at + 2] = total >>> 16;
  bytes[at + 3] = total >>> 24;
}

export function setCount(bytes: Uint8Array, at: number, count: number): void {
  bytes[at + 4] = count;
  bytes[at + 5] = count >>> 8;
}

export function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

export function backLengthBytes(encoded: number): number {
  if (encoded <= 127) return 1;
  if (encoded < 16383) return 2;
  if (encoded < 2097151) return 3;
  return encoded < 268435455 ? 4 : 5;
}
