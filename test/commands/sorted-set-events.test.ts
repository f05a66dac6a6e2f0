import { beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestReply, type TestServer } from '../support/in-process.ts';

let redis: TestServer;
beforeEach(() => {
  redis = startTestServer();
});

const call = (...args: (string | number | bigint)[]): TestReply => redis.call(...args);

describe('Commands on sorted sets', () => {
  let events: () => string[];
  beforeEach(() => {
    call('CONFIG', 'SET', 'notify-keyspace-events', 'EA');
    events = redis.listen();
    call('ZADD', 'z', 1, 'a', 2, 'b', 3, 'c');
    events();
  });

  it.each([
    [['ZADD', 'z', 1, 'a'], []],
    [['ZADD', 'z', 4, 'd', 5, 'e'], ['zadd z']],
    [['ZADD', 'z', 'INCR', 0, 'a'], []],
    [['ZINCRBY', 'z', 1, 'a'], ['zincr z']],
    [['ZREM', 'z', 'x'], []],
    [['ZREM', 'z', 'a'], ['zrem z']],
    [
      ['ZREM', 'z', 'a', 'b', 'c'],
      ['zrem z', 'del z'],
    ],
    [['ZREMRANGEBYRANK', 'z', 0, 0], ['zremrangebyrank z']],
    [
      ['ZREMRANGEBYSCORE', 'z', 1, 3],
      ['zremrangebyscore z', 'del z'],
    ],
    [['ZREMRANGEBYLEX', 'z', '-', '[a'], ['zremrangebylex z']],
    [['ZPOPMIN', 'z', 2], ['zpopmin z']],
    [
      ['ZPOPMAX', 'z', 3],
      ['zpopmax z', 'del z'],
    ],
    [['ZMPOP', 1, 'z', 'MAX'], ['zpopmax z']],
    [['BZPOPMIN', 'z', 0], ['zpopmin z']],
    [
      ['BZMPOP', 0, 1, 'z', 'MIN', 'COUNT', 9],
      ['zpopmin z', 'del z'],
    ],
    [['ZRANGESTORE', 'd', 'z', 0, 1], ['zrangestore d']],
    [['ZUNIONSTORE', 'd', 1, 'z'], ['zunionstore d']],
    [['ZINTERSTORE', 'd', 1, 'z'], ['zinterstore d']],
    [['ZDIFFSTORE', 'd', 1, 'z'], ['zdiffstore d']],
    [['ZDIFFSTORE', 'z', 2, 'z', 'z'], ['del z']],
    [['ZDIFFSTORE', 'd', 2, 'z', 'z'], []],
  ])('announce what %j changes', (args, expected) => {
    call(...args);
    expect(events()).toEqual(expected);
  });

  it('spoil transactions that watch the key, but only if they change it', () => {
    const other = redis.connect();
    call('WATCH', 'z');
    other.call('ZADD', 'z', 1, 'a');
    call('MULTI');
    expect(call('EXEC')).toEqual([]);
    call('WATCH', 'z');
    other.call('ZADD', 'z', 2, 'a');
    call('MULTI');
    expect(call('EXEC')).toBe(null);
  });

  it('reach replicas as they came, but for pops from one of several keys', () => {
    redis.watchPropagation();
    call('ZADD', 'z', 'INCR', 1, 'a');
    call('ZMPOP', 2, 'none', 'z', 'MIN');
    call('ZMPOP', 1, 'none', 'MIN');
    call('BZPOPMAX', 'z', 0);
    call('ZADD', 'z', 1, 'x', 2, 'y');
    call('BZMPOP', 0, 1, 'z', 'MAX', 'COUNT', 9);
    expect(redis.propagated()).toEqual([
      'ZADD z INCR 1 a',
      'ZPOPMIN z 1',
      'ZPOPMAX z',
      'ZADD z 1 x 2 y',
      'ZPOPMAX z 3',
    ]);
  });
});

describe('Waiting for a member', () => {
  function waiting(...args: (string | number)[]): () => string {
    const client = redis.connect();
    let received = '';
    client.onBytes = (bytes) => (received += bytes);
    expect(client.raw(...args)).toBe('');
    return () => {
      redis.advance(0);
      return received;
    };
  }

  it('ends at once where there is one', () => {
    call('ZADD', 'z', 1, 'a', 2, 'b', 3, 'c');
    expect(call('BZPOPMIN', 'none', 'z', 0)).toEqual(['z', 'a', '1']);
    expect(call('BZPOPMAX', 'z', 0)).toEqual(['z', 'c', '3']);
    expect(call('BZMPOP', 0, 1, 'z', 'MIN', 'COUNT', 5)).toEqual(['z', [['b', '2']]]);
  });

  it('ends with the first that is added, for those who came first', () => {
    const [first, second] = [waiting('BZPOPMIN', 'y', 'z', 0), waiting('BZPOPMAX', 'z', 0)];
    const third = waiting('BZMPOP', 0, 2, 'y', 'z', 'MAX', 'COUNT', 2);
    call('ZADD', 'z', 1, 'a', 2, 'b', 3, 'c');
    expect(first()).toBe('*3\r\n$1\r\nz\r\n$1\r\na\r\n$1\r\n1\r\n');
    expect(second()).toBe('*3\r\n$1\r\nz\r\n$1\r\nc\r\n$1\r\n3\r\n');
    expect(third()).toBe('*2\r\n$1\r\nz\r\n*1\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n');
    expect(call('EXISTS', 'z')).toBe(0);
  });

  it.each([
    ['a set that is renamed', () => [call('ZADD', 'x', 1, 'a'), call('RENAME', 'x', 'z')]],
    ['a result that is stored', () => [call('ZADD', 'x', 1, 'a'), call('ZUNIONSTORE', 'z', 1, 'x')]],
    ['a transaction', () => [call('MULTI'), call('ZADD', 'z', 1, 'a'), call('EXEC')]],
  ])('ends with %s', (_, make) => {
    const reply = waiting('BZPOPMIN', 'z', 0);
    call('SET', 'z', 'v');
    call('DEL', 'z');
    expect(reply()).toBe('');
    make();
    expect(reply()).toBe('*3\r\n$1\r\nz\r\n$1\r\na\r\n$1\r\n1\r\n');
  });

  it('ends when the time is over, and does not begin inside a transaction', () => {
    const reply = waiting('BZPOPMIN', 'z', 0.1);
    redis.advance(150);
    expect(reply()).toBe('*-1\r\n');
    call('MULTI');
    call('BZMPOP', 0, 1, 'z', 'MIN');
    expect(call('EXEC')).toEqual([null]);
  });

  it('refuses what is no time, no set, no end', () => {
    call('SET', 's', 'v');
    expect(call('BZPOPMIN', 'z', 'x')).toBe('-ERR timeout is not a float or out of range');
    expect(call('BZPOPMIN', 'z', -1)).toBe('-ERR timeout is negative');
    expect(call('BZPOPMIN', 's', 0)).toBe('-WRONGTYPE Operation against a key holding the wrong kind of value');
    expect(call('BZMPOP', 'x', 1, 'z', 'MIDDLE')).toBe('-ERR syntax error');
  });
});
