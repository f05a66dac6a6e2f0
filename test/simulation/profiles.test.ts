/** Every profile, a fixed lot of small schedules: what every change must pass. `npm run sim` plays as many as one likes. */
import { describe, expect, it } from 'vitest';
import { failureText } from '../../src/simulation/property.ts';
import { profiles } from '../../src/simulation/profiles.ts';
import { search } from '../../src/simulation/search.ts';
import { FIXED_SEED } from '../support/fixed-seed.ts';

const SCHEDULES = 40;
const TIMEOUT_MS = 1_800_000;
/** What so few schedules reach. */
const REACHED = {
  replication: ['sync full', 'sync partial', 'fault promote', 'fault power-loss'],
  sentinel: ['+elected-leader', '+promoted-slave', '+failover-end', '+config-update-from', '+tilt', '-tilt', '+reboot'],
  cluster: ['failed', 'recovered', 'elected', 'promoted', 'follows', 'fault reshard', 'fault cluster-failover'],
} as const;

describe.each(profiles)('the profile $name', ({ name, schedules }) => {
  it(`keeps its promises in ${SCHEDULES} schedules`, { timeout: TIMEOUT_MS }, () => {
    const { failure, coverage, played } = search(schedules('narrow'), { schedules: SCHEDULES, seed: FIXED_SEED });
    expect(failure === null ? null : failureText(failure.violation, failure.schedule)).toBeNull();
    expect(played).toBe(SCHEDULES);
    expect(REACHED[name].filter((what) => !coverage.has(what))).toEqual([]);
  });
});
