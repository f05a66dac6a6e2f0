/** What a run is to those who take part in it: topologies, faults, clients and checkers. */
import type { Random } from '../core/random.ts';
import type { World } from '../sim/world.ts';
import type { Counts, MakeChecker, Violation } from './checker.ts';
import type { History, RunPhase } from './history.ts';
import type { ClientOp, Schedule } from './schedule.ts';
import type { SimTopology } from './topologies/topology.ts';

export interface Run {
  readonly schedule: Schedule;
  readonly world: World;
  readonly topology: SimTopology;
  readonly history: History;
  readonly phase: RunPhase;
  /** What happened that is worth reaching. */
  readonly coverage: Counts;
  /** How often which exemption was made use of. */
  readonly exemptions: Counts;
  /** The first violation, which ends the run. */
  readonly violation: Violation | null;
  /** Writes that were acknowledged and are gone, as whoever judges data found at the end. */
  readonly lost: LostWrite[];
  /** Dice of their own for whoever asks; the same label gives the same dice. */
  random(label: string): Random;
  fail(checker: string, text: string): void;
}

/** What clients do. Made for each run; its clients are nodes of the world, client0 and so on. */
export interface Workload {
  /** Faults begin: so may the load that the knobs ask for. */
  begin(): void;
  /** Lets a client do something, now. What it does while it still waits for a reply, is up to the workload. */
  perform(client: number, op: ClientOp): void;
  /** No more load. Called when faults are over; operations that are under way may end. */
  end(): void;
  /** Operations that have no outcome yet. */
  readonly pending: number;
}

export type MakeWorkload = (run: Run) => Workload;

export interface LostWrite {
  readonly client: string;
  readonly op: number;
  readonly words: readonly string[];
  /** Why it is gone, or that nobody knows. */
  readonly reason: string;
}

export interface PlayOptions {
  /** `all` keeps the whole history, with messages. */
  readonly keep?: 'ring' | 'all';
  /** By default, all that belong to the topology. */
  readonly checkers?: readonly MakeChecker[];
  /** Beside the usual ones, or those of `checkers`. */
  readonly moreCheckers?: readonly MakeChecker[];
  /** By default, that of workload.ts. */
  readonly workload?: MakeWorkload;
  /** Called when everything is made and nothing has happened yet. */
  readonly observe?: (run: Run) => void;
}

export interface Outcome {
  readonly violation: Violation | null;
  readonly simulatedMs: number;
  /** Time from the end of all faults until all agreed. */
  readonly recoveryMs: number;
  readonly traceHash: number;
  /** Events of the world that were run. */
  readonly events: number;
  readonly coverage: ReadonlyMap<string, number>;
  readonly exemptions: ReadonlyMap<string, number>;
  readonly history: History;
  readonly lost: readonly LostWrite[];
}
