import { describe, expect, it } from 'vitest';
import { schedules } from '../../src/simulation/arbitraries.ts';
import type { MakeChecker } from '../../src/simulation/checker.ts';
import { play } from '../../src/simulation/play.ts';
import { search } from '../../src/simulation/search.ts';

const TIMEOUT_MS = 300_000;
const drawn = schedules('replication', { kinds: ['pause', 'kill', 'power-loss'] });

/** Nobody may be killed while somebody is paused; and nobody may lose power at all. */
const judge: MakeChecker = (run) => {
  const paused = new Set<string>();
  return {
    id: 'X1',
    promise: 'Nobody dies while another one sleeps.',
    onEntry: (entry) => {
      if (entry.kind !== 'process') return;
      if (entry.state === 'paused') paused.add(entry.node);
      else if (entry.state === 'killed' && paused.size > 0) run.fail('X1', `${entry.node} was killed`);
      else if (entry.state === 'lost-power') run.fail('X2', `${entry.node} lost power`);
    },
  };
};

describe('a search', { timeout: TIMEOUT_MS }, () => {
  const options = { schedules: 200, seed: 6, play: { checkers: [judge] } };
  const report = search(drawn, options);

  it('finds what breaks a promise, and the smallest schedule that breaks the same', () => {
    const { violation, schedule, shrinks } = report.failure!;
    const kinds = schedule.steps.map(({ fault }) => fault.kind);
    expect(kinds).toEqual(violation.checker === 'X1' ? ['pause', 'kill'] : ['power-loss']);
    expect(shrinks).toBeGreaterThan(0);
    expect(play(schedule, options.play).violation).toEqual(violation);
  });

  it('finds it again by its seed and path', () => {
    const { seed, path, schedule } = report.failure!;
    const again = search(drawn, { ...options, seed, path: path! });
    expect(again.failure!.schedule).toEqual(schedule);
  });

  it('ends when it is told to, and counts what it has played', () => {
    let played = 0;
    const { failure, ...rest } = search(drawn, {
      schedules: Infinity,
      seed: 1,
      until: () => ++played >= 3,
      play: { checkers: [] },
    });
    expect(failure).toBeNull();
    expect(rest.played).toBeGreaterThanOrEqual(3);
    expect(rest.played).toBeLessThan(6);
    expect(rest.simulatedMs).toBeGreaterThan(0);
    expect(rest.coverage.size).toBeGreaterThan(0);
  });
});
