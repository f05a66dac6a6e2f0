/**
 * What became of each write: where in the lineage it was executed, and whether the way to where its key is now leads past
 * there. So the number of lost writes is exact, and each has its cause: the branch that was taken instead.
 */
import type { Operation } from '../checkers/operations.ts';
import { commandsOf } from '../checkers/operations.ts';
import { slotOf } from '../clients/guide.ts';
import type { Run } from '../run.ts';
import { ClusterTopology } from '../topologies/cluster-topology.ts';
import type { Branch, Place } from './lineage.ts';
import type { Witness } from './witness.ts';

const WRITES = new Set(['SET', 'INCRBY', 'RPUSH', 'SADD', 'DEL', 'MULTI']);
const VALUE = /^(?:\{.*\})?v(\d+)(?:\.\d+)?$/;

export function isWrite({ words }: Operation): boolean {
  return WRITES.has(words[0]!);
}

/** Whether the operation, which was answered, has changed nothing: a key was deleted that was not there. */
export function isWithoutEffect({ words, reply }: Operation): boolean {
  return words[0] === 'DEL' && reply === 0;
}

/** Places at which operations were executed, by their numbers. One that was executed as a whole has one place. */
export class Executions {
  readonly #places = new Map<number, Place[]>();
  /** How many commands of each were executed together. */
  readonly #commands = new Map<number, number>();

  constructor(branches: Iterable<Branch>) {
    for (const branch of branches) this.#read(branch);
  }

  #read(branch: Branch): void {
    /** Within a transaction, the operation that the last command belongs to. */
    let within = -1;
    for (const { words, end } of branch.commands) {
      const name = words[0]!.toUpperCase();
      if (name === 'MULTI') within = 0;
      else if (name === 'EXEC') within = -1;
      const id = idOf(name, words);
      if (id === null) continue;
      // What counts of a transaction is where its last command ends.
      if (id === within) this.#places.get(id)!.pop();
      this.#commands.set(id, id === within ? this.#commands.get(id)! + 1 : 1);
      if (within >= 0) within = id;
      const list = this.#places.get(id);
      const place = { branch, offset: end };
      if (list === undefined) this.#places.set(id, [place]);
      else list.push(place);
    }
  }

  of(id: number): readonly Place[] {
    return this.#places.get(id) ?? [];
  }

  /** How many commands of a transaction were executed in one piece. */
  commandsOf(id: number): number {
    return this.#commands.get(id) ?? 0;
  }
}

function idOf(name: string, words: readonly string[]): number | null {
  if (name === 'INCRBY') return words[1]!.startsWith('n:') ? Number(words[2]) : null;
  if (name !== 'SET' && name !== 'RPUSH' && name !== 'SADD' && name !== 'DEL') return null;
  const digits = VALUE.exec(words[2] ?? '')?.[1];
  return digits === undefined ? null : Number(digits);
}

export type Fate =
  | { readonly kind: 'kept' }
  /** Nobody has ever executed it. */
  | { readonly kind: 'unexecuted' }
  /** The slot of its key has another owner now, and was without keys when it moved. */
  | { readonly kind: 'moved' }
  | Lost;

export interface Lost {
  readonly kind: 'lost';
  readonly place: Place;
  readonly reason: string;
  readonly isExplained: boolean;
  /** The branch that was taken instead; null if its master has been set back, or has nothing in common with it. */
  readonly taken: Branch | null;
  /** The branch by which its writer itself had left the way on which both were once; null if it had stayed there. */
  readonly left: Branch | null;
}

/** Judges a run that is over: all stand still, and all are of one mind. */
export class Fates {
  readonly executions: Executions;
  readonly #run: Run;
  readonly #witness: Witness;
  readonly #masters: readonly string[];
  /** By the numbers of operations. */
  readonly #known = new Map<number, Fate>();

  constructor(run: Run, witness: Witness) {
    this.#run = run;
    this.#witness = witness;
    this.executions = new Executions(witness.lineage.branches);
    const { topology } = run;
    this.#masters = topology.serverNames.filter((name) => topology.replication(name)?.isReplica === false);
  }

  /** Where the key is now. */
  home(key: string): Place | null {
    const { topology } = this.#run;
    if (!(topology instanceof ClusterTopology)) return this.#witness.of(this.#masters[0] ?? '')?.place ?? null;
    const owner = topology.state(topology.names[0]!)?.owners[slotOf(key)];
    return owner === undefined || owner === null
      ? null
      : (this.#witness.of(topology.nameOfId(owner.name))?.place ?? null);
  }

  of(operation: Operation): Fate {
    let fate = this.#known.get(operation.id);
    if (fate === undefined) this.#known.set(operation.id, (fate = this.#find(operation)));
    return fate;
  }

  #find(operation: Operation): Fate {
    const { lineage } = this.#witness;
    const place = this.executions.of(operation.id).at(-1);
    if (place === undefined) return { kind: 'unexecuted' };
    const home = this.home(commandsOf(operation.words)[0]![1]!);
    if (home === null) {
      return { kind: 'lost', place, reason: 'nobody has its key', isExplained: false, taken: null, left: null };
    }
    if (lineage.covers(home, place)) return { kind: 'kept' };
    const isElsewhere = this.#masters.some((name) => {
      const other = this.#witness.of(name)?.place ?? null;
      return other !== null && lineage.covers(other, place);
    });
    return isElsewhere ? { kind: 'moved' } : this.#loss(home, place);
  }

  /** Which way was taken instead; of two turns, the later one made the difference. */
  #loss(home: Place, place: Place): Fate {
    const taken = this.#decision(home, place);
    const left = this.#decision(place, home);
    const first = taken ?? left;
    if (first === null) {
      const isExplained = this.#wasSetBack(home, place);
      return { kind: 'lost', place, reason: 'its master stands before it', isExplained, taken, left };
    }
    const reason =
      left !== null && left.origin.timeMs >= first.origin.timeMs
        ? `${describeBirth(left)}, and that way was given up`
        : `${describeBirth(first)} and did not have it`;
    return { kind: 'lost', place, reason, isExplained: first.origin.birth !== 'unknown', taken, left };
  }

  /** The first turn on the way to a place, after it has left the way to another one. */
  #decision(place: Place, other: Place): Branch | null {
    const { lineage } = this.#witness;
    const fork = lineage.fork(place, other);
    const path = lineage.path(place);
    const at = fork === null ? 0 : path.findIndex(({ branch }) => branch === fork.branch) + 1;
    return path.slice(at).find(({ branch }) => isDecision(branch))?.branch ?? null;
  }

  #wasSetBack(home: Place, place: Place): boolean {
    const { lineage } = this.#witness;
    return [...this.#witness.all].some(({ leaps }) =>
      leaps.some(
        ({ why, before, after }) =>
          why === 'restart' && before !== null && lineage.covers(before, place) && lineage.covers(home, after),
      ),
    );
  }
}

function describeBirth({ origin: { birth, node, timeMs } }: Branch): string {
  const verbs: Readonly<Record<string, string>> = {
    promotion: 'was promoted',
    restart: 'came back with files',
    empty: 'came back empty',
    unknown: 'came from nobody knows where',
  };
  return `${node} ${verbs[birth]} at ${(timeMs / 1000).toFixed(3)} s`;
}

/** Whether a branch began because something happened to the data, and not only to its name. */
function isDecision({ origin: { birth } }: Branch): boolean {
  return birth === 'promotion' || birth === 'restart' || birth === 'empty' || birth === 'unknown';
}
