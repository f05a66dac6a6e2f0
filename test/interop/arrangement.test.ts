/** A short share of `npm run interop`: both chains, in two ways, with always the same writes. */
import { expect, it } from 'vitest';
import { describeWith } from '../support/requires.ts';
import { play } from './play.ts';
import { plans } from './plans.ts';

const SECONDS = 3;
const SEED = 7;
const TIMEOUT_MS = 180_000;
const TITLES = [
  'ours between two real ones, by way of a file, with masteruser',
  'real between two of ours, loading beside the old dataset',
];

describeWith('redis-server', 'servers of both makes that replicate each other', () => {
  it.each(TITLES)(
    'hold the same after writes of all kinds, cuts and promotions: %s',
    async (title) => {
      const plan = plans.find((each) => each.title === title)!;
      const { calls, cuts, continued, promotions } = await play(plan, {
        seconds: SECONDS,
        roundSeconds: 2,
        seed: SEED,
      });
      expect(calls).toBeGreaterThan(500);
      expect(cuts).toBeGreaterThan(1);
      expect(continued).toBeGreaterThanOrEqual(cuts);
      expect(promotions).toBe(2);
    },
    TIMEOUT_MS,
  );
});
