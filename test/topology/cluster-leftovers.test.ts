/** A cluster leaves nothing behind, in whatever state its nodes and its network were. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot } from '../support/project.ts';

const PROGRAM = `
  const [plain, cluster] = await Promise.all([startCluster({ masters: 1, replicas: 0 }), startCluster()]);
  const [one, two, three, four, five, six] = cluster.nodes;
  const { Cluster } = await import('ioredis');
  const client = new Cluster(cluster.seeds, { clusterRetryStrategy: () => null });
  client.on('error', () => {});
  await client.set('k', 'v');
  cluster.delay(one, two, 20);
  cluster.cut(two, three);
  cluster.partition([six]);
  five.pause();
  await four.powerLoss();
  await three.kill();
  const waiting = plain.nodes[0].execute('BLPOP', 'list', 0).catch((error) => console.log(error.code));
  const moving = cluster.moveSlots({ from: one, to: two, slots: [0, 5000] }).catch(() => console.log('broken off'));
  await plain.close();
  await waiting;
  client.disconnect();
  await cluster.close();
  await cluster.close();
  await moving;
  console.log('closed', cluster.nodes.filter((node) => node.alive).length);
`;

it('a process ends by itself after everything was done to a cluster', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cluster-'));
  try {
    const file = join(folder, 'program.mts');
    const redis = `'${join(projectRoot, 'node_modules/ioredis/built/index.js')}'`;
    const text = PROGRAM.replace("'ioredis'", redis);
    writeFileSync(file, `import { startCluster } from '${join(projectRoot, 'src/index.ts')}';\n${text}`);
    const args = ['--import', import.meta.resolve('tsx'), file];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 50_000 });
    expect([status, stdout, stderr]).toEqual([0, 'ERR_CONNECTION_CLOSED\nbroken off\nclosed 0\n', '']);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
