/**
 * A test suite in which every test has a Redis of its own: nothing to install, nothing to flush, and tests may run
 * side by side. It is written for Node's own runner; in vitest or jest only the first import differs.
 *
 *   npx tsx examples/test-suite.ts
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { type ServerHandle, startServer } from 'resplica';

/** What is tested: at most so many calls a minute for each user. */
class RateLimiter {
  readonly #redis: Redis;
  readonly #callsMax: number;

  constructor(redis: Redis, callsMax: number) {
    this.#redis = redis;
    this.#callsMax = callsMax;
  }

  async allows(user: string): Promise<boolean> {
    const key = `calls:${user}`;
    const results = await this.#redis.multi().incr(key).expire(key, 60, 'NX').exec();
    return Number(results?.[0]?.[1]) <= this.#callsMax;
  }
}

describe('a rate limiter', () => {
  let server: ServerHandle;
  let redis: Redis;
  let limiter: RateLimiter;

  beforeEach(async () => {
    server = await startServer({ clock: 'manual' });
    redis = new Redis(server.url);
    limiter = new RateLimiter(redis, 2);
  });
  afterEach(async () => {
    redis.disconnect();
    await server.close();
  });

  it('allows two calls a minute', async () => {
    assert.deepEqual([await limiter.allows('alice'), await limiter.allows('alice')], [true, true]);
    assert.equal(await limiter.allows('alice'), false);
    assert.equal(await limiter.allows('bob'), true);
  });

  it('allows more when the minute is over', async () => {
    for (let call = 0; call < 5; call++) await limiter.allows('alice');
    server.clock.advance(59_000);
    assert.equal(await limiter.allows('alice'), false);
    server.clock.advance(2000);
    assert.equal(await limiter.allows('alice'), true);
  });
});
