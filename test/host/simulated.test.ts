/** The conformance suite in the simulator: once for each manner in which streams fall apart, and with tiny buffers. */
import { describe, expect, it } from 'vitest';
import { CHUNK_MODES } from '../../src/sim/chunking.ts';
import { describeDisk } from './disk-conformance.ts';
import { describeNet } from './net-conformance.ts';
import { connect } from './peer.ts';
import { describeProcesses } from './processes-conformance.ts';
import { describeRandom } from './random-conformance.ts';
import { simulatedStage } from './stage.ts';
import { describeTimers } from './timers-conformance.ts';

for (const [seed, chunking] of CHUNK_MODES.entries()) {
  describe(`the simulated network, ${chunking}`, () => describeNet(simulatedStage({ seed, network: { chunking } })));
}
describe('the simulated network with tiny buffers', () => {
  const network = { sendBufferBytes: [1000, 5000], windowBytes: [500, 3000] } as const;
  describeNet(simulatedStage({ seed: 7, network }));
});
for (const seed of [1, 2, 3]) {
  describe(`the simulated clock, seed ${seed}`, () => describeTimers(simulatedStage({ seed })));
  describe(`the simulated disk, seed ${seed}`, () => describeDisk(simulatedStage({ seed })));
  describe(`simulated chance and system, seed ${seed}`, () => describeRandom(simulatedStage({ seed })));
}

describe('simulated programs', () => {
  const programs = {
    '/data/ends': ([status]: readonly string[]) => ({ exitCode: Number(status) }),
    '/data/hangs': () => null,
  };
  describeProcesses(simulatedStage({ seed: 1, programs }), () => {});
});

describe('unix sockets', () => {
  it('do not exist in the simulator, and it says so', async () => {
    const stage = await simulatedStage({ seed: 1 })();
    const client = connect(stage, { kind: 'unix', path: '/data/redis.sock' });
    await stage.eventually('the connection is closed', () => client.closed);
    expect(client.closes[0]?.message).toBe('Address family not supported by protocol');
  });
});
