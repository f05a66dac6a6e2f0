import { beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestReply, type TestServer } from '../support/in-process.ts';

let redis: TestServer;
beforeEach(() => {
  redis = startTestServer();
});

const call = (...args: (string | number | bigint)[]): TestReply => redis.call(...args);

const SYNTAX_ERROR = '-ERR syntax error';
const NOT_AN_INTEGER = '-ERR value is not an integer or out of range';
const NO_DATABASE = '-ERR DB index is out of range';
const NO_INT = '-ERR value is out of range, value must between -2147483648 and 2147483647';

describe('DEL, UNLINK, EXISTS and TOUCH', () => {
  it('count the keys that there are, as often as they are named', () => {
    call('MSET', 'a', 1, 'b', 2, 'c', 3);
    expect(call('EXISTS', 'a', 'x', 'a', 'c')).toBe(3);
    expect(call('TOUCH', 'a', 'x', 'b')).toBe(2);
    expect(call('DEL', 'a', 'x', 'a')).toBe(1);
    expect(call('UNLINK', 'b', 'c')).toBe(2);
    expect(call('DBSIZE')).toBe(0);
  });

  it('free large values at once, or later where that is asked for', () => {
    const fill = (key: string): void => {
      for (let i = 0; i < 5; i++) call('RPUSH', key, ...Array.from({ length: 1000 }, (_, n) => `element:${i}:${n}`));
    };
    fill('eager');
    fill('lazy');
    const { keyspace, lazyFree } = redis.server;
    const before = keyspace.usedBytes;
    call('DEL', 'eager');
    expect(keyspace.usedBytes).toBeLessThan(before * 0.7);
    expect(lazyFree.pending).toBe(0);
    call('UNLINK', 'lazy');
    expect(lazyFree.pending).toBe(1);
    while (lazyFree.pending > 0) redis.advance(1);
    expect(call('DBSIZE')).toBe(0);
    expect(call('INFO', 'memory')).toMatch(/lazyfreed_objects:1\r/);
  });
});

describe('TYPE and KEYS', () => {
  it('tell what there is', () => {
    call('SET', 's', 1);
    expect(redis.raw('TYPE', 's')).toBe('+string\r\n');
    expect(redis.raw('TYPE', 'x')).toBe('+none\r\n');
    call('MSET', 'foo', 1, 'fab', 2, '', 3);
    const sorted = (pattern: string): string[] => (call('KEYS', pattern) as string[]).sort();
    expect(sorted('*')).toEqual(['', 'fab', 'foo', 's']);
    expect(sorted('f??')).toEqual(['fab', 'foo']);
    expect(sorted('f[^a]o')).toEqual(['foo']);
    expect(sorted('')).toEqual(['']);
    expect(sorted('x')).toEqual([]);
  });

  it('list a hundred thousand keys', () => {
    for (let i = 0; i < 100_000; i += 1000) {
      call('MSET', ...Array.from({ length: 1000 }, (_, n) => [`key:${i + n}`, 'v']).flat());
    }
    expect(new Set(call('KEYS', '*') as string[]).size).toBe(100_000);
  });
});

describe('SCAN', () => {
  function scanAll(...options: (string | number)[]): { keys: string[]; calls: number } {
    const keys: string[] = [];
    let cursor = '0';
    let calls = 0;
    do {
      const [next, found] = call('SCAN', cursor, ...options) as [string, string[]];
      keys.push(...found);
      cursor = next;
      calls++;
    } while (cursor !== '0');
    return { keys, calls };
  }

  beforeEach(() => {
    call('MSET', ...Array.from({ length: 1000 }, (_, n) => [`key:${n}`, 'v']).flat());
  });

  it('finds every key once in a dataset that does not change', () => {
    const { keys, calls } = scanAll();
    expect(keys.length).toBe(1000);
    expect(new Set(keys).size).toBe(1000);
    expect(calls).toBeGreaterThan(20);
    expect(scanAll('COUNT', 10_000).calls).toBe(1);
  });

  it('finds every key that stays, while others come and go', () => {
    const seen = new Set<string>();
    let cursor = '0';
    let n = 0;
    do {
      const [next, found] = call('SCAN', cursor) as [string, string[]];
      for (const key of found) seen.add(key);
      cursor = next;
      for (let i = 0; i < 100; i++) call('SET', `more:${n++}`, 'v');
      if (n > 3000) for (let i = n - 3000; i < n - 2900; i++) call('DEL', `more:${i}`);
    } while (cursor !== '0');
    for (let i = 0; i < 1000; i++) expect(seen.has(`key:${i}`)).toBe(true);
  });

  it('selects by pattern and by type', () => {
    call('RPUSH', 'list', 'element');
    expect(scanAll('MATCH', 'key:1?').keys.sort()).toEqual(Array.from({ length: 10 }, (_, n) => `key:1${n}`));
    expect(scanAll('TYPE', 'LIST').keys).toEqual(['list']);
    expect(scanAll('TYPE', 'string', 'MATCH', 'list').keys).toEqual([]);
    expect(scanAll('TYPE', 'nonsense').keys).toEqual([]);
  });

  it('removes keys whose time has passed on its way', () => {
    redis.server.debugging.activeExpiry = false;
    for (let i = 0; i < 500; i++) call('PEXPIRE', `key:${i}`, 5);
    redis.advance(6);
    expect(scanAll().keys.length).toBe(500);
    expect(call('DBSIZE')).toBe(500);
  });

  it.each(['x', ' 1', '1x', '-', '18446744073709551616', '1.0'])('refuses the cursor %j', (cursor) => {
    expect(call('SCAN', cursor)).toBe('-ERR invalid cursor');
  });

  it.each(['18446744073709551615', '-1', '+7', '4294967296', ''])('takes the cursor %j', (cursor) => {
    expect(call('SCAN', cursor)).toHaveLength(2);
  });

  it.each([
    [['COUNT', '0'], SYNTAX_ERROR],
    [['COUNT', '-5'], SYNTAX_ERROR],
    [['COUNT', 'x'], NOT_AN_INTEGER],
    [['COUNT'], SYNTAX_ERROR],
    [['MATCH'], SYNTAX_ERROR],
    [['foo', 'bar'], SYNTAX_ERROR],
  ])('refuses %s', (options, text) => {
    expect(call('SCAN', 0, ...options)).toBe(text);
  });
});

describe('RANDOMKEY', () => {
  it('returns any of the keys, and null if there is none', () => {
    expect(call('RANDOMKEY')).toBeNull();
    call('MSET', 'a', 1, 'b', 2, 'c', 3);
    const drawn = new Set(Array.from({ length: 200 }, () => call('RANDOMKEY')));
    expect([...drawn].sort()).toEqual(['a', 'b', 'c']);
  });
});

describe('RENAME', () => {
  it('takes the value with its expire time along, over what was there', () => {
    call('SET', 'a', 'v', 'EX', 100);
    call('SET', 'b', 'w', 'EX', 5);
    expect(call('RENAME', 'a', 'b')).toBe('OK');
    expect([call('GET', 'b'), call('TTL', 'b'), call('EXISTS', 'a')]).toEqual(['v', 100, 0]);
    call('SET', 'c', 'x');
    call('RENAME', 'c', 'b');
    expect(call('TTL', 'b')).toBe(-1);
  });

  it('needs a source', () => {
    expect(call('RENAME', 'a', 'b')).toBe('-ERR no such key');
    expect(call('RENAMENX', 'a', 'a')).toBe('-ERR no such key');
  });

  it('to the same name is nothing', () => {
    call('SET', 'a', 'v');
    expect([call('RENAME', 'a', 'a'), call('RENAMENX', 'a', 'a'), call('GET', 'a')]).toEqual(['OK', 0, 'v']);
  });

  it('RENAMENX takes no name that is taken', () => {
    call('MSET', 'a', 1, 'b', 2);
    expect([call('RENAMENX', 'a', 'b'), call('RENAMENX', 'a', 'c')]).toEqual([0, 1]);
    expect(call('MGET', 'a', 'b', 'c')).toEqual([null, '2', '1']);
  });

  it('works for values of any length and kind', () => {
    call('SET', 'a', 'v'.repeat(300_000));
    call('APPEND', 'a', 'w');
    call('RENAME', 'a', 'b');
    expect([call('STRLEN', 'b'), call('OBJECT', 'ENCODING', 'b')]).toEqual([300_001, 'raw']);
    call('RPUSH', 'l', 'x', 'y');
    call('RENAME', 'l', 'b');
    expect(call('LRANGE', 'b', 0, -1)).toEqual(['x', 'y']);
  });
});

describe('MOVE and COPY', () => {
  it('MOVE takes a key to another database', () => {
    call('SET', 'k', 'v', 'EX', 100);
    expect(call('MOVE', 'k', 3)).toBe(1);
    expect(call('MOVE', 'k', 3)).toBe(0);
    call('SELECT', 3);
    expect([call('GET', 'k'), call('TTL', 'k')]).toEqual(['v', 100]);
    call('SELECT', 0);
    call('SET', 'k', 'again');
    expect([call('MOVE', 'k', 3), call('GET', 'k')]).toEqual([0, 'again']);
  });

  it('COPY leaves the original', () => {
    call('SET', 'k', 'v', 'EX', 100);
    expect(call('COPY', 'k', 'l')).toBe(1);
    expect([call('GET', 'k'), call('GET', 'l'), call('TTL', 'l')]).toEqual(['v', 'v', 100]);
    call('APPEND', 'l', 'w');
    expect(call('GET', 'k')).toBe('v');
    expect(call('COPY', 'absent', 'l')).toBe(0);
  });

  it('COPY overwrites only with REPLACE', () => {
    call('MSET', 'k', 1, 'l', 2);
    expect([call('COPY', 'k', 'l'), call('GET', 'l')]).toEqual([0, '2']);
    expect([call('COPY', 'k', 'l', 'replace'), call('GET', 'l')]).toEqual([1, '1']);
  });

  it('COPY goes to another database', () => {
    call('SET', 'k', 'v');
    expect(call('COPY', 'k', 'k', 'DB', 5)).toBe(1);
    expect(call('COPY', 'k', 'k', 'DB', 5)).toBe(0);
    expect(call('COPY', 'k', 'k', 'REPLACE', 'DB', 5)).toBe(1);
    call('SELECT', 5);
    expect(call('GET', 'k')).toBe('v');
  });

  it.each([
    [['MOVE', 'k', '16'], NO_DATABASE],
    [['MOVE', 'k', '-1'], NO_DATABASE],
    [['MOVE', 'k', 'x'], NOT_AN_INTEGER],
    [['MOVE', 'k', '2147483648'], NO_INT],
    [['MOVE', 'k', '0'], '-ERR source and destination objects are the same'],
    [['COPY', 'k', 'k'], '-ERR source and destination objects are the same'],
    [['COPY', 'k', 'k', 'DB', '0'], '-ERR source and destination objects are the same'],
    [['COPY', 'k', 'l', 'DB', '99'], NO_DATABASE],
    [['COPY', 'k', 'l', 'DB', 'x'], NOT_AN_INTEGER],
    [['COPY', 'k', 'l', 'DB'], SYNTAX_ERROR],
    [['COPY', 'k', 'l', 'foo'], SYNTAX_ERROR],
  ])('%s is refused', (command, text) => {
    call('SET', 'k', 'v');
    expect(call(...(command as [string]))).toBe(text);
    expect(call('DBSIZE')).toBe(1);
  });
});

describe('OBJECT', () => {
  it('shows encodings', () => {
    call('MSET', 'int', '12', 'embstr', 'x'.repeat(44), 'raw', 'x'.repeat(45));
    for (const encoding of ['int', 'embstr', 'raw']) expect(call('OBJECT', 'ENCODING', encoding)).toBe(encoding);
    expect(call('OBJECT', 'ENCODING', 'absent')).toBeNull();
  });

  it('counts references as redis-server does, which shares small integers', () => {
    call('MSET', 'small', 9999, 'large', 10_000, 'text', 'x');
    expect(['small', 'large', 'text', 'absent'].map((key) => call('OBJECT', 'REFCOUNT', key))).toEqual([
      2147483647,
      1,
      1,
      null,
    ]);
    call('CONFIG', 'SET', 'maxmemory', '1gb', 'maxmemory-policy', 'allkeys-lru');
    expect(call('OBJECT', 'REFCOUNT', 'small')).toBe(1);
  });

  it('shows for how long a key was not used', () => {
    call('SET', 'k', 'v');
    redis.advance(3500);
    expect(call('OBJECT', 'IDLETIME', 'k')).toBe(3);
    call('GET', 'k');
    expect(call('OBJECT', 'IDLETIME', 'k')).toBe(0);
    expect(call('OBJECT', 'FREQ', 'k')).toMatch(/^-ERR An LFU maxmemory policy is not selected/);
  });

  it('shows under an LFU policy how often a key is used', () => {
    call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
    call('SET', 'k', 'v');
    expect(call('OBJECT', 'FREQ', 'k')).toBe(5);
    for (let i = 0; i < 200; i++) call('GET', 'k');
    const used = call('OBJECT', 'FREQ', 'k') as number;
    expect(used).toBeGreaterThan(7);
    redis.advance(3 * 60_000);
    expect(call('OBJECT', 'FREQ', 'k')).toBe(used - 3);
    expect(call('OBJECT', 'IDLETIME', 'k')).toMatch(/^-ERR An LFU maxmemory policy is selected/);
  });

  it('explains itself, and refuses what it does not know', () => {
    expect(call('OBJECT', 'HELP')).toContain('ENCODING <key>');
    expect(call('OBJECT', 'foo', 'k')).toBe("-ERR unknown subcommand 'foo'. Try OBJECT HELP.");
    expect(call('OBJECT', 'ENCODING')).toBe("-ERR wrong number of arguments for 'object|encoding' command");
  });
});

describe('Events and propagation', () => {
  it.each<[(string | number)[], string[], string[]]>([
    [['DEL', 'a', 'x', 'b'], ['del a', 'del b'], ['DEL a x b']],
    [['UNLINK', 'a'], ['del a'], ['UNLINK a']],
    [['DEL', 'x'], [], []],
    [['RENAME', 'a', 'b'], ['new b', 'rename_from a', 'rename_to b'], ['RENAME a b']],
    [['RENAME', 'a', 'c'], ['new c', 'rename_from a', 'rename_to c'], ['RENAME a c']],
    [['RENAMENX', 'a', 'b'], [], []],
    [['MOVE', 'a', 1], ['new a', 'move_from a', 'move_to a'], ['MOVE a 1']],
    [['COPY', 'a', 'c'], ['new c', 'copy_to c'], ['COPY a c']],
    [['TOUCH', 'a', 'x'], ['keymiss x'], []],
    [['EXISTS', 'x'], ['keymiss x'], []],
    [['TYPE', 'x'], ['keymiss x'], []],
    [['OBJECT', 'ENCODING', 'x'], [], []],
  ])('%s tells %s and propagates %s', (args, events, propagated) => {
    call('MSET', 'a', 1, 'b', 2);
    call('CONFIG', 'SET', 'notify-keyspace-events', 'EAmn');
    const heard = redis.listen();
    redis.watchPropagation();
    call(...args);
    expect(heard()).toEqual(events);
    expect(redis.propagated()).toEqual(propagated);
  });
});
