/**
 * Bits of byte strings, most significant bit of the first byte first, as BITCOUNT, BITPOS and BITFIELD number them.
 * Long stretches are walked a word at a time: `words` is the same memory as `bytes`, and alignment is that of `words`.
 */
const WORD_BYTES = 4;

function bitsOfByte(byte: number): number {
  let v = byte - ((byte >> 1) & 0x55);
  v = (v & 0x33) + ((v >> 2) & 0x33);
  return (v + (v >> 4)) & 0x0f;
}

function bitsOfWord(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Number of set bits in bytes[start..end). */
export function countBits(bytes: Uint8Array, words: Int32Array, start: number, end: number): number {
  let count = 0;
  let at = start;
  while (at < end && at % WORD_BYTES !== 0) count += bitsOfByte(bytes[at++]!);
  const lastWord = Math.floor(end / WORD_BYTES);
  for (let word = at / WORD_BYTES; at + WORD_BYTES <= end && word < lastWord; word++, at += WORD_BYTES) {
    count += bitsOfWord(words[word]!);
  }
  while (at < end) count += bitsOfByte(bytes[at++]!);
  return count;
}

/**
 * Position of the first bit with value `bit` in bytes[start..end), counted from `start`'s first bit, within the bits
 * from `firstBit` of the first byte to `lastBit` of the last one; -1 if there is none.
 */
export function findBit(
  bytes: Uint8Array,
  words: Int32Array,
  bit: number,
  range: { readonly start: number; readonly end: number; readonly firstBit: number; readonly lastBit: number },
): number {
  const { start, end } = range;
  const plain = bit === 1 ? 0 : 0xff;
  const plainWord = bit === 1 ? 0 : -1;
  let at = start;
  while (at < end) {
    const inside = at > start || range.firstBit === 0;
    if (inside && at % WORD_BYTES === 0 && at + WORD_BYTES < end && words[at / WORD_BYTES] === plainWord) {
      at += WORD_BYTES;
      continue;
    }
    const byte = bytes[at]!;
    if (byte !== plain) {
      const from = at === start ? range.firstBit : 0;
      const to = at === end - 1 ? range.lastBit : 7;
      for (let i = from; i <= to; i++) if (((byte >> (7 - i)) & 1) === bit) return (at - start) * 8 + i;
    }
    at++;
  }
  return -1;
}

/** An unsigned field of `width` bits from a bit offset on; bits beyond `length` bytes are zero. */
export function readField(bytes: Uint8Array, start: number, length: number, offset: number, width: number): bigint {
  let value = 0n;
  const firstByte = Math.floor(offset / 8);
  const lastByte = Math.floor((offset + width - 1) / 8);
  for (let i = firstByte; i <= lastByte; i++) value = (value << 8n) | BigInt(i < length ? bytes[start + i]! : 0);
  const tail = (lastByte + 1) * 8 - (offset + width);
  return BigInt.asUintN(width, value >> BigInt(tail));
}

/** Writes the low `width` bits of a value at a bit offset; the bytes are there. */
export function writeField(bytes: Uint8Array, start: number, offset: number, width: number, value: bigint): void {
  let rest = BigInt.asUintN(width, value);
  for (let bit = offset + width - 1; bit >= offset;) {
    // As many bits as end in this byte, at once.
    const inByte = Math.min((bit % 8) + 1, bit - offset + 1);
    const shift = 7 - (bit % 8);
    const mask = ((1 << inByte) - 1) << shift;
    const at = start + Math.floor(bit / 8);
    bytes[at] = (bytes[at]! & ~mask) | (Number(rest & BigInt((1 << inByte) - 1)) << shift);
    rest >>= BigInt(inByte);
    bit -= inByte;
  }
}
