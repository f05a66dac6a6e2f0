/** Schedules are drawn so that what fails becomes small. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindsOf, schedules } from '../../src/simulation/arbitraries.ts';
import { parseSchedule, type Schedule, type TopologyKind, USUAL_KNOBS } from '../../src/simulation/schedule.ts';
import { FIXED_SEED } from '../support/fixed-seed.ts';

const KINDS: readonly TopologyKind[] = ['replication', 'sentinel', 'cluster'];
const DRAWN = 300;
/** Runs that a shrink of a schedule may cost. */
const SHRINKS_MAX = 60;

describe.each(KINDS)('schedules of kind %s', (kind) => {
  const drawn = fc.sample(schedules(kind), { numRuns: DRAWN, seed: FIXED_SEED });

  it('survive JSON', () => {
    for (const schedule of drawn) expect(parseSchedule(JSON.stringify(schedule))).toEqual(schedule);
  });

  it('know every kind of fault, and never all at once', () => {
    const known = drawn.map(({ steps }) => new Set(steps.map(({ fault }) => fault.kind)));
    expect(new Set(known.flatMap((kinds) => [...kinds]))).toEqual(new Set(kindsOf(kind)));
    expect(Math.max(...known.map(({ size }) => size))).toBeLessThan(kindsOf(kind).length / 2);
  });

  it('are long at times', () => {
    expect(Math.max(...drawn.map(({ steps }) => steps.length))).toBeGreaterThan(8);
  });
});

describe('a schedule that fails', () => {
  const isHarmful = ({ steps }: Schedule): boolean => {
    const cut = steps.findIndex(({ fault }) => fault.kind === 'isolate' && fault.forMs >= 4000);
    return cut >= 0 && steps.slice(cut).some(({ fault }) => fault.kind === 'kill');
  };

  it('shrinks to what it takes', () => {
    const property = fc.property(
      schedules('sentinel', { kinds: ['pause', 'isolate', 'kill'] }),
      (schedule) => !isHarmful(schedule),
    );
    const runs = [1, 2, 3, 4, 5].map((seed) => fc.check(property, { seed, numRuns: 500 }));
    for (const { counterexample, numShrinks } of runs) {
      const [schedule] = counterexample!;
      expect(schedule.steps).toHaveLength(2);
      expect(schedule.steps.map(({ fault }) => fault.kind)).toEqual(['isolate', 'kill']);
      expect(schedule.steps.map(({ afterMs }) => afterMs)).toEqual([0, 0]);
      expect(schedule.knobs).toEqual({ ...USUAL_KNOBS, opsPerSecond: 10 });
      expect(schedule.topology).toMatchObject({ replicas: 1, sentinels: 3, downAfterMs: 1000 });
      expect(numShrinks).toBeLessThan(SHRINKS_MAX);
    }
  });
});
