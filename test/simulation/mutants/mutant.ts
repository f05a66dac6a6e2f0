/**
 * Mutants: the code under test with one mistake in it. A simulation that does not find these would not find real ones.
 *
 * A mutant is a patch of source text that is made while a bundle is built (bundle.ts): nothing in `src/` knows of it, and
 * nothing of it can ship. `npm run mutants` plays schedules with each until a checker speaks (main.ts); npm test holds that
 * every patch still fits.
 */

import type { FaultKind, Knobs } from '../../../src/simulation/schedule.ts';

export type ProfileName = 'sentinel' | 'cluster' | 'replication';

export interface Edit {
  /** Path from the root of the project. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  readonly name: string;
  /** What is wrong with it, as the end of the sentence "a node that …". */
  readonly mistake: string;
  readonly profile: ProfileName;
  readonly edits: readonly Edit[];
  /** Who must speak: one of these, and nobody else first. */
  readonly checkers: readonly string[];
  /** Within so many schedules. */
  readonly schedules: number;
  readonly focus: Focus;
}

/** Where in the profile to look: schedules elsewhere take time and tell nothing. */
export interface Focus {
  /** Faults that bring it to light; by default all of the profile. */
  readonly kinds?: readonly FaultKind[];
  readonly knobs?: Partial<Knobs>;
  /** Properties of the topology, as in its specification. */
  readonly topology?: Readonly<Record<string, number | boolean>>;
}

/** Who speaks when what was built is broken: that is not a checker's merit. */
export const CRASH = 'crash';

/** @throws Error if a patch does not fit. */
export function patch(path: string, source: string, edits: readonly Edit[]): string {
  let text = source;
  for (const { file, find, replace } of edits) {
    if (file !== path) continue;
    const places = text.split(find).length - 1;
    if (places !== 1) throw new Error(`${path} has ${places} places like this, where a mutant needs one: ${find}`);
    text = text.replace(find, () => replace);
  }
  return text;
}
