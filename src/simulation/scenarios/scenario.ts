/**
 * Scenarios: schedules that somebody has thought of, with a name, because they show what a topology promises and what it does
 * not. Clients add elements to sets, as Jepsen's first tests of Redis did; when all is over, what is there is read like any
 * client would read it, and held against what was acknowledged. The oracle comes to the same count by another way.
 */
import type { Checker } from '../checker.ts';
import { slotOf } from '../clients/guide.ts';
import { type Operation, Operations } from '../checkers/operations.ts';
import { play } from '../play.ts';
import type { Outcome, PlayOptions, Run } from '../run.ts';
import type { Op, Schedule } from '../schedule.ts';
import { ClusterTopology } from '../topologies/cluster-topology.ts';

export interface Scenario {
  readonly name: string;
  /** What it shows. */
  readonly tells: string;
  readonly schedule: Schedule;
}

export interface ScenarioReport {
  readonly outcome: Outcome;
  /** All that clients did. */
  readonly operations: readonly Operation[];
  /** Elements whose addition was acknowledged. */
  readonly acknowledged: number;
  /** Acknowledged additions of elements that are gone, in order of time. */
  readonly lost: readonly Operation[];
  /** Elements that are there although their clients were not told so. */
  readonly unacknowledged: number;
  /** Milliseconds since the run began at which faults began, and at which all were over. */
  readonly faultsMs: number;
  readonly healedMs: number;
}

export function playScenario({ schedule }: Scenario, options: PlayOptions = {}): ScenarioReport {
  const operations = new Operations();
  const there = new Set<string>();
  const phases = { faults: 0, healed: 0 };
  const reader = (run: Run): Checker => ({
    id: 'reader',
    promise: 'What was acknowledged and is gone is what the oracle finds lost.',
    onEntry: (entry) => {
      if (entry.kind === 'op') operations.take(entry);
      if (entry.kind === 'phase' && (entry.phase === 'faults' || entry.phase === 'healed')) {
        phases[entry.phase] = entry.t;
      }
    },
    atEnd: () => {
      const keys = new Set(additionsOf(operations.all).map(({ words }) => words[1]!));
      for (const key of keys) for (const member of membersOf(run, key)) there.add(member);
    },
  });
  const outcome = play(schedule, { ...options, moreCheckers: [...(options.moreCheckers ?? []), reader] });
  const additions = additionsOf(operations.all);
  const acknowledged = additions.filter((operation) => operation.outcome === 'ok');
  return {
    outcome,
    operations: operations.all,
    acknowledged: acknowledged.length,
    lost: acknowledged.filter(({ words }) => !there.has(words[2]!)),
    unacknowledged: additions.filter(({ outcome: end, words }) => end !== 'ok' && there.has(words[2]!)).length,
    faultsMs: phases.faults,
    healedMs: phases.healed,
  };
}

function additionsOf(operations: readonly Operation[]): Operation[] {
  return operations.filter(({ words }) => words[0] === 'SADD');
}

/** Asks the server that has the key. */
function membersOf({ topology }: Run, key: string): readonly string[] {
  const owner =
    topology instanceof ClusterTopology
      ? topology.nameOfId(topology.state(topology.names[0]!)!.owners[slotOf(key)]!.name)
      : topology.serverNames.find((name) => topology.replication(name)?.isReplica === false)!;
  const reply = topology.call(owner, 'SMEMBERS', key);
  return Array.isArray(reply) ? reply.map(String) : [];
}

/** Sets to which so many elements are added go on under another name, which may belong to another node of a cluster. */
const ELEMENTS_PER_SET = 40;
const SETS = 6;

/** So many additions, one every so often, by each client in turn; behind each, what `then` says. */
export function additions(count: number, everyMs: number, clients: number, then?: Op['op']): Op[] {
  return Array.from({ length: count }, (_, i): Op[] => {
    const client = i % clients;
    const addition: Op = { afterMs: everyMs, client, op: { kind: 'sadd', key: i % SETS } };
    return then === undefined ? [addition] : [addition, { afterMs: 0, client, op: then }];
  }).flat();
}

/** So many additions by one client, one every so often, to sets in turn whose slots are among the first of a cluster. */
export function additionsBelow(slot: number, count: number, everyMs: number, client: number): Op[] {
  const sets: number[] = [];
  for (let key = SETS; sets.length * ELEMENTS_PER_SET < count; key++) if (slotOf(`s:${key}.0`) < slot) sets.push(key);
  return Array.from({ length: count }, (_, i): Op => ({
    afterMs: everyMs,
    client,
    op: { kind: 'sadd', key: sets[i % sets.length]! },
  }));
}

/** @param bits places of nodes, and of clients behind them, on one side of a cut. */
export function maskOf(...bits: readonly number[]): number {
  return bits.reduce((mask, bit) => mask | (1 << bit), 0);
}
