/** Violations that are planted into a run, to see that a checker finds them: nodes that are tampered with, and lies. */
import type { Checker, MakeChecker, Violation } from '../../src/simulation/checker.ts';
import { usualCheckers } from '../../src/simulation/checkers/usual.ts';
import type { Reply } from '../../src/simulation/history.ts';
import { play } from '../../src/simulation/play.ts';
import type { Outcome, Run } from '../../src/simulation/run.ts';
import { type ScheduleInput, scheduleOf } from '../../src/simulation/schedule.ts';

/** How long after everybody has found everybody. */
const SOON_MS = 1000;

export interface Plant {
  /** Called a second after faults have begun. */
  readonly during?: (run: Run) => void;
  /** Called when all is over, before anybody judges the end. */
  readonly atEnd?: (run: Run) => void;
  /** Called when everything is made and nothing has happened. */
  readonly before?: (run: Run) => void;
}

export function playWith(input: ScheduleInput, plant: Plant): Outcome {
  const schedule = scheduleOf(input);
  const planter: MakeChecker = (run): Checker => ({
    id: 'planter',
    promise: 'Makes trouble.',
    onEntry: (entry) => {
      if (entry.kind !== 'phase' || entry.phase !== 'faults') return;
      run.world.at(run.world.nowMs + SOON_MS, () => plant.during?.(run));
    },
    atEnd: () => plant.atEnd?.(run),
  });
  return play(schedule, {
    checkers: [planter, ...usualCheckers(schedule.topology.kind)],
    observe: (run) => plant.before?.(run),
  });
}

export function violationOf(input: ScheduleInput, plant: Plant): Violation | null {
  return playWith(input, plant).violation;
}

/** An operation that no client has done, of which the history tells all the same. */
export function lie(
  run: Run,
  id: number,
  at: string,
  words: readonly string[],
  phase: 'ok' | 'fail',
  reply: Reply,
): void {
  run.history.add('liar', { kind: 'op', id, phase: 'invoke', words });
  run.history.add('liar', { kind: 'op', id, phase, words, at, reply });
}
