/** Clusters whose nodes are half ours and half real: who fails, who votes, who takes over must not depend on the make. */
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { describeWith } from '../support/requires.ts';
import { type Make, MixedCluster } from './mixed-cluster.ts';

const TIMEOUT_MS = 120_000;
const OURS_FIRST: readonly Make[] = ['ours', 'real', 'ours', 'real', 'ours', 'real'];
const REAL_FIRST: readonly Make[] = ['real', 'ours', 'real', 'ours', 'real', 'ours'];

describeWith('redis-server', 'a cluster of three nodes of ours and three real ones', () => {
  describe.each([
    ['an old master of ours and a real replica', OURS_FIRST],
    ['a real old master and a replica of ours', REAL_FIRST],
  ] as const)('with %s', (_title, makes) => {
    it(
      'elects the replica of a master that is gone',
      async () => {
        await using cluster = await MixedCluster.start(makes);
        const [master, , , replica] = cluster.members;
        for (let i = 0; i < 50; i++) await (await cluster.ownerOf(`key:${i}`)).call('SET', `key:${i}`, i);
        await eventually(async () => (await master!.call('WAIT', 1, 1000)) === 1);
        await master!.kill();
        await eventually(() => replica!.isMaster(), { timeoutMs: 30_000, what: 'the replica is master' });
        await cluster.stable();
        await cluster.until('the old master has failed', async (member) =>
          (await member.lines()).some(({ id, flags }) => id === master!.id && flags.includes('fail')),
        );
        for (let i = 0; i < 50; i++) {
          expect(await (await cluster.ownerOf(`key:${i}`)).call('GET', `key:${i}`)).toBe(String(i));
        }
      },
      TIMEOUT_MS,
    );

    it(
      'hands over by CLUSTER FAILOVER without losing a write, and back again',
      async () => {
        await using cluster = await MixedCluster.start(makes);
        const [master, , , replica] = cluster.members;
        let written = 0;
        let isOver = false;
        const write = async (): Promise<void> => {
          while (!isOver) {
            const at = (await master!.isMaster()) ? master! : replica!;
            const reply = await at.client.call('INCR', '{06S}count');
            if (typeof reply === 'number') {
              written++;
              expect(reply).toBe(written);
            }
          }
        };
        const writing = write();
        for (const [from, to] of [
          [master!, replica!],
          [replica!, master!],
        ] as const) {
          await eventually(async () => (await to.info('master_link_status')) === 'up', { timeoutMs: 30_000 });
          const goal = written + 100;
          await eventually(() => written > goal, { timeoutMs: 30_000, what: 'writes come through' });
          await to.call('CLUSTER', 'FAILOVER');
          await eventually(() => to.isMaster(), { timeoutMs: 30_000, what: 'the replica has taken over' });
          await eventually(async () => !(await from.isMaster()), {
            timeoutMs: 30_000,
            what: 'the master has given up',
          });
          await cluster.stable();
        }
        isOver = true;
        await writing;
        expect(await (await cluster.ownerOf('{06S}count')).call('GET', '{06S}count')).toBe(String(written));
      },
      TIMEOUT_MS,
    );
  });
});
