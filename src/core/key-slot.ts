/**
 * The hash slot of a key: the 14 low bits of CRC-16/XMODEM of its bytes, or of those between the first `{` and the
 * next `}` if there are any. That is how keys that belong together are kept on one node of a cluster.
 */
export const SLOTS = 16384;

const POLYNOMIAL = 0x1021;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Remainders of each byte value followed by two zero bytes; from 256 on by three, from 512 by four, from 768 by five. */
const REMAINDERS = new Uint16Array(1024);
for (let value = 0; value < REMAINDERS.length; value++) {
  let remainder = value < 256 ? value << 8 : REMAINDERS[value - 256]!;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder << 1) ^ ((remainder & 0x8000) === 0 ? 0 : POLYNOMIAL);
  REMAINDERS[value] = remainder;
}

/** The slot of the key bytes[start..end). */
export function keySlot(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  let at = start;
  // Four at once: only the first two have to wait for what came before them.
  for (const last = end - 4; at <= last; at += 4) {
    const first = bytes[at]!;
    const second = bytes[at + 1]!;
    const third = bytes[at + 2]!;
    const fourth = bytes[at + 3]!;
    if (first === OPEN || second === OPEN || third === OPEN || fourth === OPEN) return bracedSlot(bytes, start, end);
    const early = REMAINDERS[768 + ((crc >>> 8) ^ first)]! ^ REMAINDERS[512 + ((crc & 0xff) ^ second)]!;
    crc = early ^ REMAINDERS[256 + third]! ^ REMAINDERS[fourth]!;
  }
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === OPEN) return bracedSlot(bytes, start, end);
    crc = ((crc << 8) & 0xffff) ^ REMAINDERS[(crc >>> 8) ^ byte]!;
  }
  return crc & (SLOTS - 1);
}

/** The slot of a key that has an opening brace. */
function bracedSlot(bytes: Uint8Array, start: number, end: number): number {
  let open = start;
  while (bytes[open] !== OPEN) open++;
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
