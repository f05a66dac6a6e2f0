/** Sentinels with a mistake. */
import type { Mutant } from './mutant.ts';

const VOTE = 'src/sentinel/vote.ts';
const TILT = 'src/sentinel/tilt.ts';

/** What sentinels do does not depend on clients. */
const SMALL = { replicas: 2, sentinels: 3, downAfterMs: 1000, failoverTimeoutMs: 3000 };
const QUIET = {
  knobs: { opsPerSecond: 0, clients: 1, paranoid: false, chunking: 'whole', appendOnly: 'off', minReplicas: 0 },
  topology: SMALL,
} as const;

export const sentinelMutants: readonly Mutant[] = [
  {
    name: 'sentinel-unsynced-vote',
    mistake: 'answers first and writes its vote down a moment later',
    profile: 'sentinel',
    edits: [
      {
        file: 'src/sentinel/sentinel.ts',
        find: 'if (this.#needsSave) this.flushConfig();\n    for (const wire',
        replace: `if (this.#needsSave) {
      this.#needsSave = false;
      this.#ports.host.timers.after(400, () => void (this.#isStopped || this.flushConfig()));
    }
    for (const wire`,
      },
    ],
    checkers: ['S1', 'S2', 'S5'],
    schedules: 200,
    focus: { kinds: ['on-event', 'kill', 'power-loss'], ...QUIET },
  },
  {
    name: 'sentinel-votes-of-any-epoch',
    mistake: 'counts votes that were given in other epochs',
    profile: 'sentinel',
    edits: [
      {
        file: VOTE,
        find: 'leader !== null && leaderEpoch === epoch) counts',
        replace: 'leader !== null) counts',
      },
    ],
    checkers: ['S2', 'S3'],
    schedules: 100,
    focus: { kinds: ['slow', 'stall', 'cut', 'isolate', 'kill', 'on-event'], ...QUIET },
  },
  {
    name: 'sentinel-majority-of-reachable',
    mistake: 'needs a majority of those only whom it reaches',
    profile: 'sentinel',
    edits: [
      {
        file: VOTE,
        find: 'return Math.max(Math.floor((master.sentinels.size + 1) / 2) + 1, master.quorum);',
        replace: `const reachable = [...master.sentinels.values()].filter((sentinel) => !sentinel.isDown).length;
  return Math.floor((reachable + 1) / 2) + 1;`,
      },
    ],
    checkers: ['S2', 'S3', 'S8'],
    schedules: 50,
    focus: { kinds: ['cut', 'isolate', 'kill-majority'], ...QUIET },
  },
  {
    name: 'sentinel-quorum-is-enough',
    mistake: 'is elected by a quorum that is no majority',
    profile: 'sentinel',
    edits: [
      {
        file: VOTE,
        find: 'return Math.max(Math.floor((master.sentinels.size + 1) / 2) + 1, master.quorum);',
        replace: 'return master.quorum;',
      },
    ],
    checkers: ['S2', 'S3', 'S8'],
    schedules: 50,
    focus: { kinds: ['cut', 'isolate', 'kill'], ...QUIET, topology: { ...SMALL, belowMajority: 1 } },
  },
  {
    name: 'sentinel-votes-twice',
    mistake: 'votes a second time in an epoch',
    profile: 'sentinel',
    edits: [
      { file: VOTE, find: 'master.leaderEpoch < epoch && state', replace: 'master.leaderEpoch <= epoch && state' },
    ],
    checkers: ['S1', 'S2'],
    schedules: 50,
    focus: { kinds: ['kill', 'isolate', 'slow', 'on-event'], ...QUIET, topology: { ...SMALL, sentinels: 5 } },
  },
  {
    name: 'sentinel-takes-old-configuration',
    mistake: 'takes over configurations that are older than its own',
    profile: 'sentinel',
    edits: [
      {
        file: 'src/sentinel/hello.ts',
        find: 'if (master.configEpoch < hello.configEpoch) take',
        replace: 'if (master.configEpoch !== hello.configEpoch) take',
      },
    ],
    checkers: ['S4', 'S5', 'S10', 'agreement'],
    schedules: 50,
    focus: { kinds: ['kill', 'isolate', 'cut', 'pause'], ...QUIET },
  },
  {
    name: 'sentinel-misses-clock-ahead',
    mistake: 'does not notice a clock that leaps ahead, as one that reads a monotonic clock would not',
    profile: 'sentinel',
    edits: [
      { file: TILT, find: 'if (elapsed < 0 || elapsed > state.periods.tiltTrigger) {', replace: 'if (elapsed < 0) {' },
    ],
    checkers: ['S6'],
    schedules: 30,
    focus: { kinds: ['clock-jump', 'pause'], ...QUIET },
  },
  {
    name: 'sentinel-misses-clock-back',
    mistake: 'does not notice a clock that goes back',
    profile: 'sentinel',
    edits: [
      {
        file: TILT,
        find: 'if (elapsed < 0 || elapsed > state.periods.tiltTrigger) {',
        replace: 'if (elapsed > state.periods.tiltTrigger) {',
      },
    ],
    checkers: ['S6'],
    schedules: 30,
    focus: { kinds: ['clock-jump'], ...QUIET },
  },
  {
    name: 'sentinel-acts-in-tilt',
    mistake: 'acts although it cannot trust its clock',
    profile: 'sentinel',
    edits: [{ file: 'src/sentinel/tick.ts', find: 'if (isTilted(machine)) return;', replace: 'isTilted(machine);' }],
    checkers: ['S6'],
    schedules: 30,
    focus: { kinds: ['clock-jump', 'kill', 'isolate'], ...QUIET },
  },
  {
    name: 'sentinel-ignores-offset',
    mistake: 'chooses a replica whatever it has received',
    profile: 'sentinel',
    edits: [
      {
        file: 'src/sentinel/select-replica.ts',
        find: 'if (a.slaveReplOffset !== b.slaveReplOffset) return a.slaveReplOffset > b.slaveReplOffset ? -1 : 1;',
        replace: '',
      },
    ],
    checkers: ['S9', 'H4'],
    schedules: 50,
    focus: {
      kinds: ['isolate', 'kill', 'pause', 'slow'],
      knobs: { ...QUIET.knobs, opsPerSecond: 30 },
      topology: { ...SMALL, replicas: 3 },
    },
  },
  {
    name: 'sentinel-odown-alone',
    mistake: 'takes the master for objectively down when it alone sees it down',
    profile: 'sentinel',
    edits: [
      {
        file: 'src/sentinel/down.ts',
        find: 'agreeing > 0 && agreeing >= master.quorum',
        replace: 'agreeing > 0',
      },
    ],
    checkers: ['S7'],
    schedules: 30,
    focus: { kinds: ['isolate', 'one-way', 'kill', 'pause'], ...QUIET },
  },
  {
    name: 'sentinel-stale-odown',
    mistake: 'never forgets that another one saw the master down',
    profile: 'sentinel',
    edits: [
      {
        file: 'src/sentinel/down.ts',
        find: 'if (elapsed > askPeriod * STALE_ASK_PERIODS) {',
        replace: 'if (elapsed > askPeriod * STALE_ASK_PERIODS * 1e6) {',
      },
    ],
    checkers: ['S7', 'S3'],
    schedules: 300,
    focus: { kinds: ['isolate', 'one-way', 'flap', 'kill', 'kill-majority'], ...QUIET },
  },
  {
    name: 'sentinel-forgets-epoch',
    mistake: 'does not write down the epoch of its configuration',
    profile: 'sentinel',
    edits: [
      {
        file: 'src/sentinel/config/lines.ts',
        find: "own('config-epoch', master.configEpoch)",
        replace: "own('config-epoch', 0)",
      },
    ],
    checkers: ['S4', 'S5'],
    schedules: 50,
    focus: { kinds: ['kill', 'power-loss', 'rolling', 'restart'], ...QUIET },
  },
];
