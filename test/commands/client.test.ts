/** CLIENT and its subcommands. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { RespError, type RespClient } from '../support/resp-client.ts';
import { clientFields, serve } from '../support/serving.ts';

function error(message: string): RespError {
  return new RespError(message);
}

async function infoOf(client: RespClient): Promise<Record<string, string>> {
  return clientFields((await client.call('CLIENT', 'INFO')) as string);
}

/** CLIENT LIST as seen by a client, by name of the connection. */
async function listBy(client: RespClient, ...args: string[]): Promise<Map<string, Record<string, string>>> {
  const text = (await client.call('CLIENT', 'LIST', ...args)) as string;
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(lines.map(clientFields).map((fields) => [fields['name']!, fields]));
}

describe('CLIENT INFO', () => {
  it('shows every field of Redis 7.0 in its order', async () => {
    await using serving = await serve({ clock: 'manual' });
    const client = await serving.connect();
    const line = (await client.call('CLIENT', 'INFO')) as string;
    expect(line).toMatch(
      /^id=\d+ addr=127\.0\.0\.1:\d+ laddr=127\.0\.0\.1:\d+ fd=\d+ name= age=0 idle=0 flags=N db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=26 qbuf-free=20448 argv-mem=10 multi-mem=0 rbs=16384 rbp=16384 obl=0 oll=0 omem=0 tot-mem=37658 events=r cmd=client\|info user=default redir=-1 resp=2\n$/,
    );
  });

  it('is a verbatim string in RESP3', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.call('HELLO', 3);
    expect(await client.callRaw('CLIENT', 'INFO')).toMatch(/^=\d+\r\ntxt:id=\d+ .* resp=3\n\r\n$/);
  });

  it('follows the connection: database, name, protocol, subscriptions', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.pipeline([
      ['SELECT', 7],
      ['CLIENT', 'SETNAME', 'me'],
      ['HELLO', 3],
    ]);
    client.send('SUBSCRIBE', 'a', 'b');
    client.send('PSUBSCRIBE', 'c*');
    client.send('SSUBSCRIBE', 'd');
    for (let i = 0; i < 4; i++) await client.nextPush();
    const { RespVerbatim } = await import('../support/resp-client.ts');
    const info = (await client.call('CLIENT', 'INFO')) as InstanceType<typeof RespVerbatim>;
    expect(clientFields(info.text)).toMatchObject({
      db: '7',
      name: 'me',
      resp: '3',
      sub: '2',
      psub: '1',
      ssub: '1',
      flags: 'P',
    });
  });

  it('shows a transaction from outside', async () => {
    await using serving = await serve();
    const [client, other] = [await serving.connect(), await serving.connect()];
    await client.call('CLIENT', 'SETNAME', 'busy');
    await client.call('WATCH', 'k');
    await client.call('MULTI');
    await client.call('SET', 'k', 'vvvvv');
    await client.call('GET', 'k');
    await other.call('SET', 'k', 'changed');
    expect((await listBy(other)).get('busy')).toMatchObject({
      flags: 'xd',
      multi: '2',
      'multi-mem': String(9 + 3 * 8 + 4 + 2 * 8),
      cmd: 'get',
    });
  });

  it('shows what is there of an unfinished request', async () => {
    await using serving = await serve();
    const [client, other] = [await serving.connect(), await serving.connect()];
    await client.call('CLIENT', 'SETNAME', 'slow');
    client.sendRaw(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n${'v'.repeat(60_000)}`);
    await eventually(async () => {
      const { qbuf, 'argv-mem': argumentBytes } = (await listBy(other)).get('slow')!;
      expect([qbuf, argumentBytes]).toEqual(['60000', '4']);
      return true;
    });
  });

  it('tells age and idle time in seconds', async () => {
    await using serving = await serve({ clock: 'manual' });
    const [client, other] = [await serving.connect(), await serving.connect()];
    await client.call('CLIENT', 'SETNAME', 'old');
    serving.server.clock.advance(5000);
    await client.call('PING');
    serving.server.clock.advance(2000);
    expect((await listBy(other)).get('old')).toMatchObject({ age: '7', idle: '2', cmd: 'ping' });
  });

  it('lets the buffers of an idle client shrink, as Redis does', async () => {
    await using serving = await serve({ clock: 'manual' });
    const [client, other] = [await serving.connect(), await serving.connect()];
    await client.call('CLIENT', 'SETNAME', 'idle');
    serving.server.clock.advance(30_000);
    expect((await listBy(other)).get('idle')).toMatchObject({
      qbuf: '0',
      'qbuf-free': '0',
      rbs: '1024',
      'tot-mem': '1808',
    });
  });
});

describe('CLIENT LIST', () => {
  it('lists clients by type and by id', async () => {
    await using serving = await serve();
    const [client, subscriber] = [await serving.connect(), await serving.connect()];
    await client.call('CLIENT', 'SETNAME', 'me');
    const id = (await subscriber.call('CLIENT', 'ID')) as number;
    await subscriber.call('CLIENT', 'SETNAME', 'listener');
    await subscriber.call('SUBSCRIBE', 'news');
    expect([...(await listBy(client)).keys()].sort()).toEqual(['listener', 'me']);
    expect([...(await listBy(client, 'TYPE', 'normal')).keys()]).toEqual(['me']);
    expect([...(await listBy(client, 'type', 'PUBSUB')).keys()]).toEqual(['listener']);
    expect([...(await listBy(client, 'TYPE', 'replica')).keys()]).toEqual([]);
    expect([...(await listBy(client, 'ID', String(id), '99999')).keys()]).toEqual(['listener']);
  });

  it.each([
    [['TYPE', 'foo'], "ERR Unknown client type 'foo'"],
    [['TYPE'], 'ERR syntax error'],
    [['ID'], 'ERR syntax error'],
    [['ID', 'x'], 'ERR Invalid client ID'],
    [['FOO'], 'ERR syntax error'],
  ])('refuses %j', async (args, message) => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.call('CLIENT', 'LIST', ...args)).toEqual(error(message));
  });
});

describe('CLIENT SETNAME', () => {
  it('names a connection, and takes the name away', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.call('CLIENT', 'GETNAME')).toBe(null);
    expect(await client.call('CLIENT', 'SETNAME', 'a-name')).toBe('OK');
    expect(await client.call('CLIENT', 'GETNAME')).toBe('a-name');
    expect(await client.call('CLIENT', 'SETNAME', '')).toBe('OK');
    expect(await client.call('CLIENT', 'GETNAME')).toBe(null);
  });

  it.each(['a b', 'a\nb', 'é', '\x7f'])('refuses %j', async (name) => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.call('CLIENT', 'SETNAME', name)).toEqual(
      error('ERR Client names cannot contain spaces, newlines or special characters.'),
    );
  });
});

describe('CLIENT KILL', () => {
  it('closes a connection by its address, its own too', async () => {
    await using serving = await serve();
    const [client, victim] = [await serving.connect(), await serving.connect()];
    const { addr } = await infoOf(victim);
    expect(await client.call('CLIENT', 'KILL', addr!)).toBe('OK');
    expect(await victim.readUntilClose()).toBe('');
    expect(await client.call('CLIENT', 'KILL', addr!)).toEqual(error('ERR No such client'));
    client.send('CLIENT', 'KILL', (await infoOf(client))['addr']!);
    expect(await client.readUntilClose()).toBe('+OK\r\n');
  });

  it('closes those that all filters select, and says how many', async () => {
    await using serving = await serve();
    const [client, a, b] = [await serving.connect(), await serving.connect(), await serving.connect()];
    await b.call('SUBSCRIBE', 'news');
    const id = String(await a.call('CLIENT', 'ID'));
    const { laddr } = await infoOf(client);
    expect(await client.call('CLIENT', 'KILL', 'ID', id, 'TYPE', 'pubsub')).toBe(0);
    expect(await client.call('CLIENT', 'KILL', 'ID', id, 'TYPE', 'normal', 'USER', 'default', 'LADDR', laddr!)).toBe(1);
    expect(await a.readUntilClose()).toBe('');
    expect(await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBe(1);
    expect(await client.call('PING')).toBe('PONG');
  });

  it('spares its caller unless told otherwise', async () => {
    await using serving = await serve();
    const [client, other] = [await serving.connect(), await serving.connect()];
    expect(await client.call('CLIENT', 'KILL', 'SKIPME', 'yes')).toBe(1);
    expect(await other.readUntilClose()).toBe('');
    client.sendRaw('CLIENT KILL SKIPME no\r\nPING\r\n');
    expect(await client.readUntilClose()).toBe(':1\r\n');
  });

  it('does not reach the embedder', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await serving.server.execute('PING');
    expect(await client.call('CLIENT', 'KILL', 'SKIPME', 'yes')).toBe(0);
    expect(await serving.server.execute('PING')).toBe('PONG');
  });

  it.each([
    [['ID', '0', 'SKIPME', 'no'], 'ERR client-id should be greater than 0'],
    [['ID', 'x', 'SKIPME', 'no'], 'ERR client-id should be greater than 0'],
    [['ID', '9223372036854775808', 'SKIPME', 'no'], 'ERR client-id should be greater than 0'],
    [['ID', '10', 'SKIPME'], 'ERR syntax error'],
    [['TYPE', 'foo'], "ERR Unknown client type 'foo'"],
    [['USER', 'nobody'], "ERR No such user 'nobody'"],
    [['SKIPME', 'maybe'], 'ERR syntax error'],
    [['FOO', 'bar'], 'ERR syntax error'],
  ])('refuses %j', async (args, message) => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.call('CLIENT', 'KILL', ...args)).toEqual(error(message));
  });
});

describe('CLIENT REPLY', () => {
  it('OFF silences everything until ON, errors included', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    client.sendRaw(
      'CLIENT REPLY OFF\r\nSET k 1\r\nfoo\r\nGET\r\nCLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\nGET k\r\nQUIT\r\n',
    );
    expect(await client.readUntilClose()).toBe('+OK\r\n$1\r\n1\r\n+OK\r\n');
  });

  it('SKIP silences the next command, whatever becomes of it', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    client.sendRaw('CLIENT REPLY SKIP\r\nPING\r\nPING a\r\nCLIENT REPLY SKIP\r\nfoo\r\nPING b\r\nQUIT\r\n');
    expect(await client.readUntilClose()).toBe('$1\r\na\r\n$1\r\nb\r\n+OK\r\n');
  });

  it('ON answers even if it was to be skipped', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    client.sendRaw('CLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\nPING\r\nQUIT\r\n');
    expect(await client.readUntilClose()).toBe('+OK\r\n+PONG\r\n+OK\r\n');
  });

  it('does not silence messages', async () => {
    await using serving = await serve();
    const [client, other] = [await serving.connect(), await serving.connect()];
    await client.call('HELLO', 3);
    client.sendRaw('CLIENT REPLY OFF\r\nSUBSCRIBE news\r\nPUBLISH news own\r\n');
    expect(await client.nextPush()).toEqual(['subscribe', 'news', 1]);
    expect(await client.nextPush()).toEqual(['message', 'news', 'own']);
    await other.call('PUBLISH', 'news', 'hello');
    expect(await client.nextPush()).toEqual(['message', 'news', 'hello']);
    expect(client.unreadCount).toEqual({ replies: 0, pushes: 0 });
  });

  it('refuses other words', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.call('CLIENT', 'REPLY', 'maybe')).toEqual(error('ERR syntax error'));
  });
});

describe('CLIENT NO-EVICT', () => {
  it('shows in the flags', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.call('CLIENT', 'NO-EVICT', 'on')).toBe('OK');
    expect((await infoOf(client))['flags']).toBe('e');
    expect(await client.call('CLIENT', 'NO-EVICT', 'OFF')).toBe('OK');
    expect((await infoOf(client))['flags']).toBe('N');
    expect(await client.call('CLIENT', 'NO-EVICT', 'x')).toEqual(error('ERR syntax error'));
  });
});

describe('CLIENT UNBLOCK', () => {
  it('finds nobody to unblock among those who do not wait', async () => {
    await using serving = await serve();
    const [client, other] = [await serving.connect(), await serving.connect()];
    expect(await client.call('CLIENT', 'UNBLOCK', (await other.call('CLIENT', 'ID')) as number)).toBe(0);
    expect(await client.call('CLIENT', 'UNBLOCK', 99999)).toBe(0);
  });

  it('does not let a client go that a pause holds', async () => {
    await using serving = await serve();
    const [client, other] = [await serving.connect(), await serving.connect()];
    const id = (await other.call('CLIENT', 'ID')) as number;
    await client.call('CLIENT', 'PAUSE', 60_000, 'WRITE');
    other.send('SET', 'k', 1);
    await eventually(async () => String(await client.call('CLIENT', 'LIST', 'ID', id)).includes('flags=b'));
    expect(await client.call('CLIENT', 'UNBLOCK', id)).toBe(0);
    await client.call('CLIENT', 'UNPAUSE');
    expect(await other.nextReply()).toBe('OK');
  });

  it.each([
    [['x'], 'ERR value is not an integer or out of range'],
    [['1', 'foo'], 'ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR'],
    [['1', 'error', 'x'], "ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT HELP."],
  ])('refuses %j', async (args, message) => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.call('CLIENT', 'UNBLOCK', ...args)).toEqual(error(message));
  });
});

describe('CLIENT PAUSE', () => {
  it.each([
    [['x'], 'ERR timeout is not an integer or out of range'],
    [['-1'], 'ERR timeout is negative'],
    [['1', 'reads'], 'ERR CLIENT PAUSE mode must be WRITE or ALL'],
    [['1', 'all', 'x'], "ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP."],
  ])('refuses %j', async (args, message) => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.call('CLIENT', 'PAUSE', ...args)).toEqual(error(message));
  });
});

describe('CLIENT HELP', () => {
  it('names every subcommand', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    const lines = (await client.call('CLIENT', 'HELP')) as string[];
    expect(lines[0]).toBe('CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:');
    for (const name of ['ID', 'INFO', 'LIST', 'KILL', 'PAUSE', 'UNPAUSE', 'REPLY', 'UNBLOCK', 'NO-EVICT', 'HELP']) {
      expect(lines.some((line) => line.split(' ')[0] === name)).toBe(true);
    }
  });
});

describe('A client that goes away', () => {
  it('is gone from the list, whether it ends, resets or was cut off', async () => {
    await using serving = await serve();
    const watcher = await serving.connect();
    const quiet = await serving.connect();
    quiet.end();
    expect(await quiet.readUntilClose()).toBe('');
    const rude = await serving.connect();
    await rude.call('PING');
    rude.reset();
    const half = connect({ port: serving.server.port });
    half.write('*2\r\n$4\r\nECHO\r\n$10\r\nabc');
    half.destroySoon();
    await once(half, 'close');
    await eventually(async () => (await listBy(watcher)).size === 1);
    expect(await watcher.call('PING')).toBe('PONG');
  });

  it('gets the replies to what it sent before it ended', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    client.sendRaw('PING\r\nPING a\r\nPIN');
    client.end();
    expect(await client.readUntilClose()).toBe('+PONG\r\n$1\r\na\r\n');
  });
});

describe('A client without client-side caching', () => {
  it('hears that it has none', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.call('CLIENT', 'GETREDIR')).toBe(-1);
    expect(await client.call('CLIENT', 'TRACKINGINFO')).toEqual(['flags', ['off'], 'redirect', -1, 'prefixes', []]);
    expect(await client.call('CLIENT', 'CACHING', 'yes')).toEqual(
      error(
        'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
      ),
    );
    await client.call('HELLO', 3);
    expect(await client.callRaw('CLIENT', 'TRACKINGINFO')).toBe(
      '%3\r\n$5\r\nflags\r\n~1\r\n$3\r\noff\r\n$8\r\nredirect\r\n:-1\r\n$8\r\nprefixes\r\n*0\r\n',
    );
  });
});
