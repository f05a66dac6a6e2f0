/**
 * Clusters under faults, a fixed hundred of schedules: see cluster/checkers.ts for what must hold. Many more are played by
 * `npm run sim -- cluster`.
 */
import { describe, expect, it } from 'vitest';
import { FIXED_SEED } from '../support/fixed-seed.ts';
import { play } from './cluster/play.ts';
import { narrowClusterProfile } from './cluster/profile.ts';
import type { Schedule } from './cluster/schedule.ts';
import { simulate } from './profile.ts';

const SCHEDULES = 100;
const TIMEOUT_MS = 600_000;

/** A master that dies in the midst of everything else. */
const EVENTFUL: Schedule = {
  seed: 8,
  masters: 3,
  replicas: 1,
  nodeTimeoutMs: 1000,
  isMild: false,
  migration: true,
  steps: [
    { afterMs: 500, fault: { kind: 'kill', node: 0, forMs: 6000 } },
    { afterMs: 1000, fault: { kind: 'reshard', from: 1, to: 2, slots: 5 } },
    { afterMs: 1000, fault: { kind: 'on-event', event: 'elected', act: 'power-loss', forMs: 2000 } },
    { afterMs: 2000, fault: { kind: 'cut', mask: 21, forMs: 3000 } },
    { afterMs: 2000, fault: { kind: 'takeover', node: 4, force: true } },
  ],
};

describe('a cluster in a world of faults', () => {
  it(`keeps its promises in ${SCHEDULES} schedules`, { timeout: TIMEOUT_MS }, () => {
    const { failure, counts } = simulate(narrowClusterProfile, { schedules: SCHEDULES, seed: FIXED_SEED });
    expect(failure).toBeNull();
    expect(narrowClusterProfile.mustHappen.filter((name) => !counts.has(name))).toEqual([]);
  });

  it('does the same each time', { timeout: TIMEOUT_MS }, () => {
    const [first, second] = [play(EVENTFUL), play(EVENTFUL)];
    expect(first.violation).toBeNull();
    expect(first.counts.get('promoted')).toBeGreaterThan(0);
    expect(second.traceHash).toBe(first.traceHash);
  });
});
