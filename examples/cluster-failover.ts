/**
 * The failover of a cluster, watched: clients count on every master while one of them is killed, found out by gossip,
 * replaced by vote, and taken back as a replica. All nodes are real and live in this process, on real sockets.
 *
 *   npx tsx examples/cluster-failover.ts
 */
import assert from 'node:assert/strict';
import { Cluster as Client } from 'ioredis';
import { startCluster, type TopologyEvent } from 'resplica';

await using cluster = await startCluster({ masters: 3, replicas: 1 });
const redis = new Client(cluster.seeds, { maxRedirections: 100 }); // 16 tries may be over before a failover is.
redis.on('error', () => {}); // While nobody has the slots; ioredis asks the other nodes.

const counters = ['red', 'green', 'blue']; // One key on each master.
const counted = new Map<string, number>();
const end = new AbortController();
let longestMs = 0;
const counter = (async () => {
  while (!end.signal.aborted) {
    for (const key of counters) {
      const start = performance.now();
      counted.set(key, await redis.incr(key));
      longestMs = Math.max(longestMs, performance.now() - start);
    }
  }
})();

const before = cluster.slotOwner('greeting');
await redis.set('greeting', 'hello');
await before.execute('WAIT', 1, 1000); // The replica has it too: what it does not have dies with the master.
const killedMs = Date.now();
await before.kill();
await cluster.stable();
const after = cluster.slotOwner('greeting');
await before.restart();
await cluster.stable();
end.abort();
await counter;

function tell(event: TopologyEvent): string | null {
  switch (event.type) {
    case 'node':
      return event.change;
    case 'pfail':
      return `cannot reach ${event.about}`;
    case 'fail':
      return event.voices === null ? null : `${event.about} has failed, ${event.voices} masters say so`;
    case 'election':
      return `asks for votes in epoch ${event.epoch}`;
    case 'vote':
      return `votes for ${event.for}`;
    case 'elected':
      return `is elected with ${event.votes} votes`;
    case 'role':
      return event.role === 'master' ? 'is a master now' : `is a replica of ${event.master} now`;
    case 'slots':
      return `has ${event.gained.length > 0 ? 'gained' : 'lost'} slots ${[...event.gained, ...event.lost].join(' ').replaceAll(',', '-')}`;
    case 'recovered':
      return `knows that ${event.about} is back`;
    default:
      return null;
  }
}

for (const event of cluster.events.history) {
  const text = event.timeMs < killedMs ? null : tell(event);
  if (text !== null) console.log(`${String(event.timeMs - killedMs).padStart(5)} ms  ${event.node}: ${text}`);
}
assert.notEqual(after, before);
assert.equal(before.role, 'replica');
assert.equal(await redis.get('greeting'), 'hello');
for (const key of counters) console.log(`${key} on ${cluster.slotOwner(key).name}: ${counted.get(key)}`);
console.log(`The longest that INCR took was ${Math.round(longestMs)} ms.`);
redis.disconnect();
