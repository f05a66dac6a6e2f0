/**
 * The sizes in which jemalloc, Redis' allocator, hands out memory: multiples of 16 up to 128, then four steps to each
 * doubling. Where Redis reports what an allocation really takes, so can we.
 */
const QUANTUM_BYTES = 16;
const SMALL_MAX_BYTES = 128;
const STEPS_PER_DOUBLING = 4;

/** Up to which a power of two is a shift. */
const SHIFTED_MAX_BYTES = 2 ** 30;

/** The bytes that an allocation of `bytes` takes. */
export function sizeClass(bytes: number): number {
  if (bytes <= 8) return 8;
  if (bytes <= SMALL_MAX_BYTES) return Math.ceil(bytes / QUANTUM_BYTES) * QUANTUM_BYTES;
  const step = doublingOf(bytes) / 2 / STEPS_PER_DOUBLING;
  return Math.ceil(bytes / step) * step;
}

/** The least power of two that is not less. */
function doublingOf(bytes: number): number {
  if (bytes > SHIFTED_MAX_BYTES) return 2 ** Math.ceil(Math.log2(bytes));
  return 1 << (32 - Math.clz32(Math.ceil(bytes) - 1));
}
