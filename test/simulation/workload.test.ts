import { describe, expect, it } from 'vitest';
import type { EntryOf } from '../../src/simulation/history.ts';
import { play } from '../../src/simulation/play.ts';
import { type ScheduleInput, scheduleOf } from '../../src/simulation/schedule.ts';

type OpEntry = EntryOf<'op'>;

function operations(input: ScheduleInput): OpEntry[] {
  const { history, violation } = play(scheduleOf(input), { keep: 'all' });
  expect(violation).toBeNull();
  return history.entries.filter((entry) => entry.kind === 'op');
}

const counts = (entries: readonly OpEntry[], phase: OpEntry['phase']): number =>
  entries.filter((entry) => entry.phase === phase).length;
const nodesOf = (entries: readonly OpEntry[]): string[] =>
  [...new Set(entries.filter(({ phase }) => phase === 'ok').map(({ at }) => at!))].toSorted();

describe('the clients of a simulation', () => {
  it('do what they are told, one thing after the other, each once', () => {
    const done = operations({
      topology: { kind: 'replication', replicas: 1 },
      ops: [
        { afterMs: 100, client: 0, op: { kind: 'set', key: 3 } },
        { afterMs: 0, client: 0, op: { kind: 'get', key: 3 } },
        { afterMs: 0, client: 0, op: { kind: 'del', key: 3 } },
        { afterMs: 0, client: 1, op: { kind: 'incr', key: 3 } },
        { afterMs: 100, client: 2, op: { kind: 'multi', keys: [1, 2] } },
        { afterMs: 0, client: 0, op: { kind: 'wait', replicas: 1, timeoutMs: 500 } },
      ],
      tailMs: 1000,
    })
      .filter(({ phase }) => phase === 'ok')
      .toSorted((a, b) => a.id - b.id);
    expect(done.map(({ node, words, reply }) => [node, words.join(' '), reply])).toEqual([
      ['client0', 'SET r:3 v1', 'OK'],
      ['client0', 'GET r:3', 'v1'],
      ['client0', 'DEL r:3 {r:3}v3', 1],
      ['client1', 'INCRBY n:3 4', 4],
      ['client0', 'MULTI SET {t:1}1 v5.0 ; SET {t:1}2 v5.1 ; EXEC', ['OK', 'OK']],
      ['client0', 'WAIT 1 500', 1],
    ]);
  });

  it('follow the sentinels to a new master, and say what they do not know', () => {
    const entries = operations({
      topology: { kind: 'sentinel', downAfterMs: 500 },
      knobs: { opsPerSecond: 40, clients: 3 },
      steps: [{ afterMs: 1000, fault: { kind: 'isolate', node: 0, forMs: 8000 } }],
      tailMs: 9000,
    });
    expect(nodesOf(entries)).toHaveLength(2);
    expect(nodesOf(entries)).toContain('redis0');
    // Whoever waited for the master when it was cut off has heard nothing, and asks others then.
    expect(counts(entries, 'info')).toBeGreaterThan(0);
    expect(counts(entries, 'info')).toBeLessThan(20);
    expect(counts(entries, 'invoke')).toBe(counts(entries, 'ok') + counts(entries, 'fail') + counts(entries, 'info'));
  });

  it('let a cluster send them on', () => {
    const entries = operations({
      topology: { kind: 'cluster', replicas: 0 },
      knobs: { opsPerSecond: 60, clients: 2 },
      tailMs: 3000,
    });
    expect(nodesOf(entries)).toEqual(['node0', 'node1', 'node2']);
    expect(counts(entries, 'ok')).toBe(counts(entries, 'invoke'));
  });

  it('know that nothing has happened where nobody listens', () => {
    const entries = operations({
      topology: { kind: 'replication', replicas: 0 },
      knobs: { opsPerSecond: 20, clients: 1 },
      steps: [{ afterMs: 500, fault: { kind: 'kill', node: 0, forMs: 2000 } }],
      tailMs: 2500,
    });
    expect(counts(entries, 'fail')).toBeGreaterThan(5);
    expect(entries.filter(({ phase }) => phase === 'fail').at(-1)).toMatchObject({
      reply: { error: 'no server is known' },
    });
  });
});
