/**
 * The latency monitor: when things took at least `latency-monitor-threshold` ms, and how long. Each kind of event has
 * its last 160 samples, at most one per second, the worst of that second.
 */

/** Kinds of events. Redis has more: for children, and for files that are written by other threads. */
export type LatencyEvent =
  | 'command'
  | 'command-unblocking'
  | 'fast-command'
  | 'expire-cycle'
  | 'eviction-cycle'
  | 'eviction-del'
  | 'eviction-lazyfree'
  | 'rdb-unlink-temp-file'
  | 'aof-write'
  | 'aof-write-pending-fsync'
  | 'aof-write-active-child'
  | 'aof-write-alone'
  | 'aof-fstat'
  | 'aof-rename'
  | 'aof-fsync-always'
  | 'active-defrag-cycle';

export interface LatencySample {
  readonly unixSeconds: number;
  readonly durationMs: number;
}

export interface LatencyHistory {
  /** Oldest first. */
  readonly samples: LatencySample[];
  /** The worst of all, forgotten samples included. */
  maxMs: number;
}

const SAMPLES_MAX = 160;

export class LatencyMonitor {
  readonly #threshold: () => number;
  readonly #nowMs: () => number;
  readonly events = new Map<string, LatencyHistory>();

  /** @param threshold gives latency-monitor-threshold, in ms; 0 switches the monitor off. */
  constructor(threshold: () => number, nowMs: () => number) {
    this.#threshold = threshold;
    this.#nowMs = nowMs;
  }

  /** Takes an event, if it lasted long enough. */
  note(event: LatencyEvent, durationUs: number): void {
    const thresholdMs = this.#threshold();
    const durationMs = Math.floor(durationUs / 1000);
    if (thresholdMs === 0 || durationMs < thresholdMs) return;
    const unixSeconds = Math.floor(this.#nowMs() / 1000);
    const history = this.events.get(event) ?? { samples: [], maxMs: 0 };
    this.events.set(event, history);
    history.maxMs = Math.max(history.maxMs, durationMs);
    const { samples } = history;
    const last = samples.at(-1);
    if (last?.unixSeconds === unixSeconds) {
      if (durationMs > last.durationMs) samples[samples.length - 1] = { unixSeconds, durationMs };
      return;
    }
    samples.push({ unixSeconds, durationMs });
    if (samples.length > SAMPLES_MAX) samples.shift();
  }

  /** Forgets events of one kind, or all. @returns how many kinds there were. */
  reset(event: string | null): number {
    if (event !== null) return this.events.delete(event) ? 1 : 0;
    const count = this.events.size;
    this.events.clear();
    return count;
  }
}
