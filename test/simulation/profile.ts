/**
 * A profile of simulation: schedules that can be drawn, and how one is played. `npm run sim -- <name>` plays many of them,
 * `npm test` a fixed few; both go through `simulate`.
 */
import * as fc from 'fast-check';

export interface ProfileOutcome {
  /** What went wrong, or null. */
  readonly violation: string | null;
  readonly simulatedMs: number;
  /** How often things happened that are worth knowing about: what never happens is not tested. */
  readonly counts: ReadonlyMap<string, number>;
}

export interface Profile<Schedule = unknown> {
  readonly name: string;
  readonly schedules: fc.Arbitrary<Schedule>;
  /** @param onFailure gets what helps to understand a failure, if there is one. */
  play(schedule: Schedule, onFailure?: (details: string) => void): ProfileOutcome;
  /** What must have happened in a long run. */
  readonly mustHappen: readonly string[];
}

export interface SimulateOptions {
  readonly schedules: number;
  readonly seed: number;
  /** Ends after that time, in ms of the real clock; never, if absent. */
  readonly budgetMs?: number;
  /** The path of a schedule that failed, as fast-check prints it. */
  readonly path?: string;
  /** Called after each schedule, until one fails. */
  readonly onPlayed?: (played: number) => void;
}

export interface SimulateReport {
  readonly played: number;
  readonly simulatedMs: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly failure: SimulateFailure | null;
}

export interface SimulateFailure {
  readonly violation: string;
  /** The smallest schedule that was found to fail, as one line of JSON. */
  readonly schedule: string;
  readonly path: string | null;
}

/** Plays schedules until one fails, which is then made as small as possible. */
export function simulate<S>(profile: Profile<S>, options: SimulateOptions): SimulateReport {
  const counts = new Map<string, number>();
  let played = 0;
  let simulatedMs = 0;
  let hasFailed = false;
  const property = fc.property(profile.schedules, (schedule) => {
    const outcome = profile.play(schedule);
    if (!hasFailed) {
      played++;
      simulatedMs += outcome.simulatedMs;
      for (const [name, count] of outcome.counts) counts.set(name, (counts.get(name) ?? 0) + count);
      options.onPlayed?.(played);
    }
    if (outcome.violation === null) return;
    hasFailed = true;
    throw new Error(outcome.violation);
  });
  const details = fc.check(property, {
    numRuns: options.schedules,
    seed: options.seed,
    ...(options.path === undefined ? {} : { path: options.path }),
    ...(options.budgetMs === undefined ? {} : { interruptAfterTimeLimit: options.budgetMs }),
  });
  const [schedule] = details.counterexample ?? [];
  const failure = schedule === undefined ? null : describeFailure(profile, schedule, details.counterexamplePath);
  return { played, simulatedMs, counts, failure };
}

function describeFailure<S>(profile: Profile<S>, schedule: S, path: string | null): SimulateFailure {
  return {
    violation: profile.play(schedule).violation ?? 'does not fail a second time',
    schedule: JSON.stringify(schedule),
    path,
  };
}
