import { describe, expect, it } from 'vitest';
import type { ClientOp, ScheduleInput } from '../../../src/simulation/schedule.ts';
import { playWith, violationOf } from '../planted.ts';

const op = (op: ClientOp, afterMs = 300) => ({ afterMs, client: 0, op });
const WAIT: ClientOp = { kind: 'wait', replicas: 2, timeoutMs: 500 };

const WAITING: ScheduleInput = {
  topology: { kind: 'replication', replicas: 2 },
  ops: [op({ kind: 'set', key: 1 }, 2000), op(WAIT, 10), op({ kind: 'set', key: 2 }), op(WAIT, 10)],
  tailMs: 5000,
};

const GUARDED: ScheduleInput = {
  topology: { kind: 'replication', replicas: 1 },
  knobs: { opsPerSecond: 10, minReplicas: 1, minReplicasMaxLagSeconds: 2 },
  steps: [{ afterMs: 1500, fault: { kind: 'cut', mask: 2, forMs: 10_000 } }],
  tailMs: 8000,
};

describe('the checkers of acknowledged writes', () => {
  it('are silent where WAIT and min-replicas-to-write keep their word', () => {
    const waited = playWith(WAITING, {});
    expect(waited.violation).toBeNull();
    expect(waited.coverage.get('WAIT that was answered')).toBe(2);
    const guarded = playWith(GUARDED, {});
    expect(guarded.violation).toBeNull();
    expect(guarded.coverage.get('write with enough replicas')).toBeGreaterThan(10);
  });

  it('find a WAIT that counts a replica too many (R8)', () => {
    const violation = violationOf(
      { ...WAITING, steps: [{ afterMs: 1000, fault: { kind: 'isolate', node: 2, forMs: 3000 } }] },
      {
        during: (run) => {
          run.topology.replication('redis0')!.links.acknowledging = () => 2;
        },
      },
    );
    expect(violation).toMatchObject({ checker: 'R8' });
    expect(violation?.text).toContain('WAIT answered 2');
  });

  it('find writes that are acknowledged though no replica has been heard of for long (R10)', () => {
    const violation = violationOf(GUARDED, {
      during: (run) => {
        const { acknowledgements } = run.topology.replication('redis0')!;
        Object.defineProperty(acknowledgements, 'hasEnoughReplicas', { value: true });
      },
    });
    expect(violation).toMatchObject({ checker: 'R10' });
  });

  it('count a master that comes back empty, which is allowed (R11)', () => {
    const { violation, exemptions, lost } = playWith(
      {
        topology: { kind: 'replication', replicas: 1 },
        knobs: { opsPerSecond: 10, diskless: true },
        steps: [{ afterMs: 2000, fault: { kind: 'restart', node: 0 } }],
        tailMs: 3000,
      },
      {},
    );
    expect(violation).toBeNull();
    expect(exemptions.get('R11 empty restart')).toBe(1);
    expect(lost.length).toBeGreaterThan(0);
    expect(lost[0]!.reason).toContain('redis0 came back empty');
  });
});
