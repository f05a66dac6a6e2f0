/**
 * What Jepsen found of Redis and Sentinel in 2013, again: five machines with a server and a sentinel each, five clients that
 * add elements to sets, and a network that parts two of the machines, the master's among them, from the other three. Both
 * sides have a master for a while; what the smaller one took is gone when the network is whole again.
 *
 *   npx tsx examples/simulation/jepsen.ts
 *   npx resplica sim view sentinel-partition    makes a page of it
 */
import assert from 'node:assert/strict';
import { playScenario, scenarios } from 'resplica/simulation';

const scenario = scenarios.find(({ name }) => name === 'sentinel-partition')!;
console.log(scenario.tells);

const { acknowledged, lost, outcome } = playScenario(scenario);
const share = lost.length / acknowledged;
console.log(`${acknowledged} writes were acknowledged, ${lost.length} of them are gone: ${Math.round(100 * share)} %.`);

// Redis promises no more, so no checker speaks. But each loss has its reason, and there are no others: an observer who saw
// every stream and every failover comes to the same count as the client that reads at the end.
assert.equal(outcome.violation, null);
assert.equal(outcome.lost.length, lost.length);
assert.ok(share > 0.3 && share < 0.7);
console.log(`The first, ${outcome.lost[0]!.words.join(' ')}: ${outcome.lost[0]!.reason}.`);

// A master that wants two replicas refuses writes when it is cut off: what is lost is what it took in the moments before.
const bounded = playScenario(scenarios.find(({ name }) => name === 'min-replicas-2')!);
console.log(`With min-replicas-to-write 2, ${bounded.lost.length} of ${bounded.acknowledged} are gone.`);
assert.ok(bounded.lost.length < lost.length / 5);
