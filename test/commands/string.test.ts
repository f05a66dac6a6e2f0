import { beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestReply, type TestServer } from '../support/in-process.ts';

let redis: TestServer;
beforeEach(() => {
  redis = startTestServer();
});

const call = (...args: (string | number | bigint)[]): TestReply => redis.call(...args);

const WRONG_TYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value';
const NOT_AN_INTEGER = '-ERR value is not an integer or out of range';
const SYNTAX_ERROR = '-ERR syntax error';
const MAX = '9223372036854775807';
const MIN = '-9223372036854775808';

describe('GET and SET', () => {
  it('give back what was stored, whatever bytes it has', () => {
    const value = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('');
    expect(call('SET', value, value)).toBe('OK');
    expect(call('GET', value)).toBe(value);
    expect(call('SET', '', '')).toBe('OK');
    expect(redis.raw('GET', '')).toBe('$0\r\n\r\n');
  });

  it('answer null for a missing key', () => {
    expect(redis.raw('GET', 'k')).toBe('$-1\r\n');
    call('HELLO', 3);
    expect(redis.raw('GET', 'k')).toBe('_\r\n');
  });

  it.each([1, 100, 40_000, 70_000, 1_000_000])(
    'keep a value of %d bytes apart from the reply that was sent',
    (length) => {
      call('SET', 'k', 'a'.repeat(length));
      const first = redis.raw('GET', 'k');
      call('SETRANGE', 'k', 0, 'b');
      expect(first).toBe(`$${length}\r\n${'a'.repeat(length)}\r\n`);
      expect(call('GET', 'k')).toBe(`b${'a'.repeat(length - 1)}`);
    },
  );

  it('send a long value as it was, even if the same batch changes it', () => {
    call('SET', 'k', 'a'.repeat(100_000));
    call('MULTI');
    call('GET', 'k');
    call('APPEND', 'k', 'b');
    call('GET', 'k');
    call('DEL', 'k');
    const [before, , after] = call('EXEC') as string[];
    expect(before).toBe('a'.repeat(100_000));
    expect(after).toBe(`${'a'.repeat(100_000)}b`);
  });

  it('drop the expire time, or keep it with KEEPTTL', () => {
    call('SET', 'k', 1, 'EX', 100);
    call('SET', 'k', 2, 'KEEPTTL');
    expect([call('GET', 'k'), call('TTL', 'k')]).toEqual(['2', 100]);
    call('SET', 'k', 3);
    expect(call('TTL', 'k')).toBe(-1);
  });

  it.each([
    ['EX', '100', 100_000],
    ['PX', '100500', 100_500],
    ['ex', '1', 1000],
  ])('take a time from now on: %s', (option, amount, ttl) => {
    call('SET', 'k', 'v', option, amount);
    expect(call('PTTL', 'k')).toBe(ttl);
    redis.advance(ttl);
    expect(call('GET', 'k')).toBe('v');
    redis.advance(1);
    expect(call('GET', 'k')).toBeNull();
  });

  it.each([
    ['EXAT', 1000],
    ['PXAT', 1],
  ])('take a Unix time: %s', (option, divisor) => {
    call('SET', 'k', 'v', option, (redis.now + 5000) / divisor);
    expect(call('PTTL', 'k')).toBe(5000);
    call('SET', 'k', 'v', option, 1);
    expect(call('GET', 'k')).toBeNull();
  });

  it('store only under the condition that is given', () => {
    expect(call('SET', 'k', 1, 'XX')).toBeNull();
    expect(call('SET', 'k', 1, 'NX')).toBe('OK');
    expect(call('SET', 'k', 2, 'NX')).toBeNull();
    expect(call('SET', 'k', 3, 'xx', 'XX')).toBe('OK');
    expect(call('GET', 'k')).toBe('3');
  });

  it('return the old value with GET', () => {
    expect(call('SET', 'k', 1, 'GET')).toBeNull();
    expect(call('SET', 'k', 2, 'GET')).toBe('1');
    expect(call('SET', 'k', 3, 'NX', 'GET')).toBe('2');
    expect(call('SET', 'new', 3, 'XX', 'GET')).toBeNull();
    expect(call('SET', 'k', 3, 'GET', 'EX', 10)).toBe('2');
    expect([call('GET', 'k'), call('EXISTS', 'new')]).toEqual(['3', 0]);
  });

  it.each([
    [['EX']],
    [['EX', '10', 'PX', '10']],
    [['EX', '10', 'KEEPTTL']],
    [['KEEPTTL', 'PXAT', '10']],
    [['NX', 'XX']],
    [['XX', 'NX']],
    [['PERSIST']],
    [['foo']],
    [['']],
  ])('refuse options that do not go together: %s', (options) => {
    expect(call('SET', 'k', 'v', ...options)).toBe(SYNTAX_ERROR);
    expect(call('EXISTS', 'k')).toBe(0);
  });

  it.each(['0', '-1', MAX, '9223372036854776'])('refuse the expire time %s', (amount) => {
    expect(call('SET', 'k', 'v', 'EX', amount)).toBe("-ERR invalid expire time in 'set' command");
    expect(call('SETEX', 'k', amount, 'v')).toBe("-ERR invalid expire time in 'setex' command");
    call('SET', 'k', 'v');
    expect(call('GETEX', 'k', 'EX', amount)).toBe("-ERR invalid expire time in 'getex' command");
  });

  it('refuse an expire time whose sum with the time of day overflows', () => {
    expect(call('PSETEX', 'k', MAX, 'v')).toBe("-ERR invalid expire time in 'psetex' command");
    expect(call('SET', 'k', 'v', 'PXAT', MAX)).toBe('OK');
    expect(redis.raw('PEXPIRETIME', 'k')).toBe(`:${MAX}\r\n`);
  });

  it.each(['x', '', '1.5', ' 1', '9223372036854775808'])('refuse %j as a time', (amount) => {
    expect(call('SET', 'k', 'v', 'EX', amount)).toBe(NOT_AN_INTEGER);
    expect(call('SETEX', 'k', amount, 'v')).toBe(NOT_AN_INTEGER);
  });

  it('refuse keys of other types to read, and SET takes them over', () => {
    makeList('k');
    expect(call('GET', 'k')).toBe(WRONG_TYPE);
    expect(call('SET', 'k', 'v', 'GET')).toBe(WRONG_TYPE);
    expect(call('TYPE', 'k')).toBe('list');
    expect(call('SET', 'k', 'v')).toBe('OK');
    expect(call('TYPE', 'k')).toBe('string');
  });
});

/** A key that is no string, while the commands of other types are not what is tested here. */
function makeList(key: string): void {
  expect(call('RPUSH', key, 'element')).toBe(1);
}

describe('The older forms of SET', () => {
  it('SETNX stores only a new key', () => {
    expect([call('SETNX', 'k', 1), call('SETNX', 'k', 2), call('GET', 'k')]).toEqual([1, 0, '1']);
  });

  it('SETEX and PSETEX store with a time', () => {
    expect(call('SETEX', 'a', 10, 'v')).toBe('OK');
    expect(call('PSETEX', 'b', 10, 'v')).toBe('OK');
    expect([call('PTTL', 'a'), call('PTTL', 'b')]).toEqual([10_000, 10]);
  });

  it('GETSET returns the old value and drops the expire time', () => {
    expect(call('GETSET', 'k', 1)).toBeNull();
    call('EXPIRE', 'k', 100);
    expect([call('GETSET', 'k', 2), call('GET', 'k'), call('TTL', 'k')]).toEqual(['1', '2', -1]);
  });
});

describe('GETEX', () => {
  it('changes nothing without options', () => {
    call('SET', 'k', 'v', 'EX', 100);
    expect([call('GETEX', 'k'), call('TTL', 'k'), call('GETEX', 'absent')]).toEqual(['v', 100, null]);
  });

  it('sets and clears the expire time', () => {
    call('SET', 'k', 'v');
    call('GETEX', 'k', 'EX', 100);
    expect(call('TTL', 'k')).toBe(100);
    call('GETEX', 'k', 'PXAT', redis.now + 7);
    expect(call('PTTL', 'k')).toBe(7);
    call('GETEX', 'k', 'PERSIST');
    expect(call('TTL', 'k')).toBe(-1);
  });

  it('removes the key when the time has passed', () => {
    call('SET', 'k', 'v');
    expect(call('GETEX', 'k', 'EXAT', 1)).toBe('v');
    expect(call('EXISTS', 'k')).toBe(0);
  });

  it.each([[['KEEPTTL']], [['NX']], [['PERSIST', 'EX', '1']], [['EX', '1', 'PERSIST']], [['EX']]])(
    'refuses %s',
    (options) => {
      expect(call('GETEX', 'k', ...options)).toBe(SYNTAX_ERROR);
    },
  );

  it('does not look at the time when there is no key', () => {
    expect(call('GETEX', 'k', 'EX', 'x')).toBeNull();
  });
});

describe('Several keys at once', () => {
  it('are read in order, with null for what is missing or no string', () => {
    call('MSET', 'a', 1, 'b', 2);
    makeList('s');
    expect(call('MGET', 'b', 'x', 's', 'a', 'b')).toEqual(['2', null, null, '1', '2']);
  });

  it('are stored, the last one twice given winning', () => {
    expect(call('MSET', 'a', 1, 'a', 2)).toBe('OK');
    expect(call('GET', 'a')).toBe('2');
  });

  it('are stored by MSETNX only if none is there', () => {
    expect(call('MSETNX', 'a', 1, 'b', 2)).toBe(1);
    expect(call('MSETNX', 'c', 1, 'b', 3)).toBe(0);
    expect(call('MGET', 'a', 'b', 'c')).toEqual(['1', '2', null]);
  });

  it('have to come in pairs', () => {
    expect(call('MSET', 'a', 1, 'b')).toBe("-ERR wrong number of arguments for 'mset' command");
    expect(call('MSETNX', 'a', 1, 'b')).toBe("-ERR wrong number of arguments for 'msetnx' command");
  });
});

describe('GETDEL', () => {
  it('returns the value and removes the key', () => {
    call('SET', 'k', 'v'.repeat(100_000));
    expect(call('GETDEL', 'k')).toBe('v'.repeat(100_000));
    expect(call('GETDEL', 'k')).toBeNull();
    makeList('s');
    expect(call('GETDEL', 's')).toBe(WRONG_TYPE);
    expect(call('EXISTS', 's')).toBe(1);
  });
});

describe('Counting', () => {
  it('starts at zero and keeps the expire time', () => {
    expect(call('INCR', 'n')).toBe(1);
    call('EXPIRE', 'n', 100);
    expect([call('INCRBY', 'n', 41), call('DECR', 'n'), call('DECRBY', 'n', -9)]).toEqual([42, 41, 50]);
    expect([call('GET', 'n'), call('TTL', 'n')]).toEqual(['50', 100]);
  });

  it.each([
    ['9', 1, '10'],
    ['10', -1, '9'],
    ['0', -1, '-1'],
    ['-1', 1, '0'],
    ['999999999999999', 1, '1000000000000000'],
    ['9007199254740991', 1, '9007199254740992'],
    ['9007199254740992', 1, '9007199254740993'],
    ['9007199254740993', -1, '9007199254740992'],
    ['-9007199254740992', -1, '-9007199254740993'],
    ['9223372036854775806', 1, MAX],
    ['-9223372036854775807', -1, MIN],
    ['4611686018427387904', 4611686018427387903n, MAX],
    [MIN, MAX, '-1'],
    ['-1', MIN, null],
    [MAX, 1, null],
    [MIN, -1, null],
  ])('is exact over all 64 bits: %s + %s', (start, step, sum) => {
    call('SET', 'n', start);
    const reply = redis.raw('INCRBY', 'n', step);
    if (sum === null) {
      expect(reply).toBe('-ERR increment or decrement would overflow\r\n');
      expect(call('GET', 'n')).toBe(start);
    } else {
      expect(reply).toBe(`:${sum}\r\n`);
      expect(call('GET', 'n')).toBe(sum);
      expect(call('OBJECT', 'ENCODING', 'n')).toBe('int');
    }
  });

  it('cannot subtract the smallest integer', () => {
    expect(call('DECRBY', 'n', MIN)).toBe('-ERR decrement would overflow');
    expect(redis.raw('DECRBY', 'n', MAX)).toBe(`:-${MAX}\r\n`);
  });

  it.each(['', 'x', '1.0', ' 1', '1 ', '+1', '01', '-0', '9223372036854775808', '1\0'])('takes no %j', (text) => {
    call('SET', 'n', text);
    expect(call('INCR', 'n')).toBe(NOT_AN_INTEGER);
    expect(call('INCRBY', 'other', text)).toBe(NOT_AN_INTEGER);
    expect(call('DECRBY', 'other', text)).toBe(NOT_AN_INTEGER);
    expect([call('GET', 'n'), call('EXISTS', 'other')]).toEqual([text, 0]);
  });

  it('refuses keys of other types', () => {
    makeList('s');
    for (const args of [
      ['INCR', 's'],
      ['DECRBY', 's', 1],
      ['INCRBY', 's', MAX],
      ['INCRBYFLOAT', 's', 1],
    ]) {
      expect(call(...(args as [string]))).toBe(WRONG_TYPE);
    }
  });

  it('needs no memory for a number that keeps its length', () => {
    call('SET', 'n', 1_000_000);
    call('INCR', 'n');
    const before = redis.server.keyspace.usedBytes;
    for (let i = 0; i < 1000; i++) call('INCR', 'n');
    expect(redis.server.keyspace.usedBytes).toBe(before);
    expect(call('GET', 'n')).toBe('1001001');
  });
});

describe('INCRBYFLOAT', () => {
  it.each([
    [null, '1.5', '1.5'],
    ['10.50', '0.1', '10.6'],
    ['5.0e3', '2.0e2', '5200'],
    ['3', '1.1', '4.1'],
    ['0.1', '0.2', '0.3'],
    ['9223372036854775807', '1', '9223372036854775808'],
    ['1', '-1', '0'],
    ['0', '-0', '0'],
  ])('%s + %s = %s', (start, step, sum) => {
    if (start !== null) call('SET', 'f', start);
    expect(call('INCRBYFLOAT', 'f', step)).toBe(sum);
    expect(call('GET', 'f')).toBe(sum);
  });

  it('keeps the expire time, and stores text even if it is an integer', () => {
    call('SET', 'f', '1', 'EX', 100);
    call('INCRBYFLOAT', 'f', '2');
    expect([call('TTL', 'f'), call('OBJECT', 'ENCODING', 'f')]).toEqual([100, 'embstr']);
    call('INCR', 'f');
    expect([call('GET', 'f'), call('OBJECT', 'ENCODING', 'f')]).toEqual(['4', 'int']);
  });

  it('refuses what is no number, and sums that are none', () => {
    const notAFloat = '-ERR value is not a valid float';
    call('SET', 'f', '1');
    for (const text of ['abc', '', ' 1', '1 ', 'nan']) expect(call('INCRBYFLOAT', 'f', text)).toBe(notAFloat);
    call('SET', 'bad', 'abc');
    expect(call('INCRBYFLOAT', 'bad', '1')).toBe(notAFloat);
    expect(call('INCRBYFLOAT', 'f', '+inf')).toBe('-ERR increment would produce NaN or Infinity');
    expect(call('GET', 'f')).toBe('1');
  });
});

describe('Parts of strings', () => {
  it('APPEND adds to the end and makes a missing key', () => {
    expect(call('APPEND', 'k', '12')).toBe(2);
    expect(call('OBJECT', 'ENCODING', 'k')).toBe('int');
    expect(call('APPEND', 'k', '3')).toBe(3);
    expect([call('GET', 'k'), call('OBJECT', 'ENCODING', 'k')]).toEqual(['123', 'raw']);
    expect(call('APPEND', 'k', '')).toBe(3);
    makeList('s');
    expect(call('APPEND', 's', 'x')).toBe(WRONG_TYPE);
  });

  it('APPEND keeps the expire time', () => {
    call('SET', 'k', 'v', 'EX', 100);
    for (let i = 0; i < 1000; i++) call('APPEND', 'k', 'x');
    expect([call('STRLEN', 'k'), call('TTL', 'k')]).toEqual([1001, 100]);
  });

  it('SETRANGE writes over, fills gaps with zeros, and makes a missing key', () => {
    expect(call('SETRANGE', 'k', 2, 'ab')).toBe(4);
    expect([call('GET', 'k'), call('OBJECT', 'ENCODING', 'k')]).toEqual(['\0\0ab', 'raw']);
    expect(call('SETRANGE', 'k', 0, 'xy')).toBe(4);
    expect(call('SETRANGE', 'k', 6, 'z')).toBe(7);
    expect(call('GET', 'k')).toBe('xyab\0\0z');
  });

  it('SETRANGE with nothing changes nothing', () => {
    expect(call('SETRANGE', 'k', 5, '')).toBe(0);
    expect(call('EXISTS', 'k')).toBe(0);
    call('SET', 'k', '123');
    expect(call('SETRANGE', 'k', 99, '')).toBe(3);
    expect(call('OBJECT', 'ENCODING', 'k')).toBe('int');
  });

  it('SETRANGE refuses wrong offsets and types', () => {
    expect(call('SETRANGE', 'k', -1, 'x')).toBe('-ERR offset is out of range');
    expect(call('SETRANGE', 'k', 'x', 'x')).toBe(NOT_AN_INTEGER);
    makeList('s');
    expect(call('SETRANGE', 's', 0, '')).toBe(WRONG_TYPE);
  });

  it('never grow beyond proto-max-bulk-len', () => {
    const tooLong = '-ERR string exceeds maximum allowed size (proto-max-bulk-len)';
    expect(call('SETRANGE', 'k', 512 * 1024 * 1024, 'x')).toBe(tooLong);
    expect(call('SETRANGE', 'k', MAX, 'x')).toBe(tooLong);
    call('CONFIG', 'SET', 'proto-max-bulk-len', 1024 * 1024);
    expect(call('SETRANGE', 'k', 1024 * 1024 - 1, 'x')).toBe(1024 * 1024);
    expect(call('APPEND', 'k', 'x')).toBe(tooLong);
    expect(call('SETRANGE', 'k', 1024 * 1024 - 1, 'xy')).toBe(tooLong);
    expect([call('STRLEN', 'k'), call('EXISTS', 'other')]).toEqual([1024 * 1024, 0]);
  });

  it('leave nothing behind where the memory for them cannot be had', () => {
    call('CONFIG', 'SET', 'proto-max-bulk-len', MAX);
    expect(call('SETRANGE', 'k', 2 ** 40, 'x')).toMatch(/^-ERR string exceeds/);
    expect(call('EXISTS', 'k')).toBe(0);
  });

  it.each([
    [0, 3, 'This'],
    [0, -1, 'This is a string'],
    [-3, -1, 'ing'],
    [5, 3, ''],
    [5, 5000, 'is a string'],
    [-5000, 10000, 'This is a string'],
    [0, -100, 'T'],
    [-1, -5, ''],
    [MIN, MAX, 'This is a string'],
    ['-9223372036854775807', MIN, ''],
    [MIN, '-9223372036854775807', 'T'],
    [16, 20, ''],
  ])('GETRANGE from %s to %s is %j', (start, end, part) => {
    call('SET', 'k', 'This is a string');
    expect(call('GETRANGE', 'k', start, end)).toBe(part);
    expect(call('SUBSTR', 'k', start, end)).toBe(part);
  });

  it('GETRANGE of a long value is a copy', () => {
    call('SET', 'k', 'a'.repeat(200_000));
    const part = redis.raw('GETRANGE', 'k', 10, 100_009);
    call('SETRANGE', 'k', 0, 'b'.repeat(200_000));
    expect(part).toBe(`$100000\r\n${'a'.repeat(100_000)}\r\n`);
  });

  it('GETRANGE looks at its numbers before it looks at the key', () => {
    expect(call('GETRANGE', 'k', 'x', 0)).toBe(NOT_AN_INTEGER);
    expect(call('GETRANGE', 'k', 0, 1)).toBe('');
    makeList('s');
    expect(call('GETRANGE', 's', 0, 'x')).toBe(NOT_AN_INTEGER);
    expect(call('GETRANGE', 's', 0, 0)).toBe(WRONG_TYPE);
  });

  it('STRLEN counts bytes', () => {
    call('SET', 'k', 'ab\0');
    makeList('s');
    expect([call('STRLEN', 'k'), call('STRLEN', 'x'), call('STRLEN', 's')]).toEqual([3, 0, WRONG_TYPE]);
  });
});

describe('LCS', () => {
  beforeEach(() => {
    call('MSET', 'a', 'ohmytext', 'b', 'mynewtext');
  });

  it('finds the longest common subsequence, its length, and where it is', () => {
    expect(call('LCS', 'a', 'b')).toBe('mytext');
    expect(call('LCS', 'a', 'b', 'LEN')).toBe(6);
    expect(call('LCS', 'a', 'b', 'IDX')).toEqual([
      'matches',
      [
        [
          [4, 7],
          [5, 8],
        ],
        [
          [2, 3],
          [0, 1],
        ],
      ],
      'len',
      6,
    ]);
    expect(call('LCS', 'a', 'b', 'IDX', 'MINMATCHLEN', 4, 'WITHMATCHLEN')).toEqual([
      'matches',
      [[[4, 7], [5, 8], 4]],
      'len',
      6,
    ]);
  });

  it('takes a missing key as an empty string', () => {
    expect(call('LCS', 'a', 'x')).toBe('');
    expect(call('LCS', 'x', 'y', 'IDX')).toEqual(['matches', [], 'len', 0]);
  });

  it('refuses what makes no sense', () => {
    expect(call('LCS', 'a', 'b', 'LEN', 'IDX')).toBe(
      '-ERR If you want both the length and indexes, please just use IDX.',
    );
    expect(call('LCS', 'a', 'b', 'foo')).toBe(SYNTAX_ERROR);
    expect(call('LCS', 'a', 'b', 'MINMATCHLEN')).toBe(SYNTAX_ERROR);
    expect(call('LCS', 'a', 'b', 'MINMATCHLEN', 'x')).toBe(NOT_AN_INTEGER);
    makeList('s');
    expect(call('LCS', 'a', 's')).toBe('-ERR The specified keys must contain string values');
  });

  it('refuses strings that would take too much memory', () => {
    call('CONFIG', 'SET', 'proto-max-bulk-len', 1024 * 1024);
    call('MSET', 'a', 'x'.repeat(600), 'b', 'x'.repeat(600));
    expect(call('LCS', 'a', 'b', 'LEN')).toBe(
      '-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len',
    );
  });
});
