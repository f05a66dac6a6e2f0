/**
 * A session store under test, with a Redis that lives in the test's own process: a session of thirty minutes expires in
 * a moment, because the test moves the server's clock.
 *
 *   npx tsx examples/session-expiry.ts
 */
import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { startServer } from 'resplica';

const SESSION_MS = 30 * 60_000;

class SessionStore {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async save(id: string, user: string): Promise<void> {
    await this.#redis.set(`session:${id}`, user, 'PX', SESSION_MS);
  }

  /** The user of the session, whose time starts again; null when it has expired. */
  async touch(id: string): Promise<string | null> {
    return this.#redis.getex(`session:${id}`, 'PX', SESSION_MS);
  }
}

await using server = await startServer({ clock: 'manual' });
const redis = new Redis(server.url);
const sessions = new SessionStore(redis);

await sessions.save('s1', 'alice');
server.clock.advance(SESSION_MS - 1);
assert.equal(await sessions.touch('s1'), 'alice'); // just in time, and the time starts again
server.clock.advance(SESSION_MS - 1);
assert.equal(await sessions.touch('s1'), 'alice');
server.clock.advance(SESSION_MS + 1);
assert.equal(await sessions.touch('s1'), null);

redis.disconnect();
console.log('An hour and a half of sessions has passed.');
