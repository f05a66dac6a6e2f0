/** What every `Clock` and every `Timers` does. Played on the real host and in the simulator. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Host, Timer } from '../../src/host/host.ts';
import type { MakeStage, Stage } from './stage.ts';

/** Keeps the event loop busy until that much time has passed on the host's own clock. */
function spin(host: Host, durationMs: number): void {
  const endUs = host.clock.monotonicUs() + durationMs * 1000;
  while (host.clock.monotonicUs() < endUs);
}

interface Reading {
  readonly fromMs: number;
  readonly wallMs: number;
  readonly toMs: number;
}

export function describeTimers(makeStage: MakeStage): void {
  let stage: Stage;
  beforeEach(async () => {
    stage = await makeStage();
  });
  afterEach(() => stage.close());
  const act = <T>(use: (host: Host) => T): T => stage.server.act(use);

  describe('clocks', () => {
    it('shows the wall time in whole milliseconds of this century', () => {
      const wallMs = act((host) => host.clock.wallMs());
      expect(Number.isInteger(wallMs)).toBe(true);
      expect(wallMs).toBeGreaterThan(1_600_000_000_000);
      expect(wallMs).toBeLessThan(4_100_000_000_000);
    });

    it('never goes back, and both clocks pass at one pace', async () => {
      // The wall is read between two looks at the other clock: whatever holds the process up is within their span.
      const read = ({ clock }: Host): Reading => {
        const fromMs = clock.monotonicUs() / 1000;
        return { fromMs, wallMs: clock.wallMs(), toMs: clock.monotonicUs() / 1000 };
      };
      const before = act(read);
      await stage.rest(50);
      const after = act(read);
      const wallMs = after.wallMs - before.wallMs;
      expect(after.fromMs - before.toMs).toBeGreaterThanOrEqual(49);
      expect(wallMs).toBeGreaterThan(after.fromMs - before.toMs - 5);
      expect(wallMs).toBeLessThan(after.toMs - before.fromMs + 5);
    });

    it('passes for a node that waits for it in a loop', () => {
      const elapsedUs = act((host) => {
        const startUs = host.clock.monotonicUs();
        spin(host, 5);
        return host.clock.monotonicUs() - startUs;
      });
      expect(elapsedUs).toBeGreaterThanOrEqual(5000);
    });
  });

  describe('after', () => {
    it('runs once, not before its time', async () => {
      const elapsedMs: number[] = [];
      act((host) => {
        const startUs = host.clock.monotonicUs();
        for (const delayMs of [1, 2, 3, 5, 8, 13, 21]) {
          host.timers.after(delayMs, () => elapsedMs.push((host.clock.monotonicUs() - startUs) / 1000 - delayMs));
        }
      });
      await stage.eventually('all have run', () => elapsedMs.length === 7);
      await stage.rest(30);
      expect(elapsedMs.length).toBe(7);
      expect(Math.min(...elapsedMs)).toBeGreaterThanOrEqual(0);
    });

    it('runs in the order of the due times, and equal ones in the order of the calls', async () => {
      const order: string[] = [];
      act((host) => {
        host.timers.after(30, () => order.push('30'));
        host.timers.after(10, () => order.push('10 a'));
        host.timers.after(20, () => order.push('20'));
        host.timers.after(10, () => order.push('10 b'));
        host.timers.after(10, () => order.push('10 c'));
      });
      await stage.eventually('all have run', () => order.length === 5);
      expect(order).toEqual(['10 a', '10 b', '10 c', '20', '30']);
    });

    it('never runs within the call that sets it, even without a delay', async () => {
      let runs = 0;
      act((host) => {
        host.timers.after(0, () => runs++);
        host.timers.after(-5, () => runs++);
        expect(runs).toBe(0);
      });
      await stage.eventually('both have run', () => runs === 2);
    });

    it('sleeps through delays that a 32-bit counter cannot hold', async () => {
      let runs = 0;
      const timer = act((host) => host.timers.after(2 ** 31 + 5, () => runs++));
      await stage.rest(20);
      expect(runs).toBe(0);
      act(() => timer.cancel());
    });

    it('does not run once cancelled, however often', async () => {
      const ran: string[] = [];
      act((host) => {
        const timer = host.timers.after(5, () => ran.push('cancelled'));
        timer.cancel();
        timer.cancel();
        host.timers.after(10, () => ran.push('kept'));
      });
      await stage.eventually('the other has run', () => ran.length > 0);
      expect(ran).toEqual(['kept']);
    });

    it('can be cancelled by a timer that is due at the same time', async () => {
      const ran: string[] = [];
      act((host) => {
        let victim: Timer | null = null;
        host.timers.after(5, () => {
          ran.push('first');
          victim?.cancel();
        });
        victim = host.timers.after(5, () => ran.push('victim'));
        host.timers.after(15, () => ran.push('last'));
      });
      await stage.eventually('the last has run', () => ran.includes('last'));
      expect(ran).toEqual(['first', 'last']);
    });

    it('may be cancelled after it has run', async () => {
      let runs = 0;
      const timer = act((host) => host.timers.after(1, () => runs++));
      await stage.eventually('it has run', () => runs === 1);
      act(() => timer.cancel());
    });
  });

  describe('every', () => {
    it('runs again and again until cancelled, also from its own call', async () => {
      let runs = 0;
      act((host) => {
        const timer = host.timers.every(2, () => {
          if (++runs === 5) timer.cancel();
        });
      });
      await stage.eventually('it has run five times', () => runs === 5);
      await stage.rest(20);
      expect(runs).toBe(5);
    });

    it('does not make up for calls that it missed', async () => {
      const timesMs: number[] = [];
      const timer = act((host) =>
        host.timers.every(10, () => {
          timesMs.push(host.clock.monotonicUs() / 1000);
          if (timesMs.length === 2) spin(host, 100);
        }),
      );
      await stage.eventually('it has run six times', () => timesMs.length >= 6);
      act(() => timer.cancel());
      const gaps = timesMs.slice(1).map((time, index) => time - timesMs[index]!);
      expect(gaps[1]).toBeGreaterThanOrEqual(100);
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(8);
    });
  });

  describe('soon', () => {
    it('runs after the current event, in order, and before a timer that is due', async () => {
      const order: string[] = [];
      act((host) => {
        host.timers.after(0, () => order.push('timer'));
        host.timers.soon(() => order.push('soon a'));
        host.timers.soon(() => order.push('soon b'));
        spin(host, 3);
        order.push('event');
      });
      await stage.eventually('all have run', () => order.length === 4);
      expect(order).toEqual(['event', 'soon a', 'soon b', 'timer']);
    });

    it('may ask for one more turn without end, and timers still run', async () => {
      let turns = 0;
      let stop = false;
      act((host) => {
        const again = (): void => {
          turns++;
          if (!stop) host.timers.soon(again);
        };
        host.timers.soon(again);
        host.timers.after(5, () => (stop = true));
      });
      await stage.eventually('the timer has run', () => stop);
      expect(turns).toBeGreaterThan(2);
      await stage.rest(5);
    });

    it('runs at the end of the turn in which a timer asked for it', async () => {
      const order: string[] = [];
      act((host) => {
        host.timers.after(5, () => {
          host.timers.soon(() => order.push('soon'));
          order.push('first timer');
        });
        host.timers.after(6, () => order.push('second timer'));
      });
      await stage.eventually('all have run', () => order.length === 3);
      expect(order).toEqual(['first timer', 'soon', 'second timer']);
    });
  });
}
