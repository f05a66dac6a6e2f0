/** What clients that cache keys are told, in each mode. Redirection and the table's limits have files of their own. */
import { describe, expect, it } from 'vitest';
import type { RespClient } from '../support/resp-client.ts';
import { serve, type Serving } from '../support/serving.ts';

/** A RESP3 client that tracks, and one that changes keys. */
async function pair(serving: Serving, ...options: string[]): Promise<{ reader: RespClient; writer: RespClient }> {
  const [reader, writer] = [await serving.connect(), await serving.connect()];
  await reader.call('HELLO', 3);
  expect(await reader.call('CLIENT', 'TRACKING', 'ON', ...options)).toBe('OK');
  return { reader, writer };
}

/** What a client was pushed up to now. */
async function pushes(client: RespClient): Promise<unknown[]> {
  await client.call('PING');
  const { pushes: count } = client.unreadCount;
  const all: unknown[] = [];
  for (let i = 0; i < count; i++) all.push(await client.nextPush());
  return all;
}

/** Everything that a client receives for commands sent in one piece, with "|" for line ends. */
async function conversation(serving: Serving, ...commands: string[]): Promise<string> {
  const client = await serving.connect();
  const received = client.readUntilClose();
  client.sendRaw(`${['HELLO 3', ...commands, 'QUIT'].join('\r\n')}\r\n`);
  const text = (await received).replaceAll('\r\n', '|');
  return text.slice(text.indexOf('|$7|modules|*0|') + '|$7|modules|*0|'.length, -'+OK|'.length);
}

const pushOf = (...keys: string[]): string =>
  `>2|$10|invalidate|*${keys.length}|${keys.map((key) => `$${key.length}|${key}|`).join('')}`;

describe('A client that tracks the keys that it reads', () => {
  it('is told of a change once, until it reads the key again', async () => {
    await using serving = await serve();
    const { reader, writer } = await pair(serving);
    await reader.call('GET', 'k');
    await writer.call('SET', 'k', 1);
    await writer.call('SET', 'k', 2);
    expect(await pushes(reader)).toEqual([['invalidate', ['k']]]);
    await reader.call('GET', 'k');
    await writer.call('DEL', 'k');
    expect(await pushes(reader)).toEqual([['invalidate', ['k']]]);
  });

  it('tracks every key of a reading command, present or not, whatever the type', async () => {
    await using serving = await serve();
    const { reader, writer } = await pair(serving);
    await writer.call('SADD', 's', 1);
    for (const call of [
      ['MGET', 'a', 'b'],
      ['EXISTS', 'c'],
      ['SINTER', 's', 't'],
      ['GET', 's'],
      ['TYPE', 'd'],
    ]) {
      await reader.call(...call);
    }
    for (const key of ['a', 'b', 'c', 'd', 't', 'x']) await writer.call('SET', key, 1);
    await writer.call('SADD', 's', 2);
    expect((await pushes(reader)).map((push) => (push as string[][])[1]![0])).toEqual(['a', 'b', 'c', 'd', 't', 's']);
  });

  it('does not track what writing commands return, nor what came before', async () => {
    await using serving = await serve();
    const [reader, writer] = [await serving.connect(), await serving.connect()];
    await reader.call('HELLO', 3);
    await reader.call('GET', 'early');
    await reader.call('CLIENT', 'TRACKING', 'ON');
    await reader.call('SET', 'written', 1, 'GET');
    await reader.call('GETDEL', 'deleted');
    await reader.call('SCAN', 0);
    for (const key of ['early', 'written', 'deleted']) await writer.call('SET', key, 1);
    expect(await pushes(reader)).toEqual([]);
  });

  it('tracks keys without their database', async () => {
    await using serving = await serve();
    const { reader, writer } = await pair(serving);
    await reader.call('GET', 'k');
    await writer.call('SELECT', 5);
    await writer.call('SET', 'k', 1);
    expect(await pushes(reader)).toEqual([['invalidate', ['k']]]);
  });

  it('is told of its own changes, but with NOLOOP', async () => {
    await using serving = await serve();
    const { reader, writer } = await pair(serving);
    await reader.pipeline([
      ['GET', 'k'],
      ['SET', 'k', 1],
    ]);
    expect(await pushes(reader)).toEqual([['invalidate', ['k']]]);
    await reader.call('CLIENT', 'TRACKING', 'ON', 'NOLOOP');
    await reader.pipeline([
      ['MGET', 'k', 'l'],
      ['SET', 'k', 2],
    ]);
    await writer.pipeline([
      ['SET', 'k', 3],
      ['SET', 'l', 1],
    ]);
    expect(await pushes(reader)).toEqual([['invalidate', ['l']]]);
  });

  it('is told when a key expires, on access and in the background', async () => {
    await using serving = await serve({ clock: 'manual' });
    const { reader, writer } = await pair(serving);
    await writer.pipeline([
      ['SET', 'a', 1, 'PX', 1000],
      ['SET', 'b', 1, 'PX', 1000],
      ['DEBUG', 'SET-ACTIVE-EXPIRE', 0],
    ]);
    await reader.call('MGET', 'a', 'b');
    serving.server.clock.advance(2000);
    await writer.call('GET', 'a');
    const found = await pushes(reader);
    serving.server.clock.advance(2000);
    found.push(...(await pushes(reader)));
    expect(found.map((push) => (push as string[][])[1]![0]).sort()).toEqual(['a', 'b']);
  });

  it('is told with null that everything is gone, as often as there is a flush', async () => {
    await using serving = await serve();
    const { reader, writer } = await pair(serving);
    await reader.call('GET', 'k');
    await writer.call('FLUSHALL');
    await writer.call('FLUSHDB');
    expect(await pushes(reader)).toEqual([
      ['invalidate', null],
      ['invalidate', null],
    ]);
    await writer.call('SWAPDB', 0, 1);
    await writer.call('SET', 'k', 1);
    expect(await pushes(reader)).toEqual([]);
  });

  it('is told nothing under RESP2 without a redirection', async () => {
    await using serving = await serve();
    expect(await conversation(serving, 'HELLO 2', 'CLIENT TRACKING ON', 'GET k', 'SET k 1', 'PING')).toMatch(
      /\+OK\|\$-1\|\+OK\|\+PONG\|$/,
    );
  });

  it('is told past CLIENT REPLY OFF', async () => {
    await using serving = await serve();
    expect(
      await conversation(serving, 'CLIENT TRACKING ON', 'GET k', 'CLIENT REPLY OFF', 'SET k 1', 'CLIENT REPLY ON'),
    ).toBe(`+OK|_|${pushOf('k')}+OK|`);
  });

  it('hears nothing more after CLIENT TRACKING OFF or RESET', async () => {
    await using serving = await serve();
    const { reader, writer } = await pair(serving);
    await reader.call('MGET', 'a', 'b');
    await reader.call('CLIENT', 'TRACKING', 'OFF');
    await writer.call('SET', 'a', 1);
    await reader.call('CLIENT', 'TRACKING', 'ON');
    await reader.call('RESET');
    await reader.call('HELLO', 3);
    await writer.call('SET', 'b', 1);
    expect(await pushes(reader)).toEqual([]);
    expect(await writer.call('INFO', 'clients')).toContain('tracking_clients:0');
  });

  it('may hear of what it read before it turned tracking off and on', async () => {
    await using serving = await serve();
    const { reader, writer } = await pair(serving);
    await reader.call('GET', 'k');
    await reader.call('CLIENT', 'TRACKING', 'OFF');
    await reader.call('CLIENT', 'TRACKING', 'ON');
    await writer.call('SET', 'k', 1);
    expect(await pushes(reader)).toEqual([['invalidate', ['k']]]);
  });

  it('is told of keys with any bytes', async () => {
    await using serving = await serve();
    const key = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const [reader, writer] = [await serving.connect({ bulkAsBuffer: true }), await serving.connect()];
    await reader.call('HELLO', 3);
    await reader.call('CLIENT', 'TRACKING', 'ON');
    await reader.call('GET', key);
    await writer.call('SET', key, 1);
    expect(await reader.nextPush()).toEqual([Buffer.from('invalidate'), [key]]);
  });
});

describe('What a client is told of its own changes', () => {
  it('follows the reply', async () => {
    await using serving = await serve();
    expect(await conversation(serving, 'CLIENT TRACKING ON', 'MGET a b', 'MSET b 1 a 1', 'PING')).toBe(
      `+OK|*2|_|_|+OK|${pushOf('b')}${pushOf('a')}+PONG|`,
    );
  });

  it('follows the reply of the whole transaction', async () => {
    await using serving = await serve();
    const script = ['CLIENT TRACKING ON', 'MULTI', 'GET a', 'SET a 1', 'GET a', 'FLUSHALL', 'INCR b', 'EXEC', 'PING'];
    expect(await conversation(serving, ...script)).toBe(
      '+OK|+OK|+QUEUED|+QUEUED|+QUEUED|+QUEUED|+QUEUED|*5|_|+OK|$1|1|+OK|:1|' +
        `${pushOf('a')}>2|$10|invalidate|_|+PONG|`,
    );
  });

  it('is not taken back with the reply of a command that fails', async () => {
    await using serving = await serve();
    const script = [
      'CLIENT TRACKING ON',
      'GET k',
      'LPUSH k a',
      'GET k',
      'PEXPIREAT k 1',
      'LPUSH l a',
      'MULTI',
      'GET l',
    ];
    const text = await conversation(serving, ...script, 'DEL l', 'HSET l f', 'INCR k', 'EXEC', 'DISCARD');
    expect(text).toContain(`+OK|_|:1|${pushOf('k')}-WRONGTYPE`);
    expect(text).toContain(`:1|${pushOf('k')}:1|+OK|`);
    expect(text).toContain('-EXECABORT');
  });

  it('follows the reply of a command that waited', async () => {
    await using serving = await serve();
    const { reader, writer } = await pair(serving);
    await reader.call('LRANGE', 'to', 0, -1);
    reader.send('BLMOVE', 'from', 'to', 'LEFT', 'LEFT', 0);
    await writer.call('PING');
    await writer.call('RPUSH', 'from', 'x');
    expect(await reader.nextReply()).toBe('x');
    expect(await pushes(reader)).toEqual([['invalidate', ['to']]]);
  });

  it('goes to others at once, in the order of the changes', async () => {
    await using serving = await serve();
    const { reader, writer } = await pair(serving);
    await reader.call('MGET', 'a', 'b', 'c');
    await writer.pipeline([['MULTI'], ['SET', 'c', 1], ['DEL', 'a'], ['SET', 'b', 1], ['SET', 'c', 2], ['EXEC']]);
    const told = [
      ['invalidate', ['c']],
      ['invalidate', ['b']],
    ];
    expect(await pushes(reader)).toEqual(told);
  });
});

describe('Scripts', () => {
  it('that read anything let their client track every key that they were given', async () => {
    await using serving = await serve();
    const { reader, writer } = await pair(serving);
    await reader.call('EVAL', "return redis.call('GET', 'other')", 2, 'a', 'b');
    await reader.call('EVAL_RO', "return redis.call('PING')", 1, 'c');
    await reader.call('EVAL', "return redis.call('SET', 'd', 1)", 1, 'd');
    await writer.call('MSET', 'a', 1, 'b', 1, 'c', 1, 'd', 1, 'other', 1);
    expect(await pushes(reader)).toEqual([
      ['invalidate', ['a']],
      ['invalidate', ['b']],
    ]);
  });

  it('change keys as their client does, but for broadcasts', async () => {
    await using serving = await serve();
    const { reader } = await pair(serving, 'NOLOOP');
    await reader.call('GET', 'k');
    await reader.call('EVAL', "return redis.call('SET', 'k', 1)", 1, 'k');
    expect(await pushes(reader)).toEqual([]);
    const { reader: second } = await pair(serving, 'NOLOOP', 'BCAST');
    await second.call('EVAL', "return redis.call('SET', 'k', 1)", 1, 'k');
    expect(await pushes(second)).toEqual([['invalidate', ['k']]]);
  });
});

describe('OPTIN and OPTOUT', () => {
  it('OPTIN tracks what follows CLIENT CACHING YES', async () => {
    await using serving = await serve();
    const { reader, writer } = await pair(serving, 'OPTIN');
    await reader.pipeline([
      ['GET', 'a'],
      ['CLIENT', 'CACHING', 'YES'],
      ['GET', 'b'],
      ['GET', 'c'],
    ]);
    for (const key of ['a', 'b', 'c']) await writer.call('SET', key, 1);
    expect(await pushes(reader)).toEqual([['invalidate', ['b']]]);
  });

  it('OPTOUT tracks all but what follows CLIENT CACHING NO', async () => {
    await using serving = await serve();
    const { reader, writer } = await pair(serving, 'OPTOUT');
    await reader.pipeline([
      ['GET', 'a'],
      ['CLIENT', 'CACHING', 'NO'],
      ['GET', 'b'],
      ['GET', 'c'],
    ]);
    for (const key of ['a', 'b', 'c']) await writer.call('SET', key, 1);
    expect(await pushes(reader)).toEqual([
      ['invalidate', ['a']],
      ['invalidate', ['c']],
    ]);
  });

  it('CLIENT CACHING holds for a whole transaction, and over other CLIENT commands', async () => {
    await using serving = await serve();
    const { reader, writer } = await pair(serving, 'OPTIN');
    await reader.pipeline([
      ['CLIENT', 'CACHING', 'YES'],
      ['CLIENT', 'ID'],
      ['MULTI'],
      ['GET', 'a'],
      ['GET', 'b'],
      ['EXEC'],
      ['GET', 'c'],
    ]);
    for (const key of ['a', 'b', 'c']) await writer.call('SET', key, 1);
    expect(await pushes(reader)).toEqual([
      ['invalidate', ['a']],
      ['invalidate', ['b']],
    ]);
  });

  it('CLIENT CACHING is spent by any other command, even one that does not exist', async () => {
    await using serving = await serve();
    const { reader, writer } = await pair(serving, 'OPTIN');
    await reader.pipeline([['CLIENT', 'CACHING', 'YES'], ['PING'], ['GET', 'a']]);
    await reader.pipeline([['CLIENT', 'CACHING', 'YES'], ['NONSENSE'], ['GET', 'b']]);
    for (const key of ['a', 'b']) await writer.call('SET', key, 1);
    expect(await pushes(reader)).toEqual([]);
  });
});

describe('Broadcasts', () => {
  it('tell of every change of a turn in one message, sorted, each key once', async () => {
    await using serving = await serve();
    const { reader, writer } = await pair(serving, 'BCAST');
    await writer.pipeline([
      ['MSET', 'b', 1, 'a', 1],
      ['INCR', 'b'],
      ['DEL', 'nothing'],
      ['SET', 'aa', 1],
    ]);
    expect(await pushes(reader)).toEqual([['invalidate', ['a', 'aa', 'b']]]);
  });

  it('tell of the keys under the prefixes of the client, one message for each prefix', async () => {
    await using serving = await serve();
    const { reader, writer } = await pair(serving, 'BCAST', 'PREFIX', 'user:', 'PREFIX', 'item:');
    await writer.call('MSET', 'user:1', 1, 'use', 1, 'other', 1, 'item:', 1, 'user:0', 1);
    expect(await pushes(reader)).toEqual([
      ['invalidate', ['item:']],
      ['invalidate', ['user:0', 'user:1']],
    ]);
    await reader.call('CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', 'o');
    await writer.call('MSET', 'other', 2, 'user:1', 2);
    expect(await pushes(reader)).toEqual([
      ['invalidate', ['other']],
      ['invalidate', ['user:1']],
    ]);
  });

  it('come after the replies of the turn', async () => {
    await using serving = await serve();
    expect(await conversation(serving, 'CLIENT TRACKING ON BCAST', 'SET k 1', 'PING', 'CLIENT TRACKING OFF')).toBe(
      '+OK|+OK|+PONG|+OK|',
    );
    const { reader } = await pair(serving, 'BCAST');
    await reader.pipeline([['SET', 'k', 1], ['PING']]);
    expect(await pushes(reader)).toEqual([['invalidate', ['k']]]);
  });

  it('leave out, with NOLOOP, what the client itself changed last', async () => {
    await using serving = await serve();
    const { reader, writer } = await pair(serving, 'BCAST', 'NOLOOP');
    await reader.call('SET', 'own', 1);
    expect(await pushes(reader)).toEqual([]);
    await writer.call('SET', 'other', 1);
    expect(await pushes(reader)).toEqual([['invalidate', ['other']]]);
  });

  it('tell of expired keys, of a flush, and not of what was read', async () => {
    await using serving = await serve({ clock: 'manual' });
    const { reader, writer } = await pair(serving, 'BCAST', 'NOLOOP');
    await reader.call('SET', 'k', 1, 'PX', 100);
    serving.server.clock.advance(1000);
    await writer.call('GET', 'k');
    expect(await pushes(reader)).toEqual([['invalidate', ['k']]]);
    await writer.call('FLUSHALL');
    expect(await pushes(reader)).toEqual([['invalidate', null]]);
    expect(await writer.call('INFO', 'stats')).toContain('tracking_total_keys:0');
  });

  it('go to each of several clients', async () => {
    await using serving = await serve();
    const { reader, writer } = await pair(serving, 'BCAST');
    const { reader: second } = await pair(serving, 'BCAST', 'PREFIX', 'k');
    await writer.call('SET', 'k', 1);
    expect(await pushes(reader)).toEqual([['invalidate', ['k']]]);
    expect(await pushes(second)).toEqual([['invalidate', ['k']]]);
  });
});
