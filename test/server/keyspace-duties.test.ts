import { describe, expect, it } from 'vitest';
import { startTestServer } from '../support/in-process.ts';

describe('the duties for the keyspace', () => {
  it('end with the server', () => {
    const redis = startTestServer();
    for (let i = 0; i < 5000; i++) redis.call('SET', `k:${i}`, 'v', 'PX', 10);
    redis.call('RPUSH', 'list', ...Array.from({ length: 5000 }, (_, i) => `element:${i}`));
    redis.call('UNLINK', 'list');
    redis.server.close(() => {});
    const size = redis.server.keyspace.size;
    redis.advance(60_000);
    expect(redis.server.keyspace.size).toBe(size);
    expect(redis.server.lazyFree.pending).toBe(0);
  });

  it('take over the options as they change', () => {
    const redis = startTestServer();
    const fill = (): void => {
      redis.call('RPUSH', 'list', ...Array.from({ length: 5000 }, (_, i) => `element:${i}`));
    };
    const isLazy = (run: () => void): boolean => {
      fill();
      run();
      const pending = redis.server.lazyFree.pending > 0;
      redis.advance(1000);
      return pending;
    };
    const removals: [string, () => void][] = [
      ['lazyfree-lazy-user-del', () => redis.call('DEL', 'list')],
      ['lazyfree-lazy-server-del', () => redis.call('SET', 'list', 'v')],
      ['lazyfree-lazy-expire', () => redis.call('EXPIRE', 'list', -1)],
    ];
    for (const [option, run] of removals) {
      expect(isLazy(run), option).toBe(false);
      redis.call('DEL', 'list');
      redis.call('CONFIG', 'SET', option, 'yes');
      expect(isLazy(run), option).toBe(true);
      redis.call('DEL', 'list');
    }
  });

  it('go on quickly with expired keys where a cycle ran out of time', () => {
    const redis = startTestServer();
    const { clock } = redis.server.host;
    for (let i = 0; i < 5000; i++) redis.call('SET', `k:${i}`, 'v', 'PX', 10);
    // Each look at the clock seems to take so long that a cycle's time is up at once.
    const original = clock.monotonicUs;
    let extraUs = 0;
    (clock as { monotonicUs(): number }).monotonicUs = () => original() + (extraUs += 30_000);
    redis.advance(111);
    const afterSlow = redis.server.keyspace.size;
    redis.advance(50);
    expect(afterSlow).toBeLessThan(5000);
    expect(redis.server.keyspace.size).toBeLessThan(afterSlow);
    expect(redis.server.statistics.expireTimeCapsReached).toBeGreaterThan(3);
  });
});
