import { describe, expect, it } from 'vitest';
import type { RespClient } from '../support/resp-client.ts';
import { serve, type Serving } from '../support/serving.ts';

/** A client that hears every notification, and one that makes them. */
async function listening(serving: Serving, classes: string): Promise<{ ears: RespClient; client: RespClient }> {
  const [ears, client] = [await serving.connect(), await serving.connect()];
  await client.call('CONFIG', 'SET', 'notify-keyspace-events', classes);
  await ears.call('PSUBSCRIBE', '__key*');
  return { ears, client };
}

/** What was heard, channel and message, up to a message of our own. */
async function heard(ears: RespClient, client: RespClient): Promise<string[]> {
  await client.call('PUBLISH', '__key-end', '');
  const events: string[] = [];
  for (;;) {
    const [, , channel, message] = (await ears.nextReply()) as string[];
    if (channel === '__key-end') return events;
    events.push(`${channel} ${message}`);
  }
}

describe('Keyspace notifications', () => {
  it('are off by default', async () => {
    await using serving = await serve();
    const [ears, client] = [await serving.connect(), await serving.connect()];
    await ears.call('PSUBSCRIBE', '__key*');
    await client.pipeline([
      ['SET', 'k', 1],
      ['DEL', 'k'],
    ]);
    expect(await heard(ears, client)).toEqual([]);
  });

  it('tell about the key and about the event, with the number of the database', async () => {
    await using serving = await serve();
    const { ears, client } = await listening(serving, 'KEA');
    await client.pipeline([
      ['SELECT', 9],
      ['SET', 'k', 1],
      ['DEL', 'k'],
    ]);
    expect(await heard(ears, client)).toEqual([
      '__keyspace@9__:k set',
      '__keyevent@9__:set k',
      '__keyspace@9__:k del',
      '__keyevent@9__:del k',
    ]);
  });

  it.each([
    ['K$', ['__keyspace@0__:k set']],
    ['E$', ['__keyevent@0__:set k']],
    ['Eg', ['__keyevent@0__:expire k', '__keyevent@0__:del k']],
    ['EK', []],
    ['gx$', []],
    ['El', []],
  ])('of the classes %s only', async (classes, events) => {
    await using serving = await serve();
    const { ears, client } = await listening(serving, classes);
    await client.pipeline([
      ['SET', 'k', 1],
      ['EXPIRE', 'k', 100],
      ['DEL', 'k'],
    ]);
    expect(await heard(ears, client)).toEqual(events);
  });

  it('tell that a key expired, when an access finds out', async () => {
    await using serving = await serve({ clock: 'manual', config: { 'enable-debug-command': 'yes' } });
    const { ears, client } = await listening(serving, 'Ex');
    await client.pipeline([
      ['DEBUG', 'SET-ACTIVE-EXPIRE', 0],
      ['SET', 'k', 1, 'PX', 100],
    ]);
    serving.server.clock.advance(200);
    expect(await heard(ears, client)).toEqual([]);
    await client.call('GET', 'k');
    expect(await heard(ears, client)).toEqual(['__keyevent@0__:expired k']);
  });

  it('tell that a key expired, when nobody looks', async () => {
    await using serving = await serve({ clock: 'manual' });
    const { ears, client } = await listening(serving, 'Ex');
    await client.call('SET', 'k', 1, 'PX', 100);
    serving.server.clock.advance(1000);
    expect(await heard(ears, client)).toEqual(['__keyevent@0__:expired k']);
  });

  it('tell about misses and about new keys if asked', async () => {
    await using serving = await serve();
    const { ears, client } = await listening(serving, 'Emn');
    await client.pipeline([
      ['GET', 'k'],
      ['SET', 'k', 1],
      ['SET', 'k', 2],
      ['GET', 'k'],
    ]);
    expect(await heard(ears, client)).toEqual(['__keyevent@0__:keymiss k', '__keyevent@0__:new k']);
  });

  it('reach the client itself in RESP3, before its reply, even if its command fails', async () => {
    await using serving = await serve({ clock: 'manual', config: { 'enable-debug-command': 'yes' } });
    const client = await serving.connect();
    await client.pipeline([
      ['HELLO', 3],
      ['DEBUG', 'SET-ACTIVE-EXPIRE', 0],
      ['CONFIG', 'SET', 'notify-keyspace-events', 'Ex'],
      ['SET', 'old', 'x', 'PX', 1],
      ['SET', 'k', 'x'],
    ]);
    client.send('SUBSCRIBE', '__keyevent@0__:expired');
    await client.nextPush();
    serving.server.clock.advance(2);
    client.sendRaw('RENAME old k\r\nGET k\r\nQUIT\r\n');
    expect(await client.readUntilClose()).toBe(
      '>3\r\n$7\r\nmessage\r\n$22\r\n__keyevent@0__:expired\r\n$3\r\nold\r\n' +
        '-ERR no such key\r\n$1\r\nx\r\n+OK\r\n',
    );
  });
});
