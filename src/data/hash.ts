/**
 * HalfSipHash-1-3: a keyed hash of byte strings on 32-bit words (Aumasson and Bernstein's SipHash, the 32-bit
 * variant that the Linux kernel uses for its hash tables). Keyed, so that clients cannot choose colliding keys;
 * on 32-bit words, because that is what JS computes without boxing. docs/decisions/hash.md has the figures.
 */
export class KeyHash {
  readonly #k0: number;
  readonly #k1: number;
  /** The whole words, little-endian, of the key that `of` was last called for, up to 63: a dict compares keys by them. */
  readonly words = new Int32Array(63);

  /** @param seed at least 8 random bytes. */
  constructor(seed: Uint8Array) {
    const view = new DataView(seed.buffer, seed.byteOffset, seed.byteLength);
    this.#k0 = view.getInt32(0, true);
    this.#k1 = view.getInt32(4, true);
  }

  /** The hash of bytes[start..end), an int32. */
  of(bytes: Uint8Array, start: number, end: number): number {
    let v0 = this.#k0;
    let v1 = this.#k1;
    let v2 = 0x6c796765 ^ v0;
    let v3 = 0x74656462 ^ v1;
    const { words } = this;
    let at = start;
    for (let i = 0; at + 4 <= end; at += 4, i++) {
      const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      words[i] = word;
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    let last = (end - start) << 24;
    for (let shift = 0; at < end; at++, shift += 8) last |= bytes[at]! << shift;
    v3 ^= last;
    // One round absorbs the last word, three finish; the loop is the same round as above.
    for (let round = 0; round < 4; round++) {
      if (round === 1) {
        v0 ^= last;
        v2 ^= 0xff;
      }
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    return v1 ^ v3;
  }
}
