/**
 * Counters of 64 bits that XSETID and XGROUP may set to anything: numbers while these are exact, bigints beyond, and
 * wrapping around where C's do.
 */
export type Counter = number | bigint;

function counter(value: bigint): Counter {
  const wrapped = BigInt.asIntN(64, value);
  const number = Number(wrapped);
  return Number.isSafeInteger(number) ? number : wrapped;
}

export function plus(a: Counter, b: Counter): Counter {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return counter(BigInt(a) + BigInt(b));
}

export function minus(a: Counter, b: Counter): Counter {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return counter(BigInt(a) - BigInt(b));
}

/** A counter that was given as an int64. */
export function counterOf(value: bigint): Counter {
  return counter(value);
}
