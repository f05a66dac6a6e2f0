/** The twin tests of a family in `npm test`: a small budget. TWIN_RUNS gives another, TWIN_SEED other scripts. */
import { expect, it } from 'vitest';
import { FIXED_SEED } from '../support/fixed-seed.ts';
import { describeWith } from '../support/requires.ts';
import { check, type Family } from './suite.ts';

const RUNS = Number(process.env['TWIN_RUNS'] ?? 0);
const SEED = Number(process.env['TWIN_SEED'] ?? FIXED_SEED);
const TIMEOUT_MS = RUNS > 0 ? 3_600_000 : 120_000;

export function describeFamily(family: Family): void {
  describeWith('redis-server', `real Redis and this server, given the same ${family.name} commands`, () => {
    for (const suite of family.suites) {
      it(
        `answer the same and end with the same dataset: ${suite.title}`,
        async () => {
          const { failure } = await check(family.name, suite, { runs: RUNS > 0 ? RUNS : suite.runs, seed: SEED });
          if (failure !== null) expect.fail(failure);
        },
        TIMEOUT_MS,
      );
    }
  });
}
