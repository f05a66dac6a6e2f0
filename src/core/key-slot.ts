/**
 * The hash slot of a key: the 14 low bits of CRC-16/XMODEM of its bytes, or of those between the first `{` and the
 * next `}` if there are any. That is how keys that belong together are kept on one node of a cluster.
 */
export const SLOTS = 16384;

const POLYNOMIAL = 0x1021;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Remainders of each byte value followed by two zero bytes. */
const REMAINDERS = Uint16Array.from({ length: 256 }, (_, value) => {
  let remainder = value << 8;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder << 1) ^ ((remainder & 0x8000) === 0 ? 0 : POLYNOMIAL);
  return remainder;
});

/** The slot of the key bytes[start..end). */
export function keySlot(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === OPEN) return taggedSlot(bytes, start, end, i);
    crc = ((crc << 8) & 0xffff) ^ REMAINDERS[(crc >>> 8) ^ byte]!;
  }
  return crc & (SLOTS - 1);
}

/** @param open where the first brace is. */
function taggedSlot(bytes: Uint8Array, start: number, end: number, open: number): number {
  let close = open + 1;
  while (close < end && bytes[close] !== CLOSE) close++;
  const isTag = close < end && close > open + 1;
  return (isTag ? crc16(bytes, open + 1, close) : crc16(bytes, start, end)) & (SLOTS - 1);
}

/** CRC-16/XMODEM. */
export function crc16(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let i = start; i < end; i++) crc = ((crc << 8) & 0xffff) ^ REMAINDERS[(crc >>> 8) ^ bytes[i]!]!;
  return crc;
}
