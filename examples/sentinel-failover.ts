/**
 * A failover, watched: a client of the sentinels counts while the master is killed, replaced, and taken back as a
 * replica. All nodes are real and live in this process, on real sockets.
 *
 *   npx tsx examples/sentinel-failover.ts
 */
import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { startReplicaSet, type TopologyEvent } from 'resplica';

await using set = await startReplicaSet({ replicas: 2, sentinels: 3 });
const redis = new Redis({ sentinels: set.sentinels, name: set.name });
redis.on('error', () => {}); // While there is no master; ioredis asks the sentinels again.

const enough = new AbortController();
let counted = 0;
let longestMs = 0;
const counter = (async () => {
  while (!enough.signal.aborted) {
    const start = performance.now();
    counted = await redis.incr('counter');
    longestMs = Math.max(longestMs, performance.now() - start);
  }
})();

const before = set.master;
await redis.set('greeting', 'hello');
await set.stable(); // The replicas have it too: what they do not have yet dies with the master.
const killedMs = Date.now();
await before.kill();
await set.stable();
await before.restart();
await set.stable();
enough.abort();
await counter;

const OF_THE_MASTER = ['+sdown', '+odown', '+elected-leader', '+switch-master'];
const OF_REPLICAS = ['+selected-slave', '+promoted-slave', '+convert-to-slave'];
const told = new Set<string>();

/** Several sentinels announce the same; each has a vote of its own. */
function tell(event: TopologyEvent): string | null {
  if (event.type === 'node') return event.change;
  if (event.type === 'role') return `is a ${event.role} now`;
  if (event.type !== 'sentinel') return null;
  const [kind, name] = event.payload.split(' ');
  if (event.event === '+vote-for-leader') return `votes for ${kind!.slice(0, 8)}… in epoch ${name}`;
  const isTold = OF_REPLICAS.includes(event.event) || (OF_THE_MASTER.includes(event.event) && kind !== 'slave');
  if (!isTold || told.has(`${event.event} ${name}`)) return null;
  told.add(`${event.event} ${name}`);
  return `${event.event} ${event.payload.split(' @ ')[0]}`;
}

for (const event of set.events.history) {
  const text = event.timeMs < killedMs ? null : tell(event);
  if (text !== null) console.log(`${String(event.timeMs - killedMs).padStart(5)} ms  ${event.node}: ${text}`);
}
assert.notEqual(set.master, before);
assert.equal(before.role, 'replica');
assert.equal(await redis.get('greeting'), 'hello');
assert.equal(await redis.get('counter'), String(counted));
console.log(`The counter stands at ${counted}. The longest that INCR took was ${Math.round(longestMs)} ms.`);
redis.disconnect();
