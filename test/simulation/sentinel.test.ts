/**
 * Sentinels under faults, a fixed hundred of schedules: see sentinel/checkers.ts for what must hold. Many more are played by
 * `npm run sim -- sentinel`.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIXED_SEED } from '../support/fixed-seed.ts';
import { simulate } from './profile.ts';
import { mutants } from './sentinel/mutants.ts';
import { play } from './sentinel/play.ts';
import { sentinelProfile } from './sentinel/profile.ts';
import { type Schedule, schedulesOf } from './sentinel/schedule.ts';

const SCHEDULES = 100;
const MUTANT_SCHEDULES = 300;
const TIMEOUT_MS = 1_800_000;

/** A master that dies in the midst of everything else. */
const EVENTFUL: Schedule = {
  seed: 7,
  replicas: 2,
  sentinels: 3,
  belowMajority: 0,
  downAfterMs: 1000,
  failoverTimeoutMs: 6000,
  parallelSyncs: 1,
  steps: [
    { afterMs: 1000, fault: { kind: 'kill', node: 0, forMs: 8000 } },
    { afterMs: 2000, fault: { kind: 'clock-jump', node: 4, byMs: -20_000 } },
    { afterMs: 3000, fault: { kind: 'on-event', event: '+elected-leader', act: 'power-loss', forMs: 3000 } },
    { afterMs: 2000, fault: { kind: 'cut', mask: 21, forMs: 5000 } },
  ],
};

describe('sentinels in a world of faults', () => {
  it(`keep their promises in ${SCHEDULES} schedules`, { timeout: TIMEOUT_MS }, () => {
    const { failure, counts } = simulate(sentinelProfile, { schedules: SCHEDULES, seed: FIXED_SEED });
    expect(failure).toBeNull();
    const { mustHappen } = sentinelProfile;
    expect(mustHappen.filter((name) => !counts.has(name))).toEqual([]);
  });

  it.each(mutants)('are found out when one $name', { timeout: TIMEOUT_MS }, (mutant) => {
    const property = fc.property(schedulesOf(mutant.kinds, mutant.kinds.length), (schedule) => {
      const { violation } = play(schedule, { mutant });
      return violation === null || !mutant.found.test(violation);
    });
    const { failed, numRuns } = fc.check(property, { numRuns: MUTANT_SCHEDULES, seed: FIXED_SEED, endOnFailure: true });
    expect({ failed, numRuns }).toMatchObject({ failed: true });
  });

  it('do the same each time', () => {
    const [first, second] = [play(EVENTFUL), play(EVENTFUL)];
    expect(first.violation).toBeNull();
    expect(second.traceHash).toBe(first.traceHash);
  });
});
