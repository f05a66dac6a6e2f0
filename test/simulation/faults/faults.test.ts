/** Faults can be asked for in any topology with any numbers. What cannot happen does not, and all of it is taken back. */
import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { kindsOf, schedules } from '../../../src/simulation/arbitraries.ts';
import type { EntryOf } from '../../../src/simulation/history.ts';
import { play } from '../../../src/simulation/play.ts';
import { type FaultKind, scheduleOf, type Step, type TopologyKind } from '../../../src/simulation/schedule.ts';
import { FIXED_SEED } from '../../support/fixed-seed.ts';

const TIMEOUT_MS = 300_000;
const KINDS: readonly TopologyKind[] = ['replication', 'sentinel', 'cluster'];
const ALL_KINDS = [...new Set(KINDS.flatMap(kindsOf))];
const PER_KIND = 2;

/** Faults of a kind as some topology draws them. */
function drawn(kind: FaultKind): Step[] {
  const topology = KINDS.find((one) => kindsOf(one).includes(kind))!;
  return fc
    .sample(schedules(topology, { kinds: [kind] }), { numRuns: PER_KIND, seed: FIXED_SEED })
    .map(({ steps }) => ({ ...steps[0]!, afterMs: 300 }));
}

describe.each(KINDS)('in a topology of kind %s', (topology) => {
  it('every fault may be asked for', { timeout: TIMEOUT_MS }, () => {
    const steps = ALL_KINDS.flatMap(drawn).map(({ afterMs, fault }) => ({
      afterMs,
      fault: 'forMs' in fault ? { ...fault, forMs: Math.min(fault.forMs, 1000) } : fault,
    }));
    const outcome = play(scheduleOf({ topology: { kind: topology }, seed: 5, steps, tailMs: 500 }), { checkers: [] });
    expect(outcome.violation).toBeNull();
    const asked = outcome.history.entries.filter((entry) => entry.kind === 'fault') as EntryOf<'fault'>[];
    expect(new Set(asked.map(({ fault }) => fault.kind))).toEqual(new Set(ALL_KINDS));
    expect(asked.every(({ did, nodes }) => did === nodes.length > 0)).toBe(true);
    // What only other topologies know is not done.
    const own = kindsOf(topology);
    expect(asked.filter(({ did, fault }) => did && !own.includes(fault.kind))).toEqual([]);
  });
});

describe('faults', { timeout: TIMEOUT_MS }, () => {
  it('last for their time', () => {
    const steps: Step[] = [
      { afterMs: 1000, fault: { kind: 'pause', node: 1, forMs: 700 } },
      { afterMs: 0, fault: { kind: 'power-loss', node: 2, forMs: 1500 } },
    ];
    const { history } = play(scheduleOf({ topology: { kind: 'replication' }, steps, tailMs: 3000 }));
    const at = (node: string, state: string): number =>
      history.entries.findLast((entry) => entry.node === node && entry.kind === 'process' && entry.state === state)!.t;
    expect(at('redis1', 'resumed') - at('redis1', 'paused')).toBe(700);
    expect(at('redis2', 'up') - at('redis2', 'lost-power')).toBe(1500);
  });

  it('end when their part of the run does', () => {
    const steps: Step[] = [
      { afterMs: 0, fault: { kind: 'cut', mask: 1, forMs: 500_000 } },
      { afterMs: 0, fault: { kind: 'kill', node: 2, forMs: 500_000 } },
      { afterMs: 0, fault: { kind: 'enospc', node: 1, forMs: 500_000 } },
      { afterMs: 0, fault: { kind: 'loss', node: 1, percent: 90, forMs: 500_000 } },
    ];
    const schedule = scheduleOf({ topology: { kind: 'replication' }, steps, tailMs: 2000 });
    const { violation, simulatedMs } = play(schedule);
    expect(violation).toBeNull();
    expect(simulatedMs).toBeLessThan(250_000);
  });

  it('find the node that loses its power while it saves', () => {
    const steps: Step[] = [{ afterMs: 0, fault: { kind: 'while-saving', node: 3, writes: 2, forMs: 1000 } }];
    const { history } = play(scheduleOf({ topology: { kind: 'sentinel' }, steps, tailMs: 30_000 }), { checkers: [] });
    const lost = history.entries.filter((entry) => entry.kind === 'process' && entry.state === 'lost-power');
    expect(lost.map(({ node }) => node)).toEqual([]);
    const killed: Step[] = [{ afterMs: 500, fault: { kind: 'kill', node: 0, forMs: 10_000 } }];
    const again = play(scheduleOf({ topology: { kind: 'sentinel' }, steps: [...steps, ...killed], tailMs: 20_000 }));
    const struck = again.history.entries.filter((entry) => entry.kind === 'process' && entry.state === 'lost-power');
    expect(struck.map(({ node }) => node)).toEqual(['sentinel0']);
  });
});
