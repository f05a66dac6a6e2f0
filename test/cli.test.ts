/** What the program does around its server; servers themselves are tested without it. */
import { readFileSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startServer } from '../src/index.ts';
import { eventually } from './support/eventually.ts';
import { launchRedis, oursCommand, startRedis } from './support/redis-process.ts';
import { describeWith } from './support/requires.ts';
import { RespClient } from './support/resp-client.ts';

describeWith('/proc/self/cmdline', 'the title of the process', () => {
  it('is that of redis-server, and follows proc-title-template', async () => {
    await using redis = await startRedis({ command: oursCommand() });
    await using client = await RespClient.connect({ port: redis.port });
    const info = String(await client.call('INFO', 'server'));
    const pid = /process_id:(\d+)/.exec(info)![1];
    const title = (): string => readFileSync(`/proc/${pid}/cmdline`, 'latin1').replace(/\0+$/, '');
    await eventually(() => title().startsWith('redis-server '));
    await client.call('CONFIG', 'SET', 'proc-title-template', 'T {port}');
    expect(title()).toBe(`T ${redis.port}`);
  });
});

/** Each of these processes compiles the program first. */
const PATIENCE_MS = 90_000;

describe('sentinel mode', () => {
  it(
    'is entered by the name of the command',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'resplica-cli-'));
      const [source, ...node] = oursCommand().reverse();
      const program = join(folder, 'resplica-sentinel');
      symlinkSync(source!, program);
      const command = [...node.reverse(), program];
      await using process = await startRedis({
        command,
        config: 'sentinel monitor m 127.0.0.1 1 2',
        startTimeoutMs: PATIENCE_MS,
      });
      await using client = await RespClient.connect({ port: process.port });
      expect(await client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'm')).toEqual(['127.0.0.1', '1']);
      expect(process.log.match(/:(\w) /g)!.every((role) => role === ':X ')).toBe(true);
      expect(process.log).toMatch(
        /Running mode=sentinel, port=\d+\.\n.*new configuration saved.*\n.*Sentinel ID is .*\n.*\+monitor /,
      );
      client.send('SHUTDOWN');
      expect(await process.exited).toEqual({ code: 0, signal: null });
      expect(process.log).toContain('Sentinel is now ready to exit, bye bye...');
      await rm(folder, { recursive: true });
    },
    PATIENCE_MS,
  );

  it(
    'needs a file',
    async () => {
      await using process = await launchRedis({ command: oursCommand(), args: ['--sentinel'] });
      expect(await process.exited).toEqual({ code: 1, signal: null });
      expect(process.log).toMatch(/^\d+:X .* # Sentinel needs config file on disk to save state\. Exiting\.\.\.\n$/);
    },
    PATIENCE_MS,
  );

  it(
    'does not start with a line that is wrong',
    async () => {
      const config = 'sentinel monitor master 127.0.0.1 1 2\nsentinel down-after-milliseconds master1 5000';
      await using process = await launchRedis({ command: oursCommand(), args: ['--sentinel'], config });
      expect(await process.exited).toEqual({ code: 1, signal: null });
      expect(process.log).toBe(
        '\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at line 6\n' +
          ">>> 'sentinel down-after-milliseconds master1 5000'\nNo such master with specified name.\n",
      );
    },
    PATIENCE_MS,
  );

  it(
    'ends with status 99 when a crash is simulated',
    async () => {
      await using master = await startServer();
      await using replica = await startServer({ replicaOf: master });
      const config = `sentinel monitor m 127.0.0.1 ${master.port} 1`;
      await using sentinel = await startRedis({
        command: oursCommand(),
        args: ['--sentinel'],
        config,
        startTimeoutMs: PATIENCE_MS,
      });
      await using client = await RespClient.connect({ port: sentinel.port });
      await client.call('SENTINEL', 'SIMULATE-FAILURE', 'crash-after-election');
      const begun = async (): Promise<boolean> => (await client.call('SENTINEL', 'FAILOVER', 'm')) === 'OK';
      await eventually(begun, { what: 'the replica is fit for a failover', timeoutMs: PATIENCE_MS });
      expect(await sentinel.exited).toEqual({ code: 99, signal: null });
      expect(sentinel.log).toContain('Sentinel CRASH because of SENTINEL simulate-failure');
      expect(replica.alive).toBe(true);
    },
    PATIENCE_MS,
  );
});
