import { describe, expect, it } from 'vitest';
import { DictWalk } from '../../src/data/dict-walk.ts';
import { NONE } from '../../src/data/heap.ts';
import { Keyspace } from '../../src/data/keyspace.ts';
import { SetValue } from '../../src/data/set-value.ts';
import { Prng } from '../../src/host/prng.ts';

function setOf(count: number): SetValue {
  const set = new SetValue(new Keyspace(1, new Prng(1)));
  for (let i = 0; i < count; i++) {
    const member = Buffer.from(`member ${i}`);
    set.add(member, 0, member.length);
  }
  return set;
}

describe('a walk over a dict', () => {
  for (const count of [0, 1, 4, 100, 5000]) {
    it(`meets each of ${count} records once, also while the dict grows`, () => {
      const { dict } = setOf(count);
      const walk = new DictWalk(dict);
      const met = new Set<number>();
      let steps = 0;
      for (let record = walk.next(); record !== NONE; record = walk.next()) {
        met.add(record);
        steps++;
        dict.resizeStep();
      }
      expect([met.size, steps]).toEqual([count, count]);
      expect(walk.next()).toBe(NONE);
    });
  }

  it('holds the dict until it is over or closed', () => {
    const { dict } = setOf(3000);
    expect(dict.isResizing).toBe(true);
    const walk = new DictWalk(dict);
    walk.next();
    for (let i = 0; i < 10_000; i++) dict.resizeStep();
    expect(dict.isResizing).toBe(true);
    walk.close();
    walk.close();
    for (let i = 0; i < 10_000; i++) dict.resizeStep();
    expect(dict.isResizing).toBe(false);
    expect(walk.next()).toBe(NONE);
  });
});
