/** Libraries whose heart is a script of a few lines: limiters, locks, and commands that users define themselves. */
import { Redis } from 'ioredis';
import { RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../src/index.ts';

describe('users of small scripts', () => {
  let server: ServerHandle;
  let redis: Redis;

  beforeEach(async () => {
    server = await startServer({ clock: 'manual' });
    redis = new Redis({ host: server.host, port: server.port });
  });
  afterEach(async () => {
    redis.disconnect();
    await server.close();
  });

  it('rate-limiter-flexible lets so many pass in a time', async () => {
    const limiter = new RateLimiterRedis({ storeClient: redis, points: 3, duration: 10 });
    for (let left = 2; left >= 0; left--) expect((await limiter.consume('me')).remainingPoints).toBe(left);
    const refusal = (await limiter.consume('me').catch((error: unknown) => error)) as RateLimiterRes;
    expect([refusal.remainingPoints, refusal.consumedPoints]).toEqual([0, 4]);
    expect(refusal.msBeforeNext).toBeLessThanOrEqual(10_000);
    expect((await limiter.consume('somebody else')).remainingPoints).toBe(2);
    server.clock.advance(10_001);
    expect((await limiter.consume('me')).remainingPoints).toBe(2);
    await limiter.penalty('me', 2);
    expect((await limiter.get('me'))?.remainingPoints).toBe(0);
  });

  /** The algorithm for one instance, as its description on redis.io has it. */
  const LOCK = `
    for i, key in ipairs(KEYS) do
      if redis.call('exists', key) == 1 then return 0 end
    end
    for i, key in ipairs(KEYS) do redis.call('set', key, ARGV[1], 'PX', ARGV[2]) end
    return #KEYS`;
  const EXTEND = `
    for i, key in ipairs(KEYS) do
      if redis.call('get', key) ~= ARGV[1] then return 0 end
    end
    for i, key in ipairs(KEYS) do redis.call('pexpire', key, ARGV[2]) end
    return #KEYS`;
  const UNLOCK = `
    local count = 0
    for i, key in ipairs(KEYS) do
      if redis.pcall('get', key) == ARGV[1] then count = count + redis.pcall('del', key) end
    end
    return count`;

  it('locks are held by one, extended by their owner, and end by themselves', async () => {
    const run = (script: string, ...args: (string | number)[]): Promise<unknown> =>
      redis.eval(script, 2, 'a', 'b', ...args);
    expect(await run(LOCK, 'me', 1000)).toBe(2);
    expect(await run(LOCK, 'you', 1000)).toBe(0);
    expect(await run(EXTEND, 'you', 5000)).toBe(0);
    expect(await run(EXTEND, 'me', 5000)).toBe(2);
    server.clock.advance(4000);
    expect(await run(LOCK, 'you', 1000)).toBe(0);
    expect(await run(UNLOCK, 'you')).toBe(0);
    expect(await run(UNLOCK, 'me')).toBe(2);
    expect(await run(LOCK, 'you', 1000)).toBe(2);
    server.clock.advance(1001);
    expect(await run(LOCK, 'me', 1000)).toBe(2);
  });

  it('a lock of most of several servers is held although one of them is gone, and given back where it was not won', async () => {
    const servers = await Promise.all([0, 1, 2].map(() => startServer({ clock: 'manual' })));
    const clients = servers.map(
      ({ host, port }) => new Redis({ host, port, maxRetriesPerRequest: 0, lazyConnect: true }),
    );
    for (const client of clients) client.on('error', () => {});
    const onAll = async (script: string, ...args: (string | number)[]): Promise<number> => {
      const votes = await Promise.all(
        clients.map((client) => client.eval(script, 2, 'a', 'b', ...args).catch(() => 0) as Promise<number>),
      );
      return votes.filter((count) => count > 0).length;
    };
    try {
      expect(await onAll(LOCK, 'me', 1000)).toBe(3);
      expect(await onAll(LOCK, 'you', 1000)).toBe(0);
      await servers[0]!.close();
      expect(await onAll(EXTEND, 'me', 5000)).toBe(2);
      expect(await onAll(LOCK, 'you', 1000)).toBe(0);
      servers[1]!.clock.advance(5001);
      // One vote of three is no lock.
      expect(await onAll(LOCK, 'you', 1000)).toBe(1);
      expect(await onAll(UNLOCK, 'you')).toBe(1);
      expect(await onAll(UNLOCK, 'me')).toBe(1);
      expect(await onAll(LOCK, 'you', 1000)).toBe(2);
    } finally {
      for (const client of clients) client.disconnect();
      for (const each of servers) await each.close();
    }
  });

  it('ioredis defines commands, and sends them again when the server has forgotten them', async () => {
    const lua = "redis.call('set', KEYS[1], ARGV[1]) return {KEYS[1], redis.call('append', KEYS[1], ARGV[2])}";
    redis.defineCommand('join', { numberOfKeys: 1, lua });
    const defined = redis as Redis & {
      join(...args: string[]): Promise<unknown>;
      joinBuffer(...args: string[]): Promise<unknown>;
    };
    expect(await defined.join('k', 'ab', 'cd')).toEqual(['k', 4]);
    await redis.script('FLUSH');
    expect(await defined.join('k', 'ab', 'cde')).toEqual(['k', 5]);
    expect(await defined.joinBuffer('k', '', '')).toEqual([Buffer.from('k'), 0]);
    const results = await redis
      .pipeline([
        ['join', 'x', '1', '2'],
        ['get', 'x'],
      ])
      .exec();
    expect(results).toEqual([
      [null, ['x', 2]],
      [null, '12'],
    ]);
  });
});
