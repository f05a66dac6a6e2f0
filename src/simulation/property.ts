/**
 * Properties over failovers, for fast-check:
 *
 *   await fc.assert(failoverProperty(topology({ kind: 'sentinel' }), async (run) => { … }));
 *
 * Each of its runs is a world of its own: nodes, faults that are drawn, and the usual checkers beside what the script or
 * the checkers of the caller look at. What fails is made smaller, and tells how to play it again.
 */
import * as fc from 'fast-check';
import { schedules, type ScheduleOptions } from './arbitraries.ts';
import type { Violation } from './checker.ts';
import { playWith, SCRIPT, type Script } from './own/own-run.ts';
import type { Outcome, PlayOptions } from './run.ts';
import { type Schedule, type TopologyInput, topologyOf } from './schedule.ts';

/** Schedules of faults that befall a topology. What is left out of it is usual. */
export function topology(
  input: TopologyInput,
  options: Omit<ScheduleOptions, 'topology'> = {},
): fc.Arbitrary<Schedule> {
  return schedules(input.kind, { ...options, topology: fc.constant(topologyOf(input)) });
}

/** @param script runs beside each world; may be left out where checkers suffice */
export function failoverProperty(
  drawn: fc.Arbitrary<Schedule>,
  script: Script = async () => {},
  options: PlayOptions = {},
): fc.IAsyncPropertyWithHooks<[Schedule]> {
  let first: Violation | null = null;
  return fc.asyncProperty(drawn, async (schedule) => {
    const { violation } = await playWith(schedule, script, options);
    // What is smaller and breaks something else is another bug.
    if (violation === null || (first !== null && first.checker !== violation.checker)) return;
    first ??= violation;
    throw new BrokenPromise(violation, schedule);
  });
}

/** A run in which something did not hold. */
export class BrokenPromise extends Error {
  readonly violation: Violation;
  readonly schedule: Schedule;

  constructor(violation: Violation, schedule: Schedule) {
    super(failureText(violation, schedule));
    this.name = 'BrokenPromise';
    this.violation = violation;
    this.schedule = schedule;
  }
}

/** What broke, and the one command that plays it again. */
export function failureText({ checker, text }: Violation, schedule: Schedule): string {
  const json = JSON.stringify(schedule);
  // What a script found, it alone can find again.
  const again =
    checker === SCRIPT ? `await playWith(parseSchedule('${json}'), script)` : `npx resplica sim replay '${json}'`;
  return `${checker}: ${text}\n  play it again: ${again}`;
}

/** @throws BrokenPromise if something did not hold. */
export function assertHolds(outcome: Outcome, schedule: Schedule): void {
  if (outcome.violation !== null) throw new BrokenPromise(outcome.violation, schedule);
}
