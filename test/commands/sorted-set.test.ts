import { beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestReply, type TestServer } from '../support/in-process.ts';

let redis: TestServer;
beforeEach(() => {
  redis = startTestServer();
});

const call = (...args: (string | number | bigint)[]): TestReply => redis.call(...args);

const WRONG_TYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value';
const NOT_AN_INTEGER = '-ERR value is not an integer or out of range';
const NOT_A_FLOAT = '-ERR value is not a valid float';
const SYNTAX_ERROR = '-ERR syntax error';

function makeLarge(): void {
  call('CONFIG', 'SET', 'zset-max-listpack-entries', 0);
}

const ENCODINGS = [['listpack'], ['skiplist']] as const;

describe('ZADD', () => {
  it('adds members and changes their scores, and counts only those that were added', () => {
    expect(call('ZADD', 'z', 1, 'a', 2, 'b')).toBe(2);
    expect(call('ZADD', 'z', 3, 'a', 2, 'b', 1, 'c')).toBe(1);
    expect(call('ZADD', 'z', 'CH', 4, 'a', 2, 'b', 1, 'd')).toBe(2);
    expect(call('ZRANGE', 'z', 0, -1, 'WITHSCORES')).toEqual(['c', '1', 'd', '1', 'b', '2', 'a', '4']);
  });

  it.each([
    [['NX'], 9, '1'],
    [['XX'], 9, '9'],
    [['GT'], 9, '9'],
    [['GT'], 0, '1'],
    [['LT'], 9, '1'],
    [['LT'], 0, '0'],
    [['XX', 'GT'], 9, '9'],
  ])('with %j gives a member of score 1 the score %d only if that is asked for', (options, score, after) => {
    call('ZADD', 'z', 1, 'a');
    call('ZADD', 'z', ...options, score, 'a');
    expect(call('ZSCORE', 'z', 'a')).toBe(after);
  });

  it('with XX adds nothing, and makes no key', () => {
    expect(call('ZADD', 'z', 'XX', 1, 'a')).toBe(0);
    expect(call('EXISTS', 'z')).toBe(0);
    call('ZADD', 'z', 1, 'a');
    expect([call('ZADD', 'z', 'XX', 'CH', 2, 'b', 2, 'a'), call('ZCARD', 'z')]).toEqual([1, 1]);
  });

  it('with INCR replies the new score, or null where a condition forbids it', () => {
    expect(call('ZADD', 'z', 'INCR', 1.5, 'a')).toBe('1.5');
    expect(call('ZADD', 'z', 'INCR', 'GT', -1, 'a')).toBe(null);
    expect(call('ZADD', 'z', 'INCR', 'NX', 1, 'a')).toBe(null);
    expect(call('ZADD', 'y', 'INCR', 'XX', 1, 'a')).toBe(null);
    expect(call('ZADD', 'z', 'INCR', 1, 'a', 2, 'b')).toBe('-ERR INCR option supports a single increment-element pair');
  });

  it.each([
    [['z', 1], "-ERR wrong number of arguments for 'zadd' command"],
    [['z', 'NX', 1], SYNTAX_ERROR],
    [['z', 1, 'a', 2], SYNTAX_ERROR],
    [['z', 'NX', 'XX', 1, 'a'], '-ERR XX and NX options at the same time are not compatible'],
    [['z', 'NX', 'GT', 1, 'a'], '-ERR GT, LT, and/or NX options at the same time are not compatible'],
    [['z', 'GT', 'LT', 1, 'a'], '-ERR GT, LT, and/or NX options at the same time are not compatible'],
    [['z', 'x', 'a'], NOT_A_FLOAT],
    [['z', 'nan', 'a'], NOT_A_FLOAT],
    [['s', 1, 'a'], WRONG_TYPE],
  ])('refuses %j', (args, error) => {
    call('SET', 's', 'v');
    expect(call('ZADD', ...args)).toBe(error);
    expect(call('EXISTS', 'z')).toBe(0);
  });

  it('executes nothing if one of the scores is none', () => {
    expect(call('ZADD', 'z', 1, 'a', 'x', 'b')).toBe(NOT_A_FLOAT);
    expect(call('EXISTS', 'z')).toBe(0);
  });

  it.each(ENCODINGS)('refuses a sum that is no number: %s', (encoding) => {
    if (encoding === 'skiplist') makeLarge();
    call('ZADD', 'z', 'inf', 'a');
    const error = '-ERR resulting score is not a number (NaN)';
    expect([call('ZINCRBY', 'z', '-inf', 'a'), call('ZADD', 'z', 'INCR', '-inf', 'a')]).toEqual([error, error]);
    expect(call('ZSCORE', 'z', 'a')).toBe('inf');
  });

  it('keeps the sign of zero in a large set only, as Redis does', () => {
    call('ZADD', 'z', '-0', 'a');
    expect(call('ZSCORE', 'z', 'a')).toBe('0');
    makeLarge();
    call('ZADD', 'y', '-0', 'a');
    expect(call('ZSCORE', 'y', 'a')).toBe('-0');
  });

  it.each([
    ['1e17', '1e+17'],
    ['0.1', '0.10000000000000001'],
    ['123456789012345678', '1.2345678901234568e+17'],
    ['4611686018427387904', '4.6116860184273879e+18'],
    ['-inf', '-inf'],
    ['5e-324', '4.9406564584124654e-324'],
  ])('keeps the score %s, printed as %s', (score, printed) => {
    for (const key of ['packed', 'large']) {
      call('ZADD', key, score, 'a');
      expect(call('ZSCORE', key, 'a')).toBe(printed);
      makeLarge();
    }
  });
});

describe('A sorted set', () => {
  it('is packed until it has too many members or one that is too long, and never again', () => {
    call('CONFIG', 'SET', 'zset-max-listpack-entries', 3, 'zset-max-listpack-value', 5);
    call('ZADD', 'z', 1, 'a', 2, 'b', 3, 'c');
    expect(call('OBJECT', 'ENCODING', 'z')).toBe('listpack');
    call('ZADD', 'z', 4, 'd');
    expect(call('OBJECT', 'ENCODING', 'z')).toBe('skiplist');
    call('ZREM', 'z', 'a', 'b', 'c');
    expect(call('OBJECT', 'ENCODING', 'z')).toBe('skiplist');
    call('ZADD', 'y', 1, 'aaaaa');
    call('ZADD', 'y', 1, 'aaaaaa');
    call('ZADD', 'x', 1, 'aaaaaa');
    expect([call('OBJECT', 'ENCODING', 'y'), call('OBJECT', 'ENCODING', 'x')]).toEqual(['skiplist', 'skiplist']);
  });

  it.each(ENCODINGS)('can be copied, renamed and expire: %s', (encoding) => {
    if (encoding === 'skiplist') makeLarge();
    call('ZADD', 'z', 2, 'b', 1, 'a');
    call('COPY', 'z', 'y');
    call('ZADD', 'z', 3, 'c');
    expect(call('ZRANGE', 'y', 0, -1)).toEqual(['a', 'b']);
    call('RENAME', 'y', 'x');
    expect([call('TYPE', 'x'), call('OBJECT', 'ENCODING', 'x')]).toEqual(['zset', encoding]);
    call('PEXPIRE', 'x', 10);
    call('ZADD', 'x', 5, 'e');
    expect(call('PTTL', 'x')).toBe(10);
    redis.advance(20);
    expect(call('ZCARD', 'x')).toBe(0);
  });

  it('has the digest that redis-server gives it', () => {
    call('ZADD', 'a', 1, 'x', 2.5, 'y', '-0', 'z', 'inf', 10);
    expect(call('DEBUG', 'DIGEST-VALUE', 'a')).toEqual(['7de3bdb6802350d2b6be05f078b85935db99805a']);
  });
});

describe.each(ENCODINGS)('Reading a sorted set, as %s', (encoding) => {
  beforeEach(() => {
    if (encoding === 'skiplist') makeLarge();
    call('ZADD', 'z', 1, 'a', 2, 'b', 3, 'c', 3, 'd');
    call('SET', 's', 'v');
  });

  it('gives size, scores and ranks', () => {
    expect([call('ZCARD', 'z'), call('ZCARD', 'none'), call('ZCARD', 's')]).toEqual([4, 0, WRONG_TYPE]);
    expect([call('ZSCORE', 'z', 'b'), call('ZSCORE', 'z', 'x'), call('ZSCORE', 'none', 'x')]).toEqual([
      '2',
      null,
      null,
    ]);
    expect(call('ZMSCORE', 'z', 'a', 'x', 'd')).toEqual(['1', null, '3']);
    expect(call('ZMSCORE', 'none', 'a')).toEqual([null]);
    expect([call('ZRANK', 'z', 'c'), call('ZREVRANK', 'z', 'c'), call('ZRANK', 'z', 'x')]).toEqual([2, 1, null]);
    expect([call('ZRANK', 'none', 'c'), call('ZREVRANK', 's', 'c')]).toEqual([null, WRONG_TYPE]);
  });

  it.each([
    [
      [0, -1],
      ['a', 'b', 'c', 'd'],
    ],
    [
      [1, 2],
      ['b', 'c'],
    ],
    [
      [-2, -1],
      ['c', 'd'],
    ],
    [[-100, 0], ['a']],
    [[2, 1], []],
    [[4, 9], []],
    [
      [0, 1, 'REV'],
      ['d', 'c'],
    ],
    [
      [2, 3, 'BYSCORE'],
      ['b', 'c', 'd'],
    ],
    [
      ['(2', '+inf', 'BYSCORE'],
      ['c', 'd'],
    ],
    [
      [3, '(1', 'BYSCORE', 'REV', 'LIMIT', 1, 2],
      ['c', 'b'],
    ],
    [
      [0, 9, 'BYSCORE', 'LIMIT', 1, -1],
      ['b', 'c', 'd'],
    ],
    [[0, 9, 'BYSCORE', 'LIMIT', 0, 0], []],
    [[0, 9, 'BYSCORE', 'LIMIT', -1, 2], []],
    [[0, 9, 'BYSCORE', 'LIMIT', 4, 2], []],
    [[3, 2, 'BYSCORE'], []],
    [['(3', 3, 'BYSCORE'], []],
  ])('answers ZRANGE %j', (args, expected) => {
    expect(call('ZRANGE', 'z', ...args)).toEqual(expected);
  });

  it('has an older command for most of what ZRANGE does', () => {
    expect(call('ZREVRANGE', 'z', 0, 1, 'WITHSCORES')).toEqual(['d', '3', 'c', '3']);
    expect(call('ZRANGEBYSCORE', 'z', 1, 2, 'WITHSCORES', 'LIMIT', 1, 1)).toEqual(['b', '2']);
    expect(call('ZREVRANGEBYSCORE', 'z', '+inf', '(2')).toEqual(['d', 'c']);
    expect(call('ZREVRANGEBYSCORE', 'z', 0, 3)).toEqual([]);
  });

  it.each([
    [[0, 'x'], NOT_AN_INTEGER],
    [[0, 1, 'LIMIT', 0, 1], '-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX'],
    [['-', '+', 'BYLEX', 'WITHSCORES'], '-ERR syntax error, WITHSCORES not supported in combination with BYLEX'],
    [[0, 1, 'BYSCORE', 'BYLEX'], SYNTAX_ERROR],
    [[0, 1, 'REV', 'REV'], SYNTAX_ERROR],
    [[0, 1, 'LIMIT', 0], SYNTAX_ERROR],
    [['x', 1, 'BYSCORE'], '-ERR min or max is not a float'],
    [['nan', 1, 'BYSCORE'], '-ERR min or max is not a float'],
    [['a', '+', 'BYLEX'], '-ERR min or max not valid string range item'],
    [[0, 1, 'BYSCORE', 'LIMIT', 'x', 1], NOT_AN_INTEGER],
  ])('refuses ZRANGE %j', (args, error) => {
    expect(call('ZRANGE', 'z', ...args)).toBe(error);
    expect(call('ZRANGE', 'none', ...args)).toBe(error);
  });

  it('counts what is in a range of scores', () => {
    expect([call('ZCOUNT', 'z', '-inf', '+inf'), call('ZCOUNT', 'z', 2, '(3'), call('ZCOUNT', 'z', 4, 5)]).toEqual([
      4, 1, 0,
    ]);
    expect([call('ZCOUNT', 'none', 1, 2), call('ZCOUNT', 's', 1, 2)]).toEqual([0, WRONG_TYPE]);
    expect(call('ZCOUNT', 's', 'x', 2)).toBe('-ERR min or max is not a float');
  });

  it.each([
    ['-', '+', ['', 'a', 'ab', 'b', 'c']],
    ['[a', '[b', ['a', 'ab', 'b']],
    ['(a', '(b', ['ab']],
    ['[aa', '+', ['ab', 'b', 'c']],
    ['+', '-', []],
    ['(a', '(a', []],
    ['[', '[', ['']],
  ])('finds members between %s and %s', (min, max, expected) => {
    for (const member of ['c', 'ab', 'b', '', 'a']) call('ZADD', 'l', 0, member);
    expect(call('ZRANGEBYLEX', 'l', min, max)).toEqual(expected);
    expect(call('ZREVRANGEBYLEX', 'l', max, min)).toEqual([...expected].reverse());
    expect(call('ZLEXCOUNT', 'l', min, max)).toBe(expected.length);
    expect(call('ZRANGEBYLEX', 'l', min, max, 'LIMIT', 1, 1)).toEqual(expected.slice(1, 2));
    expect(call('ZREMRANGEBYLEX', 'l', min, max)).toBe(expected.length);
    expect(call('ZCARD', 'l')).toBe(5 - expected.length);
  });

  it('draws random members', () => {
    expect(['a', 'b', 'c', 'd']).toContain(call('ZRANDMEMBER', 'z'));
    expect((call('ZRANDMEMBER', 'z', 9) as string[]).toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect(new Set(call('ZRANDMEMBER', 'z', 3) as string[]).size).toBe(3);
    expect(call('ZRANDMEMBER', 'z', -20)).toHaveLength(20);
    const pairs = call('ZRANDMEMBER', 'z', -5, 'WITHSCORES') as string[];
    for (let i = 0; i < 10; i += 2) expect(call('ZSCORE', 'z', pairs[i]!)).toBe(pairs[i + 1]);
    expect([call('ZRANDMEMBER', 'none'), call('ZRANDMEMBER', 'none', 1), call('ZRANDMEMBER', 'z', 0)]).toEqual([
      null,
      [],
      [],
    ]);
    expect(call('ZRANDMEMBER', 'z', 1, 'x')).toBe(SYNTAX_ERROR);
    expect(call('ZRANDMEMBER', 'z', '-9223372036854770000', 'WITHSCORES')).toBe('-ERR value is out of range');
  });

  it('draws a few of many without repeating any', () => {
    for (let i = 0; i < 100; i++) call('ZADD', 'many', i, `m${i}`);
    for (const count of [2, 20, 60]) {
      expect(new Set(call('ZRANDMEMBER', 'many', count) as string[]).size).toBe(count);
    }
  });

  it('can be scanned from end to end', () => {
    for (let i = 0; i < 500; i++) call('ZADD', 'many', i / 4, `m${i}`);
    const found = new Map<string, string>();
    let cursor = '0';
    do {
      const [next, elements] = call('ZSCAN', 'many', cursor, 'MATCH', 'm*') as [string, string[]];
      for (let i = 0; i < elements.length; i += 2) found.set(elements[i]!, elements[i + 1]!);
      cursor = next;
    } while (cursor !== '0');
    expect([found.size, found.get('m7')]).toEqual([500, '1.75']);
    expect(call('ZSCAN', 'many', 0, 'COUNT', 10_000, 'MATCH', 'm499')).toEqual(['0', ['m499', '124.75']]);
    expect(call('ZSCAN', 'none', 0, 'nonsense')).toEqual(['0', []]);
    expect(call('ZSCAN', 'many', 'x')).toBe('-ERR invalid cursor');
  });

  it('replies doubles and pairs under RESP3', () => {
    call('HELLO', 3);
    expect(redis.raw('ZSCORE', 'z', 'a')).toBe(',1\r\n');
    expect(redis.raw('ZRANGE', 'z', 0, 0, 'WITHSCORES')).toBe('*1\r\n*2\r\n$1\r\na\r\n,1\r\n');
    expect(redis.raw('ZRANGEBYSCORE', 'z', 2, 2, 'WITHSCORES')).toBe('*1\r\n*2\r\n$1\r\nb\r\n,2\r\n');
    expect(redis.raw('ZUNION', 1, 'z', 'WITHSCORES').startsWith('*4\r\n*2\r\n')).toBe(true);
    expect(redis.raw('ZRANK', 'z', 'x')).toBe('_\r\n');
    expect(redis.raw('ZPOPMIN', 'z')).toBe('*2\r\n$1\r\na\r\n,1\r\n');
    expect(redis.raw('ZPOPMIN', 'z', 1)).toBe('*1\r\n*2\r\n$1\r\nb\r\n,2\r\n');
    expect(redis.raw('ZMPOP', 1, 'z', 'MAX')).toBe('*2\r\n$1\r\nz\r\n*1\r\n*2\r\n$1\r\nd\r\n,3\r\n');
    expect(redis.raw('ZMPOP', 1, 'none', 'MAX')).toBe('_\r\n');
  });
});

describe.each(ENCODINGS)('Removing from a sorted set, as %s', (encoding) => {
  beforeEach(() => {
    if (encoding === 'skiplist') makeLarge();
    call('ZADD', 'z', 1, 'a', 2, 'b', 3, 'c', 4, 'd', 5, 'e');
  });

  it('takes members by name', () => {
    expect(call('ZREM', 'z', 'b', 'x', 'b', 'd')).toBe(2);
    expect(call('ZRANGE', 'z', 0, -1)).toEqual(['a', 'c', 'e']);
    expect([call('ZREM', 'z', 'a', 'c', 'e', 'a'), call('EXISTS', 'z'), call('ZREM', 'z', 'a')]).toEqual([3, 0, 0]);
  });

  it('takes ranges by rank and by score', () => {
    expect(call('ZREMRANGEBYRANK', 'z', 1, 2)).toBe(2);
    expect(call('ZREMRANGEBYSCORE', 'z', '(4', '+inf')).toBe(1);
    expect(call('ZRANGE', 'z', 0, -1)).toEqual(['a', 'd']);
    expect([call('ZREMRANGEBYRANK', 'z', 5, 9), call('ZREMRANGEBYRANK', 'z', -9, -1)]).toEqual([0, 2]);
    expect([call('EXISTS', 'z'), call('ZREMRANGEBYSCORE', 'z', 1, 2)]).toEqual([0, 0]);
    expect(call('ZREMRANGEBYRANK', 'z', 'x', 1)).toBe(NOT_AN_INTEGER);
  });

  it('takes members off both ends', () => {
    expect([call('ZPOPMIN', 'z'), call('ZPOPMAX', 'z', 2)]).toEqual([
      ['a', '1'],
      ['e', '5', 'd', '4'],
    ]);
    expect([call('ZPOPMIN', 'z', 0), call('ZPOPMIN', 'none'), call('ZPOPMIN', 'z', 9)]).toEqual([
      [],
      [],
      ['b', '2', 'c', '3'],
    ]);
    expect(call('EXISTS', 'z')).toBe(0);
    expect(call('ZPOPMIN', 'z', -1)).toBe('-ERR value is out of range, must be positive');
    expect(call('ZPOPMIN', 'z', 1, 1)).toBe(SYNTAX_ERROR);
  });

  it('takes members off the first set that there is', () => {
    expect(call('ZMPOP', 2, 'none', 'z', 'MIN')).toEqual(['z', [['a', '1']]]);
    expect(call('ZMPOP', 1, 'z', 'MAX', 'COUNT', 2)).toEqual([
      'z',
      [
        ['e', '5'],
        ['d', '4'],
      ],
    ]);
    expect(redis.raw('ZMPOP', 1, 'none', 'MIN')).toBe('*-1\r\n');
    expect(call('ZMPOP', 0, 'z', 'MIN')).toBe('-ERR numkeys should be greater than 0');
    expect(call('ZMPOP', 1, 'z', 'MIN', 'COUNT', 0)).toBe('-ERR count should be greater than 0');
    expect(call('ZMPOP', 1, 'z', 'MIN', 'COUNT', 1, 'COUNT', 1)).toBe(SYNTAX_ERROR);
    expect(call('ZMPOP', 1, 'z', 'MIDDLE')).toBe(SYNTAX_ERROR);
    expect(call('ZMPOP', 9, 'z', 'MIN')).toBe(SYNTAX_ERROR);
  });
});

describe.each(ENCODINGS)('Several sorted sets, as %s', (encoding) => {
  beforeEach(() => {
    if (encoding === 'skiplist') makeLarge();
    call('ZADD', 'x', 1, 'a', 2, 'b', 3, 'c');
    call('ZADD', 'y', 10, 'b', 20, 'c', 30, 'd');
    call('SADD', 'strings', 'c', 'd');
    call('SADD', 'integers', 1, 2);
    call('ZADD', 'n', 5, '1', 6, '3');
  });

  it('are united, weighted and aggregated', () => {
    expect(call('ZUNION', 2, 'x', 'y', 'WITHSCORES')).toEqual(['a', '1', 'b', '12', 'c', '23', 'd', '30']);
    expect(call('ZUNION', 2, 'x', 'y', 'WEIGHTS', 2, 1, 'AGGREGATE', 'MAX', 'WITHSCORES')).toEqual([
      'a',
      '2',
      'b',
      '10',
      'c',
      '20',
      'd',
      '30',
    ]);
    expect(call('ZUNION', 2, 'y', 'x', 'AGGREGATE', 'MIN', 'WITHSCORES')).toEqual([
      'a',
      '1',
      'b',
      '2',
      'c',
      '3',
      'd',
      '30',
    ]);
    expect(call('ZUNION', 2, 'n', 'integers', 'WITHSCORES')).toEqual(['2', '1', '1', '6', '3', '6']);
    expect(call('ZUNION', 1, 'none')).toEqual([]);
  });

  it('are intersected', () => {
    expect(call('ZINTER', 2, 'x', 'y', 'WITHSCORES')).toEqual(['b', '12', 'c', '23']);
    expect(call('ZINTER', 3, 'x', 'y', 'strings', 'WEIGHTS', 1, 1, 0.5, 'WITHSCORES')).toEqual(['c', '23.5']);
    expect(call('ZINTER', 2, 'x', 'none')).toEqual([]);
    expect(call('ZINTER', 2, 'x', 'x', 'WITHSCORES')).toEqual(['a', '2', 'b', '4', 'c', '6']);
    expect([call('ZINTERCARD', 2, 'x', 'y'), call('ZINTERCARD', 2, 'x', 'y', 'LIMIT', 1)]).toEqual([2, 1]);
    expect(call('ZINTERCARD', 2, 'n', 'integers', 'LIMIT', 0)).toBe(1);
    expect(call('ZINTERCARD', 1, 'x', 'LIMIT', -1)).toBe("-ERR LIMIT can't be negative");
  });

  it('are subtracted', () => {
    expect(call('ZDIFF', 2, 'x', 'y', 'WITHSCORES')).toEqual(['a', '1']);
    expect([call('ZDIFF', 2, 'y', 'strings'), call('ZDIFF', 2, 'x', 'x'), call('ZDIFF', 1, 'x')]).toEqual([
      ['b'],
      [],
      ['a', 'b', 'c'],
    ]);
    // One against many takes the other of both ways.
    for (let i = 0; i < 30; i++) call('ZADD', 'big', i, `m${i}`);
    expect(call('ZDIFF', 4, 'big', 'x', 'y', 'n')).toHaveLength(30);
    call('ZADD', 'x', 1, 'm3');
    expect(call('ZDIFF', 4, 'big', 'x', 'y', 'n')).toHaveLength(29);
  });

  it('count infinities that cancel each other, and zero times infinity, as zero', () => {
    call('ZADD', 'p', 'inf', 'a');
    call('ZADD', 'm', '-inf', 'a');
    expect(call('ZUNION', 2, 'p', 'm', 'WITHSCORES')).toEqual(['a', '0']);
    expect(call('ZUNION', 1, 'p', 'WEIGHTS', 0, 'WITHSCORES')).toEqual(['a', '0']);
  });

  it('are stored, over whatever was there, packed if they fit', () => {
    call('SET', 'd', 'v', 'EX', 100);
    expect(call('ZUNIONSTORE', 'd', 2, 'x', 'y')).toBe(4);
    expect([call('TTL', 'd'), call('OBJECT', 'ENCODING', 'd')]).toEqual([-1, encoding]);
    expect([call('ZINTERSTORE', 'x', 2, 'x', 'y'), call('ZRANGE', 'x', 0, -1)]).toEqual([2, ['b', 'c']]);
    expect([call('ZDIFFSTORE', 'd', 2, 'x', 'x'), call('EXISTS', 'd')]).toEqual([0, 0]);
    expect([call('ZRANGESTORE', 'd', 'y', 0, 1), call('ZRANGE', 'd', 0, -1)]).toEqual([2, ['b', 'c']]);
    expect([
      call('ZRANGESTORE', 'y', 'y', '+inf', '(10', 'BYSCORE', 'REV', 'LIMIT', 0, 1),
      call('ZRANGE', 'y', 0, -1),
    ]).toEqual([1, ['d']]);
    expect([call('ZRANGESTORE', 'd', 'none', 0, 1), call('EXISTS', 'd')]).toEqual([0, 0]);
    expect(call('ZRANGESTORE', 'd', 'x', 0, 1, 'WITHSCORES')).toBe(SYNTAX_ERROR);
  });

  it.each([
    [['ZUNION', 0, 'x'], "-ERR at least 1 input key is needed for 'zunion' command"],
    [['ZDIFFSTORE', 'd', 0, 'x'], "-ERR at least 1 input key is needed for 'zdiffstore' command"],
    [['ZINTERCARD', 0, 'x'], "-ERR at least 1 input key is needed for 'zintercard' command"],
    [['ZUNION', 'q', 'x'], NOT_AN_INTEGER],
    [['ZUNION', 2, 'x'], SYNTAX_ERROR],
    [['ZUNION', 1, 'x', 'WEIGHTS', 'q'], '-ERR weight value is not a float'],
    [['ZUNION', 2, 'x', 'y', 'WEIGHTS', 1], SYNTAX_ERROR],
    [['ZUNION', 1, 'x', 'AGGREGATE', 'AVG'], SYNTAX_ERROR],
    [['ZDIFF', 1, 'x', 'AGGREGATE', 'SUM'], SYNTAX_ERROR],
    [['ZUNIONSTORE', 'd', 1, 'x', 'WITHSCORES'], SYNTAX_ERROR],
    [['ZINTERCARD', 1, 'x', 'WITHSCORES'], SYNTAX_ERROR],
    [['ZUNION', 2, 's', 'y', 'nonsense'], WRONG_TYPE],
  ])('refuse %j', (args, error) => {
    call('SET', 's', 'v');
    expect(call(...args)).toBe(error);
  });
});
