/** Streams: what the twins cannot compare, or do not reach: automatic IDs, events, the stream of changes, waiting. */
import { describe, expect, it } from 'vitest';
import {
  type TestArgument,
  type TestClient,
  type TestReply,
  type TestServer,
  startTestServer,
} from '../support/in-process.ts';

const MS = 1_700_000_000_000;
const MAX = '18446744073709551615';

/** A stream `s` with the entries 1-0, 2-0, ... and a group `g` at its beginning. */
function withGroup(entries: number): TestServer {
  const redis = startTestServer();
  for (let i = 1; i <= entries; i++) redis.call('XADD', 's', `${i}-0`, 'f', i);
  redis.call('XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM');
  return redis;
}

function read(redis: TestServer | TestClient, consumer: string, ...rest: TestArgument[]): TestReply {
  return redis.call('XREADGROUP', 'GROUP', 'g', consumer, ...rest);
}

function eventsOf(redis: TestServer): () => string[] {
  redis.call('CONFIG', 'SET', 'notify-keyspace-events', 'EA');
  return redis.listen();
}

describe('XADD', () => {
  it('makes IDs of the time, and counts on where the clock stands still or goes back', () => {
    const redis = startTestServer();
    expect(redis.call('XADD', 's', '*', 'f', 'v')).toBe(`${MS}-0`);
    expect(redis.call('XADD', 's', '*', 'f', 'v')).toBe(`${MS}-1`);
    redis.advance(5);
    expect(redis.call('XADD', 's', '*', 'f', 'v')).toBe(`${MS + 5}-0`);
    expect(redis.call('XADD', 's', `${MS + 100}-${MAX}`, 'f', 'v')).toBe(`${MS + 100}-${MAX}`);
    expect(redis.call('XADD', 's', '*', 'f', 'v')).toBe(`${MS + 101}-0`);
  });

  it('refuses to go on behind the last ID there is', () => {
    const redis = startTestServer();
    redis.call('XADD', 's', `${MAX}-${MAX}`, 'f', 'v');
    expect(redis.call('XADD', 's', '*', 'f', 'v')).toMatch(/^-ERR The stream has exhausted the last possible ID/);
    expect(redis.call('XADD', 't', `5-${MAX}`, 'f', 'v')).toBe(`5-${MAX}`);
    expect(redis.call('XADD', 't', '5-*', 'f', 'v')).toMatch(/^-ERR The ID specified in XADD is equal or smaller/);
  });

  it('makes no stream when it fails, or when told not to', () => {
    const redis = startTestServer();
    expect(redis.call('XADD', 's', '0-0', 'f', 'v')).toBe('-ERR The ID specified in XADD must be greater than 0-0');
    expect(redis.call('XADD', 's', 'NOMKSTREAM', '*', 'f', 'v')).toBe(null);
    expect(redis.call('XADD', 's', '*', 'f')).toBe("-ERR wrong number of arguments for 'xadd' command");
    expect(redis.call('EXISTS', 's')).toBe(0);
  });
});

describe('the stream of changes', () => {
  function watched(entries = 0): TestServer {
    const redis = withGroup(entries);
    redis.watchPropagation();
    redis.propagated();
    return redis;
  }

  it('has the ID that XADD made, and how far it trimmed', () => {
    const redis = watched();
    redis.call('CONFIG', 'SET', 'stream-node-max-entries', 2);
    redis.call('XADD', 's', '*', 'f', 'v');
    redis.call('XADD', 's', '5000000000000-*', 'f', 'v');
    redis.call('XADD', 's', 'MAXLEN', '=', 9, '6000000000000-1', 'f', 'v');
    redis.call('XADD', 's', 'LIMIT', 10, 'MAXLEN', '~', 2, 'LIMIT', 9, 'NOMKSTREAM', '*', 'f', 'v');
    redis.call('XADD', 's', 'MINID', '~', '7000000000000', '7000000000000-*', 'f', 'v');
    expect(redis.propagated()).toEqual([
      `XADD s ${MS}-0 f v`,
      'XADD s 5000000000000-0 f v',
      'XADD s MAXLEN "=" 9 6000000000000-1 f v',
      'XADD s LIMIT 10 MAXLEN "=" 2 LIMIT 9 NOMKSTREAM 6000000000000-2 f v',
      'XADD s MINID "=" 7000000000000-0 7000000000000-0 f v',
    ]);
  });

  it('has XTRIM if it removed anything, and what it came to', () => {
    const redis = watched(8);
    redis.call('CONFIG', 'SET', 'stream-node-max-entries', 2);
    redis.call('XTRIM', 's', 'MAXLEN', 8);
    redis.call('XTRIM', 's', 'MAXLEN', 7);
    for (let i = 9; i <= 12; i++) redis.call('XADD', 's', i, 'f', 'v');
    redis.propagated();
    redis.call('XTRIM', 's', 'MAXLEN', '~', 3, 'LIMIT', 100);
    redis.call('XTRIM', 's', 'MINID', '~', 11);
    expect(redis.propagated()).toEqual(['XTRIM s MAXLEN "=" 4 LIMIT 100', 'XTRIM s MINID "=" 11-0']);
  });

  it('has XCLAIM for each entry that XREADGROUP delivers', () => {
    const redis = watched(2);
    read(redis, 'x', 'STREAMS', 's', '>');
    const claim = (id: string): string => `XCLAIM s g x 0 ${id} TIME ${MS} RETRYCOUNT 1 FORCE JUSTID LASTID ${id}`;
    expect(redis.propagated()).toEqual(['MULTI', claim('1-0'), claim('2-0'), 'EXEC']);
    read(redis, 'x', 'STREAMS', 's', '0');
    expect(redis.propagated()).toEqual([]);
  });

  it('has the consumer and the last ID where nothing is pending', () => {
    const redis = watched(2);
    read(redis, 'x', 'NOACK', 'STREAMS', 's', '>');
    expect(redis.propagated()).toEqual([
      'MULTI',
      'XGROUP CREATECONSUMER s g x',
      'XGROUP SETID s g 2-0 ENTRIESREAD 2',
      'EXEC',
    ]);
  });

  it('has what XCLAIM and XAUTOCLAIM came to', () => {
    const redis = watched(3);
    read(redis, 'x', 'STREAMS', 's', '>');
    redis.call('XDEL', 's', '2-0');
    redis.propagated();
    redis.call('XCLAIM', 's', 'g', 'y', 0, '1-0', '2-0', '9-0', 'IDLE', 1000, 'LASTID', '7-0');
    expect(redis.propagated()).toEqual([
      'MULTI',
      `XCLAIM s g y 0 1-0 TIME ${MS - 1000} RETRYCOUNT 2 FORCE JUSTID LASTID 7-0`,
      `XCLAIM s g x 0 2-0 TIME ${MS} RETRYCOUNT 1 FORCE JUSTID LASTID 7-0`,
      'EXEC',
    ]);
    redis.call('XCLAIM', 's', 'g', 'y', 0, '9-0', 'LASTID', '8-0');
    expect(redis.propagated()).toEqual(['XGROUP SETID s g 8-0 ENTRIESREAD 3']);
    redis.call('XAUTOCLAIM', 's', 'g', 'z', 0, '0', 'JUSTID');
    expect(redis.propagated()).toEqual([
      'MULTI',
      `XCLAIM s g z 0 1-0 TIME ${MS} RETRYCOUNT 2 FORCE JUSTID LASTID 8-0`,
      `XCLAIM s g z 0 3-0 TIME ${MS} RETRYCOUNT 1 FORCE JUSTID LASTID 8-0`,
      'EXEC',
    ]);
  });
});

describe('keyspace events of streams', () => {
  it('tell what was done', () => {
    const redis = startTestServer();
    const events = eventsOf(redis);
    redis.call('XADD', 's', 'MAXLEN', 1, '1-0', 'f', 'v');
    redis.call('XADD', 's', 'MAXLEN', 1, '2-0', 'f', 'v');
    redis.call('XADD', 's', '3-0', 'f', 'v');
    redis.call('XDEL', 's', '9-0');
    redis.call('XDEL', 's', '2-0');
    redis.call('XTRIM', 's', 'MAXLEN', 0);
    redis.call('XSETID', 's', '5-0');
    expect(events()).toEqual(['xadd', 'xadd', 'xtrim', 'xadd', 'xdel', 'xtrim', 'xsetid'].map((each) => `${each} s`));
  });

  it('tell of groups and consumers', () => {
    const redis = startTestServer();
    const events = eventsOf(redis);
    redis.call('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM');
    redis.call('XGROUP', 'SETID', 's', 'g', '0');
    redis.call('XGROUP', 'CREATECONSUMER', 's', 'g', 'x');
    redis.call('XGROUP', 'CREATECONSUMER', 's', 'g', 'x');
    redis.call('XADD', 's', '1-0', 'f', 'v');
    read(redis, 'y', 'STREAMS', 's', '>');
    redis.call('XGROUP', 'DELCONSUMER', 's', 'g', 'x');
    redis.call('XGROUP', 'DESTROY', 's', 'g');
    expect(events()).toEqual(
      ['create', 'setid', 'createconsumer', 'xadd', 'createconsumer', 'delconsumer', 'destroy'].map((each) =>
        each === 'xadd' ? 'xadd s' : `xgroup-${each} s`,
      ),
    );
  });
});

describe('a group', () => {
  it('knows how long entries are pending, and takes them from whoever lets them lie', () => {
    const redis = withGroup(2);
    read(redis, 'x', 'STREAMS', 's', '>');
    redis.advance(1000);
    expect(redis.call('XPENDING', 's', 'g', '-', '+', 10)).toEqual([
      ['1-0', 'x', 1000, 1],
      ['2-0', 'x', 1000, 1],
    ]);
    expect(redis.call('XCLAIM', 's', 'g', 'y', 1001, '1-0')).toEqual([]);
    expect(redis.call('XCLAIM', 's', 'g', 'y', 1000, '1-0')).toEqual([['1-0', ['f', '1']]]);
    expect(redis.call('XPENDING', 's', 'g', 'IDLE', 1000, '-', '+', 10)).toEqual([['2-0', 'x', 1000, 1]]);
    expect(redis.call('XPENDING', 's', 'g')).toEqual([
      2,
      '1-0',
      '2-0',
      [
        ['x', '1'],
        ['y', '1'],
      ],
    ]);
    expect(redis.call('XAUTOCLAIM', 's', 'g', 'y', 1000, '-', 'COUNT', 1)).toEqual(['0-0', [['2-0', ['f', '2']]], []]);
    expect(redis.call('XINFO', 'CONSUMERS', 's', 'g')).toEqual([
      ['name', 'x', 'pending', 0, 'idle', 1000],
      ['name', 'y', 'pending', 2, 'idle', 0],
    ]);
  });

  it('is copied with all that is pending', () => {
    const redis = withGroup(300);
    read(redis, 'x', 'COUNT', 250, 'STREAMS', 's', '>');
    redis.call('XACK', 's', 'g', '17-0');
    redis.call('COPY', 's', 't');
    redis.call('DEL', 's');
    expect(redis.call('XPENDING', 't', 'g')).toEqual([249, '1-0', '250-0', [['x', '249']]]);
    expect(redis.call('XACK', 't', 'g', '17-0', '18-0', '250-0')).toBe(2);
    expect((read(redis, 'x', 'STREAMS', 't', '>') as TestReply[][][])[0]![1]).toHaveLength(50);
    expect(redis.call('XGROUP', 'DELCONSUMER', 't', 'g', 'x')).toBe(297);
    expect(redis.call('XPENDING', 't', 'g')).toEqual([0, null, null, null]);
  });

  it('leaves no memory behind', () => {
    const redis = withGroup(0);
    redis.call('DEL', 's');
    const { heap } = redis.server.keyspace;
    const before = heap.usedBytes;
    for (let i = 1; i <= 1000; i++) redis.call('XADD', 's', `${i}-0`, 'f', 'v');
    redis.call('XGROUP', 'CREATE', 's', 'g', 0);
    read(redis, 'x', 'STREAMS', 's', '>');
    expect(heap.usedBytes).toBeGreaterThan(before + 1000 * 30);
    redis.call('DEL', 's');
    redis.advance(100);
    expect(heap.usedBytes).toBe(before);
  });
});

describe('one who waits for entries', () => {
  function waiting(redis: TestServer, ...args: TestArgument[]): { client: TestClient; received: () => string } {
    const client = redis.connect();
    let bytes = '';
    client.onBytes = (more) => {
      bytes += more;
    };
    expect(client.raw(...args)).toBe('');
    const received = (): string => {
      redis.advance(0);
      return bytes;
    };
    return { client, received };
  }

  it('gets those that come behind the ID at which it began to wait', () => {
    const redis = withGroup(1);
    const { received } = waiting(redis, 'XREAD', 'BLOCK', 0, 'STREAMS', 'none', 's', '$', '$');
    redis.call('XADD', 's', '2-0', 'f', 'v');
    expect(received()).toBe('*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n');
  });

  it('gets a map under RESP3', () => {
    const redis = startTestServer();
    const client = redis.connect();
    client.call('HELLO', 3);
    let bytes = '';
    client.onBytes = (more) => {
      bytes += more;
    };
    expect(client.raw('XREAD', 'BLOCK', 0, 'STREAMS', 's', '$')).toBe('');
    redis.call('XADD', 's', '2-0', 'f', 'v');
    redis.advance(0);
    expect(bytes).toBe('%1\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n');
  });

  it('goes on waiting while the stream has nothing new', () => {
    const redis = withGroup(1);
    const { received } = waiting(redis, 'XREAD', 'BLOCK', 500, 'STREAMS', 's', '5-0');
    redis.call('XADD', 's', '4-0', 'f', 'v');
    expect(received()).toBe('');
    redis.advance(500);
    expect(received()).toBe('*-1\r\n');
  });

  it('shares new entries with others of its group, and tells the stream of changes', () => {
    const redis = withGroup(0);
    const first = waiting(redis, 'XREADGROUP', 'GROUP', 'g', 'x', 'BLOCK', 0, 'STREAMS', 's', '>');
    const second = waiting(redis, 'XREADGROUP', 'GROUP', 'g', 'y', 'BLOCK', 0, 'STREAMS', 's', '>');
    redis.watchPropagation();
    redis.call('XADD', 's', '1-0', 'f', 'v');
    expect(first.received()).toContain('1-0');
    expect(second.received()).toBe('');
    expect(redis.propagated()).toEqual([
      'XADD s 1-0 f v',
      `XCLAIM s g x 0 1-0 TIME ${MS} RETRYCOUNT 1 FORCE JUSTID LASTID 1-0`,
    ]);
    redis.call('XADD', 's', '2-0', 'f', 'v');
    expect(second.received()).toContain('2-0');
  });

  it.each([
    [['XGROUP', 'DESTROY', 's', 'g'], '-NOGROUP the consumer group this client was blocked on no longer exists\r\n'],
    [['DEL', 's'], '-UNBLOCKED the stream key no longer exists\r\n'],
    [['SET', 's', 'v'], '-UNBLOCKED the stream key no longer exists\r\n'],
    [['FLUSHALL'], '-UNBLOCKED the stream key no longer exists\r\n'],
  ])('is told when its group goes with %j', (call, expected) => {
    const redis = withGroup(0);
    const group = waiting(redis, 'XREADGROUP', 'GROUP', 'g', 'x', 'BLOCK', 0, 'STREAMS', 's', '>');
    const plain = waiting(redis, 'XREAD', 'BLOCK', 0, 'STREAMS', 's', '$');
    redis.call(...call);
    expect(group.received()).toBe(expected);
    expect(plain.received()).toBe('');
  });

  it('does not wait within a transaction', () => {
    const redis = withGroup(0);
    redis.call('MULTI');
    redis.call('XREAD', 'BLOCK', 0, 'STREAMS', 's', '$');
    expect(redis.call('EXEC')).toEqual([null]);
  });
});

describe('help', () => {
  it.each(['XGROUP', 'XINFO'])('of %s lists its subcommands', (container) => {
    const lines = startTestServer().call(container, 'HELP') as string[];
    expect(lines[0]).toBe(`${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
    expect(lines).toContain(container === 'XINFO' ? 'GROUPS <key>' : 'DESTROY <key> <groupname>');
  });
});
