/** What a cluster promises, and what it does not. */
import { scheduleOf } from '../schedule.ts';
import { additions, additionsBelow, maskOf, type Scenario } from './scenario.ts';

const HEAD_START_MS = 5000;
const NODE_TIMEOUT_MS = 2000;
const CUT_MS = 20_000;
/** Of three masters, the first one has the slots below. */
const SLOTS_OF_FIRST = 5461;

export const minorityWindow: Scenario = {
  name: 'minority-window',
  tells:
    'A master that is cut off together with a client takes its writes until it notices that it is alone: for one and a ' +
    'half node timeouts at most. These are lost, and no others.',
  schedule: scheduleOf({
    topology: { kind: 'cluster', masters: 3, replicas: 1, nodeTimeoutMs: NODE_TIMEOUT_MS },
    knobs: { clients: 1 },
    seed: 3,
    // Six nodes, then the client.
    steps: [{ afterMs: HEAD_START_MS, fault: { kind: 'cut', mask: maskOf(0, 6), forMs: CUT_MS } }],
    ops: additionsBelow(SLOTS_OF_FIRST, 500, 50, 0),
    tailMs: CUT_MS,
  }),
};

export const lastFailoverWins: Scenario = {
  name: 'last-failover-wins',
  tells:
    'A master and one of its two replicas are cut off; the majority elects the other replica. Then, on their side, an ' +
    'administrator lets the first replica take over (CLUSTER FAILOVER TAKEOVER), and the master take over again, so that ' +
    'its epoch is the latest. When the network is whole, it has the slots, and what the elected one took is gone.',
  schedule: scheduleOf({
    topology: { kind: 'cluster', masters: 3, replicas: 2, nodeTimeoutMs: NODE_TIMEOUT_MS },
    knobs: { clients: 2 },
    seed: 5,
    steps: [
      // node0, its replica node3 and the first client; its replica node6 is on the other side.
      { afterMs: HEAD_START_MS, fault: { kind: 'cut', mask: maskOf(0, 3, 9), forMs: CUT_MS } },
      { afterMs: CUT_MS / 2, fault: { kind: 'cluster-failover', node: 3, mode: 'takeover' } },
      { afterMs: 2000, fault: { kind: 'cluster-failover', node: 0, mode: 'takeover' } },
    ],
    ops: additions(1000, 25, 2),
    tailMs: CUT_MS / 2,
  }),
};

export const replicaMigration: Scenario = {
  name: 'replica-migration',
  tells:
    'A master loses all of its replicas. One of a master that has two moves over, and when the first master dies as well, ' +
    'it takes its place. Nothing is lost.',
  schedule: scheduleOf({
    topology: { kind: 'cluster', masters: 3, replicas: 2, nodeTimeoutMs: NODE_TIMEOUT_MS, migration: true },
    knobs: { clients: 2 },
    seed: 7,
    steps: [
      { afterMs: HEAD_START_MS, fault: { kind: 'kill', node: 3, forMs: 60_000 } },
      { afterMs: 0, fault: { kind: 'kill', node: 6, forMs: 60_000 } },
      { afterMs: 25_000, fault: { kind: 'kill', node: 0, forMs: 30_000 } },
    ],
    ops: additions(1500, 40, 2),
    tailMs: 35_000,
  }),
};
