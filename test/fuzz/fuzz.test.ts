/** The fuzzer with a small budget. `npm run fuzz` has a large one, and a new seed each time. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIXED_SEED } from '../support/fixed-seed.ts';
import { check } from './check.ts';
import { targets } from './targets.ts';

/** A second or two of each; rounds that have a server in them take longer. */
function roundsOf(name: string): number {
  if (name === 'dump' || name === 'rdb' || name === 'append-only') return 15;
  if (name === 'sentinel') return 2;
  if (name === 'replication') return 1;
  if (name === 'bus') return 3;
  return name === 'server' ? 4 : 60;
}

describe('whatever comes in', () => {
  for (const target of targets) {
    it(
      `does no harm: ${target.name}`,
      () => expect(check(target, { rounds: roundsOf(target.name), seed: FIXED_SEED }).failure).toBe(null),
      60_000,
    );
  }
});

describe('the fuzzer', () => {
  it('shrinks a failure and says how to see it again', () => {
    const property = fc.property(fc.integer({ min: 0 }), (value) => {
      if (value > 1000) throw new Error('too much');
    });
    const { failure } = check({ name: 'example', property }, { budgetMs: 1000, seed: 5 });
    expect(failure).toContain('too much');
    expect(failure).toContain('With: [1001]');
    const [, seed, path] = /--seed (\S+) --path "(.*)"/.exec(failure ?? '')!;
    const again = check({ name: 'example', property }, { budgetMs: 1000, seed: Number(seed), path: path! });
    expect(again.failure).toContain('With: [1001]');
    expect(again.runs).toBe(1);
  });
});
