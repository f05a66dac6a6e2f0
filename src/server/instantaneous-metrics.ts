/**
 * Rates per second, of now: INFO instantaneous_*. The cron takes a sample every 100 ms; a rate is the mean of the last
 * sixteen.
 */
import type { Statistics } from './statistics.ts';

const SAMPLE_PERIOD_MS = 100;
/** Timers are a little early or late; a run of the cron that comes this early is still the one that was meant. */
const TOLERANCE_MS = 10;
const SAMPLES = 16;

/** What is counted, as a total since the start. */
const COUNTERS = {
  commands: (s: Statistics) => s.commands,
  inputBytes: (s: Statistics) => s.inputBytes + s.replicationInputBytes,
  outputBytes: (s: Statistics) => s.outputBytes + s.replicationOutputBytes,
  replicationInputBytes: (s: Statistics) => s.replicationInputBytes,
  replicationOutputBytes: (s: Statistics) => s.replicationOutputBytes,
} as const;

export type Metric = keyof typeof COUNTERS;
const METRICS = Object.keys(COUNTERS) as Metric[];

export class InstantaneousMetrics {
  readonly #statistics: Statistics;
  readonly #samples: Float64Array[] = METRICS.map(() => new Float64Array(SAMPLES));
  readonly #lastTotals = METRICS.map(() => 0);
  #lastMs = 0;
  #next = 0;

  constructor(statistics: Statistics, nowMs: number) {
    this.#statistics = statistics;
    this.#lastMs = nowMs;
  }

  /** Takes a sample if it is time to; called from the cron, as often as it likes. */
  sample(nowMs: number): void {
    const elapsedMs = nowMs - this.#lastMs;
    if (elapsedMs >= 0 && elapsedMs < SAMPLE_PERIOD_MS - TOLERANCE_MS) return;
    for (const [index, metric] of METRICS.entries()) {
      const total = COUNTERS[metric](this.#statistics);
      const gain = Math.max(0, total - this.#lastTotals[index]!);
      this.#samples[index]![this.#next] = elapsedMs > 0 ? Math.floor((gain * 1000) / elapsedMs) : 0;
      this.#lastTotals[index] = total;
    }
    this.#next = (this.#next + 1) % SAMPLES;
    this.#lastMs = nowMs;
  }

  /** Per second, rounded down. */
  rate(metric: Metric): number {
    const samples = this.#samples[METRICS.indexOf(metric)]!;
    return Math.floor(samples.reduce((sum, value) => sum + value, 0) / SAMPLES);
  }

  /** Forgets all samples, when the counters start anew. */
  reset(nowMs: number): void {
    for (const samples of this.#samples) samples.fill(0);
    this.#lastTotals.fill(0);
    this.#next = 0;
    this.#lastMs = nowMs;
  }
}
