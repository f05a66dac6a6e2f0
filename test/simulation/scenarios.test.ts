/** The scenarios: what each tells must be so, and what clients miss must be what the oracle finds lost. */
import { describe, expect, it } from 'vitest';
import type { EntryOf, FactKind } from '../../src/simulation/history.ts';
import { scenarios } from '../../src/simulation/scenarios/all.ts';
import { lastFailoverWins, minorityWindow, replicaMigration } from '../../src/simulation/scenarios/of-clusters.ts';
import {
  oneReplicaAtLeast,
  pairWithLowQuorum,
  sentinelPartition,
  twoReplicasAtLeast,
  waitUnderPartition,
} from '../../src/simulation/scenarios/of-sentinels.ts';
import { playScenario, type Scenario, type ScenarioReport } from '../../src/simulation/scenarios/scenario.ts';

const TIMEOUT_MS = 120_000;

/** Plays it, and counts lost writes in two ways. */
function played(scenario: Scenario): ScenarioReport {
  const report = playScenario(scenario);
  expect(report.outcome.violation).toBeNull();
  const ids = (list: readonly { words: readonly string[] }[]): string[] =>
    list.map(({ words }) => words[2]!).toSorted();
  expect(ids(report.lost)).toEqual(ids(report.outcome.lost));
  return report;
}

function lossOf({ lost, acknowledged }: ScenarioReport): number {
  return lost.length / acknowledged;
}

function entriesOf<K extends FactKind>({ outcome }: ScenarioReport, kind: K): EntryOf<K>[] {
  return outcome.history.entries.filter((entry): entry is EntryOf<K> => entry.kind === kind);
}

function cutAtMs(report: ScenarioReport): number {
  return entriesOf(report, 'fault')[0]!.t;
}

describe('a partition of masters and sentinels', { timeout: TIMEOUT_MS }, () => {
  it('loses what the minority has acknowledged, as Jepsen found in 2013', () => {
    const report = played(sentinelPartition);
    expect(report.acknowledged).toBeGreaterThan(1900);
    expect(lossOf(report)).toBeGreaterThan(0.3);
    expect(lossOf(report)).toBeLessThan(0.7);
    expect(report.lost.every(({ at }) => at === 'redis0')).toBe(true);
    expect(report.outcome.lost.every(({ reason }) => /was promoted at .* and did not have it/.test(reason))).toBe(true);
  });

  it('loses nothing where there is no partition', () => {
    const { schedule } = sentinelPartition;
    const report = played({ ...sentinelPartition, schedule: { ...schedule, steps: [], tailMs: 100_000 } });
    expect(report.acknowledged).toBeGreaterThan(1900);
    expect(report.lost).toEqual([]);
  });

  it('loses as much with min-replicas-to-write 1, since a replica is with the master', () => {
    expect(lossOf(played(oneReplicaAtLeast))).toBeGreaterThan(0.3);
  });

  it('loses little with min-replicas-to-write 2, and nothing that was written later than the lag and a second', () => {
    const report = played(twoReplicasAtLeast);
    const lagMs = twoReplicasAtLeast.schedule.knobs.minReplicasMaxLagSeconds * 1000;
    // Acknowledgements come once a second, seconds are whole, and the master looks at them once a second.
    const closedMs = cutAtMs(report) + lagMs + 2000;
    expect(report.lost.length).toBeGreaterThan(0);
    expect(report.lost.every(({ start }) => start < closedMs)).toBe(true);
    expect(lossOf(report)).toBeLessThan(0.05);
  });

  it('loses what WAIT has seen on one replica, and nothing that two had', () => {
    const report = played(waitUnderPartition);
    const { operations } = report;
    const waited = new Map<string, number>();
    for (const [i, { words, client }] of operations.entries()) {
      if (words[0] !== 'SADD') continue;
      const next = operations.slice(i + 1).find((other) => other.client === client);
      if (next?.words[0] === 'WAIT' && next.outcome === 'ok') waited.set(words[2]!, next.reply as number);
    }
    expect(lossOf(report)).toBeGreaterThan(0.3);
    const answers = new Set(report.lost.map(({ words }) => waited.get(words[2]!)));
    expect(answers).toEqual(new Set([1]));
    expect([...waited.values()].filter((count) => count >= 2).length).toBeGreaterThan(100);
  });
});

it('a pair of machines with quorum 1 is never failed over', { timeout: TIMEOUT_MS }, () => {
  const report = played(pairWithLowQuorum);
  const { coverage } = report.outcome;
  expect(coverage.get('+odown')).toBeGreaterThan(0);
  expect(coverage.get('-failover-abort-not-elected')).toBeGreaterThan(1);
  expect(coverage.has('+elected-leader')).toBe(false);
  const outage = entriesOf(report, 'fault')[0]!;
  const during = report.operations.filter(({ start, end }) => start > outage.t && end < outage.untilMs!);
  expect(during.length).toBeGreaterThan(20);
  expect(during.filter(({ outcome }) => outcome === 'ok')).toEqual([]);
  expect(report.lost).toEqual([]);
});

describe('a cluster', { timeout: TIMEOUT_MS }, () => {
  it('loses what a master takes in a minority, for one and a half node timeouts', () => {
    const report = played(minorityWindow);
    const { topology } = minorityWindow.schedule;
    const nodeTimeoutMs = topology.kind === 'cluster' ? topology.nodeTimeoutMs : 0;
    expect(report.lost.length).toBeGreaterThan(10);
    const cutMs = cutAtMs(report);
    expect(report.lost.every(({ at, end }) => at === 'node0' && end > cutMs)).toBe(true);
    expect(Math.max(...report.lost.map(({ end }) => end))).toBeLessThan(cutMs + 1.5 * nodeTimeoutMs + 200);
  });

  it('follows the last failover, and gives up the data of the one before', () => {
    const report = played(lastFailoverWins);
    const promoted = entriesOf(report, 'event').filter(({ event }) => event === 'promoted');
    expect(promoted.map(({ node }) => node)).toEqual(['node6', 'node3', 'node0']);
    const slots = entriesOf(report, 'slots').filter(({ node }) => node === 'node0');
    expect(slots.at(-1)!.slots).toEqual([[0, 5460]]);
    expect(report.lost.length).toBeGreaterThan(10);
    expect(new Set(report.lost.map(({ at }) => at))).toEqual(new Set(['node6']));
  });

  it('gives a master without replicas one of another master, which replaces it', () => {
    const report = played(replicaMigration);
    const roles = entriesOf(report, 'role').filter(({ node }) => !['node0', 'node3', 'node6'].includes(node));
    const migrant = roles.find(({ of }) => of === 'node0')!.node;
    expect(roles.some(({ node, role }) => node === migrant && role === 'master')).toBe(true);
    expect(report.acknowledged).toBeGreaterThan(1000);
    expect(report.lost).toEqual([]);
  });
});

it('scenarios have names of their own', () => {
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
});
