/** redis-benchmark: every test that the server has the commands for, without an error or a warning. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { oursCommand, type RedisProcess, startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { runProgram } from './program.ts';

describeWith('redis-benchmark', 'redis-benchmark', () => {
  let redis: RedisProcess;
  beforeAll(async () => {
    redis = await startRedis({ command: oursCommand() });
  });
  afterAll(() => redis.stop());

  async function benchmark(...args: string[]): Promise<string> {
    const words = ['redis-benchmark', '-p', String(redis.port), ...args];
    const { code, stdout, stderr } = await runProgram(words, { timeoutMs: 30_000 });
    // It writes warnings to the one and errors to the other.
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).not.toMatch(/warning|error|could not/i);
    return stdout;
  }

  it('runs ping, set, get, incr and mset with 16 commands in each write', async () => {
    const output = await benchmark('-t', 'ping,set,get,incr,mset', '-P', '16', '-n', '20000', '-q', '-r', '10000');
    const names = [...output.matchAll(/(?:^|\r)([A-Z_]+(?: \(.*?\))?): ([\d.]+) requests per second/gm)];
    expect(names.map((match) => match[1])).toEqual([
      'PING_INLINE',
      'PING_MBULK',
      'SET',
      'GET',
      'INCR',
      'MSET (10 keys)',
    ]);
    for (const [, , perSecond] of names) expect(Number(perSecond)).toBeGreaterThan(1000);
    await using client = await redis.connect();
    expect(await client.call('GET', 'counter:000000000000')).not.toBe('20000');
    expect(await client.call('DBSIZE')).toBeGreaterThan(9000);
  });

  it('reads save and appendonly of the configuration, and shows them', async () => {
    const output = await benchmark('-t', 'ping', '-n', '1000', '-c', '5');
    expect(output).toContain('host configuration "save": \n');
    expect(output).toContain('host configuration "appendonly": no\n');
    expect(output).toContain('multi-thread: no');
    expect(output).toContain('100.000% <=');
  });

  it('speaks RESP3', async () => {
    await benchmark('-3', '-t', 'ping,set,get', '-n', '2000', '-q');
  });

  it('connects anew for every request', async () => {
    const words = ['redis-benchmark', '-p', String(redis.port), '-k', '0', '-t', 'ping', '-n', '1000', '-q'];
    const { code, stderr } = await runProgram(words);
    // It warns of the sockets that it will need, whatever the server.
    expect([code, stderr.replace(/^WARNING: Keepalive disabled.*\n/, '')]).toEqual([0, '']);
  });

  it('uses threads, another database, long values and CSV', async () => {
    await benchmark('--threads', '2', '-t', 'set,get', '-n', '2000', '-q');
    await benchmark('--dbnum', '5', '-d', '100000', '-t', 'set,get', '-n', '1000', '-q');
    const csv = await benchmark('--csv', '-t', 'get', '-n', '1000');
    expect(csv).toMatch(/^"test","rps",.*\n"GET","[\d.]+"/);
    await using client = await redis.connect();
    await client.call('SELECT', 5);
    expect(await client.call('STRLEN', 'key:__rand_int__')).toBe(100_000);
  });

  it('runs any command', async () => {
    await benchmark('-n', '1000', '-r', '100', '-q', 'setrange', 'key:__rand_int__', '10', 'xyz');
  });

  it('logs in', async () => {
    await using locked = await startRedis({ command: oursCommand(), options: { requirepass: 'secret' } });
    const words = ['redis-benchmark', '-p', String(locked.port), '-a', 'secret', '-t', 'ping', '-n', '1000', '-q'];
    expect(await runProgram(words)).toMatchObject({ code: 0, stderr: '' });
  });
});
