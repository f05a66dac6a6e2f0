import { describe, expect, it } from 'vitest';
import { transactionOf } from '../../../src/simulation/checkers/operations.ts';
import type { Reply } from '../../../src/simulation/history.ts';
import type { Run } from '../../../src/simulation/run.ts';
import type { ClusterTopology } from '../../../src/simulation/topologies/cluster-topology.ts';
import type { ClientOp, ScheduleInput } from '../../../src/simulation/schedule.ts';
import { lie, playWith, violationOf } from '../planted.ts';

const MASTER = 'redis0';
const op = (op: ClientOp, afterMs = 200) => ({ afterMs, client: 0, op });

/** Operations 1 to 4, done in the first second and a half. */
const QUIET: ScheduleInput = {
  topology: { kind: 'replication', replicas: 1 },
  ops: [
    op({ kind: 'set', key: 1 }),
    op({ kind: 'set', key: 1 }),
    op({ kind: 'rpush', key: 1 }),
    op({ kind: 'multi', keys: [1, 2] }),
  ],
  tailMs: 2500,
};

/** A lie in a run, told when operations are over. */
const told = (id: number, words: readonly string[], phase: 'ok' | 'fail', reply: Reply) =>
  violationOf(QUIET, { during: (run) => lie(run, id, MASTER, words, phase, reply) });

describe('the checkers of what clients see', () => {
  it('are silent in a calm run, and judge it as one', () => {
    const { violation, coverage, lost } = playWith(
      { topology: { kind: 'replication' }, knobs: { opsPerSecond: 60, clients: 4 }, tailMs: 5000 },
      {},
    );
    expect(violation).toBeNull();
    expect(lost).toEqual([]);
    expect(coverage.get('calm run')).toBe(1);
  });

  it('are silent in a failover, and know which writes it has lost and why', () => {
    const { violation, lost } = playWith(
      {
        topology: { kind: 'replication', replicas: 2 },
        knobs: { opsPerSecond: 60, clients: 4 },
        // Nothing of what the old master is told reaches the replica that is promoted.
        steps: [
          { afterMs: 1000, fault: { kind: 'cut', mask: 6, forMs: 6000 } },
          { afterMs: 3000, fault: { kind: 'promote', node: 1 } },
        ],
        tailMs: 2000,
      },
      {},
    );
    expect(violation).toBeNull();
    expect(lost.length).toBeGreaterThan(50);
    expect(lost[0]!.reason).toMatch(/^redis1 was promoted at \d+\.\d+ s and did not have it$/);
  });

  it('find a value that nobody wrote (H1)', () => {
    expect(told(900, ['GET', 'r:1'], 'ok', 'v777')).toMatchObject({ checker: 'H1' });
    expect(told(900, ['SMEMBERS', 's:1.0'], 'ok', ['v777'])).toMatchObject({ checker: 'H1' });
  });

  it('find a write that was refused and executed (H2)', () => {
    const refused = told(1, ['SET', 'r:1', 'v1'], 'fail', { error: 'READONLY' });
    expect(refused).toMatchObject({ checker: 'H2' });
    expect(refused?.text).toContain('refused and executed');
  });

  it('find a write that was executed twice (H2)', () => {
    const violation = violationOf(QUIET, {
      during: (run) => void run.topology.call(MASTER, 'SET', 'r:1', 'v2'),
    });
    expect(violation).toMatchObject({ checker: 'H2' });
    expect(violation?.text).toContain('executed 2 times');
  });

  it('find a read of a value that was overwritten before (H3)', () => {
    expect(told(900, ['GET', 'r:1'], 'ok', 'v1')).toMatchObject({ checker: 'H3' });
    expect(told(900, ['LRANGE', 'l:1.0', '0', '-1'], 'ok', [])).toMatchObject({ checker: 'H3' });
  });

  it('find a read that goes back on a server that stays what it is, also while others fail over (H7)', () => {
    const violation = violationOf(
      { ...QUIET, steps: [{ afterMs: 100, fault: { kind: 'restart', node: 1 } }] },
      { during: (run) => lie(run, 900, MASTER, ['GET', 'r:1'], 'ok', 'v1') },
    );
    expect(violation).toMatchObject({ checker: 'H7' });
  });

  it('find a write that was acknowledged and never executed (H4)', () => {
    expect(told(900, ['SET', 'r:2', 'v900'], 'ok', 'OK')).toMatchObject({ checker: 'H4' });
    const transaction = transactionOf([
      ['SET', '{t:1}1', 'v901.0'],
      ['SET', '{t:1}2', 'v901.1'],
    ]);
    expect(told(901, transaction, 'ok', ['OK', 'OK'])).toMatchObject({ checker: 'H4' });
  });

  it('find a write that was lost where a master handed over by agreement (H4)', () => {
    const handover: ScheduleInput = {
      topology: { kind: 'replication', replicas: 1 },
      knobs: { opsPerSecond: 40, clients: 4 },
      steps: [{ afterMs: 1500, fault: { kind: 'failover', node: 0 } }],
      tailMs: 2000,
    };
    const { violation, coverage, lost } = playWith(handover, {});
    expect([violation, lost]).toEqual([null, []]);
    expect(coverage.get('handover by agreement')).toBe(1);
    const [replica, slow] = [3, { minUs: 150_000, meanUs: 160_000, maxUs: 180_000 }];
    const found = violationOf(
      {
        topology: { kind: 'cluster', masters: 3, replicas: 1, nodeTimeoutMs: 2000 },
        knobs: { opsPerSecond: 150, clients: 6 },
        steps: [{ afterMs: 1500, fault: { kind: 'cluster-failover', node: replica, mode: 'normal' } }],
        tailMs: 1500,
      },
      {
        during: (run) => {
          // What the replica hears is old, and meanwhile the master lets nobody wait.
          (run.topology as ClusterTopology).cluster('node0')!.services.pauseWrites = () => {};
          run.world.network.shape(['node0', 'node1', 'node2'], 'node3', { latency: slow });
        },
      },
    );
    expect(found).toMatchObject({ checker: 'H4' });
    expect(found?.text).toContain('by agreement');
  });

  it('find a transaction of which only a part was executed (H7)', () => {
    const transaction = transactionOf([
      ['SET', '{t:1}1', 'v901.0'],
      ['SET', '{t:1}2', 'v901.1'],
    ]);
    const violation = violationOf(QUIET, {
      during: (run) => {
        run.topology.call(MASTER, 'SET', '{t:1}1', 'v901.0');
        lie(run, 901, MASTER, transaction, 'ok', ['OK', 'OK']);
      },
    });
    expect(violation).toMatchObject({ checker: 'H7' });
    expect(violation?.text).toContain('1 of its 2 commands executed');
  });

  it('find a deletion that did not last (H6)', () => {
    const set = ['SET', 'r:5', 'v900'];
    const deletion = ['DEL', 'r:5', '{r:5}v901'];
    const write = (run: Run, words: readonly string[]): unknown => run.topology.call(MASTER, ...words);
    const violation = violationOf(QUIET, {
      during: (run) => {
        // The deletion is executed before what it is to delete is written; the history tells it the other way round.
        write(run, ['SET', 'r:5', 'v899']);
        lie(run, 899, MASTER, ['SET', 'r:5', 'v899'], 'ok', 'OK');
        lie(run, 900, MASTER, set, 'ok', 'OK');
        run.world.at(run.world.nowMs + 1, () => {
          write(run, deletion);
          lie(run, 901, MASTER, deletion, 'ok', 1);
          write(run, set);
        });
      },
    });
    expect(violation).toMatchObject({ checker: 'H6' });
  });
});
