/** Sets, in both of their forms. */
import { describe, expect, it } from 'vitest';
import { OutOfMemory } from '../../src/data/heap.ts';
import { startTestServer, type TestReply, type TestServer } from '../support/in-process.ts';

const WRONG_TYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value';
const NOT_AN_INTEGER = '-ERR value is not an integer or out of range';
const NOT_POSITIVE = '-ERR value is out of range, must be positive';
const SYNTAX_ERROR = '-ERR syntax error';
const INT64_MAX = '9223372036854775807';
const INT64_MIN = '-9223372036854775808';

function start(config: Readonly<Record<string, number>> = {}): TestServer {
  return startTestServer({ config });
}

function sorted(reply: TestReply): TestReply[] {
  return (reply as TestReply[]).toSorted();
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => String(from + i));
}

const FORMS = [
  { form: 'packed', encoding: 'intset', config: {} },
  { form: 'large', encoding: 'hashtable', config: { 'set-max-intset-entries': 0 } },
] as const;

describe.each(FORMS)('a $form set of integers', ({ encoding, config }) => {
  it('is made by SADD, which counts the new members', () => {
    const redis = start(config);
    expect(redis.call('SADD', 's', 3, 1, 2, 3)).toBe(3);
    expect(redis.call('SADD', 's', 1, 4)).toBe(1);
    expect(redis.call('SADD', 's', 1)).toBe(0);
    expect(redis.call('SCARD', 's')).toBe(4);
    expect(redis.call('OBJECT', 'ENCODING', 's')).toBe(encoding);
    expect(redis.call('TYPE', 's')).toBe('set');
    expect(sorted(redis.call('SMEMBERS', 's'))).toEqual(['1', '2', '3', '4']);
  });

  it('tells who is a member', () => {
    const redis = start(config);
    const members = ['0', '-1', '32768', '-32769', '2147483648', INT64_MAX, INT64_MIN, '9007199254740993'];
    redis.call('SADD', 's', ...members);
    for (const member of members) expect(redis.call('SISMEMBER', 's', member), member).toBe(1);
    const others = ['1', '-2', '32767', '9007199254740992', '9223372036854775806', '00', '+1', '', 'a', '-0', '1.0'];
    for (const other of others) expect(redis.call('SISMEMBER', 's', other), other).toBe(0);
    expect(redis.call('SMISMEMBER', 's', '0', 'x', '-1', '0')).toEqual([1, 0, 1, 1]);
  });

  it('goes with its last member', () => {
    const redis = start(config);
    redis.call('SADD', 's', 1, 2, 3);
    expect(redis.call('SREM', 's', 2, 9, 'x', 2)).toBe(1);
    expect(sorted(redis.call('SMEMBERS', 's'))).toEqual(['1', '3']);
    expect(redis.call('SREM', 's', 3, 1, 1, 7)).toBe(2);
    expect(redis.call('EXISTS', 's')).toBe(0);
  });

  it('hands a member over to another set', () => {
    const redis = start(config);
    redis.call('SADD', 'a', 1, 2);
    redis.call('SADD', 'b', 2, 3);
    expect(redis.call('SMOVE', 'a', 'b', 1)).toBe(1);
    expect(redis.call('SMOVE', 'a', 'b', 1)).toBe(0);
    expect(redis.call('SMOVE', 'a', 'a', 2)).toBe(1);
    expect(redis.call('SMOVE', 'a', 'a', 9)).toBe(0);
    expect(redis.call('SMOVE', 'a', 'b', 2)).toBe(1);
    expect(redis.call('EXISTS', 'a')).toBe(0);
    expect(sorted(redis.call('SMEMBERS', 'b'))).toEqual(['1', '2', '3']);
    expect(redis.call('SMOVE', 'b', 'new', 3)).toBe(1);
    expect(redis.call('SMEMBERS', 'new')).toEqual(['3']);
    expect(redis.call('OBJECT', 'ENCODING', 'new')).toBe(encoding);
  });

  it('loses random members to SPOP', () => {
    const redis = start(config);
    const members = numbers(0, 20);
    for (const counts of [[1], [3], [19], [17, 1], [20], [50], [4, 4, 4, 4, 4]]) {
      redis.call('SADD', 's', ...members);
      const popped = counts.flatMap((count) => redis.call('SPOP', 's', count) as string[]);
      const rest = redis.call('SMEMBERS', 's') as string[];
      expect([...popped, ...rest].toSorted()).toEqual(members.toSorted());
      expect(popped.length).toBe(
        Math.min(
          20,
          counts.reduce((sum, count) => sum + count),
        ),
      );
      expect(redis.call('EXISTS', 's')).toBe(rest.length > 0 ? 1 : 0);
      redis.call('DEL', 's');
    }
    redis.call('SADD', 's', 1, 2);
    expect([redis.call('SPOP', 's'), redis.call('SPOP', 's')].toSorted()).toEqual(['1', '2']);
    expect(redis.call('SPOP', 's')).toBe(null);
  });

  it('keeps its expire time when SPOP leaves little of it', () => {
    const redis = start(config);
    redis.call('SADD', 's', ...numbers(0, 100));
    redis.call('EXPIRE', 's', 1000);
    redis.call('SPOP', 's', 98);
    expect(redis.call('SCARD', 's')).toBe(2);
    expect(redis.call('TTL', 's')).toBe(1000);
  });

  it('shows random members', () => {
    const redis = start(config);
    const members = numbers(0, 20);
    redis.call('SADD', 's', ...members);
    expect(members).toContain(redis.call('SRANDMEMBER', 's'));
    expect(redis.call('SRANDMEMBER', 's', 0)).toEqual([]);
    for (const count of [1, 3, 12, 19, 20, 21, INT64_MAX]) {
      const found = redis.call('SRANDMEMBER', 's', count) as string[];
      expect(new Set(found).size).toBe(Math.min(Number(count), 20));
      expect(found.every((member) => members.includes(member))).toBe(true);
    }
    const repeated = redis.call('SRANDMEMBER', 's', -100) as string[];
    expect(repeated.length).toBe(100);
    expect(new Set(repeated).size).toBeGreaterThan(5);
    expect(redis.call('SCARD', 's')).toBe(20);
  });

  it('draws every member equally often', () => {
    const redis = start(config);
    const members = numbers(0, 10);
    const seen = new Map<string, number>();
    const note = (found: TestReply): void => {
      for (const member of found as string[]) seen.set(member, (seen.get(member) ?? 0) + 1);
    };
    redis.call('SADD', 's', ...members);
    note(redis.call('SRANDMEMBER', 's', -3000));
    for (let i = 0; i < 500; i++) note(redis.call('SRANDMEMBER', 's', 2));
    for (let i = 0; i < 250; i++) note(redis.call('SRANDMEMBER', 's', 8));
    for (let i = 0; i < 300; i++) {
      for (const count of [1, 9]) {
        note(redis.call('SPOP', 's', count));
        redis.call('SADD', 's', ...members);
      }
    }
    // 900 each on average; six times the standard deviation is about 170.
    for (const member of members) expect(Math.abs((seen.get(member) ?? 0) - 900)).toBeLessThan(180);
  });

  it('is walked by SSCAN', () => {
    const redis = start(config);
    const members = numbers(0, 100);
    redis.call('SADD', 's', ...members);
    const seen = new Set<string>();
    let cursor = '0';
    do {
      const [next, found] = redis.call('SSCAN', 's', cursor, 'COUNT', 5) as [string, string[]];
      for (const member of found) seen.add(member);
      cursor = next;
    } while (cursor !== '0');
    expect(seen).toEqual(new Set(members));
    const [, matching] = redis.call('SSCAN', 's', 0, 'MATCH', '7?', 'COUNT', 1000) as [string, string[]];
    expect(matching.toSorted()).toEqual(numbers(70, 80));
  });

  it('keeps its expire time when it changes, and is copied as a whole', () => {
    const redis = start(config);
    redis.call('SADD', 's', 1, 2, 3);
    redis.call('EXPIRE', 's', 1000);
    redis.call('COPY', 's', 'copy');
    redis.call('SADD', 's', 70000, 4);
    redis.call('SREM', 's', 1);
    expect(redis.call('TTL', 's')).toBe(1000);
    expect(redis.call('TTL', 'copy')).toBe(1000);
    expect(sorted(redis.call('SMEMBERS', 'copy'))).toEqual(['1', '2', '3']);
    expect(redis.call('OBJECT', 'ENCODING', 'copy')).toBe(encoding);
  });

  it('announces what happens to it', () => {
    const redis = start(config);
    redis.call('CONFIG', 'SET', 'notify-keyspace-events', 'KEA');
    const events = redis.listen();
    const expected: readonly (readonly [string, ...string[]])[] = [
      ['SADD s 1 2 3 4', 'sadd s'],
      ['SADD s 1'],
      ['SREM s 9'],
      ['SREM s 1', 'srem s'],
      ['SMOVE s t 2', 'srem s', 'sadd t'],
      ['SMOVE t s 2', 'srem t', 'del t', 'sadd s'],
      ['SMOVE s s 2'],
      ['SADD u 2', 'sadd u'],
      ['SMOVE u s 2', 'srem u', 'del u'],
      ['SPOP s', 'spop s'],
      ['SPOP s 1', 'spop s'],
      ['SPOP s 0'],
      ['SPOP s 9', 'spop s', 'del s'],
      ['SADD s 6', 'sadd s'],
      ['SPOP s', 'spop s', 'del s'],
      ['SADD s 5', 'sadd s'],
      ['SREM s 5', 'srem s', 'del s'],
    ];
    for (const [command, ...announced] of expected) {
      redis.call(...command.split(' '));
      expect(events(), command).toEqual(announced);
    }
  });
});

describe('a set', () => {
  it('turns large with the first member that is no integer, or with too many', () => {
    const redis = start({ 'set-max-intset-entries': 5 });
    redis.call('SADD', 'a', ...numbers(0, 5));
    expect(redis.call('OBJECT', 'ENCODING', 'a')).toBe('intset');
    redis.call('EXPIRE', 'a', 1000);
    redis.call('SADD', 'a', 3);
    expect(redis.call('OBJECT', 'ENCODING', 'a')).toBe('intset');
    redis.call('SADD', 'a', 5);
    expect(redis.call('OBJECT', 'ENCODING', 'a')).toBe('hashtable');
    expect(redis.call('TTL', 'a')).toBe(1000);
    expect(sorted(redis.call('SMEMBERS', 'a'))).toEqual(numbers(0, 6));
    redis.call('SADD', 'b', 1, -7, 'x');
    expect(redis.call('OBJECT', 'ENCODING', 'b')).toBe('hashtable');
    expect(sorted(redis.call('SMEMBERS', 'b'))).toEqual(['-7', '1', 'x']);
    redis.call('SREM', 'b', 'x');
    expect(redis.call('OBJECT', 'ENCODING', 'b')).toBe('hashtable');
    redis.call('SADD', 'c', '01');
    expect(redis.call('OBJECT', 'ENCODING', 'c')).toBe('hashtable');
    redis.call('SADD', 'd', 7);
    expect(redis.call('SMOVE', 'b', 'd', 1)).toBe(1);
    expect(redis.call('OBJECT', 'ENCODING', 'd')).toBe('intset');
    expect(redis.call('SMOVE', 'c', 'd', '01')).toBe(1);
    expect(redis.call('OBJECT', 'ENCODING', 'd')).toBe('hashtable');
  });

  it('becomes packed again when SPOP leaves only integers', () => {
    const redis = start({ 'set-max-intset-entries': 5 });
    redis.call('SADD', 's', ...numbers(0, 100));
    expect(redis.call('OBJECT', 'ENCODING', 's')).toBe('hashtable');
    redis.call('SPOP', 's', 97);
    expect(redis.call('SCARD', 's')).toBe(3);
    expect(redis.call('OBJECT', 'ENCODING', 's')).toBe('intset');
  });

  it('keeps members of any bytes', () => {
    const redis = start();
    const all = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
    const members = ['', all, all.slice(1), 'x'.repeat(70_000), '\r\n'];
    expect(redis.call('SADD', 's', ...members)).toBe(5);
    expect(sorted(redis.call('SMEMBERS', 's'))).toEqual(members.toSorted());
    for (const member of members) expect(redis.call('SISMEMBER', 's', member)).toBe(1);
  });

  it('does not stay behind empty where memory runs out', () => {
    const redis = start();
    const { heap } = redis.server.keyspace;
    const allocate = heap.allocate.bind(heap);
    heap.allocate = (bytes) => {
      if (bytes > 100_000) throw new OutOfMemory('no more');
      return allocate(bytes);
    };
    expect(redis.call('SADD', 's', 'm'.repeat(100_000))).toBe('-OOM no more');
    expect(redis.call('EXISTS', 's')).toBe(0);
    redis.call('SADD', 's', 1);
    expect(redis.call('SADD', 's', 2, 'm'.repeat(100_000))).toBe('-OOM no more');
    expect(sorted(redis.call('SMEMBERS', 's'))).toEqual(['1', '2']);
  });

  it('holds a hundred thousand members, and gives their memory back', () => {
    const redis = start();
    const { heap } = redis.server.keyspace;
    const before = heap.usedBytes;
    for (let i = 0; i < 100; i++) {
      expect(redis.call('SADD', 's', ...numbers(i * 1000, i * 1000 + 1000).map((n) => `m:${n}`))).toBe(1000);
    }
    expect(redis.call('SCARD', 's')).toBe(100_000);
    expect(redis.call('SISMEMBER', 's', 'm:73512')).toBe(1);
    expect(heap.usedBytes - before).toBeGreaterThan(2_000_000);
    expect((redis.call('SPOP', 's', 60_000) as string[]).length).toBe(60_000);
    expect((redis.call('SPOP', 's', 39_990) as string[]).length).toBe(39_990);
    expect(redis.call('SCARD', 's')).toBe(10);
    redis.call('DEL', 's');
    // What is large is freed in slices.
    redis.advance(100);
    expect(heap.usedBytes).toBe(before);
  });
});

describe('a command on sets', () => {
  it('finds a missing key empty', () => {
    const redis = start();
    const replies = {
      'SMEMBERS s': '*0\r\n',
      'SCARD s': ':0\r\n',
      'SISMEMBER s a': ':0\r\n',
      'SMISMEMBER s a b': '*2\r\n:0\r\n:0\r\n',
      'SREM s a': ':0\r\n',
      'SPOP s': '$-1\r\n',
      'SPOP s 2': '*0\r\n',
      'SRANDMEMBER s': '$-1\r\n',
      'SRANDMEMBER s 2': '*0\r\n',
      'SMOVE s t a': ':0\r\n',
      'SINTER s': '*0\r\n',
      'SSCAN s 0': '*2\r\n$1\r\n0\r\n*0\r\n',
      'SSCAN s 0 nonsense': '*2\r\n$1\r\n0\r\n*0\r\n',
    };
    for (const [command, reply] of Object.entries(replies)) {
      expect(redis.raw(...command.split(' ')), command).toBe(reply);
    }
  });

  it('replies sets under RESP3', () => {
    const redis = start();
    redis.call('HELLO', 3);
    redis.call('SADD', 's', 7);
    const replies = {
      'SMEMBERS s': '~1\r\n$1\r\n7\r\n',
      'SMEMBERS none': '~0\r\n',
      'SINTER s s': '~1\r\n$1\r\n7\r\n',
      'SINTER s none': '~0\r\n',
      'SUNION s': '~1\r\n$1\r\n7\r\n',
      'SDIFF s none': '~1\r\n$1\r\n7\r\n',
      'SRANDMEMBER s 3': '*1\r\n$1\r\n7\r\n',
      'SRANDMEMBER none': '_\r\n',
      'SPOP none 3': '~0\r\n',
      'SPOP s 3': '~1\r\n$1\r\n7\r\n',
    };
    for (const [command, reply] of Object.entries(replies)) {
      expect(redis.raw(...command.split(' ')), command).toBe(reply);
    }
  });

  it('refuses other types', () => {
    const redis = start();
    redis.call('SET', 'x', 'a string');
    redis.call('SADD', 's', 'a');
    const commands = [
      ...'SADD x a,SREM x a,SCARD x,SMEMBERS x,SISMEMBER x a,SMISMEMBER x a,SPOP x,SPOP x 1,SRANDMEMBER x'.split(','),
      ...'SRANDMEMBER x 1,SSCAN x 0,SMOVE x s a,SMOVE s x a,SINTER s x,SINTER none x,SUNION s x,SDIFF s x'.split(','),
      ...'SINTERSTORE d s x,SUNIONSTORE d s x,SDIFFSTORE d none x,SINTERCARD 2 none x'.split(','),
    ];
    for (const command of commands) expect(redis.call(...command.split(' ')), command).toBe(WRONG_TYPE);
    // Without a source there is nothing to move.
    expect(redis.call('SMOVE', 'none', 'x', 'a')).toBe(0);
    expect(redis.call('SMEMBERS', 's')).toEqual(['a']);
  });

  it('refuses counts, cursors and options that are none', () => {
    const redis = start();
    redis.call('SADD', 's', 'a');
    const range = `-ERR value is out of range, value must between -${INT64_MAX} and ${INT64_MAX}`;
    const expected = {
      'SPOP s -1': NOT_POSITIVE,
      'SPOP s x': NOT_POSITIVE,
      'SPOP s 1 x': SYNTAX_ERROR,
      'SRANDMEMBER s x': NOT_AN_INTEGER,
      [`SRANDMEMBER s ${INT64_MIN}`]: range,
      'SRANDMEMBER s -1000000000000': '-ERR value is out of range',
      'SRANDMEMBER s 1 x': SYNTAX_ERROR,
      'SINTERCARD x s': '-ERR numkeys should be greater than 0',
      'SINTERCARD 0 s': '-ERR numkeys should be greater than 0',
      'SINTERCARD -1 s': '-ERR numkeys should be greater than 0',
      'SINTERCARD 2 s': "-ERR Number of keys can't be greater than number of args",
      'SINTERCARD 1 s x': SYNTAX_ERROR,
      'SINTERCARD 1 s LIMIT': SYNTAX_ERROR,
      'SINTERCARD 1 s LIMIT -1': "-ERR LIMIT can't be negative",
      'SINTERCARD 1 s LIMIT x': "-ERR LIMIT can't be negative",
      'SSCAN s x': '-ERR invalid cursor',
      'SSCAN s 0 COUNT 0': SYNTAX_ERROR,
      'SSCAN s 0 TYPE set': SYNTAX_ERROR,
    };
    for (const [command, error] of Object.entries(expected)) {
      expect(redis.call(...command.split(' ')), command).toBe(error);
    }
    expect(redis.call('SCARD', 's')).toBe(1);
  });
});

describe('the stream of changes', () => {
  it('gets what a command on sets did, so that it can be repeated', () => {
    const redis = start();
    redis.watchPropagation();
    const changesOf = (...command: string[]): string[] => {
      redis.call(...command);
      return redis.propagated();
    };
    expect(changesOf('SADD', 's', '1', '2')).toEqual(['SADD s 1 2']);
    expect(changesOf('SADD', 's', '1')).toEqual([]);
    expect(changesOf('SREM', 's', '9')).toEqual([]);
    expect(changesOf('SREM', 's', '1', '9')).toEqual(['SREM s 1 9']);
    expect(changesOf('SPOP', 's')).toEqual(['SREM s 2']);
    redis.call('SADD', 'a', 'x', 'y');
    redis.call('SADD', 'b', 'y');
    redis.propagated();
    expect(changesOf('SMOVE', 'a', 'b', 'x')).toEqual(['SMOVE a b x']);
    expect(changesOf('SMOVE', 'a', 'b', 'x')).toEqual([]);
    expect(changesOf('SINTERSTORE', 'c', 'a', 'b')).toEqual(['SINTERSTORE c a b']);
    expect(changesOf('SDIFFSTORE', 'none', 'a', 'a')).toEqual([]);
    expect(changesOf('SPOP', 'b', '5')).toEqual(['DEL b']);
    expect(changesOf('SPOP', 'b', '5')).toEqual([]);
  });

  it.each([['ints'], ['words']])('gets SPOP as the removals of the very members: %s', (kind) => {
    const redis = start();
    const members = numbers(0, 30).map((n) => (kind === 'ints' ? n : `m${n}`));
    redis.watchPropagation();
    for (const count of [4, 27, 29]) {
      redis.call('SADD', 's', ...members);
      redis.propagated();
      const popped = redis.call('SPOP', 's', count) as string[];
      const fed = redis.propagated().filter((change) => change !== 'MULTI' && change !== 'EXEC');
      expect(fed.toSorted()).toEqual(popped.map((member) => `SREM s ${member}`).toSorted());
      expect(popped.length).toBe(count);
    }
  });
});
