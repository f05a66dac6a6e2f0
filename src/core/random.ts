/** Dice, as a port of the host: see host/host.ts. Declared on this floor because data structures roll them too. */
export interface Random {
  /** Uniform over 0 .. 2^32 - 1. */
  u32(): number;
  /** Uniform integer over 0 .. limit - 1; `limit` from 1 to 2^53. */
  below(limit: number): number;
  /** `length` random bytes in a fresh array. */
  bytes(length: number): Uint8Array;
  /** An independent stream. The same label on the same stream gives the same child, whatever was drawn before. */
  fork(label: string): Random;
}
