/** What chance hardly ever brings together is brought together, out of the kinds that a schedule knows, and brings about what it is for. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { opened, passagesOf } from '../../src/simulation/passages.ts';
import { play } from '../../src/simulation/play.ts';
import { type FaultKind, type ScheduleInput, scheduleOf, type Step } from '../../src/simulation/schedule.ts';
import { FIXED_SEED } from '../support/fixed-seed.ts';

const DRAWN = 200;
const TIMEOUT_MS = 120_000;
const PAUSE: Step = { afterMs: 300, fault: { kind: 'pause', node: 1, forMs: 500 } };

function draw(steps: fc.Arbitrary<readonly Step[]>): (readonly Step[])[] {
  return fc.sample(steps, { numRuns: DRAWN, seed: FIXED_SEED });
}

/** How often it came about in runs with these steps. */
function reached(what: string, topology: ScheduleInput['topology'], drawn: readonly (readonly Step[])[]): number {
  const runs = drawn.map((steps, seed) => play(scheduleOf({ topology, seed, steps, tailMs: 12_000 })));
  expect(runs.map(({ violation }) => violation)).toEqual(runs.map(() => null));
  return runs.filter(({ coverage }) => coverage.has(what)).length;
}

describe('passages', { timeout: TIMEOUT_MS }, () => {
  it('are made of the kinds that a schedule knows', () => {
    const kinds: readonly FaultKind[] = ['cluster-failover', 'kill'];
    const known = new Set(draw(passagesOf('cluster', kinds)!).flatMap((steps) => steps.map(({ fault }) => fault.kind)));
    expect([...known]).toEqual(['cluster-failover']);
    expect(passagesOf('cluster', ['kill'])).toBeNull();
    expect(passagesOf('replication', ['kill', 'on-event'])).toBeNull();
    expect(passagesOf('replication', ['restart', 'on-event'])).not.toBeNull();
  });

  it('let two masters come to have one epoch', () => {
    const drawn = draw(passagesOf('cluster', ['cluster-failover'])!);
    expect(reached('epoch collision resolved', { kind: 'cluster' }, drawn.slice(0, 5))).toBeGreaterThan(2);
  });

  it('let votes come late', () => {
    const ofCluster = draw(passagesOf('cluster', ['kill', 'on-event'])!).slice(0, 10);
    expect(reached('late-vote', { kind: 'cluster', nodeTimeoutMs: 900 }, ofCluster)).toBeGreaterThan(0);
    const ofSentinels = draw(passagesOf('sentinel', ['kill', 'on-event'])!).slice(0, 10);
    const sentinels = { kind: 'sentinel', failoverTimeoutMs: 3000 } as const;
    expect(reached('stale vote not counted', sentinels, ofSentinels)).toBeGreaterThan(0);
  });
});

describe('passages of sentinels', { timeout: TIMEOUT_MS }, () => {
  it('let a failover end when its time is up', () => {
    const drawn = draw(passagesOf('sentinel', ['kill', 'one-way'])!).slice(0, 3);
    const runs = drawn.map((steps) =>
      play(scheduleOf({ topology: { kind: 'sentinel', failoverTimeoutMs: 3000 }, steps, tailMs: 20_000 })),
    );
    expect(runs.map(({ violation }) => violation)).toEqual(runs.map(() => null));
    expect(runs.filter(({ coverage }) => coverage.has('+failover-end-for-timeout')).length).toBeGreaterThan(1);
  });
});

describe('a handover', { timeout: TIMEOUT_MS }, () => {
  const drawn = draw(opened('cluster', ['cluster-failover'], fc.constant([PAUSE])));
  const withHandover = drawn.filter(({ length }) => length > 1);

  it('comes first, at times, and is left alone', () => {
    expect(withHandover.length).toBeGreaterThan(DRAWN / 10);
    expect(withHandover.length).toBeLessThan(DRAWN / 3);
    for (const [first, next] of withHandover) {
      expect(first!.fault).toMatchObject({ kind: 'cluster-failover', mode: 'normal' });
      expect(next!.afterMs).toBeGreaterThan(PAUSE.afterMs + 3000);
    }
    expect(draw(opened('cluster', ['kill'], fc.constant([PAUSE]))).every(({ length }) => length === 1)).toBe(true);
  });

  it('ends well', () => {
    const input = { topology: { kind: 'cluster' }, knobs: { opsPerSecond: 20 }, tailMs: 2000 } as const;
    const { violation, coverage } = play(scheduleOf({ ...input, steps: withHandover[0]! }));
    expect(violation).toBeNull();
    expect(coverage.get('handover by agreement')).toBe(1);
    const steps = draw(opened('replication', ['failover'], fc.constant([]))).find(({ length }) => length > 0)!;
    const outcome = play(scheduleOf({ ...input, topology: { kind: 'replication' }, steps, tailMs: 5000 }));
    expect(outcome.violation).toBeNull();
    expect(outcome.coverage.get('handover by agreement')).toBe(1);
  });
});
