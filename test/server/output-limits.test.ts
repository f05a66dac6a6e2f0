import { describe, expect, it } from 'vitest';
import { BareServer } from '../support/bare-server.ts';
import { eventually } from '../support/eventually.ts';
import type { RespClient } from '../support/resp-client.ts';
import { serve, type Serving } from '../support/serving.ts';

const BIG = 200_000;

async function isConnected(watcher: RespClient, name: string): Promise<boolean> {
  return ((await watcher.call('CLIENT', 'LIST')) as string).includes(` name=${name} `);
}

/** A client that reads nothing, by name. */
async function deaf(serving: Serving, name: string): Promise<RespClient> {
  const client = await serving.connect();
  await client.call('CLIENT', 'SETNAME', name);
  return client;
}

describe('client-output-buffer-limit', () => {
  it('closes a client whose single reply is larger, and sends nothing of it', async () => {
    await using serving = await serve({ config: { 'client-output-buffer-limit': 'normal 100000 0 0' } });
    const client = await serving.connect();
    await client.call('SET', 'k', 'x'.repeat(BIG));
    client.sendRaw('GET k\r\n');
    expect(await client.readUntilClose()).toBe('');
    const line = serving.log.find((entry) => entry.includes('output buffer limits'))!;
    expect(line).toMatch(
      /^# Client id=\d+ addr=.* omem=\d+ .* scheduled to be closed ASAP for overcoming of output buffer limits\.$/,
    );
  });

  it('closes a client whose replies together are larger', async () => {
    await using serving = await serve({ config: { 'client-output-buffer-limit': 'normal 100000 0 0' } });
    const client = await serving.connect();
    await client.call('SET', 'k', 'x'.repeat(10_000));
    client.sendRaw('GET k\r\n'.repeat(15));
    expect(await client.readUntilClose()).toBe('');
  });

  it('lets through what is smaller', async () => {
    await using serving = await serve({ config: { 'client-output-buffer-limit': 'normal 100000 0 0' } });
    const client = await serving.connect();
    await client.call('SET', 'k', 'x'.repeat(50_000));
    for (let i = 0; i < 10; i++) expect(await client.call('GET', 'k')).toHaveLength(50_000);
  });

  it('does not stop a transaction half way', async () => {
    await using serving = await serve({ config: { 'client-output-buffer-limit': 'normal 100000 0 0' } });
    const client = await serving.connect();
    await client.call('SET', 'big', 'x'.repeat(BIG));
    client.sendRaw('MULTI\r\nSET a 1\r\nGET big\r\nSET b 1\r\nEXEC\r\nSET c 1\r\n');
    await client.readUntilClose();
    expect(await serving.server.execute('MGET', 'a', 'b', 'c')).toEqual(['1', '1', null]);
  });

  it('closes a subscriber that does not read, at once beyond the hard limit', async () => {
    await using serving = await serve({ config: { 'client-output-buffer-limit': 'pubsub 1000000 0 0' } });
    const [subscriber, publisher] = [await deaf(serving, 'subscriber'), await serving.connect()];
    await subscriber.call('SUBSCRIBE', 'news');
    subscriber.pause();
    const message = 'x'.repeat(100_000);
    await eventually(async () => (await publisher.call('PUBLISH', 'news', message)) === 0, {
      timeoutMs: 10_000,
      everyMs: 0,
    });
    expect(await isConnected(publisher, 'subscriber')).toBe(false);
  });

  it('closes it beyond the soft limit only after a time', async () => {
    await using serving = await serve({
      clock: 'manual',
      config: { 'client-output-buffer-limit': 'pubsub 0 100000 3' },
    });
    const [subscriber, publisher] = [await deaf(serving, 'subscriber'), await serving.connect()];
    await subscriber.call('SUBSCRIBE', 'news');
    subscriber.pause();
    await eventually(async () => {
      await publisher.call('PUBLISH', 'news', 'x'.repeat(100_000));
      return /name=subscriber .* omem=[1-9]\d{5,} /.test((await publisher.call('CLIENT', 'LIST')) as string);
    });
    serving.server.clock.advance(2000);
    expect(await isConnected(publisher, 'subscriber')).toBe(true);
    serving.server.clock.advance(3000);
    expect(await isConnected(publisher, 'subscriber')).toBe(false);
    const line = serving.log.find((entry) => entry.includes('output buffer limits'))!;
    expect(line).toMatch(/ closed for overcoming of output buffer limits\.$/);
  });

  it('forgets the time when the client has caught up', async () => {
    await using serving = await serve({
      clock: 'manual',
      config: { 'client-output-buffer-limit': 'pubsub 0 100000 3' },
    });
    const [subscriber, publisher] = [await deaf(serving, 'subscriber'), await serving.connect()];
    await subscriber.call('SUBSCRIBE', 'news');
    for (let round = 0; round < 3; round++) {
      subscriber.pause();
      let published = 0;
      await eventually(async () => {
        published += (await publisher.call('PUBLISH', 'news', 'x'.repeat(100_000))) as number;
        return /name=subscriber .* omem=[1-9]\d{5,} /.test((await publisher.call('CLIENT', 'LIST')) as string);
      });
      serving.server.clock.advance(2000);
      subscriber.resume();
      for (let i = 0; i < published; i++) await subscriber.nextReply();
      serving.server.clock.advance(2000);
    }
    expect(await isConnected(publisher, 'subscriber')).toBe(true);
  });

  it('leaves a client alone that reads nothing if it has no limit, and others work on', async () => {
    await using serving = await serve();
    const [client, other] = [await deaf(serving, 'deaf'), await serving.connect()];
    await client.call('SET', 'k', 'x'.repeat(1_000_000));
    client.pause();
    client.sendRaw('GET k\r\n'.repeat(50));
    expect(await other.call('PING')).toBe('PONG');
    client.resume();
    for (let i = 0; i < 50; i++) expect(await client.nextReply()).toHaveLength(1_000_000);
  });
});

describe('A client that reads late', () => {
  it('gets everything in its order, and is closed only then if it quit', () => {
    const bare = new BareServer();
    const client = bare.connect();
    client.call('SET', 'k', 'x'.repeat(BIG));
    client.isReading = false;
    client.send(['GET', 'k'], ['PING']);
    client.send(['ECHO', 'later'], ['QUIT'], ['PING']);
    expect(client.isClosed).toBe(false);
    client.read();
    expect(client.received()).toBe(`$${BIG}\r\n${'x'.repeat(BIG)}\r\n+PONG\r\n$5\r\nlater\r\n+OK\r\n`);
    expect(client.isClosed).toBe(true);
  });

  it('makes many small messages take little memory', () => {
    const bare = new BareServer();
    const [client, publisher] = [bare.connect(), bare.connect()];
    client.call('SUBSCRIBE', 'news');
    client.isReading = false;
    for (let i = 0; i < 1000; i++) publisher.call('PUBLISH', 'news', String(i));
    // The first message is with the connection, the others wait in the session's own chunk.
    expect(client.queuedBytes).toBeLessThan(100);
    expect(client.session.output.pendingBytes).toBeGreaterThan(30_000);
    client.read();
    expect(client.received().split('message').length - 1).toBe(1000);
  });
});

describe('A client that has not logged in', () => {
  it('gets 16 KiB of replies at most', async () => {
    await using serving = await serve({ password: 'secret' });
    const noAuth = '-NOAUTH Authentication required.\r\n';
    const modest = await serving.connect();
    modest.sendRaw(`${'PING\r\n'.repeat(400)}QUIT\r\n`);
    expect(await modest.readUntilClose()).toBe(`${noAuth.repeat(400)}+OK\r\n`);
    const greedy = await serving.connect();
    greedy.sendRaw('PING\r\n'.repeat(600));
    expect(await greedy.readUntilClose()).toBe('');
    expect(serving.log.some((line) => line.includes('output buffer limits'))).toBe(true);
  });
});
