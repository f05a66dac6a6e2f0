/** What the program does around its server; servers themselves are tested without it. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { eventually } from './support/eventually.ts';
import { oursCommand, startRedis } from './support/redis-process.ts';
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
