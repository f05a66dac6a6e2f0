/** Commands that wait for elements of lists: who is served, when, with what, and what ends a wait in vain. */
import { describe, expect, it } from 'vitest';
import { startServer } from '../../src/topology/server.ts';
import { eventually } from '../support/eventually.ts';
import { RespClient } from '../support/resp-client.ts';
import { type TestArgument, TestClient, type TestServer, startTestServer } from '../support/in-process.ts';

/** A client whose commands may wait: what comes later is noted. */
class Waiting {
  readonly client: TestClient;
  readonly id: unknown;
  #received = '';
  readonly #redis: TestServer;

  constructor(redis: TestServer) {
    this.#redis = redis;
    this.client = redis.connect();
    this.id = this.client.call('CLIENT', 'ID');
    this.client.onBytes = (bytes) => {
      this.#received += bytes;
    };
  }

  /** Sends a command that is expected to wait. */
  wait(...args: TestArgument[]): this {
    expect(this.client.raw(...args)).toBe('');
    return this;
  }

  /** What has come since the last call, at the end of this turn. */
  received(): string {
    this.#redis.advance(0);
    const bytes = this.#received;
    this.#received = '';
    return bytes;
  }
}

function waiting(redis: TestServer, ...args: TestArgument[]): Waiting {
  return new Waiting(redis).wait(...args);
}

function bulk(...values: string[]): string {
  return values.map((value) => `$${value.length}\r\n${value}\r\n`).join('');
}

function pair(key: string, value: string): string {
  return `*2\r\n${bulk(key, value)}`;
}

function infoField(redis: TestServer, name: string): string {
  return new RegExp(`^${name}:(.*)\r$`, 'm').exec(redis.call('INFO', 'everything') as string)![1]!;
}

describe('a command that finds an element', () => {
  it('does not wait', () => {
    const redis = startTestServer();
    redis.call('RPUSH', 'l', 'a', 'b', 'c', 'd', 'e', 'f');
    expect(redis.call('BLPOP', 'none', 'l', 0)).toEqual(['l', 'a']);
    expect(redis.call('BRPOP', 'l', 0)).toEqual(['l', 'f']);
    expect(redis.call('BLMOVE', 'l', 'd', 'RIGHT', 'LEFT', 0)).toBe('e');
    expect(redis.call('BRPOPLPUSH', 'l', 'd', 0)).toBe('d');
    expect(redis.call('BLMPOP', 0, 2, 'none', 'l', 'LEFT', 'COUNT', 5)).toEqual(['l', ['b', 'c']]);
    expect(redis.call('LRANGE', 'd', 0, -1)).toEqual(['d', 'e']);
    expect(infoField(redis, 'blocked_clients')).toBe('0');
  });
});

describe('those who wait for a key', () => {
  it('are served in the order in which they came, from the end that each wants', () => {
    const redis = startTestServer();
    const first = waiting(redis, 'BLPOP', 'l', 0);
    const second = waiting(redis, 'BRPOP', 'l', 0);
    const third = waiting(redis, 'BLMPOP', 0, 1, 'l', 'LEFT', 'COUNT', 2);
    const fourth = waiting(redis, 'BLPOP', 'l', 0);
    expect(redis.call('RPUSH', 'l', 'a', 'b', 'c', 'd')).toBe(4);
    expect(first.received()).toBe(pair('l', 'a'));
    expect(second.received()).toBe(pair('l', 'd'));
    expect(third.received()).toBe(`*2\r\n${bulk('l')}*2\r\n${bulk('b', 'c')}`);
    expect(fourth.received()).toBe('');
    expect(redis.call('EXISTS', 'l')).toBe(0);
    redis.call('LPUSH', 'l', 'x');
    expect(fourth.received()).toBe(pair('l', 'x'));
  });

  it('get an element of the key that is ready first, and leave the queues of the others', () => {
    const redis = startTestServer();
    const both = waiting(redis, 'BLPOP', 'a', 'b', 'a', 0);
    redis.call('RPUSH', 'b', '1');
    expect(both.received()).toBe(pair('b', '1'));
    redis.call('RPUSH', 'a', '2');
    expect(both.received()).toBe('');
    expect(redis.call('LRANGE', 'a', 0, -1)).toEqual(['2']);
  });

  it('wait in their own database, whose contents may be swapped', () => {
    const redis = startTestServer();
    const zero = waiting(redis, 'BLPOP', 'l', 0);
    redis.call('SELECT', 1);
    redis.call('RPUSH', 'l', 'one');
    expect(zero.received()).toBe('');
    redis.call('SWAPDB', 0, 1);
    expect(zero.received()).toBe(pair('l', 'one'));
  });

  it('are not served before the end of a transaction, and from what it leaves', () => {
    const redis = startTestServer();
    const waiter = waiting(redis, 'BLPOP', 'l', 0);
    redis.call('MULTI');
    redis.call('RPUSH', 'l', 'gone');
    redis.call('DEL', 'l');
    redis.call('EXEC');
    expect(waiter.received()).toBe('');
    redis.call('MULTI');
    redis.call('RPUSH', 'l', 'a');
    redis.call('LPUSH', 'l', 'b');
    expect(redis.call('EXEC')).toEqual([1, 2]);
    expect(waiter.received()).toBe(pair('l', 'b'));
    expect(redis.call('LRANGE', 'l', 0, -1)).toEqual(['a']);
  });

  it('wait on when the key comes to hold something else', () => {
    const redis = startTestServer();
    const waiter = waiting(redis, 'BLPOP', 'l', 0);
    redis.call('SET', 'l', 'text');
    redis.call('HSET', 'h', 'f', 'v');
    redis.call('RENAME', 'h', 'l');
    expect(waiter.received()).toBe('');
    redis.call('RPUSH', 'other', 'x');
    // As redis-server 7.0 does it: a list that takes the place of something else wakes nobody.
    redis.call('SORT', 'other', 'ALPHA', 'STORE', 'l');
    expect(waiter.received()).toBe('');
    redis.call('RENAME', 'other', 'l');
    expect(waiter.received()).toBe(pair('l', 'x'));
  });

  it('are served from lists that COPY, MOVE and RPOPLPUSH make', () => {
    const redis = startTestServer();
    redis.call('RPUSH', 'source', 'x');
    const copied = waiting(redis, 'BLPOP', 'copy', 0);
    redis.call('COPY', 'source', 'copy');
    expect(copied.received()).toBe(pair('copy', 'x'));
    const pushed = waiting(redis, 'BLPOP', 'target', 0);
    redis.call('RPOPLPUSH', 'source', 'target');
    expect(pushed.received()).toBe(pair('target', 'x'));
    const moved = waiting(redis, 'BLPOP', 'm', 0);
    redis.call('SELECT', 1);
    redis.call('RPUSH', 'm', 'y');
    redis.call('MOVE', 'm', 0);
    expect(moved.received()).toBe(pair('m', 'y'));
  });

  it('make other keys ready by what they push', () => {
    const redis = startTestServer();
    const last = waiting(redis, 'BLPOP', 'c', 0);
    const middle = waiting(redis, 'BLMOVE', 'b', 'c', 'LEFT', 'RIGHT', 0);
    const first = waiting(redis, 'BRPOPLPUSH', 'a', 'b', 0);
    redis.call('RPUSH', 'a', 'x');
    expect([first, middle, last].map((each) => each.received())).toEqual([bulk('x'), bulk('x'), pair('c', 'x')]);
    expect(redis.call('DBSIZE')).toBe(0);
  });

  it('may move an element within one list', () => {
    const redis = startTestServer();
    const rotating = waiting(redis, 'BLMOVE', 'l', 'l', 'LEFT', 'RIGHT', 0);
    redis.call('RPUSH', 'l', 'a', 'b');
    expect(rotating.received()).toBe(bulk('a'));
    expect(redis.call('LRANGE', 'l', 0, -1)).toEqual(['b', 'a']);
  });

  it('fail when their destination is no list, and leave the element to the next', () => {
    const redis = startTestServer();
    redis.call('SET', 's', 'text');
    const failing = waiting(redis, 'BLMOVE', 'l', 's', 'LEFT', 'LEFT', 0);
    const next = waiting(redis, 'BLPOP', 'l', 0);
    redis.call('RPUSH', 'l', 'x');
    expect(failing.received()).toBe('-WRONGTYPE Operation against a key holding the wrong kind of value\r\n');
    expect(next.received()).toBe(pair('l', 'x'));
    expect(redis.call('INFO', 'commandstats')).toMatch(/cmdstat_blmove:calls=1,.*failed_calls=1\r/);
    expect(redis.call('INFO', 'commandstats')).toMatch(/cmdstat_rpush:calls=1,.*failed_calls=0\r/);
  });

  it('go on with what they sent meanwhile', () => {
    const redis = startTestServer();
    const waiter = waiting(redis, 'BLPOP', 'l', 0);
    waiter.wait('PING').wait('BLPOP', 'l', 0).wait('ECHO', 'end');
    redis.call('RPUSH', 'l', 'a');
    expect(waiter.received()).toBe(`${pair('l', 'a')}+PONG\r\n`);
    redis.call('RPUSH', 'l', 'b');
    expect(waiter.received()).toBe(pair('l', 'b') + bulk('end'));
  });

  it('do not stand in the way when they are gone', () => {
    const redis = startTestServer();
    const gone = waiting(redis, 'BLPOP', 'l', 0);
    const next = waiting(redis, 'BLPOP', 'l', 0);
    redis.server.sessions.get(gone.id as number)!.close();
    redis.call('RPUSH', 'l', 'x');
    expect(next.received()).toBe(pair('l', 'x'));
    expect(infoField(redis, 'blocked_clients')).toBe('0');
  });
});

describe('a wait', () => {
  it.each([
    ['BLPOP', 'l', '0.5'],
    ['BRPOP', 'l', 'm', '0.5'],
    ['BLMPOP', '0.5', 1, 'l', 'LEFT'],
    ['BLMOVE', 'l', 'm', 'LEFT', 'LEFT', '0.5'],
    ['BRPOPLPUSH', 'l', 'm', '0.5'],
  ])('of %s ends with null when its time is over', (...args) => {
    const redis = startTestServer();
    const waiter = waiting(redis, ...args);
    expect([infoField(redis, 'blocked_clients'), infoField(redis, 'clients_in_timeout_table')]).toEqual(['1', '1']);
    redis.advance(499);
    expect(waiter.received()).toBe('');
    redis.advance(2);
    expect(waiter.received()).toBe('*-1\r\n');
    expect([infoField(redis, 'blocked_clients'), infoField(redis, 'clients_in_timeout_table')]).toEqual(['0', '0']);
    redis.call('RPUSH', 'l', 'x');
    expect([waiter.received(), redis.call('LLEN', 'l')]).toEqual(['', 1]);
  });

  it('ends with the null of RESP3', () => {
    const redis = startTestServer();
    const waiter = new Waiting(redis);
    waiter.client.call('HELLO', 3);
    waiter.wait('BLPOP', 'l', '0.001');
    redis.advance(10);
    expect(waiter.received()).toBe('_\r\n');
  });

  it('can be cut short', () => {
    const redis = startTestServer();
    const timedOut = waiting(redis, 'BLPOP', 'l', 0);
    const failed = waiting(redis, 'BLMOVE', 'l', 'm', 'LEFT', 'LEFT', 0);
    expect(redis.call('CLIENT', 'UNBLOCK', String(timedOut.id))).toBe(1);
    expect(redis.call('CLIENT', 'UNBLOCK', String(failed.id), 'ERROR')).toBe(1);
    expect(redis.call('CLIENT', 'UNBLOCK', String(failed.id))).toBe(0);
    expect(timedOut.received()).toBe('*-1\r\n');
    expect(failed.received()).toBe('-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n');
    expect(String(redis.call('INFO', 'commandstats'))).toMatch(/cmdstat_blmove:calls=1,.*,failed_calls=1/);
  });

  it('shows in CLIENT LIST', () => {
    const redis = startTestServer();
    const waiter = waiting(redis, 'BLPOP', 'l', 0);
    const line = redis.call('CLIENT', 'LIST', 'ID', String(waiter.id)) as string;
    expect(line).toContain(' flags=b ');
    expect(line).toContain(' cmd=blpop ');
  });

  it('is none within a transaction', () => {
    const redis = startTestServer();
    redis.call('MULTI');
    redis.call('BLPOP', 'l', 0);
    redis.call('BLMOVE', 'l', 'm', 'LEFT', 'LEFT', 0);
    redis.call('BLMPOP', 0, 1, 'l', 'LEFT');
    expect(redis.raw('EXEC')).toBe('*3\r\n*-1\r\n$-1\r\n*-1\r\n');
  });

  it.each([
    ['-1', 'timeout is negative'],
    ['-0.5', 'timeout is negative'],
    ['inf', 'timeout is negative'],
    ['1e20', 'timeout is negative'],
    ['x', 'timeout is not a float or out of range'],
    ['', 'timeout is not a float or out of range'],
    ['1 ', 'timeout is not a float or out of range'],
  ])('cannot last for "%s"', (timeout, text) => {
    const redis = startTestServer();
    expect(redis.call('BLPOP', 'l', timeout)).toBe(`-ERR ${text}`);
    expect(redis.call('BLMOVE', 'l', 'm', 'LEFT', 'LEFT', timeout)).toBe(`-ERR ${text}`);
    expect(redis.call('BLMPOP', timeout, 1, 'l', 'LEFT')).toBe(`-ERR ${text}`);
  });
});

describe('what is done for those who waited', () => {
  it('is propagated as commands that do not wait, each behind the one that served it', () => {
    const redis = startTestServer();
    redis.watchPropagation();
    waiting(redis, 'BLPOP', 'a', 0);
    waiting(redis, 'BLMPOP', 0, 1, 'a', 'RIGHT', 'COUNT', 10);
    waiting(redis, 'BLMOVE', 'b', 'c', 'left', 'RIGHT', 0);
    waiting(redis, 'BRPOPLPUSH', 'b', 'c', 0);
    redis.call('RPUSH', 'a', '1', '2', '3');
    redis.call('RPUSH', 'b', '4', '5');
    expect(redis.propagated()).toEqual([
      'RPUSH a 1 2 3',
      'LPOP a',
      'RPOP a 2',
      'RPUSH b 4 5',
      'LMOVE b c left right',
      'RPOPLPUSH b c',
    ]);
    redis.call('RPUSH', 'd', '6', '7', '8');
    redis.call('BLPOP', 'd', 0);
    redis.call('BLMPOP', 0, 1, 'd', 'LEFT');
    redis.call('BLMOVE', 'd', 'e', 'LEFT', 'LEFT', 0);
    expect(redis.propagated()).toEqual(['RPUSH d 6 7 8', 'LPOP d', 'LPOP d 1', 'LMOVE d e LEFT LEFT']);
  });

  it('is told to who listens', () => {
    const redis = startTestServer();
    redis.call('CONFIG', 'SET', 'notify-keyspace-events', 'EA');
    const heard = redis.listen();
    waiting(redis, 'BLPOP', 'a', 0);
    waiting(redis, 'BLMOVE', 'b', 'c', 'LEFT', 'RIGHT', 0);
    redis.call('RPUSH', 'a', '1');
    redis.call('RPUSH', 'b', '2');
    expect(heard()).toEqual(['rpush a', 'lpop a', 'del a', 'rpush b', 'rpush c', 'lpop b', 'del b']);
  });

  it('counts as one call, and is shown by the slow log when it is over', () => {
    const redis = startTestServer();
    redis.call('CONFIG', 'SET', 'slowlog-log-slower-than', 0);
    const waiter = waiting(redis, 'BLPOP', 'l', 0);
    redis.call('CONFIG', 'SET', 'slowlog-log-slower-than', 0);
    const shown = (): string => JSON.stringify(redis.call('SLOWLOG', 'GET', -1));
    expect(shown()).not.toContain('["BLPOP","l","0"]');
    redis.call('RPUSH', 'l', 'x');
    expect(waiter.received()).toBe(pair('l', 'x'));
    expect(shown()).toContain('["BLPOP","l","0"]');
    expect(redis.call('INFO', 'commandstats')).toMatch(/cmdstat_blpop:calls=1,/);
  });
});

describe('a transaction that takes its time', () => {
  it('serves nobody with a key that has expired when it ends', async () => {
    await using server = await startServer({ config: { 'enable-debug-command': 'yes' } });
    await using waiting = await RespClient.connect({ port: server.port });
    const id = Number(await waiting.call('CLIENT', 'ID'));
    const answer = waiting.call('BRPOP', 'k', '0');
    await eventually(async () => String(await server.execute('CLIENT', 'LIST', 'ID', id)).includes('flags=b'));
    await server.execute('MULTI');
    await server.execute('RPUSH', 'k', 'hello');
    await server.execute('PEXPIRE', 'k', 20);
    await server.execute('DEBUG', 'SLEEP', '0.05');
    await server.execute('EXEC');
    expect(await server.execute('CLIENT', 'LIST', 'ID', id)).toContain('flags=b');
    await server.execute('CLIENT', 'UNBLOCK', id);
    expect(await answer).toBe(null);
  });
});
