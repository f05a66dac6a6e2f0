/**
 * The seeded generator behind `Random`: xoshiro128** (Blackman and Vigna), 32-bit, period 2^128 - 1, with forks by
 * label. A fork depends on the stream's own seed and the label alone, never on how much was drawn: one more draw in
 * one subsystem leaves every other subsystem's history unchanged, which is what makes simulated runs shrink well.
 */
import type { Random } from './host.ts';

export class Prng implements Random {
  readonly #seed: number;
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** @param seed any 32-bit integer; the same seed gives the same stream. */
  constructor(seed: number) {
    this.#seed = seed >>> 0;
    let state = this.#seed;
    const next = (): number => {
      // splitmix32 spreads a small seed over the whole state.
      state = (state + 0x9e3779b9) | 0;
      let z = state ^ (state >>> 16);
      z = Math.imul(z, 0x21f0aaad);
      z ^= z >>> 15;
      z = Math.imul(z, 0x735a2d97);
      return z ^ (z >>> 15);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }

  u32(): number {
    const scrambled = Math.imul(this.#b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  below(limit: number): number {
    if (limit <= 0x1_0000_0000) {
      // Rejection keeps it uniform; the loop runs once almost always.
      const threshold = 0x1_0000_0000 - (0x1_0000_0000 % limit);
      for (;;) {
        const drawn = this.u32();
        if (drawn < threshold) return drawn % limit;
      }
    }
    const range = 2 ** 53;
    const threshold = range - (range % limit);
    for (;;) {
      const drawn = (this.u32() >>> 11) * 0x1_0000_0000 + this.u32();
      if (drawn < threshold) return drawn % limit;
    }
  }

  bytes(length: number): Uint8Array {
    const result = new Uint8Array(length);
    for (let i = 0; i < length; i += 4) {
      const word = this.u32();
      for (let k = 0; k < 4 && i + k < length; k++) result[i + k] = word >>> (8 * k);
    }
    return result;
  }

  fork(label: string): Random {
    return new Prng(forkSeed(this.#seed, label));
  }
}

/** FNV-1a over the label, mixed with the parent's seed. */
export function forkSeed(seed: number, label: string): number {
  let hash = seed ^ 0x811c9dc5;
  for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
