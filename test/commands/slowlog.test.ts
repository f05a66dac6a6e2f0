import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../src/topology/server.ts';
import { RespClient } from '../support/resp-client.ts';

type Entry = [id: number, unixSeconds: number, durationUs: number, args: string[], peer: string, name: string];

let server: ServerHandle;

beforeEach(async () => {
  server = await startServer({
    clock: 'manual',
    config: { 'slowlog-log-slower-than': 0, 'slowlog-max-len': 10, 'enable-debug-command': 'yes' },
  });
  await server.execute('SLOWLOG', 'RESET');
});

afterEach(() => server.close());

async function get(...count: string[]): Promise<Entry[]> {
  return (await server.execute('SLOWLOG', 'GET', ...count)) as unknown as Entry[];
}

async function newestArguments(): Promise<string[]> {
  return (await get('1'))[0]![3];
}

describe('SLOWLOG', () => {
  it('keeps id, time, duration, arguments, address and name of a client', async () => {
    await using client = await RespClient.connect({ port: server.port });
    await client.call('CLIENT', 'SETNAME', 'worker');
    await client.call('SET', 'key', 'value');
    const [entry] = await get('1');
    expect(entry![0]).toBeGreaterThan(0);
    expect(entry![1]).toBe(Math.floor(server.clock.now() / 1000));
    expect(entry![2]).toBeGreaterThanOrEqual(0);
    expect(entry![3]).toEqual(['SET', 'key', 'value']);
    expect(entry![4]).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(entry![5]).toBe('worker');
  });

  it('shows the newest entries first, ten unless told otherwise, and keeps as many as configured', async () => {
    for (let i = 0; i < 30; i++) await server.execute('ECHO', String(i));
    expect(await server.execute('SLOWLOG', 'LEN')).toBe(10);
    expect((await get()).length).toBe(10);
    expect((await get('0')).length).toBe(0);
    expect((await get('2')).length).toBe(2);
    expect((await get('-1')).length).toBe(10);
    const ids = (await get('-1')).map(([id]) => id);
    expect(ids).toEqual(ids.toSorted((a, b) => b - a));
    await server.execute('CONFIG', 'SET', 'slowlog-max-len', '3');
    expect(await server.execute('SLOWLOG', 'LEN')).toBe(3);
  });

  it('leaves out what was fast enough, and everything when it is off', async () => {
    await server.execute('CONFIG', 'SET', 'slowlog-log-slower-than', '1000000');
    await server.execute('SLOWLOG', 'RESET');
    await server.execute('PING');
    expect(await server.execute('SLOWLOG', 'LEN')).toBe(0);
    await server.execute('CONFIG', 'SET', 'slowlog-log-slower-than', '-1');
    await server.execute('PING');
    expect(await server.execute('SLOWLOG', 'LEN')).toBe(0);
  });

  it('cuts long arguments and long lists of arguments', async () => {
    await server.execute('ECHO', 'x'.repeat(130));
    expect(await newestArguments()).toEqual(['ECHO', `${'x'.repeat(128)}... (2 more bytes)`]);
    const keys = Array.from({ length: 33 }, (_, i) => `k${i}`);
    await server.execute('DEL', ...keys.slice(0, 31));
    expect(await newestArguments()).toEqual(['DEL', ...keys.slice(0, 31)]);
    await server.execute('DEL', ...keys);
    expect(await newestArguments()).toEqual(['DEL', ...keys.slice(0, 30), '... (3 more arguments)']);
  });

  it('shows no secrets', async () => {
    await server.execute('CONFIG', 'SET', 'masterauth', 'secret', 'hz', '10');
    expect(await newestArguments()).toEqual(['CONFIG', 'SET', 'masterauth', '(redacted)', 'hz', '10']);
    await expect(server.execute('AUTH', 'user', 'secret')).rejects.toThrow();
    expect(await newestArguments()).not.toContain('secret');
  });

  it('shows the commands of a transaction, not EXEC', async () => {
    await using client = await RespClient.connect({ port: server.port });
    await client.call('MULTI');
    await client.call('SET', 'k', 'v');
    await client.call('SLOWLOG', 'RESET');
    await client.call('INCR', 'n');
    await client.call('EXEC');
    expect((await get()).map(([, , , args]) => args)).toEqual([
      ['INCR', 'n'],
      ['SLOWLOG', 'RESET'],
    ]);
  });

  it.each([
    [['GET', '-2'], 'ERR count should be greater than or equal to -1'],
    [['GET', 'x'], 'ERR count should be greater than or equal to -1'],
    [['GET', '1', '2'], "unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP."],
    [['LEN', 'x'], "wrong number of arguments for 'slowlog|len' command"],
    [['FOO'], "ERR unknown subcommand 'FOO'. Try SLOWLOG HELP."],
  ])('refuses %s', async (args, message) => {
    await expect(server.execute('SLOWLOG', ...args)).rejects.toThrow(message);
  });
});
