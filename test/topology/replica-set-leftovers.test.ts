/** A set leaves nothing behind, in whatever state its nodes and its network were. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot } from '../support/project.ts';

const PROGRAM = `
  const [plain, set] = await Promise.all([startReplicaSet({ replicas: 1, sentinels: 0 }), startReplicaSet()]);
  const [one, two] = set.sentinels;
  const [master, replica, other] = set.servers;
  const { Redis } = await import('ioredis');
  const client = new Redis(set.endpoint.url, { retryStrategy: () => null });
  client.on('error', () => {});
  await client.set('k', 'v');
  set.delay(one, master, 20);
  set.cut(two, replica);
  set.partition([other]);
  one.pause();
  await replica.powerLoss();
  await master.kill();
  const waiting = plain.master.execute('BLPOP', 'list', 0).catch((error) => console.log(error.code));
  await plain.close();
  await waiting;
  await set.close();
  await set.close();
  console.log('closed', set.nodes.filter((node) => node.alive).length);
`;

it('a process ends by itself after everything was done to a set', () => {
  const folder = mkdtempSync(join(tmpdir(), 'set-'));
  try {
    const file = join(folder, 'program.mts');
    const redis = `'${join(projectRoot, 'node_modules/ioredis/built/index.js')}'`;
    const text = PROGRAM.replace("'ioredis'", redis);
    writeFileSync(file, `import { startReplicaSet } from '${join(projectRoot, 'src/index.ts')}';\n${text}`);
    const args = ['--import', import.meta.resolve('tsx'), file];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 50_000 });
    expect([status, stdout, stderr]).toEqual([0, 'ERR_CONNECTION_CLOSED\nclosed 0\n', '']);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
