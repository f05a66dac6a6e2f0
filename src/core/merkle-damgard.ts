/**
 * The frame that SHA-1 and SHA-256 share: a message is cut into blocks of 64 bytes, the last one padded with a single
 * set bit, zeros, and the message's length in bits as 64 bits, most significant first.
 */

const BLOCK_BYTES = 64;
const LENGTH_BYTES = 8;

/** Calls `compress` for every block of the padded message. Whole blocks are read where they lie. */
export function forEachBlock(
  bytes: Uint8Array,
  start: number,
  end: number,
  compress: (bytes: Uint8Array, offset: number) => void,
): void {
  let at = start;
  for (; end - at >= BLOCK_BYTES; at += BLOCK_BYTES) compress(bytes, at);
  const rest = end - at;
  const tail = new Uint8Array(rest + 1 + LENGTH_BYTES > BLOCK_BYTES ? 2 * BLOCK_BYTES : BLOCK_BYTES);
  for (let i = 0; i < rest; i++) tail[i] = bytes[at + i]!;
  tail[rest] = 0x80;
  const bits = (end - start) * 8;
  storeWord(tail, tail.length - 8, Math.floor(bits / 2 ** 32));
  storeWord(tail, tail.length - 4, bits >>> 0);
  for (let offset = 0; offset < tail.length; offset += BLOCK_BYTES) compress(tail, offset);
}

/** The words of the final state, most significant byte first. */
export function digestOf(state: Int32Array): Uint8Array {
  const digest = new Uint8Array(state.length * 4);
  for (let i = 0; i < state.length; i++) storeWord(digest, i * 4, state[i]!);
  return digest;
}

function storeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

/** Loads the 16 words of a block into the start of a message schedule. */
export function loadBlock(schedule: Int32Array, bytes: Uint8Array, offset: number): void {
  for (let i = 0, at = offset; i < 16; i++, at += 4) {
    schedule[i] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }
}
