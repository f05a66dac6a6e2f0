import { describe, expect, it } from 'vitest';
import { Frequency } from '../../src/data/frequency.ts';
import { Prng } from '../../src/host/prng.ts';

const MINUTE = 60_000;
const NOW = 28_000_000 * MINUTE;

function counted(uses: number, logFactor: number): number {
  const frequency = new Frequency(new Prng(1), { logFactor, decayMinutes: 1 });
  let bits = frequency.initial(NOW);
  for (let i = 0; i < uses; i++) bits = frequency.used(bits, NOW);
  return frequency.count(bits, NOW);
}

describe('the frequency of use', () => {
  it('starts a little above zero', () => {
    expect(counted(0, 10)).toBe(5);
  });

  it('grows with the logarithm of the number of uses', () => {
    // The figures that redis.conf gives for lfu-log-factor 10: 100 hits 10, 1000 hits 18, 100k hits 142.
    expect(Math.abs(counted(100, 10) - 10)).toBeLessThan(4);
    expect(Math.abs(counted(1000, 10) - 18)).toBeLessThan(6);
    expect(Math.abs(counted(100_000, 10) - 142)).toBeLessThan(25);
    expect(counted(1_000_000, 0)).toBe(255);
  });

  it('decays by one every so many minutes, also over the wrap of its clock', () => {
    for (const decayMinutes of [1, 2, 0]) {
      const frequency = new Frequency(new Prng(1), { logFactor: 0, decayMinutes });
      const late = 0xffff * MINUTE;
      let bits = frequency.initial(late);
      for (let i = 0; i < 20; i++) bits = frequency.used(bits, late);
      expect(frequency.count(bits, late)).toBe(25);
      expect(frequency.count(bits, late + 10 * MINUTE)).toBe(decayMinutes === 0 ? 25 : 25 - 10 / decayMinutes);
      expect(frequency.count(bits, late + 1000 * MINUTE)).toBe(decayMinutes === 0 ? 25 : 0);
    }
  });
});
