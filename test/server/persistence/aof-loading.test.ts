/** What a server makes of the files of its append-only file when it starts. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../../src/topology/server.ts';
import type { DirectiveValue } from '../../../src/topology/options.ts';
import { encodeCommand } from '../../../src/client/encode-command.ts';
import { eventually } from '../../support/eventually.ts';
import { findFreePort } from '../../support/redis-process.ts';
import { RespClient, RespError, type Reply } from '../../support/resp-client.ts';
import { AofFolder, BASE, BOTH, commands, INCREMENT, MANIFEST } from '../../support/aof-folder.ts';

type Config = Record<string, DirectiveValue>;

function start(folder: AofFolder, config: Config = {}, onLog?: (line: string) => void): Promise<ServerHandle> {
  return startServer({
    persistence: { dir: folder.path, aof: true },
    config: { 'aof-use-rdb-preamble': false, ...config },
    ...(onLog === undefined ? {} : { onLog }),
  });
}

/** The log of a server that does not start, without prefixes. */
async function logOfFailure(folder: AofFolder, config: Config = {}): Promise<string[]> {
  const log: string[] = [];
  const error = await start(folder, config, (line) => log.push(line.replace(/^\S+ \d+ \w+ \d+ \S+ . /, ''))).then(
    (server) => server.close().then(() => null),
    (reason: { code?: string }) => reason,
  );
  expect(error?.code).toBe('ERR_CANNOT_LOAD');
  return log;
}

function describeReply(reply: Reply): string {
  return reply instanceof RespError ? reply.message : String(reply);
}

const TORN = '*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$5\r\nab';

describe('a server that starts with an append-only file', () => {
  it('begins one where there is none, and goes on with it', async () => {
    using folder = new AofFolder();
    const first = await start(folder);
    expect(folder.manifest).toBe(BOTH);
    await first.execute('SET', 'a', '1');
    await first.execute('SELECT', '3');
    await first.execute('RPUSH', 'l', 'x', 'y');
    await first.close();
    expect(folder.read(INCREMENT)).toBe(commands(['SELECT 0', 'SET a 1', 'SELECT 3', 'RPUSH l x y']));
    await using second = await start(folder);
    expect(await second.execute('GET', 'a')).toBe('1');
    await second.execute('SET', 'b', '2');
    expect(folder.read(INCREMENT)).toContain(commands(['RPUSH l x y', 'SELECT 0', 'SET b 2']));
    expect(folder.manifest).toBe(BOTH);
  });

  it('loads the base, then the increments, and says how long each took', async () => {
    using folder = new AofFolder().write({
      [MANIFEST]: `#made by hand\nfile ${BASE} seq 1 type b\nfile 3.incr seq 3 type i\nfile 7.incr seq 7 type i\n`,
      [BASE]: ['SET a 1', 'SET b 1'],
      '3.incr': ['SELECT 1', 'SET a 2'],
      '7.incr': ['SET b 3'],
    });
    await using server = await start(folder);
    expect(await server.execute('MGET', 'a', 'b')).toEqual(['1', '3']);
    const texts = server.log.map((line) => line.replace(/\d+\.\d{3} seconds/, 'N seconds'));
    for (const text of [
      `DB loaded from base file ${BASE}: N seconds`,
      'DB loaded from incr file 3.incr: N seconds',
      'DB loaded from incr file 7.incr: N seconds',
      'DB loaded from append only file: N seconds',
      'Opening AOF incr file 7.incr on server start',
    ]) {
      expect(texts.some((line) => line.endsWith(text))).toBe(true);
    }
  });

  it.each([
    ['alone', []],
    ['in a transaction', ['MULTI', 'EXEC']],
  ])('tells clients that it loads while a script of the file takes its time: %s', async (_, around) => {
    const script =
      "redis.call('set',KEYS[1],'a') for i=1,300000 do redis.call('ping') end redis.call('append',KEYS[1],'z')";
    const lines = [
      ['SET', 'before', '1'],
      ['EVAL', script, '1', 'x'],
      ['SET', 'behind', '1'],
    ];
    const [begin = [], end = []] = around.map((word) => [[word]]);
    const file = Buffer.concat(
      [...begin, ...lines, ...end, ['SET', 'after', '1']].map((words) => encodeCommand(words)),
    );
    using folder = new AofFolder().write({
      [MANIFEST]: `file ${INCREMENT} seq 1 type i\n`,
      [INCREMENT]: file.toString('latin1'),
    });
    const replies = new Set<string>();
    const port = await findFreePort();
    const log: string[] = [];
    const starting = start(folder, { port, 'busy-reply-threshold': 20 }, (line) => log.push(line));
    await eventually(async () => {
      await using client = await RespClient.connect({ port });
      replies.add(describeReply(await client.call('PING')));
      return replies.has('PONG');
    });
    await using server = await starting;
    expect(log.some((line) => line.includes('Slow script detected'))).toBe(true);
    expect([...replies]).toEqual(['LOADING Redis is loading the dataset in memory', 'PONG']);
    expect(await server.execute('MGET', 'before', 'x', 'behind', 'after')).toEqual(['1', 'az', '1', '1']);
  });

  it('plays transactions, annotations, and commands that would wait', async () => {
    using folder = new AofFolder().write({
      [MANIFEST]: BOTH,
      [BASE]: '',
      [INCREMENT]: `#TS:1700000000\r\n${commands(['MULTI', 'SET a 1', 'INCR a', 'EXEC', 'BLPOP none 0', 'LPUSH l 1', 'BRPOP l 0'])}# end\r\n`,
    });
    await using server = await start(folder);
    expect(await server.execute('GET', 'a')).toBe('2');
    expect(await server.execute('EXISTS', 'l')).toBe(0);
    expect(await server.execute('INFO', 'commandstats')).not.toContain('cmdstat_lpush');
  });

  it('plays scripts of older servers, also where a replica takes no writes', async () => {
    using folder = new AofFolder().write({
      [MANIFEST]: BOTH,
      [BASE]: ["EVAL redis.call('set',KEYS[1],'100') 1 foo", "EVAL redis.call('incr',KEYS[1]) 1 foo"],
      [INCREMENT]: '',
    });
    await using server = await start(folder, { replicaof: ['127.0.0.1', 1] });
    expect(await server.execute('GET', 'foo')).toBe('101');
  });

  it('keeps keys whose time has passed until it is up, and writes their end down', async () => {
    using folder = new AofFolder().write({
      [MANIFEST]: BOTH,
      [BASE]: ['SET a 1', 'PEXPIREAT a 1', 'SET b 1 PXAT 1', 'APPEND b 2'],
      [INCREMENT]: '',
    });
    await using server = await start(folder, { 'enable-debug-command': 'yes' });
    expect(await server.execute('MGET', 'a', 'b')).toEqual([null, null]);
    await server.execute('PING');
    expect(folder.read(INCREMENT)).toMatch(/DEL\r\n\$1\r\na/);
    expect(folder.read(INCREMENT)).toMatch(/DEL\r\n\$1\r\nb/);
  });

  it('cuts off what is not a whole command at the end of the last file', async () => {
    const whole = commands(['SET a 1']);
    using folder = new AofFolder().write({ [MANIFEST]: BOTH, [BASE]: '', [INCREMENT]: whole + TORN });
    await using server = await start(folder);
    expect(await server.execute('KEYS', '*')).toEqual(['a']);
    expect(folder.read(INCREMENT)).toBe(whole);
    const log = server.log.join('\n');
    expect(log).toContain(`# !!! Warning: short read while loading the AOF file ${INCREMENT}!!!`);
    expect(log).toContain(`# !!! Truncating the AOF ${INCREMENT} at offset ${whole.length} !!!`);
    expect(log).toContain(`# AOF ${INCREMENT} loaded anyway because aof-load-truncated is enabled`);
  });

  it.each(['', TORN])('takes back a transaction that is not complete, and ends in %j', async (end) => {
    const whole = commands(['SET a 1']);
    const open = commands(['MULTI', 'SET a 2', 'SET c 1']);
    using folder = new AofFolder().write({ [MANIFEST]: BOTH, [BASE]: '', [INCREMENT]: whole + open + end });
    await using server = await start(folder);
    expect(await server.execute('MGET', 'a', 'c')).toEqual(['1', null]);
    expect(folder.read(INCREMENT)).toBe(whole);
    expect(server.log.join('\n')).toContain(`Revert incomplete MULTI/EXEC transaction in AOF file ${INCREMENT}`);
  });

  it.each(['\0\0\0', `${TORN}\0\0\0\0\0\0\0\0\0`, '*3\r\n$3\r\nSET\r\n\0\0'])(
    'takes the zeros that a power loss leaves for a torn end: %j',
    async (end) => {
      const whole = commands(['SET a 1']);
      using folder = new AofFolder().write({ [MANIFEST]: BOTH, [BASE]: '', [INCREMENT]: whole + end });
      await using server = await start(folder);
      expect(await server.execute('KEYS', '*')).toEqual(['a']);
      expect(folder.read(INCREMENT)).toBe(whole);
    },
  );

  it('takes over the one file of a server before 7.0', async () => {
    using folder = new AofFolder().writeBeside('appendonly.aof', ['SET a 1']);
    const first = await start(folder);
    expect(folder.manifest).toBe(`file appendonly.aof seq 1 type b\nfile ${INCREMENT} seq 1 type i\n`);
    expect(existsSync(join(folder.path, 'appendonly.aof'))).toBe(false);
    await first.execute('SET', 'b', '2');
    await first.close();
    await using second = await start(folder);
    expect(await second.execute('MGET', 'a', 'b')).toEqual(['1', '2']);
  });

  it('has names with any bytes', async () => {
    using folder = new AofFolder();
    const config = { appendfilename: 'a "b" é.aof', appenddirname: 'dir é' };
    const first = await start(folder, config);
    await first.execute('SET', 'a', '1');
    await first.close();
    expect(existsSync(join(folder.path, 'dir é', 'a "b" é.aof.1.incr.aof'))).toBe(true);
    await using second = await start(folder, config);
    expect(await second.execute('GET', 'a')).toBe('1');
  });
});

describe('a server does not start', () => {
  it('with a torn end, if it is not to be cut off', async () => {
    using folder = new AofFolder().write({ [MANIFEST]: BOTH, [BASE]: '', [INCREMENT]: TORN });
    const log = await logOfFailure(folder, { 'aof-load-truncated': false });
    expect(log.at(-1)).toBe(
      `Unexpected end of file reading the append only file ${INCREMENT}. You can: 1) Make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server.`,
    );
    expect(folder.read(INCREMENT)).toBe(TORN);
  });

  it('with a torn file that is not the last one', async () => {
    using folder = new AofFolder().write({ [MANIFEST]: BOTH, [BASE]: TORN, [INCREMENT]: ['SET a 1'] });
    expect((await logOfFailure(folder)).at(-1)).toBe('Fatal error: the truncated file is not the last file');
  });

  it.each(['!!!', 'SET a 1\r\n', '*x\r\n', '*1\r\n4\r\nPING\r\n', '\0*1\r\n$4\r\nPING\r\n'])(
    'with %j for commands',
    async (content) => {
      using folder = new AofFolder().write({ [MANIFEST]: BOTH, [BASE]: ['SET a 1'], [INCREMENT]: content });
      expect((await logOfFailure(folder)).at(-1)).toBe(
        `Bad file format reading the append only file ${INCREMENT}: make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>`,
      );
      expect(folder.read(INCREMENT)).toBe(content);
    },
  );

  it('with a command that it does not know', async () => {
    using folder = new AofFolder().write({ [MANIFEST]: BOTH, [BASE]: ['NONSENSE a'], [INCREMENT]: '' });
    expect((await logOfFailure(folder)).at(-1)).toBe(`Unknown command 'NONSENSE' reading the append only file ${BASE}`);
  });

  it('with a file missing that the manifest names', async () => {
    using folder = new AofFolder().write({ [MANIFEST]: BOTH, [BASE]: ['SET a 1'] });
    expect((await logOfFailure(folder)).at(-1)).toBe(
      `Unable to obtain the AOF file ${INCREMENT} length. stat: No such file or directory`,
    );
  });

  it('with a base that is no whole RDB file', async () => {
    using folder = new AofFolder().write({ [MANIFEST]: BOTH, [BASE]: 'REDIS0010\xfa', [INCREMENT]: '' });
    expect((await logOfFailure(folder)).at(-1)).toBe(`Error reading the RDB base file ${BASE}, AOF loading aborted`);
  });

  it('with a manifest that is none', async () => {
    using folder = new AofFolder().write({ [MANIFEST]: `${BOTH}file x seq 1 type i\n` });
    expect((await logOfFailure(folder)).slice(-4)).toEqual([
      '\n*** FATAL AOF MANIFEST FILE ERROR ***\n',
      'Reading the manifest file, at line 3\n',
      ">>> 'file x seq 1 type i'\n",
      'Found a non-monotonic sequence number\n',
    ]);
  });
});
