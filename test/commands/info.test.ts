import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../src/topology/server.ts';
import { RespClient, RespVerbatim } from '../support/resp-client.ts';
import { infoFields } from './info-fields.ts';

let server: ServerHandle;

beforeAll(async () => {
  server = await startServer({ clock: 'manual', config: { maxmemory: '10mb' } });
});

afterAll(() => server.close());

beforeEach(async () => {
  await server.execute('FLUSHALL');
  await server.execute('CONFIG', 'RESETSTAT');
});

async function text(...sections: string[]): Promise<string> {
  return String(await server.execute('INFO', ...sections));
}

async function fields(...sections: string[]): Promise<Map<string, string>> {
  const lines = (await text(...sections)).split('\r\n').filter((line) => line.includes(':'));
  return new Map(
    lines.map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
}

async function titles(...sections: string[]): Promise<string[]> {
  return (await text(...sections)).split('\r\n').flatMap((line) => (line.startsWith('# ') ? [line.slice(2)] : []));
}

const DEFAULT = 'Server Clients Memory Persistence Stats Replication CPU Modules Errorstats Cluster Keyspace'.split(
  ' ',
);
const ALL =
  'Server Clients Memory Persistence Stats Replication CPU Modules Commandstats Errorstats Latencystats Cluster Keyspace'.split(
    ' ',
  );

describe('INFO', () => {
  it.each(Object.entries(infoFields))('lists the fields of %s in the order of Redis', async (section, expected) => {
    expect([...(await fields(section)).keys()]).toEqual(expected);
  });

  it('separates sections by an empty line and ends lines with CRLF', async () => {
    expect(await text('cluster', 'keyspace')).toBe('# Cluster\r\ncluster_enabled:0\r\n\r\n# Keyspace\r\n');
  });

  it('shows the default sections, all of them, or those that are named, in any case and once each', async () => {
    expect(await titles()).toEqual(DEFAULT);
    expect(await titles('default')).toEqual(DEFAULT);
    expect(await titles('all')).toEqual(ALL);
    expect(await titles('EVERYTHING')).toEqual(ALL);
    expect(await titles('keyspace', 'Server', 'CPU', 'cpu')).toEqual(['Server', 'CPU', 'Keyspace']);
    expect(await titles('default', 'commandstats')).toEqual([
      ...DEFAULT.slice(0, 8),
      'Commandstats',
      ...DEFAULT.slice(8),
    ]);
    expect(await titles('module_list')).toEqual(['Modules']);
    expect(await text('nosuchsection')).toBe('');
  });

  it('answers a verbatim string in RESP3', async () => {
    await using client = await RespClient.connect({ port: server.port });
    await client.call('HELLO', 3);
    const reply = await client.call('INFO', 'cluster');
    expect(reply).toBeInstanceOf(RespVerbatim);
    expect(String((reply as RespVerbatim).text)).toBe('# Cluster\r\ncluster_enabled:0\r\n');
  });

  it('knows who the server is, and since when', async () => {
    const before = await fields('server');
    server.clock.advance(90_000_000);
    const after = await fields('server');
    expect(before.get('run_id')).toMatch(/^[0-9a-f]{40}$/);
    expect(after.get('run_id')).toBe(before.get('run_id'));
    expect(Number(after.get('uptime_in_seconds')) - Number(before.get('uptime_in_seconds'))).toBe(90_000);
    expect(after.get('uptime_in_days')).toBe('1');
    expect(after.get('tcp_port')).toBe(String(server.port));
    expect(after.get('process_id')).toBe(String(process.pid));
  });

  it('counts keys, those with an expire time, hits and misses', async () => {
    await server.execute('MSET', 'a', '1', 'b', '2');
    await server.execute('EXPIRE', 'a', '100');
    await server.execute('GET', 'a');
    await server.execute('GET', 'none');
    expect((await fields('keyspace')).get('db0')).toMatch(/^keys=2,expires=1,avg_ttl=\d+$/);
    const stats = await fields('stats');
    expect(stats.get('keyspace_hits')).toBe('1');
    expect(stats.get('keyspace_misses')).toBe('1');
  });

  it('counts connected clients, the embedder not among them', async () => {
    await using first = await RespClient.connect({ port: server.port });
    await using second = await RespClient.connect({ port: server.port });
    await first.call('PING');
    await second.call('PING');
    expect((await fields('clients')).get('connected_clients')).toBe('2');
  });

  it('adds up what commands cost and how they ended', async () => {
    await server.execute('SET', 'k', 'v');
    await server.execute('SET', 'k', 'v');
    await expect(server.execute('SET', 'k')).rejects.toThrow('wrong number of arguments');
    await expect(server.execute('INCR', 'k')).rejects.toThrow('not an integer');
    const stats = await fields('commandstats');
    expect(stats.get('cmdstat_set')).toMatch(
      /^calls=2,usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=1,failed_calls=0$/,
    );
    expect(stats.get('cmdstat_incr')).toMatch(/^calls=1,.*,rejected_calls=0,failed_calls=1$/);
    expect(stats.get('cmdstat_config|resetstat')).toMatch(/^calls=1,/);
    expect([...(await fields('errorstats'))]).toEqual([['errorstat_ERR', 'count=2']]);
    expect((await fields('stats')).get('total_error_replies')).toBe('2');
  });

  it('puts an error inside a transaction down to the command that failed', async () => {
    await server.execute('SET', 'k', 'v');
    await using client = await RespClient.connect({ port: server.port });
    await client.call('MULTI');
    await client.call('INCR', 'k');
    await client.call('EXEC');
    const stats = await fields('commandstats');
    expect(stats.get('cmdstat_incr')).toMatch(/failed_calls=1$/);
    expect(stats.get('cmdstat_exec')).toMatch(/failed_calls=0$/);
  });

  it('keeps error codes from breaking its format', async () => {
    await expect(server.execute('A#B:C')).rejects.toThrow('unknown command');
    expect([...(await fields('errorstats')).keys()]).toEqual(['errorstat_ERR']);
  });

  it('shows percentiles of durations as configured, unless tracking is off', async () => {
    await server.execute('CONFIG', 'SET', 'latency-tracking-info-percentiles', '0.0 50.0 100.0');
    await server.execute('SET', 'k', 'v');
    const name = 'latency_percentiles_usec_set';
    expect((await fields('latencystats')).get(name)).toMatch(/^p0=\d+\.\d{3},p50=\d+\.\d{3},p100=\d+\.\d{3}$/);
    await server.execute('CONFIG', 'SET', 'latency-tracking', 'no');
    expect((await fields('latencystats')).size).toBe(0);
    await server.execute('CONFIG', 'SET', 'latency-tracking', 'yes', 'latency-tracking-info-percentiles', '50 99 99.9');
  });

  it('samples rates ten times a second', async () => {
    for (let i = 0; i < 160; i++) {
      await server.execute('PING');
      if (i % 10 === 9) server.clock.advance(100);
    }
    expect((await fields('stats')).get('instantaneous_ops_per_sec')).toBe('100');
    server.clock.advance(2000);
    expect((await fields('stats')).get('instantaneous_ops_per_sec')).toBe('0');
  });

  it('accounts for memory: keys make it grow, their removal gives it back, the peak stays', async () => {
    const used = async (field = 'used_memory'): Promise<number> => Number((await fields('memory')).get(field));
    const empty = await used();
    await server.execute('SETRANGE', 'k', 999_999, 'x');
    const full = await used();
    expect(full - empty).toBeGreaterThan(1_000_000);
    expect(full - empty).toBeLessThan(1_100_000);
    await server.execute('DEL', 'k');
    expect(Math.abs((await used()) - empty)).toBeLessThan(10_000);
    expect(await used('used_memory_peak')).toBeGreaterThanOrEqual(full);
    expect((await fields('memory')).get('maxmemory_human')).toBe('10.00M');
  });
});
