/**
 * The commands of a sentinel: this project's and redis-sentinel watch the same servers, hear the same, and have to say
 * the same. What they cannot have in common (their ids and ports, how long ago something was) is made alike first.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type OwnSentinel, startOwnSentinel } from '../support/own-sentinel.ts';
import { findFreePort, type RedisProcess, startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';
import { type Reply, RespClient, RespError, RespVerbatim } from '../support/resp-client.ts';

type Words = readonly (string | number)[];

const ID = /\b[0-9a-f]{40}\b/g;
/** Fields whose values are durations, or depend on what is under way. */
const MOVING = /^(?:last-|info-refresh|role-reported-time|s-down-time|o-down-time|link-pending|slave-repl-offset|run-)/;
const DOWN_AFTER = 'sentinel down-after-milliseconds m 60000';

const questions: readonly Words[] = [
  ['MASTERS'],
  ['MASTER', 'm'],
  ['MASTER', 'nobody'],
  ['MASTER'],
  ['MASTER', 'm', 'x'],
  ['REPLICAS', 'm'],
  ['SLAVES', 'm'],
  ['SLAVES', 'nobody'],
  ['REPLICAS'],
  ['SENTINELS', 'm'],
  ['SENTINELS', 'nobody'],
  ['MYID'],
  ['MYID', 'x'],
  ['GET-MASTER-ADDR-BY-NAME', 'm'],
  ['GET-MASTER-ADDR-BY-NAME', 'nobody'],
  ['GET-MASTER-ADDR-BY-NAME'],
  ['IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', '1', '0', '*'],
  ['IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', '1', '0', 'x'],
  ['IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', 'x', '0', '*'],
  ['IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', '1', 'x', '*'],
  ['IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', '1', '99999999999999999999', '*'],
  ['IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', '1', '0'],
  ['RESET', 'nobody*'],
  ['RESET', ''],
  ['RESET'],
  ['FAILOVER', 'nobody'],
  ['FAILOVER'],
  ['CKQUORUM', 'm'],
  ['CKQUORUM', 'nobody'],
  ['FLUSHCONFIG'],
  ['FLUSHCONFIG', 'x'],
  ['CONFIG'],
  ['CONFIG', 'GET'],
  ['CONFIG', 'GET', '*'],
  ['CONFIG', 'GET', 'ANNOUNCE-*'],
  ['CONFIG', 'GET', 'nothing'],
  ['CONFIG', 'GET', 'a', 'b'],
  ['CONFIG', 'SET', 'announce-port'],
  ['CONFIG', 'SET', 'announce-port', 'x'],
  ['CONFIG', 'SET', 'announce-port', '70000'],
  ['CONFIG', 'SET', 'announce-port', '-1'],
  ['CONFIG', 'SET', 'resolve-hostnames', 'perhaps'],
  ['CONFIG', 'SET', 'nothing', 'x'],
  ['CONFIG', 'SET', 'announce-port', '0', 'announce-ip', ''],
  ['CONFIG', 'REWRITE'],
  ['INFO-CACHE', 'm'],
  ['INFO-CACHE', 'm', 'm', 'nobody'],
  ['INFO-CACHE', 'nobody'],
  ['INFO-CACHE'],
  ['SIMULATE-FAILURE', 'HELP'],
  ['SIMULATE-FAILURE', 'nothing'],
  ['SIMULATE-FAILURE'],
  ['PENDING-SCRIPTS'],
  ['PENDING-SCRIPTS', 'x'],
  ['DEBUG'],
  ['DEBUG', 'info-period'],
  ['DEBUG', 'info-period', '0'],
  ['DEBUG', 'info-period', 'x'],
  ['DEBUG', 'nothing', '1'],
  ['DEBUG', 'script-retry-delay', '30000', 'nothing'],
  ['DEBUG', 'SCRIPT-RETRY-DELAY', '30000', 'script-max-runtime', '-5'],
  ['HELP', 'x'],
  ['NOTHING'],
  ['NOTHING', 'x'],
  [],
  ['x'.repeat(200)],
];

/** Changes, and what they leave behind. */
const changes: readonly Words[] = [
  ['SET', 'm'],
  ['SET', 'm', 'quorum'],
  ['SET', 'nobody', 'quorum', '1'],
  ['SET', 'm', 'quorum', '0'],
  ['SET', 'm', 'quorum', 'x'],
  ['SET', 'm', 'quorum', '7'],
  ['CKQUORUM', 'm'],
  ['SET', 'm', 'QUORUM', '1', 'parallel-syncs', '3'],
  ['SET', 'm', 'parallel-syncs', '4', 'failover-timeout', '-1'],
  ['SET', 'm', 'parallel-syncs', '5', 'nothing', '1'],
  ['SET', 'm', 'parallel-syncs', '6', 'failover-timeout'],
  ['SET', 'm', 'down-after-milliseconds', '70000'],
  ['SET', 'm', 'master-reboot-down-after-period', '0'],
  ['SET', 'm', 'master-reboot-down-after-period', '-1'],
  ['SET', 'm', 'notification-script', '/nonexistent'],
  ['SET', 'm', 'client-reconfig-script', ''],
  ['SET', 'm', 'rename-command', 'GET', ''],
  ['SET', 'm', 'rename-command', '', 'GET'],
  ['SET', 'm', 'rename-command', 'GET'],
  ['SET', 'm', 'rename-command', 'GET', 'GUESSED'],
  ['SET', 'm', 'rename-command', 'get', 'GET'],
  ['MASTER', 'm'],
  ['REPLICAS', 'm'],
  ['MONITOR', 'm', '127.0.0.1', '1', '1'],
  ['MONITOR', 'n', '127.0.0.1', '1', '0'],
  ['MONITOR', 'n', '127.0.0.1', '1', 'x'],
  ['MONITOR', 'n', '127.0.0.1', 'x', '1'],
  ['MONITOR', 'n', '127.0.0.1', '70000', '1'],
  ['MONITOR', 'n', '127.0.0.1', '-1', '1'],
  ['MONITOR', 'n', 'no.such.host', '1', '1'],
  ['MONITOR', 'n', '', '1', '1'],
  ['MONITOR', 'n', '127.0.0.1', '1', '3'],
  ['GET-MASTER-ADDR-BY-NAME', 'n'],
  ['CKQUORUM', 'n'],
  ['FAILOVER', 'n'],
  ['RESET', 'n'],
  ['REMOVE', 'n'],
  ['REMOVE', 'n'],
  ['MASTERS'],
  ['CONFIG', 'SET', 'announce-ip', '10.1.2.3'],
  ['CONFIG', 'SET', 'ANNOUNCE-port', '4711'],
  ['CONFIG', 'SET', 'sentinel-user', 'me'],
  ['CONFIG', 'SET', 'sentinel-pass', 'secret'],
  ['CONFIG', 'SET', 'resolve-hostnames', 'YES'],
  ['CONFIG', 'GET', '*'],
  ['CONFIG', 'SET', 'resolve-hostnames', 'no'],
  ['CONFIG', 'SET', 'sentinel-user', ''],
  ['CONFIG', 'SET', 'sentinel-pass', ''],
  ['CONFIG', 'SET', 'announce-port', '0'],
  ['CONFIG', 'SET', 'announce-ip', '127.0.0.1'],
  ['DEBUG', 'info-period', '12345', 'ask-period', '700'],
  ['DEBUG'],
  ['DEBUG', 'info-period', '10000', 'ask-period', '1000'],
  ['SIMULATE-FAILURE', 'crash-after-election', 'CRASH-AFTER-PROMOTION'],
  ['SIMULATE-FAILURE', 'nothing'],
  ['IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', 'MASTER', '3', 'c'.repeat(40)],
  ['IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', 'MASTER', '3', 'd'.repeat(40)],
  ['IS-MASTER-DOWN-BY-ADDR', '127.0.0.1', 'MASTER', '2', '*'],
];

/** Commands that are none of SENTINEL's. */
const others: readonly Words[] = [
  ['PING'],
  ['PING', 'x'],
  ['ROLE'],
  ['ROLE', 'x'],
  ['PUBLISH', 'news', 'x'],
  ['PUBLISH', '__sentinel__:hello', 'nonsense'],
  ['PUBLISH', '__sentinel__:hello', '1,2,3,4,5,6,7,8'],
  ['PUBLISH', '__sentinel__:hello'],
  ['COMMAND', 'COUNT'],
  ['COMMAND', 'INFO', 'sentinel|set', 'sentinel|help', 'get', 'publish', 'role'],
  ['COMMAND', 'GETKEYS', 'ping'],
  ...['GET x', 'QUIT', 'SELECT 0', 'CONFIG GET x', 'MULTI', 'ECHO x', 'RESET', 'PUBSUB CHANNELS', 'MONITOR'].map(
    (line) => line.split(' '),
  ),
  ['ACL', 'WHOAMI'],
  ['ACL', 'LIST'],
  ['ACL', 'DRYRUN', 'default', 'sentinel', 'masters'],
  ['ACL', 'DRYRUN', 'default', 'get', 'x'],
  ['CLIENT', 'GETNAME'],
  ['CLIENT', 'SETNAME', 'x'],
  ['SHUTDOWN', 'ABORT'],
  ['SHUTDOWN', 'NONSENSE'],
  ['AUTH', 'x'],
];

describeWith('redis-server', 'the commands of a sentinel', () => {
  let master: RedisProcess;
  let replica: RedisProcess;
  let theirs: RedisProcess;
  let ours: OwnSentinel;

  beforeAll(async () => {
    master = await startRedis();
    replica = await startRedis({ options: { replicaof: ['127.0.0.1', master.port] } });
    const text = `sentinel monitor m 127.0.0.1 ${master.port} 1\n${DOWN_AFTER}`;
    theirs = await startRedis({ config: text, args: ['--sentinel'] });
    ours = await startOwnSentinel(text, await findFreePort());
    for (const port of [theirs.port, ours.port]) {
      const client = await RespClient.connect({ port });
      const hasMet = async (): Promise<boolean> => {
        const info = String(await client.call('INFO', 'sentinel'));
        const known = mapOf(((await client.call('SENTINEL', 'REPLICAS', 'm')) as Reply[])[0] ?? []);
        return info.includes('slaves=1,sentinels=2') && known.get('master-link-status') === 'ok';
      };
      await eventually(hasMet, { what: 'each has found the other, and the replica', timeoutMs: 60_000 });
      await client.close();
    }
  }, 90_000);

  /** Other credentials, for instance, let links be made anew. */
  beforeEach(async () => {
    for (const port of [theirs.port, ours.port]) {
      await using client = await RespClient.connect({ port });
      const isSettled = async (): Promise<boolean> => {
        const replies = [];
        for (const word of ['MASTERS', 'REPLICAS', 'SENTINELS']) {
          replies.push(await client.call('SENTINEL', word, ...(word === 'MASTERS' ? [] : ['m'])));
        }
        return !JSON.stringify(replies).includes('disconnected');
      };
      await eventually(isSettled, { what: 'everybody is connected', timeoutMs: 30_000 });
    }
  }, 60_000);

  afterAll(async () => {
    await ours?.[Symbol.asyncDispose]();
    await Promise.all([master, replica, theirs].map((each) => each?.stop()));
  });

  async function compare(calls: readonly Words[], protocol: 2 | 3): Promise<void> {
    const answers: unknown[][] = [];
    for (const port of [theirs.port, ours.port]) {
      const client = await RespClient.connect({ port });
      if (protocol === 3) await client.call('HELLO', 3);
      const replies: unknown[] = [];
      for (const words of calls) {
        const args = words.map((word) => (word === 'MASTER' && words.length === 6 ? master.port : word));
        replies.push([words.join(' '), alike(await client.call(...args), port)]);
      }
      answers.push(replies);
      await client.close();
    }
    expect(answers[1]).toEqual(answers[0]);
  }

  const sentinel = (words: Words): Words => ['SENTINEL', ...words];

  describe.each([2, 3] as const)('RESP%i', (protocol) => {
    it('says the same of what it knows, and refuses the same', () => compare(questions.map(sentinel), protocol));
    it('takes the same changes', () => compare(changes.map(sentinel), protocol));
    it('knows the same other commands', () => compare(others, protocol));
  });

  it('has the same fields in INFO', async () => {
    const wanted = [[], ['all'], ['everything'], ['default'], ['sentinel'], ['CPU', 'server'], ['memory'], ['']];
    for (const sections of wanted) {
      const texts: string[] = [];
      for (const port of [theirs.port, ours.port]) {
        await using client = await RespClient.connect({ port });
        texts.push(String(await client.call('INFO', ...sections)).replaceAll(/:.*/g, ''));
      }
      expect(texts[1], `INFO ${sections.join(' ')}`).toBe(texts[0]);
    }
  });

  it('has the same commands', async () => {
    const lists: string[][] = [];
    for (const port of [theirs.port, ours.port]) {
      await using client = await RespClient.connect({ port });
      lists.push(((await client.call('COMMAND', 'LIST')) as string[]).sort());
    }
    expect(lists[1]).toEqual(lists[0]);
  });

  it('explains itself in as many lines, with the same synopses', async () => {
    const helps: string[][] = [];
    for (const port of [theirs.port, ours.port]) {
      await using client = await RespClient.connect({ port });
      helps.push(((await client.call('SENTINEL', 'HELP')) as string[]).filter((line) => !line.startsWith('    ')));
    }
    expect(helps[1]).toEqual(helps[0]);
  });

  it('tells subscribers, and refuses what they may not say', async () => {
    const heard: unknown[][] = [];
    for (const port of [theirs.port, ours.port]) {
      await using client = await RespClient.connect({ port });
      await using other = await RespClient.connect({ port });
      const replies: unknown[] = [await client.call('PSUBSCRIBE', '+*', '-*'), await client.nextReply()];
      await other.call('SENTINEL', 'MONITOR', 'told', '127.0.0.1', '1', '9');
      replies.push(await client.nextReply());
      await other.call('SENTINEL', 'SET', 'told', 'auth-pass', 'secret', 'quorum', '3');
      replies.push(await client.nextReply(), await client.nextReply());
      await other.call('SENTINEL', 'REMOVE', 'told');
      replies.push(await client.nextReply());
      for (const words of [['PING'], ['SENTINEL', 'MASTERS'], ['GET', 'x']]) replies.push(await client.call(...words));
      heard.push(replies.map((reply) => alike(reply as Reply, port)));
    }
    expect(heard[1]).toEqual(heard[0]);
  });
});

function mapOf(reply: Reply): Map<Reply, Reply> {
  if (reply instanceof Map) return reply;
  const flat = reply as Reply[];
  return new Map(Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!]));
}

/** The reply with everything replaced that the two sentinels cannot have in common. */
function alike(reply: Reply, ownPort: number, field = ''): unknown {
  if (reply instanceof RespError) return `-${reply.message}`;
  if (reply instanceof RespVerbatim) return { verbatim: reply.format };
  if (reply instanceof Map) {
    return { map: [...reply].map(([name, value]) => [name, alike(value, ownPort, String(name))]) };
  }
  if (Array.isArray(reply)) {
    // An INFO that was kept, with its age.
    if (reply.length === 2 && typeof reply[0] === 'number') return ['age', String(reply[1]).split(':')[0]];
    return reply.map((item, i) => alike(item, ownPort, typeof reply[i - 1] === 'string' ? String(reply[i - 1]) : ''));
  }
  if (typeof reply !== 'string') return reply;
  if (MOVING.test(field)) return 'moving';
  if (/^(?:name|runid)$/.test(field) && reply.length === 40) return 'id';
  if (field === 'port') return 'port';
  return reply.replaceAll(ID, (id) => (/^(.)\1+$/.test(id) ? id : 'id')).replaceAll(String(ownPort), 'own');
}
