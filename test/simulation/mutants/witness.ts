/** Schedules that kill a mutant for sure: found by a hunt, or thought out. */
import { existsSync, readFileSync } from 'node:fs';
import { parseSchedule, type Schedule } from '../../../src/simulation/schedule.ts';
import type { Mutant } from './mutant.ts';

export const WITNESSES = new URL('witnesses/', import.meta.url);

/** @returns null if there is none. */
export function readWitness({ name }: Pick<Mutant, 'name'>): Schedule | null {
  const file = new URL(`${name}.json`, WITNESSES);
  return existsSync(file) ? parseSchedule(readFileSync(file, 'utf8')) : null;
}
