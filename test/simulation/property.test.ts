/** Properties of users, with scripts beside the world. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BrokenPromise, failoverProperty, failureText, topology } from '../../src/simulation/property.ts';
import { playWith, type Script } from '../../src/simulation/own/own-run.ts';
import { replay } from '../../src/simulation/replay.ts';
import { parseSchedule, scheduleOf } from '../../src/simulation/schedule.ts';

const TIMEOUT_MS = 300_000;
const MASTER = { host: 'redis0', port: 6379 };
const CALM = scheduleOf({ topology: { kind: 'replication', replicas: 1 }, tailMs: 5000 });

describe('a script beside a world', { timeout: TIMEOUT_MS }, () => {
  it('talks to nodes, and time passes only while it waits', async () => {
    const times: number[] = [];
    const replies: unknown[] = [];
    const outcome = await playWith(CALM, async (run) => {
      times.push(run.nowMs);
      replies.push(await run.call('app', MASTER, 'SET', 'k', 'v'), await run.call('app', MASTER, 'GET', 'k'));
      const before = run.nowMs;
      await run.sleep(1500);
      times.push(run.nowMs - before);
      await run.healed();
      expect(run.hasFaults).toBe(false);
    });
    expect(outcome.violation).toBeNull();
    expect(replies).toEqual(['OK', 'v']);
    expect(times[0]).toBeGreaterThan(0);
    expect(times[1]).toBe(1500);
  });

  it('sees timers and the clock of the world, and leaves the real ones as they were', async () => {
    const real = [setTimeout, setInterval, Date];
    let waitedMs = 0;
    let ticks = 0;
    await playWith(CALM, async (run) => {
      const start = Date.now();
      expect(start).toBe(Math.floor(1_704_067_200_000 + run.nowMs));
      const interval = setInterval(() => ticks++, 1000);
      await new Promise((resolve) => setTimeout(resolve, 3500));
      clearInterval(interval);
      clearTimeout(setTimeout(() => (ticks = 100), 10));
      await run.sleep(5000);
      waitedMs = Date.now() - start;
    });
    expect(ticks).toBe(3);
    expect(waitedMs).toBeGreaterThanOrEqual(8499);
    expect([setTimeout, setInterval, Date]).toEqual(real);
  });

  it('is one history each time', async () => {
    const script: Script = async (run) => {
      for (let i = 0; i < 20; i++) {
        await run.call('app', MASTER, 'INCR', 'n').catch(() => {});
        await run.sleep(100);
      }
    };
    const schedule = scheduleOf({
      topology: { kind: 'sentinel' },
      steps: [{ afterMs: 500, fault: { kind: 'kill', node: 0, forMs: 5000 } }],
      tailMs: 5000,
    });
    const [first, second] = [await playWith(schedule, script), await playWith(schedule, script)];
    expect(first.violation).toBeNull();
    expect(second.traceHash).toBe(first.traceHash);
    expect(replay(schedule).traceHash).not.toBe(first.traceHash);
  });

  it('fails the run by what it throws', async () => {
    const { violation } = await playWith(CALM, async () => {
      throw new Error('not as it should be');
    });
    expect(violation).toEqual({ checker: 'script', text: 'not as it should be' });
  });

  it('fails the run if it never ends', async () => {
    const { violation } = await playWith(CALM, () => new Promise(() => {}));
    expect(violation).toMatchObject({ checker: 'agreement', text: expect.stringContaining('the script') as string });
  });

  it('hears of connections that cannot be made', async () => {
    let text = '';
    const schedule = scheduleOf({
      topology: { kind: 'replication', replicas: 1 },
      steps: [{ afterMs: 0, fault: { kind: 'kill', node: 0, forMs: 3000 } }],
      tailMs: 3000,
    });
    await playWith(schedule, async (run) => {
      await run.sleep(100);
      await run.call('app', MASTER, 'PING').catch((error: Error) => (text = error.message));
    });
    expect(text).toContain('ECONNREFUSED');
  });
});

describe('a property over failovers', { timeout: TIMEOUT_MS }, () => {
  it('holds where the promises of Redis do', async () => {
    const property = failoverProperty(topology({ kind: 'sentinel' }, { extent: 'narrow' }), async (run) => {
      await run.healed();
      const [master] = (await run.call(
        'app',
        { host: 'sentinel0', port: 26_379 },
        'SENTINEL',
        'MASTERS',
      )) as string[][];
      expect(master).toContain('mymaster');
    });
    await fc.assert(property, { numRuns: 5, seed: 4 });
  });

  it('tells how to play again what breaks it, as small as it can be', async () => {
    const script: Script = async (run) => {
      await run.healed();
      const [role] = (await run.call('app', MASTER, 'ROLE')) as string[];
      if (role !== 'master') run.fail(`redis0 is a ${role}`);
    };
    const property = failoverProperty(topology({ kind: 'sentinel' }, { kinds: ['pause', 'kill'], steps: 4 }), script);
    const { errorInstance, counterexample } = await fc.check(property, { numRuns: 20, seed: 3 });
    expect(errorInstance).toBeInstanceOf(BrokenPromise);
    const { message, schedule } = errorInstance as BrokenPromise;
    expect([schedule]).toEqual(counterexample);
    expect(schedule.steps).toHaveLength(1);
    const json = /parseSchedule\('(.*)'\)/.exec(message)![1]!;
    const again = await playWith(parseSchedule(json), script);
    expect(again.violation).toEqual({ checker: 'script', text: 'redis0 is a slave' });
  });

  it('names the command that plays a violation of a checker again', () => {
    const text = failureText({ checker: 'S1', text: 'two votes' }, CALM);
    expect(text).toContain('S1: two votes');
    expect(text).toContain(`npx resplica sim replay '${JSON.stringify(CALM)}'`);
  });
});
