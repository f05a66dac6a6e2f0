/**
 * Checkers of histories, held against redis-server itself: what it does while processes are killed and paused is recorded in
 * the form of simulated histories, and nothing of it may count as a broken promise. So no checker asks for more than Redis
 * gives.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { keyProblem } from '../../src/simulation/checkers/linearizable.ts';
import { byKey, type Operation, Operations } from '../../src/simulation/checkers/operations.ts';
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
      expect(problemsOf(operations)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'tells what clients see while sentinels replace a master',
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
    },
    TIMEOUT_MS,
  );

  it(
    'tells what clients see while a cluster replaces a master',
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

function problemsOf(operations: readonly Operation[]): string[] {
  return [...byKey(operations).values()].map(keyProblem).filter((problem) => problem !== null);
}

async function failedOver(topology: RecordedTopology, from: string): Promise<void> {
  const isOver = (): boolean =>
    topology.history.entries.some((entry) => entry.kind === 'role' && entry.role === 'master' && entry.node !== from);
  while (!isOver()) await delay(20);
}
