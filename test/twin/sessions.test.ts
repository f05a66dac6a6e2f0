/** Meetings of several clients that are worth to be written down. The random ones are the families of sessions.ts. */
import { afterAll, beforeAll, it } from 'vitest';
import { describeWith } from '../support/requires.ts';
import { pubsubOptions } from './families/sessions.ts';
import { type ClientScript, openMeeting, stepsOf } from './several-clients.ts';
import type { Player } from './suite.ts';

describeWith('redis-server', 'Clients of this server and of redis-server', () => {
  let meeting: Player<ClientScript>;

  beforeAll(async () => {
    meeting = await openMeeting(pubsubOptions);
  });

  afterAll(async () => {
    await meeting[Symbol.asyncDispose]();
  });

  it.each([
    ['a transaction that others spoil', '0 WATCH k\n1 SET k 1\n0 MULTI\n0 GET k\n0 EXEC\n0 MULTI\n0 GET k\n0 EXEC'],
    [
      'a monitor of a transaction',
      '2 MONITOR\n0 MULTI\n0 SET k 1\n0 CLIENT REPLY OFF\n0 INCR k\n0 EXEC\n0 CLIENT REPLY ON',
    ],
    [
      'subscriptions inside a transaction',
      '0 MULTI\n0 SUBSCRIBE a\n0 SSUBSCRIBE a\n0 MONITOR\n0 EXEC\n1 PUBLISH a x\n0 PING',
    ],
    [
      'notifications to a client of its own',
      '0 HELLO 3\n0 CONFIG SET notify-keyspace-events KEA\n0 PSUBSCRIBE __key*\n0 SET k 1\n0 INCR k\n0 DEL k',
    ],
    ['silence', '0 CLIENT REPLY OFF\n0 SUBSCRIBE a\n1 PUBLISH a x\n0 FOO\n0 RESET\n0 PING'],
    ['skipping', '0 CLIENT REPLY SKIP\n0 MULTI\n0 PING\n0 CLIENT REPLY SKIP\n0 EXEC\n0 PING'],
    [
      'logging in',
      '0 AUTH x y z\n0 AUTH nobody x\n0 HELLO 3 AUTH default x SETNAME me\n0 CLIENT GETNAME\n0 HELLO 3 FOO',
    ],
    [
      'wrong words',
      '0 CLIENT KILL ID x y z\n0 CLIENT LIST ID\n0 CLIENT LIST TYPE foo\n0 CLIENT REPLY x\n0 CLIENT PAUSE -1\n0 CLIENT PAUSE 1 x\n0 CLIENT UNBLOCK 1 x\n0 CLIENT UNBLOCK x\n0 PUBSUB CHANNELS a b',
    ],
    ['EXEC with arguments', '0 MULTI\n0 EXEC x\n0 PING\n0 EXEC\n2 MONITOR\n0 MULTI\n0 FOO\n0 EXEC'],
    [
      'a client described in a transaction',
      '0 MULTI\n0 CLIENT INFO\n0 SUBSCRIBE a\n0 EXEC\n0 UNSUBSCRIBE\n0 CLIENT INFO',
    ],
  ])('receive the same: %s', async (_, script) => {
    await meeting.play(stepsOf(script));
  });
});
