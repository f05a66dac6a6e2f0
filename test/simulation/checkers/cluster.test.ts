import { describe, expect, it } from 'vitest';
import type { ClusterEvent } from '../../../src/cluster/events.ts';
import type { ClusterState } from '../../../src/cluster/state.ts';
import type { Run } from '../../../src/simulation/run.ts';
import type { ScheduleInput } from '../../../src/simulation/schedule.ts';
import { ClusterTopology } from '../../../src/simulation/topologies/cluster-topology.ts';
import { playWith, violationOf } from '../planted.ts';

const TOPOLOGY = { kind: 'cluster', masters: 3, replicas: 0, nodeTimeoutMs: 1000 } as const;
const QUIET: ScheduleInput = { topology: TOPOLOGY, tailMs: 2500 };

const stateOf = (run: Run, index: number): ClusterState => (run.topology as ClusterTopology).state(`node${index}`)!;
const idOf = (run: Run, index: number): string => stateOf(run, index).myself.name;

function tell(run: Run, index: number, { kind, ...payload }: ClusterEvent): void {
  run.history.add(`node${index}`, { kind: 'event', event: kind, payload: JSON.stringify(payload) });
}

/** Tampers with a run in which nothing else happens. */
const planted = (during: (run: Run) => void) => violationOf(QUIET, { during });
const plantedAtEnd = (atEnd: (run: Run) => void) => violationOf(QUIET, { atEnd });

describe('the checkers of clusters', () => {
  it('are silent in a failover', () => {
    const { violation, coverage } = playWith(
      {
        topology: { ...TOPOLOGY, replicas: 1 },
        knobs: { opsPerSecond: 20 },
        steps: [{ afterMs: 1000, fault: { kind: 'kill', node: 0, forMs: 5000 } }],
        tailMs: 7000,
      },
      {},
    );
    expect(violation).toBeNull();
    expect(coverage.get('promoted')).toBe(1);
  });

  it('know of a collision of epochs that was resolved, and of two masters of one slot', () => {
    const takeover = (node: number) => ({ kind: 'cluster-failover', node, mode: 'takeover' }) as const;
    const { violation, coverage } = playWith(
      {
        topology: { ...TOPOLOGY, nodeTimeoutMs: 2000, replicas: 1 },
        steps: [
          { afterMs: 1000, fault: { kind: 'cut', mask: 0b101010, forMs: 3000 } },
          { afterMs: 500, fault: takeover(3) },
          { afterMs: 0, fault: takeover(4) },
        ],
        tailMs: 4000,
      },
      {},
    );
    expect(violation).toBeNull();
    expect(coverage.get('epoch collision resolved')).toBe(1);
    expect(coverage.get('two masters serve one slot')).toBeGreaterThan(0);
  });

  it('find a master that votes twice in an epoch (C1)', () => {
    const violation = planted((run) => {
      tell(run, 0, { kind: 'vote', epoch: 9, replica: 'a' });
      tell(run, 0, { kind: 'vote', epoch: 9, replica: 'b' });
    });
    expect(violation).toMatchObject({ checker: 'C1' });
  });

  it('find a winner without the votes (C2)', () => {
    const violation = planted((run) => tell(run, 1, { kind: 'elected', epoch: 9, votes: 3 }));
    expect(violation).toMatchObject({ checker: 'C2' });
    expect(violation?.text).toContain('0 votes of 2');
  });

  it('know of a vote that was given in the midst of a turn in which its voter is paused', () => {
    const { violation, coverage } = playWith(
      {
        topology: { ...TOPOLOGY, replicas: 1 },
        steps: [
          { afterMs: 0, fault: { kind: 'on-event', event: 'vote', occurrence: 2, act: 'pause', forMs: 1000 } },
          { afterMs: 500, fault: { kind: 'kill', node: 0, forMs: 6000 } },
        ],
        tailMs: 7000,
      },
      {},
    );
    expect(violation).toBeNull();
    expect(coverage.get('elected')).toBe(1);
    expect(coverage.get('aimed pause')).toBe(1);
  });

  it('find epochs that go back, and a node behind what it knows (C3)', () => {
    const back = planted((run) => {
      stateOf(run, 0).currentEpoch = 20;
      run.world.at(run.world.nowMs + 300, () => {
        stateOf(run, 0).currentEpoch = 19;
      });
    });
    expect(back).toMatchObject({ checker: 'C3' });
    const behind = planted((run) => {
      Object.defineProperty(stateOf(run, 0), 'currentEpoch', { get: () => 2, set: () => {} });
    });
    expect(behind).toMatchObject({ checker: 'C3' });
  });

  it('find somebody with the epoch that another one was elected for (C4)', () => {
    const violation = planted((run) => {
      const epoch = stateOf(run, 0).myself.configEpoch;
      for (const voter of [0, 1, 2]) tell(run, voter, { kind: 'vote', epoch, replica: idOf(run, 1) });
      run.world.at(run.world.nowMs + 300, () => tell(run, 1, { kind: 'elected', epoch, votes: 3 }));
    });
    expect(violation).toMatchObject({ checker: 'C4' });
  });

  it('find two masters with one epoch in the end (C5)', () => {
    const violation = plantedAtEnd((run) => {
      stateOf(run, 0).myself.configEpoch = stateOf(run, 1).myself.configEpoch;
    });
    expect(violation).toMatchObject({ checker: 'C5' });
  });

  it('find a node that knows another owner of a slot in the end (C6)', () => {
    const violation = plantedAtEnd((run) => {
      stateOf(run, 0).owners[9000] = null;
    });
    expect(violation).toMatchObject({ checker: 'C6' });
    expect(violation?.text).toContain('for node0 slot 9000 is that of nobody');
  });

  it('find two masters that go on serving one slot (C7)', () => {
    const violation = violationOf(
      { ...QUIET, tailMs: 9000 },
      {
        during: (run) => {
          // The epoch of the second master is higher: nobody else believes the first one.
          const { slots } = stateOf(run, 1).myself;
          const again = (): void => {
            stateOf(run, 0).myself.slots.set(slots.subarray(800, 808), 800);
            run.world.at(run.world.nowMs + 50, again);
          };
          again();
        },
      },
    );
    expect(violation).toMatchObject({ checker: 'C7' });
  });

  it('find somebody who declares a node failed alone (C8)', () => {
    const violation = planted((run) => tell(run, 0, { kind: 'failed', node: idOf(run, 1), voices: 1, told: false }));
    expect(violation).toMatchObject({ checker: 'C8' });
  });

  it('find a master in a minority that goes on serving (C9)', () => {
    const violation = violationOf(
      { ...QUIET, steps: [{ afterMs: 1500, fault: { kind: 'isolate', node: 0, forMs: 6000 } }], tailMs: 7000 },
      {
        during: (run) => {
          Object.defineProperty(stateOf(run, 0), 'isOk', { get: () => true, set: () => {} });
        },
      },
    );
    expect(violation).toMatchObject({ checker: 'C9' });
  });

  it('find a cluster that is down in the end (C10)', () => {
    const violation = plantedAtEnd((run) => {
      stateOf(run, 2).isOk = false;
    });
    expect(violation).toMatchObject({ checker: 'C10' });
  });
});
