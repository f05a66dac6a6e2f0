/**
 * Checkers of histories, held against redis-server itself: what it does while processes are killed and paused is recorded in
 * the form of simulated histories, and nothing of it may count as a broken promise. So no checker asks for more than Redis
 * gives.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Era, historyProblems } from '../../src/simulation/checkers/history.ts';
import { type Operation, Operations } from '../../src/simulation/checkers/operations.ts';
import type { History } from '../../src/simulation/history.ts';
import { FIXED_SEED } from '../support/fixed-seed.ts';
import { describeWith } from '../support/requires.ts';
import {
  RecordedCluster,
  RecordedReplication,
  RecordedSentinels,
  type RecordedTopology,
} from './recorded/recorded-topology.ts';

const TIMEOUT_MS = 240_000;
/** Operations that make a test of a span of time. */
const MANY = 40;

describeWith('redis-server', 'a recorded history of redis-server', () => {
  it(
    'is linearizable where no master changes, though servers are killed and paused',
    async () => {
      await using topology = await RecordedReplication.start();
      topology.begin(FIXED_SEED);
      const [master, one, other] = topology.servers;
      await delay(500);
      await one!.kill();
      master!.pause();
      await delay(700);
      master!.resume();
      other!.pause();
      await one!.start();
      await delay(500);
      other!.resume();
      await delay(500);
      await topology.end();
      const operations = operationsOf(topology.history);
      expect(outcomes(operations)).toEqual(new Set(['ok', 'info']));
      expect(historyProblems(operations, null)).toEqual([]);
      expect(historyProblems(operations.map(withoutFirstElement), null)).not.toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'has one order of things on each server while sentinels replace a master, and no phantoms',
    async () => {
      await using topology = await RecordedSentinels.start();
      topology.begin(FIXED_SEED);
      await delay(500);
      const old = (await topology.master)!;
      await old.kill();
      await failedOver(topology, old.name);
      await delay(500);
      await old.start();
      await topology.settled();
      await delay(500);
      await topology.end();
      const operations = operationsOf(topology.history);
      expect(outcomes(operations)).toContain('fail');
      judge(operations, topology.eras);
    },
    TIMEOUT_MS,
  );

  it(
    'has one order of things on each server while a cluster replaces a master, and no phantoms',
    async () => {
      await using topology = await RecordedCluster.start();
      topology.begin(FIXED_SEED);
      await delay(500);
      const old = await topology.masterOf('value:{0}');
      await old.kill();
      await topology.masterOf('value:{0}');
      await delay(500);
      await old.start();
      await topology.stable();
      await delay(500);
      await topology.end();
      const operations = operationsOf(topology.history);
      expect(outcomes(operations)).toContain('fail');
      judge(operations, topology.eras);
    },
    TIMEOUT_MS,
  );
});

function operationsOf(history: History): readonly Operation[] {
  const operations = new Operations();
  for (const entry of history.entries) if (entry.kind === 'op') operations.take(entry);
  return operations.all;
}

function outcomes(operations: readonly Operation[]): Set<string> {
  return new Set(operations.map(({ outcome }) => outcome));
}

/** As if lists had lost what was added first. */
function withoutFirstElement(operation: Operation): Operation {
  const { words, reply } = operation;
  return words[0] === 'LRANGE' && Array.isArray(reply) ? { ...operation, reply: reply.slice(1) } : operation;
}

/** @param eras of all servers; in two of them at least, of two servers, clients must have seen much. */
function judge(operations: readonly Operation[], eras: readonly Era[]): void {
  expect(historyProblems(operations, eras)).toEqual([]);
  expect(refusedAndSeen(operations)).toEqual([]);
  const busy = eras.filter(({ node, fromMs, toMs }) => {
    const inside = operations.filter(({ at, start, end }) => at === node && start >= fromMs && end <= toMs);
    return inside.length > MANY;
  });
  expect(new Set(busy.map(({ node }) => node)).size).toBeGreaterThan(1);
}

/** Values whose write was refused, and that somebody read. */
function refusedAndSeen(operations: readonly Operation[]): string[] {
  const refused = operations.filter(({ outcome }) => outcome === 'fail').flatMap(({ words }) => words);
  const seen = new Set(operations.flatMap(({ reply }) => (Array.isArray(reply) ? reply.flat() : [reply])));
  return refused.filter((word) => /^client\d+\.\d+$/.test(word) && seen.has(word));
}

async function failedOver(topology: RecordedTopology, from: string): Promise<void> {
  const isOver = (): boolean =>
    topology.history.entries.some((entry) => entry.kind === 'role' && entry.role === 'master' && entry.node !== from);
  while (!isOver()) await delay(20);
}
