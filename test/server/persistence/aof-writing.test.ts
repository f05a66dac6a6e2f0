/** What a server does with its append-only file while it runs. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ServerHandle, type ServerOptions, startServer } from '../../../src/topology/server.ts';
import { AofFolder, commands, INCREMENT } from '../../support/aof-folder.ts';
import { RespClient } from '../../support/resp-client.ts';

type Options = Omit<ServerOptions, 'persistence'>;

function start(folder: AofFolder, { config, ...options }: Options = {}): Promise<ServerHandle> {
  return startServer({
    persistence: { dir: folder.path, aof: true },
    config: { 'enable-debug-command': 'yes', ...config },
    ...options,
  });
}

async function info(server: ServerHandle): Promise<Record<string, string>> {
  const lines = String(await server.execute('INFO', 'persistence')).split('\r\n');
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

async function untilRewritten(server: ServerHandle): Promise<void> {
  await expect
    .poll(async () => (await info(server)).aof_rewrite_in_progress, { timeout: 5000, interval: 10 })
    .toBe('0');
}

function texts(server: ServerHandle): string[] {
  return server.log.map((line) => line.replace(/^\S+ \d+ \w+ \d+ \S+ . /, '').replace(/bg-\d+|by pid \d+/, ''));
}

describe('the append-only file', () => {
  it('has what was acknowledged, at once', async () => {
    using folder = new AofFolder();
    await using server = await start(folder, { config: { appendfsync: 'no' } });
    await using client = await RespClient.connect({ port: server.port });
    for (let i = 0; i < 20; i++) {
      await client.call('SET', 'k', i);
      expect(folder.read(INCREMENT).endsWith(commands([`SET k ${i}`]))).toBe(true);
    }
    expect((await info(server)).aof_buffer_length).toBe('0');
  });

  it('tells when its commands ran, if it is to', async () => {
    using folder = new AofFolder();
    await using server = await start(folder, {
      clock: 'manual',
      config: { 'aof-timestamp-enabled': true, appendfsync: 'no' },
    });
    const first = Math.floor(server.clock.now() / 1000);
    const set = async (): Promise<void> => {
      const reply = server.execute('SET', 'k', 'v');
      server.clock.advance(0);
      await reply;
    };
    await set();
    await set();
    server.clock.advance(2000);
    await set();
    const content = folder.read(INCREMENT);
    expect(content.replace(commands(['SELECT 0']), '')).toBe(
      `#TS:${first}\r\n${commands(['SET k v', 'SET k v'])}#TS:${first + 2}\r\n${commands(['SET k v'])}`,
    );
  });

  it.each([true, false])('is rewritten to what the dataset is (RDB base: %s)', async (isRdb) => {
    using folder = new AofFolder();
    const extension = isRdb ? 'rdb' : 'aof';
    const config = { 'aof-use-rdb-preamble': isRdb };
    const first = await start(folder, { config });
    for (let i = 0; i < 50; i++) await first.execute('INCR', 'n');
    await first.execute('SET', 'v', 'x', 'PXAT', '4000000000000');
    expect(await first.execute('BGREWRITEAOF')).toBe('Background append only file rewriting started');
    await untilRewritten(first);
    expect(folder.manifest).toBe(
      `file appendonly.aof.2.base.${extension} seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n`,
    );
    expect(folder.names).toEqual([
      `appendonly.aof.2.base.${extension}`,
      'appendonly.aof.2.incr.aof',
      'appendonly.aof.manifest',
    ]);
    if (!isRdb) {
      const written = ['SET n 50', 'SET v x', 'PEXPIREAT v 4000000000000'].sort();
      const base = folder.read('appendonly.aof.2.base.aof');
      for (const command of written) expect(base).toContain(commands([command]));
      expect(base.length).toBe(commands(['SELECT 0', ...written]).length);
    }
    await first.execute('INCR', 'n');
    expect(folder.read('appendonly.aof.2.incr.aof')).toBe(commands(['SELECT 0', 'INCR n']));
    expect(texts(first).slice(-8)).toEqual([
      'Creating AOF incr file appendonly.aof.2.incr.aof on background rewrite',
      'Background append only file rewriting started ',
      'Successfully created the temporary AOF base file temp-rewriteaof-.aof',
      'Background AOF rewrite terminated with success',
      `Successfully renamed the temporary AOF base file temp-rewriteaof-.aof into appendonly.aof.2.base.${extension}`,
      'Removing the history file appendonly.aof.1.incr.aof in the background',
      `Removing the history file appendonly.aof.1.base.${extension} in the background`,
      'Background AOF rewrite finished successfully',
    ]);
    await first.close();
    await using second = await start(folder, { config });
    expect(await second.execute('GET', 'n')).toBe('51');
    expect(await second.execute('PEXPIRETIME', 'v')).toBe(4000000000000);
  });

  it('takes what is written during a rewrite, and refuses a second one meanwhile', async () => {
    using folder = new AofFolder();
    const first = await start(folder, { config: { 'rdb-key-save-delay': 2000 } });
    for (let i = 0; i < 100; i++) await first.execute('SET', `k${i}`, 'before');
    await first.execute('BGREWRITEAOF');
    await expect(first.execute('BGREWRITEAOF')).rejects.toThrow(
      'ERR Background append only file rewriting already in progress',
    );
    expect((await info(first)).aof_rewrite_in_progress).toBe('1');
    for (let i = 0; i < 100; i++) await first.execute('APPEND', `k${i}`, ' and after');
    await untilRewritten(first);
    await first.execute('CONFIG', 'SET', 'rdb-key-save-delay', '0');
    const digest = await first.execute('DEBUG', 'DIGEST');
    await first.close();
    await using second = await start(folder);
    expect(await second.execute('DEBUG', 'DIGEST')).toBe(digest);
    expect(await second.execute('GET', 'k99')).toBe('before and after');
  });

  it('waits with a rewrite for a snapshot that is being saved, and in a transaction', async () => {
    using folder = new AofFolder();
    await using server = await start(folder, { config: { 'rdb-key-save-delay': 20_000 } });
    for (let i = 0; i < 10; i++) await server.execute('SET', `k${i}`, 'v');
    await server.execute('BGSAVE');
    expect(await server.execute('BGREWRITEAOF')).toBe('Background append only file rewriting scheduled');
    expect((await info(server)).aof_rewrite_scheduled).toBe('1');
    await expect.poll(async () => (await info(server)).aof_rewrites, { timeout: 5000 }).toBe('1');
    await untilRewritten(server);
    await server.execute('MULTI');
    await server.execute('BGREWRITEAOF');
    expect(await server.execute('EXEC')).toEqual(['Background append only file rewriting scheduled']);
  });

  it('keeps its history if it is told to, and removes it when it is told otherwise', async () => {
    using folder = new AofFolder();
    await using server = await start(folder, { config: { 'aof-disable-auto-gc': true } });
    await server.execute('BGREWRITEAOF');
    await untilRewritten(server);
    expect(folder.names).toHaveLength(5);
    expect(folder.manifest.match(/type h/g)).toHaveLength(2);
    await server.execute('CONFIG', 'SET', 'aof-disable-auto-gc', 'no');
    expect(folder.names).toHaveLength(3);
    expect(folder.manifest).not.toContain('type h');
  });

  it('is rewritten by itself when it has grown', async () => {
    using folder = new AofFolder();
    const config = { 'auto-aof-rewrite-min-size': 2000, 'auto-aof-rewrite-percentage': 50 };
    await using server = await start(folder, { config });
    for (let i = 0; i < 100; i++) await server.execute('SET', 'k', i);
    await expect.poll(async () => (await info(server)).aof_rewrites, { timeout: 5000 }).toBe('1');
    expect(server.log.join('\n')).toMatch(/Starting automatic rewriting of AOF on \d+% growth/);
  });

  it('is rewritten later and later where that fails again and again, unless somebody asks', async () => {
    using folder = new AofFolder();
    // What stands in the way of the new base.
    mkdirSync(join(folder.path, `temp-rewriteaof-bg-${process.pid}.aof`));
    const config = { 'auto-aof-rewrite-min-size': 1, 'auto-aof-rewrite-percentage': 1, appendfsync: 'no' };
    await using server = await start(folder, { clock: 'manual', config });
    const call = async (...args: string[]): Promise<unknown> => {
      const reply = server.execute(...args);
      server.clock.advance(0);
      return await reply;
    };
    const failures = async (): Promise<string> =>
      /consecutive_failures:(\d+)/.exec(String(await call('INFO', 'persistence')))![1]!;
    await call('SET', 'k', 'v');
    server.clock.advance(1000);
    expect(await failures()).toBe('3');
    const limit = 'Background AOF rewrite has repeatedly failed and triggered the limit, will retry in';
    expect(texts(server).at(-1)).toBe(`${limit} 1 minutes`);
    server.clock.advance(60_000);
    expect(await failures()).toBe('4');
    expect(texts(server).at(-1)).toBe(`${limit} 2 minutes`);
    expect(await call('BGREWRITEAOF')).toBe('Background append only file rewriting started');
    expect(await failures()).toBe('5');
    expect(folder.manifest).toContain('type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n');
    await call('CONFIG', 'RESETSTAT');
    expect(await failures()).toBe('0');
  });

  it('is switched off and on while the server runs', async () => {
    using folder = new AofFolder();
    const first = await start(folder);
    await first.execute('SET', 'a', '1');
    await first.execute('CONFIG', 'SET', 'appendonly', 'no');
    await first.execute('SET', 'b', '1');
    expect(folder.read(INCREMENT)).not.toContain('$1\r\nb');
    expect((await info(first)).aof_enabled).toBe('0');
    expect((await info(first)).aof_current_size).toBeUndefined();
    await first.execute('CONFIG', 'SET', 'appendonly', 'yes');
    await first.execute('SET', 'c', '1');
    await untilRewritten(first);
    await first.execute('SET', 'd', '1');
    expect(folder.manifest).toBe(
      'file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n',
    );
    expect(folder.read('appendonly.aof.2.incr.aof')).toBe(commands(['SELECT 0', 'SET c 1', 'SET d 1']));
    await first.close();
    await using second = await start(folder);
    expect(await second.execute('MGET', 'a', 'b', 'c', 'd')).toEqual(['1', '1', '1', '1']);
  });

  it('is not there before its first base is, and tries again until that is written', async () => {
    using folder = new AofFolder();
    const obstacle = join(folder.path, `temp-rewriteaof-bg-${process.pid}.aof`);
    mkdirSync(obstacle);
    const first = await startServer({ persistence: { dir: folder.path } });
    await first.execute('SET', 'a', '1');
    await first.execute('CONFIG', 'SET', 'appendonly', 'yes');
    await first.execute('SET', 'b', '1');
    expect(folder.names).toEqual([]);
    expect((await info(first)).aof_enabled).toBe('1');
    expect(texts(first)).toContain('Removing the temp incr aof file temp-appendonly.aof.incr in the background');
    rmSync(obstacle, { recursive: true });
    await expect.poll(() => folder.names.length, { timeout: 5000 }).toBe(3);
    await first.execute('SET', 'c', '1');
    expect(folder.names).toEqual(['appendonly.aof.1.base.rdb', 'appendonly.aof.1.incr.aof', 'appendonly.aof.manifest']);
    await first.close();
    await using second = await start(folder);
    expect(await second.execute('MGET', 'a', 'b', 'c')).toEqual(['1', '1', '1']);
  });

  it('stays off if its first base cannot be begun', async () => {
    using folder = new AofFolder();
    folder.writeBeside('appendonlydir', []);
    await using server = await startServer({ persistence: { dir: folder.path } });
    await expect(server.execute('CONFIG', 'SET', 'appendonly', 'yes')).rejects.toThrow(
      'Unable to turn on AOF. Check server logs.',
    );
    expect(await server.execute('CONFIG', 'GET', 'appendonly')).toEqual(['appendonly', 'no']);
    expect(texts(server)).toContain("Can't open the append-only file temp-appendonly.aof.incr: Not a directory");
  });

  it('is loaded again by DEBUG LOADAOF', async () => {
    using folder = new AofFolder();
    await using server = await start(folder);
    await server.execute('SET', 'a', '1');
    await server.execute('SADD', 's', 'x', 'y', 'z');
    const digest = await server.execute('DEBUG', 'DIGEST');
    expect(await server.execute('DEBUG', 'LOADAOF')).toBe('OK');
    expect(await server.execute('DEBUG', 'DIGEST')).toBe(digest);
    expect(folder.read(INCREMENT)).not.toContain('LOADAOF');
    expect(texts(server).at(-1)).toBe('Append Only File loaded by DEBUG LOADAOF');
  });
});

describe('with appendfsync always', () => {
  it('clients are answered in the order in which they asked, however they are pipelined', async () => {
    using folder = new AofFolder();
    await using server = await startServer({ persistence: { dir: folder.path, aof: 'always' } });
    const clients = await Promise.all(Array.from({ length: 8 }, () => RespClient.connect({ port: server.port })));
    const rounds = clients.map(async (client, i) => {
      for (let round = 0; round < 10; round++) {
        const sent = Array.from({ length: 20 }, (_, j) => client.call(j % 4 === 3 ? 'GET' : 'INCR', `n${i}`));
        const replies = (await Promise.all(sent)).map(Number);
        expect(replies).toEqual(Array.from({ length: 20 }, (_, j) => round * 15 + j + 1 - Math.floor((j + 1) / 4)));
      }
    });
    await Promise.all(rounds);
    await Promise.all(clients.map((client) => client.close()));
    expect((await info(server)).aof_last_write_status).toBe('ok');
  });

  it('a client that never stops sending is answered', async () => {
    using folder = new AofFolder();
    await using server = await startServer({ persistence: { dir: folder.path, aof: 'always' } });
    await using client = await RespClient.connect({ port: server.port });
    let answered = 0;
    let sent = 0;
    const stop = setInterval(() => {
      sent++;
      void client.call('INCR', 'n').then(() => answered++);
    }, 0);
    await expect.poll(() => answered, { timeout: 5000 }).toBeGreaterThan(50);
    clearInterval(stop);
    await expect.poll(() => answered, { timeout: 5000 }).toBe(sent);
  });

  it('can be changed to another policy and back while clients write', async () => {
    using folder = new AofFolder();
    await using server = await startServer({ persistence: { dir: folder.path, aof: 'always' } });
    await using client = await RespClient.connect({ port: server.port });
    for (const policy of ['no', 'always', 'everysec', 'always', 'no', 'everysec']) {
      const replies = Array.from({ length: 10 }, () => client.call('INCR', 'n'));
      await server.execute('CONFIG', 'SET', 'appendfsync', policy);
      await Promise.all(replies);
    }
    expect(await server.execute('GET', 'n')).toBe('60');
  });
});
