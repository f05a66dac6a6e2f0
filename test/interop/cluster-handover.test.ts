/**
 * A whole cluster changes hands while clients write: from nodes of ours to real ones, and back. New nodes come as replicas,
 * take over when told, and the old ones go.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keySlot } from '../../src/core/key-slot.ts';
import { eventually } from '../support/eventually.ts';
import { describeWith } from '../support/requires.ts';
import { ClusterCaller, Load } from './cluster-caller.ts';
import { type ClusterMember, type Make, MixedCluster } from './mixed-cluster.ts';

const TIMEOUT_MS = 300_000;
const PATIENCE = { timeoutMs: 60_000, everyMs: 20 };
/** Nobody fails here: a slow machine is to be borne. */
const NODE_TIMEOUT_MS = 5000;
const SHARDS = [0, 1, 2];
const WRITES_BETWEEN = 20;
const WRITE_EVERY_MS = 3;
/** So long an attempt of a manual failover is good. */
const ATTEMPT_MS = 6000;

describeWith('redis-server', 'a cluster of ours', () => {
  let cluster: MixedCluster;

  beforeAll(async () => {
    cluster = await MixedCluster.start(Array<Make>(6).fill('ours'), NODE_TIMEOUT_MS);
  }, TIMEOUT_MS);
  afterAll(() => cluster[Symbol.asyncDispose](), TIMEOUT_MS);

  it(
    'is handed over to real nodes and back, under writes, and no acknowledged one is lost',
    { timeout: TIMEOUT_MS },
    async () => {
      const writers = SHARDS.map((shard) => new Writer(() => cluster.alive.map(({ port }) => port), shard));
      try {
        for (const make of ['real', 'ours'] as const) {
          const old = [...cluster.members];
          const masters = await mastersByShard(cluster);
          // A master for each shard, and a replica of it.
          const added = await cluster.join(make, [...masters, ...masters]);
          const successors = added.slice(0, masters.length);
          for (const [shard, successor] of successors.entries()) {
            await writers[shard]!.load.advance(WRITES_BETWEEN);
            await takeOver(successor, masters[shard]!);
            await writers[shard]!.load.advance(WRITES_BETWEEN);
          }
          await cluster.stable();
          for (const member of old) await cluster.leave(member);
          await cluster.stable();
          for (const { load } of writers) await load.advance(WRITES_BETWEEN);
          expect(cluster.members.map((member) => member.make)).toEqual(Array<Make>(6).fill(make));
        }
        for (const writer of writers) await writer.verify();
      } finally {
        for (const writer of writers) await writer.close();
      }
    },
  );
});

async function takeOver(replica: ClusterMember, master: ClusterMember): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE.timeoutMs;
  while (!(await replica.isMaster()) && performance.now() < deadlineMs) {
    await replica.call('CLUSTER', 'FAILOVER');
    await eventually(() => replica.isMaster(), { timeoutMs: ATTEMPT_MS }).catch(() => {});
  }
  await eventually(async () => !(await master.isMaster()), { ...PATIENCE, what: 'the old master has given up' });
}

async function mastersByShard(cluster: MixedCluster): Promise<ClusterMember[]> {
  return Promise.all(SHARDS.map((shard) => cluster.ownerOf(keyOf(shard, 0))));
}

/** Writes keys of one shard. A write counts as acknowledged when a replica has it, too. */
class Writer {
  readonly #shard: number;
  readonly #caller: ClusterCaller;
  readonly #acknowledged: number[] = [];
  readonly load: Load;

  constructor(ports: () => number[], shard: number) {
    this.#shard = shard;
    this.#caller = new ClusterCaller(ports);
    this.load = new Load((index) => this.#write(index));
  }

  async #write(index: number): Promise<void> {
    expect(await this.#caller.call('SET', keyOf(this.#shard, index), index)).toBe('OK');
    const replicas = await this.#caller.callSame('WAIT', 1, 1000);
    if (typeof replicas === 'number' && replicas > 0) this.#acknowledged.push(index);
    await delay(WRITE_EVERY_MS);
  }

  async verify(): Promise<void> {
    const written = await this.load.end();
    for (const index of this.#acknowledged) {
      expect(await this.#caller.call('GET', keyOf(this.#shard, index)), `write ${index} of ${written}`).toBe(
        String(index),
      );
    }
    // Most of them: WAIT asks in vain only while masters change.
    expect(this.#acknowledged.length).toBeGreaterThan(written / 2);
  }

  async close(): Promise<void> {
    await this.load.end().catch(() => {});
    await this.#caller[Symbol.asyncDispose]();
  }
}

const tags = SHARDS.map(tagOf);

function keyOf(shard: number, index: number): string {
  return `{${tags[shard]}}:${index}`;
}

/** A word in the first, second or third part of all slots. */
function tagOf(shard: number): string {
  for (let i = 0; ; i++) {
    const tag = Buffer.from(`tag${i}`);
    if (Math.floor((keySlot(tag, 0, tag.length) * SHARDS.length) / 16_384) === shard) return tag.toString();
  }
}
