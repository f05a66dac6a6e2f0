/**
 * Who descends from whom: the tree of all histories that the dataset of a replication group has had in a run.
 *
 * A branch is what Redis names by a replication id: a log of bytes that begins at an offset. It grows out of another
 * branch at a place (a replica was promoted there, a master began to keep its stream there), or out of nothing (an empty
 * server). What a server changes before anybody follows it is in no stream; it goes to a branch without a replication id.
 *
 * A place is a branch and an offset in it. The path to a place is what somebody there has executed, byte for byte, since
 * the dataset was empty. So "has this replica that write" and "is this write lost" are no estimates: either the end of
 * the write is on the path or it is not.
 *
 * Nodes are not asked for any of this; whoever watches their streams (witness.ts) tells the lineage what it sees.
 */
import { lowerBound } from '../lower-bound.ts';
import { readCommands, type StreamCommand } from './stream-commands.ts';

/** How a branch came to be. */
export type Birth =
  /** A server without data. */
  | 'empty'
  /** The first replica came, or DEBUG CHANGE-REPL-ID: a new id for what is there. */
  | 'new-id'
  /** A replica became a master. */
  | 'promotion'
  /** A server found its data in files. */
  | 'restart'
  /** A master changes data that nobody follows. */
  | 'unfollowed'
  /** Nobody has seen where it comes from. */
  | 'unknown';

export interface Place {
  readonly branch: Branch;
  /** Number of the last byte before the place. */
  readonly offset: number;
}

export interface BranchOrigin {
  readonly birth: Birth;
  /** Node on which it came to be. */
  readonly node: string;
  readonly timeMs: number;
  readonly parent: Place | null;
}

/** What a stretch of a path consists of: the bytes after `from`, up to and including `to`. */
export interface Stretch {
  readonly branch: Branch;
  readonly from: number;
  readonly to: number;
}

const FIRST_CAPACITY = 1024;

export class Branch {
  readonly name: string;
  readonly origin: BranchOrigin;
  /** Offset before its first byte. */
  readonly start: number;
  #bytes: Buffer = Buffer.alloc(FIRST_CAPACITY);
  #length = 0;
  /** What has been read of it, up to `#readTo`. */
  readonly #commands: StreamCommand[] = [];
  #readTo: number;

  constructor(name: string, start: number, origin: BranchOrigin) {
    this.name = name;
    this.start = start;
    this.origin = origin;
    this.#readTo = start;
  }

  get end(): number {
    return this.start + this.#length;
  }

  get tip(): Place {
    return { branch: this, offset: this.end };
  }

  /** The bytes after `from`, up to and including `to`. Valid until the branch grows. */
  bytes(from = this.start, to = this.end): Buffer {
    return this.#bytes.subarray(Math.max(0, from - this.start), Math.max(0, to - this.start));
  }

  /** All commands that are whole; each is read once. */
  get commands(): readonly StreamCommand[] {
    if (this.#readTo < this.end) {
      for (const command of readCommands(this.bytes(this.#readTo), this.#readTo)) this.#commands.push(command);
      this.#readTo = this.#commands.at(-1)?.end ?? this.start;
    }
    return this.#commands;
  }

  /** The commands that end after `from`, and not after `to`. */
  commandsIn(from: number, to: number): readonly StreamCommand[] {
    const { commands } = this;
    const countTo = (offset: number): number => lowerBound(commands.length, (at) => commands[at]!.end > offset);
    return commands.slice(countTo(from), countTo(to));
  }

  append(source: Uint8Array, from = 0, to = source.length): void {
    const length = this.#length + to - from;
    if (length > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(length, 2 * this.#bytes.length));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#bytes.set(source.subarray(from, to), this.#length);
    this.#length = length;
  }

  /**
   * Compares bytes that somebody has behind an offset with what is known of them.
   * @returns the offset of the first byte that differs, or that nobody has written; 0 if there is none.
   */
  firstDifference(offset: number, source: Uint8Array, from = 0, to = source.length): number {
    const at = offset - this.start;
    const known = Math.min(to - from, this.#length - at);
    if (at < 0) return offset + 1;
    for (let i = 0; i < known; i++) if (this.#bytes[at + i] !== source[from + i]) return offset + i + 1;
    return known < to - from ? offset + Math.max(0, known) + 1 : 0;
  }
}

export class Lineage {
  readonly #branches = new Map<string, Branch>();
  #unnamed = 0;

  get branches(): IterableIterator<Branch> {
    return this.#branches.values();
  }

  find(id: string): Branch | null {
    return this.#branches.get(id) ?? null;
  }

  /** @param name the replication id; a branch without one gets a name of its own. */
  add(name: string | null, start: number, origin: BranchOrigin): Branch {
    const branch = new Branch(name ?? `${origin.node}#${++this.#unnamed}`, start, origin);
    this.#branches.set(branch.name, branch);
    return branch;
  }

  /** Whether whoever is at `place` has executed everything up to `point`. */
  covers(place: Place, point: Place): boolean {
    const { branch, offset } = canonical(point);
    for (let at: Place | null = place; at !== null; at = at.branch.origin.parent) {
      if (at.branch === branch) return offset <= at.offset;
    }
    // Nothing was executed yet at the beginning of a branch without a parent.
    return false;
  }

  /** Whether two places stand for the same dataset. */
  isSame(a: Place, b: Place): boolean {
    const [first, second] = [canonical(a), canonical(b)];
    return first.branch === second.branch && first.offset === second.offset;
  }

  /** What leads to a place, from the beginning. */
  path(place: Place): Stretch[] {
    const stretches: Stretch[] = [];
    for (let at: Place | null = place; at !== null; at = at.branch.origin.parent) {
      stretches.unshift({ branch: at.branch, from: at.branch.start, to: at.offset });
    }
    return stretches;
  }

  /** The place at which the ways to two places part; null if they have nothing in common. */
  fork(a: Place, b: Place): Place | null {
    const onWay = new Map(this.path(a).map(({ branch, to }) => [branch, to]));
    for (let at: Place | null = b; at !== null; at = at.branch.origin.parent) {
      const to = onWay.get(at.branch);
      if (to !== undefined) return { branch: at.branch, offset: Math.min(to, at.offset) };
    }
    return null;
  }
}

/** The beginning of a branch is the place that it grew out of. */
function canonical(place: Place): Place {
  let at = place;
  while (at.offset === at.branch.start && at.branch.origin.parent !== null) at = at.branch.origin.parent;
  return at;
}

/** For people: `3fa0…:1234`. */
export function formatPlace({ branch, offset }: Place): string {
  const name = branch.name.includes('#') ? branch.name : `${branch.name.slice(0, 8)}…`;
  return `${name}:${offset}`;
}
