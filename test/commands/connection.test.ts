/** AUTH, HELLO, PING, ECHO, SELECT, QUIT, RESET. */
import { describe, expect, it } from 'vitest';
import { serve } from '../support/serving.ts';
import { RespError } from '../support/resp-client.ts';

const LOCKED = { password: 'secret' } as const;

function error(message: string): RespError {
  return new RespError(message);
}

describe('PING', () => {
  it('answers PONG, or what it was given', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.callRaw('PING')).toBe('+PONG\r\n');
    expect(await client.callRaw('ping', 'a b')).toBe('$3\r\na b\r\n');
  });

  it('answers in the form of messages while a RESP2 client has subscriptions', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.call('SUBSCRIBE', 'news');
    expect(await client.call('PING')).toEqual(['pong', '']);
    expect(await client.call('PING', 'x')).toEqual(['pong', 'x']);
  });

  it('takes one argument at most', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.call('PING', 'a', 'b')).toEqual(error("ERR wrong number of arguments for 'ping' command"));
  });
});

describe('ECHO', () => {
  it('answers what it was given, byte for byte', async () => {
    await using serving = await serve();
    const client = await serving.connect({ bulkAsBuffer: true });
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    expect(await client.call('ECHO', bytes)).toEqual(bytes);
  });
});

describe('SELECT', () => {
  it('chooses a database for this connection only', async () => {
    await using serving = await serve();
    const [one, other] = [await serving.connect(), await serving.connect()];
    expect(await one.call('SELECT', 3)).toBe('OK');
    await one.call('SET', 'k', 'three');
    expect(await other.call('GET', 'k')).toBe(null);
    expect(await one.call('GET', 'k')).toBe('three');
  });

  it('refuses what is no database', async () => {
    await using serving = await serve({ config: { databases: 4 } });
    const client = await serving.connect();
    expect(await client.call('SELECT', 4)).toEqual(error('ERR DB index is out of range'));
    expect(await client.call('SELECT', -1)).toEqual(error('ERR DB index is out of range'));
    expect(await client.call('SELECT', 'x')).toEqual(error('ERR value is not an integer or out of range'));
    expect(await client.call('SELECT', '4294967296')).toEqual(
      error('ERR value is out of range, value must between -2147483648 and 2147483647'),
    );
  });
});

describe('AUTH', () => {
  it('lets nobody do anything before it', async () => {
    await using serving = await serve(LOCKED);
    const client = await serving.connect();
    expect(await client.call('GET', 'k')).toEqual(error('NOAUTH Authentication required.'));
    expect(await client.call('AUTH', 'secret')).toBe('OK');
    expect(await client.call('GET', 'k')).toBe(null);
  });

  it('takes a user name, and knows the user "default"', async () => {
    await using serving = await serve(LOCKED);
    const client = await serving.connect();
    expect(await client.call('AUTH', 'default', 'secret')).toBe('OK');
    expect(await client.call('PING')).toBe('PONG');
  });

  it.each([
    ['a wrong password', ['wrong']],
    ['a wrong password with a name', ['default', 'wrong']],
    ['a user that is not there', ['nobody', 'secret']],
  ])('refuses %s', async (_, args) => {
    await using serving = await serve(LOCKED);
    const client = await serving.connect();
    expect(await client.call('AUTH', ...args)).toEqual(
      error('WRONGPASS invalid username-password pair or user is disabled.'),
    );
    expect(await client.call('PING')).toEqual(error('NOAUTH Authentication required.'));
  });

  it('leaves a client that is logged in as it was when it fails', async () => {
    await using serving = await serve(LOCKED);
    const client = await serving.connect();
    await client.call('AUTH', 'secret');
    await client.call('AUTH', 'wrong');
    expect(await client.call('PING')).toBe('PONG');
  });

  it('wonders about a password where none is set', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.call('AUTH', 'x')).toEqual(
      error(
        'ERR AUTH <password> called without any password configured for the default user. ' +
          'Are you sure your configuration is correct?',
      ),
    );
    expect(await client.call('AUTH', 'default', 'x')).toBe('OK');
    expect(await client.call('AUTH', 'a', 'b', 'c')).toEqual(error('ERR syntax error'));
  });

  it('takes passwords of any bytes', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    const password = Buffer.from('abc\0def\xff', 'latin1');
    await client.call('CONFIG', 'SET', 'requirepass', password);
    const other = await serving.connect();
    expect(await other.call('AUTH', 'abc')).toEqual(
      error('WRONGPASS invalid username-password pair or user is disabled.'),
    );
    expect(await other.call('AUTH', password)).toBe('OK');
  });

  it('follows requirepass: who was in stays in, who comes later must log in, until it is gone', async () => {
    await using serving = await serve();
    const early = await serving.connect();
    await early.call('CONFIG', 'SET', 'requirepass', 'new');
    const late = await serving.connect();
    expect(await early.call('PING')).toBe('PONG');
    expect(await late.call('PING')).toEqual(error('NOAUTH Authentication required.'));
    await early.call('CONFIG', 'SET', 'requirepass', '');
    expect(await late.call('PING')).toBe('PONG');
  });

  it('forgets the password that requirepass replaces', async () => {
    await using serving = await serve(LOCKED);
    const client = await serving.connect();
    await client.call('AUTH', 'secret');
    await client.call('CONFIG', 'SET', 'requirepass', 'other');
    const late = await serving.connect();
    expect(await late.call('AUTH', 'secret')).toBeInstanceOf(RespError);
    expect(await late.call('AUTH', 'other')).toBe('OK');
  });
});

describe('Before a client has logged in', () => {
  it('requests are small', async () => {
    await using serving = await serve(LOCKED);
    const many = await serving.connect();
    many.sendRaw('*11\r\n');
    expect(await many.readUntilClose()).toBe('-ERR Protocol error: unauthenticated multibulk length\r\n');
    const large = await serving.connect();
    large.sendRaw('*2\r\n$4\r\nAUTH\r\n$16385\r\n');
    expect(await large.readUntilClose()).toBe('-ERR Protocol error: unauthenticated bulk length\r\n');
  });

  it('it may quit, reset and greet', async () => {
    await using serving = await serve(LOCKED);
    const client = await serving.connect();
    expect(await client.call('RESET')).toBe('RESET');
    expect(await client.call('HELLO')).toEqual(
      error(
        'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> ' +
          'option can be used to authenticate the client and select the RESP protocol version at the same time',
      ),
    );
    expect(await client.call('QUIT')).toBe('OK');
  });

  it('EXEC is refused in the words of EXEC', async () => {
    await using serving = await serve(LOCKED);
    const client = await serving.connect();
    expect(await client.call('EXEC')).toEqual(
      error('EXECABORT Transaction discarded because of: NOAUTH Authentication required.'),
    );
  });
});

describe('HELLO', () => {
  it('describes server and connection, as a flat array in RESP2 and a map in RESP3', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    const id = await client.call('CLIENT', 'ID');
    const fields = (proto: number): [string, unknown][] => [
      ['server', 'redis'],
      ['version', '7.0.15'],
      ['proto', proto],
      ['id', id],
      ['mode', 'standalone'],
      ['role', 'master'],
      ['modules', []],
    ];
    expect(await client.call('HELLO')).toEqual(fields(2).flat());
    expect(await client.call('HELLO', 3)).toEqual(new Map(fields(3)));
    expect(await client.call('HELLO')).toEqual(new Map(fields(3)));
    expect(await client.callRaw('GET', 'missing')).toBe('_\r\n');
    expect(await client.call('HELLO', 2)).toEqual(fields(2).flat());
    expect(await client.callRaw('GET', 'missing')).toBe('$-1\r\n');
  });

  it('logs in and names the connection', async () => {
    await using serving = await serve(LOCKED);
    const client = await serving.connect();
    expect(await client.call('HELLO', 3, 'AUTH', 'default', 'secret', 'SETNAME', 'me')).toBeInstanceOf(Map);
    expect(await client.call('CLIENT', 'GETNAME')).toBe('me');
  });

  it('changes nothing of the protocol when it fails', async () => {
    await using serving = await serve(LOCKED);
    const client = await serving.connect();
    expect(await client.call('HELLO', 3, 'AUTH', 'default', 'wrong')).toEqual(
      error('WRONGPASS invalid username-password pair or user is disabled.'),
    );
    await client.call('AUTH', 'secret');
    expect(await client.callRaw('GET', 'missing')).toBe('$-1\r\n');
  });

  it.each([
    ['another protocol', [4], 'NOPROTO unsupported protocol version'],
    ['protocol 1', [1], 'NOPROTO unsupported protocol version'],
    ['no number', ['x'], 'ERR Protocol version is not an integer or out of range'],
    ['an option without a protocol', ['AUTH', 'a', 'b'], 'ERR Protocol version is not an integer or out of range'],
    ['an unknown option', [3, 'FOO'], "ERR Syntax error in HELLO option 'FOO'"],
    ['an incomplete option', [3, 'AUTH', 'a'], "ERR Syntax error in HELLO option 'AUTH'"],
    ['a bad name', [3, 'SETNAME', 'a b'], 'ERR Client names cannot contain spaces, newlines or special characters.'],
  ])('refuses %s', async (_, args, message) => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.call('HELLO', ...args)).toEqual(error(message));
  });
});

describe('QUIT', () => {
  it('answers, closes, and executes nothing that was sent after it', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    client.sendRaw('SET before 1\r\nQUIT\r\nSET after 1\r\n');
    expect(await client.readUntilClose()).toBe('+OK\r\n+OK\r\n');
    const other = await serving.connect();
    expect(await other.call('GET', 'before')).toBe('1');
    expect(await other.call('GET', 'after')).toBe(null);
  });

  it('ends a transaction that was begun', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    client.sendRaw('MULTI\r\nSET k 1\r\nQUIT\r\n');
    expect(await client.readUntilClose()).toBe('+OK\r\n+QUEUED\r\n+OK\r\n');
  });
});

describe('RESET', () => {
  it('brings back database, protocol, name, modes, subscriptions and transaction', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.pipeline([
      ['HELLO', 3],
      ['SELECT', 5],
      ['CLIENT', 'SETNAME', 'me'],
      ['SET', 'k', 1],
      ['WATCH', 'k'],
    ]);
    client.send('SUBSCRIBE', 'news');
    expect(await client.nextPush()).toEqual(['subscribe', 'news', 1]);
    await client.pipeline([['SET', 'k', 2], ['MULTI']]);
    expect(await client.callRaw('RESET')).toBe('+RESET\r\n');
    expect(await client.callRaw('GET', 'k')).toBe('$-1\r\n');
    expect(await client.call('CLIENT', 'GETNAME')).toBe(null);
    expect(await client.call('PUBSUB', 'CHANNELS')).toEqual([]);
    expect(await client.pipeline([['MULTI'], ['PING'], ['EXEC']])).toEqual(['OK', 'QUEUED', ['PONG']]);
  });

  it('logs out', async () => {
    await using serving = await serve(LOCKED);
    const client = await serving.connect();
    await client.call('AUTH', 'secret');
    await client.call('RESET');
    expect(await client.call('PING')).toEqual(error('NOAUTH Authentication required.'));
  });

  it('ends MONITOR', async () => {
    await using serving = await serve();
    const [client, other] = [await serving.connect(), await serving.connect()];
    expect(await client.call('MONITOR')).toBe('OK');
    expect(await client.call('RESET')).toBe('RESET');
    await other.call('SET', 'k', 1);
    expect(await client.call('GET', 'k')).toBe('1');
  });
});

describe('A command that is not there', () => {
  it.each([
    [['FOO'], "ERR unknown command 'FOO', with args beginning with: "],
    [['foo', 'bar', 'b\r\nz'], "ERR unknown command 'foo', with args beginning with: 'bar' 'b  z' "],
    [['foo', 'a'.repeat(200), 'b'], `ERR unknown command 'foo', with args beginning with: '${'a'.repeat(128)}' `],
    [['x'.repeat(200)], `ERR unknown command '${'x'.repeat(128)}', with args beginning with: `],
    [['CLIENT', 'foo'], "ERR unknown subcommand 'foo'. Try CLIENT HELP."],
    [['client'], "ERR wrong number of arguments for 'client' command"],
    [['client', 'KILL'], "ERR wrong number of arguments for 'client|kill' command"],
  ])('is refused: %j', async (args, message) => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.call(...args)).toEqual(error(message));
  });

  it('closes the connection when it comes from a browser', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    client.sendRaw('POST / HTTP/1.1\r\nHost: localhost\r\nSET k 1\r\n');
    expect(await client.readUntilClose()).toBe('');
    expect(await serving.server.execute('GET', 'k')).toBe(null);
    expect(serving.log.filter((line) => line.includes('Possible SECURITY ATTACK detected.'))).toHaveLength(1);
  });
});
