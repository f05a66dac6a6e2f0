/** What clients see of a server without memory. Who is evicted first is the server's own business, and not compared. */
import { afterAll, beforeAll, it } from 'vitest';
import { describeWith } from '../support/requires.ts';
import { pubsubOptions } from './families/sessions.ts';
import { type ClientScript, openMeeting, stepsOf } from './several-clients.ts';
import type { Player } from './suite.ts';

const full = (policy: string): string => `0 CONFIG SET maxmemory-policy ${policy} maxmemory 1`;
const ample = '0 CONFIG SET maxmemory 0 maxmemory-policy noeviction';

describeWith('redis-server', 'A server without memory, beside redis-server', () => {
  let meeting: Player<ClientScript>;

  beforeAll(async () => {
    meeting = await openMeeting(pubsubOptions);
  });

  afterAll(async () => {
    await meeting[Symbol.asyncDispose]();
  });

  it.each([
    [
      'refuses what needs some',
      [
        '0 SET k v\n0 RPUSH l a b',
        full('noeviction'),
        '0 SET k w\n0 APPEND k x\n0 INCR n\n0 RPUSH l c\n0 HSET h f v\n0 XADD s * f v\n0 SORT l ALPHA STORE m',
        '0 GET k\n0 LPOP l\n0 PERSIST k\n0 EXPIRE k 100\n0 RENAME k j\n0 DEL j\n0 DBSIZE',
        '0 FOO\n0 SET\n0 MULTI\n0 DISCARD',
      ],
    ],
    [
      'refuses to queue and to execute',
      [
        '0 MULTI\n0 SET k v\n1 CONFIG SET maxmemory 1\n0 GET k\n0 EXEC\n0 GET k',
        ample,
        '0 MULTI\n0 SET k v\n0 GET k\n1 CONFIG SET maxmemory 1\n0 EXEC\n0 GET k',
        ample,
        '0 MULTI\n0 GET k\n1 CONFIG SET maxmemory 1\n0 EXEC\n0 MULTI\n0 DISCARD\n0 MULTI\n0 RESET',
      ],
    ],
    [
      'evicts all keys with an expire time, and then refuses',
      ['volatile-lru', 'volatile-lfu', 'volatile-ttl', 'volatile-random'].flatMap((policy) => [
        '0 SET a v EX 100\n0 SET b v\n0 SET c v EX 100\n0 PERSIST c\n0 SET d v EX 1000',
        full(policy),
        '0 EXISTS a\n0 EXISTS b\n0 EXISTS c\n0 EXISTS d\n0 SET e v\n0 DBSIZE',
        ample,
      ]),
    ],
    [
      'evicts all keys, and then refuses',
      ['allkeys-lru', 'allkeys-lfu', 'allkeys-random'].flatMap((policy) => [
        '0 SET a v EX 100\n0 SET b v\n0 RPUSH l a b c\n0 WATCH b',
        full(policy),
        '1 DBSIZE\n0 SET e v\n0 MULTI\n0 EXEC\n0 DBSIZE',
        ample,
      ]),
    ],
    [
      'says which of frequency and idle time is tracked',
      ['allkeys-lru', 'volatile-lfu', 'allkeys-lfu', 'noeviction'].flatMap((policy) => [
        `0 CONFIG SET maxmemory-policy ${policy}\n0 DEL k\n0 SET k v`,
        '0 OBJECT FREQ k\n0 OBJECT IDLETIME k\n0 OBJECT FREQ none\n0 OBJECT IDLETIME none\n0 OBJECT REFCOUNT k',
      ]),
    ],
    [
      'is told that its configuration is wrong',
      [
        '0 CONFIG SET maxmemory-policy x\n0 CONFIG SET maxmemory -1\n0 CONFIG SET maxmemory-samples 0',
        '0 CONFIG SET maxmemory-eviction-tenacity 101\n0 CONFIG SET maxmemory 1x\n0 CONFIG SET lfu-decay-time -1',
      ],
    ],
  ])('%s', async (_, lines) => {
    await meeting.play(stepsOf([...lines, ample].join('\n')));
  });
});
