// The few statistics that the benchmarks rest on.
//
// Every comparison here is a ratio of medians over alternating rounds: a median shrugs off the round in which something
// else on the machine woke up, and alternation makes slow drift (heat, a neighbour) hit both sides alike. The ratios of
// the single rounds are kept beside it, because their spread tells how far the ratio of medians can be trusted.

/** The middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('median of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The smallest value that at least `share` (0 to 1) of all values do not exceed: nearest rank, no interpolation. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error('quantile of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.ceil(share * sorted.length);
  return sorted[Math.min(Math.max(rank, 1), sorted.length) - 1]!;
}

export interface Ratio {
  /** median(a) / median(b) */
  value: number;
  /** Smallest and largest ratio of one round. */
  low: number;
  high: number;
}

/** Compares two series that were measured in alternating rounds: a[i] and b[i] belong to the same round. */
export function ratioOfMedians(a: readonly number[], b: readonly number[]): Ratio {
  const rounds = Math.min(a.length, b.length);
  const paired = Array.from({ length: rounds }, (_, round) => a[round]! / b[round]!);
  return { value: median(a) / median(b), low: Math.min(...paired), high: Math.max(...paired) };
}
