/**
 * MurmurHash64A (Austin Appleby's MurmurHash2 for 64 bits), in two 32-bit halves, because JS computes those without
 * boxing. HyperLogLog's registers depend on it bit for bit.
 */
const M_LOW = 0x5bd1e995;
const M_HIGH = 0xc6a4a793;

/** The last hash, in halves: `low` and `high` are int32. One object is reused for all hashes. */
export class Murmur64 {
  low = 0;
  high = 0;

  /** Hashes bytes[start..end). */
  hash(bytes: Uint8Array, start: number, end: number, seed: number): this {
    this.low = end - start;
    this.high = 0;
    this.#multiply();
    this.low ^= seed;
    let at = start;
    for (; at + 8 <= end; at += 8) this.#block(bytes, at);
    if (at < end) {
      for (let i = at; i < end; i++) {
        const shift = (i - at) * 8;
        if (shift < 32) this.low ^= bytes[i]! << shift;
        else this.high ^= bytes[i]! << (shift - 32);
      }
      this.#multiply();
    }
    this.#fold();
    this.#multiply();
    this.#fold();
    return this;
  }

  #block(bytes: Uint8Array, at: number): void {
    const { low, high } = this;
    this.low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    this.high = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
    this.#multiply();
    this.#fold();
    this.#multiply();
    this.low ^= low;
    this.high ^= high;
    this.#multiply();
  }

  /** h *= m, modulo 2^64. */
  #multiply(): void {
    const { low, high } = this;
    this.high = (upperHalf(low, M_LOW) + Math.imul(low, M_HIGH) + Math.imul(high, M_LOW)) | 0;
    this.low = Math.imul(low, M_LOW);
  }

  /** h ^= h >> 47. */
  #fold(): void {
    this.low ^= this.high >>> 15;
  }
}

/** The upper 32 bits of the product of two unsigned 32-bit numbers. */
function upperHalf(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  return aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor((aLow * bHigh + (middle % 0x10000)) / 0x10000);
}
