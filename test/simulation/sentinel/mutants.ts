/**
 * Sentinels with a mistake. A simulation that does not find these would not find real ones: each has a number of schedules
 * within which it must be found.
 *
 * The mistakes are made from outside, by what a sentinel is given: its disk, or its state between two turns.
 */
import type { Disk, DiskFile } from '../../../src/host/host.ts';
import type { Sentinel } from '../../../src/sentinel/sentinel.ts';
import { FLAG } from '../../../src/sentinel/state.ts';
import type { FaultKind } from './schedule.ts';
import { MASTER_NAME } from './sentinel-set.ts';

export interface Mutant {
  readonly name: string;
  /** The faults that bring it to light. */
  readonly kinds: readonly FaultKind[];
  /** What the checkers say. */
  readonly found: RegExp;
  readonly disk?: (disk: Disk) => Disk;
  readonly afterTurn?: (sentinel: Sentinel) => void;
}

export const mutants: readonly Mutant[] = [
  {
    name: 'answers before its vote is on disk',
    kinds: ['power-loss', 'on-event', 'kill'],
    found: /voted in epoch|two leaders|epoch of .* went from/,
    disk: withoutSync,
  },
  {
    name: 'needs a majority of those only that it reaches',
    kinds: ['cut', 'isolate'],
    found: /votes of|two leaders/,
    afterTurn({ state }) {
      const master = state.masters.get(MASTER_NAME);
      for (const [id, peer] of master?.sentinels ?? []) if (peer.has(FLAG.sDown)) master!.sentinels.delete(id);
      if (master !== undefined) master.quorum = 1;
    },
  },
  {
    name: 'trusts its clock',
    kinds: ['clock-jump', 'pause'],
    found: /is not in TILT/,
    afterTurn({ state }) {
      state.periods.tiltTrigger = Infinity;
    },
  },
  {
    name: 'chooses a replica whatever it has received',
    kinds: ['isolate', 'kill', 'pause'],
    found: /is better/,
    afterTurn({ state }) {
      for (const replica of state.masters.get(MASTER_NAME)?.replicas.values() ?? []) replica.slaveReplOffset = 0n;
    },
  },
];

/** Syncs nothing, and says that it did. */
function withoutSync(disk: Disk): Disk {
  return {
    read: (path) => disk.read(path),
    stat: (path) => disk.stat(path),
    list: (directory) => disk.list(directory),
    makeDirectory: (path) => disk.makeDirectory(path),
    rename: (from, to) => disk.rename(from, to),
    unlink: (path) => disk.unlink(path),
    syncDirectory: () => {},
    open: (path, mode) => fileWithoutSync(disk.open(path, mode)),
    claim: (path) => disk.claim(path),
  };
}

function fileWithoutSync(file: DiskFile): DiskFile {
  return {
    path: file.path,
    get sizeBytes() {
      return file.sizeBytes;
    },
    append: (bytes, done) => file.append(bytes, done),
    sync: (done) => done(null),
    appendNow: (bytes) => file.appendNow(bytes),
    syncNow: () => {},
    read: (position, length) => file.read(position, length),
    truncate: (sizeBytes) => file.truncate(sizeBytes),
    close: () => file.close(),
  };
}
