/** How a search goes on: one line that is written over where somebody watches, and a line now and then in a log. */
import { Counts } from '../checker.ts';
import type { Profile } from '../profiles.ts';
import type { Outcome } from '../run.ts';
import type { SearchReport } from '../search.ts';
import type { Terminal } from './terminal.ts';

const WATCHED_EVERY_MS = 250;
const LOGGED_EVERY_MS = 15_000;
const CLEAR_LINE = '\r\u001b[K';

export class Progress {
  readonly #profile: Profile;
  readonly #terminal: Terminal;
  readonly #startMs: number;
  readonly #startCpuMs: number;
  readonly #coverage = new Counts();
  #played = 0;
  #simulatedMs = 0;
  #lost = 0;
  #nextMs: number;

  constructor(profile: Profile, terminal: Terminal) {
    this.#profile = profile;
    this.#terminal = terminal;
    this.#startMs = terminal.nowMs();
    this.#startCpuMs = terminal.cpuMs();
    this.#nextMs = this.#startMs + this.#everyMs;
  }

  get #everyMs(): number {
    return this.#terminal.isWatched ? WATCHED_EVERY_MS : LOGGED_EVERY_MS;
  }

  played({ simulatedMs, coverage, lost }: Outcome): void {
    this.#played++;
    this.#simulatedMs += simulatedMs;
    this.#lost += lost.length;
    this.#coverage.addAll(coverage);
    this.#tell(() => this.#line());
  }

  shrinking(tried: number): void {
    this.#tell(() => `${this.#profile.name}: a promise was broken; making it smaller, ${tried} tried`);
  }

  end(): void {
    if (this.#terminal.isWatched) this.#terminal.error(CLEAR_LINE);
  }

  #tell(line: () => string): void {
    const nowMs = this.#terminal.nowMs();
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + this.#everyMs;
    this.#terminal.error(this.#terminal.isWatched ? `${CLEAR_LINE}${line()}` : `${line()}\n`);
  }

  #line(): string {
    const seconds = Math.max(0.001, (this.#terminal.nowMs() - this.#startMs) / 1000);
    const { mustHappen, name } = this.#profile;
    const reached = mustHappen.filter((each) => this.#coverage.has(each)).length;
    const parts = [
      `${name}: ${this.#played} schedules`,
      `${(this.#played / seconds).toFixed(1)}/s`,
      `${Math.round(this.#simulatedMs / 1000 / seconds)} sim-s/s`,
      `coverage ${reached}/${mustHappen.length}`,
      ...(this.#lost > 0 ? [`${this.#lost} writes lost as Redis may`] : []),
      `${Math.round(seconds)} s`,
    ];
    return parts.join('  ');
  }

  /** What should have happened and did not. */
  missing({ coverage }: SearchReport): readonly string[] {
    return this.#profile.mustHappen.filter((name) => !coverage.has(name));
  }

  /** All that was found, when it is over. */
  summary(report: SearchReport, seed: number): string {
    const seconds = (this.#terminal.nowMs() - this.#startMs) / 1000;
    const cpuSeconds = (this.#terminal.cpuMs() - this.#startCpuMs) / 1000;
    const simulated = Math.round(report.simulatedMs / 1000);
    const verdict =
      report.failure === null ? 'every promise was kept' : `${report.failure.violation.checker} was broken`;
    const missing = this.missing(report);
    const lines = [
      `${this.#profile.name}: ${report.played} schedules from seed ${seed}, ${simulated} simulated seconds in ` +
        `${seconds.toFixed(1)} s (${cpuSeconds.toFixed(1)} s of CPU): ${verdict}`,
      ...table('happened', report.coverage),
      ...table('exempt', report.exemptions),
      `  ${String(report.lostWrites).padStart(9)} acknowledged writes lost, each for a reason that Redis names`,
      ...(missing.length > 0 ? [`  never happened: ${missing.join(', ')}`] : []),
    ];
    return `${lines.join('\n')}\n`;
  }
}

function table(title: string, counts: ReadonlyMap<string, number>): string[] {
  const rows = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return rows.map(([name, count]) => `  ${String(count).padStart(9)} ${title === 'exempt' ? 'exempt: ' : ''}${name}`);
}
