/** Lists: each command and option, then what is refused. */
import { describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../support/in-process.ts';

const WRONG_TYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value';
const NOT_AN_INTEGER = '-ERR value is not an integer or out of range';
const NOT_POSITIVE = '-ERR value is out of range, must be positive';
const SYNTAX = '-ERR syntax error';

/** A server with a list under "l". */
function withList(...elements: string[]): TestServer {
  const redis = startTestServer();
  redis.call('RPUSH', 'l', ...elements);
  return redis;
}

function contents(redis: TestServer, key = 'l'): unknown {
  return redis.call('LRANGE', key, 0, -1);
}

describe('LPUSH and RPUSH', () => {
  it('make a list and reply its length', () => {
    const redis = startTestServer();
    expect(redis.call('RPUSH', 'l', 'b', 'c')).toBe(2);
    expect(redis.call('LPUSH', 'l', 'a', '1')).toBe(4);
    expect(contents(redis)).toEqual(['1', 'a', 'b', 'c']);
    expect(redis.call('TYPE', 'l')).toBe('list');
    expect(redis.call('OBJECT', 'ENCODING', 'l')).toBe('quicklist');
  });

  it('with an X push to nothing but a list that exists', () => {
    const redis = startTestServer();
    expect([redis.call('LPUSHX', 'l', 'a'), redis.call('RPUSHX', 'l', 'a')]).toEqual([0, 0]);
    expect(redis.call('EXISTS', 'l')).toBe(0);
    redis.call('RPUSH', 'l', 'm');
    expect([redis.call('LPUSHX', 'l', 'a', 'b'), redis.call('RPUSHX', 'l', 'z')]).toEqual([3, 4]);
    expect(contents(redis)).toEqual(['b', 'a', 'm', 'z']);
  });

  it('keep any bytes, and integers as they were spelled', () => {
    const elements = [
      '',
      '\x00\r\n\xff',
      '007',
      '-0',
      '9223372036854775807',
      '-9223372036854775808',
      'x'.repeat(100_000),
    ];
    expect(contents(withList(...elements))).toEqual(elements);
  });
});

describe('LPOP and RPOP', () => {
  it('take one element, or as many as there are up to a count', () => {
    const redis = withList('a', 'b', 'c', 'd', 'e');
    expect(redis.raw('LPOP', 'l')).toBe('$1\r\na\r\n');
    expect(redis.call('RPOP', 'l', 2)).toEqual(['e', 'd']);
    expect(redis.call('LPOP', 'l', 0)).toEqual([]);
    expect(redis.call('LPOP', 'l', 100)).toEqual(['b', 'c']);
    expect(redis.call('EXISTS', 'l')).toBe(0);
  });

  it('reply null where there is no list, an array or not', () => {
    const redis = startTestServer();
    expect([redis.raw('LPOP', 'l'), redis.raw('RPOP', 'l', 1)]).toEqual(['$-1\r\n', '*-1\r\n']);
    redis.call('HELLO', 3);
    expect([redis.raw('LPOP', 'l'), redis.raw('RPOP', 'l', 0)]).toEqual(['_\r\n', '_\r\n']);
  });

  it('refuse other counts', () => {
    const redis = withList('a');
    for (const count of ['-1', 'x', '', '1.0', '9223372036854775808']) {
      expect(redis.call('LPOP', 'l', count)).toBe(NOT_POSITIVE);
    }
    expect(redis.call('RPOP', 'l', 1, 1)).toBe("-ERR wrong number of arguments for 'rpop' command");
    expect(contents(redis)).toEqual(['a']);
  });
});

describe('LMPOP', () => {
  it('takes from the first list that there is', () => {
    const redis = withList('a', 'b', 'c');
    expect(redis.call('LMPOP', 2, 'none', 'l', 'left')).toEqual(['l', ['a']]);
    expect(redis.call('LMPOP', 2, 'none', 'l', 'RIGHT', 'COUNT', 10)).toEqual(['l', ['c', 'b']]);
    expect(redis.raw('LMPOP', 1, 'l', 'LEFT')).toBe('*-1\r\n');
  });

  it('refuses what is none of its arguments', () => {
    const redis = withList('a');
    for (const keys of ['0', '-1', 'x']) {
      expect(redis.call('LMPOP', keys, 'l', 'LEFT')).toBe('-ERR numkeys should be greater than 0');
    }
    for (const count of ['0', '-1', 'x']) {
      expect(redis.call('LMPOP', 1, 'l', 'LEFT', 'COUNT', count)).toBe('-ERR count should be greater than 0');
    }
    expect(redis.call('LMPOP', 2, 'l', 'LEFT')).toBe(SYNTAX);
    expect(redis.call('LMPOP', 1, 'l', 'UP')).toBe(SYNTAX);
    expect(redis.call('LMPOP', 1, 'l', 'LEFT', 'COUNT')).toBe(SYNTAX);
    expect(redis.call('LMPOP', 1, 'l', 'LEFT', 'COUNT', 1, 'COUNT', 1)).toBe(SYNTAX);
  });
});

describe('LMOVE', () => {
  it.each([
    ['LEFT', 'LEFT', ['b', 'c'], ['a', 'x']],
    ['LEFT', 'RIGHT', ['b', 'c'], ['x', 'a']],
    ['RIGHT', 'LEFT', ['a', 'b'], ['c', 'x']],
    ['right', 'right', ['a', 'b'], ['x', 'c']],
  ])('takes %s and puts %s', (from, to, source, destination) => {
    const redis = withList('a', 'b', 'c');
    redis.call('RPUSH', 'd', 'x');
    expect(redis.call('LMOVE', 'l', 'd', from, to)).toBe(from === 'LEFT' ? 'a' : 'c');
    expect([contents(redis), contents(redis, 'd')]).toEqual([source, destination]);
  });

  it('rotates a list, even one of one element', () => {
    const redis = withList('a', 'b', '3');
    expect(redis.call('RPOPLPUSH', 'l', 'l')).toBe('3');
    expect(contents(redis)).toEqual(['3', 'a', 'b']);
    redis.call('RPUSH', 'one', '1');
    redis.call('EXPIRE', 'one', 1000);
    expect(redis.call('LMOVE', 'one', 'one', 'LEFT', 'LEFT')).toBe('1');
    expect([contents(redis, 'one'), redis.call('TTL', 'one')]).toEqual([['1'], 1000]);
  });

  it('replies null without a source, and changes nothing if the destination is no list', () => {
    const redis = withList('a');
    expect(redis.raw('LMOVE', 'none', 'd', 'LEFT', 'LEFT')).toBe('$-1\r\n');
    expect(redis.call('EXISTS', 'd')).toBe(0);
    redis.call('SET', 's', 'text');
    expect(redis.call('RPOPLPUSH', 'l', 's')).toBe(WRONG_TYPE);
    expect(contents(redis)).toEqual(['a']);
    expect(redis.call('LMOVE', 'l', 'd', 'LEFT', 'DOWN')).toBe(SYNTAX);
  });
});

describe('LRANGE, LINDEX and LLEN', () => {
  it('count from both ends', () => {
    const redis = withList(...'abcde');
    expect(redis.call('LLEN', 'l')).toBe(5);
    expect(redis.call('LRANGE', 'l', 1, -2)).toEqual(['b', 'c', 'd']);
    expect(redis.call('LRANGE', 'l', -100, 100)).toEqual([...'abcde']);
    expect(redis.call('LRANGE', 'l', 3, 2)).toEqual([]);
    expect(redis.call('LRANGE', 'l', 5, 10)).toEqual([]);
    expect(redis.call('LRANGE', 'l', '-9223372036854775808', '9223372036854775807')).toEqual([...'abcde']);
    expect([0, -1, 4, -5, 5, -6].map((i) => redis.call('LINDEX', 'l', i))).toEqual(['a', 'e', 'e', 'a', null, null]);
  });

  it('find nothing where there is nothing', () => {
    const redis = startTestServer();
    expect([redis.call('LLEN', 'l'), contents(redis), redis.call('LINDEX', 'l', 0)]).toEqual([0, [], null]);
    // Looked up before the index is read.
    expect(redis.call('LINDEX', 'l', 'x')).toBeNull();
    expect(redis.call('LRANGE', 'l', 'x', 0)).toBe(NOT_AN_INTEGER);
  });

  it('walk over many nodes', () => {
    const all = Array.from({ length: 5000 }, (_, i) => (i % 5 === 0 ? 'v'.repeat(100) : String(i)));
    const redis = withList(...all);
    expect(contents(redis)).toEqual(all);
    expect(redis.call('LRANGE', 'l', 2000, 4000)).toEqual(all.slice(2000, 4001));
    expect(redis.call('RPOP', 'l', 3000)).toEqual(all.slice(2000).reverse());
    expect(contents(redis)).toEqual(all.slice(0, 2000));
  });
});

describe('LSET, LINSERT, LREM and LTRIM', () => {
  it('LSET replaces an element that there is', () => {
    const redis = withList('a', 'b', 'c');
    expect([redis.call('LSET', 'l', 1, 'x'.repeat(10_000)), redis.call('LSET', 'l', -1, '7')]).toEqual(['OK', 'OK']);
    expect(contents(redis)).toEqual(['a', 'x'.repeat(10_000), '7']);
    expect(redis.call('LSET', 'l', 3, 'x')).toBe('-ERR index out of range');
    expect(redis.call('LSET', 'l', -4, 'x')).toBe('-ERR index out of range');
    expect(redis.call('LSET', 'l', 'x', 'x')).toBe(NOT_AN_INTEGER);
    expect(redis.call('LSET', 'none', 'x', 'x')).toBe('-ERR no such key');
  });

  it('LINSERT finds the first pivot', () => {
    const redis = withList('a', '1', 'a');
    expect(redis.call('LINSERT', 'l', 'BEFORE', 'a', 'x')).toBe(4);
    expect(redis.call('LINSERT', 'l', 'after', '1', 'y')).toBe(5);
    expect(contents(redis)).toEqual(['x', 'a', '1', 'y', 'a']);
    expect(redis.call('LINSERT', 'l', 'BEFORE', 'z', 'x')).toBe(-1);
    expect(redis.call('LINSERT', 'none', 'BEFORE', 'a', 'x')).toBe(0);
    expect(redis.call('LINSERT', 'none', 'BESIDE', 'a', 'x')).toBe(SYNTAX);
  });

  it.each([
    [0, 4, ['b', 'c']],
    [2, 2, ['b', 'c', 'a', 'a']],
    [-3, 3, ['a', 'b', 'c']],
    ['-9223372036854775808', 4, ['b', 'c']],
  ])('LREM %s removes %i elements', (count, removed, left) => {
    const redis = withList('a', 'b', 'a', 'c', 'a', 'a');
    expect(redis.call('LREM', 'l', count, 'a')).toBe(removed);
    expect(contents(redis)).toEqual(left);
    expect(redis.call('LREM', 'l', count, 'z')).toBe(0);
  });

  it('LTRIM keeps a range, or nothing', () => {
    const redis = withList(...'abcde');
    expect(redis.call('LTRIM', 'l', 1, -2)).toBe('OK');
    expect(contents(redis)).toEqual(['b', 'c', 'd']);
    redis.call('LTRIM', 'l', -100, 0);
    expect(contents(redis)).toEqual(['b']);
    expect([redis.call('LTRIM', 'l', 1, 0), redis.call('EXISTS', 'l')]).toEqual(['OK', 0]);
    expect(redis.call('LTRIM', 'l', 0, 'x')).toBe(NOT_AN_INTEGER);
  });
});

describe('LPOS', () => {
  const lpos = (...args: (string | number)[]): unknown => withList(...'abcabcaa').call('LPOS', 'l', ...args);

  it('finds the first match, or the one of a rank', () => {
    expect([lpos('a'), lpos('a', 'RANK', 2), lpos('a', 'rank', -1), lpos('z')]).toEqual([0, 3, 7, null]);
    expect(lpos('a', 'RANK', 5)).toBeNull();
    expect(lpos('a', 'RANK', '-9223372036854775808')).toBe(7);
  });

  it('finds several, among as many elements as it may look at', () => {
    expect(lpos('a', 'COUNT', 0)).toEqual([0, 3, 6, 7]);
    expect(lpos('a', 'COUNT', 2, 'RANK', -2)).toEqual([6, 3]);
    expect(lpos('a', 'COUNT', 0, 'MAXLEN', 4)).toEqual([0, 3]);
    expect(lpos('c', 'MAXLEN', 2)).toBeNull();
    expect(lpos('z', 'COUNT', 1)).toEqual([]);
    expect(startTestServer().call('LPOS', 'none', 'a', 'COUNT', 1)).toEqual([]);
  });

  it('refuses what makes no sense', () => {
    expect(lpos('a', 'RANK', 0)).toBe(
      "-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
    );
    expect(lpos('a', 'COUNT', -1)).toBe("-ERR COUNT can't be negative");
    expect(lpos('a', 'MAXLEN', 'x')).toBe("-ERR MAXLEN can't be negative");
    expect([lpos('a', 'RANK'), lpos('a', 'NOTHING', 1)]).toEqual([SYNTAX, SYNTAX]);
  });
});

describe('a key that holds no list', () => {
  it.each([
    ['LPUSH', 's', 'x'],
    ['RPUSHX', 's', 'x'],
    ['LPOP', 's'],
    ['RPOP', 's', 1],
    ['LLEN', 's'],
    ['LINDEX', 's', 'x'],
    ['LRANGE', 's', 0, 0],
    ['LSET', 's', 'x', 'x'],
    ['LINSERT', 's', 'BEFORE', 'x', 'x'],
    ['LREM', 's', 0, 'x'],
    ['LTRIM', 's', 0, 0],
    ['LPOS', 's', 'x'],
    ['LMOVE', 's', 'd', 'LEFT', 'LEFT'],
    ['RPOPLPUSH', 's', 'd'],
    ['LMPOP', 1, 's', 'LEFT'],
    ['BLPOP', 'none', 's', 0],
    ['BLMPOP', 0, 1, 's', 'LEFT'],
    ['BLMOVE', 's', 'd', 'LEFT', 'LEFT', 0],
    ['BRPOPLPUSH', 's', 'd', 0],
  ])('is refused by %s', (...args) => {
    const redis = startTestServer();
    redis.call('SET', 's', 'text');
    expect(redis.call(...args)).toBe(WRONG_TYPE);
  });
});

describe('changes of lists', () => {
  it('are told to who listens', () => {
    const redis = startTestServer();
    redis.call('CONFIG', 'SET', 'notify-keyspace-events', 'EA');
    const heard = redis.listen();
    redis.call('RPUSH', 'l', 'a', 'b', 'c', 'd', 'e');
    redis.call('LPUSH', 'l', 'x');
    redis.call('LSET', 'l', 0, 'y');
    redis.call('LINSERT', 'l', 'AFTER', 'y', 'z');
    redis.call('LREM', 'l', 0, 'z');
    redis.call('LTRIM', 'l', 0, 2);
    redis.call('LPOP', 'l');
    redis.call('LMOVE', 'l', 'm', 'RIGHT', 'LEFT');
    redis.call('RPOP', 'l', 1);
    redis.call('LMPOP', 1, 'm', 'LEFT');
    const onList = ['rpush l', 'lpush l', 'lset l', 'linsert l', 'lrem l', 'ltrim l', 'lpop l'];
    expect(heard()).toEqual([...onList, 'lpush m', 'rpop l', 'rpop l', 'del l', 'lpop m', 'del m']);
  });

  it('are propagated as they came, LMPOP as a pop', () => {
    const redis = startTestServer();
    redis.watchPropagation();
    redis.call('RPUSH', 'l', 'a', 'b', 'c', 'd');
    redis.call('LMPOP', 2, 'none', 'l', 'RIGHT', 'COUNT', 2);
    redis.call('RPOPLPUSH', 'l', 'm');
    redis.call('LPOP', 'l', 5);
    redis.call('LPOP', 'l');
    redis.call('LREM', 'm', 0, 'z');
    expect(redis.propagated()).toEqual(['RPUSH l a b c d', 'RPOP l 2', 'RPOPLPUSH l m', 'LPOP l 5']);
  });

  it('touch who watches the key', () => {
    const redis = withList('a');
    const other = redis.connect();
    redis.call('WATCH', 'l');
    other.call('RPUSH', 'l', 'b');
    redis.call('MULTI');
    redis.call('LLEN', 'l');
    expect(redis.call('EXEC')).toBeNull();
  });
});
