/** What the program does around its server; servers themselves are tested without it. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startServer } from '../src/index.ts';
import { eventually } from './support/eventually.ts';
import { isProcessAlive } from './support/process-alive.ts';
import { launchRedis, oursCommand, type RedisProcess, startRedis } from './support/redis-process.ts';
import { describeWith } from './support/requires.ts';
import { RespClient } from './support/resp-client.ts';

/** The command by another name, which is made to lead to it. */
function oursCommandAs(program: string): string[] {
  const [source, ...node] = oursCommand().reverse();
  symlinkSync(source!, program);
  return [...node.reverse(), program];
}

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

  it('has the path that the program was called by where that ends in redis-server', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'resplica-cli-'));
    const command = oursCommandAs(join(folder, 'redis-server'));
    await using redis = await startRedis({ command, options: { 'proc-title-template': 'T {title}' } });
    await using client = await RespClient.connect({ port: redis.port });
    const pid = /process_id:(\d+)/.exec(String(await client.call('INFO', 'server')))![1];
    await eventually(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith(`T ${folder}/redis-server`));
    await rm(folder, { recursive: true });
  });
});

describeWith('/proc/self/task', 'the threads of the process', () => {
  it('give way to the one that serves', async () => {
    await using redis = await startRedis({ command: oursCommand() });
    await using client = await RespClient.connect({ port: redis.port });
    const pid = /process_id:(\d+)/.exec(String(await client.call('INFO', 'server')))![1]!;
    // Niceness is the 17th field after the name, which is in parentheses.
    const niceness = (thread: string): number =>
      Number(
        readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1')
          .replace(/^.*\) /, '')
          .split(' ')[16],
      );
    const helpers = readdirSync(`/proc/${pid}/task`).filter((thread) => thread !== pid);
    const nicer = helpers.filter((thread) => niceness(thread) > niceness(pid));
    expect(nicer.length).toBeGreaterThanOrEqual(4);
  });
});

/** Each of these processes compiles the program first. */
const PATIENCE_MS = 90_000;

describeWith('/proc/self/cmdline', 'a crash', () => {
  async function crashed(options: Record<string, string>, crash: (redis: RedisProcess) => Promise<unknown>) {
    const redis = await startRedis({
      command: oursCommand(),
      options: { 'enable-debug-command': 'yes', ...options },
      startTimeoutMs: PATIENCE_MS,
    });
    await using _ = redis;
    await crash(redis).catch(() => {});
    const { signal } = await redis.exited;
    return { signal, log: redis.log };
  }
  const debug = (word: string) => async (redis: RedisProcess) => {
    await using client = await RespClient.connect({ port: redis.port });
    await client.call('DEBUG', word);
  };

  it.each([
    ['SEGFAULT', 'SIGSEGV', /# Redis 7\.0\.15 crashed by signal: 11$/m],
    ['PANIC', 'SIGABRT', /# Guru Meditation: DEBUG PANIC called at Unix time \d+$/m],
    ['ASSERT', 'SIGABRT', /# === ASSERTION FAILED ===$/m],
    ['OOM', 'SIGABRT', /# Guru Meditation: Redis aborting for OUT OF MEMORY\.$/m],
  ])(
    'by DEBUG %s ends the process by %s, and the log tells all about it',
    async (word, expected, what) => {
      const { signal, log } = await crashed({}, debug(word));
      expect(signal).toBe(expected);
      expect(log).toMatch(what);
      const order = [
        '=== REDIS BUG REPORT START',
        '------ STACK TRACE ------',
        '------ INFO OUTPUT ------',
        'redis_version:7.0.15',
        '------ CLIENT LIST OUTPUT ------',
        'cmd=debug',
        '------ CURRENT CLIENT INFO ------',
        `argv[1]: '"${word}"'`,
        '------ CONFIG DEBUG OUTPUT ------',
        'client-query-buffer-limit 1073741824',
        '=== REDIS BUG REPORT END',
      ].map((text) => log.indexOf(text));
      expect(order).not.toContain(-1);
      expect(order).toEqual(order.toSorted((a, b) => a - b));
    },
    PATIENCE_MS,
  );

  it(
    'by a signal is reported too, and in short where crash-log-enabled is off',
    async () => {
      const abort = async (redis: RedisProcess) => redis.signal('SIGABRT');
      const long = await crashed({}, abort);
      expect(long.signal).toBe('SIGABRT');
      expect(long.log).toContain('crashed by signal: 6');
      expect(long.log).toContain('------ CLIENT LIST OUTPUT ------');
      const short = await crashed({ 'crash-log-enabled': 'no' }, abort);
      expect(short.signal).toBe('SIGABRT');
      expect(short.log).toContain('crashed by signal: 6');
      expect(short.log).not.toContain('------');
    },
    PATIENCE_MS,
  );

  it('is not for a server in somebody else’s process', async () => {
    await using server = await startServer({ config: { 'enable-debug-command': 'yes' } });
    await using client = await RespClient.connect({ port: server.port });
    for (const word of ['SEGFAULT', 'PANIC', 'ASSERT', 'OOM']) {
      const refusal = `ERR DEBUG ${word} is not supported: the server is part of another process`;
      expect(await client.call('DEBUG', word)).toMatchObject({ message: refusal });
    }
  });
});

describeWith('/proc/self/cmdline', 'saving by a process', () => {
  const childOf = (redis: RedisProcess): number =>
    Number(readFileSync(`/proc/${redis.pid}/task/${redis.pid}/children`, 'utf8'));
  const files = (redis: RedisProcess): string[] => readdirSync(redis.folder).sort();
  async function startSaving(saveDelayUs: number): Promise<{ redis: RedisProcess; client: RespClient }> {
    const redis = await startRedis({ command: oursCommand(), options: { save: '' }, startTimeoutMs: PATIENCE_MS });
    const client = await RespClient.connect({ port: redis.port });
    await client.call('MSET', ...Array.from({ length: 100 }, (_, i) => [`key:${i}`, 'x'.repeat(1000)]).flat());
    await client.call('CONFIG', 'SET', 'rdb-key-save-delay', saveDelayUs);
    return { redis, client };
  }
  async function untilSaved(client: RespClient): Promise<string> {
    const status = async (): Promise<string | null> => {
      const info = String(await client.call('INFO', 'persistence'));
      const isSaving = /(rdb_bgsave|aof_rewrite)_in_progress:1/.test(info);
      return isSaving ? null : /rdb_last_bgsave_status:(\w+)/.exec(info)![1]!;
    };
    return await eventually(status, { what: 'it is saved', timeoutMs: PATIENCE_MS });
  }

  it(
    'is done by a child of the server, which can be killed, and is there for the next save',
    async () => {
      const { redis, client } = await startSaving(0);
      await using _ = redis;
      const first = childOf(redis);
      for (let i = 0; i < 2; i++) {
        await client.call('BGSAVE');
        expect(files(redis)).toContain(`temp-${first}.rdb`);
        expect(await untilSaved(client)).toBe('ok');
        expect(files(redis)).toEqual(['dump.rdb']);
      }
      const size = statSync(join(redis.folder, 'dump.rdb')).size;
      await client.call('CONFIG', 'SET', 'rdb-key-save-delay', 1_000_000);
      await client.call('BGSAVE');
      process.kill(first, 'SIGKILL');
      expect(await untilSaved(client)).toBe('err');
      expect(redis.log).toContain(`Background saving started by pid ${first}`);
      expect(redis.log).toContain('# Background saving terminated by signal 9');
      expect(files(redis)).toEqual(['dump.rdb']);
      expect(statSync(join(redis.folder, 'dump.rdb')).size).toBe(size);
      await client.call('BGREWRITEAOF');
      const second = childOf(redis);
      expect(second).not.toBe(first);
      expect(files(redis)).toContain(`temp-rewriteaof-bg-${second}.aof`);
      process.kill(second, 'SIGUSR1');
      await untilSaved(client);
      expect(redis.log).toContain('# Background AOF rewrite terminated by signal 10');
      await client.call('CONFIG', 'SET', 'rdb-key-save-delay', 0);
      await client.call('BGSAVE');
      expect(await untilSaved(client)).toBe('ok');
      expect(isProcessAlive(second)).toBe(false);
      client.close();
    },
    PATIENCE_MS,
  );

  it(
    'also when it goes straight to replicas: whoever kills the child ends it',
    async () => {
      const { redis, client } = await startSaving(1_000_000);
      await using _ = redis;
      await client.call('CONFIG', 'SET', 'repl-diskless-sync-delay', 0);
      const child = childOf(redis);
      await using replica = await RespClient.connect({ port: redis.port });
      await replica.call('REPLCONF', 'capa', 'eof');
      replica.send('PSYNC', '?', -1);
      const isSaving = async () => /rdb_bgsave_in_progress:1/.test(String(await client.call('INFO', 'persistence')));
      await eventually(isSaving, { what: 'the transfer has begun', timeoutMs: PATIENCE_MS });
      process.kill(child, 'SIGKILL');
      await eventually(async () => !(await isSaving()), { what: 'the transfer has ended', timeoutMs: PATIENCE_MS });
      expect(redis.log).toContain(`Background RDB transfer started by pid ${child}`);
      expect(redis.log).toContain('# Background transfer terminated by signal 9');
      expect(redis.log).toContain('# SYNC failed. BGSAVE child returned an error');
      client.close();
    },
    PATIENCE_MS,
  );

  it.each(['SHUTDOWN', 'SIGKILL'] as const)(
    'ends with the server, and leaves no file: %s',
    async (ending) => {
      const { redis, client } = await startSaving(1_000_000);
      await using _ = redis;
      await client.call('BGSAVE');
      const child = childOf(redis);
      const written = (): boolean => statSync(join(redis.folder, `temp-${child}.rdb`)).size > 0;
      await eventually(written, { what: 'the program writes', timeoutMs: PATIENCE_MS });
      if (ending === 'SIGKILL') redis.signal('SIGKILL');
      else client.send('SHUTDOWN', 'NOSAVE');
      await redis.exited;
      await eventually(() => !isProcessAlive(child), { what: 'the process is gone', timeoutMs: PATIENCE_MS });
      await eventually(() => files(redis).length === 0, { what: 'the file is gone', timeoutMs: PATIENCE_MS });
      client.close();
    },
    PATIENCE_MS,
  );
});

describe('the save before the end', () => {
  async function startSlow(keys: number, saveDelayUs: number): Promise<{ redis: RedisProcess; client: RespClient }> {
    const redis = await startRedis({
      command: oursCommand(),
      options: { save: '', 'shutdown-on-sigint': 'save', 'rdb-key-save-delay': saveDelayUs },
      startTimeoutMs: PATIENCE_MS,
    });
    const client = await RespClient.connect({ port: redis.port });
    await client.call('MSET', ...Array.from({ length: keys }, (_, i) => [`key:${i}`, 'x']).flat());
    return { redis, client };
  }

  it(
    'lets nobody change the dataset any more',
    async () => {
      const { redis, client } = await startSlow(100, 5000);
      await using _ = redis;
      await using other = await RespClient.connect({ port: redis.port });
      client.send('SHUTDOWN', 'SAVE');
      await eventually(() => redis.log.includes('Saving the final RDB snapshot'), { timeoutMs: PATIENCE_MS });
      await expect(other.call('SET', 'late', 'x')).rejects.toThrow();
      expect(await redis.exited).toEqual({ code: 0, signal: null });
      expect(readdirSync(redis.folder)).toEqual(['dump.rdb']);
      const dump = readFileSync(join(redis.folder, 'dump.rdb'), 'latin1');
      expect(dump.match(/key:\d/g)).toHaveLength(100);
      expect(dump).not.toContain('late');
    },
    PATIENCE_MS,
  );

  it(
    'is broken off, and removed, at a second SIGINT',
    async () => {
      const { redis } = await startSlow(100, 1_000_000);
      await using _ = redis;
      redis.signal('SIGINT');
      const temporary = `temp-${redis.pid}.rdb`;
      await eventually(() => readdirSync(redis.folder).includes(temporary), { timeoutMs: PATIENCE_MS });
      redis.signal('SIGINT');
      expect(await redis.exited).toEqual({ code: 1, signal: null });
      expect(redis.log).toContain('You insist... exiting now.');
      expect(readdirSync(redis.folder)).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    'leaves the server as it was when it fails',
    async () => {
      const { redis, client } = await startSlow(1, 0);
      await using _ = redis;
      mkdirSync(join(redis.folder, 'dump.rdb'));
      expect(await client.call('SHUTDOWN', 'SAVE')).toMatchObject({
        message: 'ERR Errors trying to SHUTDOWN. Check logs.',
      });
      expect(redis.log).toContain("# Error trying to save the DB, can't exit.");
      expect(await client.call('SET', 'k', 'v')).toBe('OK');
      client.close();
    },
    PATIENCE_MS,
  );
});

describe('sentinel mode', () => {
  it(
    'is entered by the name of the command',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'resplica-cli-'));
      const command = oursCommandAs(join(folder, 'resplica-sentinel'));
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

describeWith('redis-server', 'a file of redis-server', () => {
  const check = (file: string): SpawnSyncReturns<string> => {
    const [program, ...args] = oursCommand();
    return spawnSync(program!, [...args, '--check', file], { encoding: 'utf8', timeout: PATIENCE_MS });
  };

  it(
    'is what the server starts with, by --dbfilename, and --check tells what it holds',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'resplica-cli-'));
      try {
        const file = join(folder, 'theirs.rdb');
        let digest: unknown;
        {
          const options = { dir: folder, dbfilename: 'theirs.rdb', 'enable-debug-command': 'yes' };
          await using theirs = await startRedis({ options });
          await using client = await RespClient.connect({ port: theirs.port });
          await client.call('DEBUG', 'POPULATE', 1000);
          await client.call('XADD', 'stream', '1-1', 'f', 'v');
          await client.call('ZADD', 'zset', '1.5', 'm', '2', 'n');
          await client.call('HSET', 'hash', 'f', 'v', 'long', 'x'.repeat(100));
          await client.call('SET', 'ends', 'v', 'EX', 10_000);
          expect(await client.call('SAVE')).toBe('OK');
          digest = await client.call('DEBUG', 'DIGEST');
        }
        await using ours = await startRedis({
          command: oursCommand(),
          args: ['--dir', folder, '--dbfilename', 'theirs.rdb', '--enable-debug-command', 'yes', '--save', ''],
          startTimeoutMs: PATIENCE_MS,
        });
        await using client = await RespClient.connect({ port: ours.port });
        expect(await client.call('DEBUG', 'DIGEST')).toEqual(digest);
        const good = check(file);
        expect(good.status).toBe(0);
        expect(good.stdout).toMatch(/\b1004\b/);
        writeFileSync(file, readFileSync(file).subarray(0, 2000));
        expect(check(file).status).toBe(1);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    3 * PATIENCE_MS,
  );
});
