import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, formatTime, roundStep, TimeScale } from '../../../src/simulation/view/time-scale.ts';

function scale(endMs = 10_000): TimeScale {
  const made = new TimeScale(endMs);
  made.widthPx = 1000;
  return made;
}

describe('the time scale', () => {
  it('shows the whole run at first, with a little air', () => {
    const { fromMs, toMs } = scale();
    expect(fromMs).toBeLessThan(0);
    expect(toMs).toBeGreaterThan(10_000);
  });

  it('leads from times to places and back', () => {
    const made = scale();
    made.show(2000, 3000);
    expect(made.xOf(2500)).toBeCloseTo(500);
    expect(made.timeAt(500)).toBeCloseTo(2500);
  });

  it('keeps what lies under the pointer there while it zooms', () => {
    const made = scale();
    made.show(2000, 8000);
    const before = made.timeAt(300);
    made.zoom(4, 300);
    expect(made.timeAt(300)).toBeCloseTo(before);
    expect(made.spanMs).toBeCloseTo(1500);
  });

  it('never leaves the run, nor shows less than can be told apart', () => {
    const act = fc.oneof(
      fc.record({ zoom: fc.double({ min: 0.01, max: 100, noNaN: true }), x: fc.integer({ min: 0, max: 1000 }) }),
      fc.record({ pan: fc.integer({ min: -5000, max: 5000 }) }),
      fc.record({ reveal: fc.integer({ min: -500, max: 12_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
        const made = scale();
        for (const one of acts) {
          if ('zoom' in one) made.zoom(one.zoom, one.x);
          else if ('pan' in one) made.pan(one.pan);
          else made.reveal(one.reveal);
          expect(made.fromMs).toBeGreaterThanOrEqual(-201);
          expect(made.toMs).toBeLessThanOrEqual(10_201);
          expect(made.spanMs).toBeGreaterThanOrEqual(0.019);
        }
      }),
    );
  });

  it('moves only as far as it must to reveal a moment', () => {
    const made = scale();
    made.show(2000, 3000);
    made.reveal(2500);
    expect([made.fromMs, made.toMs]).toEqual([2000, 3000]);
    made.reveal(7000);
    expect(made.xOf(7000)).toBeCloseTo(500);
  });

  it('names round moments, neither too close nor too far apart', () => {
    for (const spanMs of [0.05, 1, 37, 900, 7777, 10_000]) {
      const made = scale();
      made.show(4000, 4000 + spanMs);
      const ticks = made.ticks();
      expect(ticks.length).toBeGreaterThan(2);
      expect(ticks.length).toBeLessThan(14);
    }
  });

  it('takes steps of 1, 2 and 5, and those of clocks above ten seconds', () => {
    expect([0.3, 1, 3, 7, 11, 150, 6000, 11_000, 70_000].map(roundStep)).toEqual([
      0.5, 1, 5, 10, 20, 200, 10_000, 15_000, 120_000,
    ]);
  });

  it('writes moments no finer than their step', () => {
    expect(formatTime(12_345.678, 1000)).toBe('12 s');
    expect(formatTime(12_345.678, 10)).toBe('12.35 s');
    expect(formatTime(12_345.678, 0.001)).toBe('12.345678 s');
    expect(formatTime(95_000, 15_000)).toBe('1:35');
    expect(formatTime(-200, 100)).toBe('−0.2 s');
  });

  it('writes durations in the unit that suits them', () => {
    expect([0.25, 3.1234, 250, 2500, 45_000, 90_000].map(formatDuration)).toEqual([
      '250 µs',
      '3.12 ms',
      '250 ms',
      '2.50 s',
      '45.0 s',
      '1 min 30 s',
    ]);
  });
});
