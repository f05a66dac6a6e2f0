import { describe, expect, it } from 'vitest';
import { ManualTime } from '../../src/host/manual-time.ts';
import { SliceQueue } from '../../src/server/slice-queue.ts';

describe('freeing later', () => {
  function start(sliceUs: number): { free: SliceQueue; turn: () => void; slices: () => number } {
    const turns: (() => void)[] = [];
    const time = new ManualTime({ wallMs: 0, scheduleTurn: (run) => turns.push(run) });
    let nowUs = 0;
    let slices = 0;
    const free = new SliceQueue(time.timers, { wallMs: () => 0, monotonicUs: () => nowUs });
    const addOf = (count: number): void => {
      let left = count;
      free.add(() => {
        nowUs += sliceUs;
        slices++;
        return --left === 0;
      });
    };
    addOf(50);
    addOf(30);
    return { free, turn: () => turns.splice(0).forEach((run) => run()), slices: () => slices };
  }

  it('does nothing in the turn that asks for it', () => {
    const { free, slices } = start(100);
    expect([free.pending, slices()]).toEqual([2, 0]);
  });

  it('takes about a millisecond of each turn until all is free', () => {
    const { free, turn, slices } = start(100);
    turn();
    expect([free.pending, slices()]).toEqual([2, 10]);
    for (let i = 0; i < 5; i++) turn();
    expect([free.pending, slices()]).toEqual([1, 60]);
    turn();
    turn();
    expect([free.pending, slices()]).toEqual([0, 80]);
    turn();
    expect(slices()).toBe(80);
  });

  it('ends its turns also where the clock stands still', () => {
    const { free, turn, slices } = start(0);
    free.add(() => false);
    turn();
    expect(slices()).toBe(80);
    expect(free.pending).toBe(1);
  });
});
