import { describe, expect, it } from 'vitest';
import type { Schedule, ScheduleInput } from '../../../src/simulation/schedule.ts';
import { playWith, violationOf } from '../planted.ts';

const schedule = (appendOnly: Schedule['knobs']['appendOnly'], kind: 'kill' | 'power-loss'): ScheduleInput => ({
  topology: { kind: 'replication', replicas: 0 },
  knobs: { opsPerSecond: 40, appendOnly },
  steps: [{ afterMs: 2500, fault: { kind, node: 0, forMs: 500 } }],
  tailMs: 1500,
});

describe('the checker of files (H5)', () => {
  it('is silent where they keep what they must', () => {
    for (const policy of ['always', 'everysec'] as const) {
      for (const blow of ['kill', 'power-loss'] as const) {
        const { violation, coverage, lost } = playWith(schedule(policy, blow), {});
        expect(violation).toBeNull();
        const what = blow === 'kill' ? 'a kill' : 'power loss';
        expect(coverage.get(`restart by an append-only file after ${what}`)).toBe(1);
        if (policy === 'always' || blow === 'kill') expect(lost).toEqual([]);
      }
    }
  });

  it('finds replies that do not wait for the disk', () => {
    const violation = violationOf(schedule('always', 'power-loss'), {
      during: (run) => {
        // From now on the server only writes, and syncs once in a while.
        run.topology.call('redis0', 'CONFIG', 'SET', 'appendfsync', 'no');
      },
    });
    expect(violation).toMatchObject({ checker: 'H5' });
    expect(violation?.text).toContain('was acknowledged by redis0');
  });
});
