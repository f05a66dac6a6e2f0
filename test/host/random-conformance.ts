/** What every `Random` and every `System` does. Played on the real host and in the simulator. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../src/host/host.ts';
import type { MakeStage, Stage } from './stage.ts';

export function describeRandom(makeStage: MakeStage): void {
  let stage: Stage;
  beforeEach(async () => {
    stage = await makeStage();
  });
  afterEach(() => stage.close());
  const act = <T>(use: (host: Host) => T): T => stage.server.act(use);
  const draw = (random: Host['random']): number[] => Array.from({ length: 8 }, () => random.u32());

  it('draws 32-bit numbers, all over the range', () => {
    const drawn = act((host) => Array.from({ length: 4000 }, () => host.random.u32()));
    expect(drawn.every((value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32)).toBe(true);
    const quarters = [0, 0, 0, 0];
    for (const value of drawn) quarters[Math.floor(value / 2 ** 30)]!++;
    expect(Math.min(...quarters)).toBeGreaterThan(700);
  });

  it('draws below a limit, small or beyond 32 bits', () => {
    for (const limit of [1, 2, 3, 10, 1000, 2 ** 32, 2 ** 40, 2 ** 53]) {
      const drawn = act((host) => Array.from({ length: 200 }, () => host.random.below(limit)));
      expect(drawn.every((value) => Number.isInteger(value) && value >= 0 && value < limit)).toBe(true);
      if (limit > 2) expect(new Set(drawn).size).toBeGreaterThan(2);
    }
  });

  it('makes fresh bytes of any length', () => {
    act((host) => {
      expect(host.random.bytes(0)).toEqual(new Uint8Array(0));
      const first = host.random.bytes(40);
      const second = host.random.bytes(40);
      expect(first.length).toBe(40);
      expect(Buffer.from(first).equals(second)).toBe(false);
      expect(new Set(first).size).toBeGreaterThan(10);
    });
  });

  it('forks streams that do not depend on what was drawn before', () => {
    act((host) => {
      const root = host.random.fork('root');
      const before = draw(root.fork('child'));
      draw(root);
      root.bytes(7);
      root.fork('sibling').u32();
      expect(draw(root.fork('child'))).toEqual(before);
    });
  });

  it('forks different streams for different labels', () => {
    act((host) => {
      const streams = ['a', 'b', 'ab', 'ba', ''].map((label) => draw(host.random.fork(label)).join());
      expect(new Set(streams).size).toBe(5);
      expect(draw(host.random.fork('a')).join()).not.toBe(draw(host.random.fork('a').fork('a')).join());
    });
  });

  describe('system', () => {
    it('describes the machine and the process', () => {
      act(({ system }) => {
        expect(system.pid).toBeGreaterThan(0);
        expect(system.os.split(' ').length).toBeGreaterThanOrEqual(3);
        expect(system.workingDirectory).toBe(stage.directory);
        expect(system.totalMemoryBytes()).toBeGreaterThan(1 << 20);
        expect(system.residentBytes()).toBeGreaterThan(1 << 20);
        expect(system.residentBytes()).toBeLessThan(system.totalMemoryBytes());
        const { user, system: kernel } = system.cpuUs();
        expect(Number.isInteger(user) && Number.isInteger(kernel) && user >= 0 && kernel >= 0).toBe(true);
        expect(Math.abs(system.timeZoneOffsetMinutes(1_700_000_000_000))).toBeLessThanOrEqual(14 * 60);
        expect(system.environment('RESPLICA_NO_SUCH_VARIABLE')).toBeUndefined();
      });
    });
  });
}
