/** What the page of a run is made of: the history, and what is known of the run as a whole. */
import type { Violation } from '../checker.ts';
import type { HistoryEntry } from '../history.ts';
import type { LostWrite } from '../run.ts';

export interface ViewedRun {
  readonly title: string;
  readonly subtitle: string;
  readonly violation: Violation | null;
  readonly lost: readonly LostWrite[];
  /** Beside the verdict, as label and value. */
  readonly figures: readonly (readonly [string, string])[];
  readonly entries: readonly HistoryEntry[];
}
