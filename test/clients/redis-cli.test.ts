/** redis-cli, in each of its modes. */
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { oursCommand, type RedisProcess, startRedis } from '../support/redis-process.ts';
import { describeWith, itWith } from '../support/requires.ts';
import type { RespClient } from '../support/resp-client.ts';
import { type Outcome, type RunOptions, runProgram } from './program.ts';

let ours: RedisProcess;
let client: RespClient;

function cli(args: readonly (string | number)[], options: RunOptions = {}, redis = ours): Promise<Outcome> {
  return runProgram(['redis-cli', '-p', String(redis.port), ...args.map(String)], options);
}

async function printed(...args: readonly (string | number)[]): Promise<string> {
  const { code, stdout, stderr } = await cli(args);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

/** As `cli` without a terminal, but what it prints can be seen as soon as it is printed. */
function watch(args: readonly string[], until: RegExp): Promise<Outcome> {
  return runProgram(['stdbuf', '-oL', 'redis-cli', '-p', String(ours.port), ...args], { until });
}

describeWith('redis-cli', 'redis-cli', () => {
  beforeAll(async () => {
    ours = await startRedis({ command: oursCommand() });
    client = await ours.connect();
  });
  beforeEach(async () => {
    await client.call('FLUSHALL');
  });
  afterAll(async () => {
    await client.close();
    await ours.stop();
  });

  it('sends a command and prints the reply', async () => {
    expect(await printed('SET', 'k', 'v w')).toBe('OK\n');
    expect(await printed('GET', 'k')).toBe('v w\n');
    expect(await printed('--no-raw', 'GET', 'k')).toBe('"v w"\n');
    expect(await printed('--no-raw', 'MGET', 'k', 'x')).toBe('1) "v w"\n2) (nil)\n');
    expect(await printed('--csv', 'MGET', 'k', 'x')).toBe('"v w",NULL\n');
    expect(await printed('--json', 'MGET', 'k', 'x')).toBe('["v w",null]\n');
    expect(await printed('-n', 3, 'DBSIZE')).toBe('0\n');
    expect((await cli(['-e', 'NOSUCH'])).code).toBe(1);
    expect((await cli(['NOSUCH'])).stdout).toContain("ERR unknown command 'NOSUCH'");
  });

  it('takes an argument from its input, and quoted arguments', async () => {
    expect((await cli(['-x', 'SET', 'k'], { input: Buffer.from([0, 255, 10, 13]) })).stdout).toBe('OK\n');
    expect(await printed('--no-raw', 'GET', 'k')).toBe('"\\x00\\xff\\n\\r"\n');
    expect(await printed('--quoted-input', 'SET', '"a\\x00b"', '1')).toBe('OK\n');
    expect(await client.call('EXISTS', 'a\0b')).toBe(1);
  });

  it('reads commands from its input, one per line', async () => {
    const { stdout } = await cli([], { input: 'SET a "1 \\x41"\nGET a\nMULTI\nINCR n\nINCR n\nEXEC\n' });
    expect(stdout).toBe('OK\n1 A\nOK\nQUEUED\nQUEUED\n1\n2\n');
  });

  it('speaks RESP3', async () => {
    const hello = await printed('-3', '--no-raw', 'HELLO');
    expect(hello).toContain('# "proto" => (integer) 3\n');
    expect(await printed('-3', '--no-raw', 'CONFIG', 'GET', 'maxmemory')).toBe('1# "maxmemory" => "0"\n');
    expect(await printed('-3', '--no-raw', 'GET', 'nothing')).toBe('(nil)\n');
    expect(await printed('-3', '--json', 'CONFIG', 'GET', 'maxmemory')).toBe('{"maxmemory":"0"}\n');
    expect(await printed('-3', 'INFO', 'server')).toContain('redis_version:7.0.15');
  });

  it('logs in', async () => {
    await using locked = await startRedis({ command: oursCommand(), options: { requirepass: 'secret' } });
    expect((await cli(['PING'], {}, locked)).stdout).toBe('NOAUTH Authentication required.\n\n');
    expect((await cli(['-a', 'secret', '--no-auth-warning', 'PING'], {}, locked)).stdout).toBe('PONG\n');
    expect((await cli(['--user', 'default', '--pass', 'secret', 'PING'], {}, locked)).stdout).toBe('PONG\n');
    const { stdout, stderr } = await cli(['-a', 'wrong', 'PING'], {}, locked);
    expect(stderr).toContain('AUTH failed: WRONGPASS invalid username-password pair or user is disabled.');
    expect(stdout).toBe('NOAUTH Authentication required.\n\n');
    const url = `redis://default:secret@127.0.0.1:${locked.port}/5`;
    expect((await runProgram(['redis-cli', '-u', url, 'CLIENT', 'INFO'])).stdout).toContain(' db=5 ');
  });

  it('repeats', async () => {
    expect(await printed('-r', 3, '-i', 0.01, 'INCR', 'n')).toBe('1\n2\n3\n');
  });

  it('scans', async () => {
    await client.pipeline(Array.from({ length: 100 }, (_, index) => ['SET', `k:${index}`, 'v']));
    await client.call('SET', 'other', 'v');
    expect((await printed('--scan')).trim().split('\n')).toHaveLength(101);
    expect((await printed('--scan', '--pattern', 'k:1?')).trim().split('\n')).toHaveLength(10);
    expect((await printed('--scan', '--quoted-pattern', '"ot\\x68er"')).trim()).toBe('other');
  });

  it('transfers masses of commands with --pipe', async () => {
    const commands = Array.from(
      { length: 20_000 },
      (_, index) => `*3\r\n$3\r\nSET\r\n$6\r\n${100_000 + index}\r\n$1\r\nv\r\n`,
    );
    const { code, stdout } = await cli(['--pipe'], { input: commands.join('') });
    expect(stdout).toMatch(/errors: 0, replies: 20000\n$/);
    expect(code).toBe(0);
    expect(await client.call('DBSIZE')).toBe(20_000);
    const failing = await cli(['--pipe'], { input: 'SET a 1\r\nNOSUCH\r\nINCR a\r\n' });
    expect(failing.stdout).toContain('errors: 1, replies: 3');
    expect(failing.code).toBe(1);
  });

  it('finds big keys with --bigkeys and --memkeys', async () => {
    await client.pipeline(Array.from({ length: 50 }, (_, index) => ['SET', `k:${index}`, 'v'.repeat(index)]));
    await client.call('SET', 'giant', 'v'.repeat(5000));
    const bigKeys = await printed('--bigkeys');
    expect(bigKeys).toContain('Sampled 51 keys in the keyspace!');
    expect(bigKeys).toContain(`Biggest string found '"giant"' has 5000 bytes`);
    expect(bigKeys).toContain('51 strings with 6225 bytes (100.00% of keys, avg size 122.06)');
    const memKeys = await printed('--memkeys');
    expect(memKeys).toMatch(/Biggest string found '"giant"' has 5\d\d\d bytes/);
    expect(await printed('--memkeys', '--memkeys-samples', 0)).toContain('Sampled 51 keys');
  });

  it('finds hot keys with --hotkeys, under an LFU policy only', async () => {
    await client.call('SET', 'k', 'v');
    const refused = await cli(['--hotkeys']);
    expect(refused.code).toBe(1);
    expect(refused.stdout + refused.stderr).toContain('An LFU maxmemory policy is not selected');
    await client.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
    for (let i = 0; i < 100; i++) await client.call('GET', 'k');
    expect(await printed('--hotkeys')).toMatch(/hot key found with counter: \d+\tkeyname: "k"/);
    await client.call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  });

  it('measures latency', async () => {
    const [min, max, mean, samples] = (await printed('--latency', '-i', 0.3)).trim().split(' ').map(Number);
    expect(samples).toBeGreaterThan(5);
    expect(mean).toBeGreaterThanOrEqual(min!);
    expect(max).toBeGreaterThanOrEqual(mean!);
  });

  itWith('stdbuf', 'measures latency over time', async () => {
    const { stdout } = await watch(['--latency-history', '-i', '0.2'], /(?:\d+ \d+ [\d.]+ \d+\n.*){2}/s);
    expect(stdout.trim().split('\n').length).toBeGreaterThanOrEqual(2);
  });

  itWith('stdbuf', 'shows statistics with --stat', async () => {
    await client.call('SET', 'k', 'v');
    const { stdout } = await watch(['--stat', '-i', '0.1'], /(?:\n1 .*){3}/);
    expect(stdout).toContain('keys       mem      clients');
    expect(stdout).toMatch(/^1 +[\d.]+[KM] +2 +0 +\d+ \(\+\d+\) +\d+ *$/m);
  });

  itWith('stdbuf', 'simulates a cache with --lru-test', async () => {
    await client.call('CONFIG', 'SET', 'maxmemory', '100mb');
    const { stdout } = await watch(['--lru-test', '1000'], /Hits.*\n.*Hits/);
    expect(stdout).toMatch(/\d+ Gets\/sec \| Hits: \d+ \([\d.]+%\)/);
    await client.call('CONFIG', 'SET', 'maxmemory', '0');
  });

  itWith('stdbuf', 'monitors', async () => {
    const monitoring = watch(['MONITOR'], /"SET" "k"/);
    const isMonitoring = async (): Promise<boolean> =>
      String(await client.call('CLIENT', 'LIST')).includes('cmd=monitor');
    await eventually(isMonitoring);
    await client.call('SET', 'k', 'with "quotes" and \x01\xff');
    const lines = (await monitoring).stdout.split('\n');
    expect(lines[0]).toBe('OK');
    const line = /^\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "SET" "k" "with \\"quotes\\" and \\x01\\xc3\\xbf"$/;
    expect(lines.filter((text) => line.test(text))).toHaveLength(1);
  });

  itWith(
    ['stdbuf', 'redis-check-rdb'],
    'takes a snapshot with --rdb, and follows the stream with --replica',
    async () => {
      await client.call('CONFIG', 'SET', 'repl-diskless-sync-delay', 0);
      await client.call('MSET', 'k', 'v', 'n', '12');
      await client.call('RPUSH', 'l', ...Array.from({ length: 300 }, (_, i) => i));
      const file = join(ours.folder, 'taken.rdb');
      const taken = await cli(['--rdb', file], { timeoutMs: 60_000 });
      expect([taken.code, taken.stderr]).toEqual([0, expect.stringContaining('Transfer finished with success')]);
      const checked = await runProgram(['redis-check-rdb', file]);
      expect(checked.stdout).toContain('RDB looks OK');
      expect(checked.stdout).toContain('3 keys read');
      const following = watch(['--replica'], /"set","k","after"/i);
      const isFollowed = async (): Promise<boolean> =>
        String(await client.call('INFO', 'replication')).includes('state=online');
      await eventually(isFollowed, { what: 'it is a replica', timeoutMs: 60_000 });
      await client.call('SET', 'k', 'after');
      expect((await following).stdout).toContain('"SET","k","after"');
    },
    120_000,
  );

  itWith('stdbuf', 'subscribes', async () => {
    for (const protocol of ['-2', '-3']) {
      const listening = watch([protocol, 'PSUBSCRIBE', 'n*'], /hello/);
      await eventually(async () => (await client.call('PUBLISH', 'news', 'hello')) === 1);
      expect((await listening).stdout).toMatch(/psubscribe\nn\*\n1\n(?:.*\n)*?pmessage\nn\*\nnews\nhello\n/);
    }
  });
});

describeWith(['redis-cli', 'redis-server'], 'redis-cli prints the same about this server and redis-server', () => {
  let real: RedisProcess;
  let same: RedisProcess;
  beforeAll(async () => {
    real = await startRedis();
    same = await startRedis({ command: oursCommand() });
    for (const redis of [real, same]) {
      await using filler = await redis.connect();
      await filler.pipeline(Array.from({ length: 10 }, (_, index) => ['SET', `k:${index}`, 'v'.repeat(index * 7)]));
    }
  });
  afterAll(async () => {
    await real.stop();
    await same.stop();
  });

  const OUTPUTS: readonly (readonly string[])[] = [
    ['--no-raw', 'COMMAND', 'INFO', 'get', 'mget', 'incr', 'subscribe', 'nosuch'],
    ['--no-raw', 'COMMAND', 'GETKEYS', 'MSET', 'a', '1', 'b', '2'],
    ['-3', '--no-raw', 'COMMAND', 'INFO', 'get'],
    ['-3', '--json', 'CONFIG', 'GET', 'save'],
    ['--no-raw', 'CLIENT', 'NO-EVICT', 'maybe'],
    ['--no-raw', 'OBJECT', 'ENCODING', 'k:1'],
    ['--no-raw', 'SET', 'k:1', 'v', 'EX', '0'],
    ['--no-raw', 'LCS', 'k:1', 'k:2', 'IDX', 'MINMATCHLEN', '2', 'WITHMATCHLEN'],
    ['-3', '--no-raw', 'LCS', 'k:1', 'k:2', 'IDX'],
    ['--no-raw', 'SLOWLOG', 'GET', '-2'],
    ['--no-raw', 'LATENCY', 'LATEST'],
    ['--no-raw', 'PUBSUB', 'NUMSUB', 'a', 'b'],
    ['--no-raw', 'SCAN', '0', 'COUNT', '0'],
    ['--no-raw', 'DEBUG', 'PROTOCOL', 'attrib'],
    ['-3', '--no-raw', 'DEBUG', 'PROTOCOL', 'map'],
    ['-3', '--no-raw', 'DEBUG', 'PROTOCOL', 'set'],
    ['-3', '--no-raw', 'DEBUG', 'PROTOCOL', 'double'],
    ['-3', '--no-raw', 'DEBUG', 'PROTOCOL', 'verbatim'],
    ['-3', '--no-raw', 'DEBUG', 'PROTOCOL', 'bignum'],
    ['--bigkeys', '-i', '0.01'],
    ['--cluster', 'check', '127.0.0.1:1'],
  ];
  it.each(OUTPUTS.map((args) => [args.join(' '), args] as const))('%s', async (_, args) => {
    const [ourOutcome, realOutcome] = await Promise.all([cli(args, {}, same), cli(args, {}, real)]);
    const normalised = ({ code, stdout, stderr }: Outcome): unknown => [code, normalise(stdout), normalise(stderr)];
    expect(normalised(ourOutcome)).toEqual(normalised(realOutcome));
  });
});

/** SCAN returns keys in an order of its own, and so does --bigkeys report its finds. */
function normalise(text: string): string {
  return text.replaceAll(/^\[.*so far.*\n/gm, '').replaceAll(/\n+/g, '\n');
}
