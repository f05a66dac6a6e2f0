/** SUBSCRIBE and its relatives, PUBLISH, SPUBLISH, PUBSUB. */
import { describe, expect, it } from 'vitest';
import { RespError } from '../support/resp-client.ts';
import { serve } from '../support/serving.ts';

const NOT_WHILE_SUBSCRIBED = 'only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context';

describe('Channels', () => {
  it('bring each message to every subscriber, and to nobody else', async () => {
    await using serving = await serve();
    const [publisher, a, b] = [await serving.connect(), await serving.connect(), await serving.connect()];
    expect(await a.call('SUBSCRIBE', 'news')).toEqual(['subscribe', 'news', 1]);
    expect(await b.call('SUBSCRIBE', 'news')).toEqual(['subscribe', 'news', 1]);
    expect(await publisher.call('PUBLISH', 'news', 'hello')).toBe(2);
    expect(await publisher.call('PUBLISH', 'other', 'hello')).toBe(0);
    expect(await a.nextReply()).toEqual(['message', 'news', 'hello']);
    expect(await b.nextReply()).toEqual(['message', 'news', 'hello']);
    expect(await a.call('PING')).toEqual(['pong', '']);
  });

  it('confirm each subscription with the count of all', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    client.sendRaw(
      'SUBSCRIBE a b a\r\nPSUBSCRIBE c*\r\nSSUBSCRIBE d\r\nUNSUBSCRIBE a x\r\nUNSUBSCRIBE\r\nPUNSUBSCRIBE\r\nSUNSUBSCRIBE\r\nQUIT\r\n',
    );
    const expected = [
      ['subscribe', 'a', 1],
      ['subscribe', 'b', 2],
      ['subscribe', 'a', 2],
      ['psubscribe', 'c*', 3],
      ['ssubscribe', 'd', 1],
      ['unsubscribe', 'a', 2],
      ['unsubscribe', 'x', 2],
      ['unsubscribe', 'b', 1],
      ['punsubscribe', 'c*', 0],
      ['sunsubscribe', 'd', 0],
    ];
    for (const confirmation of expected) expect(await client.nextReply()).toEqual(confirmation);
    expect(await client.nextReply()).toBe('OK');
  });

  it('confirm with null that there was nothing to leave', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.callRaw('UNSUBSCRIBE')).toBe('*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n');
    expect(await client.callRaw('PUNSUBSCRIBE')).toBe('*3\r\n$12\r\npunsubscribe\r\n$-1\r\n:0\r\n');
    expect(await client.callRaw('SUNSUBSCRIBE')).toBe('*3\r\n$12\r\nsunsubscribe\r\n$-1\r\n:0\r\n');
    expect(await client.call('PING')).toBe('PONG');
  });

  it('and messages may hold any bytes', async () => {
    await using serving = await serve();
    const [publisher, subscriber] = [await serving.connect(), await serving.connect({ bulkAsBuffer: true })];
    const [channel, message] = [Buffer.from('\r\n\0\xff', 'latin1'), Buffer.from('\xfe\0\r\n', 'latin1')];
    await subscriber.call('SUBSCRIBE', channel);
    expect(await publisher.call('PUBLISH', channel, message)).toBe(1);
    expect(await subscriber.nextReply()).toEqual([Buffer.from('message'), channel, message]);
  });

  it('carry long messages to many, in order with short ones', async () => {
    await using serving = await serve();
    const publisher = await serving.connect();
    const subscribers = await Promise.all(Array.from({ length: 10 }, () => serving.connect()));
    for (const subscriber of subscribers) await subscriber.call('SUBSCRIBE', 'news');
    const long = 'x'.repeat(300_000);
    await publisher.pipeline([
      ['PUBLISH', 'news', 'before'],
      ['PUBLISH', 'news', long],
      ['PUBLISH', 'news', 'after'],
    ]);
    for (const subscriber of subscribers) {
      for (const message of ['before', long, 'after']) {
        expect((await subscriber.nextReply()) as string[]).toEqual(['message', 'news', message]);
      }
    }
  });

  it('forget a client that goes away', async () => {
    await using serving = await serve();
    const [publisher, subscriber] = [await serving.connect(), await serving.connect()];
    await subscriber.pipeline([
      ['SUBSCRIBE', 'a'],
      ['PSUBSCRIBE', 'b*'],
      ['SSUBSCRIBE', 'c'],
    ]);
    subscriber.end();
    await subscriber.readUntilClose();
    expect(await publisher.call('PUBLISH', 'a', '1')).toBe(0);
    expect(
      await publisher.pipeline([
        ['PUBSUB', 'CHANNELS'],
        ['PUBSUB', 'NUMPAT'],
        ['PUBSUB', 'SHARDCHANNELS'],
      ]),
    ).toEqual([[], 0, []]);
  });
});

describe('Patterns', () => {
  it('bring messages with the pattern and the channel, once for each that matches', async () => {
    await using serving = await serve();
    const [publisher, client] = [await serving.connect(), await serving.connect()];
    client.send('PSUBSCRIBE', 'n?ws', '[a-z]*', 'x*');
    client.send('SUBSCRIBE', 'news');
    for (let i = 0; i < 4; i++) await client.nextReply();
    expect(await publisher.call('PUBLISH', 'news', 'hi')).toBe(3);
    expect(await client.nextReply()).toEqual(['message', 'news', 'hi']);
    expect(await client.nextReply()).toEqual(['pmessage', 'n?ws', 'news', 'hi']);
    expect(await client.nextReply()).toEqual(['pmessage', '[a-z]*', 'news', 'hi']);
  });

  it('are left one by one', async () => {
    await using serving = await serve();
    const [publisher, client] = [await serving.connect(), await serving.connect()];
    client.send('PSUBSCRIBE', 'a*', 'b*');
    await client.nextReply();
    await client.nextReply();
    expect(await client.call('PUNSUBSCRIBE', 'a*')).toEqual(['punsubscribe', 'a*', 1]);
    expect(
      await publisher.pipeline([
        ['PUBLISH', 'a1', 'x'],
        ['PUBLISH', 'b1', 'x'],
      ]),
    ).toEqual([0, 1]);
  });
});

describe('Shard channels', () => {
  it('are apart from the others', async () => {
    await using serving = await serve();
    const [publisher, client] = [await serving.connect(), await serving.connect()];
    await client.call('SSUBSCRIBE', 'news');
    await client.call('PSUBSCRIBE', 'n*');
    expect(await publisher.call('SPUBLISH', 'news', 'sharded')).toBe(1);
    expect(await client.nextReply()).toEqual(['smessage', 'news', 'sharded']);
    expect(await publisher.call('PUBLISH', 'news', 'global')).toBe(1);
    expect(await client.nextReply()).toEqual(['pmessage', 'n*', 'news', 'global']);
  });
});

describe('A subscriber', () => {
  it('in RESP2 may call few other commands', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.call('SUBSCRIBE', 'news');
    expect(await client.call('GET', 'k')).toEqual(new RespError(`ERR Can't execute 'get': ${NOT_WHILE_SUBSCRIBED}`));
    expect(await client.call('CLIENT', 'INFO')).toEqual(
      new RespError(`ERR Can't execute 'client|info': ${NOT_WHILE_SUBSCRIBED}`),
    );
    expect(await client.call('MULTI')).toEqual(new RespError(`ERR Can't execute 'multi': ${NOT_WHILE_SUBSCRIBED}`));
    await client.call('UNSUBSCRIBE', 'news');
    expect(await client.call('GET', 'k')).toBe(null);
  });

  it('of a shard channel is one too', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.call('SSUBSCRIBE', 'news');
    expect(await client.call('GET', 'k')).toBeInstanceOf(RespError);
    await client.call('SUNSUBSCRIBE');
    expect(await client.call('GET', 'k')).toBe(null);
  });

  it('in RESP3 may call everything, and gets pushes', async () => {
    await using serving = await serve();
    const [client, publisher] = [await serving.connect(), await serving.connect()];
    await client.call('HELLO', 3);
    client.send('SUBSCRIBE', 'news');
    expect(await client.nextPush()).toEqual(['subscribe', 'news', 1]);
    expect(await client.call('SET', 'k', 1)).toBe('OK');
    await publisher.call('PUBLISH', 'news', 'hi');
    expect(await client.nextPush()).toEqual(['message', 'news', 'hi']);
  });

  it('gets its own messages before the count of receivers', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    await client.call('HELLO', 3);
    client.sendRaw('PSUBSCRIBE n*\r\nSUBSCRIBE news\r\nPUBLISH news me\r\nQUIT\r\n');
    expect(await client.readUntilClose()).toBe(
      '>3\r\n$10\r\npsubscribe\r\n$2\r\nn*\r\n:1\r\n>3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:2\r\n' +
        '>3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nme\r\n' +
        '>4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$2\r\nme\r\n:2\r\n+OK\r\n',
    );
  });

  it('can become one within a transaction, but not of shard channels', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    client.sendRaw('MULTI\r\nSUBSCRIBE a\r\nSSUBSCRIBE b\r\nEXEC\r\nPING\r\nQUIT\r\n');
    expect(await client.readUntilClose()).toBe(
      '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n' +
        "-ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client\r\n*2\r\n$4\r\npong\r\n$0\r\n\r\n+OK\r\n",
    );
  });
});

describe('PUBSUB', () => {
  it('lists channels and counts subscribers', async () => {
    await using serving = await serve();
    const [client, a, b] = [await serving.connect(), await serving.connect(), await serving.connect()];
    await a.call('SUBSCRIBE', 'news.one');
    await b.call('SUBSCRIBE', 'news.one');
    await b.call('SUBSCRIBE', 'other');
    await a.call('PSUBSCRIBE', 'n*');
    await b.call('PSUBSCRIBE', 'n*');
    await b.call('SSUBSCRIBE', 'shard');
    expect(((await client.call('PUBSUB', 'CHANNELS')) as string[]).sort()).toEqual(['news.one', 'other']);
    expect(await client.call('PUBSUB', 'CHANNELS', 'n*')).toEqual(['news.one']);
    expect(await client.call('PUBSUB', 'NUMSUB', 'news.one', 'nobody', 'shard')).toEqual([
      'news.one',
      2,
      'nobody',
      0,
      'shard',
      0,
    ]);
    expect(await client.call('PUBSUB', 'NUMSUB')).toEqual([]);
    expect(await client.call('PUBSUB', 'NUMPAT')).toBe(1);
    expect(await client.call('PUBSUB', 'SHARDCHANNELS')).toEqual(['shard']);
    expect(await client.call('PUBSUB', 'SHARDCHANNELS', 'x*')).toEqual([]);
    expect(await client.call('PUBSUB', 'SHARDNUMSUB', 'shard', 'other')).toEqual(['shard', 1, 'other', 0]);
  });

  it('describes itself', async () => {
    await using serving = await serve();
    const client = await serving.connect();
    const lines = (await client.call('PUBSUB', 'HELP')) as string[];
    expect(lines[0]).toBe('PUBSUB <subcommand> [<arg> [value] [opt] ...]. Subcommands are:');
    expect(lines.join('\n')).toContain('\nNUMSUB [<channel> ...]\n');
  });

  it.each([
    [['FOO'], "ERR unknown subcommand 'FOO'. Try PUBSUB HELP."],
    [['NUMPAT', 'x'], "ERR wrong number of arguments for 'pubsub|numpat' command"],
    [['CHANNELS', 'a', 'b'], "ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP."],
  ])('refuses %j', async (args, message) => {
    await using serving = await serve();
    const client = await serving.connect();
    expect(await client.call('PUBSUB', ...args)).toEqual(new RespError(message));
  });
});
