import { describe, expect, it } from 'vitest';
import { FLAG, type Instance } from '../../../src/sentinel/state.ts';
import type { Run } from '../../../src/simulation/run.ts';
import type { ScheduleInput } from '../../../src/simulation/schedule.ts';
import { SentinelTopology } from '../../../src/simulation/topologies/sentinel-topology.ts';
import { playWith, violationOf } from '../planted.ts';

const QUIET: ScheduleInput = { topology: { kind: 'sentinel', replicas: 1 }, tailMs: 2500 };

const topologyOf = ({ topology }: Run): SentinelTopology => topology as SentinelTopology;
const sentinelOf = (run: Run, index = 0) => topologyOf(run).sentinel(`sentinel${index}`)!;
const viewOf = (run: Run, index = 0): Instance => topologyOf(run).view(`sentinel${index}`)!;
const idOf = (run: Run, index: number): string => sentinelOf(run, index).state.myid;

/** Tampers with a run in which nothing else happens. */
const planted = (during: (run: Run) => void) => violationOf(QUIET, { during });

function leads(run: Run, index: number, epoch: bigint): void {
  const view = viewOf(run, index);
  view.failoverEpoch = epoch;
  view.failoverState = 'select_slave';
}

describe('the checkers of sentinels', () => {
  it('are silent in a failover', () => {
    const { violation, coverage } = playWith(
      {
        topology: { kind: 'sentinel', downAfterMs: 500 },
        knobs: { opsPerSecond: 20 },
        steps: [{ afterMs: 1000, fault: { kind: 'kill', node: 0, forMs: 6000 } }],
        tailMs: 8000,
      },
      {},
    );
    expect(violation).toBeNull();
    expect(coverage.get('+promoted-slave')).toBe(1);
  });

  it('find a sentinel that votes for two (S1)', () => {
    const violation = planted((run) => {
      const view = viewOf(run);
      view.leaderEpoch = 7n;
      view.leader = idOf(run, 1);
      run.world.at(run.world.nowMs + 500, () => {
        view.leader = idOf(run, 2);
      });
    });
    expect(violation).toMatchObject({ checker: 'S1' });
  });

  it('find two leaders of one epoch (S2)', () => {
    const violation = planted((run) => {
      for (const index of [0, 1]) {
        viewOf(run, index).leader = idOf(run, 0);
        viewOf(run, index).leaderEpoch = 7n;
      }
      run.world.at(run.world.nowMs + 300, () => leads(run, 0, 7n));
      run.world.at(run.world.nowMs + 600, () => leads(run, 1, 7n));
    });
    expect(violation).toMatchObject({ checker: 'S2' });
  });

  it('find a leader without the votes (S3)', () => {
    expect(planted((run) => leads(run, 0, 7n))).toMatchObject({ checker: 'S3' });
  });

  it('find an epoch that stands for two addresses (S4)', () => {
    const violation = planted((run) => {
      const view = viewOf(run);
      view.addr = { ...view.addr, ip: '10.9.9.9' };
    });
    expect(violation).toMatchObject({ checker: 'S4' });
  });

  it('find an epoch that goes back (S5)', () => {
    const violation = planted((run) => {
      sentinelOf(run).state.currentEpoch = 9n;
      run.world.at(run.world.nowMs + 500, () => {
        sentinelOf(run).state.currentEpoch = 3n;
      });
    });
    expect(violation).toMatchObject({ checker: 'S5' });
  });

  it('find a sentinel that trusts a clock which leaps, and one that acts in TILT (S6)', () => {
    const leap = violationOf(
      { ...QUIET, steps: [{ afterMs: 1500, fault: { kind: 'clock-jump', node: 2, byMs: 60_000 } }] },
      {
        during: (run) => {
          const { state } = sentinelOf(run);
          Object.defineProperty(state, 'tilt', { value: false, writable: false, configurable: true });
          Object.defineProperty(state, 'tilt', { get: () => false, set: () => {} });
        },
      },
    );
    expect(leap).toMatchObject({ checker: 'S6' });
    const act = planted((run) => {
      sentinelOf(run).state.tilt = true;
      run.history.add('sentinel0', { kind: 'event', event: '+odown', payload: 'master mymaster' });
    });
    expect(act).toMatchObject({ checker: 'S6' });
  });

  it('let a sentinel in TILT take down an order (S6)', () => {
    const { violation, exemptions } = playWith(
      { ...QUIET, steps: [{ afterMs: 1500, fault: { kind: 'sentinel-failover', node: 0 } }] },
      { during: (run) => void run.world.process('sentinel0').jumpClock(5000) },
    );
    expect(violation).toBeNull();
    expect(exemptions.get('S6 SENTINEL FAILOVER in TILT')).toBe(1);
  });

  it('find a master that is held for down by one alone (S7)', () => {
    const violation = planted((run) =>
      run.history.add('sentinel0', { kind: 'event', event: '+odown', payload: 'master mymaster #quorum 2/2' }),
    );
    expect(violation).toMatchObject({ checker: 'S7' });
  });

  it('find a master that is held for down by what others said long ago (S7)', () => {
    let saidMs = 0;
    const { violation, simulatedMs } = playWith(
      { ...QUIET, tailMs: 12_000 },
      {
        during: (run) => {
          const stick = (instance: Instance, stuck: number): void => {
            let { flags } = instance;
            const get = (): number => flags | stuck;
            const set = (bits: number): void => {
              flags = bits;
            };
            Object.defineProperty(instance, 'flags', { get, set });
          };
          const view = viewOf(run);
          stick(view, FLAG.sDown | FLAG.oDown);
          for (const other of view.sentinels.values()) {
            stick(other, FLAG.masterDown);
            other.lastMasterDownReplyTime = sentinelOf(run).state.previousTime;
          }
          for (const name of ['sentinel1', 'sentinel2']) run.world.process(name).pause();
          saidMs = run.world.nowMs;
        },
      },
    );
    expect(violation).toMatchObject({ checker: 'S7', text: expect.stringContaining('that are not old') as string });
    expect(simulatedMs - saidMs).toBeGreaterThan(4500);
    expect(simulatedMs - saidMs).toBeLessThan(5500);
  });

  it('find a promotion that nobody has voted for (S8)', () => {
    const violation = planted((run) =>
      run.history.add('sentinel0', { kind: 'event', event: '+failover-state-send-slaveof-noone', payload: 'slave' }),
    );
    expect(violation).toMatchObject({ checker: 'S8' });
  });

  it('find a replica that is chosen though it is down (S9)', () => {
    const violation = planted((run) => {
      const [replica] = viewOf(run).replicas.values();
      replica!.flags |= FLAG.sDown;
      run.history.add('sentinel0', { kind: 'event', event: '+selected-slave', payload: `slave ${replica!.name}` });
    });
    expect(violation).toMatchObject({ checker: 'S9' });
  });

  it('find a sentinel that names another master in the end (S10)', () => {
    const violation = violationOf(QUIET, {
      atEnd: (run) => {
        const view = viewOf(run, 2);
        const [replica] = view.replicas.values();
        view.addr = replica!.addr;
        // As if there had been a failover of which it alone knows.
        view.configEpoch += 1n;
      },
    });
    expect(violation).toMatchObject({ checker: 'S10' });
  });
});
