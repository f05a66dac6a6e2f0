/** Nodes of a cluster with a mistake. */
import type { Mutant } from './mutant.ts';

const ELECTION = 'src/cluster/election.ts';
const EPOCHS = 'src/cluster/epochs.ts';

/** What nodes agree on does not depend on clients. */
const SMALL = { masters: 3, replicas: 1, nodeTimeoutMs: 1000 };
const QUIET = {
  knobs: { opsPerSecond: 0, clients: 1, paranoid: false, chunking: 'whole', appendOnly: 'off', minReplicas: 0 },
  topology: SMALL,
} as const;

export const clusterMutants: readonly Mutant[] = [
  {
    name: 'cluster-unsynced-vote',
    mistake: 'does not sync what it writes down about votes and epochs',
    profile: 'cluster',
    edits: [
      {
        file: 'src/cluster/nodes-file.ts',
        find: 'if (isDurable) this.#replace(content);',
        replace: 'if (isDurable && !this.#isKept) this.#replaceForNow(content);',
      },
    ],
    // Who forgets that it took slots over comes back as the replica of one that has given them up: nobody has them.
    checkers: ['C1', 'C3', 'agreement'],
    schedules: 200,
    focus: { kinds: ['power-loss', 'while-saving', 'on-event', 'cluster-failover'], ...QUIET },
  },
  {
    name: 'cluster-votes-before-saving',
    mistake: 'lets its vote leave before it is written down',
    profile: 'cluster',
    edits: [
      {
        file: 'src/cluster/cluster.ts',
        find: 'if ((state.due & DUE.save) !== 0 && this.saveNodes(',
        replace: 'this.outbox.flush();\n    if ((state.due & DUE.save) !== 0 && this.saveNodes(',
      },
    ],
    checkers: ['C1', 'C2', 'C3', 'agreement'],
    schedules: 1000,
    focus: { kinds: ['while-saving', 'kill', 'isolate', 'cluster-failover'], ...QUIET },
  },
  {
    name: 'cluster-votes-twice',
    mistake: 'votes a second time in an epoch',
    profile: 'cluster',
    edits: [
      { file: ELECTION, find: 'if (state.lastVoteEpoch >= currentEpoch) return', replace: 'if (nowMs < 0) return' },
      { file: ELECTION, find: 'if (waitMs > 0) return', replace: 'if (waitMs > 1e12) return' },
    ],
    checkers: ['C1', 'C2'],
    schedules: 500,
    focus: {
      kinds: ['kill-majority', 'kill', 'isolate', 'slow', 'cluster-failover'],
      ...QUIET,
      topology: { ...SMALL, masters: 5, replicas: 2 },
    },
  },
  {
    name: 'cluster-wins-without-majority',
    mistake: 'takes over with one vote',
    profile: 'cluster',
    edits: [{ file: ELECTION, find: 'election.votes.size < majorityOf(state)', replace: 'election.votes.size < 1' }],
    checkers: ['C2'],
    schedules: 20,
    focus: { kinds: ['isolate', 'kill', 'cluster-failover'], ...QUIET },
  },
  {
    name: 'cluster-votes-of-any-epoch',
    mistake: 'counts votes that were given in other epochs',
    profile: 'cluster',
    edits: [
      {
        file: ELECTION,
        find: 'if (!election.isSent || epoch !== election.epoch) {',
        replace: 'if (!election.isSent) {',
      },
    ],
    checkers: ['C2'],
    schedules: 300,
    focus: { kinds: ['kill', 'on-event', 'mute'], ...QUIET, topology: { ...SMALL, nodeTimeoutMs: 900 } },
  },
  {
    name: 'cluster-forgets-last-vote',
    mistake: 'does not know after a start in which epoch it has voted',
    profile: 'cluster',
    edits: [
      {
        file: 'src/cluster/nodes-conf.ts',
        find: 'state.lastVoteEpoch = leadingInteger(fields[i + 1]!);',
        replace: 'state.lastVoteEpoch = 0;',
      },
    ],
    checkers: ['C1', 'C3'],
    schedules: 50,
    focus: { kinds: ['restart', 'kill', 'cluster-failover'], ...QUIET },
  },
  {
    name: 'cluster-takes-equal-epoch',
    mistake: 'believes whoever claims slots with an epoch that is not newer',
    profile: 'cluster',
    edits: [
      {
        file: 'src/cluster/slot-update.ts',
        find: 'before.configEpoch >= epoch) return;',
        replace: 'before.configEpoch > epoch) return;',
      },
    ],
    checkers: ['C4', 'C5', 'C6', 'agreement'],
    schedules: 200,
    focus: {
      kinds: ['cut', 'isolate', 'cluster-failover', 'reshard'],
      ...QUIET,
      topology: { ...SMALL, replicas: 2 },
    },
  },
  {
    name: 'cluster-takes-any-epoch',
    mistake: 'believes whoever claims slots last',
    profile: 'cluster',
    edits: [
      {
        file: 'src/cluster/slot-update.ts',
        find: 'before.configEpoch >= epoch) return;',
        replace: 'before.configEpoch > epoch + 1e6) return;',
      },
    ],
    checkers: ['C4', 'C6', 'C10', 'agreement'],
    schedules: 20,
    focus: { kinds: ['isolate', 'pause', 'cluster-failover'], ...QUIET },
  },
  {
    name: 'cluster-collision-stays',
    mistake: 'keeps an epoch that another master has too',
    profile: 'cluster',
    edits: [
      { file: EPOCHS, find: 'if (sender.name <= myself.name) return;', replace: 'if (sender.name !== "") return;' },
    ],
    checkers: ['C5', 'agreement'],
    schedules: 30,
    focus: { kinds: ['cut', 'isolate', 'cluster-failover', 'reshard'], ...QUIET },
  },
  {
    name: 'cluster-collision-moves-both',
    mistake: 'leaves an epoch that another master has, whoever of the two it is',
    profile: 'cluster',
    edits: [{ file: EPOCHS, find: '  if (sender.name <= myself.name) return;\n', replace: '' }],
    checkers: ['C5', 'agreement'],
    schedules: 30,
    focus: { kinds: ['cut', 'isolate', 'cluster-failover', 'reshard'], ...QUIET },
  },
  {
    name: 'cluster-reports-for-ever',
    mistake: 'counts reports of failures however old they are',
    profile: 'cluster',
    edits: [
      {
        file: 'src/cluster/failure.ts',
        find: 'if (nowMs - failureReports[i]!.timeMs > maxAgeMs) failure',
        replace: 'if (nowMs - failureReports[i]!.timeMs > maxAgeMs * 1e6) failure',
      },
    ],
    checkers: ['C8'],
    schedules: 300,
    focus: { kinds: ['flap', 'isolate', 'one-way', 'pause', 'kill'], ...QUIET },
  },
  {
    name: 'cluster-replicas-report',
    mistake: 'counts reports of replicas',
    profile: 'cluster',
    edits: [
      {
        file: 'src/cluster/gossip.ts',
        find: 'sender !== null && sender.isMaster && !node.isMyself',
        replace: 'sender !== null && !node.isMyself',
      },
    ],
    checkers: ['C8'],
    schedules: 100,
    focus: { kinds: ['flap', 'isolate', 'one-way', 'pause', 'cut'], ...QUIET, topology: { ...SMALL, replicas: 2 } },
  },
  {
    name: 'cluster-fails-early',
    mistake: 'declares a node failed of which a single other one says so, too',
    profile: 'cluster',
    edits: [
      {
        file: 'src/cluster/failure.ts',
        find: 'if (voices < majorityOf(state)) return;',
        replace: 'if (voices < 1) return;',
      },
    ],
    checkers: ['C8'],
    schedules: 20,
    focus: { kinds: ['isolate', 'one-way', 'pause'], ...QUIET, topology: { ...SMALL, masters: 5 } },
  },
  {
    name: 'cluster-minority-serves',
    mistake: 'goes on serving where it reaches no majority',
    profile: 'cluster',
    edits: [
      {
        file: 'src/cluster/cluster-state.ts',
        find: 'if (reachable < majorityOf(state)) {',
        replace: 'if (reachable < 0) {',
      },
      {
        file: 'src/cluster/cluster-state.ts',
        find: 'if (node.slotCount > 0 && node.isFailing) return false;',
        replace: '',
      },
    ],
    checkers: ['C9', 'H5'],
    schedules: 30,
    focus: { kinds: ['isolate', 'cut'], knobs: { ...QUIET.knobs, opsPerSecond: 30 }, topology: SMALL },
  },
  {
    name: 'cluster-handover-without-pause',
    mistake: 'goes on writing while it hands over to its replica',
    profile: 'cluster',
    edits: [
      {
        file: 'src/cluster/manual-failover.ts',
        find: 'core.services.pauseWrites(nowMs + LIMIT_MS * PAUSE_FACTOR);',
        replace: 'core.services.resumeWrites();',
      },
    ],
    checkers: ['H4'],
    schedules: 150,
    focus: { kinds: ['cluster-failover'], knobs: { ...QUIET.knobs, opsPerSecond: 200, clients: 4 }, topology: SMALL },
  },
];
