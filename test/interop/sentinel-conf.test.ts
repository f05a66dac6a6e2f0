/** sentinel.conf as redis-sentinel and this project's sentinel read and write it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ConfigError } from '../../src/server/config/config-error.ts';
import { eventually } from '../support/eventually.ts';
import { startOwnSentinel } from '../support/own-sentinel.ts';
import { findFreePort, type RedisProcess, startRedis } from '../support/redis-process.ts';
import { describeWith } from '../support/requires.ts';

const MASTER = 'sentinel monitor m 127.0.0.1 1 2';
const ID = 'a'.repeat(40);
const OTHER_ID = 'b'.repeat(40);

/** Files that neither accepts. */
const REFUSED: readonly string[] = [
  'sentinel monitor m 127.0.0.1 1 0',
  'sentinel monitor m 127.0.0.1 1 x',
  'sentinel monitor m 127.0.0.1 70000 2',
  'sentinel monitor m 127.0.0.1 -1 2',
  'sentinel monitor m redis1 6379 2',
  'sentinel monitor m 999.1.1.1 6379 2',
  'sentinel monitor m 127.0.0.1 1',
  'sentinel monitor m 127.0.0.1 1 2 3',
  `${MASTER}\n${MASTER}`,
  `${MASTER}\nsentinel monitor m 127.0.0.1 2 2`,
  'sentinel down-after-milliseconds m 5',
  'sentinel monitor master 127.0.0.1 1 2\nsentinel down-after-milliseconds master1 5000',
  `sentinel down-after-milliseconds m 0\n${MASTER}`,
  `${MASTER}\nsentinel down-after-milliseconds m -5`,
  `${MASTER}\nsentinel down-after-milliseconds m x`,
  `${MASTER}\nsentinel down-after-milliseconds m`,
  `${MASTER}\nsentinel failover-timeout m 0`,
  `${MASTER}\nsentinel master-reboot-down-after-period m -1`,
  `${MASTER}\nsentinel notification-script m /nonexistent`,
  `${MASTER}\nsentinel client-reconfig-script m /nonexistent`,
  'sentinel auth-pass nobody x',
  'sentinel auth-user nobody x',
  'sentinel parallel-syncs nobody 1',
  'sentinel config-epoch nobody 1',
  'sentinel leader-epoch nobody 1',
  'sentinel known-replica nobody 127.0.0.1 1',
  'sentinel known-sentinel nobody 127.0.0.1 1 x',
  'sentinel rename-command nobody A B',
  `${MASTER}\nsentinel known-replica m 127.0.0.1 2\nsentinel known-slave m 127.0.0.1 2`,
  `${MASTER}\nsentinel known-replica m 127.0.0.1 70000`,
  `${MASTER}\nsentinel known-replica m nohost 2`,
  `${MASTER}\nsentinel known-sentinel m 127.0.0.1 2 ${ID}\nsentinel known-sentinel m 127.0.0.1 3 ${ID}`,
  `${MASTER}\nsentinel rename-command m GET X\nsentinel rename-command m get Y`,
  'sentinel myid abc',
  'sentinel deny-scripts-reconfig perhaps',
  'sentinel resolve-hostnames perhaps',
  'sentinel announce-hostnames perhaps',
  'sentinel nonsense 1',
  'sentinel current-epoch',
  'sentinel announce-port 1 2',
  `${MASTER}\n\n# comment\n   sentinel   quorum m 3   `,
  'nonsense 1',
];

describeWith('redis-server', 'sentinel.conf', () => {
  it.each(REFUSED.map((text) => [text]))('is refused by both in the same words: %j', async (text) => {
    const folder = mkdtempSync(join(tmpdir(), 'sentinel-conf-'));
    const file = join(folder, 'sentinel.conf');
    writeFileSync(file, `port 0\nbind 127.0.0.1\ndir ${folder}\nsave ""\n${text}\n`);
    const theirs = spawnSync('redis-server', [file, '--sentinel'], { encoding: 'utf8', timeout: 10_000 });
    rmSync(folder, { recursive: true, force: true });
    const ours = await startOwnSentinel(text, 0).then(
      async (sentinel) => {
        await sentinel[Symbol.asyncDispose]();
        return null;
      },
      (error: unknown) => error as Error,
    );
    expect({ status: theirs.status, text: theirs.stderr }).toEqual({ status: 1, text: causeOf(ours) });
  });

  const configured = [
    '# the three of us',
    'sentinel down-after-milliseconds m 1234',
    MASTER,
    '',
    '',
    '# defaults, which disappear',
    'sentinel parallel-syncs m 1',
    'sentinel failover-timeout m 180000',
    'SENTINEL Auth-Pass m secret',
    'sentinel auth-user m me',
    'sentinel rename-command m config GUESSED',
    'sentinel known-slave m 127.0.0.1 2',
    'sentinel known-replica m 127.0.0.1 3',
    `sentinel known-sentinel m 127.0.0.1 4 ${OTHER_ID}`,
    'sentinel known-sentinel m 127.0.0.1 5',
    'sentinel config-epoch m 7',
    'sentinel leader-epoch m 8',
    'sentinel current-epoch 9',
    'sentinel master-reboot-down-after-period m 77',
    `sentinel myid ${ID}`,
    'sentinel monitor other 127.0.0.1 6 1',
    'sentinel down-after-milliseconds other 4321',
    'sentinel announce-ip 127.0.0.1',
    'sentinel announce-port 4711',
    'sentinel sentinel-user peers',
    'sentinel sentinel-pass theirs',
    'sentinel deny-scripts-reconfig yes',
    'sentinel resolve-hostnames no',
    'loglevel verbose',
    'requirepass mine',
    'user alice on >wonder ~* +@all',
    'tcp-keepalive 0',
  ];

  it('is written by both with the same lines, and those that were there stay in their places', async () => {
    // redis-sentinel writes several masters in an order drawn by chance, and does not replace lines of the old name.
    const text = configured.filter((line) => !/known-slave| other /.test(line)).join('\n');
    const [theirs, ours] = await Promise.all([rewrittenByTheirs(text), rewrittenByOurs(text)]);
    expect(ours.head).toEqual(theirs.head);
    expect(ours.appended).toEqual(theirs.appended);
  });

  it('written by this project means the same to redis-sentinel, and the other way round', async () => {
    const text = configured.join('\n');
    const ours = await rewrittenByOurs(text);
    const theirs = await rewrittenByTheirs(text.replace('known-slave', 'known-replica'));
    const [oursByThem, theirsByUs] = await Promise.all([
      rewrittenByTheirs(withoutAddress(ours.text)),
      rewrittenByOurs(withoutAddress(theirs.text)),
    ]);
    const sorted = (written: string): string[] =>
      withoutAddress(written)
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('user default '))
        .sort();
    expect(sorted(oursByThem.text)).toEqual(sorted(ours.text));
    expect(sorted(theirsByUs.text)).toEqual(sorted(theirs.text));
  });

  it('keeps words with spaces readable', async () => {
    const text = `${MASTER}\nsentinel auth-pass m "two words"\nsentinel sentinel-pass "\\"quoted\\""`;
    const ours = await rewrittenByOurs(text);
    expect(ours.text).toContain('\nsentinel auth-pass m "two words"\n');
    const theirs = await startTheirs(withoutAddress(ours.text));
    await using client = await theirs.connect();
    expect(await client.call('SENTINEL', 'CONFIG', 'GET', 'sentinel-pass')).toEqual(['sentinel-pass', '"quoted"']);
    await theirs.stop();
  });
});

function causeOf(error: Error | null): string {
  const cause = error?.cause ?? error;
  return cause instanceof ConfigError ? cause.message : `accepted, or failed otherwise: ${String(cause)}`;
}

interface Rewritten {
  readonly text: string;
  /** Lines above the signature, in order; others behind it, sorted. */
  readonly head: readonly string[];
  readonly appended: readonly string[];
}

function startTheirs(text: string): Promise<RedisProcess> {
  return startRedis({ config: text, args: ['--sentinel'] });
}

async function rewrittenByTheirs(text: string): Promise<Rewritten> {
  await using sentinel = await startTheirs(text);
  await flush(await sentinel.connect());
  return split(readFileSync(join(sentinel.folder, 'redis.conf'), 'utf8'));
}

async function rewrittenByOurs(text: string): Promise<Rewritten> {
  await using sentinel = await startOwnSentinel(text, await findFreePort());
  await flush(await sentinel.connect());
  return split(sentinel.file);
}

async function flush(client: { call(...args: string[]): Promise<unknown>; close(): Promise<void> }): Promise<void> {
  await client.call('AUTH', 'mine');
  await eventually(async () => (await client.call('SENTINEL', 'FLUSHCONFIG')) === 'OK', {
    what: 'the file is written',
  });
  await client.close();
}

/** Without what two sentinels cannot have in common: where they are. */
function withoutAddress(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^(?:port|dir|bind|save) /.test(line))
    .join('\n');
}

function split(text: string): Rewritten {
  const [head = '', appended = ''] = withoutAddress(text).split('# Generated by CONFIG REWRITE\n');
  return {
    text,
    head: head.split('\n'),
    appended: appended
      .split('\n')
      .filter((line) => line !== '')
      .sort(),
  };
}
