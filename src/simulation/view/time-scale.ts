/**
 * Which moment lies where: a window of simulated time over a number of pixels, and the round moments in it that an axis
 * names. Windows are kept within the run, with a little air at both ends, and never get shorter than what can be told
 * apart.
 */

/** A millionth of a second is the least that happens. */
const SHORTEST_MS = 0.02;
/** Air at both ends of a run, as a share of it. */
const AIR = 0.02;

export class TimeScale {
  readonly endMs: number;
  fromMs: number;
  toMs: number;
  widthPx = 1;

  constructor(endMs: number) {
    this.endMs = Math.max(endMs, 1);
    this.fromMs = -this.endMs * AIR;
    this.toMs = this.endMs * (1 + AIR);
  }

  get spanMs(): number {
    return this.toMs - this.fromMs;
  }

  xOf(timeMs: number): number {
    return ((timeMs - this.fromMs) / this.spanMs) * this.widthPx;
  }

  timeAt(x: number): number {
    return this.fromMs + (x / this.widthPx) * this.spanMs;
  }

  /** Shows the whole run. */
  fit(): void {
    this.show(-this.endMs * AIR, this.endMs * (1 + AIR));
  }

  show(fromMs: number, toMs: number): void {
    const least = -this.endMs * AIR;
    const most = this.endMs * (1 + AIR);
    const span = Math.min(Math.max(toMs - fromMs, SHORTEST_MS), most - least);
    const middle = (fromMs + toMs) / 2;
    this.fromMs = Math.min(Math.max(middle - span / 2, least), most - span);
    this.toMs = this.fromMs + span;
  }

  /** @param factor above one shows less time; what lies at `x` stays there. */
  zoom(factor: number, x = this.widthPx / 2): void {
    const pivot = this.timeAt(x);
    const share = x / this.widthPx;
    const span = Math.min(this.spanMs / factor, this.endMs * (1 + 2 * AIR));
    this.show(pivot - span * share, pivot + span * (1 - share));
  }

  pan(byPx: number): void {
    const byMs = (byPx / this.widthPx) * this.spanMs;
    this.show(this.fromMs + byMs, this.toMs + byMs);
  }

  /** Moves the window, if need be, so that the moment is well within. */
  reveal(timeMs: number): void {
    const margin = this.spanMs * 0.08;
    if (timeMs >= this.fromMs + margin && timeMs <= this.toMs - margin) return;
    const half = this.spanMs / 2;
    this.show(timeMs - half, timeMs + half);
  }

  /** Round moments in the window, about `everyPx` apart. */
  ticks(everyPx = 110): readonly number[] {
    const step = roundStep((this.spanMs / this.widthPx) * everyPx);
    const ticks: number[] = [];
    const last = Math.min(this.toMs, this.endMs * (1 + AIR));
    for (let i = Math.max(0, Math.ceil(this.fromMs / step)); i * step <= last; i++) ticks.push(i * step);
    return ticks;
  }
}

/** The next of 1, 2, 5, 10, 20… that is not less; above a second, of what clocks are divided into. */
export function roundStep(leastMs: number): number {
  const steps = [15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000];
  if (leastMs > 10_000) return steps.find((step) => step >= leastMs) ?? 3_600_000 * Math.ceil(leastMs / 3_600_000);
  const power = 10 ** Math.floor(Math.log10(leastMs));
  const digit = leastMs / power;
  return (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10) * power;
}

/** A moment as people read it, no finer than the time between two ticks asks for. */
export function formatTime(timeMs: number, stepMs = 1): string {
  const sign = timeMs < 0 ? '−' : '';
  const seconds = Math.abs(timeMs) / 1000;
  const digits = Math.min(6, Math.max(0, -Math.floor(Math.log10(stepMs / 1000) + 1e-9)));
  if (seconds < 60 || digits > 0) return `${sign}${seconds.toFixed(digits)} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = Math.round(seconds - minutes * 60);
  return `${sign}${minutes}:${String(rest).padStart(2, '0')}`;
}

/** A length of time, in the unit that suits it. */
export function formatDuration(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}
