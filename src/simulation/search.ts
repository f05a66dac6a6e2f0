/**
 * Looks for a schedule that breaks a promise, and makes it as small as possible. While it shrinks, only violations of the
 * same checker count: a smaller schedule that breaks something else tells of another bug.
 */
import * as fc from 'fast-check';
import { Counts, type Violation } from './checker.ts';
import { play } from './play.ts';
import type { Outcome, PlayOptions } from './run.ts';
import type { Schedule } from './schedule.ts';

export interface SearchOptions {
  readonly schedules: number;
  readonly seed: number;
  /** The path of a schedule that failed, as a failure names it with its seed. */
  readonly path?: string;
  /** Ends when this says so; looked at after each schedule. */
  readonly until?: () => boolean;
  /** Called after each schedule, until one fails. */
  readonly onPlayed?: (played: number, outcome: Outcome) => void;
  /** Called for each smaller schedule that is tried. */
  readonly onShrinking?: (tried: number) => void;
  readonly play?: PlayOptions;
}

export interface SearchReport {
  readonly played: number;
  readonly simulatedMs: number;
  readonly coverage: Counts;
  readonly exemptions: Counts;
  readonly lostWrites: number;
  readonly failure: Failure | null;
}

export interface Failure {
  readonly violation: Violation;
  /** The smallest schedule that was found to fail. */
  readonly schedule: Schedule;
  /** Where it was drawn: the seed and path of a search that begins with it. */
  readonly seed: number;
  readonly path: string | null;
  /** How many smaller ones were tried. */
  readonly shrinks: number;
}

/** Schedules are drawn by so many, each lot with a seed of its own, so that a search can end at any time. */
const LOT = 20;

export function search(schedules: fc.Arbitrary<Schedule>, options: SearchOptions): SearchReport {
  const tally = { played: 0, simulatedMs: 0, coverage: new Counts(), exemptions: new Counts(), lostWrites: 0 };
  for (let lot = 0; ; lot++) {
    const left = options.schedules - tally.played;
    const isOver = left <= 0 || (tally.played > 0 && (options.path !== undefined || options.until?.() === true));
    if (isOver) return { ...tally, failure: null };
    const failure = searchLot(schedules, options, tally, options.seed + lot, Math.min(LOT, left));
    if (failure !== null) return { ...tally, failure };
  }
}

function searchLot(
  schedules: fc.Arbitrary<Schedule>,
  options: SearchOptions,
  tally: Tally,
  seed: number,
  numRuns: number,
): Failure | null {
  const found: { violation: Violation | null; tried: number } = { violation: null, tried: 0 };
  let isOver = false;
  const property = fc.property(schedules, (schedule) => {
    if (isOver) return;
    const outcome = play(schedule, options.play);
    if (found.violation === null) {
      count(tally, outcome);
      options.onPlayed?.(tally.played, outcome);
      if (outcome.violation === null) isOver = options.until?.() === true;
    } else {
      found.tried++;
      options.onShrinking?.(found.tried);
    }
    const { violation } = outcome;
    if (violation === null || (found.violation !== null && found.violation.checker !== violation.checker)) return;
    found.violation = violation;
    throw new PromiseBroken(violation);
  });
  const path = options.path === undefined ? {} : { path: options.path };
  const details = fc.check(property, { numRuns, seed, ...path });
  if (!details.failed) return null;
  const [schedule] = details.counterexample ?? [];
  if (schedule === undefined || found.violation === null) throw details.errorInstance ?? new Error('nothing was found');
  return { violation: found.violation, schedule, seed, path: details.counterexamplePath, shrinks: found.tried };
}

class PromiseBroken extends Error {
  constructor({ checker, text }: Violation) {
    super(`${checker}: ${text}`);
  }
}

interface Tally {
  played: number;
  simulatedMs: number;
  readonly coverage: Counts;
  readonly exemptions: Counts;
  lostWrites: number;
}

function count(tally: Tally, { simulatedMs, coverage, exemptions, lost }: Outcome): void {
  tally.played++;
  tally.simulatedMs += simulatedMs;
  tally.coverage.addAll(coverage);
  tally.exemptions.addAll(exemptions);
  tally.lostWrites += lost.length;
}
