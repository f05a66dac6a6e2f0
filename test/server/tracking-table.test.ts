/** How much the server remembers for clients that track: its limit, and that it forgets with the clients. */
import { describe, expect, it } from 'vitest';
import { Keyspace } from '../../src/data/keyspace.ts';
import { Prng } from '../../src/host/prng.ts';
import { TrackingPrefixes, prefixTreeBytes } from '../../src/server/tracking-prefixes.ts';
import { TrackingTable } from '../../src/server/tracking-table.ts';
import type { Session } from '../../src/server/session.ts';
import { eventually } from '../support/eventually.ts';
import type { RespClient } from '../support/resp-client.ts';
import { serve } from '../support/serving.ts';

async function statsOf(client: RespClient): Promise<Record<string, number>> {
  const lines = ((await client.call('INFO', 'stats')) as string).split('\r\n').map((line) => line.split(':'));
  return Object.fromEntries(lines.map(([name, value]) => [name, Number(value)]));
}

describe('tracking-table-max-keys', () => {
  it('is kept by forgetting keys, whose readers are told', async () => {
    await using serving = await serve({ config: { 'tracking-table-max-keys': 10 } });
    const [reader, other] = [await serving.connect(), await serving.connect()];
    await reader.call('HELLO', 3);
    await reader.call('CLIENT', 'TRACKING', 'ON');
    const keys = Array.from({ length: 500 }, (_, i) => `key:${i}`);
    await reader.call('MGET', ...keys);
    const told: string[] = [];
    for (let i = 0; i < 490; i++) told.push(((await reader.nextPush())[1] as string[])[0]!);
    expect(await statsOf(other)).toMatchObject({ tracking_total_keys: 10, tracking_total_items: 10 });
    expect(new Set(told).size).toBe(490);
    for (const key of told) await other.call('SET', key, 1);
    expect(reader.unreadCount.pushes).toBe(0);
  });

  it('is enforced before the next command of a pipeline', async () => {
    await using serving = await serve({ config: { 'tracking-table-max-keys': 1 } });
    const client = await serving.connect();
    const received = client.readUntilClose();
    client.sendRaw('HELLO 3\r\nCLIENT TRACKING ON\r\nMGET a b\r\nPING\r\nQUIT\r\n');
    expect((await received).replaceAll('\r\n', '|')).toMatch(
      /\*2\|_\|_\|>2\|\$10\|invalidate\|\*1\|\$1\|[ab]\|\+PONG\|\+OK\|$/,
    );
  });

  it('can be lowered, and lifted with 0', async () => {
    await using serving = await serve();
    const [reader, other] = [await serving.connect(), await serving.connect()];
    await reader.call('CLIENT', 'TRACKING', 'ON');
    await other.call('CONFIG', 'SET', 'tracking-table-max-keys', 0);
    await reader.call('MGET', ...Array.from({ length: 250 }, (_, i) => `key:${i}`));
    expect(await statsOf(other)).toMatchObject({ tracking_total_keys: 250 });
    await other.call('CONFIG', 'SET', 'tracking-table-max-keys', 7);
    await eventually(async () => (await statsOf(other))['tracking_total_keys'] === 7);
  });
});

describe('What a server remembers for clients that track', () => {
  it('is gone when they are gone', async () => {
    await using serving = await serve();
    const [reader, idle, other] = [await serving.connect(), await serving.connect(), await serving.connect()];
    const memory = async (): Promise<number> =>
      Number(/used_memory_overhead:(\d+)/.exec((await other.call('INFO', 'memory')) as string)![1]);
    await reader.call('CLIENT', 'TRACKING', 'ON');
    await idle.call('CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', 'x');
    const before = await memory();
    await reader.call('MGET', ...Array.from({ length: 5000 }, (_, i) => `key:${i}`));
    expect(await memory()).toBeGreaterThan(before + 5000 * 32);
    await Promise.all([reader.close(), idle.close()]);
    await eventually(async () => (await statsOf(other))['tracking_total_keys'] === 0);
    await eventually(async () => (await statsOf(other))['tracking_total_prefixes'] === 0);
    expect(await statsOf(other)).toMatchObject({ tracking_total_items: 0 });
    expect(await memory()).toBeLessThan(before);
  });

  it('counts as memory of the server, and is given back when the databases are emptied', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.call('CLIENT', 'TRACKING', 'ON');
    await client.call('MGET', ...Array.from({ length: 100 }, (_, i) => `key:${i}`));
    await client.call('SET', 'key:1', 'v');
    expect(await statsOf(client)).toMatchObject({ tracking_total_keys: 99 });
    await client.call('FLUSHALL');
    expect(await statsOf(client)).toMatchObject({ tracking_total_keys: 0, tracking_total_items: 0 });
    await client.call('MGET', 'a', 'b');
    expect(await statsOf(client)).toMatchObject({ tracking_total_keys: 2, tracking_total_items: 2 });
  });
});

describe('The table of tracked keys', () => {
  function table(isConnected: (id: number) => boolean = () => true): TrackingTable {
    return new TrackingTable(new Keyspace(1, new Prng(1)), isConnected);
  }
  function add(target: TrackingTable, key: string, id: number): void {
    const bytes = Buffer.from(key);
    target.add(bytes, 0, bytes.length, id);
  }
  function take(target: TrackingTable, key: string): number[] | null {
    const bytes = Buffer.from(key);
    return target.take(bytes, 0, bytes.length);
  }

  it('keeps each reader of a key once, whatever the order they come in', () => {
    const readers = table();
    const ids = Array.from({ length: 500 }, (_, i) => ((i * 7919) % 500) * 2 ** 33 + 1);
    for (const id of [...ids, ...ids]) add(readers, 'k', id);
    add(readers, 'l', 5);
    expect([readers.size, readers.items]).toEqual([2, 501]);
    expect(take(readers, 'k')).toEqual([...ids].sort((a, b) => a - b));
    expect(take(readers, 'k')).toBe(null);
    expect([readers.size, readers.items]).toEqual([1, 1]);
  });

  it('holds no more than twice the living readers of a key, however many have come and gone', () => {
    let newest = 0;
    const readers = table((id) => id > newest - 3);
    for (let id = 1; id <= 10_000; id++) {
      newest = id;
      add(readers, 'a key that everybody reads', id);
    }
    expect(readers.items).toBeLessThan(20);
    expect(readers.usedBytes).toBeLessThan(1000);
    const left = take(readers, 'a key that everybody reads')!;
    expect(left.slice(-3)).toEqual([9998, 9999, 10_000]);
  });

  it('forgets random keys until it is empty', () => {
    const readers = table();
    for (let i = 0; i < 300; i++) add(readers, `key:${i}`, i);
    const taken = new Map<string, number[]>();
    while (readers.size > 0) {
      const { key, ids } = readers.takeAny();
      taken.set(key.toString(), ids);
    }
    expect(taken.size).toBe(300);
    expect(taken.get('key:17')).toEqual([17]);
    expect(readers.items).toBe(0);
  });

  it('gives memory back', () => {
    const readers = table();
    for (let i = 0; i < 1000; i++) add(readers, `key:${i}`, 1);
    expect(readers.usedBytes).toBeGreaterThan(30_000);
    readers.clear();
    expect([readers.usedBytes, readers.size, readers.items]).toEqual([0, 0, 0]);
    add(readers, 'k', 1);
    expect(take(readers, 'k')).toEqual([1]);
    expect(take(readers, 'key:1')).toBe(null);
  });
});

describe('Prefixes', () => {
  const [one, two] = [{ id: 1 } as Session, { id: 2 } as Session];
  const note = (prefixes: TrackingPrefixes, key: string, by: Session | null = null): boolean =>
    prefixes.note(Buffer.from(key), 0, key.length, by);

  it('collect changed keys under each prefix that they begin with', () => {
    const prefixes = new TrackingPrefixes();
    for (const prefix of ['b', '', 'ab', 'abc']) prefixes.add(one, prefix);
    prefixes.add(two, 'ab');
    expect(note(prefixes, 'abx')).toBe(true);
    note(prefixes, 'a', two);
    note(prefixes, 'abx', two);
    expect(prefixes.takeChanged().map(({ prefix, changed }) => [prefix, [...changed]])).toEqual([
      [
        '',
        [
          ['abx', two],
          ['a', two],
        ],
      ],
      ['ab', [['abx', two]]],
    ]);
    expect(prefixes.takeChanged()).toEqual([]);
  });

  it('go with the last client that has them', () => {
    const prefixes = new TrackingPrefixes();
    prefixes.add(one, 'a');
    prefixes.add(two, 'a');
    prefixes.add(two, 'b');
    prefixes.remove(one, 'a');
    expect([prefixes.size, note(prefixes, 'a1')]).toEqual([2, true]);
    prefixes.remove(two, 'a');
    prefixes.remove(two, 'a');
    expect([prefixes.size, note(prefixes, 'a1'), note(prefixes, 'b')]).toEqual([1, false, true]);
    prefixes.remove(two, 'b');
    expect([prefixes.size, note(prefixes, 'b'), prefixes.takeChanged()]).toEqual([0, false, []]);
  });

  it.each([
    [[''], 1],
    [['foo'], 2],
    [['', 'foo'], 2],
    [['bar', 'foo'], 5],
    [['fbar', 'foo'], 6],
    [['a', 'b', 'c'], 4],
    [['aa', 'ab', 'b'], 5],
    [['abc:1', 'abc:22', 'abd'], 8],
  ])('%j take as many nodes as in a radix tree: %i', (words, nodes) => {
    expect(prefixTreeBytes(words)).toBe(nodes * 32);
  });
});
