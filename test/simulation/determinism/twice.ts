/**
 * Plays a schedule twice and compares everything that was written down: the trace of the world, event by event, and the
 * history. What differs first is what somebody has to look for.
 */
import { play } from '../../../src/simulation/play.ts';
import type { Outcome } from '../../../src/simulation/run.ts';
import type { Schedule } from '../../../src/simulation/schedule.ts';

/** @returns how two runs of a schedule differ, or null. */
export function differenceOfRuns(schedule: Schedule): string | null {
  const [one, two] = [play(schedule), play(schedule)];
  if (one.traceHash === two.traceHash && one.events === two.events) return differenceOfHistories(one, two);
  const where = differenceOfHistories(one, two) ?? 'the histories do not show it';
  return `traces ${hex(one.traceHash)} after ${one.events} events and ${hex(two.traceHash)} after ${two.events}; ${where}`;
}

function differenceOfHistories(one: Outcome, two: Outcome): string | null {
  const [a, b] = [one, two].map(({ history }) => history.toJsonLines().split('\n')) as [string[], string[]];
  const at = a.findIndex((line, i) => line !== b[i]);
  if (at < 0) return a.length === b.length ? null : 'one history goes on where the other one ends';
  return `entry ${at} is once ${a[at]} and once ${b[at] ?? '(the end)'}`;
}

export function hex(hash: number): string {
  return (hash >>> 0).toString(16).padStart(8, '0');
}
