/**
 * How long calls of a command took, for the percentiles of INFO latencystats and LATENCY HISTOGRAM. Buckets are
 * log-linear: 16 per doubling, so that a percentile is within about 6 % of the truth, from 1 us to over an hour.
 * The memory is taken at the first call.
 */
const SUB_BITS = 4;
const SUB_BUCKETS = 1 << SUB_BITS;
const EMPTY = new Uint32Array(0);
const LARGEST_US = 2 ** 31 - 1;

export class DurationHistogram {
  #counts = EMPTY;
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** Counts `calls` calls that took `microseconds` each. */
  record(microseconds: number, calls: number): void {
    if (this.#counts.length === 0) this.#counts = new Uint32Array(32 * SUB_BUCKETS);
    this.#counts[bucketOf(microseconds | 0)]! += calls;
    this.#total += calls;
  }

  reset(): void {
    this.#counts = EMPTY;
    this.#total = 0;
  }

  /** The duration in us that `percent` of the calls did not exceed, as the upper end of its bucket. */
  percentile(percent: number): number {
    const wanted = Math.max(1, Math.ceil((percent / 100) * this.#total));
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= wanted) return upperEnd(bucket);
    }
    return 0;
  }

  /**
   * How many calls took at most 1, 2, 4, ... us, where that number grows, as LATENCY HISTOGRAM shows them. From 33 on the
   * limits are a little above a power of two: Redis counts in nanoseconds, in buckets that are 1 / 128 wide.
   */
  cumulative(): [limitUs: number, calls: number][] {
    const result: [number, number][] = [];
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length && seen < this.#total; bucket++) {
      const count = this.#counts[bucket]!;
      if (count === 0) continue;
      seen += count;
      const limit = limitAbove(lowerEnd(bucket));
      const last = result.at(-1);
      if (last?.[0] === limit) last[1] = seen;
      else result.push([limit, seen]);
    }
    return result;
  }
}

/** The first of the limits that is not below a duration in us. */
function limitAbove(microseconds: number): number {
  for (let ns = 1024; ; ns *= 2) {
    const limit = Math.floor((ns + ns / 128 - 1) / 1000);
    if (limit >= microseconds) return limit;
  }
}

function bucketOf(microseconds: number): number {
  const value = microseconds < 1 ? 1 : microseconds > LARGEST_US ? LARGEST_US : microseconds;
  if (value < SUB_BUCKETS) return value;
  const shift = 31 - Math.clz32(value) - SUB_BITS;
  return (shift + 1) * SUB_BUCKETS + ((value >> shift) & (SUB_BUCKETS - 1));
}

function lowerEnd(bucket: number): number {
  return bucket === 0 ? 0 : upperEnd(bucket - 1) + 1;
}

function upperEnd(bucket: number): number {
  if (bucket < SUB_BUCKETS) return bucket;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  return ((SUB_BUCKETS + (bucket % SUB_BUCKETS) + 1) << shift) - 1;
}
