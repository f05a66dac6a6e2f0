/**
 * The sizes in which jemalloc, Redis' allocator, hands out memory: multiples of 16 up to 128, then four steps to each
 * doubling. Where Redis reports what an allocation really takes, so can we.
 */
const QUANTUM_BYTES = 16;
const SMALL_MAX_BYTES = 128;
const STEPS_PER_DOUBLING = 4;

/** The bytes that an allocation of `bytes` takes. */
export function sizeClass(bytes: number): number {
  if (bytes <= 8) return 8;
  if (bytes <= SMALL_MAX_BYTES) return Math.ceil(bytes / QUANTUM_BYTES) * QUANTUM_BYTES;
  const doubling = 2 ** Math.ceil(Math.log2(bytes));
  const step = doubling / 2 / STEPS_PER_DOUBLING;
  return Math.ceil(bytes / step) * step;
}
