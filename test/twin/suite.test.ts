/** What finds differences must find them: here on players that differ by design. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check, makeSuite, type Suite } from './suite.ts';

let opened = 0;

/** Differs when a script has a call with a number above 900. */
function example(): Suite {
  return makeSuite({
    title: 'numbers',
    runs: 10,
    scripts: fc.array(fc.nat(1000), { minLength: 1, maxLength: 10 }),
    callsOf: (script) => script.map((number) => ['SET', 'k', String(number)]),
    open: async () => {
      opened++;
      return {
        play: async (script) => {
          if (script.some((number) => number > 900)) throw new Error(`differs: ${script.join(' ')}`);
        },
        [Symbol.asyncDispose]: async () => {},
      };
    },
  });
}

describe('The check of a suite', () => {
  it('shrinks a difference, on fresh servers each time, and says how to see it again', async () => {
    opened = 0;
    const { failure } = await check('example', example(), { calls: 10_000, seed: 7 });
    expect(failure).toContain('differs: 901\n');
    expect(opened).toBeGreaterThan(2);
    const seed = Number(/npm run twin -- example --runs 1 --seed (-?\d+)$/.exec(failure!)![1]);
    const again = await check('example', example(), { calls: 1, seed });
    expect(again.failure).toBe(failure);
  });

  it('plays as many scripts, or calls, as it is told', async () => {
    const harmless = makeSuite({
      title: 'nothing',
      runs: 1,
      scripts: fc.constant(['a', 'b']),
      callsOf: (script) => script.map((name) => [name]),
      open: async () => ({ play: async () => {}, [Symbol.asyncDispose]: async () => {} }),
    });
    expect(await check('nothing', harmless, { runs: 30, seed: 1 })).toEqual({ runs: 30, calls: 60, failure: null });
    const rounds: number[] = [];
    const { calls } = await check('nothing', harmless, {
      calls: 1200,
      seed: 1,
      onRound: (played) => rounds.push(played),
    });
    expect(calls).toBe(1500);
    expect(rounds).toEqual([500, 1000, 1500]);
  });

  it('samples the calls that the same seed plays', () => {
    expect(example().sample(20, 5)).toEqual(example().sample(20, 5));
    expect(example().sample(20, 5)).not.toEqual(example().sample(20, 6));
  });
});
