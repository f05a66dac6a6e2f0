// The few statistics that the benchmarks rest on.
//
// Every comparison here is over alternating rounds, so that slow drift (heat, a neighbour) hits both sides alike, and
// rests on medians, which shrug off the round in which something else woke up. The ratio of medians is the figure that is
// quoted. Beside it stands the median of the rounds' own ratios with their middle half: on a busy machine it is the
// steadier of the two, since what disturbs a round mostly disturbs both of its turns, and the span tells how far either
// can be trusted.

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
  /** The median of the ratios of the single rounds, and the quartiles between which half of them lie. */
  byRound: number;
  low: number;
  high: number;
}

/** Compares two series that were measured in alternating rounds: a[i] and b[i] belong to the same round. */
export function ratioOfMedians(a: readonly number[], b: readonly number[]): Ratio {
  const rounds = Math.min(a.length, b.length);
  const paired = Array.from({ length: rounds }, (_, round) => a[round]! / b[round]!);
  const value = median(a) / median(b);
  return { value, byRound: median(paired), low: quantile(paired, 0.25), high: quantile(paired, 0.75) };
}
