/** Checks a target for a while, round after round with one seed after the other. */
import * as fc from 'fast-check';
import type { Target } from './targets.ts';

export interface Outcome {
  readonly runs: number;
  readonly firstSeed: number;
  /** What went wrong, how to see it again; null if nothing did. */
  readonly failure: string | null;
}

export interface CheckOptions {
  /** Ends after the round in which this is reached. */
  readonly budgetMs?: number;
  /** Ends after so many rounds: what is checked then does not depend on the machine. */
  readonly rounds?: number;
  /** Of the first round; a new one if absent. */
  readonly seed?: number;
  /** Of a counter-example: only that case is run. */
  readonly path?: string;
}

/** Few enough that a round of the slowest target takes seconds at most. */
const RUNS_PER_ROUND = 50;

export function check(target: Target, options: CheckOptions): Outcome {
  const firstSeed = options.seed ?? (Math.random() * 2 ** 31) | 0;
  const endMs = performance.now() + (options.budgetMs ?? Infinity);
  const path = options.path === undefined ? {} : { path: options.path };
  let runs = 0;
  for (let seed = firstSeed, round = 1; ; round++, seed = (seed + 1) | 0) {
    const report = fc.check(target.property, { seed, numRuns: RUNS_PER_ROUND, ...path });
    runs += report.numRuns;
    if (report.failed) return { runs, firstSeed, failure: describe(target, report) };
    if (round >= (options.rounds ?? Infinity) || performance.now() >= endMs || options.path !== undefined)
      return { runs, firstSeed, failure: null };
  }
}

function describe(target: Target, report: fc.RunDetails<unknown>): string {
  const { seed, counterexample, counterexamplePath, errorInstance } = report;
  const error = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
  const again = `npm run fuzz -- --only ${target.name} --seed ${seed} --path "${counterexamplePath ?? ''}"`;
  return `${target.name}: ${error}\nWith: ${fc.stringify(counterexample)}\nAgain: ${again}\n`;
}
