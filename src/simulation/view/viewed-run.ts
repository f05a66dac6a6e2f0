/** What the page of a run is made of: the history, and what is known of the run as a whole. */
import type { Violation } from '../checker.ts';
import type { HistoryEntry } from '../history.ts';
import type { LostWrite, Outcome } from '../run.ts';
import type { Schedule, TopologySpec } from '../schedule.ts';

export interface ViewedRun {
  readonly title: string;
  readonly subtitle: string;
  readonly violation: Violation | null;
  readonly lost: readonly LostWrite[];
  /** Beside the verdict, as label and value. */
  readonly figures: readonly (readonly [string, string])[];
  readonly entries: readonly HistoryEntry[];
}

export function viewOfOutcome(outcome: Outcome, schedule: Schedule): ViewedRun {
  const { topology, seed, steps } = schedule;
  const faults = steps.length === 1 ? '1 fault' : `${steps.length} faults`;
  return {
    title: describeTopology(topology),
    subtitle: `seed ${seed}, ${faults}`,
    violation: outcome.violation,
    lost: outcome.lost,
    figures: [
      ['simulated', seconds(outcome.simulatedMs)],
      ...(outcome.violation === null ? [['agreed after', seconds(outcome.recoveryMs)] as const] : []),
      ['lost writes', String(outcome.lost.length)],
      ['trace', (outcome.traceHash >>> 0).toString(16).padStart(8, '0')],
    ],
    entries: outcome.history.entries,
  };
}

/** Of a history alone, such as one of real processes. */
export function viewOfHistory(entries: readonly HistoryEntry[]): ViewedRun {
  const check = entries.find((entry) => entry.kind === 'check');
  return {
    title: 'A recorded run',
    subtitle: `${entries.length} entries`,
    violation: check?.kind === 'check' ? { checker: check.checker, text: check.text } : null,
    lost: [],
    figures: [['lasted', seconds(entries.at(-1)?.t ?? 0)]],
    entries,
  };
}

function describeTopology(topology: TopologySpec): string {
  switch (topology.kind) {
    case 'replication':
      return `A master and ${count(topology.replicas, 'replica')}${topology.chained ? ', chained' : ''}`;
    case 'sentinel': {
      const { replicas, sentinels } = topology;
      return `A master, ${count(replicas, 'replica')} and ${count(sentinels, 'sentinel')}`;
    }
    case 'cluster': {
      const { masters, replicas } = topology;
      return `A cluster of ${count(masters, 'master')}, each with ${count(replicas, 'replica')}`;
    }
  }
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
