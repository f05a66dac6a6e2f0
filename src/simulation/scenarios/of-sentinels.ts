/** What sentinels promise, and what they do not. */
import { scheduleOf, type Schedule, type ScheduleInput } from '../schedule.ts';
import { additions, maskOf, type Scenario } from './scenario.ts';

const WRITES = 2000;
const WRITE_EVERY_MS = 50;
const HEAD_START_MS = 5000;
const CUT_MS = 90_000;
/** Redis and a sentinel on each of five machines, a client beside each; two of the machines are cut off, the master's too. */
const MACHINES = 5;
const CUT_OFF = [0, 1];
const MINORITY = maskOf(...CUT_OFF.flatMap((machine) => [machine, MACHINES + machine, 2 * MACHINES + machine]));

function jepsen(knobs: ScheduleInput['knobs'], ops = additions(WRITES, WRITE_EVERY_MS, MACHINES)): Schedule {
  return scheduleOf({
    topology: {
      kind: 'sentinel',
      replicas: MACHINES - 1,
      sentinels: MACHINES,
      downAfterMs: 5000,
      failoverTimeoutMs: 10_000,
    },
    knobs: { clients: MACHINES, ...knobs },
    seed: 2013,
    steps: [{ afterMs: HEAD_START_MS, fault: { kind: 'cut', mask: MINORITY, forMs: CUT_MS } }],
    ops,
    tailMs: CUT_MS + HEAD_START_MS,
  });
}

export const sentinelPartition: Scenario = {
  name: 'sentinel-partition',
  tells:
    'Jepsen 2013: two of five machines are cut off, the master among them. It goes on taking writes of the clients on its ' +
    'side, the others elect another master, and when the network is whole again, all that the old one took is gone.',
  schedule: jepsen({}),
};

export const oneReplicaAtLeast: Scenario = {
  name: 'min-replicas-1',
  tells: 'min-replicas-to-write 1 does not help: the master that was cut off has a replica on its side.',
  schedule: jepsen({ minReplicas: 1, minReplicasMaxLagSeconds: 2 }),
};

export const twoReplicasAtLeast: Scenario = {
  name: 'min-replicas-2',
  tells:
    'min-replicas-to-write 2 bounds the loss: the master that was cut off refuses writes as soon as the replicas of the ' +
    'other side have been silent for min-replicas-max-lag and a second.',
  schedule: jepsen({ minReplicas: 2, minReplicasMaxLagSeconds: 2 }),
};

export const waitUnderPartition: Scenario = {
  name: 'wait-under-partition',
  tells:
    'WAIT tells how many replicas have a write, and that is all: the write was done before. One that WAIT saw on a single ' +
    'replica, of the minority, is lost; one that two had is not, since the best replica is promoted.',
  schedule: jepsen(
    {},
    additions(WRITES / 2, 2 * WRITE_EVERY_MS, MACHINES, { kind: 'wait', replicas: 2, timeoutMs: 100 }),
  ),
};

const OUTAGE_MS = 60_000;

export const pairWithLowQuorum: Scenario = {
  name: 'pair-with-low-quorum',
  tells:
    'Two machines with a server and a sentinel each, quorum 1: the survivor finds the master down all by itself, but is ' +
    'never elected, since one of two is no majority. So nothing is failed over, and nobody can write until it is back.',
  schedule: scheduleOf({
    topology: { kind: 'sentinel', replicas: 1, sentinels: 2, belowMajority: 1, failoverTimeoutMs: 6000 },
    knobs: { clients: 2, appendOnly: 'always' },
    seed: 2,
    steps: [
      { afterMs: HEAD_START_MS, fault: { kind: 'power-loss', node: 0, forMs: OUTAGE_MS } },
      { afterMs: 0, fault: { kind: 'power-loss', node: 2, forMs: OUTAGE_MS } },
    ],
    ops: additions(300, 250, 2),
    tailMs: OUTAGE_MS + HEAD_START_MS,
  }),
};
