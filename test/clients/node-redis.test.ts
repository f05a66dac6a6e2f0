/** node-redis 5, in both protocols. */
import { createClient, type RespVersions } from 'redis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';

type Client = ReturnType<typeof createClient>;

describe.each<RespVersions>([2, 3])('node-redis speaking RESP%i', (RESP) => {
  let server: ServerHandle;
  let client: Client;
  const others: Client[] = [];

  beforeEach(async () => {
    server = await startServer({ password: 'secret' });
    client = await open();
  });
  afterEach(async () => {
    for (const each of [client, ...others.splice(0)]) if (each.isOpen) each.destroy();
    await server.close();
  });

  async function open(): Promise<Client> {
    const reconnectStrategy = (): number => 5;
    const opened = createClient({ url: server.url, RESP, socket: { reconnectStrategy } }) as unknown as Client;
    opened.on('error', () => {});
    await opened.connect();
    return opened;
  }

  async function another(): Promise<Client> {
    const opened = await open();
    others.push(opened);
    return opened;
  }

  it('stores and reads strings', async () => {
    expect(await client.set('k', 'v', { expiration: { type: 'EX', value: 100 }, condition: 'NX' })).toBe('OK');
    expect(await client.set('k', 'w', { condition: 'NX' })).toBe(null);
    expect(await client.get('k')).toBe('v');
    expect(await client.ttl('k')).toBe(100);
    expect(await client.mSet({ a: '1', b: '2' })).toBe('OK');
    expect(await client.mGet(['a', 'b', 'c'])).toEqual(['1', '2', null]);
    expect(await client.incrByFloat('a', 0.5)).toBe('1.5');
    expect(await client.del(['a', 'b', 'c'])).toBe(2);
    expect(await client.type('k')).toBe('string');
    await expect(client.incr('k')).rejects.toThrow('ERR value is not an integer or out of range');
  });

  it('sends what is called in one turn in one go', async () => {
    const replies = await Promise.all(Array.from({ length: 5000 }, () => client.incr('n')));
    expect(replies.at(-1)).toBe(5000);
  });

  it('runs transactions, and not those whose keys changed', async () => {
    expect(await client.multi().set('a', '1').incr('a').get('a').exec()).toEqual(['OK', 2, '2']);
    await client.watch('a');
    await (await another()).set('a', '10');
    await expect(client.multi().set('a', '3').exec()).rejects.toThrow('watched keys');
    expect(await client.get('a')).toBe('10');
  });

  it('publishes and subscribes, to channels and patterns', async () => {
    const subscriber = await another();
    const heard: string[] = [];
    await subscriber.subscribe('news', (message, channel) => heard.push(`${channel} ${message}`));
    await subscriber.pSubscribe('n*', (message, channel) => heard.push(`n* ${channel} ${message}`));
    expect(await client.publish('news', 'hello')).toBe(2);
    await eventually(() => heard.length === 2);
    expect(heard).toEqual(['news hello', 'n* news hello']);
    await subscriber.unsubscribe('news');
    await subscriber.pUnsubscribe('n*');
    expect(await client.publish('news', 'hello')).toBe(0);
    // With RESP3 a subscriber may do anything; with RESP2 it is an ordinary client again.
    expect(await subscriber.get('k')).toBe(null);
  });

  it('takes commands while it is subscribed, with RESP3', async () => {
    const subscriber = await another();
    await subscriber.subscribe('news', () => {});
    if (RESP === 3) expect(await subscriber.set('k', 'v')).toBe('OK');
    else await expect(subscriber.set('k', 'v')).rejects.toThrow(/only \(P\|S\)SUBSCRIBE/);
  });

  it('iterates over all keys', async () => {
    const wanted = Array.from({ length: 500 }, (_, index) => `user:${index}`);
    await client.mSet(Object.fromEntries([...wanted, 'other'].map((key) => [key, 'x'])));
    const found = new Set<string>();
    for await (const keys of client.scanIterator({ MATCH: 'user:*', COUNT: 50 }))
      for (const key of keys) found.add(key);
    expect([...found].sort()).toEqual(wanted.sort());
  });

  it('comes back by itself after CLIENT KILL, and subscribes again', async () => {
    const subscriber = await another();
    const heard: string[] = [];
    const id = await subscriber.clientId();
    await subscriber.subscribe('news', (message) => heard.push(message));
    expect(await client.clientKill({ filter: 'ID', id })).toBe(1);
    await eventually(async () => (await client.publish('news', 'again')) === 1);
    await eventually(() => heard.includes('again'));
  });

  it('reads what the server says about itself', async () => {
    expect(await client.configGet('maxmemory')).toEqual({ maxmemory: '0' });
    expect(await client.info('server')).toContain('redis_version:7.0.15');
    expect((await client.hello()).version).toBe('7.0.15');
    const [get] = await client.commandInfo(['get']);
    expect(get).toMatchObject({ name: 'get', arity: 2, firstKeyIndex: 1, lastKeyIndex: 1, step: 1 });
    const { addr, db, resp } = await client.clientInfo();
    expect([addr?.startsWith('127.0.0.1:'), db, resp ?? RESP]).toEqual([true, 0, RESP]);
    expect(await client.time()).toHaveLength(2);
    await client.configSet('slowlog-log-slower-than', '0');
    expect(await client.sendCommand(['SLOWLOG', 'LEN'])).toBeGreaterThan(0);
  });

  it('says why when it may not log in', async () => {
    const wrong = createClient({
      url: server.url.replace('secret', 'wrong'),
      RESP,
      socket: { reconnectStrategy: false },
    });
    wrong.on('error', () => {});
    await expect(wrong.connect()).rejects.toThrow('WRONGPASS');
  });
});
