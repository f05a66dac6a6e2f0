/** The embedding API: what README.md and the types promise. */
import { connect as connectSocket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ErrorReply, ResplicaError, type ServerHandle, type ServerOptions, startServer } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { RespClient } from '../support/resp-client.ts';

function connectTo(server: ServerHandle): Promise<RespClient> {
  return RespClient.connect({ host: server.host, port: server.port });
}

async function errorOf(promise: Promise<unknown>): Promise<ResplicaError> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ResplicaError);
  return error as ResplicaError;
}

function startFails(options: unknown): Promise<ResplicaError> {
  return errorOf(startServer(options as ServerOptions));
}

describe('a server', () => {
  it('listens on a free port of 127.0.0.1 and says where', async () => {
    await using first = await startServer();
    await using second = await startServer();
    expect(first.host).toBe('127.0.0.1');
    expect(first.port).toBeGreaterThan(0);
    expect(second.port).not.toBe(first.port);
    expect(first.url).toBe(`redis://127.0.0.1:${first.port}`);
    await using client = await connectTo(first);
    expect(await client.call('PING')).toBe('PONG');
    expect(await client.call('CONFIG', 'GET', 'port')).toEqual(['port', String(first.port)]);
  });

  it('listens where it is told to', async () => {
    const { port } = await startAndClose({});
    await using server = await startServer({ port, host: '127.0.0.2', name: 'mine' });
    expect([server.port, server.host, server.name]).toEqual([port, '127.0.0.2', 'mine']);
    await using client = await connectTo(server);
    expect(await client.call('PING')).toBe('PONG');
  });

  it('is reached by 127.0.0.1 when it listens everywhere', async () => {
    await using server = await startServer({ host: '0.0.0.0' });
    expect(server.url).toBe(`redis://127.0.0.1:${server.port}`);
    await using client = await connectTo(server);
    expect(await client.call('PING')).toBe('PONG');
  });

  it('listens on several addresses, some of which need not exist', async () => {
    await using server = await startServer({ config: { bind: ['127.0.0.1', '127.0.0.3', '-192.0.2.1'] } });
    for (const host of ['127.0.0.1', '127.0.0.3']) {
      await using client = await RespClient.connect({ host, port: server.port });
      expect(await client.call('PING')).toBe('PONG');
    }
  });

  it('is a master that keeps nothing on disk', async () => {
    await using server = await startServer();
    expect(server.role).toBe('master');
    expect(await server.execute('CONFIG', 'GET', 'save')).toEqual(['save', '']);
  });

  it('shares nothing with 50 others in the process', async () => {
    const servers = await Promise.all(Array.from({ length: 50 }, () => startServer()));
    try {
      expect(new Set(servers.map(({ port }) => port)).size).toBe(50);
      await Promise.all(servers.map((server, index) => server.execute('SET', 'who', index)));
      await Promise.all(servers.slice(0, 10).map((server) => server.execute('CONFIG', 'SET', 'maxmemory', '1mb')));
      const replies = await Promise.all(servers.map((server) => server.execute('GET', 'who')));
      expect(replies).toEqual(servers.map((_, index) => String(index)));
      const limits = await Promise.all(servers.map((server) => server.execute('CONFIG', 'GET', 'maxmemory')));
      expect(limits.filter((limit) => (limit as string[])[1] === '0').length).toBe(40);
    } finally {
      await Promise.all(servers.map((server) => server.close()));
    }
  });

  it('is ready in a few milliseconds', async () => {
    await startAndClose({});
    let fastestMs = Infinity;
    for (let round = 0; round < 20; round++) {
      const started = performance.now();
      await startAndClose({});
      fastestMs = Math.min(fastestMs, performance.now() - started);
    }
    expect(fastestMs).toBeLessThan(10);
  });
});

describe('execute', () => {
  it('takes strings, numbers, bigints and bytes', async () => {
    await using server = await startServer();
    expect(await server.execute('SET', 'text', 'grüße')).toBe('OK');
    expect(await server.execute('GET', 'text')).toBe('grüße');
    await server.execute('SET', 'number', -1.5);
    expect(await server.execute('GET', 'number')).toBe('-1.5');
    expect(await server.execute('INCRBY', 'counter', 41)).toBe(41);
    await server.execute('SET', 'big', 9223372036854775807n);
    expect(await server.execute('GET', 'big')).toBe('9223372036854775807');
    await server.execute('SET', 'empty', '');
    expect(await server.execute('GET', 'empty')).toBe('');
    const bytes = Buffer.from([0, 13, 10, 255, 128]);
    await server.execute(Buffer.from('SET'), Buffer.from([255]), bytes);
    expect(await server.executeBuffer('GET', Uint8Array.of(255))).toEqual(bytes);
    expect(await server.execute('STRLEN', Uint8Array.of(255))).toBe(5);
  });

  it('gives strings, exact integers, null and arrays', async () => {
    await using server = await startServer();
    await server.execute('SET', 'big', '9007199254740993');
    expect(await server.execute('INCR', 'big')).toBe(9007199254740994n);
    expect(await server.execute('GET', 'nothing')).toBe(null);
    expect(await server.execute('MGET', 'big', 'nothing')).toEqual(['9007199254740994', null]);
    expect(await server.execute('KEYS', 'nothing*')).toEqual([]);
    expect(await server.executeBuffer('MGET', 'big')).toEqual([Buffer.from('9007199254740994')]);
  });

  it('rejects with what the server answers as an error', async () => {
    await using server = await startServer();
    await server.execute('SET', 'text', 'abc');
    const error = await server.execute('INCR', 'text').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ErrorReply);
    expect((error as ErrorReply).message).toBe('ERR value is not an integer or out of range');
    expect((error as ErrorReply).code).toBe('ERR');
    await expect(server.execute('NOSUCH')).rejects.toThrow("ERR unknown command 'NOSUCH'");
  });

  it('gives the errors within a transaction as values', async () => {
    await using server = await startServer();
    await server.execute('SET', 'text', 'abc');
    await server.execute('MULTI');
    expect(await server.execute('INCR', 'text')).toBe('QUEUED');
    expect(await server.execute('STRLEN', 'text')).toBe('QUEUED');
    const replies = (await server.execute('EXEC')) as unknown[];
    expect(replies[0]).toBeInstanceOf(ErrorReply);
    expect(replies[1]).toBe(3);
  });

  it('runs commands in the order of the calls', async () => {
    await using server = await startServer();
    const replies = await Promise.all(Array.from({ length: 100 }, () => server.execute('INCR', 'n')));
    expect(replies).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });

  it('needs no password, and leaves the database of others alone', async () => {
    await using server = await startServer({ password: 'secret' });
    expect(await server.execute('SELECT', 3)).toBe('OK');
    await server.execute('SET', 'k', 'in 3');
    await using client = await connectTo(server);
    await client.call('AUTH', 'secret');
    expect(await client.call('GET', 'k')).toBe(null);
    expect(await server.execute('GET', 'k')).toBe('in 3');
  });

  it('may do everything, whatever others may', async () => {
    await using server = await startServer();
    await server.execute('ACL', 'SETUSER', 'default', 'off', '-@all', 'resetkeys');
    expect(await server.execute('SET', 'k', 'v')).toBe('OK');
    expect(await server.execute('RESET')).toBe('RESET');
    expect(await server.execute('GET', 'k')).toBe('v');
    await using client = await connectTo(server);
    expect(await client.callRaw('GET', 'k')).toMatch(/^-NOAUTH/);
  });

  it('goes on while one of its commands waits, on the same database', async () => {
    await using server = await startServer();
    await server.execute('SELECT', 2);
    await server.execute('CLIENT', 'PAUSE', 60_000, 'WRITE');
    const writing = server.execute('SET', 'k', 'v');
    const alsoWriting = server.execute('SET', 'other', 'w');
    expect(await server.execute('GET', 'k')).toBe(null);
    expect(await server.execute('CLIENT', 'UNPAUSE')).toBe('OK');
    expect(await Promise.all([writing, alsoWriting])).toEqual(['OK', 'OK']);
    expect(await server.execute('MGET', 'k', 'other')).toEqual(['v', 'w']);
  });

  it('can pop and push at the same time', async () => {
    await using server = await startServer();
    await server.execute('SELECT', 2);
    const popped = Promise.all([server.execute('BLPOP', 'q', 0), server.execute('BLPOP', 'q', 0)]);
    expect(await server.execute('LPUSH', 'q', 'first')).toBe(1);
    expect(await server.execute('LPUSH', 'q', 'second')).toBe(1);
    expect(await popped).toEqual([
      ['q', 'first'],
      ['q', 'second'],
    ]);
    const [, ...inMulti] = await Promise.all(
      [['MULTI'], ['BLPOP', 'q', '0'], ['EXEC']].map((words) => server.execute(...words)),
    );
    expect(inMulti).toEqual(['QUEUED', [null]]);
  });

  it('takes another connection after the server closed its own', async () => {
    await using server = await startServer();
    expect(await server.execute('QUIT')).toBe('OK');
    expect(await server.execute('PING')).toBe('PONG');
  });

  it('survives a broken request of its own making', async () => {
    await using server = await startServer({ config: { 'proto-max-bulk-len': '1mb' } });
    const big = Buffer.alloc(2 * 1024 * 1024);
    const error = await server.execute('SET', 'k', big).catch((reason: unknown) => reason as Error);
    expect((error as Error).message).toContain('invalid bulk length');
    expect(await server.execute('PING')).toBe('PONG');
  });

  it.each([
    [[], 'needs the name of a command'],
    [['GET', undefined], 'Argument 1 of execute() is undefined'],
    [['GET', null], 'Argument 1 of execute() is null'],
    [['SET', 'k', { a: 1 }], 'Argument 2 of execute() is [object Object]'],
    [['SET', 'k', Number.NaN], 'Argument 2 of execute() is NaN'],
    [['SET', 'k', true], 'Argument 2 of execute() is true'],
    [['Subscribe', 'news'], 'does not fit subscribe news'],
    [[Buffer.from('MONITOR')], 'does not fit monitor'],
    [['HELLO', 3], 'does not fit hello 3'],
    [['CLIENT', 'REPLY', 'OFF'], 'does not fit client reply off'],
  ])('refuses %j', async (args, message) => {
    await using server = await startServer();
    const error = await errorOf(server.execute(...(args as string[])));
    expect(error.code).toBe('ERR_BAD_ARGUMENT');
    expect(error.message).toContain(message);
    expect(await server.execute('PING')).toBe('PONG');
  });
});

describe('options', () => {
  it('set a password, whatever its characters, which the url carries', async () => {
    const password = 'a "quoted" \\ pass:word@/#%\n\t\0ü';
    await using server = await startServer({ password });
    const url = new URL(server.url);
    expect(decodeURIComponent(url.password)).toBe(password);
    await using client = await connectTo(server);
    expect(await client.callRaw('PING')).toBe('-NOAUTH Authentication required.\r\n');
    expect(await client.call('AUTH', password)).toBe('OK');
    expect(await client.call('PING')).toBe('PONG');
  });

  it('need no password where it is empty', async () => {
    await using server = await startServer({ password: '' });
    expect(server.url).toBe(`redis://127.0.0.1:${server.port}`);
    await using client = await connectTo(server);
    expect(await client.call('PING')).toBe('PONG');
  });

  it('take the password of the configuration too, and what CONFIG SET makes of it', async () => {
    await using server = await startServer({ config: { requirepass: 'first' } });
    expect(server.url).toContain(':first@');
    await server.execute('CONFIG', 'SET', 'requirepass', 'second');
    expect(server.url).toContain(':second@');
  });

  it.each([
    ['maxmemory-policy', 'allkeys-lru', 'allkeys-lru'],
    ['maxmemory', '2mb', '2097152'],
    ['maxmemory', 1000, '1000'],
    ['lazyfree-lazy-user-del', true, 'yes'],
    ['activerehashing', false, 'no'],
    ['notify-keyspace-events', '', ''],
    ['requirepass', 'two words', 'two words'],
    ['requirepass', '"quotes" and \'more\'', '"quotes" and \'more\''],
    ['requirepass', 'back\\slash\\n', 'back\\slash\\n'],
    ['requirepass', '日本 ✓', '日本 ✓'],
    ['requirepass', '# no comment', '# no comment'],
    ['requirepass', 'line\r\nend', 'line\r\nend'],
    [
      'client-output-buffer-limit',
      'pubsub 1mb 2mb 3',
      'normal 0 0 0 slave 268435456 67108864 60 pubsub 1048576 2097152 3',
    ],
    [
      'client-output-buffer-limit',
      ['pubsub', '1mb', '2mb', 3],
      'normal 0 0 0 slave 268435456 67108864 60 pubsub 1048576 2097152 3',
    ],
  ])('give %s the value %j', async (name, value, shown) => {
    await using server = await startServer({ config: { [name]: value } });
    expect(await server.execute('CONFIG', 'GET', name)).toEqual([name, shown]);
  });

  it('bring users', async () => {
    await using server = await startServer({ config: { user: ['alice', 'on', '>pw', '+get', '~a*'] } });
    await using client = await connectTo(server);
    expect(await client.call('AUTH', 'alice', 'pw')).toBe('OK');
    expect(await client.call('GET', 'ab')).toBe(null);
    expect(await client.callRaw('GET', 'b')).toMatch(/^-NOPERM/);
  });

  it('give a directive several times', async () => {
    await using server = await startServer({
      config: {
        'rename-command': [
          ['FLUSHALL', ''],
          ['CONFIG', 'SETTINGS'],
        ],
      },
    });
    await expect(server.execute('FLUSHALL')).rejects.toThrow('unknown command');
    await expect(server.execute('CONFIG', 'GET', 'port')).rejects.toThrow('unknown command');
    expect(await server.execute('SETTINGS', 'GET', 'maxmemory')).toEqual(['maxmemory', '0']);
  });

  it.each<[unknown, string, string]>([
    [{ prot: 1 }, 'ERR_BAD_OPTION', 'There is no option "prot"'],
    [{ port: -1 }, 'ERR_BAD_OPTION', 'Option "port" must be an integer from 0 to 65535, not -1'],
    [{ port: 65536 }, 'ERR_BAD_OPTION', 'not 65536'],
    [{ port: 1.5 }, 'ERR_BAD_OPTION', 'not 1.5'],
    [{ port: '6379' }, 'ERR_BAD_OPTION', 'not "6379"'],
    [{ host: '' }, 'ERR_BAD_OPTION', 'Option "host"'],
    [{ host: '127.0.0.1 0.0.0.0' }, 'ERR_BAD_OPTION', 'Option "host"'],
    [{ host: '127.0.0.1\nport 1' }, 'ERR_BAD_OPTION', 'Option "host"'],
    [{ password: 5 }, 'ERR_BAD_OPTION', 'Option "password" must be a string, not 5'],
    [{ clock: 'fake' }, 'ERR_BAD_OPTION', "must be 'real' or 'manual'"],
    [{ onLog: 'console' }, 'ERR_BAD_OPTION', 'Option "onLog" must be a function'],
    [{ config: [] }, 'ERR_BAD_OPTION', 'Option "config"'],
    [{ config: { nonsense: 1 } }, 'ERR_BAD_CONFIG', 'nonsense'],
    [{ config: { 'two words': 1 } }, 'ERR_BAD_CONFIG', 'two words'],
    [{ config: { maxmemory: 'much' } }, 'ERR_BAD_CONFIG', 'maxmemory'],
    [{ config: { maxmemory: null } }, 'ERR_BAD_CONFIG', 'null to "maxmemory"'],
    [{ config: { maxmemory: Number.NaN } }, 'ERR_BAD_CONFIG', 'NaN to "maxmemory"'],
    [{ config: { 'maxmemory-policy': 'sometimes' } }, 'ERR_BAD_CONFIG', 'must be one of the following'],
    [{ config: { 'rename-command': ['NOSUCH', 'X'] } }, 'ERR_BAD_CONFIG', 'No such command'],
    [{ config: { user: ['alice', '+nosuch'] } }, 'ERR_BAD_CONFIG', "'+nosuch' for the user named 'alice'"],
    [{ config: { 'tls-port': 1 } }, 'ERR_BAD_CONFIG', 'tls'],
  ])('are refused by name: %j', async (options, code, message) => {
    const error = await startFails(options);
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(message)]);
  });

  it('name the port that is in use and the way out', async () => {
    await using server = await startServer();
    const error = await startFails({ port: server.port });
    expect(error.code).toBe('ERR_PORT_IN_USE');
    expect(error.message).toBe(`Port ${server.port} is in use: leave out "port" to get a free one.`);
    expect((await startFails({ config: { port: server.port } })).message).toContain(`Port ${server.port} is in use`);
    expect(await server.execute('PING')).toBe('PONG');
  });

  it('name an address that is not of this machine', async () => {
    const error = await startFails({ host: '192.0.2.1' });
    expect(error.code).toBe('ERR_CANNOT_LISTEN');
    expect(error.message).toContain('192.0.2.1');
  });

  it('leave no port bound when one of several cannot be', async () => {
    await using other = await startServer({ host: '127.0.0.2' });
    const { port } = other;
    const error = await startFails({ config: { port, bind: ['127.0.0.1', '127.0.0.2'] } });
    expect(error.code).toBe('ERR_PORT_IN_USE');
    await using again = await startServer({ port });
    expect(again.port).toBe(port);
  });
});

describe('the manual clock', () => {
  it('lets time pass only when told', async () => {
    await using server = await startServer({ clock: 'manual' });
    const before = server.clock.now();
    expect(Math.abs(before - Date.now())).toBeLessThan(1000);
    await server.execute('SET', 'k', 'v', 'PX', 100);
    const [seconds] = (await server.execute('TIME')) as string[];
    await new Promise((done) => setTimeout(done, 150)); // Real time, which must not count.
    expect(await server.execute('PTTL', 'k')).toBe(100);
    expect(server.clock.now()).toBe(before);
    expect((await server.execute('TIME'))?.toString().split(',')[0]).toBe(seconds);
    server.clock.advance(100);
    expect(await server.execute('PTTL', 'k')).toBe(0);
    server.clock.advance(1);
    expect(await server.execute('EXISTS', 'k')).toBe(0);
    expect(server.clock.now()).toBe(before + 101);
  });

  it('expires keys that nobody asks for', async () => {
    await using server = await startServer({ clock: 'manual' });
    for (let key = 0; key < 500; key++) await server.execute('SET', `k:${key}`, 'v', 'EX', 60);
    expect(await server.execute('DBSIZE')).toBe(500);
    server.clock.advance(120_000);
    expect(await server.execute('DBSIZE')).toBe(0);
    expect(await server.execute('INFO', 'stats')).toContain('expired_keys:500');
  });

  it('holds for real clients on real sockets', async () => {
    await using server = await startServer({ clock: 'manual' });
    await using client = await connectTo(server);
    await client.call('SET', 'session', 'alice', 'EX', 3600);
    server.clock.advance(3_599_000);
    expect(await client.call('TTL', 'session')).toBe(1);
    server.clock.advance(1001);
    expect(await client.call('GET', 'session')).toBe(null);
  });

  it('ends waits for elements', async () => {
    await using server = await startServer({ clock: 'manual' });
    await using client = await connectTo(server);
    const waiting = server.execute('BLPOP', 'q', 10);
    client.send('BRPOP', 'q', 20);
    await eventually(async () => String(await server.execute('INFO', 'clients')).includes('blocked_clients:2'));
    server.clock.advance(10_001);
    expect(await waiting).toBe(null);
    expect(await server.execute('INFO', 'clients')).toContain('blocked_clients:1');
    server.clock.advance(10_001);
    expect(await client.nextReply()).toBe(null);
  });

  it('ends waits and idle clients', async () => {
    await using server = await startServer({ clock: 'manual', config: { timeout: 30 } });
    await using client = await connectTo(server);
    await client.call('PING');
    await server.execute('CLIENT', 'PAUSE', 10_000, 'ALL');
    const waiting = server.execute('GET', 'k');
    server.clock.advance(10_001);
    expect(await waiting).toBe(null);
    server.clock.advance(60_000);
    await eventually(() => client.isClosed);
  });

  it('lets a month pass in a moment', async () => {
    await using server = await startServer({ clock: 'manual' });
    const month = 31 * 24 * 3_600_000;
    await server.execute('SET', 'k', 'v', 'PX', month);
    const started = performance.now();
    server.clock.advance(month - 1);
    expect(performance.now() - started).toBeLessThan(3000);
    expect(await server.execute('PTTL', 'k')).toBe(1);
    server.clock.advance(2);
    expect(await server.execute('GET', 'k')).toBe(null);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('does not advance by %d', async (durationMs) => {
    await using server = await startServer({ clock: 'manual' });
    expect(() => server.clock.advance(durationMs)).toThrow(expect.objectContaining({ code: 'ERR_BAD_ARGUMENT' }));
  });

  it('is asked for by an option', async () => {
    await using server = await startServer();
    expect(Math.abs(server.clock.now() - Date.now())).toBeLessThan(1000);
    expect(() => server.clock.advance(1)).toThrow(expect.objectContaining({ code: 'ERR_MANUAL_CLOCK' }));
  });
});

describe('the log', () => {
  it('has the lines of redis-server, and hands them on as they come', async () => {
    const lines: string[] = [];
    await using server = await startServer({ onLog: (line) => lines.push(line), config: { loglevel: 'verbose' } });
    expect(server.log.at(-1)).toMatch(/^\d+:M \d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3} \* Ready to accept connections$/);
    expect(lines).toEqual(server.log);
    await server.execute('CONFIG', 'SET', 'loglevel', 'debug');
    await using client = await connectTo(server);
    await client.call('PING');
    expect(server.log.some((line) => line.includes('Accepted 127.0.0.1:'))).toBe(true);
    expect(lines).toEqual(server.log);
  });

  it('may call the server from its callback', async () => {
    const replies: Promise<unknown>[] = [];
    const handles: ServerHandle[] = [];
    const onLog = (line: string): void => {
      const [server] = handles;
      if (server !== undefined && line.includes('Accepted')) replies.push(server.execute('INCR', 'accepted'));
    };
    await using server = await startServer({ onLog, config: { loglevel: 'verbose' } });
    handles.push(server);
    await using client = await connectTo(server);
    await client.call('PING');
    expect(await Promise.all(replies)).toEqual([1]);
  });
});

describe('close', () => {
  it('frees the port, ends clients and refuses further calls', async () => {
    const server = await startServer();
    await using client = await connectTo(server);
    await client.call('PING');
    expect(server.alive).toBe(true);
    await server.close();
    expect(server.alive).toBe(false);
    await eventually(() => client.isClosed);
    await expect(refusedOn(server.port)).resolves.toBe('ECONNREFUSED');
    expect((await errorOf(server.execute('PING'))).code).toBe('ERR_NOT_RUNNING');
    expect(() => server.connect()).toThrow(expect.objectContaining({ code: 'ERR_NOT_RUNNING' }));
    await using next = await startServer({ port: server.port });
    expect(await next.execute('PING')).toBe('PONG');
  });

  it('may be called twice, also at the same time', async () => {
    const server = await startServer();
    await Promise.all([server.close(), server.close()]);
    await server.close();
    await server[Symbol.asyncDispose]();
  });

  it('ends what waits', async () => {
    const server = await startServer();
    await server.execute('CLIENT', 'PAUSE', 60_000, 'ALL');
    const waiting = errorOf(server.execute('GET', 'k'));
    await server.close();
    expect((await waiting).code).toBe('ERR_CONNECTION_CLOSED');
  });

  it('comes through while clients are busy', async () => {
    const server = await startServer();
    const clients = await Promise.all(Array.from({ length: 10 }, () => connectTo(server)));
    await server.execute('SET', 'big', Buffer.alloc(1_000_000));
    for (const client of clients) {
      for (let i = 0; i < 50; i++) client.send('GET', 'big');
      client.pause();
    }
    await eventually(async () => /total_commands_processed:\d{3}/.test(String(await server.execute('INFO', 'stats'))));
    await server.close();
    for (const client of clients) {
      client.resume();
      await client.close();
    }
  });

  it('is what SHUTDOWN does', async () => {
    const server = await startServer();
    await using client = await connectTo(server);
    client.send('SHUTDOWN', 'NOSAVE');
    expect(await client.readUntilClose()).toBe('');
    await eventually(() => !server.alive);
    await server.close();
    await expect(refusedOn(server.port)).resolves.toBe('ECONNREFUSED');
    const another = await startServer();
    expect((await errorOf(another.execute('SHUTDOWN'))).code).toBe('ERR_CONNECTION_CLOSED');
    expect(another.alive).toBe(false);
    await another.close();
  });
});

async function startAndClose(options: ServerOptions): Promise<ServerHandle> {
  const server = await startServer(options);
  await server.close();
  return server;
}

function refusedOn(port: number): Promise<string> {
  return new Promise((done) => {
    const socket = connectSocket(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      done('connected');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? 'unknown'));
  });
}
