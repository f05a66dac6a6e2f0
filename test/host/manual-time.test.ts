import { describe, expect, it } from 'vitest';
import { ManualTime, type ManualTimeOptions } from '../../src/host/manual-time.ts';

interface Harness {
  readonly time: ManualTime;
  /** Ends the turn, as the event loop would. */
  readonly endTurn: () => void;
}

function harness(wallMs = 1_000_000, options: Partial<ManualTimeOptions> = {}): Harness {
  const turns: (() => void)[] = [];
  const time = new ManualTime({ wallMs, scheduleTurn: (run) => turns.push(run), ...options });
  return {
    time,
    endTurn: () => {
      for (const run of turns.splice(0)) run();
    },
  };
}

describe('ManualTime', () => {
  it('stands still until it is told to go on', () => {
    const { time } = harness();
    expect([time.clock.wallMs(), time.clock.monotonicUs()]).toEqual([1_000_000, 0]);
    time.advance(1500);
    expect([time.clock.wallMs(), time.clock.monotonicUs()]).toEqual([1_001_500, 1_500_000]);
    time.advance(0.25);
    expect(time.clock.monotonicUs()).toBe(1_500_250);
    expect(Number.isInteger(time.clock.wallMs())).toBe(true);
  });

  it('runs due timers in order, each at its own time', () => {
    const { time } = harness();
    const ran: string[] = [];
    const mark = (name: string) => (): void => void ran.push(`${name} ${time.clock.monotonicUs() / 1000}`);
    time.timers.after(30, mark('c'));
    time.timers.after(10, mark('a'));
    time.timers.after(10, mark('b'));
    time.timers.after(31, mark('late'));
    time.advance(30);
    expect(ran).toEqual(['a 10', 'b 10', 'c 30']);
    expect(time.pendingTimers).toBe(1);
  });

  it('runs timers that a timer sets, if they are due within the same advance', () => {
    const { time } = harness();
    const ran: number[] = [];
    const again = (): void => {
      ran.push(time.clock.monotonicUs() / 1000);
      time.timers.after(10, again);
    };
    time.timers.after(10, again);
    time.advance(35);
    expect(ran).toEqual([10, 20, 30]);
  });

  it('runs a periodic timer for every period that passes', () => {
    const { time } = harness();
    let runs = 0;
    const timer = time.timers.every(100, () => runs++);
    time.advance(60_000);
    expect(runs).toBe(600);
    timer.cancel();
    time.advance(60_000);
    expect(runs).toBe(600);
    expect(time.pendingTimers).toBe(0);
  });

  it('returns although a timer sets itself again without a delay', () => {
    const { time } = harness();
    let runs = 0;
    const again = (): void => {
      runs++;
      time.timers.after(0, again);
    };
    time.timers.after(0, again);
    time.advance(10);
    expect(runs).toBe(10);
  });

  it('runs what soon collected without the clock, and before a due timer', () => {
    const { time, endTurn } = harness();
    const ran: string[] = [];
    time.timers.soon(() => ran.push('turn'));
    endTurn();
    expect(ran).toEqual(['turn']);
    time.timers.after(1, () => ran.push('timer'));
    time.timers.soon(() => ran.push('soon'));
    time.advance(1);
    endTurn();
    expect(ran).toEqual(['turn', 'soon', 'timer']);
  });

  it('moves the wall clock alone', () => {
    const { time } = harness();
    let runs = 0;
    time.timers.after(1000, () => runs++);
    time.setWall(5_000_000);
    expect([time.clock.wallMs(), time.clock.monotonicUs(), runs]).toEqual([5_000_000, 0, 0]);
    time.advance(1000);
    expect([time.clock.wallMs(), runs]).toEqual([5_001_000, 1]);
  });

  it('refuses to go back, to nowhere, or to advance within an advance', () => {
    const { time } = harness();
    expect(() => time.advance(-1)).toThrow('cannot go back');
    expect(() => time.advance(Number.NaN)).toThrow('cannot go back');
    expect(() => time.timers.after(Number.NaN, () => {})).toThrow('number of milliseconds');
    time.timers.after(1, () => time.advance(1));
    expect(() => time.advance(5)).toThrow('from a timer');
    time.advance(5);
  });

  it('keeps a periodic timer that threw', () => {
    const { time } = harness();
    let runs = 0;
    time.timers.every(10, () => {
      if (++runs === 1) throw new Error('once');
    });
    expect(() => time.advance(10)).toThrow('once');
    time.advance(30);
    expect(runs).toBe(4);
  });

  describe('with a limit to periodic calls', () => {
    it('spreads them over a long advance and makes one at its end', () => {
      const { time } = harness(0, { periodicCallsMax: 4 });
      const calls: number[] = [];
      time.timers.every(10, () => calls.push(time.clock.wallMs()));
      time.advance(1000);
      expect(calls).toEqual([10, 260, 510, 760, 1000]);
      calls.length = 0;
      time.advance(30);
      expect(calls).toEqual([1010, 1020, 1030]);
    });

    it('leaves other timers exact', () => {
      const { time } = harness(0, { periodicCallsMax: 1 });
      const calls: number[] = [];
      time.timers.every(7, () => {});
      const again = (): void => {
        calls.push(time.clock.wallMs());
        if (calls.length < 4) time.timers.after(100, again);
      };
      time.timers.after(1, again);
      time.advance(100_000);
      expect(calls).toEqual([1, 101, 201, 301]);
    });
  });

  it('tells how long it is until the next timer is due', () => {
    const { time } = harness();
    expect(time.nextDueUs).toBe(null);
    time.timers.after(20, () => {});
    const sooner = time.timers.after(5, () => {});
    expect(time.nextDueUs).toBe(5000);
    sooner.cancel();
    time.advance(8);
    expect(time.nextDueUs).toBe(12_000);
  });
});
