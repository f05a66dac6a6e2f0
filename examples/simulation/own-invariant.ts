/**
 * An invariant of one's own: a lock is held by one at a time. Two workers take it with SET NX PX at the master that the
 * sentinels name, as many programs do. fast-check draws faults until two hold it at once, and makes the schedule smaller:
 * what is left is the shortest story in which that happens.
 *
 *   npx tsx examples/simulation/own-invariant.ts
 */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { BrokenPromise, failoverProperty, scheduleOf, type ScriptRun, topology } from 'resplica/simulation';

const LOCK_MS = 8000;
const RUN_MS = 30_000;
const SENTINEL = { host: 'sentinel2', port: 26379 };

/** Tries to take the lock, holds it for a while, tries again. Tells of each time when it surely has it. */
async function work(run: ScriptRun, name: string, held: (untilMs: number) => void): Promise<void> {
  while (run.nowMs < RUN_MS) {
    const askedMs = run.nowMs;
    try {
      const address = await run.call(name, SENTINEL, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster');
      const [host = ''] = address as string[];
      const reply = await run.call(name, { host, port: 6379 }, 'SET', 'lock', name, 'NX', 'PX', LOCK_MS);
      // The lock ends that long after the server got the command, so not before this.
      if (reply === 'OK') held(askedMs + LOCK_MS);
    } catch {
      // Nobody answered. Another time.
    }
    await run.sleep(250);
  }
}

const sentinels = { kind: 'sentinel', replicas: 1, sentinels: 3 } as const;
/** Nobody but the workers, and servers as they are usually configured. */
const usual = scheduleOf({ topology: sentinels }).knobs;
const oneAtATime = failoverProperty(
  topology(sentinels, { kinds: ['isolate', 'kill', 'pause'], extent: 'narrow', knobs: fc.constant(usual) }),
  async (run) => {
    const holders = new Map<string, number>();
    const worker = (name: string): Promise<void> =>
      work(run, name, (untilMs) => {
        for (const [other, otherUntilMs] of holders) {
          if (other !== name && otherUntilMs > run.nowMs) run.fail(`${name} got the lock, and ${other} still has it`);
        }
        holders.set(name, untilMs);
      });
    await Promise.all(['worker1', 'worker2'].map(worker));
  },
);

const found = await fc.check(oneAtATime, { numRuns: 100, seed: 7 });
assert.ok(found.failed, 'a failover forgets a lock that the replica did not have yet, or that a dead master gave');
const failure = found.errorInstance as BrokenPromise;
assert.match(failure.message, /got the lock/);
const faults = failure.schedule.steps.map(({ afterMs, fault }) => `after ${afterMs} ms ${JSON.stringify(fault)}`);
console.log(`${found.numRuns} schedules were drawn, ${found.numShrinks} smaller ones failed as well. The smallest:`);
console.log(faults.map((line) => `  ${line}`).join('\n'));
console.log(failure.violation.text);
