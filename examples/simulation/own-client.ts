/**
 * A client library under faults: ioredis counts visits, over a stream of the simulated network. When nothing comes for a
 * second it connects anew and, as it does by default, sends again what was not answered. So a visit can be counted twice.
 * The same faults find nothing when it is told not to.
 *
 * What is simulated: connections, time (`setTimeout`, `setInterval` and `Date` follow the world while the script runs), the
 * servers. What is not: ioredis takes one address here, since its own search for sentinels and cluster nodes opens sockets
 * of the real network; and what it draws with Math.random comes from no seed.
 *
 *   npx tsx examples/simulation/own-client.ts
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import * as fc from 'fast-check';
import { AbstractConnector, Redis } from 'ioredis';
import { type BrokenPromise, failoverProperty, scheduleOf, type ScriptRun, topology } from 'resplica/simulation';

const VISITS = 20;
const MASTER = { host: 'redis0', port: 6379 };

/** ioredis as it is, but for its socket. */
function connect(run: ScriptRun, sendsAgain: boolean): Redis {
  class SimulatedConnector extends AbstractConnector {
    constructor() {
      super(0);
    }

    override async connect(): Promise<Socket> {
      return (this.stream = run.connect('visitor', MASTER) as unknown as Socket);
    }
  }
  const redis = new Redis({
    Connector: SimulatedConnector,
    socketTimeout: 1000,
    // It would read its version from a file, and the world does not wait for real files.
    disableClientInfo: true,
    autoResendUnfulfilledCommands: sendsAgain,
    ...(sendsAgain ? {} : { maxRetriesPerRequest: 0 }),
  });
  redis.on('error', () => {}); // It connects again by itself.
  return redis;
}

function countsNoVisitTwice(sendsAgain: boolean): fc.IAsyncPropertyWithHooks<[unknown]> {
  const servers = { kind: 'replication', replicas: 1 } as const;
  const { knobs } = scheduleOf({ topology: servers, knobs: { appendOnly: 'always' } });
  const drawn = topology(servers, { kinds: ['pause', 'isolate', 'loss'], extent: 'narrow', knobs: fc.constant(knobs) });
  return failoverProperty(drawn, async (run) => {
    const redis = connect(run, sendsAgain);
    for (let visit = 0; visit < VISITS; visit++) {
      await redis.incr('visits').catch(() => {}); // Counted, or not.
      await run.sleep(300);
    }
    await run.healed();
    redis.disconnect();
    const counted = Number(await run.call('auditor', MASTER, 'GET', 'visits'));
    if (counted > VISITS) run.fail(`${VISITS} visits were counted as ${counted}`);
  });
}

const found = await fc.check(countsNoVisitTwice(true), { numRuns: 100, seed: 3 });
assert.ok(found.failed, 'an INCR that was carried out and not answered in time is sent again');
const { violation, schedule } = found.errorInstance as BrokenPromise;
assert.match(violation.text, /visits were counted as/);
console.log(`${violation.text}, if this happens:`);
for (const { afterMs, fault } of schedule.steps) console.log(`  after ${afterMs} ms ${JSON.stringify(fault)}`);

await fc.assert(countsNoVisitTwice(false), { numRuns: 10, seed: 3 });
console.log('Without sending again, no visit is counted twice.');
