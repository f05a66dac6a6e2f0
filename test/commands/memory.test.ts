import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../src/topology/server.ts';

let server: ServerHandle;

beforeAll(async () => {
  server = await startServer();
});

afterAll(() => server.close());

beforeEach(() => server.execute('FLUSHALL'));

const FIELDS = [
  'peak.allocated',
  'total.allocated',
  'startup.allocated',
  'replication.backlog',
  'clients.slaves',
  'clients.normal',
  'cluster.links',
  'aof.buffer',
  'lua.caches',
  'functions.caches',
  'overhead.total',
  'keys.count',
  'keys.bytes-per-key',
  'dataset.bytes',
  'dataset.percentage',
  'peak.percentage',
  'allocator.allocated',
  'allocator.active',
  'allocator.resident',
  'allocator-fragmentation.ratio',
  'allocator-fragmentation.bytes',
  'allocator-rss.ratio',
  'allocator-rss.bytes',
  'rss-overhead.ratio',
  'rss-overhead.bytes',
  'fragmentation',
  'fragmentation.bytes',
];

async function stats(): Promise<Map<string, unknown>> {
  const reply = (await server.execute('MEMORY', 'STATS')) as unknown[];
  return new Map(reply.flatMap((name, i) => (i % 2 === 0 ? [[String(name), reply[i + 1]]] : [])));
}

describe('MEMORY USAGE', () => {
  it('tells the bytes of a key and its value, whatever number of samples is asked for', async () => {
    await server.execute('SET', 'short', 'x');
    await server.execute('SETRANGE', 'long', 99_999, 'x');
    const short = Number(await server.execute('MEMORY', 'USAGE', 'short'));
    expect(short).toBeGreaterThanOrEqual('short'.length + 1);
    expect(short).toBeLessThanOrEqual(64);
    const long = Number(await server.execute('MEMORY', 'USAGE', 'long', 'SAMPLES', '0'));
    expect(long).toBeGreaterThanOrEqual(100_000);
    expect(long).toBeLessThan(210_000);
    expect(await server.execute('MEMORY', 'USAGE', 'none')).toBe(null);
  });

  it('weighs some elements of a large collection, or all', async () => {
    for (let i = 0; i < 1000; i++) await server.execute('HSET', 'h', `field:${i}`, 'x'.repeat(100));
    for (let i = 0; i < 1000; i++) await server.execute('RPUSH', 'l', 'x'.repeat(100));
    for (const key of ['h', 'l']) {
      const all = Number(await server.execute('MEMORY', 'USAGE', key, 'SAMPLES', '0'));
      const some = Number(await server.execute('MEMORY', 'USAGE', key));
      expect(all).toBeGreaterThan(100_000);
      expect(all).toBeLessThan(300_000);
      expect(some).toBeGreaterThan(all * 0.8);
      expect(some).toBeLessThan(all * 1.2);
    }
  });

  it.each([
    [['k', 'SAMPLES'], 'ERR syntax error'],
    [['k', 'FOO', '1'], 'ERR syntax error'],
    [['k', 'SAMPLES', '-1'], 'ERR syntax error'],
    [['k', 'SAMPLES', 'x'], 'ERR value is not an integer or out of range'],
    [[], "wrong number of arguments for 'memory|usage' command"],
  ])('refuses %s', async (args, message) => {
    await expect(server.execute('MEMORY', 'USAGE', ...args)).rejects.toThrow(message);
  });
});

describe('MEMORY STATS', () => {
  it('lists the fields of Redis in their order, and the databases that hold keys', async () => {
    expect([...(await stats()).keys()]).toEqual(FIELDS);
    await server.execute('SET', 'k', 'v', 'EX', '100');
    const found = await stats();
    expect([...found.keys()]).toEqual([...FIELDS.slice(0, 10), 'db.0', ...FIELDS.slice(10)]);
    const database = found.get('db.0') as unknown[];
    expect(database.filter((_, i) => i % 2 === 0)).toEqual([
      'overhead.hashtable.main',
      'overhead.hashtable.expires',
      'overhead.hashtable.slot-to-keys',
    ]);
    expect(database[1]).toBeGreaterThan(0);
    expect(database[3]).toBeGreaterThan(0);
  });

  it('adds up', async () => {
    for (let i = 0; i < 1000; i++) await server.execute('SET', `key:${i}`, 'x'.repeat(100));
    const found = await stats();
    const number = (name: string): number => Number(found.get(name));
    expect(number('keys.count')).toBe(1000);
    expect(number('overhead.total') + number('dataset.bytes')).toBe(number('total.allocated'));
    expect(number('peak.allocated')).toBeGreaterThanOrEqual(number('total.allocated'));
    expect(number('keys.bytes-per-key')).toBe(
      Math.floor((number('total.allocated') - number('startup.allocated')) / 1000),
    );
    expect(number('dataset.bytes')).toBeGreaterThan(100_000);
  });
});

describe('used_memory', () => {
  /** Without the buffers of clients, which follow their use. */
  async function used(): Promise<number> {
    const found = await stats();
    return Number(found.get('total.allocated')) - Number(found.get('clients.normal'));
  }

  it('counts collections with their tables, and nothing of them when they are gone', async () => {
    const before = await used();
    for (let i = 0; i < 5000; i++) await server.execute('HSET', 's', `member:${i}`, '1');
    // Sampling moves a table on that is being resized: the first time, all the way.
    await server.execute('MEMORY', 'USAGE', 's', 'SAMPLES', '0');
    const usage = Number(await server.execute('MEMORY', 'USAGE', 's', 'SAMPLES', '0'));
    const full = await used();
    expect(full - before).toBeGreaterThan(usage - 1024);
    expect(full - before).toBeLessThan(usage + 1024);
    await server.execute('DEL', 's');
    expect(Math.abs((await used()) - before)).toBeLessThan(1024);
  });
});

describe('MEMORY', () => {
  it('judges its own figures', async () => {
    expect(String(await server.execute('MEMORY', 'DOCTOR'))).toContain('next to nothing');
    for (let i = 0; i < 8; i++) await server.execute('SETRANGE', `k${i}`, 999_999, 'x');
    await server.execute('DEL', 'k0', 'k1', 'k2');
    expect(String(await server.execute('MEMORY', 'DOCTOR'))).toMatch(/^(?:No problem found|Problems found)/);
  });

  it('behaves as Redis over libc does', async () => {
    expect(await server.execute('MEMORY', 'MALLOC-STATS')).toBe('Stats not supported for the current allocator');
    expect(await server.execute('MEMORY', 'PURGE')).toBe('OK');
  });

  it('explains itself', async () => {
    expect(((await server.execute('MEMORY', 'HELP')) as string[])[0]).toMatch(/^MEMORY <subcommand>/);
  });
});
