/** Plays a schedule again, and keeps all of its history, messages too. */
import { play } from './play.ts';
import type { Outcome, PlayOptions } from './run.ts';
import { parseSchedule, type Schedule } from './schedule.ts';

/** @param schedule itself, or its one line of JSON. @throws TypeError, SyntaxError if it is none */
export function replay(schedule: Schedule | string, options: PlayOptions = {}): Outcome {
  return play(typeof schedule === 'string' ? parseSchedule(schedule) : schedule, { keep: 'all', ...options });
}
