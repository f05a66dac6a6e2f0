import { describe, expect, it } from 'vitest';
import { parseSchedule, scheduleOf, USUAL_KNOBS } from '../../src/simulation/schedule.ts';

describe('a schedule', () => {
  it('has what is usual where nothing is said', () => {
    const schedule = scheduleOf({ topology: { kind: 'cluster', masters: 5 }, knobs: { appendOnly: 'always' } });
    expect(schedule).toMatchObject({ topology: { masters: 5, replicas: 1 }, seed: 1, steps: [], ops: [], tailMs: 0 });
    expect(schedule.knobs).toEqual({ ...USUAL_KNOBS, appendOnly: 'always' });
  });

  it('comes back from its line of JSON', () => {
    const schedule = scheduleOf({
      topology: { kind: 'sentinel' },
      steps: [{ afterMs: 100, fault: { kind: 'kill', node: 0, forMs: 500 } }],
      ops: [{ afterMs: 10, client: 1, op: { kind: 'set', key: 3 } }],
    });
    expect(parseSchedule(JSON.stringify(schedule))).toEqual(schedule);
  });

  it('is not taken from what names a fault that nobody knows', () => {
    const json = '{"topology":{"kind":"cluster"},"steps":[{"afterMs":0,"fault":{"kind":"kil","node":0,"forMs":1}}]}';
    expect(() => parseSchedule(json)).toThrow('nobody knows the fault kil');
    expect(() => parseSchedule(json.replace('"kil"', '"kill"'))).not.toThrow();
  });

  it.each(['{}', 'null', '3', '{"topology":{"kind":"ring"}}'])('is not taken from %s', (json) => {
    expect(() => parseSchedule(json)).toThrow(TypeError);
  });
});
