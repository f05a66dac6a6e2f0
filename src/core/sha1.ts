/**
 * SHA-1 (FIPS 180-4). It names scripts (EVALSHA) and sums up datasets (DEBUG DIGEST); nothing relies on it for safety.
 */
import { toHex } from './hex.ts';
import { digestOf, forEachBlock, loadBlock } from './merkle-damgard.ts';

export const SHA1_BYTES = 20;
/** The last words of the message schedule: each follows from the 16 before it. */
const SCHEDULE_WORDS = 16;

/** The 20-byte digest of the bytes. */
export function sha1(bytes: Uint8Array, start = 0, end = bytes.length): Uint8Array {
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  // No more than V8 allocates within its heap: digests of datasets are many small ones.
  const schedule = new Int32Array(SCHEDULE_WORDS);
  forEachBlock(bytes, start, end, (block, offset) => compress(state, schedule, block, offset));
  return digestOf(state);
}

/** The digest in 40 small hex digits. */
export function sha1Hex(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return toHex(sha1(bytes, start, end));
}

function compress(state: Int32Array, w: Int32Array, block: Uint8Array, offset: number): void {
  loadBlock(w, block, offset);
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  for (let t = 0; t < 80; t++) {
    const i = t & 15;
    if (t > 15) w[i] = rotate(w[(t + 13) & 15]! ^ w[(t + 8) & 15]! ^ w[(t + 2) & 15]! ^ w[i]!, 1);
    let mixed: number;
    if (t < 20) mixed = ((b & c) | (~b & d)) + 0x5a827999;
    else if (t < 40) mixed = (b ^ c ^ d) + 0x6ed9eba1;
    else if (t < 60) mixed = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    else mixed = (b ^ c ^ d) + 0xca62c1d6;
    const next = (rotate(a, 5) + mixed + e + w[i]!) | 0;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  // Stores into an Int32Array keep the low 32 bits of each sum.
  state[0] = state[0]! + a;
  state[1] = state[1]! + b;
  state[2] = state[2]! + c;
  state[3] = state[3]! + d;
  state[4] = state[4]! + e;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
