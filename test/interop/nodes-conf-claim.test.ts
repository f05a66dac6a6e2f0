/** One nodes.conf, two nodes: the second is refused, whichever of them is ours. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startServer } from '../../src/index.ts';
import { findFreePort, oursCommand, type RedisProcess, startRedis } from '../support/redis-process.ts';
import { itWith } from '../support/requires.ts';
import { runProgram } from '../clients/program.ts';

const TIMEOUT_MS = 120_000;
const REFUSAL =
  'Sorry, the cluster configuration file nodes.conf is already used by a different Redis Cluster node. ' +
  'Please make sure that different nodes use different cluster configuration files.';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'resplica-claim-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function start(command: readonly string[]): Promise<RedisProcess> {
  return startRedis({ command, folder, options: { 'cluster-enabled': 'yes' } });
}

/** Starts another one in the same folder, which has to end. @returns its exit code and the last line of its log. */
async function refused(command: readonly string[]): Promise<{ code: number | null; reason: string | undefined }> {
  const options = ['--port', String(await findFreePort()), '--cluster-enabled', 'yes', '--dir', folder, '--save', ''];
  const { code, stdout } = await runProgram([...command, ...options], { timeoutMs: TIMEOUT_MS });
  return { code, reason: /# (Sorry.*)$/m.exec(stdout)?.[1] };
}

it('a node of ours is refused beside another of ours, as long as that lives', { timeout: TIMEOUT_MS }, async () => {
  await using first = await start(oursCommand());
  expect(await refused(oursCommand())).toEqual({ code: 1, reason: REFUSAL });
  first.signal('SIGKILL');
  await first.exited;
  expect(readdirSync(folder)).toContain('nodes.conf.lock');
  const next = await start(oursCommand());
  await next.stop();
  expect(readdirSync(folder)).toEqual(['nodes.conf']);
});

itWith(
  ['redis-server', '/proc/locks'],
  'a node of ours is refused beside a real one, as that is beside another real one',
  async () => {
    await using first = await start(['redis-server']);
    expect(first.port).toBeGreaterThan(0);
    expect(await refused(['redis-server'])).toEqual({ code: 1, reason: REFUSAL });
    expect(await refused(oursCommand())).toEqual({ code: 1, reason: REFUSAL });
    first.signal('SIGKILL');
    await first.exited;
    await using next = await start(oursCommand());
    expect(next.port).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

it('two nodes in one process cannot share the file either', { timeout: TIMEOUT_MS }, async () => {
  const options = { persistence: { dir: folder }, config: { 'cluster-enabled': true } };
  const first = await startServer({ ...options, port: await findFreePort() });
  await expect(startServer({ ...options, port: await findFreePort() })).rejects.toMatchObject({
    code: 'ERR_CANNOT_LOAD',
    message: REFUSAL,
  });
  // What was refused has touched nothing.
  const id = await first.execute('CLUSTER', 'MYID');
  await first.close();
  await using next = await startServer({ ...options, port: await findFreePort() });
  expect(await next.execute('CLUSTER', 'MYID')).toBe(id);
});
