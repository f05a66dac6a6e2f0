import { describe, expect, it } from 'vitest';
import { readSentinelLine, readServerLine, TopologyEvents } from '../../src/topology/topology-events.ts';

const HEAD = '4711:M 20 Nov 2026 15:33:30.123';

describe('the events of a topology', () => {
  it('are stamped, kept, and iterated from the first to the end', async () => {
    let nowMs = 1000;
    const events = new TopologyEvents(() => nowMs);
    events.note('redis-1', { type: 'node', change: 'started' });
    const seen: unknown[] = [];
    const reader = (async () => {
      for await (const event of events) seen.push([event.sinceStartMs, event.node, event.type]);
    })();
    nowMs = 1500;
    events.note(null, { type: 'network', change: { kind: 'heal' } });
    await Promise.resolve();
    events.note('redis-1', { type: 'sync', state: 'lost' });
    events.close();
    await reader;
    expect(seen).toEqual([
      [0, 'redis-1', 'node'],
      [500, null, 'network'],
      [500, 'redis-1', 'sync'],
    ]);
    expect(events.history.at(-1)).toEqual({
      type: 'sync',
      state: 'lost',
      timeMs: 1500,
      sinceStartMs: 500,
      node: 'redis-1',
    });
  });

  it('are limited: a reader who is too slow misses the oldest', async () => {
    const events = new TopologyEvents(() => 0);
    const iterator = events[Symbol.asyncIterator]();
    for (let i = 0; i < 10_005; i++) events.note(String(i), { type: 'node', change: 'started' });
    expect(events.history.length).toBe(10_000);
    expect((await iterator.next()).value?.node).toBe('5');
    events.close();
  });

  it('are read off the logs of servers', () => {
    const read = (text: string) => {
      const events = new TopologyEvents(() => 0);
      events.readLine('n', `${HEAD} ${text}`, readServerLine);
      return events.history.map(({ timeMs: _1, sinceStartMs: _2, node: _3, ...body }) => body);
    };
    expect(read("* MASTER MODE enabled (user request from 'id=3')")).toEqual([{ type: 'role', role: 'master' }]);
    expect(read("* REPLICAOF 127.0.0.1:7000 enabled (user request from 'id=3')")).toEqual([
      { type: 'role', role: 'replica', master: '127.0.0.1:7000' },
    ]);
    expect(read('* MASTER <-> REPLICA sync: Finished with success')).toEqual([{ type: 'sync', state: 'full' }]);
    expect(read('* Successful partial resynchronization with master.')).toEqual([{ type: 'sync', state: 'partial' }]);
    expect(read('# Connection with master lost.')).toEqual([{ type: 'sync', state: 'lost' }]);
    expect(read('# Server initialized')).toEqual([]);
  });

  it('are read off the logs of sentinels', () => {
    expect(readSentinelLine('+sdown master mymaster 127.0.0.1 7000')).toEqual({
      type: 'sentinel',
      event: '+sdown',
      payload: 'master mymaster 127.0.0.1 7000',
    });
    expect(readSentinelLine('Sentinel ID is 0123')).toBe(null);
  });

  it('are not made of lines of another form', () => {
    const events = new TopologyEvents(() => 0);
    events.readLine('n', 'MASTER MODE enabled', readServerLine);
    expect(events.history).toEqual([]);
  });
});
