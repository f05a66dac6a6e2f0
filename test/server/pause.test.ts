import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { RespError, type RespClient } from '../support/resp-client.ts';
import { serve } from '../support/serving.ts';

/** Waits until so many clients are held. */
async function untilHeld(watcher: RespClient, count: number): Promise<void> {
  await eventually(async () => {
    const list = (await watcher.call('CLIENT', 'LIST')) as string;
    return list.split('\n').filter((line) => / flags=\w*b/.test(line)).length === count;
  });
}

describe('CLIENT PAUSE', () => {
  it('WRITE holds back what writes, until CLIENT UNPAUSE', async () => {
    await using serving = await serve();
    const [client, writer] = [await serving.connect(), await serving.connect()];
    expect(await client.call('CLIENT', 'PAUSE', 60_000, 'WRITE')).toBe('OK');
    writer.send('SET', 'k', 1);
    await untilHeld(client, 1);
    expect(await client.call('GET', 'k')).toBe(null);
    expect(await client.call('PING')).toBe('PONG');
    expect(await client.call('CLIENT', 'UNPAUSE')).toBe('OK');
    expect(await writer.nextReply()).toBe('OK');
    expect(await client.call('GET', 'k')).toBe('1');
  });

  it('ends by itself', async () => {
    await using serving = await serve({ clock: 'manual' });
    const [client, writer] = [await serving.connect(), await serving.connect()];
    await client.call('CLIENT', 'PAUSE', 1000, 'WRITE');
    writer.send('SET', 'k', 1);
    await untilHeld(client, 1);
    serving.server.clock.advance(999);
    await untilHeld(client, 1);
    serving.server.clock.advance(1);
    expect(await writer.nextReply()).toBe('OK');
  });

  it('holds back everything that follows a held request, in its order', async () => {
    await using serving = await serve();
    const [client, writer] = [await serving.connect(), await serving.connect()];
    await client.call('CLIENT', 'PAUSE', 60_000, 'WRITE');
    writer.sendRaw('PING\r\nSET k 1\r\nPING 2\r\nINCR k\r\nPIN');
    expect(await writer.nextReply()).toBe('PONG');
    await untilHeld(client, 1);
    writer.sendRaw('G 3\r\n');
    await client.call('CLIENT', 'UNPAUSE');
    for (const reply of ['OK', '2', 2, '3']) expect(await writer.nextReply()).toBe(reply);
  });

  it('lets held clients go in the order in which they came', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    const writers = [await serving.connect(), await serving.connect(), await serving.connect()];
    await client.call('CLIENT', 'PAUSE', 60_000, 'WRITE');
    for (const [index, writer] of writers.entries()) {
      writer.send('APPEND', 'k', String(index));
      await untilHeld(client, index + 1);
    }
    await client.call('CLIENT', 'UNPAUSE');
    for (const writer of writers) await writer.nextReply();
    expect(await client.call('GET', 'k')).toBe('012');
  });

  it('ALL holds back every command, even CLIENT UNPAUSE', async () => {
    await using serving = await serve({ clock: 'manual' });
    const [client, other, monitor] = [await serving.connect(), await serving.connect(), await serving.connect()];
    await monitor.call('MONITOR');
    await client.call('CLIENT', 'PAUSE', 1000);
    other.send('PING');
    client.send('CLIENT', 'UNPAUSE');
    other.send('FOO');
    await untilHeld(monitor, 2);
    expect(other.unreadCount.replies + client.unreadCount.replies).toBe(0);
    serving.server.clock.advance(1000);
    expect(await other.nextReply()).toBe('PONG');
    expect(await client.nextReply()).toBe('OK');
    expect(await other.nextReply()).toBeInstanceOf(RespError);
  });

  it('answers mistakes at once', async () => {
    await using serving = await serve();
    const [client, other] = [await serving.connect(), await serving.connect()];
    await client.call('CLIENT', 'PAUSE', 60_000, 'WRITE');
    expect(await other.call('SET', 'k')).toEqual(new RespError("ERR wrong number of arguments for 'set' command"));
  });

  it('holds back messages, which replicas would have to hear', async () => {
    await using serving = await serve();
    const [client, publisher] = [await serving.connect(), await serving.connect()];
    await client.call('CLIENT', 'PAUSE', 60_000, 'WRITE');
    publisher.send('PUBLISH', 'news', 'x');
    await untilHeld(client, 1);
    await client.call('CLIENT', 'UNPAUSE');
    expect(await publisher.nextReply()).toBe(0);
  });

  it('holds back an EXEC that writes, and none that reads', async () => {
    await using serving = await serve();
    const [client, writer, reader] = [await serving.connect(), await serving.connect(), await serving.connect()];
    await writer.pipeline([['MULTI'], ['SET', 'k', 1]]);
    await client.call('CLIENT', 'PAUSE', 60_000, 'WRITE');
    await reader.pipeline([['MULTI'], ['GET', 'k']]);
    expect(await reader.call('EXEC')).toEqual([null]);
    writer.send('EXEC');
    await untilHeld(client, 1);
    await client.call('CLIENT', 'UNPAUSE');
    expect(await writer.nextReply()).toEqual(['OK']);
  });

  it('takes effect behind the transaction that asks for it', async () => {
    await using serving = await serve();
    const [client, writer] = [await serving.connect(), await serving.connect()];
    await client.pipeline([['MULTI'], ['SET', 'a', 1], ['CLIENT', 'PAUSE', 60_000, 'WRITE'], ['SET', 'b', 1]]);
    expect(await client.call('EXEC')).toEqual(['OK', 'OK', 'OK']);
    writer.send('SET', 'c', 1);
    await untilHeld(client, 1);
    expect(await client.call('MGET', 'a', 'b', 'c')).toEqual(['1', '1', null]);
    await client.call('CLIENT', 'UNPAUSE');
    expect(await writer.nextReply()).toBe('OK');
  });

  it('becomes stricter and longer by another one, never laxer or shorter', async () => {
    await using serving = await serve({ clock: 'manual' });
    const [client, other] = [await serving.connect(), await serving.connect()];
    await client.call('CLIENT', 'PAUSE', 5000, 'WRITE');
    await client.call('CLIENT', 'PAUSE', 1000, 'WRITE');
    serving.server.clock.advance(2000);
    other.send('SET', 'k', 1);
    await untilHeld(client, 1);
    await client.call('CLIENT', 'PAUSE', 1000, 'ALL');
    client.send('PING');
    serving.server.clock.advance(2999);
    expect(client.unreadCount.replies + other.unreadCount.replies).toBe(0);
    serving.server.clock.advance(1);
    expect(await other.nextReply()).toBe('OK');
    expect(await client.nextReply()).toBe('PONG');
  });

  it('keeps keys whose time passes, though nobody sees them', async () => {
    await using serving = await serve({ clock: 'manual' });
    const client = await serving.connect();
    await client.pipeline([
      ['SET', 'a', 1, 'PX', 100],
      ['SET', 'b', 1, 'PX', 100],
      ['CLIENT', 'PAUSE', 60_000, 'WRITE'],
    ]);
    serving.server.clock.advance(1000);
    expect(await client.call('GET', 'a')).toBe(null);
    expect(await client.call('DBSIZE')).toBe(2);
    expect(await client.call('INFO', 'stats')).toContain('expired_keys:0');
    await client.call('CLIENT', 'UNPAUSE');
    await client.pipeline([
      ['GET', 'a'],
      ['GET', 'b'],
    ]);
    expect(await client.call('DBSIZE')).toBe(0);
    expect(await client.call('INFO', 'stats')).toContain('expired_keys:2');
  });

  it('does not hold back monitors', async () => {
    await using serving = await serve({ clock: 'manual' });
    const [client, monitor] = [await serving.connect(), await serving.connect()];
    await monitor.call('MONITOR');
    await client.call('CLIENT', 'PAUSE', 60_000);
    expect(await monitor.call('PING')).toBe('PONG');
  });

  it('lets a held client leave', async () => {
    await using serving = await serve();
    const [client, writer] = [await serving.connect(), await serving.connect()];
    await client.call('CLIENT', 'PAUSE', 60_000, 'WRITE');
    writer.send('SET', 'k', 1);
    await untilHeld(client, 1);
    writer.end();
    expect(await writer.readUntilClose()).toBe('');
    await client.call('CLIENT', 'UNPAUSE');
    expect(await client.call('GET', 'k')).toBe(null);
  });

  it('keeps the answer of a held request to be skipped', async () => {
    await using serving = await serve();
    const [client, writer] = [await serving.connect(), await serving.connect()];
    await client.call('CLIENT', 'PAUSE', 60_000, 'WRITE');
    writer.sendRaw('CLIENT REPLY SKIP\r\nSET k 1\r\nGET k\r\n');
    await untilHeld(client, 1);
    await client.call('CLIENT', 'UNPAUSE');
    expect(await writer.nextReply()).toBe('1');
  });
});
