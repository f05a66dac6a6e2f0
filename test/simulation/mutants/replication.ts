/** Masters and replicas with a mistake. */
import type { Mutant } from './mutant.ts';

const STATE = 'src/replication/state.ts';
const BUFFER = 'src/replication/replication-buffer.ts';
const LINK = 'src/replication/replica-link.ts';
const STREAM = 'src/replication/replica-stream.ts';

const LOADED = {
  opsPerSecond: 30,
  clients: 4,
  paranoid: false,
  chunking: 'whole',
  appendOnly: 'off',
  minReplicas: 0,
} as const;
/** Commands come in pieces. */
const TORN = { ...LOADED, chunking: 'random', opsPerSecond: 100 } as const;

export const replicationMutants: readonly Mutant[] = [
  {
    name: 'psync-beyond-the-fork',
    mistake: 'lets a replica of its old history go on from behind the point where the two part',
    profile: 'replication',
    edits: [
      {
        file: STATE,
        find: 'wanted === this.secondId && offset <= this.secondOffset',
        replace: 'wanted === this.secondId',
      },
    ],
    checkers: ['R1', 'R2', 'R4'],
    schedules: 300,
    focus: { knobs: LOADED },
  },
  {
    name: 'psync-one-beyond-the-fork',
    mistake: 'is one byte too generous where two histories part',
    profile: 'replication',
    edits: [
      { file: STATE, find: 'this.secondOffset = this.offset + 1;', replace: 'this.secondOffset = this.offset + 2;' },
    ],
    checkers: ['R4', 'R5'],
    schedules: 30,
    focus: { kinds: ['promote', 'failover'], knobs: LOADED },
  },
  {
    name: 'psync-continues-late',
    mistake: 'leaves out a byte where it goes on with a replica',
    profile: 'replication',
    edits: [
      {
        file: 'src/replication/synchronize.ts',
        find: 'link.reader = state.buffer.reader(offset);',
        replace: 'link.reader = state.buffer.reader(Math.min(offset + 1, state.offset + 1));',
      },
    ],
    checkers: ['R1', 'R4'],
    schedules: 50,
    focus: { kinds: ['isolate', 'flap', 'promote'], knobs: LOADED },
  },
  {
    name: 'psync-outside-backlog',
    mistake: 'goes on with a replica whose bytes it does not have any more',
    profile: 'replication',
    edits: [
      { file: BUFFER, find: 'return offset >= this.firstOffset && offset <=', replace: 'return offset <=' },
      {
        file: BUFFER,
        find: 'this.#place(reader, block, offset - block.offset);',
        replace: 'this.#place(reader, block, Math.max(0, offset - block.offset));',
      },
    ],
    checkers: ['R1', 'R4'],
    schedules: 200,
    focus: {
      kinds: ['isolate', 'pause', 'flap', 'stall'],
      knobs: { ...LOADED, backlogBytes: 16_384, opsPerSecond: 200 },
    },
  },
  {
    name: 'backlog-wrong-byte',
    mistake: 'copies a byte wrong where a block of the backlog ends',
    profile: 'replication',
    edits: [
      {
        file: BUFFER,
        find: 'from += count;\n      this.#advance(last, count);',
        replace: `from += count;
      if (last.used + count === last.bytes.length) last.bytes[last.used + count - 1]! ^= 1;
      this.#advance(last, count);`,
      },
    ],
    checkers: ['R1', 'R3'],
    schedules: 100,
    focus: { kinds: ['isolate', 'flap'], knobs: { ...LOADED, backlogBytes: 16_384, opsPerSecond: 200 } },
  },
  {
    name: 'old-master-heard',
    mistake: 'applies what its old master sends after it follows another one',
    profile: 'replication',
    edits: [
      {
        file: LINK,
        find: '        if (attempt.isOver) return;\n        if (this.#stream !== null) this.#stream.data(chunk);',
        replace: `        if (this.#stream !== null) this.#stream.data(chunk);
        else if (attempt.isOver) return;`,
      },
      {
        file: LINK,
        find: 'if (this.#stream !== null) this.#stream.session.close();\n    else if',
        replace: 'if (this.#stream !== null) this.#onStreamClosed(this.#stream);\n    else if',
      },
    ],
    checkers: ['R1', 'R2'],
    schedules: 200,
    focus: { kinds: ['replicaof', 'promote', 'slow', 'isolate'], knobs: LOADED },
  },
  {
    name: 'goes-on-from-read-offset',
    mistake: 'goes on from what it has read and not applied',
    profile: 'replication',
    edits: [
      {
        file: LINK,
        find: 'const { appliedOffset, database } = stream;',
        replace: 'const { readOffset: appliedOffset, database } = stream;',
      },
    ],
    checkers: ['R1', 'R2', 'R4'],
    schedules: 200,
    focus: { kinds: ['isolate', 'flap', 'rate'], knobs: TORN },
  },
  {
    name: 'acknowledges-read-bytes',
    mistake: 'acknowledges what it has read and not applied',
    profile: 'replication',
    edits: [
      {
        file: STREAM,
        find: "output.bulkArray(['REPLCONF', 'ACK', String(this.appliedOffset)]);",
        replace: "output.bulkArray(['REPLCONF', 'ACK', String(this.readOffset)]);",
      },
    ],
    checkers: ['R2', 'R8'],
    schedules: 20,
    focus: { kinds: ['pause', 'slow', 'rate'], knobs: TORN },
  },
  {
    name: 'passes-on-half-transactions',
    mistake: 'counts the commands of a transaction as applied before EXEC has come',
    profile: 'replication',
    edits: [
      { file: STREAM, find: 'if (!session.has(SESSION.multi)) this.appliedOffset', replace: 'this.appliedOffset' },
    ],
    checkers: ['R1', 'R2', 'R6', 'R7', 'H7'],
    schedules: 300,
    focus: { kinds: ['flap', 'kill', 'restart', 'power-loss', 'rate'], knobs: TORN },
  },
  {
    name: 'wait-counts-the-gone',
    mistake: 'counts a replica for WAIT that is gone, and again when it has come back',
    profile: 'replication',
    edits: [
      {
        file: 'src/replication/links.ts',
        find: 'if (link.isOnline && link.ackOffset >= offset) count++;',
        replace: 'if (link.isOnline && link.ackOffset >= offset) count += link.isRepeated ? 2 : 1;',
      },
      { file: 'src/replication/link.ts', find: 'ackOffset = 0;', replace: 'ackOffset = 0;\n  isRepeated = false;' },
      {
        file: 'src/replication/synchronize.ts',
        find: "link.state = 'online';",
        replace: "link.state = 'online';\n  link.isRepeated = true;",
      },
    ],
    checkers: ['R8'],
    schedules: 300,
    focus: { kinds: ['flap', 'isolate', 'restart', 'pause'], knobs: LOADED },
  },
  {
    name: 'wait-counts-the-asked',
    mistake: 'counts a replica for WAIT that was sent a write and has not acknowledged it',
    profile: 'replication',
    edits: [
      {
        file: 'src/replication/links.ts',
        find: 'if (link.isOnline && link.ackOffset >= offset) count++;',
        replace: 'if (link.isOnline && offset >= 0) count++;',
      },
    ],
    checkers: ['R8'],
    schedules: 30,
    focus: { kinds: ['slow', 'pause', 'isolate'], knobs: LOADED },
  },
  {
    name: 'lag-does-not-count',
    mistake: 'takes a replica for good that has been silent for longer than min-replicas-max-lag',
    profile: 'replication',
    edits: [
      {
        file: 'src/replication/links.ts',
        find: 'link.isOnline && link.lagSeconds(nowMs) <= lagSecondsMax',
        replace: 'link.isOnline && link.lagSeconds(nowMs) <= lagSecondsMax + 1e6',
      },
    ],
    checkers: ['R10'],
    schedules: 100,
    focus: { kinds: ['isolate', 'cut', 'pause'], knobs: { ...LOADED, minReplicas: 1, minReplicasMaxLagSeconds: 2 } },
  },
  {
    name: 'snapshot-names-another-place',
    mistake: 'takes a snapshot for that of a place one byte before',
    profile: 'replication',
    edits: [
      {
        file: LINK,
        find: '} else state.moveTo(place.id, place.offset);',
        replace: '} else state.moveTo(place.id, Math.max(0, place.offset - 1));',
      },
    ],
    checkers: ['R1', 'R2', 'R6'],
    schedules: 20,
    focus: { kinds: ['restart', 'kill'], knobs: LOADED },
  },
  {
    name: 'replies-before-sync',
    mistake: 'replies under appendfsync always before the write is synced',
    profile: 'replication',
    edits: [
      {
        file: 'src/server/persistence/aof-log.ts',
        find: "if (this.#values.appendfsync === 'always') return this.#synced;",
        replace: "if (this.#values.appendfsync === 'always') return this.#written;",
      },
    ],
    checkers: ['H5'],
    schedules: 50,
    focus: { kinds: ['power-loss'], knobs: { ...LOADED, appendOnly: 'always', opsPerSecond: 200 } },
  },
];
