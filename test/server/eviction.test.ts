import { describe, expect, it } from 'vitest';
import { Keyspace } from '../../src/data/keyspace.ts';
import type { EvictionPolicy } from '../../src/data/victims.ts';
import { BareServer } from '../support/bare-server.ts';
import { startTestServer, type TestServer } from '../support/in-process.ts';

const OOM = "-OOM command not allowed when used memory > 'maxmemory'.";
/** With any of the short names here, and an expire time or not, a record of 896 bytes. */
const VALUE = 'v'.repeat(800);
const KEY_BYTES = 896;
/** A limit that is far away; tests bring memory down to it with `squeeze`. */
const AMPLE = '1gb';

function serve(policy: EvictionPolicy, ...settings: string[]): TestServer {
  const redis = startTestServer();
  redis.call('CONFIG', 'SET', 'maxmemory', AMPLE, 'maxmemory-policy', policy, 'maxmemory-samples', 64, ...settings);
  return redis;
}

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

function fill(redis: TestServer, keys: readonly string[], ...options: string[]): void {
  for (const key of keys) redis.call('SET', key, VALUE, ...options);
}

/** Lowers maxmemory so that about so many keys with `VALUE` have to go, and lets them go. */
function squeeze(redis: TestServer, keys: number): void {
  limit(redis, redis.server.memory.usedBytes - Math.round((keys - 0.5) * KEY_BYTES));
  redis.advance(50);
}

/** Sets maxmemory on another connection; nothing goes before the next command, or the next turn. */
function limit(redis: TestServer, bytes: number): void {
  redis.connect().call('CONFIG', 'SET', 'maxmemory', bytes);
}

function missing(redis: TestServer, keys: readonly string[]): string[] {
  return keys.filter((key) => redis.call('EXISTS', key) === 0);
}

function stat(redis: TestServer, field: string): number {
  return Number(new RegExp(`${field}:(\\d+)`).exec(String(redis.call('INFO', 'stats')))?.[1]);
}

/** Lets each look at the clock take some time. */
function slowDown(redis: TestServer, stepUs: number): void {
  const { clock } = redis.server.host;
  const original = clock.monotonicUs;
  let extraUs = 0;
  (clock as { monotonicUs(): number }).monotonicUs = () => original() + (extraUs += stepUs);
}

describe('maxmemory with noeviction', () => {
  it('refuses what needs memory, and nothing else', () => {
    const redis = serve('noeviction');
    fill(redis, ['k']);
    redis.call('RPUSH', 'list', 'a');
    redis.call('CONFIG', 'SET', 'maxmemory', 1000);
    redis.advance(50);
    expect(redis.call('SET', 'k', 'w')).toBe(OOM);
    expect(redis.call('RPUSH', 'list', 'b')).toBe(OOM);
    expect(redis.call('GET', 'k')).toBe(VALUE);
    expect(redis.call('LPOP', 'list')).toBe('a');
    expect(redis.call('DEL', 'k')).toBe(1);
    expect(stat(redis, 'evicted_keys')).toBe(0);
  });

  it('refuses to queue, and to execute what was queued before', () => {
    const redis = serve('noeviction');
    redis.call('MULTI');
    redis.call('SET', 'k', 'v');
    limit(redis, 1000);
    expect(redis.call('GET', 'k')).toBe(OOM);
    expect(redis.call('EXEC')).toMatch(/^-EXECABORT Transaction discarded because of: OOM command not allowed/);
    limit(redis, 0);
    redis.call('MULTI');
    redis.call('SET', 'k', 'v');
    limit(redis, 1000);
    expect(redis.call('EXEC')).toBe(
      "-EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.",
    );
    expect(redis.call('MULTI')).toBe('OK');
    expect(redis.call('DISCARD')).toBe('OK');
  });

  it('waits for memory that is on its way back', () => {
    const redis = serve('noeviction');
    const { memory } = redis.server;
    const before = memory.usedBytes;
    redis.call('DEBUG', 'POPULATE', '0');
    redis.call('RPUSH', 'list', ...names('element', 3000).map((name) => name.repeat(100)));
    redis.call('CONFIG', 'SET', 'maxmemory', before + 100_000);
    redis.advance(50);
    expect(redis.call('SET', 'k', 'v')).toBe(OOM);
    redis.call('UNLINK', 'list');
    expect(redis.call('SET', 'k', 'v')).toBe('OK');
  });
});

describe('allkeys-lru', () => {
  it('evicts in the order of the last use, also within one second', () => {
    const redis = serve('allkeys-lru');
    const keys = names('k', 20);
    fill(redis, keys);
    const order = keys.map((_, i) => keys[(i * 7) % 20]!);
    for (const key of order) redis.call('GET', key);
    squeeze(redis, 6);
    expect(missing(redis, keys).sort()).toEqual(order.slice(0, 6).sort());
    expect(stat(redis, 'evicted_keys')).toBe(6);
  });

  it('does not take a look for a use', () => {
    const redis = serve('allkeys-lru');
    fill(redis, ['looked', 'used', 'grown', 'renamed', 'timed']);
    redis.call('GET', 'used');
    redis.call('APPEND', 'grown', VALUE);
    redis.call('RENAME', 'renamed', 'other');
    redis.call('PEXPIRE', 'timed', 100_000);
    redis.call('OBJECT', 'IDLETIME', 'looked');
    redis.call('TYPE', 'looked');
    redis.call('TTL', 'looked');
    squeeze(redis, 1);
    expect(missing(redis, ['looked', 'used', 'grown', 'other', 'timed'])).toEqual(['looked']);
  });

  it('goes by what the keys themselves know of the time before it was set', () => {
    const redis = startTestServer();
    const keys = names('k', 10);
    for (const key of keys) {
      fill(redis, [key]);
      redis.advance(2000);
    }
    redis.call('GET', 'k0');
    redis.call('CONFIG', 'SET', 'maxmemory', AMPLE, 'maxmemory-policy', 'allkeys-lru');
    redis.call('GET', 'k2');
    squeeze(redis, 3);
    expect(missing(redis, keys)).toEqual(['k1', 'k3', 'k4']);
  });

  it('takes the key of any database that was idle for the longest time', () => {
    const redis = serve('allkeys-lru');
    for (const database of [3, 0, 5]) {
      redis.call('SELECT', database);
      fill(redis, [`in${database}`]);
      redis.advance(3000);
    }
    redis.call('SWAPDB', 3, 7);
    squeeze(redis, 1);
    expect(missing(redis, ['in5'])).toEqual([]);
    redis.call('SELECT', 7);
    expect(missing(redis, ['in3'])).toEqual(['in3']);
    redis.call('SELECT', 0);
    expect(missing(redis, ['in0'])).toEqual([]);
  });

  it('starts anew after FLUSHALL and FLUSHDB', () => {
    const redis = serve('allkeys-lru');
    for (const command of ['FLUSHALL', 'FLUSHDB']) {
      fill(redis, names('old', 10));
      redis.call(command);
      const keys = names('new', 10);
      fill(redis, keys);
      squeeze(redis, 2);
      expect(missing(redis, keys)).toEqual(['new0', 'new1']);
      redis.call('CONFIG', 'SET', 'maxmemory', AMPLE);
      redis.call('FLUSHALL');
    }
  });
});

describe('volatile policies', () => {
  const policies = ['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl'] as const;
  for (const policy of policies) {
    it(`${policy} evicts none but keys with an expire time, and then refuses`, () => {
      const redis = serve(policy);
      fill(redis, names('eternal', 8));
      fill(redis, names('volatile', 8), 'EX', '1000');
      fill(redis, names('persisted', 2), 'EX', '1000');
      for (const key of names('persisted', 2)) redis.call('PERSIST', key);
      squeeze(redis, 4);
      expect(missing(redis, names('volatile', 8))).toHaveLength(4);
      squeeze(redis, 12);
      expect(missing(redis, names('volatile', 8))).toHaveLength(8);
      expect(missing(redis, [...names('eternal', 8), ...names('persisted', 2)])).toEqual([]);
      expect(redis.call('SET', 'k', VALUE)).toBe(OOM);
    });
  }

  it('volatile-lru goes by the last use', () => {
    const redis = serve('volatile-lru');
    const keys = names('k', 10);
    fill(redis, keys, 'EX', '1000');
    for (const key of ['k1', 'k0', 'k5']) redis.call('GET', key);
    redis.call('PERSIST', 'k2');
    redis.call('EXPIRE', 'k2', 50);
    squeeze(redis, 6);
    expect(missing(redis, keys)).toEqual(['k3', 'k4', 'k6', 'k7', 'k8', 'k9']);
  });

  it('volatile-ttl takes the one that would go first', () => {
    const redis = serve('volatile-ttl');
    const keys = names('k', 12);
    keys.forEach((key, i) => fill(redis, [key], 'EX', String(1000 + ((i * 5) % 12))));
    redis.call('EXPIRE', 'k0', 5000);
    squeeze(redis, 3);
    expect(missing(redis, keys)).toEqual(['k3', 'k5', 'k10']);
  });
});

describe('LFU policies', () => {
  it('take keys that are used rarely, and forget uses with time', () => {
    const redis = serve('allkeys-lfu', 'lfu-log-factor', '0');
    const [cold, warm, hot] = [names('cold', 5), names('warm', 5), names('hot', 5)];
    fill(redis, [...hot, ...cold, ...warm]);
    for (const key of warm) for (let i = 0; i < 10; i++) redis.call('GET', key);
    for (const key of hot) for (let i = 0; i < 30; i++) redis.call('GET', key);
    squeeze(redis, 5);
    expect(missing(redis, [...hot, ...warm])).toEqual([]);
    expect(missing(redis, cold)).toHaveLength(5);
    redis.advance(40 * 60_000);
    for (const key of warm) for (let i = 0; i < 10; i++) redis.call('GET', key);
    squeeze(redis, 5);
    expect(missing(redis, hot)).toHaveLength(5);
    expect(missing(redis, warm)).toEqual([]);
  });

  it('judge a key that is known from an earlier draw by what it is now', () => {
    const redis = serve('volatile-ttl');
    const keys = names('k', 6);
    keys.forEach((key, i) => fill(redis, [key], 'EX', String(100 + i)));
    squeeze(redis, 1);
    redis.call('EXPIRE', 'k1', 9000);
    redis.call('PERSIST', 'k2');
    squeeze(redis, 1);
    expect(missing(redis, keys)).toEqual(['k0', 'k3']);
  });

  it('and the others say which of OBJECT FREQ and OBJECT IDLETIME is tracked', () => {
    const redis = serve('volatile-lfu');
    fill(redis, ['k']);
    expect(redis.call('OBJECT', 'IDLETIME', 'k')).toMatch(/^-ERR An LFU maxmemory policy is selected, idle time not/);
    expect(redis.call('OBJECT', 'FREQ', 'k')).toBe(5);
    redis.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    expect(redis.call('OBJECT', 'FREQ', 'k')).toMatch(/^-ERR An LFU maxmemory policy is not selected, access freq/);
    redis.call('GET', 'k');
    redis.advance(7000);
    expect(redis.call('OBJECT', 'IDLETIME', 'k')).toBe(7);
  });
});

describe('random policies', () => {
  it('take any key, of all databases in turn', () => {
    const redis = serve('allkeys-random');
    fill(redis, names('a', 20));
    redis.call('SELECT', 4);
    fill(redis, names('b', 20));
    squeeze(redis, 10);
    expect(missing(redis, names('b', 20))).toHaveLength(5);
    redis.call('SELECT', 0);
    expect(missing(redis, names('a', 20))).toHaveLength(5);
  });

  it('draw another key on another server', () => {
    const victims = [1, 2, 3, 4, 5, 6].map(() => {
      const redis = serve('allkeys-random');
      fill(redis, names('k', 50));
      squeeze(redis, 1);
      return missing(redis, names('k', 50))[0];
    });
    expect(new Set(victims).size).toBeGreaterThan(1);
  });
});

describe('an eviction', () => {
  it('is an event, and spoils what a client watched', () => {
    const redis = serve('allkeys-lru');
    redis.call('CONFIG', 'SET', 'notify-keyspace-events', 'Ee');
    const events = redis.listen();
    const keys = names('k', 4);
    fill(redis, keys);
    const watcher = redis.connect();
    watcher.call('WATCH', 'k0');
    for (const key of keys.slice(1)) redis.call('GET', key);
    squeeze(redis, 1);
    expect(events()).toEqual(['evicted k0']);
    watcher.call('MULTI');
    expect(watcher.call('EXEC')).toBeNull();
  });

  it('is told to the AOF and to replicas as DEL or UNLINK, each for itself and before the command', () => {
    const redis = serve('allkeys-lru');
    fill(redis, names('k', 6));
    redis.watchPropagation();
    squeeze(redis, 2);
    expect(redis.propagated()).toEqual(['DEL k0', 'DEL k1']);
    redis.call('CONFIG', 'SET', 'lazyfree-lazy-eviction', 'yes');
    limit(redis, redis.server.memory.usedBytes - 1500);
    redis.call('SET', 'new', 'v');
    expect(redis.propagated()).toEqual(['UNLINK k2', 'UNLINK k3', 'SET new v']);
  });

  it('goes on where memory was above the limit, with the next turn, until it is within', () => {
    const bare = new BareServer();
    const client = bare.connect();
    client.call('CONFIG', 'SET', 'maxmemory', AMPLE, 'maxmemory-policy', 'allkeys-lru');
    for (let i = 0; i < 20; i++) client.call('SET', `k${i}`, VALUE);
    const { memory } = bare.server;
    client.call('CONFIG', 'SET', 'maxmemory', memory.usedBytes - 10_000);
    expect(bare.log.some((line) => line.includes('smaller than the current memory usage'))).toBe(true);
    expect(bare.server.keyspace.size).toBe(20);
    bare.advance(2);
    expect(bare.server.keyspace.size).toBeLessThan(20);
    expect(bare.server.keyspace.size).toBeGreaterThan(5);
    expect(memory.excessBytes).toBeLessThanOrEqual(0);
  });
});

describe('the time that evictions take', () => {
  function overfull(tenacity: number): TestServer {
    const redis = serve('allkeys-lru', 'maxmemory-eviction-tenacity', String(tenacity));
    fill(redis, names('k', 500));
    limit(redis, redis.server.memory.usedBytes - 300_000);
    return redis;
  }

  it('is limited by tenacity; commands run meanwhile, and a timer goes on', () => {
    const redis = overfull(10);
    slowDown(redis, 100);
    expect(redis.call('SET', 'k499', VALUE)).toBe('OK');
    const after = redis.server.keyspace.size;
    expect(after).toBeGreaterThan(400);
    expect(after).toBeLessThan(500);
    expect(redis.server.eviction.state).toBe('evicting');
    expect(redis.server.memory.excessBytes).toBeGreaterThan(0);
    redis.advance(500);
    expect(redis.server.memory.excessBytes).toBeLessThanOrEqual(0);
    expect(redis.server.eviction.state).toBe('within');
  });

  it('is a few keys at least, and without end for a tenacity of 100', () => {
    const evictedAtOnce = (tenacity: number): number => {
      const redis = overfull(tenacity);
      slowDown(redis, 20);
      redis.call('PING');
      return 500 - redis.server.keyspace.size;
    };
    expect(evictedAtOnce(0)).toBe(16);
    const [ten, fifty, all] = [evictedAtOnce(10), evictedAtOnce(30), evictedAtOnce(100)];
    expect(ten).toBeLessThan(fifty);
    expect(fifty).toBeLessThan(all);
    expect(all).toBeGreaterThan(250);
  });

  it('is seen by INFO and by the latency monitor', () => {
    const redis = overfull(0);
    slowDown(redis, 1500);
    redis.call('CONFIG', 'SET', 'latency-monitor-threshold', 1);
    expect(stat(redis, 'current_eviction_exceeded_time')).toBeGreaterThan(0);
    redis.advance(5000);
    expect(stat(redis, 'current_eviction_exceeded_time')).toBe(0);
    expect(stat(redis, 'total_eviction_exceeded_time')).toBeGreaterThan(0);
    const events = (redis.call('LATENCY', 'LATEST') as unknown[][]).map(([name]) => name);
    expect(events).toContain('eviction-cycle');
    expect(events).toContain('eviction-del');
    redis.call('CONFIG', 'RESETSTAT');
    expect([stat(redis, 'total_eviction_exceeded_time'), stat(redis, 'evicted_keys')]).toEqual([0, 0]);
  });
});

describe('a dataset that is exchanged as a whole', () => {
  it('is put in order before keys of it have to go', () => {
    const redis = serve('allkeys-lru');
    const { keyspace } = redis.server;
    const loaded = new Keyspace(keyspace.databases.length, keyspace.random);
    for (const [seconds, key] of [
      [30, 'k1'],
      [90, 'k0'],
      [10, 'k2'],
    ] as const) {
      loaded.setTime(keyspace.nowMs - seconds * 1000);
      const name = Buffer.from(key);
      loaded.databases[0]!.setString(name, 0, name.length, Buffer.from(VALUE), 0, VALUE.length);
    }
    keyspace.exchange(loaded);
    squeeze(redis, 2);
    expect(missing(redis, names('k', 3))).toEqual(['k0', 'k1']);
  });
});

describe('nothing is evicted', () => {
  function overfull(): TestServer {
    const redis = serve('allkeys-lru');
    fill(redis, names('k', 20));
    return redis;
  }
  const squeezeNow = (redis: TestServer): void => {
    limit(redis, redis.server.memory.usedBytes - 5000);
  };

  it('while clients are paused, and commands pass', () => {
    const redis = overfull();
    redis.call('CLIENT', 'PAUSE', 1000, 'WRITE');
    squeezeNow(redis);
    expect(redis.call('GET', 'k0')).toBe(VALUE);
    redis.advance(500);
    expect(redis.server.keyspace.size).toBe(20);
    redis.advance(1000);
    redis.call('PING');
    expect(redis.server.keyspace.size).toBeLessThan(20);
  });

  it('for what replicas and the AOF have not taken yet', () => {
    const redis = overfull();
    const { memory } = redis.server;
    memory.addSource('replicas', () => 50_000_000);
    memory.addSource('aofBuffer', () => 5_000_000);
    limit(redis, memory.usedBytes - 52_000_000);
    redis.advance(50);
    expect(redis.call('SET', 'k0', VALUE)).toBe('OK');
    expect(redis.server.keyspace.size).toBe(20);
    expect(redis.call('INFO', 'memory')).toMatch(/mem_not_counted_for_evict:5[34]\d{6}\r/);
  });

  it('on a replica, unless it is told to', () => {
    const redis = overfull();
    redis.server.hooks.replication = {
      ...redis.server.hooks.replication,
      isReplica: true,
      refuseForLackOfReplicas: () => null,
    } as never;
    squeezeNow(redis);
    redis.advance(100);
    redis.call('PING');
    expect(redis.server.keyspace.size).toBe(20);
    redis.call('CONFIG', 'SET', 'replica-ignore-maxmemory', 'no');
    redis.call('PING');
    expect(redis.server.keyspace.size).toBeLessThan(20);
  });
});

describe('a large victim', () => {
  it('is freed in slices, and no other key has to go for it meanwhile', () => {
    const redis = serve('allkeys-lru');
    for (let i = 0; i < 40; i++) redis.call('SADD', 'large', ...names(`member:${i}:`, 1000));
    const keys = names('k', 20);
    fill(redis, keys);
    const { memory, keyspace, lazyFree } = redis.server;
    const used = memory.usedBytes;
    slowDown(redis, 50);
    limit(redis, used - 100_000);
    redis.call('PING');
    expect(redis.call('EXISTS', 'large')).toBe(0);
    expect(lazyFree.pending).toBe(1);
    redis.advance(5000);
    expect(lazyFree.pending).toBe(0);
    expect(memory.usedBytes).toBeLessThan(used - 1_000_000);
    expect(keyspace.size).toBe(20);
    expect(stat(redis, 'evicted_keys')).toBe(1);
  });
});

describe('the table of keys', () => {
  it('does not grow past the limit, for a while', () => {
    const redis = serve('allkeys-random');
    redis.call('DEBUG', 'POPULATE', 4096, 'key', 1);
    const { memory, keyspace } = redis.server;
    const { dict } = keyspace.databases[0]!;
    expect(dict.buckets).toBe(4096);
    redis.call('CONFIG', 'SET', 'maxmemory', memory.usedBytes + 10_000);
    redis.call('SET', 'a', 'v');
    redis.call('SET', 'b', 'v');
    expect(redis.call('DBSIZE')).toBe(4098);
    expect(dict.buckets).toBe(4096);
    redis.call('CONFIG', 'SET', 'maxmemory', 0);
    redis.call('SET', 'c', 'v');
    expect(dict.buckets).toBeGreaterThan(4096);
  });
});
