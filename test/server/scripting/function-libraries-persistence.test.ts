/** Libraries of functions are part of the dataset: snapshots and append-only files have them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServerHandle, startServer } from '../../../src/index.ts';

const LIBRARY = "#!lua name=lib\nredis.register_function('f', function(keys) return redis.call('INCR', keys[1]) end)";

describe('a library of functions', () => {
  let dir: string;
  const open: ServerHandle[] = [];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'resplica-functions-'));
  });
  afterEach(async () => {
    for (const server of open.splice(0)) await server.close();
    rmSync(dir, { recursive: true, force: true });
  });

  async function start(aof?: 'always'): Promise<ServerHandle> {
    const server = await startServer({ persistence: aof === undefined ? { dir } : { dir, aof } });
    open.push(server);
    return server;
  }

  async function stop(): Promise<void> {
    await open.pop()!.close();
  }

  it('comes back from a snapshot', async () => {
    const before = await start();
    await before.execute('FUNCTION', 'LOAD', LIBRARY);
    await before.execute('SAVE');
    await stop();
    const after = await start();
    expect(await after.execute('FCALL', 'f', '1', 'k')).toBe(1);
  });

  it('comes back from an append-only file, before and after it is rewritten', async () => {
    const first = await start('always');
    await first.execute('FUNCTION', 'LOAD', LIBRARY);
    await first.execute('FCALL', 'f', '1', 'k');
    await stop();
    const second = await start('always');
    expect(await second.execute('FCALL', 'f', '1', 'k')).toBe(2);
    await second.execute('CONFIG', 'SET', 'aof-use-rdb-preamble', 'no');
    await second.execute('BGREWRITEAOF');
    await expect
      .poll(async () => String(await second.execute('INFO', 'persistence')), { timeout: 10_000 })
      .toMatch(/aof_rewrite_in_progress:0/);
    await stop();
    const third = await start('always');
    expect(await third.execute('FCALL', 'f', '1', 'k')).toBe(3);
  });

  it('survives DEBUG RELOAD, but not FUNCTION FLUSH', async () => {
    const server = await startServer({ persistence: { dir }, config: { 'enable-debug-command': 'yes' } });
    open.push(server);
    await server.execute('FUNCTION', 'LOAD', LIBRARY);
    await server.execute('DEBUG', 'RELOAD');
    expect(await server.execute('FCALL', 'f', '1', 'k')).toBe(1);
    await server.execute('FLUSHALL');
    expect(await server.execute('FCALL', 'f', '1', 'k')).toBe(1);
    await server.execute('FUNCTION', 'FLUSH');
    await server.execute('DEBUG', 'RELOAD');
    await expect(server.execute('FCALL', 'f', '1', 'k')).rejects.toThrow('Function not found');
  });
});
