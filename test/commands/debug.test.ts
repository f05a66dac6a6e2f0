import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../src/topology/server.ts';
import { oursCommand, startRedis } from '../support/redis-process.ts';
import { RespClient } from '../support/resp-client.ts';

let server: ServerHandle;
let client: RespClient;

beforeAll(async () => {
  server = await startServer({ config: { 'enable-debug-command': 'yes' } });
  client = await RespClient.connect({ port: server.port });
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await server.close();
});

beforeEach(async () => {
  await client.call('HELLO', 2);
  await client.call('SELECT', 0);
  await client.call('FLUSHALL');
});

async function debug(...args: (string | number)[]): Promise<string> {
  return client.callRaw('DEBUG', ...args);
}

describe('DEBUG', () => {
  it('is for those whom enable-debug-command admits', async () => {
    await using closed = await startServer();
    await using stranger = await RespClient.connect({ port: closed.port });
    expect(await stranger.callRaw('DEBUG', 'HELP')).toBe(
      '-ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a ' +
        'local connection, otherwise you need to set this option in the configuration file, and then restart the server.\r\n',
    );
    await using local = await startServer({ config: { 'enable-debug-command': 'local' } });
    await using neighbour = await RespClient.connect({ port: local.port });
    expect(await neighbour.callRaw('DEBUG', 'STRUCTSIZE')).toMatch(/bits:64 /);
  });

  it('knows its subcommands and their numbers of arguments', async () => {
    const wrong = (word: string): string =>
      `-ERR unknown subcommand or wrong number of arguments for '${word}'. Try DEBUG HELP.\r\n`;
    expect(await debug('FOO')).toBe(wrong('FOO'));
    expect(await debug('sleep')).toBe(wrong('sleep'));
    expect(await debug('digest', 'x')).toBe(wrong('digest'));
    expect(await debug('replybuffer', 'foo', 'bar')).toBe(wrong('replybuffer'));
    expect(await debug('help')).toMatch(/^\*\d+\r\n\+DEBUG <subcommand>/);
  });

  it.each(['PANIC', 'ASSERT', 'SEGFAULT', 'OOM'])('does not crash at %s', async (word) => {
    expect(await debug(word)).toMatch(/^-ERR DEBUG \w+ is not supported/);
    expect(await client.call('PING')).toBe('PONG');
  });

  it('holds up the server', async () => {
    const before = performance.now();
    expect(await debug('SLEEP', '0.05')).toBe('+OK\r\n');
    expect(performance.now() - before).toBeGreaterThanOrEqual(49);
  });

  it('answers any error, which does not count as one', async () => {
    await client.call('CONFIG', 'RESETSTAT');
    expect(await debug('ERROR', 'CODE some\r\ntext')).toBe('-CODE some  text\r\n');
    expect(await client.call('INFO', 'errorstats')).toBe('# Errorstats\r\n');
  });

  it('writes into the log', async () => {
    expect(await debug('LOG', 'a message')).toBe('+OK\r\n');
    expect(server.log.at(-1)).toMatch(/ # DEBUG LOG: a message$/);
  });

  it.each([
    ['SET-ACTIVE-EXPIRE', '0', '1'],
    ['PAUSE-CRON', '1', '0'],
  ])('keeps keys whose time has passed with %s %s', async (name, off, on) => {
    await using manual = await startServer({ clock: 'manual', config: { 'enable-debug-command': 'yes' } });
    await manual.execute('DEBUG', name, off);
    await manual.execute('SET', 'k', 'v', 'PX', 10);
    manual.clock.advance(5000);
    expect(await manual.execute('DBSIZE')).toBe(1);
    await manual.execute('DEBUG', name, on);
    manual.clock.advance(5000);
    expect(await manual.execute('DBSIZE')).toBe(0);
  });
});

describe('DEBUG DIGEST', () => {
  it('is that of redis-server', async () => {
    const nothing = '0'.repeat(40);
    expect(await debug('DIGEST')).toBe(`+${nothing}\r\n`);
    await client.call('SET', 'str', 'hello');
    await client.call('SET', 'num', 12345);
    await client.call('SET', 't', 'x', 'EX', 1000);
    await client.call('SELECT', 3);
    await client.call('SET', 'a', 'b');
    expect(await debug('DIGEST')).toBe('+8749ce39906b0ebbe646da6528de1495be332171\r\n');
    await client.call('SELECT', 0);
    expect(await client.call('DEBUG', 'DIGEST-VALUE', 'str', 'num', 't', 'none')).toEqual([
      '36b23a1456b2dce2c3ed252c456761301dba8060',
      'e1cf90774e995ae03de66e8109dc5cb9d9c2dc83',
      '0745672cb1bf060476eedeb8a28f5ffe1ff5a2be',
      nothing,
    ]);
  });

  it('does not depend on the order in which keys came', async () => {
    await client.call('MSET', 'a', 1, 'b', 2, 'c', 3);
    const first = await debug('DIGEST');
    await client.call('FLUSHALL');
    await client.call('MSET', 'c', 3, 'b', 2, 'a', 1);
    expect(await debug('DIGEST')).toBe(first);
  });
});

describe('DEBUG POPULATE', () => {
  it('makes strings, and leaves those that are there', async () => {
    await client.call('SET', 'key:1', 'mine');
    expect(await debug('POPULATE', 3)).toBe('+OK\r\n');
    expect(await client.call('MGET', 'key:0', 'key:1', 'key:2', 'key:3')).toEqual(['value:0', 'mine', 'value:2', null]);
    await debug('POPULATE', 1, 'big', 10);
    await debug('POPULATE', 1, 'small', 3);
    expect(await client.call('MGET', 'big:0', 'small:0')).toEqual(['value:0\0\0\0', 'val']);
  });

  it('refuses what is no count', async () => {
    expect(await debug('POPULATE', -1)).toBe('-ERR value is out of range, must be positive\r\n');
    expect(await debug('POPULATE', 'x')).toMatch(/^-ERR value is/);
  });
});

describe('DEBUG OBJECT and its like', () => {
  it('shows how a value is kept', async () => {
    await client.call('SET', 'k', 'hello');
    expect(await debug('OBJECT', 'k')).toMatch(
      /^\+Value at:0x[0-9a-f]+ refcount:1 encoding:embstr serializedlength:6 lru:\d+ lru_seconds_idle:0\r\n$/,
    );
    expect(await debug('OBJECT', 'none')).toBe('-ERR no such key\r\n');
    expect(await debug('SDSLEN', 'k')).toMatch(/^\+key_sds_len:1, key_sds_avail:0, key_zmalloc: \d+, val_sds_len:5, /);
    expect(await debug('LISTPACK', 'k')).toBe('-ERR Not a listpack encoded object.\r\n');
  });

  it('shows hash tables', async () => {
    expect(await debug('HTSTATS', 0)).toContain('No stats available for empty dictionaries');
    await debug('POPULATE', 1000);
    const text = await debug('HTSTATS', 0);
    expect(text).toContain('[Dictionary HT]\nHash table 0 stats (main hash table):\n table size: ');
    expect(text).toContain(' number of elements: 1000\n');
    expect(text).toMatch(/ different slots: \d+\n max chain length: \d+\n/);
    expect(await debug('HTSTATS', 99)).toBe('-ERR Out of range database\r\n');
    expect(await debug('HTSTATS-KEY', 'key:1')).toMatch(/^-ERR The value stored at the specified key is not/);
  });

  it('sorts clients by the memory that they take', async () => {
    expect(await debug('CLIENT-EVICTION')).toBe('-ERR maxmemory-clients is disabled.\r\n');
    await client.call('CONFIG', 'SET', 'maxmemory-clients', '1gb');
    expect(await debug('CLIENT-EVICTION')).toMatch(/bucket {10}0 - {6}32767: tot-mem: +\d+, clients: \d+\n/);
    await client.call('CONFIG', 'SET', 'maxmemory-clients', '0');
  });
});

describe('DEBUG PROTOCOL', () => {
  it.each([
    ['string', '$11\r\nHello World\r\n', '$11\r\nHello World\r\n'],
    ['integer', ':12345\r\n', ':12345\r\n'],
    ['double', '$5\r\n3.141\r\n', ',3.141\r\n'],
    ['bignum', '$37\r\n1234567999999999999999999999999999999\r\n', '(1234567999999999999999999999999999999\r\n'],
    ['null', '$-1\r\n', '_\r\n'],
    ['array', '*3\r\n:0\r\n:1\r\n:2\r\n', '*3\r\n:0\r\n:1\r\n:2\r\n'],
    ['set', '*3\r\n:0\r\n:1\r\n:2\r\n', '~3\r\n:0\r\n:1\r\n:2\r\n'],
    ['map', '*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n', '%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n'],
    ['verbatim', '$25\r\nThis is a verbatim\nstring\r\n', '=29\r\ntxt:This is a verbatim\nstring\r\n'],
    ['true', ':1\r\n', '#t\r\n'],
    ['false', ':0\r\n', '#f\r\n'],
  ])('answers a sample of %s', async (type, resp2, resp3) => {
    expect(await debug('PROTOCOL', type)).toBe(resp2);
    await client.call('HELLO', 3);
    expect(await debug('PROTOCOL', type)).toBe(resp3);
  });

  it('puts attributes and pushes before a reply', async () => {
    expect(await debug('PROTOCOL', 'push')).toBe('-ERR RESP2 is not supported by this command\r\n');
    expect(await debug('PROTOCOL', 'attrib')).toBe('$39\r\nSome real reply following the attribute\r\n');
    await client.call('HELLO', 3);
    expect(await client.call('DEBUG', 'PROTOCOL', 'push')).toBe('Some real reply following the push reply');
    expect(await client.call('DEBUG', 'PROTOCOL', 'attrib')).toBe('Some real reply following the attribute');
    expect(await debug('PROTOCOL', 'foo')).toMatch(/^-ERR Wrong protocol type name/);
  });
});

describe('DEBUG switches', () => {
  it('takes thresholds as memory values', async () => {
    const refusal = '-ERR argument must be a memory value bigger than 1 and smaller than 4gb\r\n';
    expect(await debug('QUICKLIST-PACKED-THRESHOLD', '100kb')).toBe('+OK\r\n');
    expect(await debug('QUICKLIST-PACKED-THRESHOLD', '0')).toBe('+OK\r\n');
    expect(await debug('QUICKLIST-PACKED-THRESHOLD', '5gb')).toBe(refusal);
    expect(await debug('QUICKLIST-PACKED-THRESHOLD', 'x')).toBe(refusal);
  });

  it('gives the server other replication ids', async () => {
    const id = async (): Promise<string> =>
      /master_replid:([0-9a-f]{40})/.exec(String(await client.call('INFO', 'replication')))![1]!;
    const before = await id();
    expect(await id()).toBe(before);
    expect(await debug('CHANGE-REPL-ID')).toBe('+OK\r\n');
    expect(await id()).not.toBe(before);
  });

  it('writes a complete configuration, from which a server starts', async () => {
    const config = 'enable-debug-command yes\nhz 20';
    await using first = await startRedis({ command: oursCommand(), config });
    await using admin = await RespClient.connect({ port: first.port });
    expect(await admin.call('DEBUG', 'CONFIG-REWRITE-FORCE-ALL')).toBe('OK');
    const all = await admin.call('CONFIG', 'GET', '*');
    const file = /config_file:(.*)\r/.exec(String(await admin.call('INFO', 'server')))![1]!;
    await using second = await startRedis({ command: [...oursCommand(), file] });
    await using reader = await RespClient.connect({ port: second.port });
    const differing = new Set(['port', 'dir', 'pidfile', 'logfile', 'bind', 'save']);
    const pairs = (reply: unknown): Map<string, string> => {
      const words = reply as string[];
      return new Map(words.flatMap((word, i) => (i % 2 === 0 && !differing.has(word) ? [[word, words[i + 1]!]] : [])));
    };
    expect(pairs(await reader.call('CONFIG', 'GET', '*'))).toEqual(pairs(all));
  });
});
