import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isProcessAlive } from './process-alive.ts';
import { launchRedis, startRedis } from './redis-process.ts';
import { describeWith } from './requires.ts';

describeWith('redis-server', 'a real server as a process', () => {
  it('answers when it is handed out, and leaves neither process nor folder', async () => {
    const redis = await startRedis();
    const client = await redis.connect();
    expect(await client.call('PING')).toBe('PONG');
    expect(isProcessAlive(redis.pid)).toBe(true);
    expect(redis.log).toContain('Ready to accept connections');
    await client.close();
    expect(await redis.stop()).toEqual({ code: 0, signal: null });
    expect(isProcessAlive(redis.pid)).toBe(false);
    expect(existsSync(redis.folder)).toBe(false);
    expect(redis.log).toContain('bye bye');
  });

  it('takes directives with one and with several arguments', async () => {
    await using redis = await startRedis({ options: { maxmemory: 1_000_000, save: ['900', '1'] } });
    await using client = await redis.connect();
    expect(await client.call('CONFIG', 'GET', 'save')).toEqual(['save', '900 1']);
    expect(await client.call('CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', '1000000']);
  });

  it('starts from a configuration file that it can rewrite', async () => {
    await using redis = await startRedis({ config: 'maxclients 77' });
    await using client = await redis.connect();
    expect(await client.call('CONFIG', 'SET', 'maxclients', 78)).toBe('OK');
    expect(await client.call('CONFIG', 'REWRITE')).toBe('OK');
    expect(readFileSync(join(redis.folder, 'redis.conf'), 'utf8')).toContain('maxclients 78');
  });

  it('starts a sentinel', async () => {
    await using sentinel = await startRedis({ config: '', args: ['--sentinel'] });
    await using client = await sentinel.connect();
    expect(await client.call('ROLE')).toEqual(['sentinel', []]);
  });

  it('is ready too when it asks for a password', async () => {
    await using redis = await startRedis({ options: { requirepass: 'secret' } });
    await using client = await redis.connect();
    expect(await client.callRaw('PING')).toMatch(/^-NOAUTH/);
  });

  it('stops a server that is paused', async () => {
    const redis = await startRedis();
    redis.signal('SIGSTOP');
    expect(await redis.stop()).toEqual({ code: 0, signal: null });
  });

  it('reports a crash', async () => {
    await using redis = await startRedis();
    redis.signal('SIGKILL');
    expect(await redis.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('throws with the log when the server refuses to start', async () => {
    await expect(startRedis({ options: { nonsense: 1 } })).rejects.toThrow(/FATAL CONFIG FILE ERROR/);
  });

  it('hands out a server that is expected to refuse', async () => {
    await using redis = await launchRedis({ options: { nonsense: 1 } });
    expect(await redis.exited).toEqual({ code: 1, signal: null });
    expect(redis.log).toContain('FATAL CONFIG FILE ERROR');
  });
});

describe('a program that does not exist', () => {
  it('is reported as such', async () => {
    await expect(startRedis({ command: ['no-such-server'] })).rejects.toThrow(/ENOENT/);
  });
});
