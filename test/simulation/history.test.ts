import { describe, expect, it } from 'vitest';
import { History } from '../../src/simulation/history.ts';

const MANY = 120_000;

describe('a history', () => {
  it('numbers its entries and says when they were', () => {
    let nowMs = 0;
    const history = new History(() => nowMs);
    history.add('redis0', { kind: 'log', line: 'a' });
    nowMs = 12.5;
    history.add('', { kind: 'phase', phase: 'faults' });
    expect(history.entries).toEqual([
      { t: 0, seq: 0, node: 'redis0', kind: 'log', line: 'a' },
      { t: 12.5, seq: 1, node: '', kind: 'phase', phase: 'faults' },
    ]);
    expect(
      history
        .toJsonLines()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(history.entries);
  });

  it('keeps the newest entries of many, or all of them', () => {
    const [ring, all] = [new History(() => 0), new History(() => 0, 'all')];
    for (let i = 0; i < MANY; i++) for (const one of [ring, all]) one.add('n', { kind: 'log', line: String(i) });
    expect(all.entries).toHaveLength(MANY);
    expect(ring.count).toBe(MANY);
    expect(ring.entries.length).toBeLessThanOrEqual(100_000);
    expect(ring.entries.at(-1)).toMatchObject({ seq: MANY - 1 });
    expect(ring.entries.at(-50_000)).toMatchObject({ seq: MANY - 50_000 });
  });
});
