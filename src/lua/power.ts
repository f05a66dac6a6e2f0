/** C's `pow`, which differs from JavaScript's where one of the two is a power of nothing: 1 to any power is 1. */
export function power(base: number, exponent: number): number {
  if (exponent === 2) return base * base;
  if (base === 1 || (base === -1 && (exponent === Infinity || exponent === -Infinity))) return 1;
  return base ** exponent;
}
