import { describe, expect, it } from 'vitest';
import { REPLICATION_PROMISES } from '../../../src/simulation/checkers/replication.ts';
import type { Run } from '../../../src/simulation/run.ts';
import type { ScheduleInput } from '../../../src/simulation/schedule.ts';
import { playWith, violationOf } from '../planted.ts';

const CALM: ScheduleInput = {
  topology: { kind: 'replication', replicas: 1 },
  knobs: { opsPerSecond: 20 },
  tailMs: 4000,
};

const streamOf = (run: Run, node: string) => run.topology.replication(node)!.state;

describe('the checkers of replication', () => {
  it('are silent where nothing is wrong, whatever befalls the nodes', () => {
    const { violation, coverage, lost } = playWith(
      {
        topology: { kind: 'replication', replicas: 2, chained: true },
        knobs: { opsPerSecond: 30, clients: 3 },
        steps: [
          { afterMs: 2000, fault: { kind: 'isolate', node: 2, forMs: 1000 } },
          { afterMs: 2000, fault: { kind: 'promote', node: 1 } },
          { afterMs: 2000, fault: { kind: 'power-loss', node: 0, forMs: 1000 } },
        ],
        tailMs: 5000,
      },
      {},
    );
    expect(violation).toBeNull();
    expect(coverage.get('sync partial')).toBeGreaterThan(0);
    expect(coverage.get('partial resynchronisation under another id')).toBeGreaterThan(0);
    expect(lost.length).toBeLessThan(5);
  });

  it('have a promise each', () => {
    expect(Object.keys(REPLICATION_PROMISES)).toEqual(['R1', 'R2', 'R3', 'R4', 'R5', 'R6', 'R7']);
  });

  it('find a replica with another byte than its master (R1)', () => {
    const violation = violationOf(CALM, {
      during: (run) => {
        const { buffer } = streamOf(run, 'redis1');
        const { append } = buffer;
        buffer.append = (source, start = 0, end = source.length) => {
          const changed = Buffer.from(source);
          changed[end - 3]! ^= 1;
          append.call(buffer, changed, start, end);
        };
      },
    });
    expect(violation?.checker).toBe('R1');
    expect(violation?.text).toContain('redis1 has another byte');
  });

  it('find a replica that is ahead of its master (R2)', () => {
    const violation = violationOf(CALM, {
      during: (run) => streamOf(run, 'redis1').buffer.append(Buffer.from('*1\r\n$4\r\nPING\r\n')),
    });
    expect(violation).toMatchObject({ checker: 'R2' });
  });

  it('find a replica that acknowledges what it has not executed (R2)', () => {
    const violation = violationOf(CALM, {
      during: (run) => {
        for (const link of run.topology.replication('redis0')!.links) link.ackOffset += 10_000;
      },
    });
    expect(violation).toMatchObject({ checker: 'R2' });
    expect(violation?.text).toContain('has acknowledged');
  });

  it('find a backlog with a wrong byte (R3)', () => {
    const violation = violationOf(CALM, {
      atEnd: (run) => {
        const { buffer } = streamOf(run, 'redis0');
        const reader = buffer.reader(buffer.firstOffset);
        buffer.read(reader)![20]! ^= 1;
        buffer.release(reader);
      },
    });
    expect(violation).toMatchObject({ checker: 'R3' });
  });

  it('find a stream that leaves out offsets (R3)', () => {
    const violation = violationOf(CALM, { during: (run) => streamOf(run, 'redis0').buffer.rebase(7) });
    expect(violation).toMatchObject({ checker: 'R3' });
  });

  it('find a promoted replica that is wrong about its place (R5)', () => {
    const violation = violationOf(
      { ...CALM, steps: [{ afterMs: 3000, fault: { kind: 'promote', node: 1 } }] },
      {
        during: (run) => {
          const state = streamOf(run, 'redis1');
          state.keepAsSecond = () => {
            state.secondId = state.id;
            state.secondOffset = state.offset + 2;
          };
        },
      },
    );
    expect(violation).toMatchObject({ checker: 'R5' });
  });

  it('find a full synchronisation with another dataset (R6)', () => {
    const violation = violationOf(
      { ...CALM, steps: [{ afterMs: 3000, fault: { kind: 'restart', node: 1 } }] },
      {
        during: (run) => {
          // What is in the dataset and in no stream comes with the next snapshot only.
          run.topology.replication('redis0')!.server.hooks.changeSinks.length = 0;
          run.topology.call('redis0', 'SET', 'r:77', 'v100000');
          run.topology.replication('redis0')!.update();
        },
      },
    );
    expect(violation).toMatchObject({ checker: 'R6' });
  });

  it('find a replica that somebody else has written to (R7)', () => {
    const violation = violationOf(CALM, {
      atEnd: (run) => {
        run.topology.call('redis1', 'CONFIG', 'SET', 'replica-read-only', 'no');
        run.topology.call('redis1', 'SET', 'r:0', 'elsewhere');
      },
    });
    expect(violation).toMatchObject({ checker: 'R7' });
    expect(violation?.text).toContain('redis1 ended with another dataset');
  });
});
