import { describe, expect, it } from 'vitest';
import { startTestServer, type TestReply, type TestServer } from '../support/in-process.ts';

function sorted(reply: TestReply): TestReply[] {
  return (reply as TestReply[]).toSorted();
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => String(from + i));
}

describe('intersections, unions and differences', () => {
  const SETS = {
    small: ['1', '2', '3', '4'],
    ints: ['3', '4', '5', '70000'],
    mixed: ['4', '5', 'a', 'b'],
    words: ['a', 'c', '4'],
  };

  function filled(): TestServer {
    const redis = startTestServer();
    for (const [key, members] of Object.entries(SETS)) redis.call('SADD', key, ...members);
    return redis;
  }

  type Name = keyof typeof SETS;
  const combine: Readonly<Record<string, (a: readonly string[], b: readonly string[]) => string[]>> = {
    INTER: (a, b) => a.filter((member) => b.includes(member)),
    UNION: (a, b) => [...new Set([...a, ...b])],
    DIFF: (a, b) => a.filter((member) => !b.includes(member)),
  };
  const keyLists: readonly (readonly Name[])[] = [
    ['small'],
    ['mixed'],
    ['small', 'ints'],
    ['ints', 'mixed'],
    ['mixed', 'words'],
    ['small', 'small'],
    ['words', 'mixed', 'words'],
    ['mixed', 'small', 'ints'],
    ['small', 'ints', 'mixed', 'words'],
  ];

  it.each(['INTER', 'UNION', 'DIFF'])('are what they are called: S%s', (operation) => {
    const redis = filled();
    for (const keys of keyLists) {
      const [first, ...others] = keys.map((key) => SETS[key]);
      const expected = others.reduce<string[]>((a, b) => combine[operation]!(a, b), first!).toSorted();
      expect(sorted(redis.call(`S${operation}`, ...keys)), keys.join()).toEqual(expected);
      expect(redis.call(`S${operation}STORE`, 'result', ...keys)).toBe(expected.length);
      expect(sorted(redis.call('SMEMBERS', 'result'))).toEqual(expected);
      if (expected.length === 0) expect(redis.call('EXISTS', 'result')).toBe(0);
      else {
        const isPacked = expected.every((member) => /^\d+$/.test(member));
        expect(redis.call('OBJECT', 'ENCODING', 'result')).toBe(isPacked ? 'intset' : 'hashtable');
      }
      if (operation === 'INTER') expect(redis.call('SINTERCARD', keys.length, ...keys)).toBe(expected.length);
    }
  });

  it('take a missing key for an empty set', () => {
    const redis = filled();
    expect(redis.raw('SINTER', 'small', 'none')).toBe('*0\r\n');
    expect(sorted(redis.call('SUNION', 'small', 'none'))).toEqual(SETS.small);
    expect(sorted(redis.call('SDIFF', 'small', 'none'))).toEqual(SETS.small);
    expect(redis.call('SDIFF', 'none', 'small')).toEqual([]);
    expect(redis.call('SUNION', 'none', 'nothing')).toEqual([]);
    expect(redis.call('SINTERCARD', 2, 'small', 'none')).toBe(0);
    for (const name of ['SINTERSTORE', 'SDIFFSTORE', 'SUNIONSTORE']) {
      redis.call('SET', 'target', 'x');
      expect(redis.call(name, 'target', 'none', 'nothing')).toBe(0);
      expect(redis.call('EXISTS', 'target')).toBe(0);
    }
  });

  it('store over whatever was there, its expire time included, even over a source', () => {
    const redis = filled();
    redis.call('SET', 'target', 'a string', 'EX', 1000);
    expect(redis.call('SUNIONSTORE', 'target', 'small', 'words')).toBe(6);
    expect(redis.call('TTL', 'target')).toBe(-1);
    expect(redis.call('SINTERSTORE', 'small', 'small', 'ints')).toBe(2);
    expect(redis.call('SMEMBERS', 'small')).toEqual(['3', '4']);
    expect(redis.call('SDIFFSTORE', 'mixed', 'mixed', 'words')).toBe(2);
    expect(sorted(redis.call('SMEMBERS', 'mixed'))).toEqual(['5', 'b']);
    expect(redis.call('SUNIONSTORE', 'words', 'words', 'mixed')).toBe(5);
    redis.call('SADD', 'words', 'later');
    expect(redis.call('SCARD', 'words')).toBe(6);
  });

  it('subtract also where many large sets make it cheaper to remove than to ask', () => {
    const redis = startTestServer();
    const members = numbers(0, 1000);
    redis.call('SADD', 'first', ...members, 'x');
    for (let i = 0; i < 10; i++) redis.call('SADD', `small${i}`, `${i}`, 'y');
    const keys = Array.from({ length: 10 }, (_, i) => `small${i}`);
    expect(redis.call('SDIFFSTORE', 'rest', 'first', ...keys)).toBe(991);
    expect(sorted(redis.call('SDIFF', 'first', ...keys))).toEqual([...members.slice(10), 'x'].toSorted());
    redis.call('SADD', 'everything', ...members, 'x');
    expect(redis.call('SDIFF', 'first', ...keys, 'everything', 'small1')).toEqual([]);
  });

  it('leave nothing behind on the heap', () => {
    const redis = filled();
    const { heap } = redis.server.keyspace;
    const before = heap.usedBytes;
    for (const name of ['SUNION', 'SINTER', 'SDIFF']) redis.call(name, 'mixed', 'words', 'ints', 'small');
    redis.call('SDIFFSTORE', 'none', 'small', 'small');
    expect(heap.usedBytes).toBe(before);
  });

  it('count no further than to the limit', () => {
    const redis = filled();
    expect(redis.call('SINTERCARD', 2, 'small', 'ints', 'LIMIT', 1)).toBe(1);
    expect(redis.call('SINTERCARD', 2, 'mixed', 'words', 'limit', 1)).toBe(1);
    expect(redis.call('SINTERCARD', 2, 'small', 'ints', 'LIMIT', 9)).toBe(2);
    expect(redis.call('SINTERCARD', 2, 'small', 'ints', 'LIMIT', 0)).toBe(2);
    expect(redis.call('SINTERCARD', 1, 'small', 'LIMIT', 3)).toBe(3);
  });

  it('announce the result, or that the old one is gone', () => {
    const redis = filled();
    redis.call('CONFIG', 'SET', 'notify-keyspace-events', 'KEA');
    const events = redis.listen();
    redis.call('SINTERSTORE', 'r', 'small', 'ints');
    redis.call('SUNIONSTORE', 'r', 'small', 'ints');
    redis.call('SDIFFSTORE', 'r', 'small', 'ints');
    redis.call('SINTERSTORE', 'r', 'small', 'none');
    redis.call('SDIFFSTORE', 'r', 'none');
    redis.call('SINTER', 'small', 'ints');
    expect(events()).toEqual(['sinterstore r', 'sunionstore r', 'sdiffstore r', 'del r']);
  });
});
