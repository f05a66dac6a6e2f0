/**
 * Dice of the real host. Numbers come from the fast seeded generator, seeded once by the system; `bytes`, which run
 * ids, passwords and hash keys are made of, come from the system's strong source every time.
 */
import { randomBytes, randomInt } from 'node:crypto';
import type { Random } from '../host.ts';
import { forkSeed, Prng } from '../prng.ts';

export class NodeRandom implements Random {
  readonly #seed: number;
  readonly #numbers: Prng;

  constructor(seed: number = randomInt(2 ** 32)) {
    this.#seed = seed;
    this.#numbers = new Prng(seed);
  }

  u32(): number {
    return this.#numbers.u32();
  }

  below(limit: number): number {
    return this.#numbers.below(limit);
  }

  bytes(length: number): Uint8Array {
    // A copy of its own: Node may hand out a view of a pooled block.
    return new Uint8Array(randomBytes(length));
  }

  fork(label: string): Random {
    return new NodeRandom(forkSeed(this.#seed, label));
  }
}
