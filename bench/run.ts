// What main.ts hands to a mode, and what it gets back.

import type { Options } from './arguments.ts';
import type { Contestant } from './contestants.ts';
import type { Pinning } from './pinning.ts';

export interface Run {
  options: Options;
  /** Null: nothing is pinned. */
  pinning: Pinning | null;
  /** Two at least; ratios are of the first to the second. */
  contestants: readonly Contestant[];
}

export interface Report {
  table: string;
  /** What a reader must know to read the table. */
  notes: string[];
  /** Goes to the JSON file: every sample. */
  data: object;
}
