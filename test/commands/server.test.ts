import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../src/topology/server.ts';
import { oursCommand, startRedis } from '../support/redis-process.ts';
import { RespClient } from '../support/resp-client.ts';

let server: ServerHandle;
let client: RespClient;

beforeEach(async () => {
  server = await startServer();
  client = await RespClient.connect({ port: server.port });
});

afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await server.close();
});

describe('FLUSHDB and FLUSHALL', () => {
  it.each([[], ['SYNC'], ['async']])('empty one database or all, %s', async (...mode) => {
    const option = mode.filter((word) => word !== undefined);
    await client.call('SET', 'a', 1);
    await client.call('SELECT', 1);
    await client.call('SET', 'b', 2, 'EX', 100);
    expect(await client.call('FLUSHDB', ...option)).toBe('OK');
    expect(await client.call('DBSIZE')).toBe(0);
    await client.call('SELECT', 0);
    expect(await client.call('DBSIZE')).toBe(1);
    expect(await client.call('FLUSHALL', ...option)).toBe('OK');
    expect(await client.call('DBSIZE')).toBe(0);
    expect(await client.call('SET', 'a', 1)).toBe('OK');
    expect(await client.call('GET', 'a')).toBe('1');
  });

  it.each([['FLUSHDB'], ['FLUSHALL']])('%s refuses other options', async (name) => {
    expect(await client.callRaw(name, 'now')).toBe('-ERR syntax error\r\n');
    expect(await client.callRaw(name, 'sync', 'async')).toBe('-ERR syntax error\r\n');
  });

  it.each([
    ['FLUSHDB', 'k', null],
    ['FLUSHALL', 'k', null],
    ['FLUSHALL', 'none', ['PONG']],
  ])('%s makes the EXEC of who watched %s answer %s', async (flush, key, expected) => {
    await client.call('SET', 'k', 1);
    await client.call('WATCH', key);
    await server.execute(flush);
    await client.call('MULTI');
    await client.call('PING');
    expect(await client.call('EXEC')).toEqual(expected);
  });

  it('count the keys as changes', async () => {
    await client.call('MSET', 'a', 1, 'b', 2);
    await client.call('FLUSHALL');
    expect(String(await client.call('INFO', 'persistence'))).toContain('rdb_changes_since_last_save:4\r\n');
  });
});

describe('SWAPDB', () => {
  it('exchanges two databases; clients stay with their number', async () => {
    await client.call('SET', 'k', 'zero');
    await client.call('SELECT', 1);
    await client.call('SET', 'k', 'one', 'EX', 100);
    expect(await client.call('SWAPDB', 0, 1)).toBe('OK');
    expect(await client.call('GET', 'k')).toBe('zero');
    expect(await client.call('TTL', 'k')).toBe(-1);
    await client.call('SELECT', 0);
    expect(await client.call('GET', 'k')).toBe('one');
    expect(await client.call('TTL', 'k')).toBe(100);
    expect(await client.call('SWAPDB', 1, 1)).toBe('OK');
  });

  it('touches keys that are watched in either', async () => {
    await server.execute('SET', 'k', 'v');
    await client.call('SELECT', 5);
    await client.call('WATCH', 'k');
    await server.execute('SWAPDB', 0, 5);
    await client.call('MULTI');
    await client.call('PING');
    expect(await client.call('EXEC')).toBe(null);
  });

  it.each([
    ['a', '0', 'ERR invalid first DB index'],
    ['0', 'a', 'ERR invalid second DB index'],
    ['0', '16', 'ERR DB index is out of range'],
    ['-1', '0', 'ERR DB index is out of range'],
  ])('refuses %s %s', async (a, b, message) => {
    expect(await client.callRaw('SWAPDB', a, b)).toBe(`-${message}\r\n`);
  });
});

describe('TIME, LASTSAVE and ROLE', () => {
  it('tell the time, that of the start, and that this is a master', async () => {
    await using manual = await startServer({ clock: 'manual' });
    const started = Math.floor(manual.clock.now() / 1000);
    manual.clock.advance(10_000);
    const [seconds, microseconds] = (await manual.execute('TIME')) as string[];
    expect(seconds).toBe(String(Math.floor(manual.clock.now() / 1000)));
    expect(Number(microseconds)).toBeLessThan(1_000_000);
    expect(await manual.execute('LASTSAVE')).toBe(started);
    expect(await manual.execute('ROLE')).toEqual(['master', 0, []]);
  });
});

describe('LOLWUT', () => {
  it('draws and tells the version', async () => {
    expect(await client.call('LOLWUT')).toBe('Redis ver. 7.0.15\n');
    const maze = String(await client.call('LOLWUT', 'VERSION', 5, 10, 8, 3));
    expect(
      maze
        .split('\n')
        .slice(0, 3)
        .map(({ length }) => length),
    ).toEqual([10, 10, 10]);
    expect(maze).toMatch(/Redis ver\. 7\.0\.15\n$/);
    expect(await client.call('LOLWUT', 'VERSION', 6)).toMatch(/Redis ver\. 7\.0\.15\n$/);
    expect(await client.callRaw('LOLWUT', 'VERSION', 'x')).toBe('-ERR value is not an integer or out of range\r\n');
  });

  it('keeps its pictures small whatever is asked for', async () => {
    const town = String(await client.call('LOLWUT', 'VERSION', 6, 1_000_000_000, 0));
    expect(town.split('\n')[0]!.length).toBe(1000);
  });
});

describe('MODULE', () => {
  it('has none to list and loads none', async () => {
    expect(await client.call('MODULE', 'LIST')).toEqual([]);
    expect(await client.callRaw('MODULE', 'LOAD', '/x.so')).toMatch(/^-ERR MODULE command not allowed\./);
    await using open = await startServer({ config: { 'enable-module-command': 'yes' } });
    await expect(open.execute('MODULE', 'LOAD', '/x.so')).rejects.toThrow(
      'ERR Error loading the extension. Please check the server logs.',
    );
    await expect(open.execute('MODULE', 'UNLOAD', 'x')).rejects.toThrow(
      'ERR Error unloading module: no such module with that name',
    );
  });
});

describe('SHUTDOWN', () => {
  it.each([
    [['FOO'], 'ERR syntax error'],
    [['SAVE', 'NOSAVE'], 'ERR syntax error'],
    [['ABORT', 'NOW'], 'ERR syntax error'],
    [['ABORT'], 'ERR No shutdown in progress.'],
  ])('refuses %s', async (args, message) => {
    expect(await client.callRaw('SHUTDOWN', ...args)).toBe(`-${message}\r\n`);
  });

  it('ends the process with status 0, without an answer', async () => {
    await using ours = await startRedis({ command: oursCommand() });
    await using admin = await ours.connect();
    admin.send('SHUTDOWN', 'NOSAVE');
    expect(await admin.readUntilClose()).toBe('');
    expect((await ours.exited).code).toBe(0);
  });
});
