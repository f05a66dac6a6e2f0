/** One engine plays all topologies: the same schedule is the same history, and the first violation ends it. */
import { describe, expect, it } from 'vitest';
import type { MakeChecker } from '../../src/simulation/checker.ts';
import { play } from '../../src/simulation/play.ts';
import { type Fault, type ScheduleInput, scheduleOf, type TopologyKind } from '../../src/simulation/schedule.ts';

const TIMEOUT_MS = 300_000;
const KINDS: readonly TopologyKind[] = ['replication', 'sentinel', 'cluster'];
/** A master that dies in the midst of everything else. */
const EVENTFUL: Omit<ScheduleInput, 'topology'> = {
  seed: 8,
  knobs: { opsPerSecond: 10, chunking: 'drawn' },
  steps: [
    { afterMs: 500, fault: { kind: 'kill', node: 0, forMs: 6000 } },
    { afterMs: 1000, fault: { kind: 'reshard', from: 1, to: 2, slots: 5 } },
    { afterMs: 1000, fault: { kind: 'promote', node: 1 } },
    {
      afterMs: 0,
      fault: { kind: 'on-event', event: '+elected-leader', occurrence: 1, act: 'power-loss', forMs: 3000 },
    },
    { afterMs: 0, fault: { kind: 'on-event', event: 'elected', occurrence: 1, act: 'power-loss', forMs: 2000 } },
    { afterMs: 2000, fault: { kind: 'cut', mask: 21, forMs: 3000 } },
    { afterMs: 2000, fault: { kind: 'cluster-failover', node: 4, mode: 'takeover' } },
  ],
  tailMs: 5000,
};

describe('a schedule that is played', { timeout: TIMEOUT_MS }, () => {
  it.each(KINDS)('has one history: %s', (kind) => {
    const schedule = scheduleOf({ ...EVENTFUL, topology: { kind } });
    const [first, second] = [play(schedule), play(schedule, { keep: 'all' })];
    expect(first.violation).toBeNull();
    expect(second.traceHash).toBe(first.traceHash);
    expect(second.events).toBe(first.events);
    expect(second.simulatedMs).toBe(first.simulatedMs);
  });

  it.each(KINDS)('has another one with another seed: %s', (kind) => {
    const hashes = [1, 2, 3].map((seed) => play(scheduleOf({ topology: { kind }, seed })).traceHash);
    expect(new Set(hashes).size).toBe(3);
  });

  it('tells of what nodes are and do', () => {
    const { history } = play(scheduleOf({ ...EVENTFUL, topology: { kind: 'sentinel' } }), { keep: 'all' });
    const of = (kind: string): readonly object[] => history.entries.filter((entry) => entry.kind === kind);
    expect(of('phase')).toMatchObject([{ phase: 'start' }, { phase: 'faults' }, { phase: 'healed' }, { phase: 'end' }]);
    expect(of('process')).toContainEqual(expect.objectContaining({ node: 'redis0', state: 'killed' }));
    expect(of('role')).toContainEqual(expect.objectContaining({ node: 'redis1', role: 'replica', of: 'redis0' }));
    expect(of('flags')).toContainEqual(
      expect.objectContaining({ node: 'sentinel0', about: 'redis0', flags: ['sdown'] }),
    );
    expect(of('event')).toContainEqual(expect.objectContaining({ event: '+elected-leader' }));
    for (const kind of ['epoch', 'vote', 'sync', 'fault', 'heal', 'op', 'log', 'message']) {
      expect(of(kind).length, kind).toBeGreaterThan(0);
    }
  });

  it('strikes whoever does what was waited for', () => {
    const { history } = play(scheduleOf({ ...EVENTFUL, topology: { kind: 'cluster' } }));
    const elected = history.entries.find((entry) => entry.kind === 'event' && entry.event === 'elected')!;
    expect(history.entries).toContainEqual(
      expect.objectContaining({ t: elected.t, node: elected.node, kind: 'process', state: 'lost-power' }),
    );
  });

  it('ends at the first violation', () => {
    const judge: MakeChecker = (run) => ({
      id: 'X1',
      promise: 'Nobody is ever killed.',
      onEntry: (entry) => {
        if (entry.kind === 'process' && entry.state === 'killed') run.fail('X1', `${entry.node} was killed`);
      },
    });
    const outcome = play(scheduleOf({ ...EVENTFUL, topology: { kind: 'replication' } }), { moreCheckers: [judge] });
    expect(outcome.violation).toEqual({ checker: 'X1', text: 'redis0 was killed' });
    const { entries } = outcome.history;
    const check = entries.find((entry) => entry.kind === 'check')!;
    expect(check).toMatchObject({ kind: 'check', checker: 'X1' });
    expect(entries.filter(({ t }) => t > check.t)).toEqual([]);
    expect(outcome.simulatedMs).toBeLessThan(5000);
  });

  it('is a violation where nodes do not come to agree', () => {
    const schedule = scheduleOf({ topology: { kind: 'replication', replicas: 1 } });
    const outcome = play(schedule, {
      observe: ({ history, world }) => {
        history.listen((entry) => {
          if (entry.kind === 'phase' && entry.phase === 'healed')
            world.at(world.nowMs + 10, () => world.process('redis1').kill());
        });
      },
    });
    expect(outcome.violation).toMatchObject({ checker: 'agreement' });
    expect(outcome.violation!.text).toContain('redis1 is dead');
  });

  it('does not change where a step is left out that does nothing', () => {
    const nothing: Fault = { kind: 'forget', node: 1, other: 2 };
    const steps = EVENTFUL.steps!;
    const [with_, without] = [[...steps, { afterMs: 0, fault: nothing }], steps].map((these) =>
      play(scheduleOf({ ...EVENTFUL, steps: these, topology: { kind: 'sentinel' } })),
    );
    expect(with_!.traceHash).toBe(without!.traceHash);
  });
});
