import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ServerHandle, type ServerOptions, startServer } from '../../../src/topology/server.ts';
import { eventually } from '../../support/eventually.ts';
import { RespClient } from '../../support/resp-client.ts';

let dir: string;
const servers: ServerHandle[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'resplica-'));
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  rmSync(dir, { recursive: true, force: true });
});

async function start(save: string | false = false, config: ServerOptions['config'] = {}): Promise<ServerHandle> {
  const server = await startServer({
    persistence: { dir, save },
    config: { 'enable-debug-command': 'yes', 'enable-protected-configs': 'yes', ...config },
  });
  servers.push(server);
  return server;
}

async function info(server: ServerHandle): Promise<Record<string, string>> {
  const text = String(await server.execute('INFO', 'persistence'));
  return Object.fromEntries(text.split('\r\n').map((line) => line.split(':') as [string, string]));
}

async function saved(server: ServerHandle): Promise<void> {
  await eventually(async () => expect((await info(server))['rdb_bgsave_in_progress']).toBe('0'));
}

function logged(server: ServerHandle, text: string): boolean {
  return server.log.some((line) => line.includes(text));
}

describe('SAVE and BGSAVE', () => {
  it('keep the dataset for the next start, with databases, expire times and every type', async () => {
    const first = await start();
    await first.execute('SET', 'string', 'a'.repeat(100), 'PX', 10_000_000);
    await first.execute('RPUSH', 'list', 1, 2, 'three');
    await first.execute('SELECT', 5);
    await first.execute('XADD', 'stream', '1-1', 'f', 'v');
    await first.execute('SELECT', 0);
    const digest = await first.execute('DEBUG', 'DIGEST');
    expect(await first.execute('SAVE')).toBe('OK');
    const second = await start();
    expect(await second.execute('DEBUG', 'DIGEST')).toBe(digest);
    expect(await second.execute('PEXPIRETIME', 'string')).toBe(await first.execute('PEXPIRETIME', 'string'));
    expect((await info(second))['rdb_last_load_keys_loaded']).toBe('3');
    expect((await info(second))['rdb_changes_since_last_save']).toBe('0');
    expect(second.log.findIndex((line) => line.includes('DB loaded from disk: '))).toBeLessThan(
      second.log.findIndex((line) => line.includes('Ready to accept connections')),
    );
  });

  it('write in the background while commands change the dataset', async () => {
    const server = await start(false, { 'rdb-key-save-delay': 200 });
    await server.execute('DEBUG', 'POPULATE', 1000, 'key', 100);
    const digest = await server.execute('DEBUG', 'DIGEST');
    expect(await server.execute('BGSAVE')).toBe('Background saving started');
    await expect(server.execute('BGSAVE')).rejects.toThrow('ERR Background save already in progress');
    await expect(server.execute('SAVE')).rejects.toThrow('ERR Background save already in progress');
    expect((await info(server))['current_save_keys_total']).toBe('1000');
    for (let i = 0; i < 1000; i += 3) await server.execute('SET', `key:${i}`, 'changed');
    await server.execute('FLUSHDB');
    await server.execute('SET', 'later', 'x');
    expect((await info(server))['rdb_bgsave_in_progress']).toBe('1');
    await saved(server);
    const after = await info(server);
    expect(after['rdb_last_bgsave_status']).toBe('ok');
    expect(after['current_save_keys_total']).toBe('0');
    expect(Number(after['rdb_last_cow_size'])).toBeGreaterThan(0);
    // Changes since the beginning of the save are not in it.
    expect(Number(after['rdb_changes_since_last_save'])).toBe(334 + 1000 + 1);
    expect(readdirSync(dir)).toEqual(['dump.rdb']);
    expect(await (await start()).execute('DEBUG', 'DIGEST')).toBe(digest);
  });

  it('say what Redis says where they cannot', async () => {
    const server = await start(false, { dbfilename: 'other.rdb' });
    await expect(server.execute('BGSAVE', 'LATER')).rejects.toThrow('ERR syntax error');
    await server.execute('MULTI');
    expect(await server.execute('BGSAVE')).toBe('QUEUED');
    expect(await server.execute('EXEC')).toEqual(['Background saving scheduled']);
    await eventually(() => expect(readdirSync(dir)).toEqual(['other.rdb']));
    const before = Number(await server.execute('LASTSAVE'));
    expect(Math.abs(before - Date.now() / 1000)).toBeLessThan(20);
  });

  it('leave nothing behind when a save is ended by FLUSHALL or the end of the server', async () => {
    const server = await start(false, { 'rdb-key-save-delay': 100_000 });
    await server.execute('DEBUG', 'POPULATE', 100);
    await server.execute('BGSAVE');
    await eventually(() => expect(readdirSync(dir)).toHaveLength(1));
    await server.execute('FLUSHALL');
    expect(readdirSync(dir)).toEqual([]);
    expect((await info(server))['rdb_last_bgsave_status']).toBe('ok');
    expect(Number((await info(server))['rdb_changes_since_last_save'])).toBeGreaterThan(99);
    await server.execute('DEBUG', 'POPULATE', 100);
    await server.execute('BGSAVE');
    await server.close();
    expect(readdirSync(dir)).toEqual([]);
  });
});

describe('Tables', () => {
  it('stay as they are while a snapshot is taken, if they can, and change afterwards', async () => {
    const server = await start(false, { 'rdb-key-save-delay': 1_000_000 });
    const tables = async (...what: (string | number)[]): Promise<number[]> => {
      const text = String(await server.execute('DEBUG', ...what));
      return [...text.split('[Expires')[0]!.matchAll(/table size: (\d+)/g)].map((match) => Number(match[1]));
    };
    const members = Array.from({ length: 1000 }, (_, i) => `member:${i}`);
    await server.execute('SADD', 'set', ...members);
    await server.execute('DEBUG', 'POPULATE', 4095);
    await server.execute('BGSAVE');
    await server.execute('MSET', 'a', 1, 'b', 2);
    await server.execute('SREM', 'set', ...members.slice(50));
    expect(await tables('HTSTATS', 0)).toEqual([4096]);
    expect(await tables('HTSTATS-KEY', 'set')).toEqual([1024]);
    await server.execute('CONFIG', 'SET', 'rdb-key-save-delay', 0);
    await saved(server);
    await server.execute('SET', 'c', 3);
    await server.execute('SPOP', 'set');
    expect(await tables('HTSTATS', 0)).toContain(8192);
    expect(String(await server.execute('DEBUG', 'HTSTATS-KEY', 'set'))).toContain('rehashing target');
  });

  it('grow all the same when they are too full', async () => {
    const server = await start(false, { 'rdb-key-save-delay': 1_000_000 });
    await server.execute('DEBUG', 'POPULATE', 256);
    await server.execute('BGSAVE');
    for (let i = 0; i < 256; i++) await server.execute('SET', `later:${i}`, 'x');
    expect(String(await server.execute('DEBUG', 'HTSTATS', 0))).toMatch(/table size: (512|1024)/);
  });
});

describe('Save points', () => {
  it('save by themselves, and when the server closes', async () => {
    const server = await start('1 2');
    await server.execute('MSET', 'a', 1, 'b', 2);
    await server.execute('SET', 'c', 3);
    await eventually(() => expect(logged(server, '2 changes in 1 seconds. Saving...')).toBe(true), {
      timeoutMs: 10_000,
    });
    await saved(server);
    await server.execute('SET', 'd', 4);
    await server.close();
    expect(logged(server, 'Saving the final RDB snapshot before exiting.')).toBe(true);
    expect(await (await start()).execute('DBSIZE')).toBe(4);
  });

  it('let FLUSHALL write an empty file, so that what it removed does not come back', async () => {
    const server = await start('3600 1');
    await server.execute('SET', 'k', 'v');
    await server.execute('SAVE');
    await server.execute('FLUSHALL');
    expect((await info(server))['rdb_changes_since_last_save']).toBe('0');
    expect(await (await start()).execute('DBSIZE')).toBe(0);
  });

  it('are not asked at SHUTDOWN NOSAVE', async () => {
    const server = await start('3600 1');
    await server.execute('SET', 'k', 'v');
    void server.execute('SHUTDOWN', 'NOSAVE').catch(() => {});
    await eventually(() => expect(server.alive).toBe(false));
    expect(readdirSync(dir)).toEqual([]);
  });
});

describe('A save that fails', () => {
  it('refuses writes and PING until one succeeds, and keeps the file as it was', async () => {
    const server = await start('3600 1');
    await server.execute('SET', 'k', 'kept');
    await server.execute('SAVE');
    const file = readFileSync(join(dir, 'dump.rdb'));
    await server.execute('SET', 'k', 'new');
    // A directory in the place of the file cannot be replaced by a file.
    await server.execute('CONFIG', 'SET', 'dir', join(dir, '..'));
    await server.execute('CONFIG', 'SET', 'dbfilename', dir.split('/').at(-1)!);
    await server.execute('BGSAVE');
    await saved(server);
    expect((await info(server))['rdb_last_bgsave_status']).toBe('err');
    expect(logged(server, 'Background saving error')).toBe(true);
    await expect(server.execute('SET', 'k', 'x')).rejects.toThrow(/^MISCONF Redis is configured to save RDB snapshots/);
    await expect(server.execute('PING')).rejects.toThrow('MISCONF');
    expect(await server.execute('GET', 'k')).toBe('new');
    await expect(server.execute('SAVE')).rejects.toThrow('ERR');
    await server.execute('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no');
    expect(await server.execute('SET', 'k', 'y')).toBe('OK');
    await server.execute('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'yes');
    await expect(server.execute('SET', 'k', 'x')).rejects.toThrow('MISCONF');
    await server.execute('CONFIG', 'SET', 'dir', dir, 'dbfilename', 'dump.rdb');
    expect(readFileSync(join(dir, 'dump.rdb'))).toEqual(file);
    expect(await server.execute('SAVE')).toBe('OK');
    expect(await server.execute('SET', 'k', 'x')).toBe('OK');
  });
});

describe('A start', () => {
  it('leaves out keys whose time has passed', async () => {
    const server = await start();
    await server.execute('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
    await server.execute('SET', 'short', 'x', 'PX', 1);
    await server.execute('SET', 'long', 'x', 'PX', 1_000_000);
    await eventually(async () => {
      await server.execute('SAVE');
      const other = await start();
      expect((await info(other))['rdb_last_load_keys_expired']).toBe('1');
      expect(await other.execute('KEYS', '*')).toEqual(['long']);
      return true;
    });
  });

  it.each([
    ['torn', (file: Buffer) => file.subarray(0, file.length - 20), 'Short read or OOM loading DB.'],
    ['empty', () => Buffer.alloc(0), 'Short read or OOM loading DB.'],
    ['no RDB file', () => Buffer.from('something else'), 'Wrong signature trying to load DB from file'],
    [
      'newer',
      (file: Buffer) => Buffer.from(`REDIS0099${file.toString('latin1', 9)}`, 'latin1'),
      'RDB format version 99',
    ],
    ['of a wrong checksum', (file: Buffer) => flipped(file, file.length - 1), 'Wrong RDB checksum expected:'],
    ['of a flipped byte', (file: Buffer) => flipped(file, file.length - 30), ''],
  ])('refuses a file that is %s, and leaves it alone', async (_name, damage, text) => {
    const server = await start();
    await server.execute('RPUSH', 'list', ...Array.from({ length: 200 }, (_, i) => `element ${i}`));
    await server.execute('SAVE');
    const path = join(dir, 'dump.rdb');
    const damaged = damage(readFileSync(path));
    writeFileSync(path, damaged);
    const log: string[] = [];
    const failing = startServer({ persistence: { dir }, onLog: (line) => log.push(line) });
    await expect(failing).rejects.toMatchObject({ code: 'ERR_CANNOT_LOAD' });
    expect(log.join('\n')).toContain(text);
    expect(log.at(-1)).toMatch(/Fatal error loading the DB: |Terminating server after rdb file reading failure\./);
    expect(readFileSync(path)).toEqual(damaged);
  });

  it('answers -LOADING while it loads, and knows how far it is', async () => {
    const server = await start(false, { rdbcompression: 'no' });
    await server.execute('DEBUG', 'POPULATE', 3000, 'key', 1000);
    await server.execute('SAVE');
    const size = statSync(join(dir, 'dump.rdb')).size;
    const seen: string[] = [];
    const slow = startServer({
      persistence: { dir },
      config: { 'key-load-delay': 300, 'loading-process-events-interval-bytes': 1024, port: 0 },
      onLog: (line) => seen.push(line),
    });
    await eventually(() => expect(seen.some((line) => line.includes('Loading RDB produced by'))).toBe(true));
    const port = Number(/port=(\d+)/.exec(seen.join('\n'))![1]);
    const client = await RespClient.connect({ port });
    expect(await client.call('GET', 'key:1')).toMatchObject({
      message: 'LOADING Redis is loading the dataset in memory',
    });
    const text = String(await client.call('INFO', 'persistence'));
    expect(text).toContain('loading:1');
    expect(text).toContain(`loading_total_bytes:${size}`);
    expect(Number(/loading_loaded_perc:([\d.]+)/.exec(text)![1])).toBeLessThan(100);
    client.close();
    servers.push(await slow);
    expect(await servers.at(-1)!.execute('DBSIZE')).toBe(3000);
  });
});

describe('DEBUG RELOAD', () => {
  it('saves and loads, or only loads, over what is there or beside it', async () => {
    const server = await start();
    await server.execute('MSET', 'a', 1, 'b', 2);
    const digest = await server.execute('DEBUG', 'DIGEST');
    expect(await server.execute('DEBUG', 'RELOAD')).toBe('OK');
    expect(await server.execute('DEBUG', 'DIGEST')).toBe(digest);
    await server.execute('SET', 'c', 3);
    await server.execute('DEBUG', 'RELOAD', 'NOSAVE');
    expect(await server.execute('DBSIZE')).toBe(2);
    await server.execute('MSET', 'c', 3, 'a', 'over');
    await server.execute('DEBUG', 'RELOAD', 'NOSAVE', 'NOFLUSH', 'MERGE');
    expect(await server.execute('MGET', 'a', 'b', 'c')).toEqual(['1', '2', '3']);
    await expect(server.execute('DEBUG', 'RELOAD', 'X')).rejects.toThrow(
      'ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.',
    );
    rmSync(join(dir, 'dump.rdb'));
    await expect(server.execute('DEBUG', 'RELOAD', 'NOSAVE')).rejects.toThrow('ERR Error trying to load the RDB dump');
  });

  it('keeps what came before the damage of a file, and does not say that it ends', async () => {
    const server = await start();
    for (const [damage, said] of [
      [(file: Buffer) => file.subarray(0, file.length - 15), 'Short read or OOM loading DB. Unrecoverable error'],
      [(file: Buffer) => file.fill(1, file.length - 3), 'Wrong RDB checksum expected'],
      [(file: Buffer) => file.fill(0x58, 0, 1), 'Wrong signature trying to load DB from file'],
      [(file: Buffer) => file.fill(0x39, 7, 9), "Can't handle RDB format version 99"],
    ] as const) {
      await server.execute('FLUSHALL');
      await server.execute('MSET', 'a', 1, 'b', 2, 'c', 3);
      await server.execute('SAVE');
      writeFileSync(join(dir, 'dump.rdb'), damage(readFileSync(join(dir, 'dump.rdb'))));
      const seen = server.log.length;
      await expect(server.execute('DEBUG', 'RELOAD', 'NOSAVE')).rejects.toThrow(
        'ERR Error trying to load the RDB dump',
      );
      expect(server.log.at(-1)).toContain(said);
      expect(server.log.slice(seen).join()).not.toMatch(/Terminating|Exiting/);
      expect(await server.execute('PING')).toBe('PONG');
    }
    await server.execute('FLUSHALL');
    await server.execute('SAVE');
  });
});

describe('A server without persistence', () => {
  it('saves to nowhere, and touches no file', async () => {
    const before = readdirSync('.');
    const server = await startServer({ config: { 'enable-debug-command': 'yes' } });
    servers.push(server);
    await server.execute('SET', 'k', 'v');
    expect(await server.execute('SAVE')).toBe('OK');
    await server.execute('BGSAVE');
    await saved(server);
    await server.execute('SET', 'k', 'other');
    await server.execute('DEBUG', 'RELOAD', 'NOSAVE');
    expect(await server.execute('GET', 'k')).toBe('v');
    await server.close();
    expect(readdirSync('.')).toEqual(before);
  });
});

describe('The option `persistence`', () => {
  it.each([{}, { dir: 5 }, { dir: '.', aof: 'sometimes' }, { dir: '.', save: 'often' }, { dir: '.', rdb: true }, true])(
    'is not %j',
    async (persistence) => {
      const wrong = startServer({ persistence: persistence as never });
      await expect(wrong).rejects.toMatchObject({
        code: 'ERR_BAD_OPTION',
        message: expect.stringContaining("'none' or { dir, aof, save }"),
      });
    },
  );

  it('wants a directory that exists', async () => {
    const wrong = startServer({ persistence: { dir: join(dir, 'missing') } });
    await expect(wrong).rejects.toMatchObject({ code: 'ERR_BAD_CONFIG' });
  });
});

function flipped(file: Buffer, at: number): Buffer {
  const copy = Buffer.from(file);
  copy[at]! ^= 0x40;
  return copy;
}
